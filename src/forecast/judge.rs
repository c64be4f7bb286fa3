//! The outcome of one object, as an observer would tell it who saw it before and after.

use super::Outcome;
use super::cause::Cause;
use super::compare::{Stop, is_skipped};
use super::reasons::{adopted, by_hand, ended, is_blocked, made, why_blocked, why_kept};
use super::rows::Listed;
use super::same::same;
use super::world::{ControlId, End, Spec, ThingId, World};
use crate::inventory;

/// The outcome of one object; None for what neither was nor is nor should be.
pub(super) fn judge(world: &World<'_>, listed: &Listed, id: ThingId) -> Option<(Outcome, Cause)> {
    let thing = &world.things[id];
    if let Some(cause) = unknown(world, id) {
        return Some((Outcome::Unknown, cause));
    }
    match (&thing.before, &thing.now) {
        (None, None) => absent(world, id),
        (None, Some(now)) => {
            let cause = match now.held {
                Some(_) => Cause::default(),
                None => made(world, id),
            };
            Some((Outcome::Created, cause))
        }
        (Some(_), None) => Some(gone(world, id)),
        (Some(before), Some(now)) if before.uid != now.uid => {
            let cause = ended(world, id);
            Some((
                Outcome::Recreated,
                Cause::new(cause.code, format!("{}, and it is made anew", cause.because)),
            ))
        }
        (Some(_), Some(now)) if now.held.is_some() => {
            let held = now.held.clone().unwrap_or_default();
            Some((Outcome::Stuck, held))
        }
        (Some(_), Some(_)) => Some(stays(world, listed, id)),
    }
}

/// What cannot be told from the trees.
fn unknown(world: &World<'_>, id: ThingId) -> Option<Cause> {
    let thing = &world.things[id];
    if let Some(cause) = &thing.unknown {
        return Some(cause.clone());
    }
    let shy = |control: &&ControlId| {
        let base = world.controls[**control].base;
        !base.is_some_and(|app| app.application.spec.sync_options().has("FailOnSharedResource=true"))
    };
    let owners: Vec<ControlId> = thing.base_apps.iter().filter(shy).copied().collect();
    if owners.len() > 1 {
        let dropped = |control: &&ControlId| {
            world.controls[**control].head.is_some() && !thing.head_apps.contains(control)
        };
        let keeps = owners.iter().any(|control| thing.head_apps.contains(control));
        if keeps && let Some(control) = owners.iter().find(dropped) {
            let because = format!(
                "`{}` drops it and another Application keeps it: it goes only if `{0}` applied it last",
                world.controls[*control].name()
            );
            return Some(Cause::new("shared-owner-unknown", because));
        }
    }
    let untold = |outcome: inventory::Outcome| outcome != inventory::Outcome::Rendered;
    let base_only = thing.head_apps.is_empty();
    if base_only && thing.now.is_some() {
        let of = thing.base_apps.iter().find_map(|control| {
            let control = &world.controls[*control];
            match &control.stop {
                Some(Stop::Unknown(why)) => Some((control, why)),
                _ => None,
            }
        });
        if let Some((control, why)) = of {
            let because = format!("what `{}` deploys is not known: {why}", control.name());
            return Some(Cause::new("not-rendered", because));
        }
        if let Some(cause) = thing.base_apps.iter().find_map(|control| unknown_with(world, *control)) {
            return Some(cause);
        }
        let folder = thing.base_apps.iter().map(|control| &world.controls[*control]);
        let mut folder = folder.filter(|control| control.thing.is_none() && control.head.is_none());
        if folder.next().is_some() {
            let because = "its folder left git: whoever deploys that decides whether it goes";
            return Some(Cause::new("folder-left-git", because));
        }
    }
    if thing.base_apps.is_empty() && thing.before.is_none() {
        if let Some(cause) = thing.head_apps.iter().find_map(|control| unknown_with(world, *control)) {
            return Some(cause);
        }
        let of = thing
            .head_apps
            .iter()
            .find(|control| world.controls[**control].base.is_some_and(|base| untold(base.outcome)))?;
        let because = format!("what `{}` deployed before is not known", world.controls[*of].name());
        return Some(Cause::new("base-not-rendered", because));
    }
    None
}

/// Nobody can tell what becomes of the Application, and so of its objects.
fn unknown_with(world: &World<'_>, id: ControlId) -> Option<Cause> {
    let control = &world.controls[id];
    let cause = world.things[control.thing?].unknown.as_ref()?;
    let because = format!("nobody can tell what becomes of `{}`: {}", control.name(), cause.because);
    Some(Cause::new(cause.code, because))
}

/// What is neither there before nor after: it should come and does not, or comes and goes within the merge.
fn absent(world: &World<'_>, id: ThingId) -> Option<(Outcome, Cause)> {
    let thing = &world.things[id];
    if thing.counted || thing.derived {
        return None;
    }
    if matches!(thing.end, Some(End::Hook(_))) {
        return Some((Outcome::Unchanged, Cause::new("hook-runs", "the hook runs and is deleted again")));
    }
    let Some(manifest) = thing.head else {
        return Some((Outcome::Unchanged, Cause::new("never-applied", "Argo CD never applied it")));
    };
    let hook = crate::model::hooks(manifest).is_some();
    if hook || is_skipped(manifest) {
        return Some((
            Outcome::Unchanged,
            Cause::new("hook-waits", "no sync runs that would make this hook"),
        ));
    }
    Some((Outcome::Blocked, why_blocked(world, id)))
}

