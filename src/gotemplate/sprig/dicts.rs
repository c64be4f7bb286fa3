//! Functions on dictionaries.

use std::collections::BTreeMap;

use super::{ANY, MAP, Made, STR, fixed, strings, variadic};
use crate::gotemplate::function::{Arguments, Budget, Fault, Function};
use crate::gotemplate::mergo;
use crate::gotemplate::print::MAX_DEPTH;
use crate::gotemplate::value::{List, Map, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    variadic("dict", &[ANY], dict),
    fixed("get", &[MAP, STR], |_, a| Ok(a.map(0)?.get(a.text(1)?).unwrap_or_else(|| Value::text("")))),
    fixed("set", &[MAP, STR, ANY], set),
    fixed("unset", &[MAP, STR], |_, a| {
        a.map(0)?.remove(a.text(1)?);
        Ok(a.any(0))
    }),
    fixed("hasKey", &[MAP, STR], |_, a| Ok(Value::Bool(a.map(0)?.contains(a.text(1)?)))),
    variadic("pluck", &[STR, MAP], pluck),
    variadic("keys", &[MAP], keys),
    fixed("values", &[MAP], |_, a| Ok(Value::list(a.map(0)?.entries().values().cloned().collect()))),
    variadic("pick", &[MAP, STR], pick),
    variadic("omit", &[MAP, STR], omit),
    variadic("merge", &[MAP, MAP], |_, a| merge(a, false)),
    variadic("mustMerge", &[MAP, MAP], |_, a| merge(a, false)),
    variadic("mergeOverwrite", &[MAP, MAP], |_, a| merge(a, true)),
    variadic("mustMergeOverwrite", &[MAP, MAP], |_, a| merge(a, true)),
    fixed("deepCopy", &[ANY], copy),
    fixed("mustDeepCopy", &[ANY], copy),
    variadic("dig", &[ANY], dig),
];

fn dict(_: &mut Budget, a: &[Value]) -> Made {
    let map = Map::new();
    for pair in a.chunks(2) {
        let key = strings::string_of(&pair[0])?;
        map.insert(key, pair.get(1).cloned().unwrap_or_else(|| Value::text("")));
    }
    Ok(Value::Map(map))
}

fn set(budget: &mut Budget, a: &[Value]) -> Made {
    let map = a.map(0)?;
    if map.is_nil() {
        return Err(Fault::error("assignment to entry in nil map"));
    }
    budget.take_elements(2)?;
    map.insert(a.text(1)?.clone(), a.any(2));
    Ok(a.any(0))
}

fn pluck(_: &mut Budget, a: &[Value]) -> Made {
    let key = a.text(0)?;
    let found = a[1..].iter().filter_map(|map| map.as_map().and_then(|map| map.get(key)));
    Ok(Value::list(found.collect()))
}

/// The keys of all maps. Go gives those of each in no order; here they are sorted.
fn keys(_: &mut Budget, a: &[Value]) -> Made {
    let mut keys = Vec::new();
    for map in a.iter().filter_map(Value::as_map) {
        keys.extend(map.entries().keys().cloned());
    }
    Ok(Value::strings(keys))
}

fn pick(_: &mut Budget, a: &[Value]) -> Made {
    let (map, picked) = (a.map(0)?, Map::new());
    for key in &a[1..] {
        if let Value::Str(key) = key
            && let Some(value) = map.get(key)
        {
            picked.insert(key.clone(), value);
        }
    }
    Ok(Value::Map(picked))
}

fn omit(_: &mut Budget, a: &[Value]) -> Made {
    let kept = a.map(0)?.shallow_copy();
    for key in &a[1..] {
        if let Value::Str(key) = key {
            kept.remove(key);
        }
    }
    Ok(Value::Map(kept))
}

fn merge(a: &[Value], overwrite: bool) -> Made {
    let mut into = a.map(0)?.clone();
    if into.is_nil() {
        into = Map::new();
    }
    for from in &a[1..] {
        if let Value::Map(from) = from {
            mergo::merge(&into, from, overwrite)?;
        }
    }
    Ok(Value::Map(into))
}

fn copy(budget: &mut Budget, a: &[Value]) -> Made {
    match a.any(0) {
        Value::Invalid | Value::Nil => Err(Fault::error("reflect: call of reflect.Value.Type on zero Value")),
        value => deep_copy(budget, &value, 0),
    }
}

fn deep_copy(budget: &mut Budget, value: &Value, depth: usize) -> Made {
    if depth > MAX_DEPTH {
        return Err(Fault::Limit("the depth of a value"));
    }
    Ok(match value {
        Value::List(list) if !list.is_nil() => {
            budget.take_elements(list.len() + 1)?;
            let items: Result<Vec<_>, _> =
                list.to_vec().iter().map(|item| deep_copy(budget, item, depth + 1)).collect();
            Value::List(List::new(list.elem(), items?))
        }
        Value::Map(map) if !map.is_nil() => {
            budget.take_elements(map.len() * 2 + 1)?;
            let copy = Map::from_entries(map.elem(), BTreeMap::new());
            for (key, item) in map.entries().clone() {
                copy.insert(key, deep_copy(budget, &item, depth + 1)?);
            }
            Value::Map(copy)
        }
        other => other.clone(),
    })
}

fn dig(_: &mut Budget, a: &[Value]) -> Made {
    let [path @ .., default, last] = a else {
        return Err(Fault::error("dig needs at least three arguments"));
    };
    if path.is_empty() {
        return Err(Fault::error("dig needs at least three arguments"));
    }
    let mut current = last.clone();
    for (index, key) in path.iter().enumerate() {
        let map = match &current {
            Value::Map(map) if map.is_untyped() => map,
            other => return Err(not_a(other, "map[string]interface {}")),
        };
        let Value::Str(key) = key else {
            return Err(not_a(key, "string"));
        };
        let Some(found) = map.get(key) else {
            return Ok(default.clone());
        };
        if index + 1 == path.len() {
            return Ok(found);
        }
        current = found;
    }
    Ok(default.clone())
}

/// What Go panics with when an interface holds another type than asked for.
pub(super) fn not_a(value: &Value, wanted: &str) -> Fault {
    let found = if value.is_nothing() { "nil" } else { value.type_name() };
    Fault::Error(format!("interface conversion: interface {{}} is {found}, not {wanted}"))
}
