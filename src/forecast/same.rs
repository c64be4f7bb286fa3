//! Whether two manifests of one key say the same to the API server.

use crate::model::{Manifest, Tracking, drop_unknown, group_of};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};

/// Annotations that Argo CD and kubectl write for themselves, whatever git says.
const OWN_ANNOTATIONS: &[&str] =
    &["argocd.argoproj.io/tracking-id", "kubectl.kubernetes.io/last-applied-configuration"];

/// What decides how manifests are compared.
#[derive(Clone, Copy)]
pub(super) struct Comparing<'a> {
    /// How objects are tracked, as the mark is rewritten at every apply.
    pub tracking: Tracking,
    /// The label of [`Tracking::Label`].
    pub label: &'a str,
}

/// Whether applying `target` over what `live` made changes nothing.
///
/// Fields that the kind does not have are dropped by the API server; a version of the same group says the same; the
/// namespace is part of the key.
pub(super) fn same(live: &Manifest, target: &Manifest, how: Comparing<'_>) -> bool {
    live.node().raw() == target.node().raw() && live.api_version() == target.api_version()
        || effective(live, how) == effective(target, how)
}

/// Whether two manifests hold the same fields at all, dropped ones included.
pub(super) fn same_text(one: &Manifest, other: &Manifest) -> bool {
    one.node().raw() == other.node().raw() || one.node().to_json() == other.node().to_json()
}

/// The object as the API server keeps it, as far as git decides it.
pub(super) fn effective(manifest: &Manifest, how: Comparing<'_>) -> Value {
    let mut object = manifest.node().to_json();
    let (group, kind) = (group_of(manifest.api_version()), manifest.kind());
    without_nulls(&mut object);
    drop_unknown(group, kind, &mut object);
    let Some(map) = object.as_object_mut() else { return object };
    map.remove("apiVersion");
    map.remove("status");
    if (group, kind) == ("", "Secret") {
        join_string_data(map);
    }
    if let Some(metadata) = map.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("namespace");
        metadata.remove("creationTimestamp");
        drop_keys(metadata, "annotations", OWN_ANNOTATIONS);
        if how.tracking != Tracking::Annotation {
            drop_keys(metadata, "labels", &[how.label]);
        }
    }
    object
}

fn drop_keys(metadata: &mut Map<String, Value>, field: &str, keys: &[&str]) {
    let Some(map) = metadata.get_mut(field).and_then(Value::as_object_mut) else { return };
    map.retain(|key, _| !keys.contains(&key.as_str()));
    if map.is_empty() {
        metadata.remove(field);
    }
}

/// `stringData` is written over `data` and not kept.
fn join_string_data(map: &mut Map<String, Value>) {
    let Some(Value::Object(texts)) = map.remove("stringData") else { return };
    let data = map.entry("data").or_insert_with(|| Value::Object(Map::new()));
    let Some(data) = data.as_object_mut() else { return };
    for (key, value) in texts {
        if let Some(text) = value.as_str() {
            data.insert(key, BASE64_STANDARD.encode(text).into());
        }
    }
}

fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_nothing() {
        let how = Comparing { tracking: Tracking::Annotation, label: "app.kubernetes.io/instance" };
        for (one, other, expected) in [
            (
                "{apiVersion: autoscaling/v1, kind: X, a: 1}",
                "{apiVersion: autoscaling/v2, kind: X, a: 1}",
                true,
            ),
            (
                "{apiVersion: v1, kind: Secret, data: {k: Zm9v}}",
                "{apiVersion: v1, kind: Secret, stringData: {k: foo}}",
                true,
            ),
            (
                "{apiVersion: v1, kind: Secret, data: {k: Zm9v}}",
                "{apiVersion: v1, kind: Secret, stringData: {k: bar}}",
                false,
            ),
            (
                "{apiVersion: v1, kind: ConfigMap, data: {k: a}}",
                "{apiVersion: v1, kind: ConfigMap, data: {k: b}}",
                false,
            ),
            ("{apiVersion: v1, kind: ConfigMap}", "{apiVersion: v1, kind: ConfigMap, data: null}", true),
            ("{apiVersion: v1, kind: ConfigMap}", "{apiVersion: v1, kind: ConfigMap, date: {}}", true),
            (
                "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}",
                "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: b, annotations: {argocd.argoproj.io/tracking-id: x}}}",
                true,
            ),
        ] {
            let found = same(&Manifest::parsed(one), &Manifest::parsed(other), how);
            assert_eq!(found, expected, "{one} {other}");
        }
    }
}
