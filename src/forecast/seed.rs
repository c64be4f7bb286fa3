//! The live state before the merge, inferred from base.

use super::admission;
use super::apply;
use super::build::Generated;
use super::compare::creates_namespace;
use super::world::{Being, ControlId, Listing, Spec, ThingId, World};
use crate::inventory::{Inventory, Outcome, Parent};
use crate::model::{Manifest, Phase, ResourceKey, Tracking, Version, claims_of};
use crate::render::Target;
use hashbrown::HashSet;
use std::sync::Arc;

/// Plants what base deploys: every Application did its last sync, and everything of it is as base says.
pub(super) fn plant(world: &mut World<'_>) {
    let likely = likely(world);
    for id in 0..world.controls.len() {
        let control = &world.controls[id];
        let namespace = control.base.or(control.head).map(|app| Arc::clone(&app.application.namespace));
        let assumed = namespace.is_some_and(|namespace| likely.contains(&(control.instance, namespace)));
        world.controls[id].watched = assumed || is_watched(world, id);
        if world.controls[id].base.is_some() {
            world.controls[id].spec = Spec::Old;
            world.controls[id].listing = Listing::Base;
            if !reads_merge(world, id) {
                world.controls[id].attempt = Some((Spec::Old, true));
            }
        }
    }
    plant_roots(world);
    for id in 0..world.controls.len() {
        plant_targets(world, id);
    }
    for id in 0..world.controls.len() {
        plant_namespace(world, id);
    }
    plant_claims(world);
    for thing in &mut world.things {
        thing.before = thing.now.clone();
    }
    world.touched.clear();
}

/// Whether the merge brings an Application a new revision.
fn reads_merge(world: &World<'_>, id: ControlId) -> bool {
    let control = &world.controls[id];
    let here =
        |view: &super::world::View<'_>| view.app.here.is_empty() || view.app.here.iter().any(|here| *here);
    control.old.as_ref().is_some_and(here)
}

/// Namespaces that hold a control plane for all that is known: where nobody says which one it is, those of Applications
/// and ApplicationSets that somebody applies by hand, as nobody does that where nothing looks at them. By instance.
fn likely(world: &World<'_>) -> HashSet<(usize, Arc<str>)> {
    let mut likely = HashSet::new();
    for control in &world.controls {
        if world.settings(control.instance).is_namespace_said {
            continue;
        }
        let sides = [(control.base, world.base), (control.head, world.head)];
        let written = sides.into_iter().filter_map(|(app, inventory)| Some((app?, inventory)));
        for (app, _) in written.filter(|(app, inventory)| is_by_hand(&app.parent, inventory)) {
            likely.insert((control.instance, Arc::clone(&app.application.namespace)));
        }
    }
    likely
}

/// Whether somebody applies by hand what has this parent, or the set that has it.
fn is_by_hand(parent: &Parent, inventory: &Inventory) -> bool {
    match *parent {
        Parent::Root => true,
        Parent::Application(above) => !inventory.applications[above].is_written(),
        Parent::Set { set, .. } => is_by_hand(&inventory.sets[set].parent, inventory),
        Parent::Folder => false,
    }
}

/// Whether Argo CD acts on an Application: in its own namespace, or in one that `application.namespaces` names.
fn is_watched(world: &World<'_>, id: ControlId) -> bool {
    use crate::glob::{Dialect, Pattern};
    let control = &world.controls[id];
    let Some(app) = control.base.or(control.head).filter(|app| app.is_written()) else { return true };
    let settings = world.settings(control.instance);
    let namespace = &app.application.namespace;
    if **namespace == *settings.namespace {
        return true;
    }
    let list = settings.params.get("application.namespaces").map_or("", String::as_str);
    let mut patterns = list.split(',').map(str::trim).filter(|pattern| !pattern.is_empty());
    patterns.any(|pattern| {
        Pattern::new(Dialect::RegexOrGobwas, pattern).is_ok_and(|pattern| pattern.matches(namespace))
    })
}

/// What base makes without an Application that renders it: by hand, or by an ApplicationSet.
fn plant_roots(world: &mut World<'_>) {
    for thing in 0..world.things.len() {
        let of = &world.things[thing];
        let control = world.application(thing).and_then(|id| world.controls[id].base);
        let set = control.and_then(|app| match app.parent {
            Parent::Set { set, .. } => Some(world.base.sets[set].key()),
            _ => None,
        });
        let set = set.and_then(|key| world.set(world.find(of.instance, &of.cluster, &key)?));
        let Some(manifest) = of.base.filter(|_| of.by_hand[0] || set.is_some()) else { continue };
        if of.base_apps.is_empty() {
            world.things[thing].now = Some(Being { controller: set, ..Being::new(Some(manifest), None) });
        }
    }
}

