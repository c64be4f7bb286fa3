//! BH413. Meaning, rationale and examples: `rules/BH413-blast-radius.md`.

use super::change::{Losses, Pair, plain_name, steps};
use crate::files::Location;
use crate::finding::Severity;
use crate::forecast::{Outcome, Row};
use crate::inventory::App;
use crate::rules::{Change, Check, Context, Rule};
use hashbrown::HashSet;

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH413-blast-radius.md"), check: Check::Change(check) };

/// More objects than this are too many for one Application to lose; more than half of it is worth a warning.
const MANY: usize = 20;
/// So many objects and more, and more than this share in percent, are too many as well.
const SOME: usize = 5;
const SHARE: usize = 30;

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    over_budget(change, cx);
    let told: HashSet<&str> = change.repointed().iter().map(|app| &*app.base.id).collect();
    for Pair { base, head } in &change.apps {
        if let (Some(base), Some(head)) = (base, head)
            && !told.contains(&*base.id)
            && place(base) == place(head)
        {
            shrinks(change, base, head, cx);
        }
    }
}

fn place(app: &App) -> (&str, &str) {
    (&app.cluster, &app.application.spec.destination.namespace)
}

/// An Application that lives on and loses much of what it deploys.
fn shrinks(change: &Change<'_>, base: &App, head: &App, cx: &mut Context<'_>) {
    let remade: HashSet<_> = head.targets.list.iter().map(|target| of_generator(&target.key)).collect();
    let counts = |row: &&Row| {
        let moves = row.to_application.is_some() || matches!(&*row.key.group, "argoproj.io");
        row.cause.code == "prune"
            && !change.is_acknowledged(row)
            && !moves
            && !remade.contains(&of_generator(&row.key))
    };
    let lost = Losses::of(change.rows_of(&base.id).filter(counts));
    let (count, of) = (lost.count(), base.targets.list.len());
    let much = count >= SOME && count * 100 > of * SHARE;
    if count == 0 || !much && count <= MANY / 2 {
        return;
    }
    let message = format!("`{}` loses {count} of the {of} objects that it deploys", base.id);
    let report = cx
        .report(steps::source(&head.application.manifest), message)
        .application_object(head)
        .telling(lost.rows())
        .because(format!("they are not among its manifests any more, and it prunes: {}", lost.told()))
        .help(format!(
            "look at what is left out and why; if it is meant, take it away in steps and name it: `Billhook-acknowledge: {}`",
            lost.worst().map(|row| steps::named(&row.key)).unwrap_or_default()
        ));
    if !much && count <= MANY {
        report.at_most(Severity::Warning);
    }
}

/// An object without the hash that a generator puts behind its name.
fn of_generator(key: &crate::model::ResourceKey) -> (&str, &str, &str, &str) {
    (&key.group, &key.kind, &key.namespace, plain_name(key))
}

/// More deletions in the whole merge than the configuration accepts.
fn over_budget(change: &Change<'_>, cx: &mut Context<'_>) {
    let budget = cx.options.budget;
    for (limit, outcome, does, name) in [
        (budget.prune, Outcome::Pruned, "prunes", "diff.budget.prune"),
        (budget.cascade, Outcome::Cascaded, "deletes along with others", "diff.budget.cascade"),
    ] {
        let Some(limit) = limit else { continue };
        let over =
            change.forecast.rows.iter().filter(|row| row.outcome == outcome && !change.is_acknowledged(row));
        let lost = Losses::all(over);
        if lost.count() <= limit as usize {
            continue;
        }
        let message = format!("the merge {does} {}; {limit} are accepted (`{name}`)", lost.told());
        cx.report(Location::head(""), message)
            .because(
                "the configuration says how many deletions a merge may bring without anybody naming them",
            )
            .help("split the merge, or acknowledge what is meant, object by object");
    }
}
