//! The order in which controllers read the commit.
//!
//! Every Application reads it at once, and by the spec that base gave it: in every recorded run a child acted before its
//! parent had changed it. Within that, what is deleted is deleted first, by whomever, and then things are made. What
//! changes an Application wakes it for the next round.

use super::apply::{self, Applied, Ground};
use super::cause::Cause;
use super::compare::{Stop, compare};
use super::deletion::{self, delete, wake_project};
use super::plan::{self, Plan, Run};
use super::world::{Being, ControlId, End, Spec, ThingId, World};
use super::{hooks, seed, sets};
use crate::inventory::Outcome;
use crate::model::{Condition, Manifest, Problem, ResourceKey, claims_of};
use hashbrown::HashSet;
use std::sync::Arc;

/// How often Applications may wake each other before it is left at that: two that fight for an object never end.
const ROUNDS: usize = 24;
/// How often one Application syncs.
const TRIES: u32 = 3;

/// Plays the merge through.
pub(super) fn play(world: &mut World<'_>) {
    let ground = Ground::new(world);
    let mut open: Vec<ControlId> =
        (0..world.controls.len()).filter(|id| world.controls[*id].spec != Spec::None).collect();
    for number in 0..ROUNDS {
        round(world, &ground, &open);
        if number == 0 {
            by_hand(world);
        }
        sets::reconcile(world);
        open = awake(world);
        if open.is_empty() {
            open = pressed(world);
        }
        if open.is_empty() {
            break;
        }
    }
}

/// Applications that wait for a person, who comes when everything else is done.
fn pressed(world: &mut World<'_>) -> Vec<ControlId> {
    let waits = |id: &ControlId| {
        let control = &world.controls[*id];
        control.stop == Some(Stop::Manual) && !control.pressed && !is_dying(world, *id)
    };
    let waiting: Vec<ControlId> = (0..world.controls.len()).filter(waits).collect();
    waiting.iter().for_each(|id| world.controls[*id].pressed = true);
    waiting
}

/// One look of these Applications at the commit, and what they do about it.
fn round(world: &mut World<'_>, ground: &Ground, open: &[ControlId]) {
    let mut plans: Vec<Plan> = Vec::new();
    for id in open {
        if is_dying(world, *id) {
            world.controls[*id].stop = Some(Stop::Deleting);
            continue;
        }
        let compared = compare(world, *id);
        match &compared.stop {
            Some(stop) => note(world, *id, stop.clone()),
            None if world.controls[*id].tries < TRIES => {
                plans.push(plan::plan(world, ground, *id, &compared.extra))
            }
            None => {}
        }
    }
    let absent: HashSet<ThingId> = plans.iter().flat_map(|plan| plan.wants_to_prune(world)).collect();
    let runs: Vec<(ControlId, Run)> = plans
        .iter()
        .map(|plan| match plan::shared(world, plan.control, &absent) {
            Some(stop) => (plan.control, Run { stop: Some(stop), ..Run::default() }),
            None => (plan.control, plan.run_to_end(world, ground, &absent)),
        })
        .collect();
    let mut doomed = Vec::new();
    for (id, run) in &runs {
        let control = &mut world.controls[*id];
        control.tries += 1;
        control.attempt = Some((control.spec, run.stop.is_none()));
        control.stop.clone_from(&run.stop);
        for thing in &run.prunes {
            let late = too_late(world, *id, *thing);
            world.things[*thing].race |= late;
            doomed.push((*thing, End::Prune(*id)));
        }
    }
    delete(world, doomed);
    for (id, run) in runs {
        make(world, ground, id, &run);
    }
}

fn is_dying(world: &World<'_>, id: ControlId) -> bool {
    let control = &world.controls[id];
    let thing = control.thing.and_then(|thing| world.things[thing].now.as_ref());
    thing.is_some_and(|being| being.held.is_some())
}

/// Keeps the reason why an Application does not do what git says; that it tries no more says less than why it failed.
fn note(world: &mut World<'_>, id: ControlId, stop: Stop) {
    let control = &mut world.controls[id];
    let known =
        matches!(control.stop, Some(Stop::Refused(..) | Stop::Apply(..) | Stop::Confirm(_) | Stop::Waits(_)));
    if !(known && matches!(stop, Stop::Failed)) {
        control.stop = Some(stop);
    }
}

