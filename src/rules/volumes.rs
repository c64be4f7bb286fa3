//! Claims and what becomes of their volumes: which class a claim has, and what the reclaim policy says.

use crate::inventory::{Inventory, ResourceId};
use crate::model::{GroupKind, Manifest, ResourceKey, holds_data};
use crate::yaml::Node;
use hashbrown::HashMap;
use std::sync::Arc;

/// What happens to a volume once its claim is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reclaim {
    /// The disk is deleted.
    Delete,
    /// The volume stays, Released: it belongs to no claim and binds to none.
    Retain,
}

/// A claim for volumes, by whatever object asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Use {
    /// `storageClassName`; None where the cluster's default class is taken.
    pub class: Option<String>,
}

/// A StorageClass of the inventory.
#[derive(Clone, Debug)]
pub(super) struct Class {
    /// Its object.
    pub at: ResourceId,
    /// What it says.
    pub reclaim: Reclaim,
}

/// The reclaim policies that an inventory tells of.
pub struct Policies {
    classes: HashMap<(usize, Arc<str>, Arc<str>), Class>,
    defaults: HashMap<(usize, Arc<str>), Class>,
    /// Volumes in git, by the claim (`namespace/name`) they are made for.
    claimed: HashMap<(usize, Arc<str>, String), (Arc<str>, Reclaim)>,
    /// Volumes in git, by name.
    volumes: HashMap<(usize, Arc<str>, Arc<str>), Reclaim>,
}

/// The annotation by which Kubernetes knows the class of claims that name none.
const DEFAULT_CLASS: &str = "storageclass.kubernetes.io/is-default-class";

impl Policies {
    /// Reads every StorageClass and PersistentVolume.
    pub(super) fn new(inventory: &Inventory) -> Self {
        let mut policies = Self {
            classes: HashMap::new(),
            defaults: HashMap::new(),
            claimed: HashMap::new(),
            volumes: HashMap::new(),
        };
        for id in inventory.resources() {
            let (app, target) = (inventory.app(id), inventory.target(id));
            let place = (app.instance, Arc::clone(&app.cluster));
            match (&*target.key.group, &*target.key.kind) {
                ("storage.k8s.io", "StorageClass") => {
                    policies.add_class(place, id, &target.key, &target.manifest)
                }
                ("", "PersistentVolume") => policies.add_volume(place, &target.key, &target.manifest),
                _ => {}
            }
        }
        policies
    }

    fn add_class(
        &mut self,
        place: (usize, Arc<str>),
        id: ResourceId,
        key: &ResourceKey,
        manifest: &Manifest,
    ) {
        let policy = manifest.node().get("reclaimPolicy").and_then(Node::as_str);
        let reclaim = if policy == Some("Retain") { Reclaim::Retain } else { Reclaim::Delete };
        let class = Class { at: id, reclaim };
        if manifest.annotation(DEFAULT_CLASS) == Some("true") {
            self.defaults.insert(place.clone(), class.clone());
        }
        self.classes.insert((place.0, place.1, Arc::clone(&key.name)), class);
    }

    fn add_volume(&mut self, place: (usize, Arc<str>), key: &ResourceKey, manifest: &Manifest) {
        let text = |path: &[&str]| manifest.node().at(path).and_then(Node::as_str);
        let policy = text(&["spec", "persistentVolumeReclaimPolicy"]);
        let reclaim = if policy == Some("Delete") { Reclaim::Delete } else { Reclaim::Retain };
        let claim = |part| text(&["spec", "claimRef", part]);
        if let (Some(namespace), Some(name)) = (claim("namespace"), claim("name")) {
            let claim = format!("{namespace}/{name}");
            self.claimed.insert((place.0, Arc::clone(&place.1), claim), (Arc::clone(&key.name), reclaim));
        }
        self.volumes.insert((place.0, place.1, Arc::clone(&key.name)), reclaim);
    }

    /// Whether any class is in git.
    pub(super) fn has_classes(&self) -> bool {
        !self.classes.is_empty()
    }

