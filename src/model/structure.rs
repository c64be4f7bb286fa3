//! What the API server makes of the fields of Kubernetes' own kinds.

use hashbrown::HashMap;
use serde_json::Value;
use std::sync::LazyLock;

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The kind has no such field; the API server drops it.
    Unknown,
    /// It holds another type than it must; the API server refuses the object.
    WrongType,
    /// It must be there and is not; the API server refuses the object.
    Missing,
}

#[derive(Debug)]
struct Field {
    name: &'static str,
    required: bool,
    content: &'static str,
}

struct Table {
    kinds: HashMap<(&'static str, &'static str), &'static str>,
    types: HashMap<&'static str, Vec<Field>>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table { kinds: HashMap::new(), types: HashMap::new() };
    let lines = include_str!("kubernetes-fields.txt").lines();
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let Some((head, rest)) = line.split_once(' ') else { continue };
        match head.rsplit_once('/') {
            Some((group_version, kind)) => {
                let group = group_version.split('/').next().filter(|group| *group != "-").unwrap_or("");
                // The last version that is listed is the newest one.
                table.kinds.insert((group, kind), rest);
            }
            None => {
                table.types.insert(head, rest.split(' ').filter_map(field).collect());
            }
        }
    }
    table
});

fn field(text: &'static str) -> Option<Field> {
    let (name, content) = text.split_once(':')?;
    let required = name.ends_with('!');
    Some(Field { name: name.trim_end_matches('!'), required, content })
}

/// Every flaw of an object of one of Kubernetes' own kinds, each with its path, in the order of the fields; none for
/// other kinds.
///
/// Of what validation in Kubernetes' Go code refuses beyond that, nothing is known here.
pub fn flaws(group: &str, kind: &str, object: &Value) -> Vec<(Flaw, String)> {
    let mut found = Vec::new();
    if let Some(of) = TABLE.kinds.get(&(group, kind)) {
        check(of, object, String::new(), &mut found);
    }
    found
}

/// Takes away the fields that the kind does not have, as the API server does; leaves other kinds alone.
pub fn drop_unknown(group: &str, kind: &str, object: &mut Value) {
    if let Some(of) = TABLE.kinds.get(&(group, kind)) {
        strip(of, object);
    }
}

fn check(of: &'static str, value: &Value, path: String, found: &mut Vec<(Flaw, String)>) {
    if value.is_null() || of == "*" {
        return;
    }
    if let Some(item) = of.strip_prefix("[]") {
        return match value {
            Value::Array(items) => items
                .iter()
                .enumerate()
                .for_each(|(index, value)| check(item, value, format!("{path}[{index}]"), found)),
            _ => found.push((Flaw::WrongType, path)),
        };
    }
    if let Some(item) = of.strip_prefix("{}") {
        return match value {
            Value::Object(map) => {
                map.iter().for_each(|(key, value)| check(item, value, below(&path, key), found));
            }
            _ => found.push((Flaw::WrongType, path)),
        };
    }
    let fits = match of {
        "s" => value.is_string(),
        "i" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "n" => value.is_number(),
        "b" => value.is_boolean(),
        "x" => value.is_number() || value.is_string(),
        _ => value.is_object(),
    };
    if !fits {
        found.push((Flaw::WrongType, path));
        return;
    }
    let (Some(fields), Value::Object(map)) = (TABLE.types.get(of), value) else { return };
    for key in map.keys().filter(|key| !fields.iter().any(|field| field.name == **key)) {
        found.push((Flaw::Unknown, below(&path, key)));
    }
    for field in fields {
        match map.get(field.name) {
            Some(Value::Null) | None if field.required => {
                found.push((Flaw::Missing, below(&path, field.name)));
            }
            Some(value) => check(field.content, value, below(&path, field.name), found),
            None => {}
        }
    }
}

fn strip(of: &'static str, value: &mut Value) {
    if let Some(item) = of.strip_prefix("[]") {
        value.as_array_mut().into_iter().flatten().for_each(|value| strip(item, value));
    } else if let Some(item) = of.strip_prefix("{}") {
        value
            .as_object_mut()
            .into_iter()
            .flat_map(|map| map.values_mut())
            .for_each(|value| strip(item, value));
    } else if let (Some(fields), Value::Object(map)) = (TABLE.types.get(of), value) {
        map.retain(|key, _| fields.iter().any(|field| field.name == key));
        for field in fields {
            if let Some(value) = map.get_mut(field.name) {
                strip(field.content, value);
            }
        }
    }
}

fn below(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_of_kubernetes() {
        let template =
            json!({"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "main"}]}});
        let selector = json!({"matchLabels": {"app": "a"}});
        for (group, kind, object, expected) in [
            ("", "ConfigMap", json!({"data": {"a": "b"}}), vec![]),
            ("", "ConfigMap", json!({"data": {"a": 1}}), vec![(Flaw::WrongType, "data.a")]),
            ("", "ConfigMap", json!({"data": null}), vec![]),
            ("apps", "Deployment", json!({"spec": {"selector": selector, "template": template}}), vec![]),
            (
                "apps",
                "Deployment",
                json!({"spec": {"template": template}}),
                vec![(Flaw::Missing, "spec.selector")],
            ),
            (
                "apps",
                "Deployment",
                json!({"spec": {"selector": selector, "template": template, "replica": 2}}),
                vec![(Flaw::Unknown, "spec.replica")],
            ),
            ("example.com", "Widget", json!({"spec": 1}), vec![]),
        ] {
            let found = flaws(group, kind, &object);
            let found: Vec<_> = found.iter().map(|(flaw, path)| (*flaw, path.as_str())).collect();
            assert_eq!(found, expected, "{kind} {object}");
        }
    }

    #[test]
    fn unknown_fields_go() {
        let mut object =
            json!({"spec": {"replica": 2, "template": {"spec": {"containers": [{"nam": "a"}]}}}});
        drop_unknown("apps", "Deployment", &mut object);
        assert_eq!(object, json!({"spec": {"template": {"spec": {"containers": [{}]}}}}));
    }
}
