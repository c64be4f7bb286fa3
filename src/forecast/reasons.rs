//! Why an object meets its outcome, in one sentence each.

use super::cause::Cause;
use super::compare::Stop;
use super::prune::{Right, right};
use super::world::{ControlId, End, Spec, ThingId, World};

pub(super) fn made(world: &World<'_>, id: ThingId) -> Cause {
    let thing = &world.things[id];
    match thing.derived {
        true if thing.key.is("", "Namespace") => {
            Cause::new("create-namespace", "`CreateNamespace=true` makes it; it is tracked by nobody")
        }
        true => Cause::new("claim-template", "its StatefulSet makes it"),
        false if world.things[id].now.as_ref().is_some_and(|now| now.hook) => {
            Cause::new("hook-runs", "the hook runs and its object stays")
        }
        false => by_hand(world, id).unwrap_or_else(|| Cause::new("new", "")),
    }
}

/// Who must press the button first.
pub(super) fn by_hand(world: &World<'_>, id: ThingId) -> Option<Cause> {
    let owner = world.things[id].now.as_ref()?.owner?;
    let control = &world.controls[owner];
    let because = format!("`{}` does not sync by itself: it happens once somebody syncs it", control.name());
    control.pressed.then(|| Cause::new("manual-sync", because))
}

/// What deleted an object, in one sentence.
pub(super) fn ended(world: &World<'_>, id: ThingId) -> Cause {
    let app = |id: &ControlId| world.controls[*id].name();
    let thing = |id: &ThingId| &world.things[*id].key;
    match &world.things[id].end {
        Some(End::Prune(control)) => {
            let why = match world.things[id].head_apps.first() {
                Some(other) if other != control => {
                    format!("it moves to `{}`; `{}` prunes it", app(other), app(control))
                }
                _ => format!("`{}` prunes it: it is not among its manifests any more", app(control)),
            };
            Cause::new("prune", why)
        }
        Some(End::Set(set)) => {
            let because = format!("{} does not generate it any more", thing(&world.sets[*set].thing));
            Cause::new("not-generated", because)
        }
        Some(End::Application(control)) => Cause::new(
            "application-deleted",
            format!("the finalizer of `{}` takes its objects along", app(control)),
        ),
        Some(End::Namespace(namespace)) => {
            let because = format!("{} is deleted with everything in it", thing(namespace));
            Cause::new("namespace-deleted", because)
        }
        Some(End::Definition(definition)) => {
            let because = format!("{} is deleted with every object of its kind", thing(definition));
            Cause::new("definition-deleted", because)
        }
        Some(End::Owner(owner)) => {
            Cause::new("owner-deleted", format!("its owner {} is deleted", thing(owner)))
        }
        Some(End::Scaled(owner)) => {
            let because =
                format!("{} has fewer replicas, and `whenScaled: Delete` deletes their claims", thing(owner));
            Cause::new("scaled-down", because)
        }
        Some(End::Replace(_, cause)) => cause.clone(),
        Some(End::Hook(control)) => {
            Cause::new("hook-policy", format!("the sync of `{}` runs the hook anew", app(control)))
        }
        None => Cause::default(),
    }
}

pub(super) fn adopted(world: &World<'_>, id: ThingId) -> Cause {
    let thing = &world.things[id];
    let name = |owner: Option<ControlId>| owner.map_or("nobody", |owner| world.controls[owner].name());
    let (before, now) = (thing.before.as_ref(), thing.now.as_ref());
    let from = name(before.and_then(|being| being.owner));
    let to = name(now.and_then(|being| being.owner));
    Cause::new("adopted", format!("`{to}` takes it over from `{from}`"))
}

pub(super) fn why_kept(world: &World<'_>, id: ControlId, thing: ThingId) -> Cause {
    let control = &world.controls[id];
    if world.things[thing].now.as_ref().is_some_and(|being| being.hook) {
        return Cause::new("hook", "objects of hooks are never pruned");
    }
    match right(world, id, thing) {
        Right::Confirm => {
            return Cause::new("prune-confirm", "`Prune=confirm`: the sync waits until somebody approves");
        }
        Right::Kept => {
            return Cause::new("prune-false", "`Prune=false` on the live object or its Application keeps it");
        }
        Right::Off | Right::Prunes => {}
    }
    let name = control.name();
    if control.automated().is_none() {
        let because = format!("`{name}` does not sync by itself; a manual sync with prune deletes it");
        return Cause::new("no-automated-sync", because);
    }
    match &control.stop {
        Some(Stop::Synced) => {
            Cause::new("no-sync", format!("nothing calls for a sync of `{name}`; the next one prunes it"))
        }
        Some(Stop::Spent) => Cause::new(
            "revision-spent",
            format!("`{name}` synced this revision by its old spec already and does not heal itself"),
        ),
        Some(Stop::PruneOnly) | None if right(world, id, thing) == Right::Off => {
            Cause::new("prune-off", format!("automated sync of `{name}` does not prune"))
        }
        _ => why_blocked(world, thing),
    }
}

