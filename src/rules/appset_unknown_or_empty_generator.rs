//! BH504. Meaning, rationale and examples: `rules/BH504-appset-unknown-or-empty-generator.md`.

use super::options;
use super::sets::{self, Entry};
use super::{Check, Context, Rule};
use crate::appset::ApplicationSet;
use crate::finding::{FixKind, Severity};
use crate::glob::{Dialect, Pattern};
use crate::inventory::{Set, SetOutcome};
use crate::render::clean;
use crate::yaml::{self, Node, edit};

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH504-appset-unknown-or-empty-generator.md"),
    check: Check::ApplicationSet(check),
};

const GONE: &str =
    "what yields nothing is no error to Argo CD: every Application that this set made before is deleted";
const FROZEN: &str = "it is an error of the whole set: nothing of it is created, updated or deleted any more";

fn check(set: &Set, _: &ApplicationSet, cx: &mut Context<'_>) {
    let entries = sets::entries(set);
    if entries.is_empty() {
        no_entries(set, cx);
    }
    for entry in &entries {
        if entry.generators().next().is_none() {
            unknown(set, entry, cx);
        }
        for (name, generator) in entry.generators() {
            match name {
                "list" => empty_list(set, entry, generator, cx),
                "git" => patterns(set, generator, cx),
                _ => (),
            }
        }
    }
    finds_nothing(set, cx);
}

/// A git generator that finds no folder or file, though every pattern is one.
fn finds_nothing(set: &Set, cx: &mut Context<'_>) {
    if set.outcome != SetOutcome::Generated {
        return;
    }
    let top = sets::entries(set).into_iter().filter(|entry| entry.inside.is_none()).enumerate();
    for (index, entry) in top {
        let Some(git) = entry.node.entry("git").filter(|git| git.value.is_map()) else { continue };
        let alone = entry.generators().count() == 1;
        let yields = set.members.iter().any(|member| member.provenance.generator == index);
        let of = |key: &str| git.value.get(key).into_iter().flat_map(Node::items);
        let told =
            |item: Node<'_>| item.get("path").and_then(Node::as_str).is_none_or(|path| never(path).is_some());
        if yields || !alone || of("directories").any(told) {
            continue;
        }
        let what = if of("directories").next().is_some() { "folder" } else { "file" };
        let place = set.manifest.locate(git.key_node.span());
        cx.report_set(set, place, format!("no {what} matches: `{}` yields no Application", entry.path))
            .because(GONE)
            .help("correct the patterns, or take the generator out")
            .at_most(Severity::Warning);
    }
}

fn no_entries(set: &Set, cx: &mut Context<'_>) {
    if sets::may_be_patched(cx.inventory, set, &["generators"]) {
        return;
    }
    let place = set.manifest.location_at(&["spec", "generators"]);
    cx.report_set(set, place, format!("`{}` has no generator, and so no Application", set.manifest.name()))
        .because(GONE)
        .help("add a generator, or remove the set in a merge that says so")
        .at_most(Severity::Warning);
}

/// An entry that holds nothing that Argo CD would run.
fn unknown(set: &Set, entry: &Entry<'_>, cx: &mut Context<'_>) {
    let because = if entry.inside.is_some() { FROZEN } else { GONE };
    let Some(wrong) = entry.node.entries().find(|wrong| wrong.key != "selector") else {
        if !sets::may_be_patched(cx.inventory, set, &["generators"]) {
            cx.report_set(
                set,
                set.manifest.location_of(entry.node),
                format!("`{}` holds no generator", entry.path),
            )
            .because(because)
            .help("write which generator it is, or take the entry out");
        }
        return;
    };
    let names = sets::names();
    let message = format!("`{}` is no generator", wrong.key);
    let place = set.manifest.locate(wrong.key_node.span());
    let within = || {
        let holds = |name: &&&str| {
            crate::model::fields(of(name)).is_some_and(|own| own.iter().any(|field| field.name == wrong.key))
        };
        let mut holders = names.iter().filter(holds);
        holders.next().filter(|_| holders.next().is_none()).copied()
    };
    match (yaml::nearest(&wrong.key, &names), within()) {
        (Some(meant), _) => {
            let edits =
                options::edits(&set.manifest, cx.inventory, || edit::replace(wrong.key_node, &meant.into()));
            let help = format!("write `{meant}`");
            cx.report_set(set, place, format!("{message}; `{meant}` is"))
                .because(because)
                .help(help)
                .fix(FixKind::Unsafe, edits);
        }
        (None, Some(holder)) => {
            cx.report_set(set, place, format!("{message}; it belongs into `{holder}`"))
                .because(because)
                .help(format!("put it below `{holder}:`"));
        }
        (None, None) => {
            cx.report_set(set, place, message)
                .because(because)
                .help(format!("Argo CD knows {}", super::document::all_of(&names)));
        }
    }
}

