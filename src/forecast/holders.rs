//! What holds a deletion up.

use super::cause::Cause;
use super::rites::OWN_FINALIZERS;
use super::world::{Being, ThingId, World};
use crate::model::{Manifest, mounted_claims};
use crate::yaml::Node;
use hashbrown::HashSet;

/// Why the deletion of an object does not end; `going` are deleted with it.
pub(super) fn holder(world: &World<'_>, id: ThingId, going: &HashSet<ThingId>) -> Option<Cause> {
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
fn in_use(world: &World<'_>, id: ThingId, going: &HashSet<ThingId>) -> Option<Cause> {
    let claim = &world.things[id].key.name;
    let stays = |workload: &&ThingId| {
        let of = &world.things[**workload];
        let after = of.head.or(of.now.as_ref().and_then(|being| being.manifest));
        of.now.is_some()
            && !going.contains(*workload)
            && !of.key.is("batch", "Job")
            && after.is_some_and(|manifest| {
                runs(manifest) && mounted_claims(manifest).iter().any(|(_, name)| *name == &**claim)
            })
    };
    let workload = world.mounting(id).iter().find(stays)?;
    let because = format!("Pods of {} mount it, and it goes only when they do", world.things[*workload].key);
    Some(Cause::new("claim-in-use", because))
}

fn runs(manifest: &Manifest) -> bool {
    manifest.node().at(&["spec", "replicas"]).and_then(Node::as_i64) != Some(0)
}

/// A volume that is bound to a claim goes only when the claim does (`kubernetes.io/pv-protection`).
fn bound(world: &World<'_>, id: ThingId, volume: &Manifest, going: &HashSet<ThingId>) -> Option<Cause> {
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
        !going.contains(*claim) && (named == Some(&*thing.key.name) || by_volume || matches)
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
pub(super) fn hold_namespace(world: &mut World<'_>, namespace: ThingId) {
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

#[cfg(test)]
mod tests {
    use super::*;

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
