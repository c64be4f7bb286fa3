//! BH405. Meaning, rationale and examples: `rules/BH405-object-moved-between-apps.md`.

use super::change::{Losses, is_lost, steps};
use crate::finding::Severity;
use crate::forecast::{Danger, Row};
use crate::rules::{Change, Check, Context, Rule};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH405-object-moved-between-apps.md"),
    check: Check::Change(check),
};

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    let gone: BTreeSet<&str> = change.gone().iter().map(|gone| &*gone.app.id).collect();
    let mut moves: BTreeMap<(&str, &str, &str), Vec<&Row>> = BTreeMap::new();
    for row in change.forecast.rows.iter().filter(|row| is_lost(row)) {
        // Where the whole Application goes, that is told of the Application.
        if let (Some(from), Some(to)) = (&row.application, &row.to_application)
            && !gone.contains(&**from)
        {
            moves.entry((from, to, &row.cluster)).or_default().push(row);
        }
    }
    for ((from, to, _), rows) in moves {
        tell(from, to, &Losses::all(rows), cx);
    }
}

fn tell(from: &str, to: &str, moved: &Losses<'_>, cx: &mut Context<'_>) {
    let Some(worst) = moved.worst() else { return };
    let message =
        format!("`{from}` hands {} over to `{to}`, which deletes and makes anew what moves", moved.told());
    let file =
        worst.base.as_ref().map_or_else(String::new, |manifest| format!(" in {}", steps::file(manifest)));
    let report = cx
        .report_row(worst, message)
        .telling(moved.rows())
        .because(format!(
            "`{from}` prunes what it does not render any more, and `{to}` makes it again if it comes later; if it comes \
             earlier, the object stays: only order decides"
        ))
        .help(format!(
            "in three merges: {}",
            steps::plan([
                format!("put `{}` on what moves{file}, and wait until `{from}` is Synced", steps::KEEP),
                format!("then move it: `{to}` takes it over, as long as it has no `FailOnSharedResource=true`"),
                "then take the option off again".to_owned(),
            ])
        ));
    if worst.danger < Danger::Outage {
        report.at_most(Severity::Warning);
    }
}
