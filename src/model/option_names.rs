use super::settings::Version;

/// Where a sync option is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// `spec.syncPolicy.syncOptions` of an Application.
    Application,
    /// The annotation `argocd.argoproj.io/sync-options` of an object.
    Object,
}

/// What Argo CD makes of the text of one sync option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// It does something.
    Works,
    /// It says what is so anyway.
    Default,
    /// It does something from this version on.
    From(Version),
    /// It does something only at the other level.
    OtherLevel,
    /// Nothing at all.
    None,
}

/// One option that Argo CD looks for, and from when on it does at each level.
struct Known {
    text: &'static str,
    application: Option<Version>,
    object: Option<Version>,
}

const ALWAYS: Option<Version> = Some(Version::OLDEST);
const NEVER: Option<Version> = None;

const fn since(major: u32, minor: u32) -> Option<Version> {
    Some(Version { major, minor })
}

const fn known(text: &'static str, application: Option<Version>, object: Option<Version>) -> Known {
    Known { text, application, object }
}

/// Every option that is compared somewhere: `controller/sync.go`, `controller/appcontroller.go` and
/// `gitops-engine/pkg/sync/sync_context.go`.
const KNOWN: &[Known] = &[
    known("Prune=false", since(3, 4), ALWAYS),
    known("Prune=confirm", since(3, 4), since(2, 14)),
    known("Prune=true", ALWAYS, ALWAYS),
    known("PruneLast=true", ALWAYS, ALWAYS),
    known("PrunePropagationPolicy=foreground", ALWAYS, NEVER),
    known("PrunePropagationPolicy=background", ALWAYS, NEVER),
    known("PrunePropagationPolicy=orphan", ALWAYS, NEVER),
    known("Delete=false", since(3, 4), ALWAYS),
    known("Delete=confirm", since(3, 4), since(2, 14)),
    known("Delete=true", ALWAYS, ALWAYS),
    known("Replace=true", ALWAYS, ALWAYS),
    known("Force=true", NEVER, ALWAYS),
    known("ServerSideApply=true", ALWAYS, ALWAYS),
    known("ServerSideApply=false", ALWAYS, ALWAYS),
    known("ClientSideApplyMigration=false", since(3, 1), NEVER),
    known("Validate=false", ALWAYS, ALWAYS),
    known("SkipDryRunOnMissingResource=true", since(3, 1), ALWAYS),
    known("CreateNamespace=true", ALWAYS, NEVER),
    known("ApplyOutOfSyncOnly=true", ALWAYS, NEVER),
    known("RespectIgnoreDifferences=true", ALWAYS, NEVER),
    known("FailOnSharedResource=true", ALWAYS, NEVER),
];

/// Options that say what is so without them; nobody looks for these.
const DEFAULTS: &[&str] = &[
    "PruneLast=false",
    "Replace=false",
    "Force=false",
    "ClientSideApplyMigration=true",
    "Validate=true",
    "SkipDryRunOnMissingResource=false",
    "CreateNamespace=false",
    "ApplyOutOfSyncOnly=false",
    "RespectIgnoreDifferences=false",
    "FailOnSharedResource=false",
];

/// What the text of one sync option means, compared as a whole and by the case of its letters.
pub fn meaning(text: &str, level: Level, version: Version) -> Meaning {
    if DEFAULTS.contains(&text) {
        return Meaning::Default;
    }
    let Some(known) = KNOWN.iter().find(|known| known.text == text) else { return Meaning::None };
    let since = match level {
        Level::Application => known.application,
        Level::Object => known.object,
    };
    match since {
        None => Meaning::OtherLevel,
        Some(since) if since > version => Meaning::From(since),
        Some(_) => Meaning::Works,
    }
}

/// Every text that means something, those first that do something.
pub fn sync_options() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().map(|known| known.text).chain(DEFAULTS.iter().copied())
}

/// The values that an option of this name may have; none for a name that does not exist.
pub fn values_of(name: &str) -> Vec<&'static str> {
    sync_options().filter_map(|text| text.strip_prefix(name)?.strip_prefix('=')).collect()
}

/// What the annotation `argocd.argoproj.io/compare-options` may hold (`controller/state.go`), and whether only on an
/// Application.
pub const COMPARE_OPTIONS: &[(&str, bool)] = &[
    ("IgnoreExtraneous", false),
    ("ServerSideDiff=true", true),
    ("ServerSideDiff=false", true),
    ("IncludeMutationWebhook=true", true),
    ("IncludeMutationWebhook=false", true),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meanings() {
        let (old, new) = (Version { major: 2, minor: 13 }, Version::DEFAULT);
        for (text, level, version, expected) in [
            ("Prune=false", Level::Object, old, Meaning::Works),
            ("Prune=false", Level::Application, old, Meaning::From(Version { major: 3, minor: 4 })),
            ("Prune=false", Level::Application, new, Meaning::Works),
            ("Prune=confirm", Level::Object, old, Meaning::From(Version { major: 2, minor: 14 })),
            ("Prune=False", Level::Object, new, Meaning::None),
            ("Force=true", Level::Application, new, Meaning::OtherLevel),
            ("FailOnSharedResource=true", Level::Object, new, Meaning::OtherLevel),
            ("CreateNamespace=false", Level::Application, new, Meaning::Default),
            (" Prune=false", Level::Application, new, Meaning::None),
        ] {
            assert_eq!(meaning(text, level, version), expected, "{text} {level:?} {version}");
        }
    }
}
