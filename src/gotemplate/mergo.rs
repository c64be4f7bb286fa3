//! Merging of maps as dario.cat/mergo 1.0 does it, which sprig and Argo CD's generators use.

use crate::gotemplate::function::Fault;
use crate::gotemplate::print::MAX_DEPTH;
use crate::gotemplate::value::{List, Map, Text, Value};

/// Merges `from` into `into`, deeply.
///
/// Without `overwrite` only what is missing or empty in `into` is taken. With it everything is, but an
/// empty map does not replace a full one, and maps on both sides are joined. Whatever is taken is shared
/// with `from`, not copied.
///
/// # Errors
///
/// Where mergo panics: a map of strings cannot take over entries of an untyped map.
pub fn merge(into: &Map, from: &Map, overwrite: bool) -> Result<(), Fault> {
    merge_at(into, from, overwrite, 0)
}

fn merge_at(into: &Map, from: &Map, overwrite: bool, depth: usize) -> Result<(), Fault> {
    if depth > MAX_DEPTH {
        return Err(Fault::Limit("the depth of a value"));
    }
    // Into the nil map, and a map into itself, nothing goes.
    if into.is_nil() || into.same(from) {
        return Ok(());
    }
    let entries: Vec<(Text, Value)> =
        from.entries().iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    let typed = !into.is_untyped() && from.elem() != into.elem();
    for (key, value) in entries {
        let there = into.get(&key);
        if value.is_nothing() {
            if overwrite {
                refuse_untyped(typed)?;
                into.insert(key, Value::Nil);
            }
            continue;
        }
        let there_full = there.as_ref().is_some_and(Value::truth);
        match (&value, &there) {
            (Value::Map(new), Some(Value::Map(old))) => {
                merge_at(old, new, overwrite, depth + 1)?;
                if old.is_empty() {
                    refuse_untyped(typed)?;
                    into.insert(key, value);
                }
                continue;
            }
            (Value::List(new), _) => {
                refuse_untyped(typed)?;
                take_list(into, key, new, there, overwrite);
                continue;
            }
            _ => (),
        }
        if overwrite || !there_full {
            refuse_untyped(typed)?;
            into.insert(key, value);
        }
    }
    Ok(())
}

fn take_list(into: &Map, key: Text, new: &List, there: Option<Value>, overwrite: bool) {
    let keeps = there.is_some_and(|there| there.truth());
    if overwrite || !keeps {
        into.insert(key, Value::List(new.clone()));
    }
}

fn refuse_untyped(typed: bool) -> Result<(), Fault> {
    if !typed {
        return Ok(());
    }
    Err(Fault::error(
        "reflect.Value.SetMapIndex: value of type interface {} is not assignable to type string",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gotemplate::json;

    fn map(text: &str) -> Map {
        json::read(text.as_bytes()).ok().and_then(|value| value.as_map().cloned()).expect(text)
    }

    #[test]
    fn merges_as_mergo_does() {
        for (into, from, overwrite, expected) in [
            (r#"{"a":1}"#, r#"{"a":2,"b":3}"#, false, r#"{"a":1,"b":3}"#),
            (r#"{"a":1}"#, r#"{"a":2,"b":3}"#, true, r#"{"a":2,"b":3}"#),
            (r#"{"a":""}"#, r#"{"a":"x"}"#, false, r#"{"a":"x"}"#),
            (r#"{"a":"x"}"#, r#"{"a":""}"#, true, r#"{"a":""}"#),
            (r#"{"a":{"b":1}}"#, r#"{"a":{}}"#, true, r#"{"a":{"b":1}}"#),
            (r#"{"a":{"b":1}}"#, r#"{"a":{"b":2,"c":3}}"#, false, r#"{"a":{"b":1,"c":3}}"#),
            (r#"{"a":"x"}"#, r#"{"a":{"b":2}}"#, true, r#"{"a":{"b":2}}"#),
            (r#"{"a":[1]}"#, r#"{"a":[2,3]}"#, false, r#"{"a":[1]}"#),
            (r#"{"a":[1]}"#, r#"{"a":[2,3]}"#, true, r#"{"a":[2,3]}"#),
            (r#"{"a":1}"#, r#"{"a":null,"b":null}"#, true, r#"{"a":null,"b":null}"#),
            (r#"{"a":1}"#, r#"{"a":null,"b":null}"#, false, r#"{"a":1}"#),
        ] {
            let target = map(into);
            merge(&target, &map(from), overwrite).expect("no panic");
            let merged = json::write(&Value::Map(target), json::Style::default());
            assert_eq!(merged.as_deref(), Ok(expected), "{into} {from} {overwrite}");
        }
    }

    #[test]
    fn panics_where_mergo_does() {
        let typed = Map::of_strings();
        assert!(merge(&typed, &map(r#"{"a":"x"}"#), true).is_err());
        typed.insert_str("a", Value::text("x"));
        assert!(merge(&typed, &map(r#"{"a":"y"}"#), false).is_ok());
        assert!(merge(&map("{}"), &typed, false).is_ok());
    }
}
