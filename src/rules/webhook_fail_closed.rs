//! BH512. Meaning, rationale and examples: `rules/BH512-webhook-fail-closed.md`.

use crate::inventory::{App, ResourceId};
use crate::render::Target;
use crate::rules::{Check, Context, Rule};
use crate::yaml::Node;

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH512-webhook-fail-closed.md"), check: Check::Resource(check) };

const GROUP: &str = "admissionregistration.k8s.io";
/// What the control plane itself has to write.
const VITAL: &[&str] = &["*", "*/*", "pods", "nodes", "leases"];

fn check(_: ResourceId, app: &App, target: &Target, cx: &mut Context<'_>) {
    let kinds = ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"];
    if !kinds.iter().any(|kind| target.key.is(GROUP, kind)) {
        return;
    }
    for webhook in target.manifest.node().get("webhooks").into_iter().flat_map(Node::items) {
        let text = |key: &str| webhook.get(key).and_then(Node::as_str);
        let narrowed = ["namespaceSelector", "objectSelector", "matchConditions"];
        let is_narrowed = narrowed
            .iter()
            .any(|key| webhook.get(key).is_some_and(|value| !value.is_null() && !value.is_empty()));
        if text("failurePolicy").unwrap_or("Fail") != "Fail" || is_narrowed {
            continue;
        }
        let mut rules = webhook.get("rules").into_iter().flat_map(Node::items);
        if !rules.any(|rule| is_vital(rule)) {
            continue;
        }
        let name = text("name").unwrap_or("a webhook");
        let message = format!("`{name}` must answer before anything of the control plane can be written");
        cx.report(target.manifest.location_of(webhook), message)
            .about(app, target)
            .because("while nothing answers, the API server refuses every such write in every namespace: leases of nodes, Pods of kube-system, and those of the webhook itself")
            .help("leave system namespaces out by `namespaceSelector`, or write `failurePolicy: Ignore`");
    }
}

/// Whether a rule is about what the control plane has to write.
fn is_vital(rule: Node<'_>) -> bool {
    let texts = |key: &str| rule.get(key).into_iter().flat_map(Node::items).filter_map(Node::as_str);
    let writes = texts("operations").any(|operation| matches!(operation, "*" | "CREATE" | "UPDATE"));
    let groups = texts("apiGroups").any(|group| matches!(group, "*" | "" | "coordination.k8s.io"));
    writes && groups && texts("resources").any(|resource| VITAL.contains(&resource))
}
