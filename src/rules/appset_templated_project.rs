//! BH207. Meaning, rationale and examples: `rules/BH207-appset-templated-project.md`.

use super::sets::{self, Entry};
use super::{Check, Context, Rule};
use crate::appset::ApplicationSet;
use crate::finding::Severity;
use crate::inventory::{Inventory, Set};
use crate::model::same_repository;
use crate::yaml::Node;

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH207-appset-templated-project.md"),
    check: Check::ApplicationSet(check),
};

/// How deep `values` are followed to what they are made of.
const MAX_DEPTH: usize = 4;
/// Parameters of a cluster, which only administrators write.
const CLUSTER: &[&str] = &["name", "nameNormalized", "server", "project", "metadata"];

/// Who decides what a parameter is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Chooser {
    /// Whoever may change the set itself or register clusters.
    Administrator,
    /// Whoever may change files of this repository.
    ThisRepository,
    /// Whoever may change another repository, or open a pull request.
    Others,
}

fn check(set: &Set, _: &ApplicationSet, cx: &mut Context<'_>) {
    for template in sets::templates(set) {
        let Some(spec) = template.get("spec") else { continue };
        let Some(project) = spec.entry("project") else { continue };
        let Some(text) = project.value.as_str().filter(|text| text.contains("{{")) else { continue };
        let entries = sets::entries(set);
        let choosers = references(text).map(|name| chooser(&name, &entries, cx.inventory, 0));
        let Some((chooser, by)) = choosers.max_by_key(|(chooser, _)| *chooser) else { continue };
        if chooser == Chooser::Administrator || sets::may_be_patched(cx.inventory, set, &["project"]) {
            continue;
        }
        let (who, rights) = match chooser {
            Chooser::Others => ("another repository chooses", "whoever may write there"),
            _ => ("files choose", "whoever may change these files"),
        };
        let message = format!("{who} the project of what `{}` generates: `{text}`", set.manifest.name());
        let mut report = cx
            .report_set(set, set.manifest.locate(project.span()), message)
            .because(format!(
                "a project is what an Application may do; {rights} picks the one with the most rights"
            ))
            .help("write the project out; one set for each project, if need be");
        if let Some(by) = by {
            report = report.see(set.manifest.location_of(by), "this generator supplies it");
        }
        if chooser != Chooser::Others {
            report.at_most(Severity::Warning);
        }
    }
}

/// The parameters that a text names: `path.basename` of `{{path.basename}}`, and of `{{ .path.basename }}`.
fn references(text: &str) -> impl Iterator<Item = String> + '_ {
    let tags = text.split("{{").skip(1).map(|rest| rest.split_once("}}").map_or(rest, |(tag, _)| tag));
    let is_name = |letter: char| letter.is_alphanumeric() || "._-[]/".contains(letter);
    tags.flat_map(move |tag| {
        let words = tag.split(move |letter: char| !is_name(letter)).filter(|word| !word.is_empty());
        let fields: Vec<&str> =
            words.clone().filter(|word| word.len() > 1 && word.starts_with('.')).collect();
        let names = if fields.is_empty() { words.take(1).collect() } else { fields };
        names.into_iter().map(|name| name.trim_start_matches('.').to_owned()).collect::<Vec<_>>()
    })
}

/// Who decides what a parameter is, and the generator that supplies it.
fn chooser<'a>(
    name: &str,
    entries: &[Entry<'a>],
    inventory: &Inventory,
    depth: usize,
) -> (Chooser, Option<Node<'a>>) {
    let root = name.split(['.', '[']).next().unwrap_or(name);
    let mut worst = (Chooser::Administrator, None);
    for (kind, generator) in entries.iter().flat_map(Entry::generators) {
        let found = match (kind, root) {
            (_, "values") if depth < MAX_DEPTH => of_values(name, generator, entries, inventory, depth),
            ("list", _) if has_key(generator, root) => return (Chooser::Administrator, None),
            ("git", _) if supplies(generator, root, entries) => of_repository(generator, inventory),
            ("scmProvider" | "pullRequest", _) => Chooser::Others,
            _ => Chooser::Administrator,
        };
        if found > worst.0 {
            worst = (found, Some(generator));
        }
    }
    worst
}

/// Who decides what `values.x` of a generator is: what its text is made of.
fn of_values(
    name: &str,
    generator: Node<'_>,
    entries: &[Entry<'_>],
    inventory: &Inventory,
    depth: usize,
) -> Chooser {
    let key = name.split('.').nth(1).unwrap_or_default();
    let text = generator.at(&["values", key]).and_then(Node::as_str).unwrap_or_default();
    let choosers = references(text).map(|name| chooser(&name, entries, inventory, depth + 1).0);
    choosers.max().unwrap_or(Chooser::Administrator)
}

/// Whether every element of a list has this key.
fn has_key(list: Node<'_>, key: &str) -> bool {
    let mut elements = list.get("elements").into_iter().flat_map(Node::items).peekable();
    elements.peek().is_some() && elements.all(|element| element.get(key).is_some())
}

/// Whether a git generator supplies the parameter: its path, or, from files, whatever no cluster supplies.
fn supplies(git: Node<'_>, root: &str, entries: &[Entry<'_>]) -> bool {
    let prefix = git.get("pathParamPrefix").and_then(Node::as_str).filter(|prefix| !prefix.is_empty());
    if root == prefix.unwrap_or("path") {
        return true;
    }
    let directories = git.get("directories").is_some_and(|list| !list.is_empty());
    let of_cluster =
        || CLUSTER.contains(&root) && entries.iter().any(|entry| entry.node.get("clusters").is_some());
    !directories && !of_cluster()
}

/// Whether the files of a git generator are those of this repository.
fn of_repository(git: Node<'_>, inventory: &Inventory) -> Chooser {
    let url = git.get("repoURL").and_then(Node::as_str).unwrap_or_default();
    let mut own = inventory.applications.iter().flat_map(|app| {
        app.application.spec.effective_sources().into_iter().zip(app.here.iter()).filter(|(_, here)| **here)
    });
    match own.next() {
        Some((source, _)) if !same_repository(&source.repo_url, url) => Chooser::Others,
        _ => Chooser::ThisRepository,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_tags() {
        for (text, expected) in [
            ("{{project}}", &["project"][..]),
            ("{{ .project }}", &["project"]),
            ("team-{{.path.basename}}-{{.name}}", &["path.basename", "name"]),
            ("{{ index .metadata.labels \"team\" }}", &["metadata.labels"]),
            ("{{path[0]}}", &["path[0]"]),
            ("{{ default \"x\" .project | lower }}", &["project"]),
            ("plain", &[]),
        ] {
            assert_eq!(references(text).collect::<Vec<_>>(), expected, "{text}");
        }
    }
}
