//! BH402. Meaning, rationale and examples: `rules/BH402-application-removed-cascade.md`.

use super::change::{Gone, Why, is_lost, steps};
use crate::inventory::{App, Outcome, Parent};
use crate::rules::{Change, Check, Context, Rule};

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH402-application-removed-cascade.md"),
    check: Check::Change(check),
};

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    for gone in change.gone().iter().filter(|gone| gone.is_deleted() && gone.successor.is_none()) {
        if matches!(gone.why, Why::Removed) {
            removed(change, gone, cx);
        }
    }
    for pair in &change.apps {
        // What goes although nobody else makes it exist goes along with something, which has a rule of its own.
        if let (Some(base), Some(head)) = (pair.base, pair.head)
            && maker(change.base, base) != maker(change.head, head)
        {
            handed_over(change, base, head, cx);
        }
    }
}

/// An Application that leaves git and takes its objects with it.
fn removed(change: &Change<'_>, gone: &Gone<'_>, cx: &mut Context<'_>) {
    let lost = change.fallout(gone.app);
    let app = gone.app;
    let hides = app.outcome != Outcome::Rendered && app.application.cascades();
    let what = match (lost.is_empty(), hides) {
        (false, _) => lost.told(),
        (true, true) => "everything that it deployed, which is not known here,".to_owned(),
        (true, false) => return,
    };
    let parent = steps::until_parent(change.base, app);
    let file = steps::file(&app.application.manifest);
    cx.report_gone(change, gone, format!("`{}` leaves git and takes {what} with it", app.id))
        .because(format!(
            "{}, and its finalizer then deletes everything that it deployed",
            gone.row.map_or("it is deleted", |row| &*row.cause.because)
        ))
        .help(format!(
            "if its objects are to stay, in two merges: {}; if they are to go, {}",
            steps::plan([
                format!(
                    "take `resources-finalizer.argocd.argoproj.io` off `{}` in {file}, and {parent}",
                    app.id
                ),
                format!("then remove it from {file}"),
            ]),
            steps::acknowledge(&app.application.key()),
        ));
}

/// An Application that one parent deletes before another one makes it again.
fn handed_over(change: &Change<'_>, base: &App, head: &App, cx: &mut Context<'_>) {
    let Some(row) = change.row(&base.home, &base.application.key()).filter(|row| is_lost(row)) else {
        return;
    };
    let lost = change.fallout(base);
    if lost.is_empty() || goes_with_parent(change, base, head) {
        return;
    }
    let manifest = &head.application.manifest;
    let (old, new) = (maker(change.base, base), maker(change.head, head));
    let file = steps::file(&base.application.manifest);
    let keep = format!(
        "take `resources-finalizer.argocd.argoproj.io` off `{}` in {file}, or put `{}` on it, and {}",
        base.id,
        steps::KEEP,
        steps::until_parent(change.base, base)
    );
    let (message, because, help) = match head.parent {
        Parent::Root | Parent::Folder => (
            format!("nothing deploys `{}` any more: it is deleted, and {} with it", base.id, lost.told()),
            format!(
                "{}; its manifest stands in {}, which nobody applies",
                row.cause.because,
                steps::file(manifest)
            ),
            format!(
                "if it is to stay, let an Application deploy it, in two merges: {}; if it is to go, delete its manifest, and {}",
                steps::plan([keep, "then let the new one deploy it".to_owned()]),
                steps::acknowledge(&base.application.key()),
            ),
        ),
        Parent::Application(_) | Parent::Set { .. } => (
            format!("`{}` is deleted and made anew, and {} with it", base.id, lost.told()),
            format!("{}; what makes it exist changes from {old} to {new}", row.cause.because),
            format!("in two merges: {}", steps::plan([keep, format!("then let {new} make it")])),
        ),
    };
    cx.report(manifest.location(), message)
        .application_object(head)
        .because(because)
        .see(base.application.manifest.location().in_base(), "what base has")
        .help(help);
}

/// Whether what deployed an Application leaves git and nothing else deploys it: that is told of its parent.
fn goes_with_parent(change: &Change<'_>, base: &App, head: &App) -> bool {
    let Parent::Application(parent) = base.parent else { return false };
    matches!(head.parent, Parent::Root | Parent::Folder)
        && change.head_of(&change.base.applications[parent]).is_none()
}

fn maker(inventory: &crate::inventory::Inventory, app: &App) -> String {
    match app.parent {
        Parent::Application(parent) => format!("`{}`", inventory.applications[parent].id),
        Parent::Set { set, .. } => format!("ApplicationSet `{}`", inventory.sets[set].id),
        Parent::Root | Parent::Folder => "whoever applies it".to_owned(),
    }
}
