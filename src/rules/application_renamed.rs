//! BH404. Meaning, rationale and examples: `rules/BH404-application-renamed.md`.

use super::change::{Losses, Why, steps};
use crate::forecast::{Outcome, Row};
use crate::inventory;
use crate::rules::{Change, Check, Context, Rule};

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH404-application-renamed.md"), check: Check::Change(check) };

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    let plain = |why: &Why<'_>| matches!(why, Why::Removed | Why::WithParent);
    for gone in change.gone().iter().filter(|gone| gone.is_deleted() && plain(&gone.why)) {
        let Some(new) = gone.successor else { continue };
        let (old, app) = (&gone.app.id, gone.app);
        let lost = Losses::of(change.rows_of(old));
        let refused = |row: &&Row| row.blocked && row.to_application.as_ref() == Some(&new.id);
        let left =
            Losses::all(change.rows_of(old).filter(|row| row.outcome == Outcome::Orphaned || refused(row)));
        let hides = app.outcome != inventory::Outcome::Rendered && app.application.cascades();
        let taken = match lost.is_empty() {
            false => Some(lost.told()),
            true if hides => Some("what it deployed, which is not known here,".to_owned()),
            true => None,
        };
        let (message, because) = match (taken, left.is_empty()) {
            (Some(taken), _) => (
                format!("`{old}` becomes `{}`, and the old name takes {taken} with it", new.id),
                "to Argo CD this is one Application that is deleted, with everything it deployed, and another one that \
                 makes the same: whether anything comes back, and when, is a race"
                    .to_owned(),
            ),
            (None, false) => (
                format!("`{old}` becomes `{}`, which does not take over {}", new.id, left.told()),
                format!("what `{old}` deployed carries its name, and nobody updates it any more"),
            ),
            (None, true) => continue,
        };
        cx.report(new.application.manifest.location(), message)
            .application_object(app)
            .because(because)
            .see(app.application.manifest.location().in_base(), "the name that base has")
            .help(format!(
                "keep the name, or rename in two merges: {}",
                steps::plan([
                    format!(
                        "take `resources-finalizer.argocd.argoproj.io` off `{old}` in {}, and {}",
                        steps::file(&app.application.manifest),
                        steps::until_parent(change.base, app)
                    ),
                    format!(
                        "then rename it: `{}` takes the objects over, as long as it has no `FailOnSharedResource=true`",
                        new.id
                    ),
                ])
            ));
    }
}
