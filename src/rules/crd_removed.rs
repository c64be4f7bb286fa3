//! BH435. Meaning, rationale and examples: `rules/BH435-crd-removed.md`.

use super::change::{Fate, Losses, is_in_head, protect_first};
use super::{Change, Check, Context, Rule};
use crate::finding::Severity;
use crate::forecast::{Outcome, Row};
use crate::model::Manifest;
use crate::yaml::Node;

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH435-crd-removed.md"), check: Check::Change(check) };

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    let definitions = change.forecast.rows.iter();
    for row in definitions.filter(|row| row.key.is("apiextensions.k8s.io", "CustomResourceDefinition")) {
        let Some((group, kind)) = row.base.as_ref().and_then(defined) else { continue };
        let objects = change.of_kind(&row.cluster, group, kind);
        match change.fate(row) {
            Some(fate) if fate.ends() => tell_deleted(cx, row, kind, &objects, fate == Fate::ByHand),
            Some(Fate::Stays) if row.outcome == Outcome::Orphaned => tell_left(cx, row, kind, &objects),
            _ => {}
        }
    }
}

/// Group and kind that a definition defines.
fn defined(manifest: &Manifest) -> Option<(&str, &str)> {
    let text = |path: &[&str]| manifest.node().at(path).and_then(Node::as_str);
    Some((text(&["spec", "group"])?, text(&["spec", "names", "kind"])?))
}

fn tell_deleted(cx: &mut Context<'_>, row: &Row, kind: &str, objects: &[&Row], by_hand: bool) {
    let known = objects.iter().filter(|object| object.base.is_some()).count();
    let with = match known {
        0 => format!("every `{kind}` there is"),
        count => format!("{count} `{kind}`"),
    };
    let when = if by_hand { "is deleted by the next sync with prune" } else { "is deleted" };
    let lost = Losses::of(objects.iter().copied());
    let among = if lost.is_empty() { String::new() } else { format!(" ({})", lost.told()) };
    let marked = match row.base.as_ref().is_some_and(|manifest| !manifest.namespace().is_empty()) {
        true => {
            "; Argo CD spares most definitions, but it marks one whose manifest has a `metadata.namespace`"
        }
        false => "",
    };
    let stays = objects.iter().find(|object| is_in_head(object));
    let protect = protect_first(row);
    let help = match stays {
        Some(_) => format!(
            "the objects are still in git, so they should live: {protect}; then this change leaves it where it is"
        ),
        None => format!(
            "remove the objects in a merge of their own and wait until they are gone, finalizers included; to let the definition stay, {protect}"
        ),
    };
    let report = cx
        .report_row(row, format!("`{}` {when}, and with it {with}", row.key))
        .because(format!("Kubernetes deletes all objects of a definition with it, with `Prune=false` or without{among}{marked}"))
        .help(help);
    let report = match stays.and_then(|object| object.head.as_ref()) {
        Some(manifest) => report.see(manifest.location(), "still deployed, and goes with it"),
        None => report,
    };
    if by_hand {
        report.at_most(Severity::Warning);
    }
}

fn tell_left(cx: &mut Context<'_>, row: &Row, kind: &str, objects: &[&Row]) {
    let used: Vec<&Row> = objects.iter().copied().filter(|object| is_in_head(object)).collect();
    let Some(first) = used.first() else { return };
    let report = cx
        .report_row(row, format!("`{}` leaves git, and {} `{kind}` still need it", row.key, used.len()))
        .because("Argo CD leaves a definition that it does not track on the cluster; nobody updates it any more, and a new cluster does not get it")
        .help("put it back, or remove the objects of its kind first")
        .group(format!("definitions of `{}` leave git", row.application.as_deref().unwrap_or_default()))
        .at_most(Severity::Warning);
    if let Some(manifest) = &first.head {
        report.see(manifest.location(), "still deployed");
    }
}