fn gone(world: &World<'_>, id: ThingId) -> (Outcome, Cause) {
    let outcome = match world.things[id].end {
        Some(End::Prune(_)) => Outcome::Pruned,
        _ => Outcome::Cascaded,
    };
    (outcome, ended(world, id))
}

/// The outcome of an object that is the same one before and after.
fn stays(world: &World<'_>, listed: &Listed, id: ThingId) -> (Outcome, Cause) {
    let thing = &world.things[id];
    let (Some(before), Some(now)) = (&thing.before, &thing.now) else {
        return (Outcome::Unchanged, Cause::default());
    };
    let comparing = world.comparing(thing.instance);
    let differs = now.altered
        || match (before.manifest, now.manifest) {
            (Some(before), Some(now)) => !std::ptr::eq(before, now) && !same(before, now, comparing),
            (None, None) => false,
            _ => true,
        };
    if before.controller.is_none() && now.controller.is_some() {
        let because = "an ApplicationSet generates it now and takes it over";
        return (Outcome::Adopted, Cause::new("adopted-by-set", because));
    }
    if thing.counted {
        let because = "an object made from `generateName` is never pruned: its tracking does not name it";
        return (Outcome::Unchanged, Cause::new("generate-name", because));
    }
    let (wanted, extra) = (listed.wanted[id], listed.extra[id]);
    let was_listed = !thing.base_apps.is_empty();
    let moved = before.owner != now.owner;
    if was_listed && !wanted && !differs && !moved && comparison_fails(world, id) {
        return (Outcome::Unchanged, why_blocked(world, id));
    }
    if let Some(control) = extra.filter(|_| !wanted) {
        if now.hook && thing.head.is_some() && world.controls[control].tries == 0 {
            return (Outcome::Unchanged, Cause::default());
        }
        return (Outcome::Kept, why_kept(world, control, id));
    }
    if was_listed && !wanted && extra.is_none() {
        return orphaned(world, id);
    }
    if moved && now.owner.is_some() {
        return (Outcome::Adopted, adopted(world, id));
    }
    if differs {
        return (Outcome::Updated, by_hand(world, id).unwrap_or_else(|| Cause::new("changed", "")));
    }
    if before.marked_in != now.marked_in {
        let because = "its tracking names the destination namespace, which changes";
        return (Outcome::Updated, Cause::new("tracking-changed", because));
    }
    let cause = if is_blocked(world, id) { why_blocked(world, id) } else { Cause::default() };
    (Outcome::Unchanged, cause)
}

fn comparison_fails(world: &World<'_>, id: ThingId) -> bool {
    world.things[id]
        .base_apps
        .iter()
        .any(|control| matches!(world.controls[*control].stop, Some(Stop::Render(_) | Stop::Spec(_))))
}

/// What stays without an Application that lists it.
fn orphaned(world: &World<'_>, id: ThingId) -> (Outcome, Cause) {
    let thing = &world.things[id];
    let gone = thing.base_apps.iter().all(|control| world.controls[*control].spec == Spec::None);
    let Some(control) = thing.base_apps.first().map(|control| &world.controls[*control]) else {
        return (Outcome::Orphaned, Cause::default());
    };
    if gone {
        let manifest = thing.before.as_ref().and_then(|before| before.manifest);
        let version = world.settings(thing.instance).version;
        let options =
            control.old.as_ref().map(|view| view.application.spec.sync_options()).unwrap_or_default();
        let cascades = control.old.as_ref().is_some_and(|view| view.application.cascades());
        let kept = manifest.is_some_and(|manifest| {
            crate::model::protections(manifest, &options, version).delete == crate::model::Protection::Kept
        });
        if kept && cascades {
            let because = format!(
                "`{}` is deleted, and `Delete=false` or Helm's `keep` holds this back",
                control.name()
            );
            return (Outcome::Kept, Cause::new("delete-false", because));
        }
        let because = match cascades {
            false => {
                format!(
                    "`{}` is deleted without a finalizer that would take its objects along",
                    control.name()
                )
            }
            true => format!("`{}` is deleted, and its end does not reach this", control.name()),
        };
        return (Outcome::Orphaned, Cause::new("application-gone", because));
    }
    if thing.key.is("apiextensions.k8s.io", "CustomResourceDefinition") {
        let because = "Argo CD does not track CustomResourceDefinitions, so none that leaves git is pruned";
        return (Outcome::Orphaned, Cause::new("definition-untracked", because));
    }
    let moved = control.view().is_some_and(|view| view.app.cluster != thing.cluster);
    let (code, because) = match moved {
        true => (
            "destination-changed",
            format!("`{}` deploys to another cluster and looks there only", control.name()),
        ),
        false => ("not-listed", format!("`{}` does not see it any more", control.name())),
    };
    (Outcome::Orphaned, Cause::new(code, because))
}
