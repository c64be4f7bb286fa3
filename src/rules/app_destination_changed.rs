//! BH407. Meaning, rationale and examples: `rules/BH407-app-destination-changed.md`.

use super::change::{Losses, steps};
use crate::forecast::Outcome;
use crate::inventory::{App, Inventory};
use crate::rules::{Change, Check, Context, Rule};

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH407-app-destination-changed.md"), check: Check::Change(check) };

const DESTINATION: &[&str] = &["spec", "destination"];

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    for pair in &change.apps {
        if let (Some(base), Some(head)) = (pair.base, pair.head)
            && changes(change, base, head)
        {
            tell(change, base, head, cx);
        }
    }
}

/// Whether the two are different clusters for sure: one may be called by name on one side and by address on the other.
fn changes(change: &Change<'_>, base: &App, head: &App) -> bool {
    if base.cluster == head.cluster || base.cluster.is_empty() || head.cluster.is_empty() {
        return false;
    }
    let by_name = |app: &App| !app.application.spec.destination.name.is_empty();
    let known = |inventory: &Inventory, app: &App| {
        &*app.cluster == crate::model::IN_CLUSTER
            || inventory
                .clusters
                .iter()
                .any(|cluster| *cluster.name == *app.cluster && !cluster.server.is_empty())
    };
    by_name(base) == by_name(head) || known(change.base, base) && known(change.head, head)
}

fn tell(change: &Change<'_>, base: &App, head: &App, cx: &mut Context<'_>) {
    let on_old = || change.rows_of(&base.id).filter(|row| row.cluster == base.cluster);
    let left = Losses::all(on_old().filter(|row| row.outcome == Outcome::Orphaned));
    let lost = Losses::of(on_old());
    let what = match (left.is_empty(), lost.is_empty()) {
        (false, _) => format!("leaves {} running in the old one", left.told()),
        (true, false) => format!("deletes {} from the old one", lost.told()),
        (true, true) => return,
    };
    let message =
        format!("`{}` deploys to `{}` instead of `{}` and {what}", head.id, head.cluster, base.cluster);
    cx.report_app(head, DESTINATION, message)
        .application_object(head)
        .because(
            "an Application looks at the cluster of its destination only: nothing is cleaned up on the old one, and two \
             copies run",
        )
        .see(base.application.manifest.location_at(DESTINATION).in_base(), "where base deploys it")
        .help(format!(
            "in three steps: {}",
            steps::plan([
                format!("leave `{}` where it is, and add an Application of another name for `{}`", base.id, head.cluster),
                "wait until that one is Synced and Healthy, and move data and traffic".to_owned(),
                format!("then remove `{}` in a merge of its own, with its finalizer on", base.id),
            ])
        ));
}
