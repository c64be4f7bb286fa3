//! What is there in the end, compared with what was there.

use super::cause::Cause;
use super::compare::{Stop, is_target};
use super::danger::{Around, Danger, danger};
use super::same::same;
use super::world::{ControlId, End, Listing, Spec, ThingId, World};
use super::{ApplicationRow, Forecast, Outcome, Row, Sides, Standing};
use crate::inventory::{self, SetOutcome};
use crate::model::Manifest;
use hashbrown::HashSet;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Who lists each object when everything is done.
struct Listed {
    /// Some Application renders it.
    wanted: Vec<bool>,
    /// Some Application tracks it without rendering it.
    extra: Vec<Option<ControlId>>,
}

/// One row for every object, and one for every Application.
pub(super) fn rows(world: &World<'_>, sides: &Sides<'_>) -> Forecast {
    let listed = listed(world);
    let mut judged: Vec<Option<(Outcome, Cause)>> =
        (0..world.things.len()).map(|id| judge(world, &listed, id)).collect();
    let around = around(world, &judged, sides);
    let mut rows: Vec<(ThingId, Row)> = Vec::with_capacity(world.things.len());
    let mut counts: Vec<BTreeMap<Outcome, usize>> = vec![BTreeMap::new(); world.controls.len()];
    for id in 0..world.things.len() {
        let Some((outcome, cause)) = judged[id].take() else { continue };
        let thing = &world.things[id];
        let code = if cause.code.is_empty() { "unchanged" } else { cause.code };
        let cause = Cause { code, ..cause };
        let (from, to) = owners(world, id);
        if let Some(control) = from.or(to) {
            *counts[control].entry(outcome).or_default() += 1;
        }
        let (from, to) = (from.or(to), to.filter(|to| from.is_some_and(|from| from != *to)));
        let named = |id: Option<ControlId>| {
            let control = &world.controls[id?];
            control.thing.map(|_| Arc::clone(&control.id))
        };
        let row = Row {
            outcome,
            danger: danger(world, id, outcome, around[id], sides.stateful),
            blocked: outcome == Outcome::Blocked || is_blocked(world, id),
            race: is_race(world, id, outcome),
            cluster: Arc::clone(&thing.cluster),
            key: thing.key.clone(),
            application: named(from),
            to_application: named(to),
            cause,
            along: None,
            base: thing.base.cloned(),
            head: head_place(world, id),
        };
        rows.push((id, row));
    }
    let rows = sorted(world, rows);
    let applications = applications(world, &rows, &counts);
    Forecast { rows, applications }
}

/// The rows in order, each with the number of the one that it goes along with.
fn sorted(world: &World<'_>, mut rows: Vec<(ThingId, Row)>) -> Vec<Row> {
    rows.sort_by(|(_, a), (_, b)| {
        (&a.cluster, &a.key, &a.application).cmp(&(&b.cluster, &b.key, &b.application))
    });
    let mut numbers: Vec<Option<usize>> = vec![None; world.things.len()];
    for (number, (thing, _)) in rows.iter().enumerate() {
        numbers[*thing] = Some(number);
    }
    let along = |thing: ThingId| match &world.things[thing].end {
        Some(End::Namespace(above) | End::Definition(above) | End::Owner(above)) => Some(*above),
        Some(End::Application(control)) => world.controls[*control].thing,
        Some(End::Set(set)) => Some(world.sets[*set].thing),
        Some(End::Prune(_) | End::Replace(..) | End::Hook(_)) | None => None,
    };
    rows.into_iter()
        .map(|(thing, row)| Row { along: along(thing).and_then(|above| numbers[above]), ..row })
        .collect()
}