/// Whether an object carries a hook annotation that makes it one.
pub(super) fn is_hook(manifest: &Manifest) -> bool {
    crate::model::hooks(manifest).is_some_and(|phases| phases != [crate::model::Phase::Skip])
}

fn plant_targets(world: &mut World<'_>, id: ControlId) {
    let control = &world.controls[id];
    let Some(app) = control.base else { return };
    if app.outcome != Outcome::Rendered || !control.watched {
        return;
    }
    let things = base_things(world, id);
    for (thing, target) in things.into_iter().zip(&app.targets.list) {
        if !is_live(world, id, target) {
            continue;
        }
        let owner = is_tracked(world, id, target).then_some(id);
        let sharing = world.things[thing].base_apps.len() > 1;
        if sharing && world.things[thing].now.is_some() && !takes_over(world, thing, id) {
            continue;
        }
        let marked_in = marked_in(world, id, target);
        world.things[thing].now = Some(Being { marked_in, ..Being::new(Some(&target.manifest), owner) });
        if let Some(owner) = owner {
            world.controls[owner].owned.push(thing);
        }
    }
}

/// The objects of an Application's targets in base.
fn base_things(world: &mut World<'_>, id: ControlId) -> Vec<ThingId> {
    let control = &world.controls[id];
    let (instance, Some(app)) = (control.instance, control.base) else { return Vec::new() };
    world.targets(instance, app, &mut Generated::new())
}

/// Whether base's syncs left an object: hooks by their policy, and not what is never applied or refused.
fn is_live(world: &World<'_>, id: ControlId, target: &Target) -> bool {
    if super::compare::is_skipped(&target.manifest) {
        return false;
    }
    if let Some(phases) = &target.hooks {
        let runs = phases.iter().any(|phase| matches!(phase, Phase::PreSync | Phase::Sync | Phase::PostSync));
        return runs && !super::hooks::deletes_on_success(&target.manifest);
    }
    if target.key.name.is_empty() {
        return !target.manifest.generate_name().is_empty() && apply::replaces(world, id, target, None);
    }
    apply::label_fits(world, id) && admission::is_name(&target.key.name, &target.key.kind, &target.key.group)
}

/// Of Applications that render one object the owner is not known: one that leaves in head is taken for it, as that is
/// worst, and one that fails on shared objects never is.
fn takes_over(world: &World<'_>, thing: ThingId, id: ControlId) -> bool {
    let leaves = |id: ControlId| world.controls[id].head.is_none();
    let shy = |id: ControlId| {
        let base = world.controls[id].base;
        base.is_some_and(|app| app.application.spec.sync_options().has("FailOnSharedResource=true"))
    };
    let owner = world.things[thing].now.as_ref().and_then(|being| being.owner);
    let rank = |id: ControlId| (!shy(id), leaves(id));
    owner.is_none_or(|owner| rank(id) > rank(owner))
}

/// Whether applying a target stamps it with the Application's name.
///
/// CustomResourceDefinitions are not stamped, unless their namespace is cleared (from 3.5) or the manifest carries a
/// mark that fits by itself (`GenerateManifests` in `reposerver/repository/repository.go`, `NormalizeTargetObjects` in
/// `controller/state.go`). One with owner references is never among those to prune.
pub(super) fn is_tracked(world: &World<'_>, id: ControlId, target: &Target) -> bool {
    let control = &world.controls[id];
    let settings = world.settings(control.instance);
    if target.key.name.is_empty() {
        return false;
    }
    let node = target.manifest.node();
    if node.at(&["metadata", "ownerReferences"]).is_some_and(|list| !list.is_empty()) {
        return false;
    }
    if !target.key.is("apiextensions.k8s.io", "CustomResourceDefinition") {
        return true;
    }
    if settings.tracking == Tracking::Label {
        let Some(view) = control.old.as_ref().or(control.new.as_ref()) else { return false };
        let name = view.application.instance_name(&settings.namespace);
        return target.manifest.label(settings.instance_label()) == Some(&*name);
    }
    let cleared =
        !target.manifest.namespace().is_empty() && settings.version >= Version { major: 3, minor: 5 };
    cleared || marked_by_hand(world, id, target)
}

fn marked_by_hand(world: &World<'_>, id: ControlId, target: &Target) -> bool {
    let mark = target.manifest.annotation("argocd.argoproj.io/tracking-id").unwrap_or("");
    mark_names(mark, &target.key) && mark.split(':').next() == Some(&*tracking_name(world, id))
}

