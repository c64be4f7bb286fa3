//! BH433. Meaning, rationale and examples: `rules/BH433-object-moved-namespace.md`.

use super::change::steps::plan;
use super::change::{Fate, Losses, Move, protect_first};
use super::{Change, Check, Context, Rule};
use crate::finding::Severity;
use crate::forecast::{Danger, Outcome, Row};
use crate::model::claims_of;

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH433-object-moved-namespace.md"), check: Check::Change(check) };

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    for way in change.moves().iter().filter(|way| !change.is_by_destination(way)) {
        if change.kustomization_of(way).is_none() {
            tell(change, cx, way);
        }
    }
}

fn tell(change: &Change<'_>, cx: &mut Context<'_>, way: &Move<'_>) {
    let going: Vec<(&Row, &Row)> =
        way.pairs.iter().copied().filter(|(old, _)| change.fate(old).is_some_and(Fate::ends)).collect();
    let Some(&(old, new)) = going.iter().max_by_key(|(old, _)| (worth(old), std::cmp::Reverse(&old.key)))
    else {
        return;
    };
    let more = match going.len() {
        1 => String::new(),
        count => format!(" with {} more", count - 1),
    };
    let by_hand = going.iter().all(|(old, _)| change.fate(old) == Some(Fate::ByHand));
    let data = worth(old) == Danger::DataLoss;
    let message =
        format!("`{} {}` moves from `{}` to `{}`{more}", old.key.kind, old.key.name, way.from, way.to);
    let place = new.head.as_ref().map(|manifest| manifest.location_at(&["metadata", "namespace"]));
    let Some(place) = place else { return };
    let moved: Vec<&Row> = going.iter().map(|(old, _)| *old).collect();
    let report = cx
        .report(place, message)
        .row(old)
        .telling(&moved)
        .because(why(change, &going, old, new))
        .help(cure(way, old, data));
    let report = match &old.base {
        Some(manifest) => report.see(manifest.location().in_base(), "where base has it"),
        None => report,
    };
    if by_hand || !data {
        report.at_most(Severity::Warning);
    }
}

/// How bad it is to lose an object, whether this merge or a sync by hand deletes it.
fn worth(old: &Row) -> Danger {
    let holds = old.base.as_ref().is_some_and(|manifest| {
        old.key.is("", "PersistentVolumeClaim") || crate::model::holds_data(&old.key.group, manifest, &[])
    });
    if holds { Danger::DataLoss } else { old.danger }
}

fn why(change: &Change<'_>, going: &[(&Row, &Row)], old: &Row, new: &Row) -> String {
    let blocked = going.iter().any(|(_, new)| new.outcome == Outcome::Blocked);
    let missing = match blocked {
        true => "; the old ones go first, and then the new ones cannot be made",
        false => "",
    };
    let data = match old.key.is("", "PersistentVolumeClaim") {
        true => {
            let instance = change.instance_of(old);
            let disk = change.policies().told(instance, &old.cluster, &old.key, old.base.as_ref());
            format!("; the new claim is empty, and of the old one {disk}")
        }
        false => sets(change, old, new),
    };
    let all = Losses::of(going.iter().map(|(old, _)| *old));
    let count = match all.count() {
        0 | 1 => "it is deleted in the old namespace and made anew in the new one".to_owned(),
        count => format!("{count} objects are deleted in the old namespace and made anew in the new one"),
    };
    format!("there is no move: {count}{data}{missing}")
}

/// What becomes of the claims of a StatefulSet that moves.
fn sets(change: &Change<'_>, old: &Row, new: &Row) -> String {
    let (Some(before), Some(after)) = (&old.base, &new.head) else { return String::new() };
    if !old.key.is("apps", "StatefulSet") {
        return String::new();
    }
    let (Some(had), Some(gets)) =
        (claims_of(&old.key, before).into_iter().next(), claims_of(&new.key, after).into_iter().next())
    else {
        return String::new();
    };
    let fate = match change.is_gone(&old.cluster, &had) {
        true => "goes",
        false => "stays behind, and nothing mounts it",
    };
    format!(
        "; it starts on `{}/{}`, which is made new, and `{}/{}` {fate}",
        gets.namespace, gets.name, had.namespace, had.name
    )
}

fn cure(way: &Move<'_>, old: &Row, data: bool) -> String {
    let to = way.to;
    match data {
        true => {
            let steps = plan([
                protect_first(old),
                format!("add it in `{to}` beside the old one, and copy the data"),
                "remove the old one, which then stays until you delete it by hand".to_owned(),
            ]);
            format!("in three merges: {steps}")
        }
        false => format!(
            "make sure that the namespace `{to}` is there before the merge, and expect that it is down until the new one runs; to avoid that, add it in `{to}` first and remove the old one in a second merge"
        ),
    }
}
