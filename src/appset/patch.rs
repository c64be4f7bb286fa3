//! `templatePatch`: a strategic merge patch over the Application (`controllers/template/patch.go`,
//! `k8s.io/apimachinery/pkg/util/strategicpatch`).

use serde_json::{Map, Value};

use crate::appset::fail::Fail;
use crate::appset::functions::read_yaml_json;
use crate::appset::schema::{APPLICATION, Struct, Type};
use crate::appset::typed::round_trip;

const DELETE_FROM_LIST: &str = "$deleteFromPrimitiveList/";
const ORDER: &str = "$setElementOrder/";

/// The Application with the patch, given as text, applied. Its project stays what it was.
pub(super) fn apply(application: &Value, patch: &str) -> Result<Value, Fail> {
    let patch = read(patch).map_err(|fail| fail.during("invalid templatePatch"))?;
    let fields = match &patch {
        Value::Null => Map::new(),
        Value::Object(fields) => fields.clone(),
        _ => return Err(Fail::error("invalid templatePatch: it is no object")),
    };
    round_trip(&Value::Object(fields.clone()), &APPLICATION)
        .map_err(|error| Fail::error(format!("invalid templatePatch: {error}")))?;
    let mut patched = application.as_object().cloned().unwrap_or_default();
    merge(&mut patched, &fields, Some(&Type::Struct(&APPLICATION)))
        .map_err(|error| Fail::error(format!("error while applying templatePatch: {error}")))?;
    let mut patched = round_trip(&Value::Object(patched), &APPLICATION)
        .map_err(|error| Fail::error(format!("error while unmarshalling patched application: {error}")))?;
    patched["spec"]["project"] = application["spec"]["project"].clone();
    Ok(patched)
}

fn read(text: &str) -> Result<Value, Fail> {
    if text.trim().starts_with('{') {
        return serde_json::from_str(text).map_err(|error| Fail::error(error.to_string()));
    }
    Ok(read_yaml_json(text)?)
}

/// Merges `patch` into `original`; `of` is the Go type, `None` below what is no struct.
fn merge(
    original: &mut Map<String, Value>,
    patch: &Map<String, Value>,
    of: Option<&Type>,
) -> Result<(), String> {
    match patch.get("$patch").map(|directive| directive.as_str().unwrap_or_default()) {
        Some("replace") => {
            *original = patch.clone();
            original.remove("$patch");
            return Ok(());
        }
        Some("delete") => {
            original.clear();
            return Ok(());
        }
        Some("merge") | None => (),
        Some(other) => return Err(format!("unknown patch type {other:?}")),
    }
    if let Some(keep) = patch.get("$retainKeys").and_then(Value::as_array) {
        original.retain(|key, _| keep.iter().any(|kept| kept.as_str() == Some(key)));
    }
    for (key, value) in patch {
        if key.starts_with('$') {
            delete_from_list(original, key, value);
            continue;
        }
        if value.is_null() {
            original.remove(key);
            continue;
        }
        let Some(there) = original.get_mut(key) else {
            original.insert(key.clone(), without_nulls(value));
            continue;
        };
        match (there, value) {
            (Value::Object(there), Value::Object(value)) => {
                let of = field_type(of, key)?;
                merge(there, value, Some(of))?;
            }
            (Value::Array(there), Value::Array(value)) => {
                field_type(of, key)?;
                if key == "finalizers" {
                    union(there, value);
                } else {
                    *there = value.iter().map(without_nulls).collect();
                }
            }
            (there, value) => *there = without_nulls(value),
        }
    }
    Ok(())
}

fn delete_from_list(original: &mut Map<String, Value>, key: &str, value: &Value) {
    let Some(name) = key.strip_prefix(DELETE_FROM_LIST) else {
        debug_assert!(key.starts_with('$') || key.starts_with(ORDER));
        return;
    };
    if let (Some(Value::Array(there)), Value::Array(gone)) = (original.get_mut(name), value) {
        there.retain(|item| !gone.contains(item));
    }
}

/// The type of a field, for which the library looks before it merges into a map or list.
fn field_type(of: Option<&Type>, key: &str) -> Result<&'static Type, String> {
    let shape: &'static Struct = match of {
        Some(Type::Struct(shape)) => shape,
        Some(Type::Json) => {
            return Err(format!(
                "unable to find api field in struct RawExtension for the json field {key:?}"
            ));
        }
        _ => return Err("merging an object in json but data type is not struct".to_owned()),
    };
    let exact = shape.field(key);
    let folded = || shape.fields.iter().find(|field| field.name.eq_ignore_ascii_case(key));
    match exact.or_else(folded) {
        Some(field) => Ok(&field.of),
        None => Err(format!("unable to find api field in struct {} for the json field {key:?}", shape.name)),
    }
}

/// Joins two lists without repetition: the patch keeps its order, and what was there stands before an element
/// of the patch only where it stood before it already.
fn union(there: &mut Vec<Value>, more: &[Value]) {
    let before = std::mem::take(there);
    let place = |value: &Value| before.iter().position(|known| known == value);
    let mut own = before.iter().filter(|value| !more.contains(value)).peekable();
    for value in more {
        while let Some(next) = own.next_if(|own| place(own) < place(value)) {
            there.push(next.clone());
        }
        if !there.contains(value) {
            there.push(value.clone());
        }
    }
    there.extend(own.cloned());
}

/// What is new keeps no null: there is nothing to delete.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(key, value)| (key.clone(), without_nulls(value))).collect())
        }
        other => other.clone(),
    }
}