    /// The class that a claim on a cluster gets, where it is in git.
    pub(super) fn class_of(&self, instance: usize, cluster: &Arc<str>, used: &Use) -> Option<&Class> {
        match &used.class {
            Some(name) => self.classes.get(&(instance, Arc::clone(cluster), name.as_str().into())),
            None => self.defaults.get(&(instance, Arc::clone(cluster))),
        }
    }
}

/// What an object asks for by way of claims: a claim itself, the templates of a StatefulSet, and what the resource of
/// an operator says about storage classes.
pub(super) fn uses(key: &ResourceKey, manifest: &Manifest, stateful: &[GroupKind]) -> Vec<Use> {
    let spec = || manifest.node().get("spec");
    match (&*key.group, &*key.kind) {
        ("", "PersistentVolumeClaim") => spec().and_then(claimed).into_iter().collect(),
        ("apps", "StatefulSet") => {
            let templates = spec().and_then(|spec| spec.get("volumeClaimTemplates"));
            let specs =
                templates.into_iter().flat_map(Node::items).filter_map(|template| template.get("spec"));
            specs.filter_map(claimed).collect()
        }
        ("", "PersistentVolume") => Vec::new(),
        _ if holds_data(&key.group, manifest, stateful) => {
            let named = spec().into_iter().flat_map(Node::subtree).flat_map(Node::entries);
            let classes = named.filter(|entry| matches!(&*entry.key, "storageClass" | "storageClassName"));
            let names = classes.filter_map(|entry| entry.value.as_str()).filter(|name| !name.is_empty());
            names.map(|name| Use { class: Some(name.to_owned()) }).collect()
        }
        _ => Vec::new(),
    }
}

/// What the spec of a claim asks for; None where it takes a volume that exists: by name, or by the empty class.
fn claimed(spec: Node<'_>) -> Option<Use> {
    let class = spec.get("storageClassName").and_then(Node::as_str);
    let fixed = spec.get("volumeName").and_then(Node::as_str).is_some_and(|name| !name.is_empty());
    (!fixed && class != Some("")).then(|| Use { class: class.map(str::to_owned) })
}

impl Policies {
    /// What becomes of the disk behind a claim once the claim is gone, in one clause.
    pub(super) fn told(
        &self,
        instance: usize,
        cluster: &Arc<str>,
        key: &ResourceKey,
        claim: Option<&Manifest>,
    ) -> String {
        let (who, reclaim) = self.volume(instance, cluster, key, claim);
        match reclaim {
            Some(Reclaim::Retain) => {
                format!(
                    "{who} says `Retain`: the volume stays, Released, and no new claim finds it by itself"
                )
            }
            Some(Reclaim::Delete) => format!("{who} says `Delete`: the disk goes with the claim"),
            None => {
                format!("what becomes of the disk is up to {who}, which is not in git; most say `Delete`")
            }
        }
    }

    /// Who decides about the disk behind a claim, and what that one says, where it is in git.
    fn volume(
        &self,
        instance: usize,
        cluster: &Arc<str>,
        key: &ResourceKey,
        claim: Option<&Manifest>,
    ) -> (String, Option<Reclaim>) {
        let cluster = || Arc::clone(cluster);
        if let Some((name, reclaim)) =
            self.claimed.get(&(instance, cluster(), format!("{}/{}", key.namespace, key.name)))
        {
            return (format!("PersistentVolume `{name}`"), Some(*reclaim));
        }
        let spec = claim.and_then(|claim| claim.node().get("spec"));
        if let Some(name) = spec.and_then(|spec| spec.get("volumeName")?.as_str()) {
            let reclaim = self.volumes.get(&(instance, cluster(), name.into()));
            return (format!("PersistentVolume `{name}`"), reclaim.copied());
        }
        let used = spec.and_then(claimed).unwrap_or(Use { class: None });
        let who = match &used.class {
            Some(class) => format!("the storage class `{class}`"),
            None => "the default storage class".to_owned(),
        };
        (who, self.class_of(instance, &cluster(), &used).map(|class| class.reclaim))
    }
}
