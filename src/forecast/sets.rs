//! What ApplicationSets make of the commit.

use super::cause::Cause;
use super::deletion;
use super::merge::changed;
use super::same::same_text;
use super::world::{Being, ControlId, End, SetControlId, ThingId, World};
use crate::appset::RESOURCES_FINALIZER;
use crate::inventory::{Fate, Set, SetOutcome};
use crate::model::Manifest;
use hashbrown::HashSet;
use std::sync::Arc;

/// Every set that changed, and in the first round every set, creates, updates and deletes its Applications.
///
/// Follows `Reconcile` and `createOrUpdateInCluster` in `applicationset/controllers/applicationset_controller.go`.
pub(super) fn reconcile(world: &mut World<'_>) {
    for id in 0..world.sets.len() {
        if std::mem::take(&mut world.sets[id].open) {
            reconcile_one(world, id);
        }
    }
}

fn reconcile_one(world: &mut World<'_>, id: SetControlId) {
    let set = &world.sets[id];
    let thing = set.thing;
    let (Some(head), true) = (set.head, world.lives(thing)) else { return };
    let live = world.things[thing].now.as_ref().and_then(|being| being.manifest);
    if live.is_some_and(|live| !same_text(live, &head.manifest)) {
        return; // What head says was not applied.
    }
    match head.outcome {
        SetOutcome::Generated => apply(world, id, head),
        SetOutcome::Refused | SetOutcome::Failed(_) => {}
        SetOutcome::Unknown => {
            let because = format!("what {} generates is not known", world.things[thing].key);
            for control in owned(world, id) {
                tell_unknown(world, control, &because);
            }
        }
    }
}

fn tell_unknown(world: &mut World<'_>, control: ControlId, because: &str) {
    if let Some(thing) = world.controls[control].thing {
        world.things[thing].unknown = Some(Cause::new("set-unknown", because.to_owned()));
    }
}

/// The live Applications whose owner references name the set.
fn owned(world: &World<'_>, id: SetControlId) -> Vec<ControlId> {
    let controls = 0..world.controls.len();
    controls
        .filter(|control| {
            let thing = world.controls[*control].thing.map(|thing| &world.things[thing]);
            thing.and_then(|thing| thing.now.as_ref()).is_some_and(|being| being.controller == Some(id))
        })
        .collect()
}

fn apply(world: &mut World<'_>, id: SetControlId, head: &Set) {
    let members = world.sets[id].members.clone();
    let mut names: HashSet<Arc<str>> = HashSet::new();
    let mut failed = false;
    let unknown = world.sets[id].base.is_some_and(|base| base.outcome != SetOutcome::Generated);
    for (member, control) in head.members.iter().zip(members) {
        names.insert(Arc::clone(&member.name));
        match (&member.fate, control) {
            // Of a project that nobody here defines or used, the controller says that it does not exist.
            (Fate::Applied(_), Some(control)) if lacks_project(world, control) => {}
            (Fate::Applied(_), Some(control)) => {
                failed |= !apply_member(world, id, head, control);
                if unknown && world.controls[control].base.is_none() {
                    tell_unknown(world, control, "what its ApplicationSet generated before is not known");
                }
            }
            (Fate::Rejected(_) | Fate::Owned(_), _) => failed = true,
            (Fate::Applied(_) | Fate::Twice | Fate::Invalid(_) | Fate::Left, _) => {}
        }
    }
    // One error, and nothing is deleted in this round.
    if failed || !head.sync.deletes() {
        return;
    }
    let gone = |control: &ControlId| {
        let thing = world.controls[*control].thing?;
        (!names.contains(&world.things[thing].key.name)).then_some((thing, End::Set(id)))
    };
    let doomed: Vec<(ThingId, End)> = owned(world, id).iter().filter_map(gone).collect();
    deletion::delete(world, doomed);
}

fn lacks_project(world: &World<'_>, id: ControlId) -> bool {
    let control = &world.controls[id];
    let project = control.head.map(|app| app.application.spec.project_name());
    project.is_some_and(|project| world.projects.is_missing(control.instance, project))
}

/// Creates or updates one Application; false where another set owns it.
fn apply_member(world: &mut World<'_>, id: SetControlId, head: &Set, control: ControlId) -> bool {
    let (Some(thing), Some(app)) = (world.controls[control].thing, world.controls[control].head) else {
        return true;
    };
    let manifest = &app.application.manifest;
    match &world.things[thing].now {
        Some(now) if now.held.is_some() => {
            // It is still going, and is made once it is gone.
            return true;
        }
        Some(now) => match now.controller {
            Some(other) if other != id => return false,
            Some(_) if !head.sync.updates() => return true,
            Some(_) if now.manifest.is_some_and(|live| same_text(live, manifest)) => return true,
            // Whatever the policy, an Application without an owner is taken over.
            Some(_) | None => {}
        },
        None => {}
    }
    world.put(thing, Being { controller: Some(id), ..Being::new(Some(manifest), None) });
    changed(world, thing);
    true
}

/// What goes with a set that is deleted.
///
/// Owner references take its Applications along, unless its policy forbids to delete them and its finalizer makes the
/// controller take the references off first. Without the finalizer it is a race with the garbage collector.
pub(super) fn end(world: &mut World<'_>, thing: ThingId, manifest: Option<&Manifest>) -> Vec<(ThingId, End)> {
    let Some(id) = world.set(thing) else { return Vec::new() };
    let set = &world.sets[id];
    let spares = set.base.or(set.head).is_some_and(|set| !set.sync.deletes());
    let finalizers = manifest.and_then(|manifest| manifest.node().at(&["metadata", "finalizers"]));
    let first =
        finalizers.is_some_and(|list| list.items().any(|item| item.as_str() == Some(RESOURCES_FINALIZER)));
    let controls = owned(world, id);
    let things: Vec<ThingId> = controls.iter().filter_map(|control| world.controls[*control].thing).collect();
    if spares && first {
        for thing in things {
            if let Some(being) = &mut world.things[thing].now {
                being.controller = None;
                being.altered = true;
            }
        }
        return Vec::new();
    }
    for control in controls {
        let objects = world.controls[control].owned.clone();
        for object in objects.into_iter().chain(world.controls[control].thing) {
            world.things[object].race |= spares;
        }
    }
    things.into_iter().map(|application| (application, End::Owner(thing))).collect()
}
