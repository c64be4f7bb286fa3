//! BH303. Meaning, rationale and examples: `rules/BH303-prune-without-delete-protection.md`.

use crate::finding::FixKind;
use crate::inventory::{App, ResourceId};
use crate::model::{Protection, SyncOptions, protections};
use crate::render::Target;
use crate::rules::options::annotate;
use crate::rules::{Check, Context, Rule};

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH303-prune-without-delete-protection.md"),
    check: Check::Resource(check),
};

fn check(_: ResourceId, app: &App, target: &Target, cx: &mut Context<'_>) {
    if !app.application.cascades() || target.hooks.is_some() || is_definition(target) {
        return;
    }
    let own = SyncOptions::of_object(&target.manifest);
    let Some(value @ ("false" | "confirm")) = own.value("Prune") else { return };
    let options = app.application.spec.sync_options();
    let found = protections(&target.manifest, &options, cx.inventory.settings(app).version);
    if found.prune == Protection::None || found.delete != Protection::None {
        return;
    }
    let fix = annotate(&target.manifest, &[&format!("Delete={value}")], cx.inventory);
    cx.report_target(app, target, format!("`{}` survives a prune, but not the deletion of `{}`", target.key, app.id))
        .because("deleting the Application deletes what it deployed, its finalizer says so, and that looks at `Delete=` alone; renaming the Application is enough")
        .help(format!("write `argocd.argoproj.io/sync-options: Prune={value},Delete={value}`"))
        .group(format!("`{}` deletes objects that it does not prune", app.id))
        .fix(FixKind::Safe, fix);
}

/// CustomResourceDefinitions never go with an Application (`shouldBeDeleted`).
fn is_definition(target: &Target) -> bool {
    target.key.is("apiextensions.k8s.io", "CustomResourceDefinition")
}
