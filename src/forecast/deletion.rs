//! What goes along with what is deleted.

use super::admission;
use super::holders::{hold_namespace, holder};
use super::rites::end_application;
use super::sets;
use super::world::{ControlId, End, ThingId, World};
use crate::inventory::cluster_of;
use crate::model::{IN_CLUSTER, Manifest, claims_of};
use crate::yaml::Node;
use hashbrown::HashSet;
use std::collections::VecDeque;
use std::sync::Arc;

/// Deletes objects together, then everything that goes with them.
///
/// Applications come last, as their ends ask for projects and clusters that may just have gone.
pub(super) fn delete(world: &mut World<'_>, doomed: Vec<(ThingId, End)>) {
    let mut plain: Vec<(ThingId, End)> = Vec::new();
    let mut applications = VecDeque::new();
    let mut namespaces = Vec::new();
    // Everything that goes, as what goes together does not hold each other up.
    let mut going: HashSet<ThingId> = HashSet::new();
    let sort = |world: &World<'_>,
                list: Vec<(ThingId, End)>,
                plain: &mut Vec<_>,
                apps: &mut VecDeque<_>,
                going: &mut HashSet<ThingId>| {
        for (thing, end) in list {
            going.insert(thing);
            match world.application(thing) {
                Some(id) => apps.push_back((id, thing, end)),
                None => plain.push((thing, end)),
            }
        }
    };
    sort(world, doomed, &mut plain, &mut applications, &mut going);
    loop {
        while let Some((thing, end)) = plain.pop() {
            if !world.lives(thing) {
                continue;
            }
            let along = remove(world, thing, end, &going);
            if world.things[thing].key.is("", "Namespace") {
                namespaces.push(thing);
            }
            sort(world, along, &mut plain, &mut applications, &mut going);
        }
        let Some((id, thing, end)) = applications.pop_front() else { break };
        if world.lives(thing) {
            let along = end_application(world, id, thing, end);
            sort(world, along, &mut plain, &mut applications, &mut going);
        }
    }
    namespaces.into_iter().for_each(|namespace| hold_namespace(world, namespace));
}

/// Takes one object away, unless something holds it; what goes with it.
fn remove(world: &mut World<'_>, thing: ThingId, end: End, going: &HashSet<ThingId>) -> Vec<(ThingId, End)> {
    let by = actor(&end);
    world.touched.push((thing, by));
    // Where the namespace ends, so do the Pods that hold a claim.
    let with_namespace = matches!(end, End::Namespace(_));
    let holder =
        holder(world, thing, going).filter(|cause| !(with_namespace && cause.code == "claim-in-use"));
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

pub(super) fn actor(end: &End) -> Option<ControlId> {
    match end {
        End::Prune(id) | End::Application(id) | End::Replace(id, _) | End::Hook(id) => Some(*id),
        End::Namespace(_) | End::Definition(_) | End::Owner(_) | End::Scaled(_) | End::Set(_) => None,
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
            let Some(kind) = manifest.and_then(admission::defined) else { return Vec::new() };
            let objects = world.of_kind(instance, &cluster, &kind.group, &kind.kind);
            objects.into_iter().map(|object| (object, End::Definition(id))).collect()
        }
        ("apps", "StatefulSet") if manifest.is_some_and(takes_claims) => {
            let keys = manifest.map(|manifest| claims_of(&key, manifest)).unwrap_or_default();
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

/// Whether claims go with their StatefulSet, which then owns them.
fn takes_claims(manifest: &Manifest) -> bool {
    let policy = manifest.node().at(&["spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted"]);
    policy.and_then(Node::as_str) == Some("Delete")
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
    if !manifest.describes_cluster() {
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

/// Whether the object of an Application is gone.
pub(super) fn is_gone(world: &World<'_>, id: ControlId) -> bool {
    world.controls[id].thing.is_some_and(|thing| world.things[thing].now.is_none())
}
