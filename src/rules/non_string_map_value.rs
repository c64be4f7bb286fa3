//! BH605. Meaning, rationale and examples: `rules/BH605-non-string-map-value.md`.

use super::document::{Document, Steps, each_map, what};
use super::{Check, Context, Rule};
use crate::finding::{FixKind, Severity};
use crate::model::{Manifest, group_of};
use crate::yaml::{Entry, Node, Value};

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH605-non-string-map-value.md"), check: Check::Document(check) };

/// Groups of Kubernetes itself, in which a mapping of these names holds text wherever it stands.
const GROUPS: &[&str] =
    &["", "apps", "batch", "policy", "networking.k8s.io", "autoscaling", "rbac.authorization.k8s.io"];
const TEXT_MAPS: &[&str] = &[".labels", ".annotations", ".matchLabels", ".nodeSelector"];
/// Further maps of text, by kind.
const OF_KINDS: &[(&str, &str, &str)] = &[
    ("", "ConfigMap", ".data"),
    ("", "ConfigMap", ".binaryData"),
    ("", "Secret", ".data"),
    ("", "Secret", ".stringData"),
    ("", "Service", ".spec.selector"),
    ("", "ReplicationController", ".spec.selector"),
    ("storage.k8s.io", "StorageClass", ".parameters"),
];

fn check<'a>(document: &Document<'a>, cx: &mut Context<'a>) {
    for object in &document.objects {
        let (group, kind) = (group_of(object.api_version()).to_owned(), object.kind().to_owned());
        each_map(object.node(), &mut |path, map| {
            let full = path.text();
            let metadata = matches!(full, ".metadata.labels" | ".metadata.annotations");
            let built_in = GROUPS.contains(&&*group);
            let inside =
                built_in && path.last().is_some_and(|last| TEXT_MAPS.contains(&last)) && !is_data(path);
            let of_kind = OF_KINDS.iter().any(|(g, k, p)| (*g, *k, *p) == (&*group, &*kind, full));
            if metadata || inside || of_kind {
                texts(document, object, full, map, cx);
            }
            if built_in && path.before_last() == Some(".env") && !is_data(path) {
                variable(document, object, map, cx);
            }
        });
    }
}

fn is_data(path: &Steps) -> bool {
    matches!(path.first(), Some(".data" | ".stringData" | ".binaryData"))
}

/// A map whose values must be text.
fn texts<'a>(document: &Document<'a>, object: &Manifest, path: &str, map: Node<'_>, cx: &mut Context<'a>) {
    if document.kustomized && path == ".metadata.annotations" {
        return; // Kustomize makes them text.
    }
    let path = path.trim_start_matches('.');
    for entry in map.entries() {
        let met = object.locate(entry.span());
        if cx.inventory.problems_at(&met).is_empty() {
            let name = format!("`{}` in `{path}`", entry.key_node.text());
            value(document, object, &name, &entry, cx);
        }
    }
}

/// An environment variable.
fn variable<'a>(document: &Document<'a>, object: &Manifest, map: Node<'_>, cx: &mut Context<'a>) {
    let Some(entry) = map.entry("value") else { return };
    let name = map.get("name").map_or("", |name| name.text());
    value(document, object, &format!("the variable `{name}`"), &entry, cx);
}

fn value<'a>(
    document: &Document<'a>,
    object: &Manifest,
    name: &str,
    entry: &Entry<'_>,
    cx: &mut Context<'a>,
) {
    let node = entry.value;
    let is = match node.value() {
        Value::Str(_) | Value::Null => return,
        // Kustomize takes YAML's other words for true and false as text.
        Value::Bool(_)
            if document.kustomized
                && !node.text().eq_ignore_ascii_case("true")
                && !node.text().eq_ignore_ascii_case("false") =>
        {
            return;
        }
        Value::Bool(_) if object.kind() == "Secret" => "a truth value".to_owned(),
        Value::Bool(is) => format!("the truth value {is}"),
        Value::Int(_) | Value::UInt(_) | Value::Float(_) => "a number".to_owned(),
        Value::Seq => "a list".to_owned(),
        Value::Map => "a mapping".to_owned(),
    };
    if node.text().contains("{{") {
        return;
    }
    let scalar = !matches!(node.value(), Value::Seq | Value::Map);
    let fix = if scalar { document.rewrite(node, node.text()) } else { Vec::new() };
    let read = document.is_read(cx, object);
    let because =
        match name.ends_with("`metadata.annotations`") && object.kind() != "CustomResourceDefinition" {
            true => "Argo CD cannot put its tracking annotation beside it, and refuses the whole Application",
            false => "the API server refuses the object, after Argo CD has pruned what the sync prunes",
        };
    let report = document
        .report_on(cx, object, entry.span(), format!("{name} of {} is {is}, not text", what(object)))
        .because(because)
        .help(if scalar { "put the value in quotes" } else { "write it as text" })
        .fix(FixKind::Safe, fix);
    if !read {
        report.at_most(Severity::Warning);
    }
}
