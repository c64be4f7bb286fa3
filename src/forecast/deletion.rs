//! What goes along with what is deleted, and what holds a deletion up.

use super::cause::Cause;
use super::sets;
use super::world::{Being, ControlId, End, Listing, Spec, ThingId, World};
use crate::inventory::cluster_of;
use crate::model::{IN_CLUSTER, Manifest, Phase, Protection, ResourceKey, protections};
use crate::yaml::Node;
use std::sync::Arc;

/// Finalizers of Argo CD on an Application (`application_defaults.go`).
const OWN_FINALIZERS: &[&str] = &[
    "resources-finalizer.argocd.argoproj.io",
    "resources-finalizer.argocd.argoproj.io/background",
    "resources-finalizer.argocd.argoproj.io/foreground",
    "pre-delete-finalizer.argocd.argoproj.io",
    "pre-delete-finalizer.argocd.argoproj.io/cleanup",
    "post-delete-finalizer.argocd.argoproj.io",
    "post-delete-finalizer.argocd.argoproj.io/cleanup",
];

/// Deletes objects together, then everything that goes with them.
///
/// Applications come last, as their ends ask for projects and clusters that may just have gone.
pub(super) fn delete(world: &mut World<'_>, doomed: Vec<(ThingId, End)>) {
    let all: Vec<ThingId> = doomed.iter().map(|(thing, _)| *thing).collect();
    let mut plain: Vec<(ThingId, End)> = Vec::new();
    let mut applications = std::collections::VecDeque::new();
    let mut namespaces = Vec::new();
    let sort = |world: &World<'_>,
                list: Vec<(ThingId, End)>,
                plain: &mut Vec<_>,
                apps: &mut std::collections::VecDeque<_>| {
        for (thing, end) in list {
            match world.application(thing) {
                Some(id) => apps.push_back((id, thing, end)),
                None => plain.push((thing, end)),
            }
        }
    };
    sort(world, doomed, &mut plain, &mut applications);
    loop {
        while let Some((thing, end)) = plain.pop() {
            if !world.lives(thing) {
                continue;
            }
            let along = remove(world, thing, end, &all);
            if world.things[thing].key.is("", "Namespace") {
                namespaces.push(thing);
            }
            sort(world, along, &mut plain, &mut applications);
        }
        let Some((id, thing, end)) = applications.pop_front() else { break };
        if world.lives(thing) {
            let along = end_application(world, id, thing, end);
            sort(world, along, &mut plain, &mut applications);
        }
    }
    namespaces.into_iter().for_each(|namespace| hold_namespace(world, namespace));
}

/// Takes one object away, unless something holds it; what goes with it.
fn remove(world: &mut World<'_>, thing: ThingId, end: End, all: &[ThingId]) -> Vec<(ThingId, End)> {
    let by = actor(&end);
    world.touched.push((thing, by));
    // Where the namespace ends, so do the Pods that hold a claim.
    let with_namespace = matches!(end, End::Namespace(_));
    let holder = holder(world, thing, all).filter(|cause| !(with_namespace && cause.code == "claim-in-use"));
    world.things[thing].end = Some(end);
    if let Some(cause) = holder {
        if let Some(being) = &mut world.things[thing].now {
            being.held = Some(cause);
        }
        return Vec::new();
    }
    let gone = world.things[thing].now.take();
    along(world, thing, gone.and_then(|being| being.manifest))
}

fn actor(end: &End) -> Option<ControlId> {
    match end {
        End::Prune(id) | End::Application(id) | End::Replace(id, _) | End::Hook(id) => Some(*id),
        End::Namespace(_) | End::Definition(_) | End::Owner(_) | End::Set(_) => None,
    }
}

