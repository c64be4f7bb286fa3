//! BH403. Meaning, rationale and examples: `rules/BH403-application-removed-orphans.md`.

use super::change::{Gone, Losses, Why, steps};
use crate::rules::{Change, Check, Context, Rule};

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH403-application-removed-orphans.md"),
    check: Check::Change(check),
};

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    let of_itself = |gone: &&Gone<'_>| {
        let plain = gone.successor.is_none() && matches!(gone.why, Why::Removed | Why::WithParent);
        gone.is_deleted() && plain && !gone.app.application.cascades()
    };
    for gone in change.gone().iter().filter(of_itself) {
        let app = gone.app;
        let left = Losses::orphans(change.rows_of(&app.id));
        if left.is_empty() {
            continue;
        }
        let file = steps::file(&app.application.manifest);
        cx.report_gone(change, gone, format!("`{}` leaves git and leaves {} behind", app.id, left.told()))
            .because("it has no finalizer that would delete what it deployed, which runs on and is updated by nobody")
            .help(format!(
                "if its objects are to go, in two merges: {}; if they are to stay, let another Application have them",
                steps::plan([
                    format!(
                        "give `{}` the finalizer `resources-finalizer.argocd.argoproj.io` in {file}, and {}",
                        app.id,
                        steps::until_parent(change.base, app)
                    ),
                    format!("then remove it from {file}"),
                ])
            ));
    }
}
