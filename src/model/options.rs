use super::manifest::Manifest;
use super::settings::Version;

/// Name of the annotation with an object's own sync options.
pub const SYNC_OPTIONS: &str = "argocd.argoproj.io/sync-options";

/// The sync options of an Application or of an object, as Argo CD compares them: exact and case-sensitive.
#[derive(Clone, Debug, Default)]
pub struct SyncOptions<'a> {
    items: Vec<&'a str>,
}

impl<'a> SyncOptions<'a> {
    /// `spec.syncPolicy.syncOptions`: every entry is one option as a whole.
    pub fn of_application(options: &'a [String]) -> Self {
        Self { items: options.iter().map(String::as_str).collect() }
    }

    /// The annotation of an object: a comma list, each item trimmed (`GetAnnotationCSVs`).
    pub fn of_object(manifest: &'a Manifest) -> Self {
        let text = manifest.annotation(SYNC_OPTIONS).unwrap_or("");
        Self { items: text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect() }
    }

    /// Whether this very option is there.
    pub fn has(&self, option: &str) -> bool {
        self.items.contains(&option)
    }

    /// The value of the first option of this name, such as `Prune`.
    pub fn value(&self, name: &str) -> Option<&'a str> {
        self.items.iter().find_map(|item| item.strip_prefix(name)?.strip_prefix('='))
    }

    /// All items.
    pub fn iter(&self) -> impl Iterator<Item = &'a str> {
        self.items.iter().copied()
    }
}

/// What keeps an object from being pruned or deleted. `Ord`: stronger is greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protection {
    /// Nothing.
    #[default]
    None,
    /// A person must approve.
    Confirm,
    /// It stays.
    Kept,
}

/// How an object is protected against `action` (`Prune` or `Delete`): its own option counts, then the Application's (from 3.4).
///
/// Follows `isPruningDisabled` in `gitops-engine/pkg/sync/sync_context.go` and `shouldBeDeleted` in
/// `controller/appcontroller.go`. The annotation that counts is the one of the live object.
pub fn protection(action: &str, object: &SyncOptions<'_>, application: &SyncOptions<'_>) -> Protection {
    match object.value(action).or_else(|| application.value(action)) {
        Some("false") => Protection::Kept,
        Some("confirm") => Protection::Confirm,
        _ => Protection::None,
    }
}

/// How an object is protected against the two ways in which Argo CD deletes it. They are two locks: neither opens or
/// closes the other, except that a prune that waits for a person holds the deletion of the Application as well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Protections {
    /// Against being pruned when it leaves git.
    pub prune: Protection,
    /// Against going with its Application.
    pub delete: Protection,
}

/// How an object is protected, by its own options, by those of its Application, and by Helm's `keep`.
///
/// The Application's options count from 3.4, `confirm` from 2.14. Follows `isPruningDisabled` in
/// `gitops-engine/pkg/sync/sync_context.go`, `shouldBeDeleted` in `controller/appcontroller.go` and
/// `isObjRequiresDeletionConfirmation` in `controller/state.go`.
pub fn protections(object: &Manifest, application: &SyncOptions<'_>, version: Version) -> Protections {
    let since = |major, minor| version >= Version { major, minor };
    let own = SyncOptions::of_object(object);
    let none = SyncOptions::default();
    let application = if since(3, 4) { application } else { &none };
    let known = |protection| match protection {
        Protection::Confirm if !since(2, 14) => Protection::None,
        other => other,
    };
    let prune = known(protection("Prune", &own, application));
    let mut delete = known(protection("Delete", &own, application));
    if prune == Protection::Confirm && since(3, 4) {
        delete = delete.max(Protection::Confirm);
    }
    if helm_keeps(object) {
        delete = Protection::Kept;
    }
    Protections { prune, delete }
}

/// Whether an object has `helm.sh/resource-policy: keep`, which Argo CD takes for `Delete=false` and nothing else.
pub fn helm_keeps(object: &Manifest) -> bool {
    object.annotation("helm.sh/resource-policy").unwrap_or("").split(',').any(|item| item.trim() == "keep")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(annotations: &str) -> Manifest {
        let text = format!(
            "{{apiVersion: v1, kind: Secret, metadata: {{name: a, annotations: {{{annotations}}}}}}}"
        );
        Manifest::parsed(&text)
    }

    #[test]
    fn two_locks() {
        use Protection::{Confirm, Kept, None};
        const OPTIONS: &str = "argocd.argoproj.io/sync-options";
        let (old, before, now) =
            (Version { major: 2, minor: 13 }, Version { major: 3, minor: 3 }, Version { major: 3, minor: 5 });
        for (own, application, version, prune, delete) in [
            ("", "", now, None, None),
            ("Prune=false", "", now, Kept, None),
            ("Delete=false", "", now, None, Kept),
            ("Prune=false, Delete=false", "", now, Kept, Kept),
            ("Prune=False", "", now, None, None),
            ("Prune= false", "", now, None, None),
            ("Prune=false,Prune=true", "", now, Kept, None),
            ("Prune=true", "Prune=false", now, None, None),
            ("", "Prune=false", now, Kept, None),
            ("", "Prune=false", before, None, None),
            ("Prune=confirm", "", now, Confirm, Confirm),
            ("Prune=confirm", "", before, Confirm, None),
            ("Prune=confirm", "", old, None, None),
            ("Prune=confirm,Delete=false", "", now, Confirm, Kept),
        ] {
            let object =
                object(&if own.is_empty() { String::new() } else { format!("{OPTIONS}: \"{own}\"") });
            let options: Vec<String> = application.split_whitespace().map(str::to_owned).collect();
            let found = protections(&object, &SyncOptions::of_application(&options), version);
            assert_eq!(found, Protections { prune, delete }, "{own} / {application} / {version}");
        }
        let kept = object("helm.sh/resource-policy: keep");
        let found = protections(&kept, &SyncOptions::default(), now);
        assert_eq!(found, Protections { prune: None, delete: Kept });
    }
}
