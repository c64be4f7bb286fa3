//! Which objects the API server refuses, whatever is there before.

use crate::model::{Flaw, GroupKind, Manifest, ResourceKey, flaws};
use crate::yaml::Node;
use serde_json::Value;

/// Why the API server refuses an object; None where nothing is known against it.
///
/// Names, types of fields, required fields, and the schema of the kind's CustomResourceDefinition. None of this is seen
/// by the dry run that Argo CD does before a sync, which is client-side (`applyObject` in
/// `gitops-engine/pkg/sync/sync_context.go`).
pub(super) fn refusal(
    key: &ResourceKey,
    manifest: &Manifest,
    definition: Option<&Manifest>,
) -> Option<String> {
    if !is_name(&key.name, &key.kind, &key.group) {
        return Some(format!("`{}` is no valid name", key.name));
    }
    let object = manifest.node().to_json();
    if let Some((flaw, path)) = serious(&key.group, &key.kind, &object) {
        return Some(match flaw {
            Flaw::Missing => format!("`{path}` is missing"),
            Flaw::WrongType | Flaw::Unknown => format!("`{path}` has the wrong type"),
        });
    }
    let schema = schema(definition?, crate::model::version_of(manifest.api_version()))?;
    violates(&schema, &object, "")
        .map(|path| format!("`{path}` is not what the definition of {} wants", key.kind))
}

fn serious(group: &str, kind: &str, object: &Value) -> Option<(Flaw, String)> {
    let found = flaws(group, kind, object);
    found.into_iter().find(|(flaw, _)| *flaw != Flaw::Unknown)
}

/// Names are DNS subdomains, of Services and Namespaces labels; RBAC objects may have any path segment.
pub(super) fn is_name(name: &str, kind: &str, group: &str) -> bool {
    if group == "rbac.authorization.k8s.io" {
        return !name.is_empty() && !name.contains(['/', '%']) && name != "." && name != "..";
    }
    let label = |label: &str| {
        let bytes = label.as_bytes();
        let edge =
            |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        let inner = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
        edge(bytes.first()) && edge(bytes.last()) && bytes.iter().all(inner)
    };
    match group.is_empty() && matches!(kind, "Namespace" | "Service") {
        true => name.len() <= 63 && label(name),
        false => name.len() <= 253 && name.split('.').all(label),
    }
}

/// The kind that a CustomResourceDefinition defines.
pub(super) fn defined(definition: &Manifest) -> Option<GroupKind> {
    let spec = definition.node().get("spec")?;
    let text = |path: &[&str]| spec.at(path)?.as_str();
    Some(GroupKind { group: text(&["group"])?.into(), kind: text(&["names", "kind"])?.into() })
}

/// The schema of one version of a kind.
fn schema(definition: &Manifest, version: &str) -> Option<Value> {
    let spec = definition.node().get("spec")?;
    let named = |node: &Node<'_>| node.get("name").and_then(|name| name.as_str()) == Some(version);
    let of = spec.get("versions")?.items().find(named)?;
    Some(of.at(&["schema", "openAPIV3Schema"])?.to_json())
}

/// The first field that the schema refuses: its type, its values, or that it is missing.
fn violates(schema: &Value, value: &Value, path: &str) -> Option<String> {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    if value.is_null() {
        return None;
    }
    let is = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        _ => true,
    };
    let either = schema.get("x-kubernetes-int-or-string") == Some(&Value::Bool(true));
    let fits = match schema.get("type").and_then(Value::as_str) {
        Some(name) => is(name),
        None => !either || is("integer") || is("string"),
    };
    let listed = schema.get("enum").and_then(Value::as_array).is_none_or(|values| values.contains(value));
    if !fits || !listed || out_of_bounds(schema, value) {
        return Some(path.to_owned());
    }
    match value {
        Value::Object(map) => {
            let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
            let missing = required
                .filter_map(Value::as_str)
                .find(|name| !map.contains_key(*name) && !has_default(schema, name));
            if let Some(missing) = missing {
                return Some(below(missing));
            }
            let properties = schema.get("properties");
            let rest = schema.get("additionalProperties");
            map.iter().find_map(|(key, value)| {
                if path.is_empty() && matches!(key.as_str(), "apiVersion" | "kind" | "metadata" | "status") {
                    return None;
                }
                let of = properties.and_then(|properties| properties.get(key)).or(rest)?;
                violates(of, value, &below(key))
            })
        }
        Value::Array(items) => {
            let of = schema.get("items")?;
            items.iter().enumerate().find_map(|(index, item)| violates(of, item, &format!("{path}[{index}]")))
        }
        _ => None,
    }
}

fn has_default(schema: &Value, name: &str) -> bool {
    schema.get("properties").and_then(|all| all.get(name)?.get("default")).is_some()
}

fn out_of_bounds(schema: &Value, value: &Value) -> bool {
    let number = |key: &str| schema.get(key).and_then(Value::as_f64);
    if let Some(value) = value.as_f64() {
        return number("minimum").is_some_and(|least| value < least)
            || number("maximum").is_some_and(|most| value > most);
    }
    let count = match value {
        Value::String(text) => Some((text.chars().count(), "minLength", "maxLength")),
        Value::Array(items) => Some((items.len(), "minItems", "maxItems")),
        _ => None,
    };
    count.is_some_and(|(count, least, most)| {
        number(least).is_some_and(|least| (count as f64) < least)
            || number(most).is_some_and(|most| count as f64 > most)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(group: &str, kind: &str, name: &str) -> ResourceKey {
        ResourceKey { group: group.into(), kind: kind.into(), namespace: "a".into(), name: name.into() }
    }

    #[test]
    fn names() {
        for (group, kind, name, expected) in [
            ("", "ConfigMap", "a.b-c", true),
            ("", "ConfigMap", "Bad_Name", false),
            ("", "ConfigMap", "", false),
            ("", "Namespace", "a.b", false),
            ("rbac.authorization.k8s.io", "Role", "system:Bad_Name", true),
        ] {
            assert_eq!(is_name(name, kind, group), expected, "{kind} {name}");
        }
    }

    #[test]
    fn what_is_refused() {
        let definition = Manifest::parsed(
            "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, spec: {group: a.b, names: {kind: W}, versions: [{name: v1, schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}}}]}}",
        );
        for (text, key, expected) in [
            ("{apiVersion: a.b/v1, kind: W, spec: {size: 1}}", key("a.b", "W", "x"), None),
            ("{apiVersion: a.b/v1, kind: W, spec: {size: big}}", key("a.b", "W", "x"), Some("spec.size")),
            ("{apiVersion: a.b/v2, kind: W, spec: {size: big}}", key("a.b", "W", "x"), None),
            (
                "{apiVersion: v1, kind: ConfigMap, data: {port: 8080}}",
                key("", "ConfigMap", "x"),
                Some("data.port"),
            ),
        ] {
            let found = refusal(&key, &Manifest::parsed(text), Some(&definition));
            assert_eq!(found.is_some(), expected.is_some(), "{text}");
            assert!(found.unwrap_or_default().contains(expected.unwrap_or_default()), "{text}");
        }
    }
}
