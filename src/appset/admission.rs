//! What the API server does with an object before any controller sees it: fields that the schema does not
//! know are dropped, the rest is checked, and so are names, labels, annotations and finalizers.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use crate::appset::schema::{Presence, Struct, Type};

/// Drops what the schema does not know and gives the paths of it, sorted.
pub(super) fn prune(object: &mut Value, shape: &'static Struct) -> Vec<String> {
    let mut dropped = Vec::new();
    prune_at(object, &Type::Struct(shape), "", &mut dropped);
    dropped.sort();
    dropped
}

fn prune_at(value: &mut Value, of: &Type, path: &str, dropped: &mut Vec<String>) {
    if let Type::Json = of {
        return;
    }
    match value {
        Value::Object(fields) => prune_object(fields, of, path, dropped),
        Value::Array(items) => {
            let inner = if let Type::List(inner) = of { inner } else { &Type::Text };
            for (index, item) in items.iter_mut().enumerate() {
                prune_at(item, inner, &format!("{path}[{index}]"), dropped);
            }
        }
        _ => (),
    }
}

fn prune_object(fields: &mut Map<String, Value>, of: &Type, path: &str, dropped: &mut Vec<String>) {
    fields.retain(|name, value| {
        let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let known = match of {
            Type::Struct(shape) => shape.field(name).map(|field| &field.of),
            Type::Map(of) => Some(*of),
            _ => None,
        };
        match known {
            Some(of) => prune_at(value, of, &inner, dropped),
            None => dropped.push(inner),
        }
        known.is_some()
    });
}

/// What the schema has against the object: one message a field, sorted.
pub(super) fn check(object: &Value, shape: &'static Struct) -> Vec<String> {
    let mut problems = Vec::new();
    check_at(object, &Type::Struct(shape), "", &mut problems);
    problems.sort();
    problems
}

fn check_at(value: &Value, of: &Type, path: &str, problems: &mut Vec<String>) {
    let expected = match (of, value) {
        (Type::Json, _)
        | (Type::Text, Value::String(_))
        | (Type::Bool, Value::Bool(_))
        | (Type::IntOrText, Value::String(_)) => return,
        (Type::Int | Type::IntOrText, Value::Number(number)) if is_whole(number) => return,
        (Type::Word(words), Value::String(word)) => {
            if !words.contains(&word.as_str()) {
                problems.push(format!("{path}: {word:?} is none of {}", words.join(", ")));
            }
            return;
        }
        (Type::List(of), Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                check_at(item, of, &format!("{path}[{index}]"), problems);
            }
            return;
        }
        (Type::Map(of), Value::Object(fields)) => {
            for (name, item) in fields {
                check_at(item, of, &format!("{path}.{name}"), problems);
            }
            return;
        }
        (Type::Struct(shape), Value::Object(fields)) => {
            check_fields(fields, shape, path, problems);
            return;
        }
        (Type::Text | Type::Word(_), _) => "string",
        (Type::Int, _) => "integer",
        (Type::IntOrText, _) => "integer or string",
        (Type::Bool, _) => "boolean",
        (Type::List(_), _) => "array",
        (Type::Map(_) | Type::Struct(_), _) => "object",
    };
    problems.push(format!("{path}: must be of type {expected}, not {}", kind(value)));
}

fn check_fields(fields: &Map<String, Value>, shape: &Struct, path: &str, problems: &mut Vec<String>) {
    for field in shape.fields {
        let inner = if path.is_empty() { field.name.to_owned() } else { format!("{path}.{}", field.name) };
        match fields.get(field.name) {
            Some(value) => check_at(value, &field.of, &inner, problems),
            None if matches!(field.presence, Presence::Required | Presence::Demanded) => {
                problems.push(format!("{inner}: required"));
            }
            None => (),
        }
    }
    // The one rule of the schema that is no type: where the hydrator writes must not be the root.
    let sync_path = shape.name == "SYNC_SOURCE";
    if let (true, Some(Value::String(text))) = (sync_path, fields.get("path"))
        && matches!(text.as_str(), "" | "." | "/")
    {
        problems.push(format!("{path}.path: {text:?} is the root of the repository"));
    }
}

fn is_whole(number: &serde_json::Number) -> bool {
    number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|number| number.fract() == 0.0)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if is_whole(number) => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

static SUBDOMAIN: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"));
static NAME_PART: LazyLock<Regex> = LazyLock::new(|| pattern(r"^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$"));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern is valid")
}

/// Whether this is a subdomain in the sense of RFC 1123, as names of objects must be.
pub(super) fn is_subdomain(name: &str) -> bool {
    name.len() <= 253 && SUBDOMAIN.is_match(name)
}

/// Why this is no qualified name (`prefix/name`), as keys of labels must be.
pub(super) fn qualified_name_problem(key: &str) -> Option<String> {
    let (prefix, name) = match key.split_once('/') {
        Some((_, rest)) if rest.contains('/') => return Some(format!("{key:?} has more than one slash")),
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    if prefix.is_some_and(|prefix| !is_subdomain(prefix)) {
        return Some(format!("the prefix of {key:?} is no DNS subdomain"));
    }
    if name.is_empty() || name.len() > 63 || !NAME_PART.is_match(name) {
        return Some(format!("{key:?} is no qualified name"));
    }
    None
}

/// Why this cannot be the value of a label.
pub(super) fn label_value_problem(value: &str) -> Option<String> {
    if value.len() > 63 || !value.is_empty() && !NAME_PART.is_match(value) {
        return Some(format!("{value:?} is no label value"));
    }
    None
}

/// What the API server has against the metadata of an object, as far as it does not depend on the cluster.
pub(super) fn metadata_problems(metadata: &Value) -> Vec<String> {
    const MOST_ANNOTATIONS: usize = 256 << 10;
    let mut problems = Vec::new();
    match metadata["name"].as_str() {
        None | Some("") if metadata["generateName"].as_str().is_none_or(str::is_empty) => {
            problems.push("metadata.name: name or generateName is required".to_owned());
        }
        Some(name) if !name.is_empty() && !is_subdomain(name) => {
            problems.push(format!("metadata.name: {name:?} is no lowercase RFC 1123 subdomain"));
        }
        _ => (),
    }
    for (key, value) in metadata["labels"].as_object().into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        let found = qualified_name_problem(key).into_iter().chain(label_value_problem(value));
        problems.extend(found.map(|problem| format!("metadata.labels: {problem}")));
    }
    let mut size = 0;
    for (key, value) in metadata["annotations"].as_object().into_iter().flatten() {
        size += key.len() + value.as_str().map_or(0, str::len);
        let found = qualified_name_problem(&key.to_lowercase());
        problems.extend(found.map(|problem| format!("metadata.annotations: {problem}")));
    }
    if size > MOST_ANNOTATIONS {
        problems.push("metadata.annotations: must have at most 262144 bytes".to_owned());
    }
    for finalizer in metadata["finalizers"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let found = qualified_name_problem(finalizer);
        problems.extend(found.map(|problem| format!("metadata.finalizers: {problem}")));
    }
    problems
}