fn listed(world: &World<'_>) -> Listed {
    let mut listed =
        Listed { wanted: vec![false; world.things.len()], extra: vec![None; world.things.len()] };
    for (id, control) in world.controls.iter().enumerate() {
        let view = match control.listing {
            Listing::None => continue,
            Listing::View(spec) => control.view_of(spec),
            Listing::Base => {
                mark_base(world, id, &mut listed);
                continue;
            }
            Listing::Tracked => None,
        };
        let mut targets = HashSet::new();
        if let Some(view) = view {
            let all = view.things.iter().zip(&view.app.targets.list);
            targets.extend(all.filter(|(_, target)| is_target(target)).map(|(thing, _)| *thing));
            targets.iter().for_each(|thing: &ThingId| listed.wanted[*thing] = true);
        }
        let cluster = match (control.listing, view) {
            (Listing::View(Spec::Old), _) => control.base.map(|app| &app.cluster),
            (_, Some(view)) => Some(&view.app.cluster),
            (_, None) => control.cluster(),
        };
        let project = view.or(control.view());
        for thing in &control.owned {
            let of = &world.things[*thing];
            let tracked = of.now.as_ref().is_some_and(|being| being.owner == Some(id));
            let permitted = project.is_none_or(|view| {
                world.projects.permits(control, view, &of.key)
                    && !super::compare::is_managed_namespace(view, &of.key)
            });
            if tracked && !targets.contains(thing) && Some(&of.cluster) == cluster && permitted {
                listed.extra[*thing] = Some(id);
            }
        }
    }
    listed
}

/// Nobody looked since base: the status lists what base rendered.
fn mark_base(world: &World<'_>, id: ControlId, listed: &mut Listed) {
    for thing in &world.controls[id].owned {
        if world.things[*thing].base_apps.contains(&id) {
            listed.wanted[*thing] = true;
        }
    }
}

/// The outcome of one object; None for what neither was nor is nor should be.
fn judge(world: &World<'_>, listed: &Listed, id: ThingId) -> Option<(Outcome, Cause)> {
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
                world.controls[*control].id
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
            let because = format!("what `{}` deploys is not known: {why}", control.id);
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
        let because = format!("what `{}` deployed before is not known", world.controls[*of].id);
        return Some(Cause::new("base-not-rendered", because));
    }
    None
}

/// Nobody can tell what becomes of the Application, and so of its objects.
fn unknown_with(world: &World<'_>, id: ControlId) -> Option<Cause> {
    let control = &world.controls[id];
    let cause = world.things[control.thing?].unknown.as_ref()?;
    let because = format!("nobody can tell what becomes of `{}`: {}", control.id, cause.because);
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
    if hook || super::compare::is_skipped(manifest) {
        return Some((
            Outcome::Unchanged,
            Cause::new("hook-waits", "no sync runs that would make this hook"),
        ));
    }
    Some((Outcome::Blocked, why_blocked(world, id)))
}

fn made(world: &World<'_>, id: ThingId) -> Cause {
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
fn by_hand(world: &World<'_>, id: ThingId) -> Option<Cause> {
    let owner = world.things[id].now.as_ref()?.owner?;
    let control = &world.controls[owner];
    let because = format!("`{}` does not sync by itself: it happens once somebody syncs it", control.id);
    control.pressed.then(|| Cause::new("manual-sync", because))
}

fn gone(world: &World<'_>, id: ThingId) -> (Outcome, Cause) {
    let outcome = match world.things[id].end {
        Some(End::Prune(_)) => Outcome::Pruned,
        _ => Outcome::Cascaded,
    };
    (outcome, ended(world, id))
}

/// What deleted an object, in one sentence.
fn ended(world: &World<'_>, id: ThingId) -> Cause {
    let app = |id: &ControlId| &world.controls[*id].id;
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
        Some(End::Replace(_, cause)) => cause.clone(),
        Some(End::Hook(control)) => {
            Cause::new("hook-policy", format!("the sync of `{}` runs the hook anew", app(control)))
        }
        None => Cause::default(),
    }
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

fn adopted(world: &World<'_>, id: ThingId) -> Cause {
    let thing = &world.things[id];
    let name = |owner: Option<ControlId>| owner.map_or("nobody", |owner| &*world.controls[owner].id);
    let (before, now) = (thing.before.as_ref(), thing.now.as_ref());
    let from = name(before.and_then(|being| being.owner));
    let to = name(now.and_then(|being| being.owner));
    Cause::new("adopted", format!("`{to}` takes it over from `{from}`"))
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
            let because =
                format!("`{}` is deleted, and `Delete=false` or Helm's `keep` holds this back", control.id);
            return (Outcome::Kept, Cause::new("delete-false", because));
        }
        let because = match cascades {
            false => {
                format!("`{}` is deleted without a finalizer that would take its objects along", control.id)
            }
            true => format!("`{}` is deleted, and its end does not reach this", control.id),
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
            format!("`{}` deploys to another cluster and looks there only", control.id),
        ),
        false => ("not-listed", format!("`{}` does not see it any more", control.id)),
    };
    (Outcome::Orphaned, Cause::new(code, because))
}