/// Whether head's spec of the Application would not have pruned, so that only the order decides.
fn too_late(world: &World<'_>, id: ControlId, thing: ThingId) -> bool {
    let control = &world.controls[id];
    if control.spec != Spec::Old {
        return false;
    }
    let (Some(old), Some(new)) = (&control.old, &control.new) else { return false };
    let version = world.settings(control.instance).version;
    let manifest = world.things[thing].now.as_ref().and_then(|being| being.manifest);
    let kept = manifest.is_some_and(|manifest| {
        let options = new.application.spec.sync_options();
        crate::model::protections(manifest, &options, version).prune == crate::model::Protection::Kept
    });
    let refused = |problem: &Problem| problem.condition == Some(Condition::InvalidSpecError);
    !new.application.prunes_automatically()
        || kept
        || new.app.problems.iter().any(refused)
        || world.projects.head_forbids(control, old, &world.things[thing].key)
        || old.app.cluster != new.app.cluster
        || old.application.spec.project_name() != new.application.spec.project_name()
}

/// Applies what a run reached.
fn make(world: &mut World<'_>, ground: &Ground, id: ControlId, run: &Run) {
    make_namespace(world, id, run);
    let view = |world: &World<'_>, index: usize| {
        let view = world.controls[id].view()?;
        Some(view.things[index])
    };
    for index in &run.hooks {
        let Some(thing) = view(world, *index) else { continue };
        run_hook(world, id, *index, thing);
    }
    for (index, replaced) in &run.applies {
        let Some(thing) = view(world, *index) else { continue };
        if let Some(cause) = replaced.clone().filter(|_| world.lives(thing)) {
            delete(world, vec![(thing, End::Replace(id, cause))]);
        }
        if world.things[thing].now.is_none()
            && let Applied::Refused(why) = apply::create(world, ground, thing, run.patience())
        {
            world.controls[id].stop = Some(Stop::Apply(thing, why));
            world.controls[id].attempt = world.controls[id].attempt.map(|(spec, _)| (spec, false));
            continue;
        }
        put(world, id, *index, thing);
    }
}

/// Writes one target, and what follows from that for Argo CD itself.
fn put(world: &mut World<'_>, id: ControlId, index: usize, thing: ThingId) {
    let Some(view) = world.controls[id].view() else { return };
    let app = view.app;
    let target = &app.targets.list[index];
    let owner = seed::is_tracked(world, id, target).then_some(id);
    let marked_in = seed::marked_in(world, id, target);
    let controller = world.things[thing].now.as_ref().and_then(|being| being.controller);
    let being = Being { marked_in, controller, ..Being::new(Some(&target.manifest), owner) };
    let before = world.things[thing].now.as_ref().and_then(|being| being.manifest);
    let same = before.is_some_and(|before| super::same::same_text(before, &target.manifest));
    let unchanged = same && world.things[thing].now.as_ref().is_some_and(|now| now.owner == owner);
    if unchanged && world.things[thing].now.as_ref().is_some_and(|now| now.marked_in == being.marked_in) {
        // The text may stand elsewhere now; nothing else is new.
        if let Some(now) = &mut world.things[thing].now {
            now.manifest = being.manifest;
        }
        return;
    }
    let made = world.things[thing].now.is_none();
    world.put(thing, being);
    if made || !same {
        changed(world, thing);
    }
}

/// What a changed object means to Argo CD: an Application has another spec, a project permits other things.
pub(super) fn changed(world: &mut World<'_>, thing: ThingId) {
    if let Some(id) = world.application(thing) {
        let control = &mut world.controls[id];
        control.spec = if control.new.is_some() { Spec::New } else { Spec::Old };
        world.woken.push(id);
    }
    if let Some(set) = world.set(thing) {
        world.sets[set].open = true;
    }
    make_claims(world, thing);
    let of = &world.things[thing];
    if of.key.is("argoproj.io", "AppProject") {
        let (instance, name) = (of.instance, Arc::clone(&of.key.name));
        world.projects.apply(instance, &name);
        wake_project(world, instance, &name);
    }
}

/// A StatefulSet makes the claims of its templates where they are missing.
fn make_claims(world: &mut World<'_>, thing: ThingId) {
    let of = &world.things[thing];
    let Some(manifest) = of.now.as_ref().and_then(|being| being.manifest) else { return };
    if !of.key.is("apps", "StatefulSet") {
        return;
    }
    let (instance, cluster) = (of.instance, Arc::clone(&of.cluster));
    for key in claims_of(&of.key.clone(), manifest) {
        let claim = world.find(instance, &cluster, &key);
        if let Some(claim) = claim.filter(|claim| world.things[*claim].now.is_none()) {
            world.put(claim, Being::new(None, None));
        }
    }
    drop_claims(world, thing, manifest);
}

