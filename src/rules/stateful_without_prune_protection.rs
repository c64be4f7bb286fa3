//! BH301. Meaning, rationale and examples: `rules/BH301-stateful-without-prune-protection.md`.

use crate::inventory::{App, ResourceId};
use crate::model::{Protection, helm_keeps, holds_data, protections};
use crate::render::Target;
use crate::rules::{Check, Context, Rule};

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH301-stateful-without-prune-protection.md"),
    check: Check::Resource(check),
};

fn check(_: ResourceId, app: &App, target: &Target, cx: &mut Context<'_>) {
    if !app.application.prunes_automatically() || target.hooks.is_some() {
        return;
    }
    if !holds_data(&target.key.group, &target.manifest, &cx.options.stateful) {
        return;
    }
    let options = app.application.spec.sync_options();
    let found = protections(&target.manifest, &options, cx.inventory.settings(app).version);
    if found.prune != Protection::None || helm_keeps(&target.manifest) {
        return; // BH304 says that `keep` does not keep it.
    }
    cx.report_target(app, target, format!("nothing keeps `{}` from being pruned, and it holds data", target.key))
        .because("automated sync deletes what left git, by whatever mistake it left: a renamed file, a value switched off, an Application replaced under its name")
        .help("annotate it with `argocd.argoproj.io/sync-options: Prune=false,Delete=false`, or `Prune=confirm,Delete=confirm` to be asked")
        .group(format!("`{}` prunes objects that hold data", app.id));
}
