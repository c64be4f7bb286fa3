//! BH409. Meaning, rationale and examples: `rules/BH409-namespace-object-removed.md`.

use super::change::Losses;
use crate::rules::{Change, Check, Context, Rule};

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH409-namespace-object-removed.md"), check: Check::Change(check) };

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    for row in change.lost().filter(|row| row.key.is("", "Namespace")) {
        let inside = Losses::of(change.in_namespace(row));
        let message = format!("{} leaves git, and Argo CD deletes it with {}", row.key, inside.told());
        cx.report_row(row, message);
    }
}
