//! BH443. Meaning, rationale and examples: `rules/BH443-claims-deleted-by-scaling.md`.

use super::change::is_in_head;
use super::{Change, Check, Context, Rule};
use crate::forecast::{Outcome, Row};
use crate::model::{Manifest, claim_templates};
use crate::yaml::Node;

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH443-claims-deleted-by-scaling.md"),
    check: Check::Change(check),
};

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    for row in change.of_kind("apps", "StatefulSet") {
        let (Some(before), Some(after)) = (&row.base, &row.head) else { continue };
        let applied = matches!(row.outcome, Outcome::Updated | Outcome::Adopted) && is_in_head(row);
        if applied && deletes(after) {
            tell(cx, row, before, after);
        }
    }
}

fn deletes(set: &Manifest) -> bool {
    let policy = set.node().at(&["spec", "persistentVolumeClaimRetentionPolicy", "whenScaled"]);
    policy.and_then(Node::as_str) == Some("Delete")
}

fn replicas(set: &Manifest) -> Option<i64> {
    set.node().at(&["spec", "replicas"]).and_then(Node::as_i64)
}

fn tell(cx: &mut Context<'_>, row: &Row, before: &Manifest, after: &Manifest) {
    let (Some(from), Some(to)) = (replicas(before).or(Some(1)), replicas(after)) else { return };
    let names = claim_templates(before);
    let (Some(first), true) = (names.first(), to < from) else { return };
    let count = (from - to).saturating_mul(names.len() as i64);
    let claims = if count == 1 { "1 claim".to_owned() } else { format!("{count} claims") };
    cx.report(after.location_at(&["spec", "replicas"]), format!("`{}` goes from {from} replicas to {to} and deletes {claims}", row.key))
        .row(row)
        .because(format!("`whenScaled: Delete` deletes the claims of replicas that go, `{first}-{}-{}` first, and the reclaim policy usually their disks; scaling up again gives empty ones", row.key.name, from - 1))
        .help("in two merges: 1. `whenScaled: Retain`, and wait for the sync; 2. the smaller number")
        .see(before.location_at(&["spec", "replicas"]).in_base(), "as base has it");
}
