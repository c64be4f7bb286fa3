//! What hangs on an object that goes: the danger of what goes with it, and who still names it.

use super::cause::Cause;
use super::danger::{Around, Danger, danger};
use super::world::{ThingId, World};
use super::{Outcome, Sides};
use crate::inventory::{self, SetOutcome};
use crate::model::{Manifest, pod_spec};
use crate::yaml::Node;
use hashbrown::HashSet;
use std::sync::Arc;

/// How far up it is looked what goes along with what.
const DEPTH: usize = 32;

/// What hangs on Namespaces, definitions and Applications that go: everything that goes with them.
pub(super) fn around(
    world: &World<'_>,
    judged: &[Option<(Outcome, Cause)>],
    sides: &Sides<'_>,
) -> Vec<Around> {
    let mut around = vec![Around::default(); world.things.len()];
    for (id, judged) in judged.iter().enumerate() {
        let Some((outcome, _)) = judged else { continue };
        let own = danger(world, id, *outcome, Around::default(), sides.stateful);
        if own < Danger::Outage {
            continue;
        }
        let mut next = world.goes_with(id);
        for _ in 0..DEPTH {
            let Some(above) = next else { break };
            around[above].data |= own == Danger::DataLoss;
            around[above].serving = true;
            next = world.goes_with(above);
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
fn references(manifest: &Manifest) -> Vec<(&'static str, String)> {
    let Some(pod) = pod_spec(manifest) else { return Vec::new() };
    let mut found = Vec::new();
    let mut add = |kind: &'static str, node: Option<Node<'_>>| {
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
