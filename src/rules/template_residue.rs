//! BH525. Meaning, rationale and examples: `rules/BH525-template-residue.md`.

use super::document::{Steps, each_map};
use crate::files::Span;
use crate::inventory::{App, ResourceId};
use crate::render::Target;
use crate::rules::{Check, Context, Rule};
use crate::yaml::Node;

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH525-template-residue.md"), check: Check::Resource(check) };

/// Groups of Kubernetes itself: no field of theirs is a template of somebody else's.
const GROUPS: &[&str] =
    &["", "apps", "batch", "policy", "networking.k8s.io", "autoscaling", "rbac.authorization.k8s.io"];
/// Fields of an Application that name something.
const OF_APPLICATIONS: &[&str] =
    &["project", "repoURL", "path", "targetRevision", "chart", "server", "name", "namespace"];

fn check(_: ResourceId, app: &App, target: &Target, cx: &mut Context<'_>) {
    if !app.is_written() {
        return; // A folder that no Application names may hold templates.
    }
    let root = target.manifest.node();
    let mut found: Option<(String, String, Span)> = None;
    let mut keep = |path: String, value: Node<'_>| {
        found.get_or_insert_with(|| (path, value.text().to_owned(), value.span()));
    };
    for field in ["name", "namespace", "generateName"] {
        if let Some(value) = root.at(&["metadata", field]).filter(|value| residue(*value, true)) {
            keep(format!("metadata.{field}"), value);
        }
    }
    for entry in root.at(&["metadata", "labels"]).into_iter().flat_map(Node::entries) {
        if residue(entry.value, true) {
            keep(format!("metadata.labels.{}", entry.key), entry.value);
        }
    }
    if GROUPS.contains(&&*target.key.group) {
        each_map(root, &mut |path, map| built_in(path, map, &mut keep));
    }
    if target.key.is("argoproj.io", "Application") {
        each_map(root, &mut |path, map| application(path, map, &mut keep));
    }
    let Some((path, text, span)) = found else { return };
    let location = target.manifest.locate(span);
    cx.report(location, format!("`{path}` of `{}` is `{}`, which a template left behind", target.key, text))
        .about(app, target)
        .because("Argo CD takes the text as it is: the API server refuses the object, or it runs with a value that nobody meant")
        .help("give the template the value, or render it before it is committed");
}

/// A mapping in an object of Kubernetes itself.
fn built_in(path: &Steps, map: Node<'_>, keep: &mut impl FnMut(String, Node<'_>)) {
    if path.first().is_none_or(|first| first != ".spec")
        || path.last().is_some_and(|last| last == ".annotations")
    {
        return;
    }
    let container = path.before_last().is_some_and(|list| list.to_ascii_lowercase().ends_with("containers"));
    for entry in map.entries() {
        if residue(entry.value, container && entry.key == "image") {
            keep(format!("{}.{}", path.text().trim_start_matches('.'), entry.key), entry.value);
        }
    }
}

/// A mapping in an Application: only what it names its sources and destination by.
fn application(path: &Steps, map: Node<'_>, keep: &mut impl FnMut(String, Node<'_>)) {
    let joined = path.text();
    let fields = match joined {
        ".spec" | ".spec.source" | ".spec.destination" => true,
        joined => joined.starts_with(".spec.sources[") && path.len() == 3,
    };
    for entry in map.entries().filter(|entry| fields && OF_APPLICATIONS.contains(&&*entry.key)) {
        if residue(entry.value, true) {
            keep(format!("{}.{}", joined.trim_start_matches('.'), entry.key), entry.value);
        }
    }
}

/// Whether a text is what a template leaves: Go's words for no value and for a wrong verb, or its own braces.
fn residue(value: Node<'_>, braces: bool) -> bool {
    let Some(text) = value.as_str().filter(|text| !text.contains('\n')) else { return false };
    let verb = text.match_indices("%!").any(|(at, _)| {
        let rest = &text.as_bytes()[at + 2..];
        rest.first().is_some_and(u8::is_ascii_alphabetic) && rest.get(1) == Some(&b'(')
    });
    text == "<no value>"
        || (verb && text.ends_with(')'))
        || (braces && (text.contains("<no value>") || text.contains("{{") || text.contains("}}")))
}
