//! BH601. Meaning, rationale and examples: `rules/BH601-duplicate-yaml-key.md`.

use super::document::{Document, Purpose, Steps, each_map, several_objects};
use super::{Check, Context, Rule};
use crate::finding::{FixKind, Severity};
use crate::yaml::{Entry, Node, edit};

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH601-duplicate-yaml-key.md"), check: Check::Document(check) };

fn check<'a>(document: &Document<'a>, cx: &mut Context<'a>) {
    let merged = several_objects(document.root());
    each_map(document.root(), &mut |path, map| {
        // Two objects in one document are told as that, by BH602 or BH603.
        if !(path.is_root() && merged) {
            keys(document, path, map, cx);
        }
    });
}

/// The keys of one mapping that stand there more than once.
fn keys<'a>(document: &Document<'a>, path: &Steps, map: Node<'_>, cx: &mut Context<'a>) {
    if map.has_distinct_keys() {
        return;
    }
    let mut written: Vec<Entry<'_>> = map.written().filter(|entry| entry.key != "<<").collect();
    written.sort_by(|a, b| a.key.cmp(&b.key)); // stable: equal keys stay in order
    for equal in written.chunk_by(|a, b| a.key == b.key).filter(|equal| equal.len() > 1) {
        let Some((last, before)) = equal.split_last() else { continue };
        report(document, path, map, last, before, cx);
    }
}

fn report<'a>(
    document: &Document<'a>,
    path: &Steps,
    map: Node<'_>,
    last: &Entry<'_>,
    before: &[Entry<'_>],
    cx: &mut Context<'a>,
) {
    let times = match before.len() {
        1 => "twice".to_owned(),
        more => format!("{} times", more + 1),
    };
    let key = match before.iter().find(|entry| entry.key_node.text() != last.key_node.text()) {
        Some(other) => format!(
            "`{}` (as `{}` and `{}`, which are one key in YAML)",
            last.key,
            other.key_node.text(),
            last.key_node.text()
        ),
        None => format!("`{}`", last.key),
    };
    let place = match path.is_root() {
        true => document.name(),
        false => format!("`{}` of {}", path.text().trim_start_matches('.'), document.name()),
    };
    let goal = if matches!(document.purpose, Purpose::Values(_)) { "the chart" } else { "the cluster" };
    let value = last.value.to_json();
    let equal = before.iter().all(|entry| entry.value.to_json() == value);
    let lost = before.iter().map(|entry| lost(entry.value, last.value)).find(|lost| !lost.is_empty());
    let because = match (document.kustomized, equal, lost) {
        (true, ..) => {
            "Kustomize refuses a resource with a key twice, and nothing of its folder is deployed".to_owned()
        }
        (_, true, _) => {
            "both say the same today; whoever changes the first one will change nothing".to_owned()
        }
        (.., Some(lost)) => {
            format!("the last of equal keys wins without a word, so {lost} of the first never reaches {goal}")
        }
        _ => format!("the last of equal keys wins without a word, so the first one never reaches {goal}"),
    };
    let help = if equal {
        "take one of them out"
    } else {
        "put what is meant under one key, and take the other out"
    };
    let mild = (equal && !document.kustomized) || document.purpose == Purpose::Other;
    let fix = if equal { document.edits(edit::delete(map, last)) } else { Vec::new() };
    let mut report = document
        .report(cx, last.key_node.span(), format!("{key} stands {times} in {place}"))
        .because(because)
        .help(help);
    for entry in before {
        let label = if equal { "says the same" } else { "loses" };
        report = report.see(document.manifest.locate(entry.key_node.span()), label);
    }
    if mild {
        report = report.at_most(Severity::Warning);
    }
    report.fix(FixKind::Safe, fix);
}

/// What a value holds that the one in its place does not: names of entries.
fn lost(first: Node<'_>, last: Node<'_>) -> String {
    let gone: Vec<String> = first
        .entries()
        .filter(|entry| last.get(&entry.key).is_none())
        .map(|entry| format!("`{}`", entry.key))
        .collect();
    match gone.len() {
        0..=3 => gone.join(", "),
        more => format!("{} and {} more", gone[..2].join(", "), more - 2),
    }
}
