//! BH442. Meaning, rationale and examples: `rules/BH442-reclaim-switched-to-delete.md`.

use super::{Change, Check, Context, Rule};
use crate::model::Manifest;
use crate::yaml::Node;

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH442-reclaim-switched-to-delete.md"),
    check: Check::Change(check),
};

const POLICY: &[&str] = &["spec", "persistentVolumeReclaimPolicy"];

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    for row in change.forecast.rows.iter().filter(|row| row.key.is("", "PersistentVolume")) {
        let (Some(before), Some(after)) = (&row.base, &row.head) else { continue };
        if !super::change::is_in_head(row) || deletes(before) || !deletes(after) {
            continue;
        }
        cx.report(after.location_at(POLICY), format!("`{}` was retained and is to be deleted with its claim", row.key))
            .row(row)
            .because("nothing happens at once; the next time its claim goes, by whatever mistake, the disk goes too")
            .help("leave `persistentVolumeReclaimPolicy: Retain`, and delete the volume by hand when it is not needed any more")
            .see(before.location_at(POLICY).in_base(), "as base has it");
    }
}

/// Whether a volume is deleted with its claim; one in git that says nothing is retained.
fn deletes(volume: &Manifest) -> bool {
    volume.node().at(POLICY).and_then(Node::as_str) == Some("Delete")
}
