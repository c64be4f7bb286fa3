//! BH510. Meaning, rationale and examples: `rules/BH510-replicas-with-autoscaler.md`.

use crate::inventory::{App, Inventory, Place, ResourceId};
use crate::model::{ResourceKey, group_of};
use crate::render::Target;
use crate::rules::{Check, Context, Rule};
use crate::yaml::Node;
use serde_json::Value;
use std::sync::Arc;

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH510-replicas-with-autoscaler.md"),
    check: Check::Resource(check),
};

fn check(_: ResourceId, app: &App, target: &Target, cx: &mut Context<'_>) {
    let is_scaler =
        target.key.is("autoscaling", "HorizontalPodAutoscaler") || target.key.is("keda.sh", "ScaledObject");
    let Some(scaled) = target.manifest.node().at(&["spec", "scaleTargetRef"]).filter(|_| is_scaler) else {
        return;
    };
    let text = |key: &str| scaled.get(key).and_then(Node::as_str);
    let (kind, version) = (text("kind").unwrap_or("Deployment"), text("apiVersion").unwrap_or("apps/v1"));
    let Some(name) = text("name") else { return };
    let key = ResourceKey {
        group: group_of(version).into(),
        kind: kind.into(),
        namespace: Arc::clone(&target.key.namespace),
        name: name.into(),
    };
    let place = Place { instance: app.instance, cluster: Arc::clone(&app.cluster), key };
    let inventory = cx.inventory;
    // Folders that no Application names are alternatives as often as not.
    let is_beside = |id: &&ResourceId| app.is_written() || std::ptr::eq(inventory.app(**id), app);
    let Some(&id) = inventory.at(&place).iter().find(is_beside) else { return };
    let (owner, workload) = (inventory.app(id), inventory.target(id));
    let Some(replicas) = workload.manifest.node().get("spec").and_then(|spec| spec.entry("replicas")) else {
        return;
    };
    if replicas.value.is_null() || is_left_alone(owner, &workload.key, inventory) {
        return;
    }
    let message = format!("`{}` scales `{}`, whose replicas are in git", target.key, workload.key);
    cx.report(workload.manifest.locate(replicas.span()), message)
        .about(owner, workload)
        .see(target.manifest.location(), "this scales it")
        .because("every sync sets the number back to what git says, however great the load is")
        .help("have Argo CD leave it alone first: `ignoreDifferences` for `/spec/replicas` with `RespectIgnoreDifferences=true`; only then take `replicas` out, for what is taken out at once becomes 1 for a moment");
}

/// Whether the Application, or the whole instance, leaves the replicas of this object alone.
fn is_left_alone(app: &App, key: &ResourceKey, inventory: &Inventory) -> bool {
    let everywhere = inventory.settings(app).cm.iter();
    let mut everywhere = everywhere.filter(|(name, _)| name.starts_with("resource.customizations"));
    if everywhere.any(|(name, text)| name.contains("ignoreDifferences") && text.contains("replicas")) {
        return true;
    }
    let spec = &app.application.spec;
    let concerns = |entry: &Value| {
        let fits = |field: &str, own: &str| {
            entry[field].as_str().is_none_or(|text| text == own || text == "*" || text.is_empty())
        };
        let says = |field: &str| {
            entry[field]
                .as_array()
                .into_iter()
                .flatten()
                .any(|text| text.as_str().is_some_and(|text| text.contains("replicas")))
        };
        let by_manager =
            entry["managedFieldsManagers"].as_array().is_some_and(|managers| !managers.is_empty());
        fits("group", &key.group)
            && fits("kind", &key.kind)
            && fits("name", &key.name)
            && (by_manager || says("jsonPointers") || says("jqPathExpressions"))
    };
    spec.sync_options().has("RespectIgnoreDifferences=true") && spec.ignore_differences.iter().any(concerns)
}
