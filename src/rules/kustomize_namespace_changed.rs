//! BH434. Meaning, rationale and examples: `rules/BH434-kustomize-namespace-changed.md`.

use super::change::steps::{KEEP, plan};
use super::change::{Fate, Kustomization, Losses, Move};
use super::{Change, Check, Context, Rule};
use crate::finding::Severity;
use crate::forecast::Row;

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH434-kustomize-namespace-changed.md"),
    check: Check::Change(check),
};

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    for way in change.moves().iter().filter(|way| !change.is_by_destination(way)) {
        if let Some(kustomization) = change.kustomization_of(way) {
            tell(change, cx, way, kustomization);
        }
    }
}

fn tell(change: &Change<'_>, cx: &mut Context<'_>, way: &Move<'_>, kustomization: &Kustomization) {
    let going: Vec<&Row> = way
        .pairs
        .iter()
        .map(|(old, _)| *old)
        .filter(|old| change.fate(old).is_some_and(Fate::ends))
        .collect();
    if going.is_empty() {
        return;
    }
    let by_hand = going.iter().all(|old| change.fate(old) == Some(Fate::ByHand));
    let namespace = going
        .first()
        .and_then(|old| change.namespace_of(old))
        .filter(|row| change.fate(row).is_some_and(Fate::ends));
    let all = match namespace {
        Some(row) => {
            Losses::all(change.in_namespace(row).filter(|row| change.is_gone(&row.cluster, &row.key)))
        }
        None => Losses::all(going.iter().copied()),
    };
    let subject = namespace.or(all.worst()).unwrap_or(going[0]);
    let and_namespace = match namespace {
        Some(_) => format!(
            "; Namespace {} is renamed too, so the old one goes with everything in it ({})",
            way.from,
            all.by_application()
        ),
        None => String::new(),
    };
    let message = match by_hand {
        true => {
            format!("`{}` becomes `{}`: the next sync with prune deletes {}", way.from, way.to, all.told())
        }
        false => format!("`{}` becomes `{}`: {} deleted", way.from, way.to, went(&all)),
    };
    let report = cx
        .report(kustomization.head.location_at(&["namespace"]), message)
        .row(subject)
        .telling(all.rows())
        .because(format!("a namespace is part of what an object is, so `{}` deletes each in `{}` and makes another one in `{}`, on new and empty claims{and_namespace}", way.application, way.from, way.to))
        .help(cure(way, kustomization))
        .see(kustomization.base.location_at(&["namespace"]).in_base(), "as base has it");
    if by_hand {
        report.at_most(Severity::Warning);
    }
}

fn went(all: &Losses<'_>) -> String {
    match all.count() {
        1 => format!("{} is", all.told()),
        _ => format!("{} are", all.told()),
    }
}

fn cure(way: &Move<'_>, kustomization: &Kustomization) -> String {
    let (path, to) = (&kustomization.path, way.to);
    let dir = path.rsplit_once('/').map_or("", |(dir, _)| dir);
    let steps = plan([
        format!(
            "leave `{path}` as it is, and add an overlay beside `{dir}` with `namespace: {to}` and an Application of its own; wait until it is healthy, copy the data, move the traffic"
        ),
        format!(
            "put `{KEEP}` on what must last in `{}` and on its Namespace, and wait until `{}` is Synced",
            way.from, way.application
        ),
        "remove the old overlay".to_owned(),
    ]);
    format!("in three merges: {steps}")
}
