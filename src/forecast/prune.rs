//! Which objects a sync may prune.

use super::world::{ControlId, ThingId, World};
use crate::model::{Protection, SyncOptions, Version, protections};

/// What a sync does with an object that has no target any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Right {
    /// It deletes it.
    Prunes,
    /// The operation does not prune.
    Off,
    /// Its own option or the Application's keeps it.
    Kept,
    /// A person must approve, and the whole wave waits, even where prune is off.
    Confirm,
}

/// How a sync by the Application's spec of today treats a live object without a target.
///
/// The options of the live object count, then those of the Application; `prune` is what the operation says. Follows
/// `runTasks`, `pruneObject` and `isPruningDisabled` in `gitops-engine/pkg/sync/sync_context.go`.
pub(super) fn right(world: &World<'_>, id: ControlId, thing: ThingId) -> Right {
    let control = &world.controls[id];
    let Some(view) = control.view() else { return Right::Off };
    let prune = control.automated().is_some_and(|automated| automated.prune);
    let version = world.settings(control.instance).version;
    let options = view.application.spec.sync_options();
    let protection = world.things[thing].now.as_ref().and_then(|being| being.manifest).map_or_else(
        || of_application(&options, version),
        |manifest| protections(manifest, &options, version).prune,
    );
    match protection {
        Protection::Confirm => Right::Confirm,
        _ if !prune => Right::Off,
        Protection::Kept => Right::Kept,
        Protection::None => Right::Prunes,
    }
}

/// What the Application's options alone say of an object that no manifest describes.
fn of_application(options: &SyncOptions<'_>, version: Version) -> Protection {
    let none = SyncOptions::default();
    if version < (Version { major: 3, minor: 4 }) {
        return Protection::None;
    }
    crate::model::protection("Prune", &none, options)
}

/// Whether the prune of a live object comes after everything else.
pub(super) fn comes_last(world: &World<'_>, id: ControlId, thing: ThingId) -> bool {
    let last = |options: &SyncOptions<'_>| options.has("PruneLast=true");
    let application =
        world.controls[id].view().is_some_and(|view| last(&view.application.spec.sync_options()));
    let live = world.things[thing].now.as_ref().and_then(|being| being.manifest);
    application || live.is_some_and(|manifest| last(&SyncOptions::of_object(manifest)))
}
