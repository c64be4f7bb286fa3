//! When objects of hooks go (`gitops-engine/pkg/sync/hook/delete_policy.go`).

use crate::model::Manifest;

/// Whether a hook goes as soon as it succeeded.
pub(super) fn deletes_on_success(hook: &Manifest) -> bool {
    policies(hook).contains(&"HookSucceeded")
}

/// Whether the live object of a hook goes before the hook runs; so it is where nothing is said.
pub(super) fn deletes_before(hook: &Manifest) -> bool {
    let policies = policies(hook);
    policies.is_empty() || policies.contains(&"BeforeHookCreation")
}

/// The deletion policies of a hook (`gitops-engine/pkg/sync/hook/delete_policy.go`).
fn policies(hook: &Manifest) -> Vec<&'static str> {
    const KNOWN: &[(&str, &str)] = &[
        ("HookSucceeded", "hook-succeeded"),
        ("HookFailed", "hook-failed"),
        ("BeforeHookCreation", "before-hook-creation"),
    ];
    let lists = |annotation: &str, word: &str| {
        hook.annotation(annotation).is_some_and(|text| text.split(',').any(|item| item.trim() == word))
    };
    KNOWN
        .iter()
        .filter(|(argo, helm)| {
            lists("argocd.argoproj.io/hook-delete-policy", argo) || lists("helm.sh/hook-delete-policy", helm)
        })
        .map(|(argo, _)| *argo)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_of_hooks() {
        const ARGO: &str = "argocd.argoproj.io/hook-delete-policy";
        for (annotations, before, success) in [
            (String::new(), true, false),
            (format!("{ARGO}: HookSucceeded"), false, true),
            (format!("{ARGO}: \"HookFailed, BeforeHookCreation\""), true, false),
            (format!("{ARGO}: HookFailed, helm.sh/hook-delete-policy: hook-succeeded"), false, true),
            (format!("{ARGO}: hooksucceeded"), true, false),
        ] {
            let hook =
                Manifest::parsed(&format!("{{kind: Job, metadata: {{annotations: {{{annotations}}}}}}}"));
            assert_eq!(
                (deletes_before(&hook), deletes_on_success(&hook)),
                (before, success),
                "{annotations}"
            );
        }
    }
}
