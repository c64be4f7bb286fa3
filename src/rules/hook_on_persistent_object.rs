//! BH508. Meaning, rationale and examples: `rules/BH508-hook-on-persistent-object.md`.

use super::options::exchange;
use super::{Check, Context, Rule};
use crate::finding::{FixKind, Severity};
use crate::inventory::{App, AppId};
use crate::model::{GroupKind, Manifest, Phase, holds_data, pod_spec};
use crate::render::Target;
use crate::yaml::Node;
use hashbrown::HashSet;

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH508-hook-on-persistent-object.md"),
    check: Check::Application(check),
};

const HOOK: &str = "argocd.argoproj.io/hook";
const HELM_HOOK: &str = "helm.sh/hook";
const WAVE: &str = "argocd.argoproj.io/sync-wave";

fn check(_: AppId, app: &App, cx: &mut Context<'_>) {
    if app.targets.list.iter().all(|target| target.hooks.is_none()) {
        return;
    }
    let ordinary = app.targets.list.iter().filter(|target| target.hooks.is_none());
    let used: HashSet<(&'static str, &str)> =
        ordinary.flat_map(|target| references(&target.manifest)).collect();
    for target in app.targets.list.iter().filter(|target| runs(target)) {
        if let Some(severity) = severity(target, &used, &cx.options.stateful) {
            tell(cx, app, target, severity);
        }
    }
}

/// Whether a sync runs the hook, so that its object is deleted and made anew.
fn runs(target: &Target) -> bool {
    let syncs = [Phase::PreSync, Phase::Sync, Phase::PostSync];
    target.hooks.as_ref().is_some_and(|phases| phases.iter().any(|phase| syncs.contains(phase)))
}

/// How bad it is that an object is a hook; None where it may be one.
fn severity(
    target: &Target,
    used: &HashSet<(&'static str, &str)>,
    stateful: &[GroupKind],
) -> Option<Severity> {
    const LASTING: &[(&str, &str)] =
        &[("apps", "StatefulSet"), ("", "Namespace"), ("", "PersistentVolume"), ("", "Service")];
    let key = &target.key;
    let name = &*key.name;
    let lasts = LASTING.iter().any(|(group, kind)| key.is(group, kind));
    if lasts || holds_data(&key.group, &target.manifest, stateful) {
        return Some(Severity::Error);
    }
    if key.is("", "Secret") && used.contains(&("Secret", name)) {
        return Some(Severity::Error);
    }
    (key.is("", "ServiceAccount") && used.contains(&("ServiceAccount", name))).then_some(Severity::Warning)
}

fn tell(cx: &mut Context<'_>, app: &App, target: &Target, severity: Severity) {
    let annotation = if target.manifest.annotation(HOOK).is_some() { HOOK } else { HELM_HOOK };
    let fix = match annotation {
        HOOK if target.manifest.annotation(HELM_HOOK).is_none() => {
            exchange(&target.manifest, HOOK, WAVE, "-1", cx.inventory)
        }
        _ => Vec::new(),
    };
    let policies = [HOOK, HELM_HOOK].map(|name| format!("{name}-delete-policy"));
    let before = policies.iter().any(|name| {
        target
            .manifest
            .annotation(name)
            .is_some_and(|text| text.contains("BeforeHookCreation") || text.contains("before-hook-creation"))
    });
    let stated = policies.iter().any(|name| target.manifest.annotation(name).is_some());
    let because = match (before || !stated, &*target.key.kind) {
        (true, "PersistentVolumeClaim") => {
            "each sync deletes the claim, or waits for ever where a Pod mounts it, and makes a new, empty one"
        }
        (true, _) => "each sync deletes the object and makes it anew; in between it is not there",
        (false, _) => {
            "the delete policy deletes it after a sync, and nothing brings it back before the next one"
        }
    };
    let place = target.manifest.location_at(&["metadata", "annotations", annotation]);
    cx.report(place, format!("`{}` is a hook", target.key))
        .about(app, target)
        .because(because)
        .help("make it an ordinary object: a sync wave such as `argocd.argoproj.io/sync-wave: \"-1\"` brings it first")
        .at_most(severity)
        .fix(FixKind::Safe, fix);
}

/// The Secrets and ServiceAccounts that the Pods of a workload name.
fn references(manifest: &Manifest) -> Vec<(&'static str, &str)> {
    let Some(pod) = pod_spec(manifest) else { return Vec::new() };
    let account = pod.get("serviceAccountName").and_then(Node::as_str).map(|name| ("ServiceAccount", name));
    let named = pod.subtree().flat_map(Node::entries).filter_map(|entry| {
        let name = match &*entry.key {
            "secretName" => entry.value.as_str(),
            "secretRef" | "secretKeyRef" => entry.value.get("name").and_then(Node::as_str),
            _ => None,
        };
        name.map(|name| ("Secret", name))
    });
    named.chain(account).collect()
}
