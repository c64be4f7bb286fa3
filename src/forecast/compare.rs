//! Whether an Application that reads the commit syncs at all: its comparison with the cluster, and its policy.

use super::same;
use super::world::{ControlId, Spec, ThingId, View, World};
use crate::inventory::Outcome;
use crate::model::{Phase, Problem, ResourceKey, State, SyncOptions, hooks};
use hashbrown::HashSet;

/// Why an Application does not do all that git says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Stop {
    /// Its manifests cannot be made (ComparisonError).
    Render(String),
    /// Its spec is refused (InvalidSpecError).
    Spec(String),
    /// Its manifests are not known here.
    Unknown(String),
    /// Nothing calls for a sync.
    Synced,
    /// It does not sync by itself.
    Manual,
    /// It does not prune, and nothing else is to be done.
    PruneOnly,
    /// Everything it has would go.
    Wipe,
    /// It synced this revision already, and does not heal itself.
    Spent,
    /// Its last sync of this revision failed.
    Failed,
    /// The sync never starts: the dry run or a check refuses this object.
    Refused(ThingId, String),
    /// The sync ends when this object is applied.
    Apply(ThingId, String),
    /// It waits for a person to approve that this object goes.
    Confirm(ThingId),
    /// It waits for the end of this object, which does not come.
    Waits(ThingId),
    /// Nobody looks at it: its namespace is not watched, or it says `skip-reconcile`.
    NotWatched,
    /// It is being deleted.
    Deleting,
}

/// What an Application found.
pub(super) struct Compared {
    /// Its live objects without a target.
    pub extra: Vec<ThingId>,
    /// Whether it syncs, and if not, why.
    pub stop: Option<Stop>,
}

/// Compares an Application with the cluster and decides whether automated sync starts.
///
/// Follows `CompareAppState` in `controller/state.go` and `autoSync` in `controller/appcontroller.go`.
pub(super) fn compare(world: &mut World<'_>, id: ControlId) -> Compared {
    let nothing = |stop| Compared { extra: Vec::new(), stop: Some(stop) };
    let control = &world.controls[id];
    if !control.watched {
        return nothing(Stop::NotWatched);
    }
    let Some(view) = control.view() else { return nothing(Stop::Deleting) };
    if skips_reconcile(view) {
        return nothing(Stop::NotWatched);
    }
    if let Some(forbidden) = invalid(world, id) {
        return nothing(Stop::Spec(forbidden));
    }
    match view.app.outcome {
        Outcome::Rendered => {}
        Outcome::Fails => {
            let spec = view.app.problems.iter().any(|problem| {
                problem.state == State::Fails
                    && problem.condition == Some(crate::model::Condition::InvalidSpecError)
            });
            let why = first(view, State::Fails);
            // A spec that is refused leaves the status as it was; what cannot be rendered leaves no targets.
            if !spec {
                world.controls[id].listing = super::world::Listing::Tracked;
                return nothing(Stop::Render(why));
            }
            return nothing(Stop::Spec(why));
        }
        Outcome::Unknown => return nothing(Stop::Unknown(first(view, State::Unknown))),
    }
    let extra = extra(world, id);
    let stop = decide(world, id, &extra);
    let control = &mut world.controls[id];
    control.listing = super::world::Listing::View(control.spec);
    Compared { extra, stop }
}

/// Whether the Application says that nobody is to look at it (`canProcessApp` in `controller/appcontroller.go`).
pub(super) fn skips_reconcile(view: &View<'_>) -> bool {
    view.application.annotations.get("argocd.argoproj.io/skip-reconcile").is_some_and(|value| value == "true")
}

fn first(view: &View<'_>, state: State) -> String {
    let problem = view.app.problems.iter().find(|problem| problem.state == state);
    problem.map_or_else(String::new, |problem: &Problem| problem.message.clone())
}

/// Why the spec is refused: the project, or a destination that is no more.
fn invalid(world: &World<'_>, id: ControlId) -> Option<String> {
    let control = &world.controls[id];
    let view = control.view()?;
    if let Some(cluster) = control.cluster().filter(|cluster| world.lost_clusters.contains(&***cluster)) {
        return Some(format!("the Secret of cluster `{cluster}` is deleted"));
    }
    world.projects.forbids(control, view)
}

/// Live objects that are tracked and not among the targets.
///
/// Looked up in the destination cluster of today alone; objects that the project does not permit are not seen
/// (`IsLiveResourcePermitted`).
pub(super) fn extra(world: &World<'_>, id: ControlId) -> Vec<ThingId> {
    let control = &world.controls[id];
    let (Some(view), Some(cluster)) = (control.view(), control.cluster()) else { return Vec::new() };
    let targets: HashSet<ThingId> = view
        .things
        .iter()
        .zip(&view.app.targets.list)
        .filter(|(_, target)| is_target(target))
        .map(|(id, _)| *id)
        .collect();
    let mut extra: Vec<ThingId> = Vec::new();
    for thing in &control.owned {
        let of = &world.things[*thing];
        let tracked = of.now.as_ref().is_some_and(|being| being.owner == Some(id));
        if tracked
            && *of.cluster == **cluster
            && !targets.contains(thing)
            && !is_managed_namespace(view, &of.key)
            && world.projects.permits(control, view, &of.key)
        {
            extra.push(*thing);
        }
    }
    extra.sort_unstable();
    extra.dedup();
    extra
}

