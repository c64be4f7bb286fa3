//! BH513. Meaning, rationale and examples: `rules/BH513-priorityclass-preempts.md`.

use crate::finding::Severity;
use crate::inventory::ResourceId;
use crate::rules::{Check, Context, Rule};
use crate::yaml::Node;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH513-priorityclass-preempts.md"),
    check: Check::Inventory(check),
};

fn check(cx: &mut Context<'_>) {
    let inventory = cx.inventory;
    let mut defaults: BTreeMap<(usize, Arc<str>), Vec<ResourceId>> = BTreeMap::new();
    for id in inventory.resources() {
        let (app, target) = (inventory.app(id), inventory.target(id));
        let is_default = || target.manifest.node().get("globalDefault").and_then(Node::as_bool) == Some(true);
        if target.key.is("scheduling.k8s.io", "PriorityClass") && is_default() {
            defaults.entry((app.instance, Arc::clone(&app.cluster))).or_default().push(id);
        }
    }
    for ids in defaults.values() {
        let Some((&first, rest)) = ids.split_first() else { continue };
        alone(first, cx);
        for &other in rest {
            let (one, two) = (inventory.target(first), inventory.target(other));
            if one.key == two.key {
                continue; // One object of two Applications is BH106's.
            }
            let app = inventory.app(other);
            cx.report_target(app, two, format!("`{}` and `{}` are both the default", one.key, two.key))
                .see(one.manifest.location(), "the other default")
                .because("the API server refuses the second one, and the sync fails there")
                .help("leave one `globalDefault`");
        }
    }
}

/// A default that pushes other Pods aside.
fn alone(id: ResourceId, cx: &mut Context<'_>) {
    let (app, target) = (cx.inventory.app(id), cx.inventory.target(id));
    let node = target.manifest.node();
    let value = node.get("value").and_then(Node::as_i64).unwrap_or(0);
    if value <= 0 || node.get("preemptionPolicy").and_then(Node::as_str) == Some("Never") {
        return;
    }
    let place = target.manifest.location_at(&["globalDefault"]);
    cx.report(place, format!("every new Pod gets the priority {value} of `{}`, and may push others aside", target.key))
        .about(app, target)
        .because("Pods that run have none, so each one that starts may evict them; what is evicted comes back with the priority and evicts the next")
        .help("begin with `preemptionPolicy: Never`, and give every workload a class before you allow preemption")
        .at_most(Severity::Warning);
}
