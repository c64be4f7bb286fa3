use super::manifest::Manifest;

/// When Argo CD runs a hook; `Skip` is compared but never applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
pub enum Phase {
    /// After the Application was deleted (from 2.10).
    PostDelete,
    /// After everything is healthy.
    PostSync,
    /// Before the Application is deleted (from 3.3).
    PreDelete,
    /// Before the manifests are applied.
    PreSync,
    /// Never.
    Skip,
    /// With the manifests.
    Sync,
    /// When a sync failed.
    SyncFail,
}

const ARGO: &[(&str, Phase)] = &[
    ("PreSync", Phase::PreSync),
    ("Sync", Phase::Sync),
    ("PostSync", Phase::PostSync),
    ("SyncFail", Phase::SyncFail),
    ("Skip", Phase::Skip),
];
const HELM: &[(&str, Phase)] = &[
    ("pre-install", Phase::PreSync),
    ("pre-upgrade", Phase::PreSync),
    ("post-install", Phase::PostSync),
    ("post-upgrade", Phase::PostSync),
];

/// Name of Argo CD's hook annotation.
pub const HOOK: &str = "argocd.argoproj.io/hook";
/// Name of Helm's hook annotation.
pub const HELM_HOOK: &str = "helm.sh/hook";

/// The phases of an object that is a hook, sorted; empty for a hook of no known phase, which Argo CD never applies;
/// None for an ordinary object.
///
/// Follows `gitops-engine/pkg/sync/hook/hook.go` and `controller/hook.go`: a known Argo CD phase makes Helm's be ignored.
pub fn hooks(manifest: &Manifest) -> Option<Vec<Phase>> {
    let argo = manifest.annotation(HOOK);
    let helm = manifest.annotation(HELM_HOOK);
    if argo.is_none() && helm.is_none() {
        return None;
    }
    let mut phases = known(argo, ARGO);
    if phases.is_empty() {
        phases = known(helm, HELM);
    }
    let skipped = phases == [Phase::Skip];
    for (phase, argo_word, helm_word) in
        [(Phase::PreDelete, "PreDelete", "pre-delete"), (Phase::PostDelete, "PostDelete", "post-delete")]
    {
        if lists(argo, argo_word) || lists(helm, helm_word) {
            phases.push(phase);
        }
    }
    phases.sort_unstable();
    phases.dedup();
    let is_hook = match argo {
        Some(_) => !skipped,
        None => helm.is_some_and(|value| value != "crd-install"),
    };
    (is_hook || !phases.is_empty()).then_some(phases)
}

fn known(value: Option<&str>, words: &[(&str, Phase)]) -> Vec<Phase> {
    let items = value.unwrap_or("").split(',').map(str::trim);
    items.filter_map(|item| words.iter().find(|(word, _)| *word == item).map(|(_, phase)| *phase)).collect()
}

fn lists(value: Option<&str>, word: &str) -> bool {
    value.is_some_and(|value| value.split(',').any(|item| item.trim() == word))
}

/// The sync wave: Argo CD's annotation where it is a number to Go's `strconv.Atoi`, else Helm's hook weight, else 0.
pub fn wave(manifest: &Manifest) -> i64 {
    ["argocd.argoproj.io/sync-wave", "helm.sh/hook-weight"]
        .iter()
        .find_map(|name| manifest.annotation(name)?.parse().ok())
        .unwrap_or(0)
}
