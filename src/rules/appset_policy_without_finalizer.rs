//! BH507. Meaning, rationale and examples: `rules/BH507-appset-policy-without-finalizer.md`.

use super::{Check, Context, Rule};
use super::{options, sets};
use crate::appset::{ApplicationSet, RESOURCES_FINALIZER};
use crate::finding::{FixKind, Severity};
use crate::inventory::Set;
use crate::model::ApplicationsSync;
use crate::yaml::{Node, edit};
use serde_json::json;

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH507-appset-policy-without-finalizer.md"),
    check: Check::ApplicationSet(check),
};

const FIELD: &[&str] = &["spec", "syncPolicy", "applicationsSync"];

fn check(set: &Set, admitted: &ApplicationSet, cx: &mut Context<'_>) {
    let Some(policy) = admitted.applications_sync().filter(|policy| !policy.deletes()) else { return };
    let name = set.manifest.node().at(FIELD).map_or("", |node| node.text());
    let settings = &cx.inventory.instances[set.instance].settings;
    if settings.applications_sync(Some(policy)).deletes() {
        cx.report_set(set, set.manifest.location_at(FIELD), format!("`{name}` does not count: the controller has a policy that deletes, and lets no set overrule it"))
            .because("Applications that the set no longer generates are deleted")
            .help("let sets overrule the controller: `applicationsetcontroller.enable.policy.override: \"true\"` in `argocd-cmd-params-cm`");
        return;
    }
    let metadata = set.manifest.node().get("metadata");
    let finalizers = metadata.and_then(|metadata| metadata.get("finalizers"));
    let is_own = |item: Node<'_>| item.as_str() == Some(RESOURCES_FINALIZER);
    if finalizers.is_some_and(|list| list.items().any(is_own)) {
        return;
    }
    if sets::may_be_patched(cx.inventory, set, &["finalizers", "applicationsSync"]) {
        return;
    }
    let edits = options::edits(&set.manifest, cx.inventory, || match finalizers {
        Some(list) if list.is_seq() => edit::push(list, &json!(RESOURCES_FINALIZER)),
        _ => {
            metadata.and_then(|metadata| edit::set(metadata, &["finalizers"], &json!([RESOURCES_FINALIZER])))
        }
    });
    let kept = match policy {
        ApplicationsSync::CreateOnly => "which are only to be created",
        _ => "which are never to be deleted",
    };
    let message = format!("`{name}` does not keep the Applications, {kept}, when the set itself is deleted");
    let report = cx
        .report_set(set, set.manifest.location_at(FIELD), message)
        .because("they belong to the set, and Kubernetes deletes what belongs to a deleted object; only with the finalizer of its own does the controller let go of them first")
        .help(format!("add `{RESOURCES_FINALIZER}` to `metadata.finalizers` of the set"))
        .fix(FixKind::Unsafe, edits);
    if admitted.preserves_resources() {
        report.at_most(Severity::Warning);
    }
}
