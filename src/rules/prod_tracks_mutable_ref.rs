//! BH213. Meaning, rationale and examples: `rules/BH213-prod-tracks-mutable-ref.md`.

use super::env_mismatch;
use super::{Check, Context, Rule};
use crate::inventory::{App, AppId};
use crate::model::Source;

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH213-prod-tracks-mutable-ref.md"),
    check: Check::Application(check),
};

/// Names that branches have.
const BRANCHES: &[&str] = &["", "HEAD", "main", "master", "develop", "latest", "trunk"];

fn check(_: AppId, app: &App, cx: &mut Context<'_>) {
    if !super::sets::is_judged_itself(app) || !env_mismatch::is_production(app) {
        return;
    }
    let spec = &app.application.spec;
    let several = spec.has_multiple_sources();
    for (index, source) in spec.effective_sources().iter().enumerate() {
        let is_own = app.here.get(index).copied().unwrap_or(false);
        let Some(what) = moves(source).filter(|_| !is_own && spec.source_hydrator.is_none()) else {
            continue;
        };
        let manifest = &app.application.manifest;
        let nodes = manifest.node().at(&["spec", "sources"]).and_then(|list| list.items().nth(index));
        let place = match (several, nodes) {
            (true, Some(node)) => manifest.location_of(node),
            (true, None) => manifest.location_at(&["spec", "sources"]),
            (false, _) => manifest.location_at(&["spec", "source", "targetRevision"]),
        };
        cx.report(place, format!("`{}` follows {what} of `{}`", app.id, source.repo_url))
            .application(app)
            .because("what runs in production changes without a commit here: nobody reviews it, and a revert here does not take it back")
            .help("name a version, a tag or a commit, and let a bot raise it");
    }
}

/// What of a source changes by itself: a branch, or a range of versions.
fn moves(source: &Source) -> Option<String> {
    let revision = source.target_revision.as_str();
    if !source.chart.is_empty() || source.is_oci() {
        let is_range = revision.contains(['*', '>', '<', '^', '~', 'x', 'X']) || revision.contains("||");
        return is_range.then(|| format!("the versions `{revision}`"));
    }
    let short = revision.strip_prefix("refs/heads/").unwrap_or(revision);
    let is_branch = BRANCHES.contains(&short) || revision.starts_with("refs/heads/");
    let name = if revision.is_empty() { "HEAD" } else { revision };
    (is_branch && source.reference.is_empty()).then(|| format!("the branch `{name}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves() {
        for (chart, revision, expected) in [
            ("", "main", true),
            ("", "", true),
            ("", "refs/heads/release", true),
            ("", "v1.2.3", false),
            ("", "release-1.2", false),
            ("web", "1.2.3", false),
            ("web", "1.*", true),
            ("web", ">=1.0.0", true),
            ("web", "^1.2.3", true),
            ("web", "1.2.x", true),
        ] {
            let source = Source {
                repo_url: "https://git.example/x".into(),
                chart: chart.into(),
                target_revision: revision.into(),
                ..Source::default()
            };
            assert_eq!(moves(&source).is_some(), expected, "{chart} {revision}");
        }
    }
}
