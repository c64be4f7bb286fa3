//! BH108. Meaning, rationale and examples: `rules/BH108-several-objects-in-one-file.md`.

use crate::files::{Location, Path};
use crate::render::Parsed;
use crate::rules::{Check, Context, Rule};
use crate::yaml::Node;

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH108-several-objects-in-one-file.md"),
    check: Check::File(check),
};

fn check(path: &Path, parsed: &Parsed, cx: &mut Context<'_>) {
    if parsed.skipped {
        return;
    }
    let roots = parsed.file.documents().iter().filter_map(|document| document.root().ok());
    let objects: Vec<Node<'_>> =
        roots.map(|root| parsed.file.node(root)).filter(|node| is_object(*node)).collect();
    let [_, second, ..] = objects.as_slice() else { return };
    cx.report(Location::new(path.clone(), place(*second)), format!("`{path}` holds {} objects", objects.len()))
        .because("a second object of the same name is easy to overlook here; with a file for each, named after its kind and name, it would show as an overwritten file in review")
        .help("give each object a file of its own");
}

fn is_object(node: Node<'_>) -> bool {
    let is_text =
        |key| node.get(key).is_some_and(|value| value.as_str().is_some_and(|text| !text.is_empty()));
    is_text("apiVersion") && is_text("kind")
}

/// The name of an object, else its beginning.
fn place(node: Node<'_>) -> crate::files::Span {
    let name = node.get("metadata").and_then(|metadata| metadata.entry("name"));
    name.map_or_else(|| node.span(), |entry| entry.span())
}
