use super::documents::Documents;
use super::path::join;
use crate::files::EntryKind;
use crate::files::Location;
use crate::model::{Problem, ProblemKind, Source};
use serde_json::{Map, Value};

/// The source with `.argocd-source.yaml` and `.argocd-source-<instance>.yaml` of its folder merged over it.
///
/// Follows `mergeSourceParameters` in `reposerver/repository/repository.go`: a JSON merge patch over the source's
/// JSON, then decoded *onto* the source. So a null takes nothing away, and the elements of a list keep what the old
/// ones at their place had and they do not say.
pub(super) fn apply(
    source: &Source,
    documents: &Documents,
    dir: &str,
    instance: &str,
) -> Result<Source, Problem> {
    let mut merged = None;
    for name in [".argocd-source.yaml".to_owned(), format!(".argocd-source-{instance}.yaml")] {
        let path = join(dir, &name);
        let Some(patch) = patch(documents, &path)? else { continue };
        let refuse = |message: String| refused(&path, message);
        let before = match merged.take() {
            Some(before) => before,
            None => to_json(source).map_err(|error| refuse(error.to_string()))?,
        };
        let mut patched = before.clone();
        merge_patch(&mut patched, patch);
        if !patched.is_object() {
            return Err(refuse("it is not a mapping".to_owned()));
        }
        let after = decode_onto(before, patched);
        serde_json::from_value::<Source>(after.clone()).map_err(|error| refuse(error.to_string()))?;
        merged = Some(after);
    }
    let Some(merged) = merged else { return Ok(source.clone()) };
    let read = serde_json::from_value::<Source>(merged);
    let mut read = read.map_err(|error| refused(&join(dir, ".argocd-source.yaml"), error.to_string()))?;
    read.chart.clone_from(&source.chart);
    read.path.clone_from(&source.path);
    read.repo_url.clone_from(&source.repo_url);
    read.target_revision.clone_from(&source.target_revision);
    Ok(read)
}

/// The file as JSON; None where there is none.
fn patch(documents: &Documents, path: &str) -> Result<Option<Value>, Problem> {
    let tree = documents.tree();
    let refuse = |message: String| refused(path, message);
    let Some(real) = tree.resolve(path).map_err(|error| refuse(error.to_string()))? else {
        return Ok(None);
    };
    if !matches!(tree.entry(&real).map(|entry| &entry.kind), Some(EntryKind::File(_))) {
        return Ok(None);
    }
    let file = documents.single(&real).map_err(|error| refuse(error.to_string()))?;
    let document = file.documents().first();
    match document.map(|document| document.root()) {
        None => Err(refuse("it is empty".to_owned())),
        Some(Err(error)) => Err(refuse(error.message.clone())),
        Some(Ok(root)) if file.node(root).is_null() => {
            Err(refuse("it is empty, which Argo CD takes for a broken file".to_owned()))
        }
        Some(Ok(root)) => Ok(Some(file.node(root).to_json())),
    }
}

fn refused(path: &str, message: String) -> Problem {
    Problem::fails(
        ProblemKind::OverrideInvalid,
        format!("`{path}` cannot be merged over the source: {message}"),
    )
    .help("write a mapping with the fields of `spec.source`, or remove the file")
    .at(Location::head(path))
}

/// The source as Go writes it: what is empty is left out.
fn to_json(source: &Source) -> Result<Value, serde_json::Error> {
    let mut value = serde_json::to_value(source)?;
    drop_empty(&mut value, "");
    Ok(value)
}

/// Leaves out what `omitempty` leaves out; `valuesObject` is kept as it is.
fn drop_empty(value: &mut Value, key: &str) {
    let Value::Object(map) = value else { return };
    if key == "valuesObject" {
        return;
    }
    for (key, child) in map.iter_mut() {
        drop_empty(child, key);
        if let Value::Array(items) = child {
            items.iter_mut().for_each(|item| drop_empty(item, ""));
        }
    }
    map.retain(|_, child| match child {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => true,
    });
}

/// RFC 7386.
fn merge_patch(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(map) = target else { return };
    for (key, value) in patch {
        if value.is_null() {
            map.remove(&key);
        } else {
            merge_patch(map.entry(key).or_insert(Value::Null), value);
        }
    }
}

/// What Go's decoder leaves in a value that held `old` after decoding `new` into it.
fn decode_onto(old: Value, new: Value) -> Value {
    match (old, new) {
        (Value::Object(mut old), Value::Object(new)) => {
            for (key, value) in new {
                let before = old.remove(&key);
                let after = match before {
                    Some(before) if key != "valuesObject" => decode_onto(before, value),
                    _ => value,
                };
                old.insert(key, after);
            }
            Value::Object(old)
        }
        (Value::Array(old), Value::Array(new)) => {
            let mut old = old.into_iter();
            Value::Array(
                new.into_iter()
                    .map(|item| match old.next() {
                        Some(before) => decode_onto(before, item),
                        None => item,
                    })
                    .collect(),
            )
        }
        (_, new) => new,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn decoding_onto() {
        for (old, new, expected) in [
            (json!({"a": 1, "b": 2}), json!({"a": 3}), json!({"a": 3, "b": 2})),
            (
                json!([{"name": "a", "forceString": true}]),
                json!([{"name": "b"}, {"name": "c"}]),
                json!([{"name": "b", "forceString": true}, {"name": "c"}]),
            ),
            (
                json!({"valuesObject": {"a": 1}}),
                json!({"valuesObject": {"b": 1}}),
                json!({"valuesObject": {"b": 1}}),
            ),
        ] {
            assert_eq!(decode_onto(old, new), expected);
        }
    }
}
