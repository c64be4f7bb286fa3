//! Functions on lists.

use super::{ANY, INT, Made, fixed, variadic};
use crate::gotemplate::function::{Arguments, Budget, Fault, Function, NIL_POINTER};
use crate::gotemplate::value::{Elem, List, Value};
use crate::gotemplate::{equal, sprig::math};

pub(super) const FUNCTIONS: &[Function] = &[
    variadic("list", &[ANY], |_, a| Ok(made(a.to_vec()))),
    variadic("tuple", &[ANY], |_, a| Ok(made(a.to_vec()))),
    fixed("append", &[ANY, ANY], push),
    fixed("push", &[ANY, ANY], push),
    fixed("mustAppend", &[ANY, ANY], push),
    fixed("mustPush", &[ANY, ANY], push),
    fixed("prepend", &[ANY, ANY], prepend),
    fixed("mustPrepend", &[ANY, ANY], prepend),
    fixed("first", &[ANY], first),
    fixed("mustFirst", &[ANY], first),
    fixed("last", &[ANY], last),
    fixed("mustLast", &[ANY], last),
    fixed("rest", &[ANY], rest),
    fixed("mustRest", &[ANY], rest),
    fixed("initial", &[ANY], initial),
    fixed("mustInitial", &[ANY], initial),
    fixed("reverse", &[ANY], reverse),
    fixed("mustReverse", &[ANY], reverse),
    fixed("uniq", &[ANY], uniq),
    fixed("mustUniq", &[ANY], uniq),
    fixed("compact", &[ANY], compact),
    fixed("mustCompact", &[ANY], compact),
    variadic("without", &[ANY, ANY], without),
    variadic("mustWithout", &[ANY, ANY], without),
    fixed("has", &[ANY, ANY], has),
    fixed("mustHas", &[ANY, ANY], has),
    variadic("slice", &[ANY, ANY], slice),
    variadic("mustSlice", &[ANY, ANY], slice),
    variadic("concat", &[ANY], concat),
    fixed("chunk", &[INT, ANY], chunk),
    fixed("mustChunk", &[INT, ANY], chunk),
];

fn made(items: Vec<Value>) -> Value {
    Value::List(List::new(Elem::Any, items))
}

fn nothing() -> Value {
    Value::List(List::nil(Elem::Any))
}

/// The items of a list, or what sprig's list functions say when it is none.
fn items(budget: &mut Budget, list: &[Value], index: usize, refusal: &str) -> Result<Vec<Value>, Fault> {
    match list.get(index) {
        Some(Value::List(list)) => {
            budget.take_elements(list.len())?;
            Ok(list.to_vec())
        }
        None | Some(Value::Invalid | Value::Nil) => Err(Fault::error(NIL_POINTER)),
        Some(other) => Err(Fault::Error(format!("Cannot {refusal} type {}", other.kind()))),
    }
}

fn push(budget: &mut Budget, a: &[Value]) -> Made {
    let mut items = items(budget, a, 0, "push on")?;
    items.push(a.any(1));
    Ok(made(items))
}

fn prepend(budget: &mut Budget, a: &[Value]) -> Made {
    let mut items = items(budget, a, 0, "prepend on")?;
    items.insert(0, a.any(1));
    Ok(made(items))
}

fn first(_: &mut Budget, a: &[Value]) -> Made {
    Ok(a.list(0, "find first on")?.get(0).unwrap_or(Value::Nil))
}

fn last(_: &mut Budget, a: &[Value]) -> Made {
    let list = a.list(0, "find last on")?;
    Ok(list.len().checked_sub(1).and_then(|last| list.get(last)).unwrap_or(Value::Nil))
}

fn rest(budget: &mut Budget, a: &[Value]) -> Made {
    let mut items = items(budget, a, 0, "find rest on")?;
    if items.is_empty() {
        return Ok(nothing());
    }
    items.remove(0);
    Ok(made(items))
}

