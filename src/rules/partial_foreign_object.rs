//! BH314. Meaning, rationale and examples: `rules/BH314-partial-foreign-object.md`.

use crate::finding::FixKind;
use crate::inventory::{App, ResourceId};
use crate::model::{Protection, protections};
use crate::render::Target;
use crate::rules::options::annotate;
use crate::rules::{Check, Context, Rule};
use crate::yaml::Node;

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH314-partial-foreign-object.md"), check: Check::Resource(check) };

fn check(_: ResourceId, app: &App, target: &Target, cx: &mut Context<'_>) {
    if target.hooks.is_some() || !is_partial(target) {
        return;
    }
    let options = app.application.spec.sync_options();
    let found = protections(&target.manifest, &options, cx.inventory.settings(app).version);
    let prunes = app.application.prunes_automatically() && found.prune == Protection::None;
    let cascades = app.application.cascades() && found.delete == Protection::None;
    if !prunes && !cascades {
        return;
    }
    let fix = annotate(&target.manifest, &["Prune=false", "Delete=false"], cx.inventory);
    cx.report_target(app, target, format!("`{}` is a part of an object that somebody else made, and goes as a whole", target.key))
        .because("a few fields that are applied make Argo CD track the whole object: once they leave git, or with the Application, all of it is deleted")
        .help("annotate it with `argocd.argoproj.io/sync-options: Prune=false,Delete=false`")
        .fix(FixKind::Safe, fix);
}

/// Whether a workload lacks what the API server demands of a new one, so that it can only be laid over one that is there.
fn is_partial(target: &Target) -> bool {
    let is_workload =
        ["Deployment", "DaemonSet", "StatefulSet"].iter().any(|kind| target.key.is("apps", kind));
    let spec = target.manifest.node().get("spec");
    let has = |way: &[&str]| spec.and_then(|spec| spec.at(way)).is_some_and(|node: Node<'_>| !node.is_null());
    is_workload && (!has(&["selector"]) || !has(&["template"]))
}