/// What goes with an object that is gone.
fn along(world: &mut World<'_>, id: ThingId, manifest: Option<&Manifest>) -> Vec<(ThingId, End)> {
    let thing = &world.things[id];
    let (instance, cluster, key) = (thing.instance, Arc::clone(&thing.cluster), thing.key.clone());
    match (&*key.group, &*key.kind) {
        ("", "Namespace") => {
            let inside = world.in_namespace(instance, &cluster, &key.name);
            if *key.name == *world.settings(instance).namespace && *cluster == *IN_CLUSTER {
                world.projects.remove_all(instance);
            }
            inside.into_iter().map(|inside| (inside, End::Namespace(id))).collect()
        }
        ("apiextensions.k8s.io", "CustomResourceDefinition") => {
            let Some(kind) = manifest.and_then(super::admission::defined) else { return Vec::new() };
            let objects = world.of_kind(instance, &cluster, &kind.group, &kind.kind);
            objects.into_iter().map(|object| (object, End::Definition(id))).collect()
        }
        ("apps", "StatefulSet") if manifest.is_some_and(takes_claims) => {
            let keys = manifest.map(|manifest| claims(&key, manifest)).unwrap_or_default();
            let found = keys.iter().filter_map(|claim| world.find(instance, &cluster, claim));
            found.map(|claim| (claim, End::Owner(id))).collect()
        }
        ("argoproj.io", "ApplicationSet") => sets::end(world, id, manifest),
        ("argoproj.io", "AppProject") => {
            world.projects.remove(instance, &key.name);
            wake_project(world, instance, &key.name);
            Vec::new()
        }
        ("", "Secret") => {
            lose_cluster(world, manifest);
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// The Applications of a project look again.
pub(super) fn wake_project(world: &mut World<'_>, instance: usize, name: &str) {
    let of = |id: &ControlId| {
        let control = &world.controls[*id];
        let mut views = [&control.old, &control.new].into_iter().flatten();
        control.instance == instance && views.any(|view| view.application.spec.project_name() == name)
    };
    let woken: Vec<ControlId> = (0..world.controls.len()).filter(of).collect();
    world.woken.extend(woken);
}

/// A cluster whose Secret goes is not known to Argo CD any more (`util/db/cluster.go`).
fn lose_cluster(world: &mut World<'_>, manifest: Option<&Manifest>) {
    let Some(manifest) = manifest else { return };
    if manifest.label("argocd.argoproj.io/secret-type") != Some("cluster") {
        return;
    }
    let cluster = cluster_of(manifest);
    let clusters = &world.base.clusters;
    let known = clusters.find(&cluster.server).or_else(|| clusters.find(&cluster.name));
    let name: Arc<str> = known.map_or(cluster.name.as_str(), |known| known.name.as_str()).into();
    let on = |id: &ControlId| world.controls[*id].cluster().is_some_and(|cluster| *cluster == name);
    let woken: Vec<ControlId> = (0..world.controls.len()).filter(on).collect();
    world.woken.extend(woken);
    world.lost_clusters.insert(name);
}

/// Why the deletion of an object does not end; `going` are deleted with it.
pub(super) fn holder(world: &World<'_>, id: ThingId, going: &[ThingId]) -> Option<Cause> {
    let thing = &world.things[id];
    let manifest = thing.now.as_ref().and_then(|being| being.manifest);
    let finalizers = manifest.and_then(|manifest| manifest.node().at(&["metadata", "finalizers"]));
    let foreign = finalizers.and_then(|list| {
        let mut names = list.items().filter_map(Node::as_str);
        names.find(|name| !name.starts_with("kubernetes.io/") && !OWN_FINALIZERS.contains(name))
    });
    if let Some(name) = foreign.filter(|_| world.application(id).is_none()) {
        let because = format!("the finalizer `{name}` holds it until somebody takes it off");
        return Some(Cause::new("finalizer", because));
    }
    match (&*thing.key.group, &*thing.key.kind) {
        ("", "PersistentVolumeClaim") => in_use(world, id, going),
        ("", "PersistentVolume") => bound(world, id, manifest?, going),
        _ => None,
    }
}

/// A claim that a Pod mounts goes only when the Pod does (`kubernetes.io/pvc-protection`).
fn in_use(world: &World<'_>, id: ThingId, going: &[ThingId]) -> Option<Cause> {
    let claim = &world.things[id].key.name;
    let stays = |workload: &&ThingId| {
        let of = &world.things[**workload];
        let after = of.head.or(of.now.as_ref().and_then(|being| being.manifest));
        of.now.is_some()
            && !going.contains(workload)
            && !of.key.is("batch", "Job")
            && after.is_some_and(|manifest| runs(manifest) && mounted(manifest).contains(claim))
    };
    let workload = world.mounting(id).iter().find(stays)?;
    let because = format!("Pods of {} mount it, and it goes only when they do", world.things[*workload].key);
    Some(Cause::new("claim-in-use", because))
}

fn runs(manifest: &Manifest) -> bool {
    manifest.node().at(&["spec", "replicas"]).and_then(Node::as_i64) != Some(0)
}

/// A volume that is bound to a claim goes only when the claim does (`kubernetes.io/pv-protection`).
fn bound(world: &World<'_>, id: ThingId, volume: &Manifest, going: &[ThingId]) -> Option<Cause> {
    let thing = &world.things[id];
    let claims = world.of_kind(thing.instance, &thing.cluster, &"".into(), &"PersistentVolumeClaim".into());
    let reference = |part: &str| volume.node().at(&["spec", "claimRef", part])?.as_str();
    let binds = |claim: &&ThingId| {
        let of = &world.things[**claim];
        let Some(being) = &of.now else { return false };
        let named = being.manifest.and_then(|manifest| manifest.node().at(&["spec", "volumeName"])?.as_str());
        let by_volume =
            reference("name") == Some(&*of.key.name) && reference("namespace") == Some(&*of.key.namespace);
        let matches = named.is_none()
            && reference("name").is_none()
            && being.manifest.is_some_and(|claim| suits(volume, claim));
        !going.contains(claim) && (named == Some(&*thing.key.name) || by_volume || matches)
    };
    let claim = claims.iter().find(binds)?;
    let because =
        format!("{} is bound to it, and it goes only when the claim does", world.things[*claim].key);
    Some(Cause::new("volume-bound", because))
}

/// Whether a claim that names no volume can only have been bound to this one: both name the same class.
fn suits(volume: &Manifest, claim: &Manifest) -> bool {
    let class = |manifest: &Manifest| {
        let class = manifest.node().at(&["spec", "storageClassName"])?.as_str()?;
        (!class.is_empty()).then(|| class.to_owned())
    };
    let modes = |manifest: &Manifest| -> Vec<String> {
        let list = manifest.node().at(&["spec", "accessModes"]).into_iter().flat_map(Node::items);
        list.filter_map(|mode| Some(mode.as_str()?.to_owned())).collect()
    };
    let offered = modes(volume);
    class(volume).is_some_and(|own| class(claim) == Some(own))
        && modes(claim).iter().all(|mode| offered.contains(mode))
}

/// A Namespace does not end while something in it does not.
fn hold_namespace(world: &mut World<'_>, namespace: ThingId) {
    let thing = &world.things[namespace];
    let inside = world.in_namespace(thing.instance, &thing.cluster, &thing.key.name);
    let held = inside
        .iter()
        .find(|inside| world.things[**inside].now.as_ref().is_some_and(|being| being.held.is_some()));
    let Some(held) = held else { return };
    let because = format!("{} in it does not end", world.things[*held].key);
    let before = world.things[namespace].before.clone();
    if let Some(before) = before {
        let held = Some(Cause::new("namespace-not-empty", because));
        world.things[namespace].now = Some(Being { held, ..before });
    }
}

/// The end of an Application: by its finalizers, its objects go or stay.
///
/// Follows `finalizeApplicationDeletion` and `shouldBeDeleted` in `controller/appcontroller.go`.
fn end_application(world: &mut World<'_>, id: ControlId, thing: ThingId, end: End) -> Vec<(ThingId, End)> {
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
    if super::compare::skips_reconcile(view) {
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
        let object = taken.iter().find(|object| holder(world, **object, &taken).is_some())?;
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
        .filter(|(target, _)| !super::plan::deletes_on_success(&target.manifest))
        .map(|(target, thing)| (*thing, &target.manifest))
        .collect();
    for (thing, manifest) in last {
        world.put(thing, Being::new(Some(manifest), Some(id)));
    }
}

/// The claims that a StatefulSet makes: template, set and number.
pub(super) fn claims(set: &ResourceKey, manifest: &Manifest) -> Vec<ResourceKey> {
    let spec = |path: &[&str]| manifest.node().get("spec")?.at(path);
    let count = spec(&["replicas"]).and_then(Node::as_i64).unwrap_or(1).clamp(0, 1000);
    let first = spec(&["ordinals", "start"]).and_then(Node::as_i64).unwrap_or(0);
    let templates = spec(&["volumeClaimTemplates"]).into_iter().flat_map(Node::items);
    let names = templates.filter_map(|template| template.at(&["metadata", "name"])?.as_str());
    names
        .flat_map(|name| (first..first.saturating_add(count)).map(move |number| (name, number)))
        .map(|(name, number)| ResourceKey {
            group: "".into(),
            kind: "PersistentVolumeClaim".into(),
            namespace: Arc::clone(&set.namespace),
            name: format!("{name}-{}-{number}", set.name).into(),
        })
        .collect()
}

/// Whether claims go with their StatefulSet, which then owns them.
fn takes_claims(manifest: &Manifest) -> bool {
    let policy = manifest.node().at(&["spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted"]);
    policy.and_then(Node::as_str) == Some("Delete")
}

/// The claims that the Pods of a workload mount by name.
pub(super) fn mounted(manifest: &Manifest) -> Vec<Arc<str>> {
    let node = manifest.node();
    let path: &[&str] = match manifest.kind() {
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" => {
            &["spec", "template", "spec", "volumes"]
        }
        "CronJob" => &["spec", "jobTemplate", "spec", "template", "spec", "volumes"],
        "Pod" => &["spec", "volumes"],
        _ => return Vec::new(),
    };
    let volumes = node.at(path).into_iter().flat_map(Node::items);
    volumes
        .filter_map(|volume| Some(volume.at(&["persistentVolumeClaim", "claimName"])?.as_str()?.into()))
        .collect()
}

/// Whether the object of an Application is gone.
pub(super) fn is_gone(world: &World<'_>, id: ControlId) -> bool {
    world.controls[id].thing.is_some_and(|thing| world.things[thing].now.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_of_a_stateful_set() {
        let key = ResourceKey {
            group: "apps".into(),
            kind: "StatefulSet".into(),
            namespace: "shop".into(),
            name: "db".into(),
        };
        let templates = "volumeClaimTemplates: [{metadata: {name: data}}, {metadata: {name: log}}]";
        for (spec, expected) in [
            (format!("{{{templates}}}"), &["data-db-0", "log-db-0"][..]),
            (
                format!("{{replicas: 2, ordinals: {{start: 1}}, {templates}}}"),
                &["data-db-1", "data-db-2", "log-db-1", "log-db-2"],
            ),
            (format!("{{replicas: 0, {templates}}}"), &[]),
            ("{replicas: 2}".to_owned(), &[]),
        ] {
            let manifest = Manifest::parsed(&format!("{{kind: StatefulSet, spec: {spec}}}"));
            let found: Vec<String> = claims(&key, &manifest).iter().map(|key| key.name.to_string()).collect();
            assert_eq!(found, expected, "{spec}");
        }
    }

    #[test]
    fn a_claim_that_names_no_volume() {
        let volume = "{kind: PersistentVolume, spec: {storageClassName: a, accessModes: [ReadWriteOnce]}}";
        for (claim, expected) in [
            ("{spec: {storageClassName: a, accessModes: [ReadWriteOnce]}}", true),
            ("{spec: {storageClassName: b, accessModes: [ReadWriteOnce]}}", false),
            ("{spec: {storageClassName: a, accessModes: [ReadWriteMany]}}", false),
            ("{spec: {accessModes: [ReadWriteOnce]}}", false),
        ] {
            assert_eq!(suits(&Manifest::parsed(volume), &Manifest::parsed(claim)), expected, "{claim}");
        }
    }
}