/// The type of a generator's fields.
fn of(name: &str) -> &'static str {
    let known = crate::model::fields("Generator").unwrap_or_default();
    let content = known.iter().find(|field| field.name == name).map(|field| field.content);
    match content {
        Some(crate::model::Content::Type(of)) => of,
        _ => "",
    }
}

/// A list without elements; what joins a merge later than the first may be empty.
fn empty_list(set: &Set, entry: &Entry<'_>, list: Node<'_>, cx: &mut Context<'_>) {
    let has = |key: &str| {
        list.get(key).is_some_and(|value| {
            !(value.is_null() || value.is_seq() && value.is_empty() || value.as_str() == Some(""))
        })
    };
    let is_joined = matches!(entry.inside, Some(("merge", 1..)));
    if is_joined || has("elements") || has("elementsYaml") {
        return;
    }
    if sets::may_be_patched(cx.inventory, set, &["elements", "generators", "list"]) {
        return;
    }
    let what = match entry.inside {
        Some((combined, _)) => format!("a list without elements leaves the whole `{combined}` empty"),
        None => "a list without elements yields no Application".to_owned(),
    };
    let place = list.entry("elements").map_or(list.span(), |elements| elements.key_node.span());
    cx.report_set(set, set.manifest.locate(place), what)
        .because(GONE)
        .help("give it elements, or take the generator out")
        .at_most(Severity::Warning);
}

/// Patterns of folders that can match no folder.
fn patterns(set: &Set, git: Node<'_>, cx: &mut Context<'_>) {
    for item in git.get("directories").into_iter().flat_map(Node::items) {
        let Some(entry) = item.entry("path") else { continue };
        let Some(pattern) = entry.value.as_str() else { continue };
        let excludes = item.get("exclude").and_then(Node::as_bool) == Some(true);
        if excludes || pattern.contains("{{") {
            continue;
        }
        let Some((why, help)) = never(pattern) else { continue };
        let meant = clean(pattern.trim_start_matches('/')).filter(|meant| never(meant).is_none());
        let mend = || edit::replace(entry.value, &meant?.to_string().into());
        let edits = options::edits(&set.manifest, cx.inventory, mend);
        let place = set.manifest.locate(entry.value.span());
        cx.report_set(set, place, format!("the pattern `{pattern}` matches no folder: {why}"))
            .because("a pattern that matches nothing is no error to Argo CD: every Application that it made before is deleted")
            .help(help)
            .fix(FixKind::Unsafe, edits);
    }
}

/// Why a pattern (`path.Match`) matches no folder, as their paths are: relative to the root, without a slash at the end.
fn never(pattern: &str) -> Option<(&'static str, &'static str)> {
    if matches!(Pattern::new(Dialect::Path, pattern), Err(crate::glob::Error::Malformed)) {
        return Some(("it is malformed", "close the bracket, or put a backslash before it"));
    }
    let is_odd = |step: &str| matches!(step, "" | "." | "..");
    if !pattern.contains(['[', '\\']) && pattern.split('/').any(is_odd) {
        return Some((
            "paths of folders are compared as text, without `./` and without a slash at either end",
            "write it as git lists folders, such as `apps/*`",
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_that_match_nothing() {
        for (pattern, expected) in [
            ("apps/*", false),
            ("*", false),
            ("**", false),
            ("apps/[ab]*", false),
            ("a\\*", false),
            ("apps/[", true),
            ("./apps/*", true),
            ("/apps/*", true),
            ("apps/*/", true),
            (".", true),
            ("", true),
            (".hidden/*", false),
            ("apps/../web", true),
        ] {
            assert_eq!(never(pattern).is_some(), expected, "{pattern}");
        }
    }
}
