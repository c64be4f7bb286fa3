//! BH302. Meaning, rationale and examples: `rules/BH302-namespace-of-protected-unprotected.md`.

use crate::finding::FixKind;
use crate::inventory::{App, Inventory, ResourceId};
use crate::model::{Protection, Protections, SyncOptions, protections};
use crate::rules::options::annotate;
use crate::rules::{Check, Context, Rule};
use hashbrown::HashMap;
use std::sync::Arc;

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH302-namespace-of-protected-unprotected.md"),
    check: Check::Inventory(check),
};

/// Instance, cluster, namespace.
type Room = (usize, Arc<str>, Arc<str>);

/// What the objects of one namespace ask for, and the first of them that asks for most.
struct Wanted {
    protections: Protections,
    by: ResourceId,
}

fn check(cx: &mut Context<'_>) {
    let inventory = cx.inventory;
    let wanted = wanted(inventory);
    if wanted.is_empty() {
        return;
    }
    for id in inventory.resources() {
        let (app, target) = (inventory.app(id), inventory.target(id));
        if target.key.is("", "Namespace") {
            let room = (app.instance, app.cluster.clone(), target.key.name.clone());
            if let Some(wanted) = wanted.get(&room) {
                compare(id, wanted, cx);
            }
        }
    }
}

/// The protection that objects have by their own annotation, by namespace.
fn wanted(inventory: &Inventory) -> HashMap<Room, Wanted> {
    let mut all: HashMap<Room, Wanted> = HashMap::new();
    for id in inventory.resources() {
        let (app, target) = (inventory.app(id), inventory.target(id));
        let own = SyncOptions::of_object(&target.manifest);
        let asks =
            ["Prune", "Delete"].iter().any(|lock| matches!(own.value(lock), Some("false" | "confirm")));
        if !asks || target.key.namespace.is_empty() || target.hooks.is_some() {
            continue;
        }
        let found = of(app, id, inventory);
        let room = (app.instance, app.cluster.clone(), target.key.namespace.clone());
        let wanted = all.entry(room).or_insert(Wanted { protections: found, by: id });
        let more = |a: Protection, b: Protection| a.max(b);
        wanted.protections.prune = more(wanted.protections.prune, found.prune);
        wanted.protections.delete = more(wanted.protections.delete, found.delete);
    }
    all
}

fn of(app: &App, id: ResourceId, inventory: &Inventory) -> Protections {
    let options = app.application.spec.sync_options();
    protections(&inventory.target(id).manifest, &options, inventory.settings(app).version)
}

fn compare(id: ResourceId, wanted: &Wanted, cx: &mut Context<'_>) {
    let inventory = cx.inventory;
    let (app, target) = (inventory.app(id), inventory.target(id));
    let found = of(app, id, inventory);
    let missing = missing(found, wanted.protections);
    let told_elsewhere =
        missing.len() == 1 && missing[0].starts_with("Delete") && found.prune != Protection::None;
    if missing.is_empty() || told_elsewhere && app.application.cascades() {
        return; // BH303 says that it goes with its Application.
    }
    let (guest, room) = (inventory.target(wanted.by), &target.key.name);
    let fix = annotate(&target.manifest, &missing, inventory);
    let missing = missing.join(",");
    cx.report_target(
        app,
        target,
        format!("`{}` is protected, the namespace `{room}` around it is not", guest.key),
    )
    .see(guest.manifest.location(), "the protected object")
    .because("when a namespace is deleted, everything in it goes, whatever its own annotations say")
    .help(format!("annotate the Namespace with `argocd.argoproj.io/sync-options: {missing}`"))
    .group(format!("`{}` leaves namespaces around protected objects unprotected", app.id))
    .fix(FixKind::Safe, fix);
}

/// The options that a Namespace lacks to be as well protected as what is in it.
fn missing(found: Protections, wanted: Protections) -> Vec<&'static str> {
    let option = |found: Protection, wanted: Protection, confirm, kept| match wanted {
        _ if found >= wanted => None,
        Protection::None => None,
        Protection::Confirm => Some(confirm),
        Protection::Kept => Some(kept),
    };
    let prune = option(found.prune, wanted.prune, "Prune=confirm", "Prune=false");
    let delete = option(found.delete, wanted.delete, "Delete=confirm", "Delete=false");
    prune.into_iter().chain(delete).collect()
}
