//! What is there in the end, compared with what was there: the rows.

use super::cause::Cause;
use super::compare::{Stop, is_managed_namespace, is_target};
use super::danger::danger;
use super::judge::judge;
use super::reasons::{blocks, is_blocked, tell};
use super::world::{Being, ControlId, End, Listing, Spec, ThingId, World};
use super::{ApplicationRow, Forecast, Outcome, Row, Sides, Standing, around};
use crate::model::Manifest;
use hashbrown::{HashMap, HashSet};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Who lists each object when everything is done.
pub(super) struct Listed {
    /// Some Application renders it.
    pub wanted: Vec<bool>,
    /// Some Application tracks it without rendering it.
    pub extra: Vec<Option<ControlId>>,
}

/// One row for every object, and one for every Application.
pub(super) fn rows(world: &World<'_>, sides: &Sides<'_>) -> Forecast {
    let listed = listed(world);
    let mut judged: Vec<Option<(Outcome, Cause)>> =
        (0..world.things.len()).map(|id| judge(world, &listed, id)).collect();
    let around = around::around(world, &judged, sides);
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
    rows.into_iter()
        .map(|(thing, row)| Row { along: world.goes_with(thing).and_then(|above| numbers[above]), ..row })
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
                world.projects.permits(control, view, &of.key) && !is_managed_namespace(view, &of.key)
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

/// Whether only order decided: a change of policy that came too late, or an object that one Application deletes and
/// another one makes.
fn is_race(world: &World<'_>, id: ThingId, outcome: Outcome) -> bool {
    let thing = &world.things[id];
    let owner = |being: &Option<Being<'_>>| being.as_ref().and_then(|being| being.owner);
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

fn applications(world: &World<'_>, rows: &[Row], counts: &[BTreeMap<Outcome, usize>]) -> Vec<ApplicationRow> {
    let mut outcomes: HashMap<(&str, &str, &str), Outcome> = HashMap::new();
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
