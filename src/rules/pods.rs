//! What rules about Pods share.

use crate::model::{Manifest, ResourceKey, pod_spec};
use crate::yaml::Node;
use std::sync::Arc;

/// An object that a Pod cannot start without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    /// Its kind, of the core group.
    pub kind: &'static str,
    /// Its name, in the namespace of the Pod.
    pub name: Arc<str>,
}

/// The Pod spec of a workload, told by its group too.
pub(super) fn template<'a>(key: &ResourceKey, manifest: &'a Manifest) -> Option<Node<'a>> {
    let group = match &*key.kind {
        "Pod" => "",
        "Job" | "CronJob" => "batch",
        _ => "apps",
    };
    pod_spec(manifest).filter(|_| *key.group == *group)
}

/// What a Pod cannot start without.
pub(super) fn references(pod: Node<'_>) -> Vec<Reference> {
    let mut found: Vec<Reference> = Vec::new();
    let mut add = |kind: &'static str, of: Option<Node<'_>>, key: &str| {
        let Some(of) = of.filter(|of| of.get("optional").and_then(Node::as_bool) != Some(true)) else {
            return;
        };
        if let Some(name) = of.get(key).and_then(Node::as_str) {
            found.push(Reference { kind, name: name.into() });
        }
    };
    add("ServiceAccount", Some(pod), "serviceAccountName");
    for volume in list(pod, "volumes") {
        add("PersistentVolumeClaim", volume.get("persistentVolumeClaim"), "claimName");
        add("Secret", volume.get("secret"), "secretName");
        add("ConfigMap", volume.get("configMap"), "name");
    }
    for container in ["initContainers", "containers"].into_iter().flat_map(|key| list(pod, key)) {
        for from in list(container, "envFrom") {
            add("Secret", from.get("secretRef"), "name");
            add("ConfigMap", from.get("configMapRef"), "name");
        }
        for from in list(container, "env").filter_map(|variable| variable.get("valueFrom")) {
            add("Secret", from.get("secretKeyRef"), "name");
            add("ConfigMap", from.get("configMapKeyRef"), "name");
        }
    }
    found.dedup();
    found
}

fn list<'a>(node: Node<'a>, key: &str) -> impl Iterator<Item = Node<'a>> + use<'a> {
    node.get(key).into_iter().flat_map(Node::items)
}