/// Whether a tracking-id describes this object (`isSelfReferencedObj` in `controller/state.go`).
fn mark_names(mark: &str, key: &ResourceKey) -> bool {
    let mut parts = mark.splitn(3, ':').skip(1);
    let (Some(kind), Some(name)) = (parts.next(), parts.next()) else { return false };
    let Some((_, name)) = name.split_once('/') else { return false };
    kind.split_once('/') == Some((&*key.group, &*key.kind)) && name == &*key.name
}

/// The name by which tracking knows an Application.
pub(super) fn tracking_name(world: &World<'_>, id: ControlId) -> String {
    let control = &world.controls[id];
    let namespace = &world.settings(control.instance).namespace;
    let view = control.old.as_ref().or(control.new.as_ref());
    view.map_or_else(String::new, |view| view.application.instance_name(namespace))
}

/// The destination namespace that the mark of a cluster-scoped object names, under annotation tracking.
pub(super) fn marked_in(world: &World<'_>, id: ControlId, target: &Target) -> Option<Arc<str>> {
    let control = &world.controls[id];
    if !target.key.namespace.is_empty() || world.settings(control.instance).tracking == Tracking::Label {
        return None;
    }
    if target.key.is("apiextensions.k8s.io", "CustomResourceDefinition") {
        return None;
    }
    let view = control.view().or(control.base.and(control.old.as_ref()))?;
    Some(view.application.spec.destination.namespace.as_str().into())
}

/// The namespace that CreateNamespace made: in no manifest, tracked by nobody unless its metadata says so
/// (`controller/sync_namespace.go`).
fn plant_namespace(world: &mut World<'_>, id: ControlId) {
    for (view, is_base) in [(Spec::Old, true), (Spec::New, false)] {
        let control = &world.controls[id];
        let Some(view) = control.view_of(view) else { continue };
        let spec = &view.application.spec;
        let name: Arc<str> = spec.destination.namespace.as_str().into();
        if !creates_namespace(&spec.sync_options()) || name.is_empty() {
            continue;
        }
        let cluster = match (is_base, control.base) {
            (true, Some(app)) => Arc::clone(&app.cluster),
            _ => Arc::clone(&view.app.cluster),
        };
        let instance = control.instance;
        let owner = marks_namespace(world, id, spec).then_some(id);
        let thing = world.thing(instance, &cluster, &ResourceKey::of_namespace(&name));
        let synced = world.controls[id].base.is_some_and(|app| app.outcome == Outcome::Rendered);
        let of = &mut world.things[thing];
        if of.base.is_none() && of.head.is_none() {
            of.derived = true;
        }
        if is_base && synced && of.now.is_none() {
            of.now = Some(Being::new(None, owner));
            if owner.is_some() {
                world.controls[id].owned.push(thing);
            }
        }
    }
}

/// Whether `managedNamespaceMetadata` carries a mark of this Application.
fn marks_namespace(world: &World<'_>, id: ControlId, spec: &crate::model::ApplicationSpec) -> bool {
    let metadata = spec.sync_policy.as_ref().and_then(|policy| policy.managed_namespace_metadata.as_ref());
    let Some(metadata) = metadata else { return false };
    let settings = world.settings(world.controls[id].instance);
    let mark = match settings.tracking {
        Tracking::Label => metadata.labels.get(settings.instance_label()),
        _ => metadata.annotations.get("argocd.argoproj.io/tracking-id"),
    };
    mark.and_then(|mark| mark.split(':').next()) == Some(&*tracking_name(world, id))
}

/// Claims that StatefulSets of either side make by their templates.
fn plant_claims(world: &mut World<'_>) {
    for set in 0..world.things.len() {
        let thing = &world.things[set];
        if !thing.key.is("apps", "StatefulSet") {
            continue;
        }
        for (manifest, is_base) in [(thing.base, true), (thing.head, false)] {
            let thing = &world.things[set];
            let Some(manifest) = manifest else { continue };
            let (instance, cluster, keys) =
                (thing.instance, Arc::clone(&thing.cluster), claims_of(&thing.key, manifest));
            let live = is_base && world.things[set].now.is_some();
            for key in keys {
                let claim = world.thing(instance, &cluster, &key);
                let of = &mut world.things[claim];
                if of.base.is_none() && of.head.is_none() {
                    of.derived = true;
                }
                if live && of.now.is_none() {
                    of.now = Some(Being::new(None, None));
                }
            }
        }
    }
}
