//! Matrix and merge (`applicationset/generators/matrix.go`, `merge.go`).

use std::collections::HashMap;

use serde_json::Value as Json;

use super::{Context, Params};
use crate::appset::fail::{Fail, Lack};
use crate::appset::schema::{NESTED_MATRIX, NESTED_MERGE};
use crate::appset::typed::round_trip;
use crate::gotemplate::{Fault, Map, Value, json, mergo, print_value};

impl Context<'_> {
    pub(super) fn matrix(&self, generator: &Json, path: &str) -> Result<Vec<Params>, Fail> {
        let children = generator["generators"].as_array().map(Vec::as_slice).unwrap_or_default();
        let [first, second] = children else {
            let found = if children.len() < 2 { "less" } else { "more" };
            return Err(Fail::error(format!("found {found} than two generators, Matrix support only two")));
        };
        let outer = self.child(first, &format!("{path}.generators[0]"), None)?;
        let mut found = Vec::new();
        for a in &outer {
            for b in self.child(second, &format!("{path}.generators[1]"), Some(&a.values))? {
                let values = if self.engine.is_go() {
                    let joined = Map::new();
                    merged(&joined, &b.values)?;
                    merged(&joined, &a.values)?;
                    joined
                } else {
                    combined(&a.values, &b.values)?
                };
                let origin = a.origin.iter().chain(&b.origin).cloned().collect();
                found.push(Params { values, origin });
            }
            if found.len() > super::MOST {
                return Err(Fail::unknown(
                    Lack::Limit,
                    format!("the limit of {} sets of parameters is reached", super::MOST),
                ));
            }
        }
        Ok(found)
    }

    /// The parameters of a child, which must be one generator.
    fn child(&self, entry: &Json, path: &str, outer: Option<&Map>) -> Result<Vec<Params>, Fail> {
        let entry = nested(entry)?;
        let mut results = self.transform(&entry, path, outer)?;
        match (results.pop(), results.is_empty()) {
            (Some(only), true) => Ok(only.params),
            (Some(_), false) => Err(Fail::error("found more than one generator in matrix.Generators")),
            (None, _) => Err(Fail::error("child generator generated no parameters")),
        }
    }

    pub(super) fn merge(&self, generator: &Json, path: &str) -> Result<Vec<Params>, Fail> {
        let children = generator["generators"].as_array().map(Vec::as_slice).unwrap_or_default();
        if children.len() < 2 {
            return Err(Fail::error("found less than two generators, Merge requires two or more"));
        }
        let keys: Vec<&str> =
            generator["mergeKeys"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
        let mut all = Vec::new();
        for (index, child) in children.iter().enumerate() {
            all.push(self.child(child, &format!("{path}.generators[{index}]"), None)?);
        }
        let mut all = all.into_iter();
        let Some(mut base) = all.next() else {
            return Ok(Vec::new());
        };
        let places = by_keys(&base, &keys)?;
        for overrides in all {
            let own = by_keys(&overrides, &keys)?;
            for (key, index) in &places {
                let Some(with) = own.get(key).map(|index| &overrides[*index]) else {
                    continue;
                };
                if self.engine.is_go() {
                    merged(&base[*index].values, &with.values)?;
                } else {
                    for (name, value) in with.values.entries().iter() {
                        base[*index].values.insert(name.clone(), value.clone());
                    }
                }
                base[*index].origin.extend(with.origin.iter().cloned());
            }
        }
        Ok(base)
    }
}

/// A child whose matrix or merge is JSON still: what may stand in there is plain generators.
fn nested(entry: &Json) -> Result<Json, Fail> {
    let mut out = entry.clone();
    for (kind, shape) in [("matrix", &NESTED_MATRIX), ("merge", &NESTED_MERGE)] {
        if let Some(inner) = entry.get(kind).filter(|inner| !inner.is_null()) {
            out[kind] = round_trip(inner, shape).map_err(Fail::error)?;
        }
    }
    Ok(out)
}

fn merged(into: &Map, from: &Map) -> Result<(), Fail> {
    mergo::merge(into, from, true).map_err(|fault| match fault {
        Fault::Error(message) => Fail::panic(message),
        other => Fail::from(other),
    })
}

/// Both sets as texts; an equal name with another text is an error (`CombineStringMaps`).
fn combined(a: &Map, b: &Map) -> Result<Map, Fail> {
    let joined = Map::new();
    for (key, value) in a.entries().iter().chain(b.entries().iter()) {
        let text = Value::text(print_value(value)?);
        match joined.get(key) {
            Some(there) if there.as_bytes() != text.as_bytes() => {
                let key = String::from_utf8_lossy(key);
                return Err(Fail::error(format!("found duplicate key {key} with different value")));
            }
            _ => joined.insert(key.clone(), text),
        }
    }
    Ok(joined)
}

/// Where each set is by the JSON of its merge keys; a missing key is null.
fn by_keys(sets: &[Params], keys: &[&str]) -> Result<HashMap<String, usize>, Fail> {
    if keys.is_empty() {
        return Err(Fail::error("no merge keys were specified, Merge requires at least one"));
    }
    let mut places = HashMap::new();
    for (index, set) in sets.iter().enumerate() {
        let key = Map::new();
        for name in keys {
            key.insert_str(name, set.values.get(name.as_bytes()).unwrap_or(Value::Nil));
        }
        let key = json::write(&Value::Map(key), json::Style::default())?;
        if places.insert(key.clone(), index).is_some() {
            return Err(Fail::error(format!(
                "the parameters from a generator were not unique by the given mergeKeys. Duplicate key was {key}"
            )));
        }
    }
    Ok(places)
}
