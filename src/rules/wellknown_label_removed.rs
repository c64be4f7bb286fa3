//! BH527. Meaning, rationale and examples: `rules/BH527-wellknown-label-removed.md`.

use super::pods;
use crate::finding::FixKind;
use crate::inventory::{App, ResourceId};
use crate::render::Target;
use crate::rules::{Check, Context, Rule, options};
use crate::yaml::{Node, edit};

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH527-wellknown-label-removed.md"),
    check: Check::Resource(check),
};

/// Since 1.24 nodes are no longer labelled like this.
const OLD: &str = "node-role.kubernetes.io/master";
const NEW: &str = "node-role.kubernetes.io/control-plane";

fn check(_: ResourceId, app: &App, target: &Target, cx: &mut Context<'_>) {
    let Some(pod) = pods::template(&target.key, &target.manifest) else { return };
    let Some(place) = wanted(pod) else { return };
    let edits = options::edits(&target.manifest, cx.inventory, || edit::replace(place, &NEW.into()));
    cx.report(target.manifest.location_of(place), format!("`{}` wants nodes with `{OLD}`", target.key))
        .about(app, target)
        .because("nodes have not carried this label since Kubernetes 1.24, but for some distributions: the Pods stay pending")
        .help(format!("write `{NEW}`"))
        .fix(FixKind::Unsafe, edits);
}

/// Where a Pod insists on the label.
fn wanted(pod: Node<'_>) -> Option<Node<'_>> {
    if let Some(entry) = pod.get("nodeSelector").and_then(|selector| selector.entry(OLD)) {
        return Some(entry.key_node);
    }
    let way =
        ["affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"];
    let terms: Vec<Node<'_>> = pod.at(&way).into_iter().flat_map(Node::items).collect();
    // One term that can be met is enough.
    let found: Vec<Node<'_>> = terms.iter().filter_map(insists).collect();
    (found.len() == terms.len()).then(|| found.first().copied())?
}

/// Where a term insists on the label.
fn insists<'a>(term: &Node<'a>) -> Option<Node<'a>> {
    let expressions = term.get("matchExpressions").into_iter().flat_map(Node::items);
    let positive = |of: &Node<'a>| matches!(of.get("operator").and_then(Node::as_str), Some("Exists" | "In"));
    expressions.filter(positive).filter_map(|of| of.get("key")).find(|key| key.as_str() == Some(OLD))
}
