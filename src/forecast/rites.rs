//! The end of an Application: what its finalizers make of it.

use super::cause::Cause;
use super::compare::skips_reconcile;
use super::deletion::actor;
use super::holders::holder;
use super::hooks::deletes_on_success;
use super::world::{Being, ControlId, End, Listing, Spec, ThingId, World};
use crate::model::{Manifest, Phase, Protection, protections};
use hashbrown::HashSet;

/// Finalizers of Argo CD on an Application (`application_defaults.go`).
pub(super) const OWN_FINALIZERS: &[&str] = &[
    "resources-finalizer.argocd.argoproj.io",
    "resources-finalizer.argocd.argoproj.io/background",
    "resources-finalizer.argocd.argoproj.io/foreground",
    "pre-delete-finalizer.argocd.argoproj.io",
    "pre-delete-finalizer.argocd.argoproj.io/cleanup",
    "post-delete-finalizer.argocd.argoproj.io",
    "post-delete-finalizer.argocd.argoproj.io/cleanup",
];

/// The end of an Application: by its finalizers, its objects go or stay.
///
/// Follows `finalizeApplicationDeletion` and `shouldBeDeleted` in `controller/appcontroller.go`.
pub(super) fn end_application(
    world: &mut World<'_>,
    id: ControlId,
    thing: ThingId,
    end: End,
) -> Vec<(ThingId, End)> {
    world.touched.push((thing, actor(&end)));
    world.things[thing].end = Some(end);
    match last_rites(world, id) {
        Rites::Held(cause) => {
            hold(world, thing, cause);
            Vec::new()
        }
        Rites::Leaves => {
            run_last_hooks(world, id);
            forget(world, id, thing);
            Vec::new()
        }
        Rites::Takes(objects, held) => {
            run_last_hooks(world, id);
            match held {
                Some(cause) => hold(world, thing, cause),
                None => forget(world, id, thing),
            }
            objects.into_iter().map(|object| (object, End::Application(id))).collect()
        }
    }
}

fn hold(world: &mut World<'_>, thing: ThingId, cause: Cause) {
    if let Some(being) = &mut world.things[thing].now {
        being.held = Some(cause);
    }
}

fn forget(world: &mut World<'_>, id: ControlId, thing: ThingId) {
    world.things[thing].now = None;
    let control = &mut world.controls[id];
    control.spec = Spec::None;
    control.listing = Listing::None;
    control.attempt = None;
}

/// What the end of an Application means for its objects.
enum Rites {
    /// It does not end.
    Held(Cause),
    /// It ends, and its objects stay.
    Leaves,
    /// These go; the Application may be held all the same.
    Takes(Vec<ThingId>, Option<Cause>),
}

fn last_rites(world: &World<'_>, id: ControlId) -> Rites {
    let control = &world.controls[id];
    let Some(view) = control.view() else { return Rites::Leaves };
    let application = view.application;
    let foreign = |name: &&String| !OWN_FINALIZERS.contains(&name.as_str());
    let foreign = application.finalizers.iter().find(foreign);
    if application.finalizers.is_empty() {
        return Rites::Leaves;
    }
    if !control.watched {
        let because =
            "Argo CD does not look at Applications of this namespace, so nobody takes its finalizer off";
        return Rites::Held(Cause::new("not-watched", because));
    }
    if skips_reconcile(view) {
        let because = "`skip-reconcile` stops the deletion too, so nobody takes its finalizer off";
        return Rites::Held(Cause::new("skip-reconcile", because));
    }
    let held = foreign.map(|name| {
        Cause::new(
            "finalizer",
            format!("nobody takes the finalizer `{name}` off, so the deletion never ends"),
        )
    });
    if !application.cascades() {
        return held.map_or(Rites::Leaves, Rites::Held);
    }
    let project = application.spec.project_name();
    if world.projects.is_missing(control.instance, project) {
        let because =
            format!("AppProject `{project}` is gone, without which the deletion of an Application fails");
        return Rites::Held(Cause::new("project-missing", because));
    }
    if control.cluster().is_some_and(|cluster| world.lost_clusters.contains(&**cluster)) {
        return Rites::Leaves;
    }
    let mut taken = Vec::new();
    for object in tracked(world, id) {
        match delete_right(world, id, object) {
            Protection::Kept => {}
            Protection::Confirm => {
                let key = &world.things[object].key;
                let because = format!("{key} must be approved before it goes (`deletion-approved`)");
                return Rites::Held(Cause::new("delete-confirm", because));
            }
            Protection::None => taken.push(object),
        }
    }
    let stuck = || {
        let going: HashSet<ThingId> = taken.iter().copied().collect();
        let object = taken.iter().find(|object| holder(world, **object, &going).is_some())?;
        let because = format!("{} does not end", world.things[*object].key);
        Some(Cause::new("object-stuck", because))
    };
    let held = held.or_else(stuck);
    Rites::Takes(taken, held)
}

/// Live objects that an Application tracks in the cluster of today and its project permits.
fn tracked(world: &World<'_>, id: ControlId) -> Vec<ThingId> {
    let control = &world.controls[id];
    let (Some(view), Some(cluster)) = (control.view(), control.cluster()) else { return Vec::new() };
    let mut all: Vec<ThingId> = control
        .owned
        .iter()
        .copied()
        .filter(|object| {
            let of = &world.things[*object];
            world.lives(*object)
                && of.now.as_ref().is_some_and(|being| being.owner == Some(id))
                && *of.cluster == **cluster
                && Some(*object) != control.thing
                && !of.key.is("apiextensions.k8s.io", "CustomResourceDefinition")
                && world.projects.permits(control, view, &of.key)
        })
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn delete_right(world: &World<'_>, id: ControlId, object: ThingId) -> Protection {
    let control = &world.controls[id];
    let Some(view) = control.view() else { return Protection::Kept };
    let options = view.application.spec.sync_options();
    let version = world.settings(control.instance).version;
    let manifest = world.things[object].now.as_ref().and_then(|being| being.manifest);
    manifest.map_or(Protection::None, |manifest| protections(manifest, &options, version).delete)
}

/// PostDelete hooks come into being at the end of their Application, as long as its manifests can be made.
fn run_last_hooks(world: &mut World<'_>, id: ControlId) {
    let control = &world.controls[id];
    let Some(view) = control.view() else { return };
    let last: Vec<(ThingId, &Manifest)> = view
        .app
        .targets
        .list
        .iter()
        .zip(&view.things)
        .filter(|(target, _)| target.hooks.as_ref().is_some_and(|phases| phases.contains(&Phase::PostDelete)))
        .filter(|(target, _)| !deletes_on_success(&target.manifest))
        .map(|(target, thing)| (*thing, &target.manifest))
        .collect();
    for (thing, manifest) in last {
        world.put(thing, Being::new(Some(manifest), Some(id)));
    }
}
