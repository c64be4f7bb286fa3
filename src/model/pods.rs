//! What workloads of Kubernetes run: their Pods, and the claims that these mount.

use super::key::ResourceKey;
use super::manifest::Manifest;
use crate::yaml::Node;
use std::sync::Arc;

/// How many replicas of a StatefulSet are looked at.
const REPLICAS: i64 = 1000;

/// The spec of the Pods that a workload runs; None for what runs none.
pub fn pod_spec(manifest: &Manifest) -> Option<Node<'_>> {
    let path: &[&str] = match manifest.kind() {
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" => &["spec", "template", "spec"],
        "CronJob" => &["spec", "jobTemplate", "spec", "template", "spec"],
        "Pod" => &["spec"],
        _ => return None,
    };
    manifest.node().at(path)
}

/// The claims that the Pods of a workload mount by name: the name of the volume, empty where it has none, and the claim.
pub fn mounted_claims(manifest: &Manifest) -> Vec<(&str, &str)> {
    let volumes = pod_spec(manifest).and_then(|pod| pod.get("volumes")).into_iter().flat_map(Node::items);
    let claims = volumes.filter_map(|volume| {
        let name = volume.get("name").and_then(Node::as_str).unwrap_or_default();
        Some((name, volume.at(&["persistentVolumeClaim", "claimName"])?.as_str()?))
    });
    claims.collect()
}

/// The names of the claim templates of a StatefulSet.
pub fn claim_templates(manifest: &Manifest) -> Vec<&str> {
    let list = manifest.node().at(&["spec", "volumeClaimTemplates"]).into_iter().flat_map(Node::items);
    list.filter_map(|template| template.at(&["metadata", "name"])?.as_str()).collect()
}

/// The claims that a StatefulSet makes by its templates, `<template>-<set>-<number>`, one template after the other.
pub fn claims_of(set: &ResourceKey, manifest: &Manifest) -> Vec<ResourceKey> {
    let spec = |path: &[&str]| manifest.node().get("spec")?.at(path);
    let count = spec(&["replicas"]).and_then(Node::as_i64).unwrap_or(1).clamp(0, REPLICAS);
    let first = spec(&["ordinals", "start"]).and_then(Node::as_i64).unwrap_or(0);
    let claim = |name: &str, number: i64| ResourceKey {
        group: "".into(),
        kind: "PersistentVolumeClaim".into(),
        namespace: Arc::clone(&set.namespace),
        name: format!("{name}-{}-{number}", set.name).into(),
    };
    let numbers = first..first.saturating_add(count);
    let of = |name| numbers.clone().map(move |number| claim(name, number));
    claim_templates(manifest).into_iter().flat_map(of).collect()
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
            let found: Vec<String> =
                claims_of(&key, &manifest).iter().map(|key| key.name.to_string()).collect();
            assert_eq!(found, expected, "{spec}");
        }
    }
}
