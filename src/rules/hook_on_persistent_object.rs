//! BH508. Meaning, rationale and examples: `rules/BH508-hook-on-persistent-object.md`.

use crate::finding::Severity;
use crate::inventory::{App, ResourceId};
use crate::model::{HELM_HOOK, HOOK, Phase, holds_data};
use crate::render::Target;
use crate::rules::{Check, Context, Rule};

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH508-hook-on-persistent-object.md"),
    check: Check::Resource(check),
};

/// Kinds that others depend on while they are there.
const LASTING: &[(&str, &str)] =
    &[("", "Namespace"), ("", "Service"), ("", "Secret"), ("", "PersistentVolume"), ("apps", "StatefulSet")];
const RBAC: &str = "rbac.authorization.k8s.io";
/// Annotations that say when a hook is deleted.
const POLICIES: &[&str] = &["argocd.argoproj.io/hook-delete-policy", "helm.sh/hook-delete-policy"];
/// Policies by which it is deleted in the course of a sync that goes well.
const DELETING: &[&str] = &["BeforeHookCreation", "HookSucceeded", "before-hook-creation", "hook-succeeded"];

fn check(_: ResourceId, app: &App, target: &Target, cx: &mut Context<'_>) {
    let Some(phases) = &target.hooks else { return };
    let runs = phases.iter().any(|phase| matches!(phase, Phase::PreSync | Phase::Sync | Phase::PostSync));
    if !runs || !is_deleted(target) {
        return;
    }
    let (group, kind) = (&*target.key.group, &*target.key.kind);
    let is_data = holds_data(group, &target.manifest, &cx.options.stateful);
    // Charts make Secrets and accounts for their own Jobs in this way, and mean it.
    let by_chart =
        target.manifest.annotation(HOOK).is_none() && target.manifest.annotation(HELM_HOOK).is_some();
    let lasts = LASTING.contains(&(group, kind)) && !(by_chart && kind == "Secret");
    let is_right = (group == RBAC || kind == "ServiceAccount") && !by_chart;
    if !(is_data || lasts || is_right) {
        return;
    }
    let report = cx
        .report_target(app, target, format!("`{}` is a hook: every sync deletes it and makes it anew", target.key))
        .because("a hook is deleted before it runs again, unless its delete policy says otherwise; what it holds goes with it, and what uses it stops")
        .help("take the hook off; `argocd.argoproj.io/sync-wave: \"-1\"` makes it come first");
    if !is_data && !lasts {
        report.at_most(Severity::Warning);
    }
}

/// Whether a sync that goes well deletes it, by its policy or for want of one.
fn is_deleted(target: &Target) -> bool {
    let written = POLICIES.iter().filter_map(|name| target.manifest.annotation(name));
    let mut policies = written
        .flat_map(|text| text.split(','))
        .map(str::trim)
        .filter(|policy| !policy.is_empty())
        .peekable();
    policies.peek().is_none() || policies.any(|policy| DELETING.contains(&policy))
}
