//! What a merge takes away, as findings: for formats that know nothing else.

use super::diff::Diff;
use super::diff_text::{Group, danger_word, groups, headline};
use crate::files::Location;
use crate::finding::{Finding, Label, Severity};
use crate::forecast::Row;
use crate::rules::object;

/// Further places of one cause.
const PLACES: usize = 50;

/// One finding for every cause of a danger, the worst first; the word for the danger is its code, the mechanism its name.
pub(super) fn findings(diff: &Diff<'_>) -> Vec<Finding> {
    groups(diff.forecast).iter().filter_map(|group| finding(diff, group)).collect()
}

fn finding(diff: &Diff<'_>, group: &Group<'_>) -> Option<Finding> {
    let first = group.own.first()?;
    let others = group.own[1..].iter().chain(&group.along);
    let related = others.filter_map(|row| {
        Some(Label { location: place(row)?, message: format!("`{}` goes the same way", row.key) })
    });
    let race = group.own.iter().chain(&group.along).any(|row| row.race);
    let race = if race { "; the order in which controllers read the commit decides" } else { "" };
    Some(Finding {
        code: danger_word(group.danger),
        name: first.cause.code,
        severity: if diff.fail_on.contains(&group.danger) { Severity::Error } else { Severity::Warning },
        message: headline(group, first),
        because: format!("{}{race}", first.cause.because),
        help: String::new(),
        location: place(first).unwrap_or_else(|| Location::head("")),
        application: first.application.clone(),
        cluster: (!first.cluster.is_empty()).then(|| first.cluster.clone()),
        object: Some(object(&first.key)),
        related: related.take(PLACES).collect(),
        fix: None,
        group: String::new(),
    })
}

/// What makes it so: in head, else in base.
fn place(row: &Row) -> Option<Location> {
    let head = row.head.as_ref().map(|manifest| manifest.location());
    head.or_else(|| row.base.as_ref().map(|manifest| manifest.location().in_base()))
}
