//! BH304. Meaning, rationale and examples: `rules/BH304-helm-keep-is-not-prune-false.md`.

use crate::finding::FixKind;
use crate::inventory::{App, ResourceId};
use crate::model::{Protection, helm_keeps, protections};
use crate::render::Target;
use crate::rules::options::annotate;
use crate::rules::{Check, Context, Rule};

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH304-helm-keep-is-not-prune-false.md"),
    check: Check::Resource(check),
};

fn check(_: ResourceId, app: &App, target: &Target, cx: &mut Context<'_>) {
    let is_definition = target.key.is("apiextensions.k8s.io", "CustomResourceDefinition");
    if !app.application.prunes_automatically() || target.hooks.is_some() || is_definition {
        return; // Argo CD does not track definitions, so it does not prune them either.
    }
    if !helm_keeps(&target.manifest) {
        return;
    }
    let options = app.application.spec.sync_options();
    let found = protections(&target.manifest, &options, cx.inventory.settings(app).version);
    if found.prune != Protection::None {
        return;
    }
    let fix = annotate(&target.manifest, &["Prune=false"], cx.inventory);
    cx.report_target(app, target, format!("`helm.sh/resource-policy: keep` does not keep `{}` from being pruned", target.key))
        .because("Argo CD takes `keep` for `Delete=false`: it counts when the Application is deleted, and not when the object leaves git")
        .help("add `argocd.argoproj.io/sync-options: Prune=false`")
        .group(format!("`{}` prunes objects that `helm.sh/resource-policy: keep` was to keep", app.id))
        .fix(FixKind::Safe, fix);
}