/// A StatefulSet that is told so deletes the claims of replicas that go
/// (`pkg/controller/statefulset/stateful_set_utils.go` of Kubernetes).
fn drop_claims(world: &mut World<'_>, thing: ThingId, manifest: &Manifest) {
    let policy = manifest.node().at(&["spec", "persistentVolumeClaimRetentionPolicy", "whenScaled"]);
    let of = &world.things[thing];
    let Some(before) = of.before.as_ref().and_then(|being| being.manifest) else { return };
    if policy.and_then(|policy| policy.as_str()) != Some("Delete") {
        return;
    }
    let kept = claims_of(&of.key, manifest);
    let had = claims_of(&of.key, before).into_iter().filter(|claim| !kept.contains(claim));
    let found = had.filter_map(|claim| world.find(of.instance, &of.cluster, &claim));
    let gone: Vec<(ThingId, End)> = found.map(|claim| (claim, End::Scaled(thing))).collect();
    delete(world, gone);
}

fn run_hook(world: &mut World<'_>, id: ControlId, index: usize, thing: ThingId) {
    let Some(view) = world.controls[id].view() else { return };
    let manifest = &view.app.targets.list[index].manifest;
    let (before, after) = (hooks::deletes_before(manifest), hooks::deletes_on_success(manifest));
    if before && world.lives(thing) {
        delete(world, vec![(thing, End::Hook(id))]);
    }
    if after && world.things[thing].now.is_none() {
        world.things[thing].end = Some(End::Hook(id));
        return;
    }
    put(world, id, index, thing);
    if after {
        delete(world, vec![(thing, End::Hook(id))]);
    }
}

/// The namespace of CreateNamespace: made where it is missing, and its metadata brought up to date.
fn make_namespace(world: &mut World<'_>, id: ControlId, run: &Run) {
    let Some(name) = &run.namespace else { return };
    let (instance, Some(cluster)) = (world.controls[id].instance, world.controls[id].cluster().cloned())
    else {
        return;
    };
    let thing = world.thing(instance, &cluster, &ResourceKey::of_namespace(name));
    let of = &world.things[thing];
    let ended = of.end.is_some() && of.now.is_none();
    if ended && !run.outlasts {
        return;
    }
    match &mut world.things[thing].now {
        Some(now) => now.altered |= run.renews,
        None => world.put(thing, Being::new(None, None)),
    }
}

/// What somebody applies by hand once the merge is there: roots that changed or are new.
///
/// Whether anybody deletes a root that left git, nobody here can tell.
fn by_hand(world: &mut World<'_>) {
    for thing in 0..world.things.len() {
        let of = &world.things[thing];
        if !of.base_apps.is_empty() || !of.head_apps.is_empty() || of.generated {
            continue;
        }
        let (base, head) = (of.base.filter(|_| of.by_hand[0]), of.head.filter(|_| of.by_hand[1]));
        match (base, head) {
            (_, Some(manifest)) => {
                let same = base.is_some_and(|base| super::same::same_text(base, manifest));
                if same {
                    continue;
                }
                world.put(thing, Being::new(Some(manifest), None));
                changed(world, thing);
            }
            (Some(_), None) => {
                let because = "nobody here renders it: whoever applied it decides whether it goes";
                world.things[thing].unknown = Some(Cause::new("root-left-git", because));
            }
            (None, None) => {}
        }
    }
    for id in 0..world.controls.len() {
        let control = &mut world.controls[id];
        // A folder is deployed by whoever deploys it: what head has takes the place of what base had.
        if control.thing.is_none() && control.head.is_some() && control.spec != Spec::New {
            control.spec = Spec::New;
            world.woken.push(id);
        }
    }
}

/// The Applications that have a reason to look again.
fn awake(world: &mut World<'_>) -> Vec<ControlId> {
    let mut open = std::mem::take(&mut world.woken);
    for (thing, by) in std::mem::take(&mut world.touched) {
        let of = &world.things[thing];
        let owner = of.now.as_ref().and_then(|being| being.owner);
        let concerned = of.base_apps.iter().chain(&of.head_apps).copied().chain(owner);
        open.extend(concerned.filter(|id| Some(*id) != by));
    }
    open.sort_unstable();
    open.dedup();
    open.retain(|id| {
        let control = &world.controls[*id];
        control.spec != Spec::None
            && control.view().is_some_and(|view| view.app.outcome != Outcome::Unknown)
            && !deletion::is_gone(world, *id)
    });
    open
}
