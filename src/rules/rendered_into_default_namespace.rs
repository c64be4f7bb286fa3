//! BH202. Meaning, rationale and examples: `rules/BH202-rendered-into-default-namespace.md`.

use super::owners::is_applied;
use crate::finding::Severity;
use crate::inventory::{App, AppId};
use crate::render::Target;
use crate::rules::{Check, Context, Rule};

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH202-rendered-into-default-namespace.md"),
    check: Check::Application(check),
};

/// Groups whose objects are put into other namespaces on purpose: permissions, and Argo CD's own.
const ELSEWHERE: &[&str] = &["argoproj.io", "rbac.authorization.k8s.io"];
/// What runs, and what it runs with; anything else belongs into Argo CD's namespace now and then.
const WORKLOADS: &[(&str, &[&str])] = &[
    ("", &["PersistentVolumeClaim", "Pod", "Service"]),
    ("apps", &["DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"]),
    ("batch", &["CronJob", "Job"]),
];

fn check(_: AppId, app: &App, cx: &mut Context<'_>) {
    let to = &app.application.spec.destination.namespace;
    if !app.is_written() || to.is_empty() {
        return;
    }
    let control_plane = cx.inventory.settings(app).namespace.clone();
    let has_company = app.targets.list.iter().any(|target| *target.key.namespace == **to);
    for target in app.targets.list.iter().filter(|target| is_applied(target)) {
        let namespace = &*target.key.namespace;
        let is_stray = match namespace {
            _ if namespace == to => false,
            "default" => !ELSEWHERE.contains(&&*target.key.group),
            _ => namespace == control_plane && app.cluster == app.home && is_workload(target),
        };
        let is_meant = target.manifest.is_written() && !has_company;
        if is_stray && !is_meant {
            report(app, target, has_company, cx);
        }
    }
}

fn is_workload(target: &Target) -> bool {
    let key = &target.key;
    WORKLOADS.iter().any(|(group, kinds)| *key.group == **group && kinds.contains(&&*key.kind))
}

fn report(app: &App, target: &Target, has_company: bool, cx: &mut Context<'_>) {
    let (namespace, to) = (&target.key.namespace, &app.application.spec.destination.namespace);
    let message =
        format!("`{}` lands in namespace `{namespace}`, though the destination is `{to}`", target.key);
    let report = cx
        .report_target(app, target, message)
        .because("Argo CD fills in a namespace only where none is written; this one is written, or the renderer was told none and took its own default")
        .see(app.application.manifest.location_at(&["spec", "destination", "namespace"]), "the destination")
        .help("take the namespace out of the manifest, or tell the renderer: `namespace:` of `helmCharts` or of the kustomization")
        .group(format!("`{}` deploys to namespace `{namespace}`, though its destination is `{to}`", app.id));
    if target.manifest.is_written() || !has_company {
        report.at_most(Severity::Warning);
    }
}
