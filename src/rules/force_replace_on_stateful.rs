//! BH309. Meaning, rationale and examples: `rules/BH309-force-replace-on-stateful.md`.

use super::options::{drop_option, without};
use super::{Check, Context, Rule};
use crate::finding::{FixKind, Severity};
use crate::inventory::App;
use crate::model::{GroupKind, SYNC_OPTIONS, SyncOptions, holds_data};
use crate::render::Target;
use crate::yaml::Node;

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH309-force-replace-on-stateful.md"),
    check: Check::Inventory(check),
};

const FORCE: &str = "Force=true";
const REPLACE: &str = "Replace=true";
const APPLICATION: &[&str] = &["spec", "syncPolicy", "syncOptions"];

fn check(cx: &mut Context<'_>) {
    let inventory = cx.inventory;
    for app in inventory.applications.iter().filter(|app| app.changed_by.is_none()) {
        let lasting: Vec<&Target> =
            app.targets.list.iter().filter(|target| must_last(target, &cx.options.stateful)).collect();
        let everywhere = app.application.spec.sync_options().has(REPLACE);
        for target in &lasting {
            tell_object(cx, app, target, everywhere);
        }
        if everywhere && let Some(first) = lasting.first() {
            tell_application(cx, app, first, lasting.len());
        }
    }
}

/// Whether an object is one that must not be made anew.
fn must_last(target: &Target, stateful: &[GroupKind]) -> bool {
    let key = &target.key;
    let balances =
        || target.manifest.node().at(&["spec", "type"]).and_then(Node::as_str) == Some("LoadBalancer");
    target.hooks.is_none()
        && (holds_data(&key.group, &target.manifest, stateful)
            || key.is("apps", "StatefulSet")
            || key.is("", "PersistentVolume")
            || (key.is("", "Service") && balances()))
}

fn tell_object(cx: &mut Context<'_>, app: &App, target: &Target, everywhere: bool) {
    let own = SyncOptions::of_object(&target.manifest);
    let (force, replace) = (own.has(FORCE), own.has(REPLACE));
    let (what, because) = match (force, replace || everywhere) {
        (true, true) => (
            "is deleted and made anew at every sync",
            "`Replace=true` with `Force=true` runs `kubectl replace --force`, which deletes the object first",
        ),
        (true, false) => (
            "is deleted and made anew when a field changes that cannot",
            "`Force=true` runs `kubectl apply --force`, which deletes what it cannot change; without the option the sync would fail and nothing be lost",
        ),
        (false, _) if replace => (
            "is overwritten at every sync",
            "`Replace=true` runs `kubectl replace`: what controllers wrote into the object is lost, and where it must not be, the sync fails",
        ),
        (false, _) => return,
    };
    let fix = without(&target.manifest, &["Force", "Replace"], cx.inventory);
    let place = target.manifest.location_at(&["metadata", "annotations", SYNC_OPTIONS]);
    let report = cx
        .report(place, format!("`{}` {what}", target.key))
        .about(app, target)
        .because(because)
        .help("take the option off; for objects that are too large for `kubectl apply`, use `ServerSideApply=true`")
        .fix(FixKind::Safe, fix);
    if !force {
        report.at_most(Severity::Warning);
    }
}

fn tell_application(cx: &mut Context<'_>, app: &App, first: &Target, count: usize) {
    let objects = match count {
        1 => format!("`{}`", first.key),
        _ => format!("`{}` and {} more that must last", first.key, count - 1),
    };
    let fix = drop_option(&app.application.manifest, APPLICATION, REPLACE, cx.inventory);
    cx.report_app(app, APPLICATION, format!("`{}` overwrites {objects} at every sync", app.id))
        .see(first.manifest.location(), "this one among them")
        .because("`Replace=true` of an Application counts for all of its objects: what controllers wrote into them is lost, and where it must not be, the sync fails")
        .help("put `Replace=true` on the object that needs it, or use `ServerSideApply=true`")
        .at_most(Severity::Warning)
        .fix(FixKind::Unsafe, fix);
}
