//! BH408. Meaning, rationale and examples: `rules/BH408-app-destination-namespace-changed.md`.

use super::change::{Losses, steps};
use crate::forecast::Outcome;
use crate::inventory::App;
use crate::rules::{Change, Check, Context, Rule};
use hashbrown::HashSet;

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH408-app-destination-namespace-changed.md"),
    check: Check::Change(check),
};

const NAMESPACE: &[&str] = &["spec", "destination", "namespace"];

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    // BH401 tells of those that deploy something else altogether.
    let others = change.repointed().iter().filter(|app| app.is_another_workload() && !app.lost.is_empty());
    let hijacked: HashSet<&str> = others.map(|app| &*app.head.id).collect();
    for pair in &change.apps {
        if let (Some(base), Some(head)) = (pair.base, pair.head)
            && namespace(base) != namespace(head)
            && base.cluster == head.cluster
            && !namespace(base).is_empty()
            && !hijacked.contains(&*head.id)
        {
            tell(change, base, head, cx);
        }
    }
}

fn namespace(app: &App) -> &str {
    &app.application.spec.destination.namespace
}

fn tell(change: &Change<'_>, base: &App, head: &App, cx: &mut Context<'_>) {
    let (old, new) = (namespace(base), namespace(head));
    let in_old = || change.rows_of(&base.id).filter(|row| &*row.key.namespace == old);
    let lost = Losses::of(in_old());
    let left = Losses::all(in_old().filter(|row| matches!(row.outcome, Outcome::Kept | Outcome::Orphaned)));
    let what = match (lost.is_empty(), left.is_empty()) {
        (false, _) => format!("deletes {} from the old one", lost.told()),
        (true, false) => format!("leaves {} in the old one", left.told()),
        (true, true) => return,
    };
    let message = format!("`{}` deploys to namespace `{new}` instead of `{old}` and {what}", head.id);
    let report = cx
        .report_app(head, NAMESPACE, message)
        .application_object(head)
        .because(
            "objects without a namespace of their own live in that of the destination: each becomes another object, made \
             anew in the new place and pruned in the old one, and no data moves with it",
        )
        .see(base.application.manifest.location_at(NAMESPACE).in_base(), "where base deploys it")
        .help(format!(
            "in three steps: {}",
            steps::plan([
                format!("leave `{}` in `{old}`, and add an Application of another name for `{new}`", base.id),
                format!("wait until that one is Synced and Healthy, and move data and traffic to `{new}`"),
                format!("then remove `{}` in a merge of its own", base.id),
            ])
        ));
    if lost.is_empty() {
        report.at_most(crate::finding::Severity::Warning);
    }
}
