//! Which changes of a live object the API server refuses.

use crate::model::group_of;
use serde_json::Value;

/// What about a kind cannot change.
enum Rule {
    /// The value at this path.
    Field(&'static str),
    /// Everything below this path but these fields.
    AllBut(&'static str, &'static [&'static str]),
    /// Everything below these paths, once the truth value at the first path is set.
    Once(&'static str, &'static [&'static str]),
    /// Requested storage may grow and not shrink.
    Grows(&'static str),
    /// Once there, the value neither changes nor goes; where it was not said, it was chosen, and is `None` no more.
    Chosen(&'static str),
}
use Rule::{AllBut, Chosen, Field, Grows, Once};

/// Group, kind, and what validation of updates refuses (`pkg/apis/*/validation` of Kubernetes 1.36).
const RULES: &[(&str, &str, &[Rule])] = &[
    (
        "apps",
        "StatefulSet",
        &[AllBut(
            "/spec",
            &[
                "replicas",
                "ordinals",
                "template",
                "updateStrategy",
                "revisionHistoryLimit",
                "persistentVolumeClaimRetentionPolicy",
                "minReadySeconds",
            ],
        )],
    ),
    ("apps", "Deployment", &[Field("/spec/selector")]),
    ("apps", "DaemonSet", &[Field("/spec/selector")]),
    ("apps", "ReplicaSet", &[Field("/spec/selector")]),
    (
        "batch",
        "Job",
        &[
            Field("/spec/template"),
            Field("/spec/selector"),
            Field("/spec/completionMode"),
            Field("/spec/podFailurePolicy"),
        ],
    ),
    (
        "",
        "PersistentVolumeClaim",
        &[
            AllBut("/spec", &["resources", "volumeAttributesClassName", "volumeName"]),
            Grows("/spec/resources/requests/storage"),
        ],
    ),
    ("", "Service", &[Chosen("/spec/clusterIP")]),
    ("", "ConfigMap", &[Once("/immutable", &["/data", "/binaryData", "/immutable"])]),
    ("", "Secret", &[Once("/immutable", &["/data", "/immutable"]), Field("/type")]),
    (
        "storage.k8s.io",
        "StorageClass",
        &[Field("/provisioner"), Field("/parameters"), Field("/reclaimPolicy"), Field("/volumeBindingMode")],
    ),
    ("scheduling.k8s.io", "PriorityClass", &[Field("/value"), Field("/preemptionPolicy")]),
    ("networking.k8s.io", "IngressClass", &[Field("/spec/controller")]),
    ("node.k8s.io", "RuntimeClass", &[Field("/handler")]),
    (
        "apiextensions.k8s.io",
        "CustomResourceDefinition",
        &[Field("/spec/group"), Field("/spec/scope"), Field("/spec/names/kind")],
    ),
];

/// Values that Kubernetes fills in where the manifest says nothing.
const DEFAULTS: &[(&str, &str)] = &[
    ("podManagementPolicy", "OrderedReady"),
    ("volumeMode", "Filesystem"),
    ("completionMode", "NonIndexed"),
    ("type", "Opaque"),
    ("reclaimPolicy", "Delete"),
    ("volumeBindingMode", "Immediate"),
    ("preemptionPolicy", "PreemptLowerPriority"),
];

/// The field whose change the API server refuses, as a path; None where nothing is known against the change.
pub(super) fn refused(api_version: &str, kind: &str, live: &Value, target: &Value) -> Option<String> {
    let group = group_of(api_version);
    let (_, _, rules) = RULES.iter().find(|(own, name, _)| *own == group && *name == kind)?;
    rules.iter().find_map(|rule| breaks(rule, live, target))
}

/// Whether a change of `roleRef` makes `kubectl` delete the binding and make it anew (`auth reconcile`, which Argo CD
/// runs before it applies: `pkg/utils/kube/resource_ops.go` of gitops-engine).
pub(super) fn replaces_binding(api_version: &str, kind: &str, live: &Value, target: &Value) -> bool {
    group_of(api_version) == "rbac.authorization.k8s.io"
        && matches!(kind, "RoleBinding" | "ClusterRoleBinding")
        && live.get("roleRef") != target.get("roleRef")
}

fn breaks(rule: &Rule, live: &Value, target: &Value) -> Option<String> {
    let dotted = |path: &str| path.trim_start_matches('/').replace('/', ".");
    match rule {
        Field(path) => {
            let name = path.rsplit('/').next().unwrap_or_default();
            differ(name, live.pointer(path), target.pointer(path)).then(|| dotted(path))
        }
        AllBut(path, may) => {
            let (live, target) = (live.pointer(path), target.pointer(path));
            let keys = |value: Option<&Value>| -> Vec<String> {
                value.and_then(Value::as_object).into_iter().flat_map(|map| map.keys().cloned()).collect()
            };
            let mut all = keys(live);
            all.extend(keys(target));
            all.sort();
            let get = |value: Option<&Value>, key: &str| value.and_then(|value| value.get(key)).cloned();
            let changed = all.iter().find(|key| {
                !may.contains(&key.as_str())
                    && differ(key, get(live, key).as_ref(), get(target, key).as_ref())
            })?;
            Some(format!("{}.{changed}", dotted(path)))
        }
        Once(switch, paths) => {
            if live.pointer(switch) != Some(&Value::Bool(true)) {
                return None;
            }
            paths.iter().find(|path| live.pointer(path) != target.pointer(path)).map(|path| dotted(path))
        }
        Grows(path) => {
            let size = |value: &Value| quantity(value.pointer(path)?);
            let shrinks = size(target)? < size(live)?;
            shrinks.then(|| dotted(path))
        }
        Chosen(path) => {
            let (live, target) = (live.pointer(path), target.pointer(path));
            let refused = match (live, target) {
                (Some(live), Some(target)) => live != target,
                // A headless Service has no address, and one that has an address cannot become headless.
                (None, Some(target)) => target == "None",
                (Some(live), None) => live == "None",
                (None, None) => false,
            };
            refused.then(|| dotted(path))
        }
    }
}

/// Whether two values of a field differ once defaults are filled in.
fn differ(name: &str, live: Option<&Value>, target: Option<&Value>) -> bool {
    if live == target {
        return false;
    }
    if name == "volumeClaimTemplates" {
        let list = |value: Option<&Value>| value.cloned().map(claim_templates).unwrap_or_default();
        return list(live) != list(target);
    }
    let default = DEFAULTS.iter().find(|(field, _)| *field == name).map(|(_, value)| *value);
    let or_default = |value: Option<&Value>| match (value, default) {
        (None, Some(default)) => Value::from(default),
        (value, _) => value.cloned().unwrap_or_default(),
    };
    or_default(live) != or_default(target)
}

/// Claim templates without what Kubernetes fills in.
fn claim_templates(mut list: Value) -> Value {
    for template in list.as_array_mut().into_iter().flatten() {
        let Some(map) = template.as_object_mut() else { continue };
        ["apiVersion", "kind", "status"].iter().for_each(|key| drop(map.remove(*key)));
        if let Some(spec) = map.get_mut("spec").and_then(Value::as_object_mut) {
            spec.entry("volumeMode").or_insert_with(|| "Filesystem".into());
        }
    }
    list
}

/// A Kubernetes quantity in units; None for what is none.
fn quantity(value: &Value) -> Option<f64> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '-').unwrap_or(text.len());
    let (number, suffix) = text.split_at(digits);
    let factor = match suffix {
        "m" => 0.001,
        "" => 1.0,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "Ki" => 1024.0,
        "Mi" => 1024f64.powi(2),
        "Gi" => 1024f64.powi(3),
        "Ti" => 1024f64.powi(4),
        "Pi" => 1024f64.powi(5),
        _ => return None,
    };
    Some(number.parse::<f64>().ok()? * factor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_refused() {
        let claim = |size: &str, class: &str| json!({"spec": {"storageClassName": class, "resources": {"requests": {"storage": size}}}});
        for (api, kind, live, target, expected) in [
            (
                "apps/v1",
                "StatefulSet",
                json!({"spec": {"serviceName": "a"}}),
                json!({"spec": {"serviceName": "b"}}),
                Some("spec.serviceName"),
            ),
            (
                "apps/v1",
                "StatefulSet",
                json!({"spec": {"replicas": 1}}),
                json!({"spec": {"replicas": 2}}),
                None,
            ),
            (
                "apps/v1",
                "StatefulSet",
                json!({"spec": {}}),
                json!({"spec": {"podManagementPolicy": "OrderedReady"}}),
                None,
            ),
            (
                "apps/v1",
                "StatefulSet",
                json!({"spec": {}}),
                json!({"spec": {"podManagementPolicy": "Parallel"}}),
                Some("spec.podManagementPolicy"),
            ),
            ("v1", "PersistentVolumeClaim", claim("1Gi", "a"), claim("2Gi", "a"), None),
            (
                "v1",
                "PersistentVolumeClaim",
                claim("2Gi", "a"),
                claim("1Gi", "a"),
                Some("spec.resources.requests.storage"),
            ),
            (
                "v1",
                "PersistentVolumeClaim",
                claim("1Gi", "a"),
                claim("1Gi", "b"),
                Some("spec.storageClassName"),
            ),
            (
                "v1",
                "Service",
                json!({"spec": {}}),
                json!({"spec": {"clusterIP": "None"}}),
                Some("spec.clusterIP"),
            ),
            (
                "v1",
                "ConfigMap",
                json!({"immutable": true, "data": {}}),
                json!({"immutable": true, "data": {"a": "b"}}),
                Some("data"),
            ),
            ("v1", "ConfigMap", json!({"data": {}}), json!({"immutable": true, "data": {"a": "b"}}), None),
        ] {
            assert_eq!(refused(api, kind, &live, &target).as_deref(), expected, "{kind} {target}");
        }
    }
}
