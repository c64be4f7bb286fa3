//! BH422. Meaning, rationale and examples: `rules/BH422-cluster-secret-changed.md`.

use super::change::{Reason, Shrunk, steps};
use super::generated;
use crate::rules::{Change, Check, Context, Rule};

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH422-cluster-secret-changed.md"), check: Check::Change(check) };

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    for shrunk in generated::by_reason(change, |reason| matches!(reason, Reason::Secret(_))) {
        tell(change, shrunk, cx);
    }
}

fn tell(change: &Change<'_>, shrunk: &Shrunk<'_>, cx: &mut Context<'_>) {
    let (Some(set), Reason::Secret(name)) = (shrunk.head, &shrunk.reason) else { return };
    let (before, after) = (change.cluster_secret(name, true), change.cluster_secret(name, false));
    let what = match &after {
        Some(_) => format!("the Secret of cluster `{name}` is another one"),
        None => format!("the Secret of cluster `{name}` leaves git"),
    };
    let message =
        format!("{what}: `{}` does not generate {} any more, and {}", set.id, shrunk.names(), shrunk.harm());
    let labels = ["metadata", "labels"];
    let place = match (&after, &before) {
        (Some(secret), _) => secret.location_at(&labels),
        (None, Some(secret)) => secret.location().in_base(),
        (None, None) => set.manifest.location_at(&["spec", "generators"]),
    };
    let mut report = generated::report(cx, set, shrunk, place, message);
    if let (Some(_), Some(before)) = (&after, &before) {
        report = report.see(before.location_at(&labels).in_base(), "what base says of it");
    }
    report.help(match after {
        Some(_) => format!(
            "in three merges: {}",
            steps::plan([
                format!("add the new labels to the Secret of `{name}` and keep the old ones"),
                format!(
                    "then let the selectors of `{}` ask for the new ones, and wait until nothing is deleted",
                    set.id
                ),
                "then take the old labels off".to_owned(),
            ])
        ),
        None => generated::remove(shrunk, "remove the Secret"),
    });
}
