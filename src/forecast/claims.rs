//! Claims: those that StatefulSets make, and those that Pods mount.

use crate::model::{Manifest, ResourceKey};
use crate::yaml::Node;
use std::sync::Arc;

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
pub(super) fn takes_claims(manifest: &Manifest) -> bool {
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
}
