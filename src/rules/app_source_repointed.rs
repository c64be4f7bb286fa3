//! BH406. Meaning, rationale and examples: `rules/BH406-app-source-repointed.md`.

use super::change::{Repointed, steps};
use crate::finding::Severity;
use crate::rules::{Change, Check, Context, Rule};

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH406-app-source-repointed.md"), check: Check::Change(check) };

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    // Where the name stands for something else, BH401 says so; where the namespace changes too, BH408.
    for app in change.repointed().iter().filter(|app| !app.is_another_workload()) {
        let moves = app.base.application.spec.destination.namespace
            != app.head.application.spec.destination.namespace;
        if !moves && app.base.cluster == app.head.cluster {
            tell(app, cx);
        }
    }
}

fn tell(app: &Repointed<'_>, cx: &mut Context<'_>) {
    let Repointed { base, head, from, to, lost, left, .. } = app;
    let missing = if lost.is_empty() { left } else { lost };
    if missing.is_empty() {
        return;
    }
    let instead = if to.is_empty() { format!("{from} no more") } else { format!("{to} instead of {from}") };
    let message = format!("`{}` reads {instead}, which does not hold {}", head.id, missing.told());
    let report = cx
        .report(steps::source(&head.application.manifest), message)
        .application_object(head)
        .see(steps::source(&base.application.manifest).in_base(), "what it reads in base");
    let report = match lost.is_empty() {
        false => report.because("what the new source does not hold is pruned"),
        true => report
            .because("what the new source does not hold goes with the first sync that prunes")
            .at_most(Severity::Warning),
    };
    let there = if to.is_empty() { "the sources that are left" } else { to };
    report.help(format!(
        "in two merges: {}",
        steps::plan([
            format!("put what is missing into {there}, so that both hold the same"),
            format!("then point `{}` at {there}: nothing is pruned", head.id),
        ])
    ));
}