/// Why an Application cannot do what git says about an object.
pub(super) fn why_blocked(world: &World<'_>, id: ThingId) -> Cause {
    let thing = &world.things[id];
    if let Some(cause) = &thing.refused {
        return cause.clone();
    }
    let concerned = thing.head_apps.iter().chain(&thing.base_apps);
    let told = concerned.map(|control| &world.controls[*control]).find_map(|control| {
        let stop = control.stop.as_ref()?;
        let (code, because) = tell(world, stop)?;
        Some(Cause::new(code, format!("`{}` {because}", control.name())))
    });
    told.unwrap_or_else(|| {
        let parent = thing.head_apps.iter().find(|control| world.controls[**control].spec == Spec::None);
        match parent {
            Some(control) => Cause::new(
                "application-missing",
                format!("`{}` does not come into being", world.controls[*control].name()),
            ),
            None => Cause::new("not-synced", "no sync brings it"),
        }
    })
}

/// What keeps an Application from syncing, said of it.
pub(super) fn tell(world: &World<'_>, stop: &Stop) -> Option<(&'static str, String)> {
    let key = |thing: &ThingId| &world.things[*thing].key;
    Some(match stop {
        Stop::Render(why) => {
            ("render-fails", format!("does not render, so it neither syncs nor prunes: {why}"))
        }
        Stop::Spec(why) => ("spec-refused", format!("is refused, so it neither syncs nor prunes: {why}")),
        Stop::Unknown(why) => ("not-rendered", format!("is not rendered here: {why}")),
        Stop::Synced => return None,
        Stop::Manual => ("no-automated-sync", "does not sync by itself".to_owned()),
        Stop::PruneOnly => ("prune-off", "does not prune, and has nothing else to do".to_owned()),
        Stop::Wipe => (
            "wipe-guard",
            "would lose everything, which automated sync refuses without `allowEmpty`".to_owned(),
        ),
        Stop::Spent => (
            "revision-spent",
            "synced this revision by its old spec already, and does not heal itself".to_owned(),
        ),
        Stop::Failed => ("sync-failed", "failed to sync this revision and does not try again".to_owned()),
        Stop::Refused(thing, why) => {
            ("sync-refused", format!("does not start its sync because of {}: {why}", key(thing)))
        }
        Stop::Apply(thing, why) => ("apply-fails", format!("fails when it applies {}: {why}", key(thing))),
        Stop::Confirm(thing) => {
            ("prune-confirm", format!("waits until somebody approves that {} goes", key(thing)))
        }
        Stop::Waits(thing) => ("waits", format!("waits for the end of {}", key(thing))),
        Stop::NotWatched => ("not-watched", "is in a namespace that Argo CD does not look at".to_owned()),
        Stop::Deleting => ("deleting", "is being deleted".to_owned()),
    })
}

/// Whether an Application of the object cannot sync, or not to the end.
pub(super) fn is_blocked(world: &World<'_>, id: ThingId) -> bool {
    let thing = &world.things[id];
    thing
        .base_apps
        .iter()
        .chain(&thing.head_apps)
        .any(|control| blocks(world.controls[*control].stop.as_ref()))
}

pub(super) fn blocks(stop: Option<&Stop>) -> bool {
    match stop {
        Some(
            Stop::Render(_)
            | Stop::Spec(_)
            | Stop::Wipe
            | Stop::Failed
            | Stop::Refused(..)
            | Stop::Apply(..)
            | Stop::Confirm(_)
            | Stop::Waits(_)
            | Stop::NotWatched,
        ) => true,
        Some(
            Stop::Unknown(_) | Stop::Synced | Stop::Manual | Stop::PruneOnly | Stop::Spent | Stop::Deleting,
        )
        | None => false,
    }
}
