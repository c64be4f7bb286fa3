//! BH307. Meaning, rationale and examples: `rules/BH307-force-replace-on-stateful.md`.

use crate::finding::Severity;
use crate::inventory::{App, ResourceId};
use crate::model::{SyncOptions, holds_data};
use crate::render::Target;
use crate::rules::{Check, Context, Rule};

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH307-force-replace-on-stateful.md"),
    check: Check::Resource(check),
};

fn check(_: ResourceId, app: &App, target: &Target, cx: &mut Context<'_>) {
    let what = match target {
        _ if target.hooks.is_some() => return,
        _ if holds_data(&target.key.group, &target.manifest, &cx.options.stateful) => "it holds data",
        _ if target.key.is("apps", "StatefulSet") => "it has a state",
        _ if is_load_balancer(target) => "it has an address outside of the cluster",
        _ => return,
    };
    let own = SyncOptions::of_object(&target.manifest);
    let replaced = own.has("Replace=true") || app.application.spec.sync_options().has("Replace=true");
    let group = format!("`{}` replaces or recreates what must not be", app.id);
    if own.has("Force=true") {
        cx.report_target(
            app,
            target,
            format!("`Force=true` deletes `{}` and makes it anew, and {what}", target.key),
        )
        .because("with it, every change that cannot be applied in place is a deletion first; nothing asks")
        .help("take `Force=true` out; it is meant for Jobs")
        .group(group);
    } else if replaced {
        cx.report_target(app, target, format!("`Replace=true` replaces `{}` as a whole, and {what}", target.key))
            .because("what controllers and people added to the object is lost at every sync, and what cannot be replaced stops the sync, which invites somebody to force it")
            .help("use `ServerSideApply=true` where the object is too large to be applied")
            .group(group)
            .at_most(Severity::Warning);
    }
}

fn is_load_balancer(target: &Target) -> bool {
    let kind = target.manifest.node().at(&["spec", "type"]).and_then(|kind| kind.as_str());
    target.key.is("", "Service") && kind == Some("LoadBalancer")
}