/// Whether it is the namespace whose metadata the Application manages, which it never prunes (`isManagedNamespace` in
/// `controller/state.go`).
pub(super) fn is_managed_namespace(view: &View<'_>, key: &ResourceKey) -> bool {
    let spec = &view.application.spec;
    let managed = spec.sync_policy.as_ref().is_some_and(|policy| policy.managed_namespace_metadata.is_some());
    managed
        && creates_namespace(&spec.sync_options())
        && key.is("", "Namespace")
        && *key.name == *spec.destination.namespace
}

/// Whether a target takes part in the comparison: everything that is no hook.
pub(super) fn is_target(target: &crate::render::Target) -> bool {
    target.hooks.as_ref().is_none_or(|phases| phases == &[Phase::Skip])
}

/// Whether an object says `hook: Skip` and nothing else: compared, never applied, never pruned.
pub(super) fn is_skipped(manifest: &crate::model::Manifest) -> bool {
    hooks(manifest).is_some_and(|phases| phases == [Phase::Skip])
}

fn decide(world: &World<'_>, id: ControlId, extra: &[ThingId]) -> Option<Stop> {
    let control = &world.controls[id];
    let view = control.view()?;
    let changed = changed(world, id);
    let Some(automated) = control.automated() else {
        // A person who presses the button does not ask for prune unless told to.
        return (!control.pressed || control.tries > 0 || !changed).then_some(Stop::Manual);
    };
    let to_prune = extra.iter().any(|thing| counts_as_extra(world, *thing));
    if !changed && !to_prune {
        return Some(Stop::Synced);
    }
    if !automated.prune && !changed {
        return Some(Stop::PruneOnly);
    }
    if let Some((spec, succeeded)) = control.attempt
        && same_sources(control, spec)
    {
        if !succeeded {
            return Some(Stop::Failed);
        }
        if !automated.self_heal {
            return Some(Stop::Spent);
        }
    }
    let targets = view.app.targets.list.iter().any(is_target);
    if automated.prune && !automated.allow_empty && !targets {
        return Some(Stop::Wipe);
    }
    None
}

fn same_sources(control: &super::world::Control<'_>, spec: Spec) -> bool {
    let (Some(one), Some(other)) = (control.view_of(spec), control.view()) else { return false };
    one.application.spec.effective_sources() == other.application.spec.effective_sources()
}

/// Whether an object without a target makes its Application OutOfSync: not one that says `IgnoreExtraneous`, and no hook.
fn counts_as_extra(world: &World<'_>, thing: ThingId) -> bool {
    let Some(being) = &world.things[thing].now else { return false };
    let ignored = being.manifest.is_some_and(|manifest| {
        let options = manifest.annotation("argocd.argoproj.io/compare-options").unwrap_or("");
        options.split(',').any(|option| option.trim() == "IgnoreExtraneous")
    });
    !being.hook && !ignored && !being.manifest.is_some_and(is_skipped)
}

/// Whether a target is missing or live otherwise.
fn changed(world: &World<'_>, id: ControlId) -> bool {
    let control = &world.controls[id];
    let Some(view) = control.view() else { return false };
    let comparing = world.comparing(control.instance);
    let mut any = view.things.iter().zip(&view.app.targets.list);
    any.any(|(thing, target)| {
        if !is_target(target) || is_skipped(&target.manifest) {
            return false;
        }
        let Some(being) = &world.things[*thing].now else { return true };
        // A live object that is a hook does not count, whatever git makes of it now.
        !being.hook && differs(world, id, *thing, target, comparing)
    }) || needs_namespace(world, id)
}

/// Whether a live object is not what the target says, tracking included.
pub(super) fn differs(
    world: &World<'_>,
    id: ControlId,
    thing: ThingId,
    target: &crate::render::Target,
    comparing: same::Comparing<'_>,
) -> bool {
    let Some(being) = &world.things[thing].now else { return true };
    let Some(live) = being.manifest else { return true };
    if !std::ptr::eq(live, &target.manifest) && !same::same(live, &target.manifest, comparing) {
        return true;
    }
    let tracked = super::seed::is_tracked(world, id, target);
    tracked && (being.owner != Some(id) || being.marked_in != super::seed::marked_in(world, id, target))
}

/// Whether `managedNamespaceMetadata` differs from what the namespace has.
pub(super) fn needs_namespace(world: &World<'_>, id: ControlId) -> bool {
    let control = &world.controls[id];
    let (Some(view), Some(base)) = (control.view(), control.base) else { return false };
    let metadata = |application: &crate::model::Application| {
        application.spec.sync_policy.as_ref().and_then(|policy| policy.managed_namespace_metadata.clone())
    };
    creates_namespace(&view.application.spec.sync_options())
        && control.spec == Spec::New
        && control.attempt.is_none_or(|(spec, _)| spec != Spec::New)
        && metadata(view.application) != metadata(&base.application)
}

/// Whether an Application makes the namespace of its destination.
pub(super) fn creates_namespace(options: &SyncOptions<'_>) -> bool {
    options.has("CreateNamespace=true")
}