fn initial(budget: &mut Budget, a: &[Value]) -> Made {
    let mut items = items(budget, a, 0, "find initial on")?;
    Ok(if items.pop().is_none() { nothing() } else { made(items) })
}

fn reverse(budget: &mut Budget, a: &[Value]) -> Made {
    let mut items = items(budget, a, 0, "find reverse on")?;
    items.reverse();
    Ok(made(items))
}

fn compact(budget: &mut Budget, a: &[Value]) -> Made {
    let mut items = items(budget, a, 0, "compact on")?;
    items.retain(Value::truth);
    Ok(made(items))
}

fn contains(budget: &mut Budget, haystack: &[Value], needle: &Value) -> Result<bool, Fault> {
    budget.steps = budget.steps.checked_sub(haystack.len() as u64).ok_or(Fault::Limit("steps"))?;
    for item in haystack {
        if equal::deep(needle, item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn uniq(budget: &mut Budget, a: &[Value]) -> Made {
    let mut kept = Vec::new();
    for item in items(budget, a, 0, "find uniq on")? {
        if !contains(budget, &kept, &item)? {
            kept.push(item);
        }
    }
    Ok(made(kept))
}

fn without(budget: &mut Budget, a: &[Value]) -> Made {
    let mut kept = Vec::new();
    for item in items(budget, a, 0, "find without on")? {
        if !contains(budget, &a[1..], &item)? {
            kept.push(item);
        }
    }
    Ok(made(kept))
}

fn has(budget: &mut Budget, a: &[Value]) -> Made {
    if a.any(1).is_nothing() {
        return Ok(Value::Bool(false));
    }
    let items = items(budget, a, 1, "find has on")?;
    contains(budget, &items, &a.any(0)).map(Value::Bool)
}

fn slice(budget: &mut Budget, a: &[Value]) -> Made {
    let list = match a.any(0) {
        Value::List(list) => list,
        Value::Invalid | Value::Nil => return Err(Fault::error(NIL_POINTER)),
        other => {
            let kind = other.kind();
            return Err(Fault::Error(format!("list should be type of slice or array but {kind}")));
        }
    };
    if list.is_empty() {
        return Ok(Value::Nil);
    }
    let length = list.len() as i64;
    let from = a.get(1).map_or(0, math::to_int64);
    let to = a.get(2).map_or(length, math::to_int64);
    if !(0..=length).contains(&to) || !(0..=to).contains(&from) {
        return Err(Fault::error("reflect.Value.Slice: slice index out of bounds"));
    }
    budget.take_elements((to - from) as usize)?;
    Ok(Value::List(List::new(list.elem(), list.items()[from as usize..to as usize].to_vec())))
}

fn concat(budget: &mut Budget, a: &[Value]) -> Made {
    let mut all = Vec::new();
    for list in a {
        match list {
            Value::List(list) => {
                budget.take_elements(list.len())?;
                all.extend(list.to_vec());
            }
            Value::Invalid | Value::Nil => return Err(Fault::error(NIL_POINTER)),
            other => return Err(Fault::Error(format!("Cannot concat type {} as list", other.kind()))),
        }
    }
    Ok(if all.is_empty() { nothing() } else { made(all) })
}

fn chunk(budget: &mut Budget, a: &[Value]) -> Made {
    let items = items(budget, a, 1, "chunk")?;
    let size = a.int(0)?;
    if items.is_empty() && size > 0 {
        return Ok(Value::List(List::new(Elem::AnyList, Vec::new())));
    }
    let size = usize::try_from(size)
        .ok()
        .filter(|size| *size > 0)
        .ok_or_else(|| Fault::error("runtime error: makeslice: len out of range"))?;
    let chunks = items.chunks(size).map(|chunk| made(chunk.to_vec())).collect();
    Ok(Value::List(List::new(Elem::AnyList, chunks)))
}