fn why_kept(world: &World<'_>, id: ControlId, thing: ThingId) -> Cause {
    use super::prune::{Right, right};
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
    let name = &control.id;
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
fn why_blocked(world: &World<'_>, id: ThingId) -> Cause {
    let thing = &world.things[id];
    if let Some(cause) = &thing.refused {
        return cause.clone();
    }
    let concerned = thing.head_apps.iter().chain(&thing.base_apps);
    let told = concerned.map(|control| &world.controls[*control]).find_map(|control| {
        let stop = control.stop.as_ref()?;
        let (code, because) = tell(world, stop)?;
        Some(Cause::new(code, format!("`{}` {because}", control.id)))
    });
    told.unwrap_or_else(|| {
        let parent = thing.head_apps.iter().find(|control| world.controls[**control].spec == Spec::None);
        match parent {
            Some(control) => Cause::new(
                "application-missing",
                format!("`{}` does not come into being", world.controls[*control].id),
            ),
            None => Cause::new("not-synced", "no sync brings it"),
        }
    })
}

/// What keeps an Application from syncing, said of it.
fn tell(world: &World<'_>, stop: &Stop) -> Option<(&'static str, String)> {
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
fn is_blocked(world: &World<'_>, id: ThingId) -> bool {
    let thing = &world.things[id];
    thing
        .base_apps
        .iter()
        .chain(&thing.head_apps)
        .any(|control| blocks(world.controls[*control].stop.as_ref()))
}

fn blocks(stop: Option<&Stop>) -> bool {
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

/// Whether only order decided: a change of policy that came too late, or an object that one Application deletes and
/// another one makes.
fn is_race(world: &World<'_>, id: ThingId, outcome: Outcome) -> bool {
    let thing = &world.things[id];
    let owner = |being: &Option<super::world::Being<'_>>| being.as_ref().and_then(|being| being.owner);
    let changes_hands = outcome == Outcome::Recreated && owner(&thing.before) != owner(&thing.now);
    let again = outcome == Outcome::Recreated && matches!(thing.end, Some(End::Application(_)));
    let shared = matches!(outcome, Outcome::Unknown) && thing.base_apps.len() > 1;
    thing.race || changes_hands || again || shared
}

/// The last owner in base and the one in head.
fn owners(world: &World<'_>, id: ThingId) -> (Option<ControlId>, Option<ControlId>) {
    let thing = &world.things[id];
    let before = thing.before.as_ref().and_then(|being| being.owner).or(thing.base_apps.last().copied());
    let head = before.filter(|before| thing.head_apps.contains(before)).or(thing.head_apps.last().copied());
    (before, head)
}

/// Where head makes it so: the object, else the Application that has it no more.
fn head_place(world: &World<'_>, id: ThingId) -> Option<Manifest> {
    let thing = &world.things[id];
    if let Some(manifest) = thing.head {
        return Some(manifest.clone());
    }
    let control = thing.base_apps.first().map(|control| &world.controls[*control])?;
    control.head.filter(|app| app.is_written()).map(|app| app.application.manifest.clone())
}

/// What hangs on Namespaces, definitions and Applications that go: everything that goes with them.
fn around(world: &World<'_>, judged: &[Option<(Outcome, Cause)>], sides: &Sides<'_>) -> Vec<Around> {
    let mut around = vec![Around::default(); world.things.len()];
    for (id, thing) in world.things.iter().enumerate() {
        let Some((outcome, _)) = &judged[id] else { continue };
        let own = danger(world, id, *outcome, Around::default(), sides.stateful);
        if own < Danger::Outage {
            continue;
        }
        let mut above = vec![];
        match &thing.end {
            Some(End::Namespace(above_id) | End::Definition(above_id) | End::Owner(above_id)) => {
                above.push(*above_id)
            }
            Some(End::Application(control)) => above.extend(world.controls[*control].thing),
            _ => {}
        }
        let mut steps = 0;
        while let Some(id) = above.pop() {
            around[id].data |= own == Danger::DataLoss;
            around[id].serving = true;
            steps += 1;
            if steps > 32 {
                break;
            }
            match &world.things[id].end {
                Some(End::Namespace(next)) => above.push(*next),
                Some(End::Application(control)) => above.extend(world.controls[*control].thing),
                _ => {}
            }
        }
    }
    unseen(world, judged, &mut around);
    refer(world, judged, &mut around);
    around
}

/// Applications and sets that go, and of which nobody can tell what they have.
fn unseen(world: &World<'_>, judged: &[Option<(Outcome, Cause)>], around: &mut [Around]) {
    let open: HashSet<&str> = {
        let sets = world.base.sets.iter().filter(|set| set.outcome == SetOutcome::Unknown);
        sets.map(|set| &*set.id).collect()
    };
    for (id, thing) in world.things.iter().enumerate() {
        let goes = matches!(judged[id], Some((Outcome::Pruned | Outcome::Cascaded | Outcome::Recreated, _)));
        let key = &thing.key;
        if goes && key.is("argoproj.io", "ApplicationSet") {
            around[id].serving |= open.contains(&*format!("{}/{}", key.namespace, key.name));
        }
    }
    for control in &world.controls {
        let Some(id) = control.thing else { continue };
        let is_unknown = control.base.is_some_and(|app| app.outcome == inventory::Outcome::Unknown);
        let goes = matches!(judged[id], Some((Outcome::Pruned | Outcome::Cascaded | Outcome::Recreated, _)));
        around[id].serving |= goes && is_unknown;
    }
}

/// ConfigMaps and Secrets that go although workloads of head still name them.
fn refer(world: &World<'_>, judged: &[Option<(Outcome, Cause)>], around: &mut [Around]) {
    let goes = |id: &ThingId| {
        let outcome = judged[*id].as_ref().map(|(outcome, _)| *outcome);
        let key = &world.things[*id].key;
        key.group.is_empty()
            && matches!(&*key.kind, "ConfigMap" | "Secret")
            && matches!(outcome, Some(Outcome::Pruned | Outcome::Cascaded | Outcome::Recreated))
    };
    let gone: Vec<ThingId> = (0..world.things.len()).filter(goes).collect();
    if gone.is_empty() {
        return;
    }
    let mut named: HashSet<(Arc<str>, Arc<str>, &'static str, String)> = HashSet::new();
    for thing in &world.things {
        let Some(manifest) = thing.head.filter(|_| thing.now.is_some()) else { continue };
        for (kind, name) in references(manifest) {
            named.insert((Arc::clone(&thing.cluster), Arc::clone(&thing.key.namespace), kind, name));
        }
    }
    for id in gone {
        let thing = &world.things[id];
        let kind = if &*thing.key.kind == "Secret" { "Secret" } else { "ConfigMap" };
        let key =
            (Arc::clone(&thing.cluster), Arc::clone(&thing.key.namespace), kind, thing.key.name.to_string());
        around[id].referred = named.contains(&key);
    }
}

/// The ConfigMaps and Secrets that the Pods of a workload name.
fn references(manifest: &crate::model::Manifest) -> Vec<(&'static str, String)> {
    let path: &[&str] = match manifest.kind() {
        "Deployment" | "StatefulSet" | "DaemonSet" | "Job" => &["spec", "template", "spec"],
        "CronJob" => &["spec", "jobTemplate", "spec", "template", "spec"],
        "Pod" => &["spec"],
        _ => return Vec::new(),
    };
    let Some(pod) = manifest.node().at(path) else { return Vec::new() };
    let mut found = Vec::new();
    let mut add = |kind: &'static str, node: Option<crate::yaml::Node<'_>>| {
        found.extend(node.and_then(|node| Some((kind, node.as_str()?.to_owned()))));
    };
    for volume in pod.get("volumes").into_iter().flat_map(|list| list.items()) {
        add("ConfigMap", volume.at(&["configMap", "name"]));
        add("Secret", volume.at(&["secret", "secretName"]));
        for source in volume.at(&["projected", "sources"]).into_iter().flat_map(|list| list.items()) {
            add("ConfigMap", source.at(&["configMap", "name"]));
            add("Secret", source.at(&["secret", "name"]));
        }
    }
    for list in ["containers", "initContainers"] {
        for container in pod.get(list).into_iter().flat_map(|list| list.items()) {
            for from in container.get("envFrom").into_iter().flat_map(|list| list.items()) {
                add("ConfigMap", from.at(&["configMapRef", "name"]));
                add("Secret", from.at(&["secretRef", "name"]));
            }
            for env in container.get("env").into_iter().flat_map(|list| list.items()) {
                add("ConfigMap", env.at(&["valueFrom", "configMapKeyRef", "name"]));
                add("Secret", env.at(&["valueFrom", "secretKeyRef", "name"]));
            }
        }
    }
    found
}

fn applications(world: &World<'_>, rows: &[Row], counts: &[BTreeMap<Outcome, usize>]) -> Vec<ApplicationRow> {
    let mut outcomes: hashbrown::HashMap<(&str, &str, &str), Outcome> = hashbrown::HashMap::new();
    for row in rows.iter().filter(|row| row.key.is("argoproj.io", "Application")) {
        outcomes.insert((&row.cluster, &row.key.namespace, &row.key.name), row.outcome);
    }
    let mut all: Vec<ApplicationRow> = Vec::new();
    for (id, control) in world.controls.iter().enumerate() {
        let Some(thing) = control.thing.map(|thing| &world.things[thing]) else { continue };
        let key = (&*thing.cluster, &*thing.key.namespace, &*thing.key.name);
        let outcome = outcomes.get(&key).copied().unwrap_or(Outcome::Unchanged);
        let cluster = control.cluster().or(control.head.or(control.base).map(|app| &app.cluster));
        let told = control.stop.as_ref().and_then(|stop| tell(world, stop));
        all.push(ApplicationRow {
            id: Arc::clone(&control.id),
            cluster: cluster.cloned().unwrap_or_else(|| "".into()),
            outcome,
            standing: standing(world, id),
            because: told.map(|(_, because)| because).unwrap_or_default(),
            counts: counts[id].iter().map(|(outcome, count)| (*outcome, *count)).collect(),
        });
    }
    all.sort_by(|a, b| (&a.cluster, &a.id).cmp(&(&b.cluster, &b.id)));
    all
}

fn standing(world: &World<'_>, id: ControlId) -> Standing {
    let control = &world.controls[id];
    if control.spec == Spec::None {
        return Standing::Gone;
    }
    match &control.stop {
        Some(Stop::Unknown(_)) => Standing::Unknown,
        stop if blocks(stop.as_ref()) => Standing::Blocked,
        Some(Stop::Synced) | None => Standing::Synced,
        Some(_) => Standing::OutOfSync,
    }
}
