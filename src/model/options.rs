use super::manifest::Manifest;

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

/// What keeps an object from being pruned or deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Nothing.
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
