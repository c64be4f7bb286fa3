//! BH414. Meaning, rationale and examples: `rules/BH414-render-empty.md`.

use super::change::{Losses, steps};
use crate::forecast::Outcome;
use crate::inventory::{self, App};
use crate::render::Target;
use crate::rules::{Change, Check, Context, Rule};

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH414-render-empty.md"), check: Check::Change(check) };

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    let renders = |app: &App| app.outcome == inventory::Outcome::Rendered && app.is_written();
    for pair in &change.apps {
        if let (Some(base), Some(head)) = (pair.base, pair.head)
            && renders(base)
            && renders(head)
            && base.targets.list.iter().any(is_deployed)
            && !head.targets.list.iter().any(is_deployed)
        {
            tell(change, base, head, cx);
        }
    }
}

/// Whether an object counts against the wipe guard: a hook does not, and a definition is tracked by nobody.
fn is_deployed(target: &Target) -> bool {
    target.hooks.is_none() && !target.key.is("apiextensions.k8s.io", "CustomResourceDefinition")
}

fn tell(change: &Change<'_>, base: &App, head: &App, cx: &mut Context<'_>) {
    let lost = Losses::of(change.rows_of(&base.id));
    let kept = Losses::all(change.rows_of(&base.id).filter(|row| row.outcome == Outcome::Kept));
    let (what, because) = match (lost.is_empty(), kept.is_empty()) {
        (false, _) => (
            format!("and deletes {}", lost.told()),
            "nothing stops it: `allowEmpty` switches the guard against an empty folder off, and one object that is left or \
             new does the same",
        ),
        (true, false) => (
            format!("and keeps {} for now", kept.told()),
            "automated sync refuses to delete everything; a manual sync with prune does not, nor does an automated one as \
             soon as there is one new object",
        ),
        (true, true) => return,
    };
    cx.report(
        steps::source(&head.application.manifest),
        format!("`{}` renders nothing any more {what}", head.id),
    )
    .application_object(head)
    .telling(if lost.is_empty() { kept.rows() } else { lost.rows() })
    .because(because)
    .help(format!(
        "see why the source is empty; to retire `{}`, remove the Application itself in a merge of its own",
        head.id
    ));
}
