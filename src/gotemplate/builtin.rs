//! The functions of text/template itself.

use std::cmp::Ordering;

use crate::gotemplate::ast::Target;
use crate::gotemplate::function::{Arguments, Budget, Fault, Function, Type};
use crate::gotemplate::value::{Elem, List, Map, MapElem, Text, Value};
use crate::gotemplate::{equal, print, unicode, url};

type Made = Result<Value, Fault>;

/// The function of text/template of this name.
pub(super) fn find(name: &str) -> Option<Target> {
    match name {
        "and" => return Some(Target::And),
        "or" => return Some(Target::Or),
        "call" => return Some(Target::Call),
        _ => (),
    }
    FUNCTIONS.iter().find(|function| function.name == name).map(|function| Target::Function(*function))
}

const ONE: &[Type] = &[Type::Reflect];
const TWO: &[Type] = &[Type::Reflect, Type::Reflect];

const fn fixed(
    name: &'static str,
    parameters: &'static [Type],
    call: crate::gotemplate::function::Call,
) -> Function {
    Function { name, parameters, variadic: false, call }
}

const fn variadic(
    name: &'static str,
    parameters: &'static [Type],
    call: crate::gotemplate::function::Call,
) -> Function {
    Function { name, parameters, variadic: true, call }
}

const FUNCTIONS: &[Function] = &[
    fixed("not", ONE, |_, a| Ok(Value::Bool(!a.any(0).truth()))),
    fixed("len", ONE, length),
    variadic("index", TWO, index),
    variadic("slice", TWO, slice),
    variadic("print", &[Type::Any], |_, a| Ok(Value::text(print::sprint(a)?))),
    variadic("println", &[Type::Any], |_, a| Ok(Value::text(print::sprintln(a)?))),
    variadic("printf", &[Type::Str, Type::Any], printf),
    variadic("html", &[Type::Any], |_, a| Ok(Value::text(html(&shown(a)?)))),
    variadic("js", &[Type::Any], |_, a| Ok(Value::text(js(&shown(a)?)))),
    variadic("urlquery", &[Type::Any], |_, a| Ok(Value::text(url::query_escape(&shown(a)?)))),
    variadic("eq", TWO, |_, a| equals(a).map(Value::Bool)),
    fixed("ne", TWO, |_, a| equals(a).map(|equal| Value::Bool(!equal))),
    fixed("lt", TWO, |_, a| less(&a[0], &a[1]).map(Value::Bool)),
    fixed("le", TWO, |_, a| less_or_equal(a).map(Value::Bool)),
    fixed("gt", TWO, |_, a| less_or_equal(a).map(|not_greater| Value::Bool(!not_greater))),
    fixed("ge", TWO, |_, a| less(&a[0], &a[1]).map(|less| Value::Bool(!less))),
];

fn printf(budget: &mut Budget, arguments: &[Value]) -> Made {
    let format = arguments.text(0)?;
    // Each directive may ask for a million columns.
    let directives = format.iter().filter(|byte| **byte == b'%').count();
    if directives > 1000 {
        budget.take(directives.saturating_mul(1 << 20))?;
    }
    Ok(Value::text(print::sprintf(format, &arguments[1..])?))
}

fn length(_: &mut Budget, arguments: &[Value]) -> Made {
    let count = match arguments.any(0) {
        Value::Str(text) => text.len(),
        Value::List(list) => list.len(),
        Value::Map(map) => map.len(),
        Value::Nil => return Err(Fault::error("len of nil pointer")),
        Value::Invalid => return Err(Fault::error("reflect: call of reflect.Value.Type on zero Value")),
        other => return Err(Fault::error(format!("len of type {}", other.type_name()))),
    };
    Ok(Value::Int(count as i64))
}

fn index(_: &mut Budget, arguments: &[Value]) -> Made {
    let mut item = arguments.any(0);
    if item.is_nothing() {
        return Err(Fault::error("index of untyped nil"));
    }
    for index in &arguments[1..] {
        item = match &item {
            Value::Invalid | Value::Nil => return Err(Fault::error("index of nil pointer")),
            Value::Str(text) => {
                let at = position(index, text.len())?;
                Value::Uint8(*text.get(at).ok_or_else(out_of_range)?)
            }
            Value::List(list) => {
                let at = position(index, list.len())?;
                list.get(at).ok_or_else(out_of_range)?
            }
            Value::Map(map) => match index {
                Value::Str(key) => map.get(key).unwrap_or_else(|| zero_of(map)),
                Value::Invalid | Value::Nil => {
                    return Err(Fault::error("value is nil; should be of type string"));
                }
                other => {
                    let found = other.type_name();
                    return Err(Fault::error(format!("value has type {found}; should be string")));
                }
            },
            other => return Err(Fault::error(format!("can't index item of type {}", other.type_name()))),
        };
    }
    Ok(item)
}

/// What a map gives for a key that it does not have.
pub(super) fn zero_of(map: &Map) -> Value {
    if map.elem() == MapElem::Str { Value::Str(Text::from([])) } else { Value::Nil }
}

fn out_of_range() -> Fault {
    Fault::error("reflect: slice index out of range")
}

fn position(index: &Value, length: usize) -> Result<usize, Fault> {
    let at = match index {
        Value::Int(at) | Value::Int64(at) => *at,
        Value::Uint8(at) => i64::from(*at),
        Value::Uint64(at) => *at as i64,
        Value::Named(named) => named.number,
        Value::Invalid | Value::Nil => return Err(Fault::error("cannot index slice/array with nil")),
        other => {
            let found = other.type_name();
            return Err(Fault::error(format!("cannot index slice/array with type {found}")));
        }
    };
    usize::try_from(at)
        .ok()
        .filter(|at| *at <= length)
        .ok_or_else(|| Fault::error(format!("index out of range: {at}")))
}

fn slice(_: &mut Budget, arguments: &[Value]) -> Made {
    let item = arguments.any(0);
    let indexes = &arguments[1..];
    if indexes.len() > 3 {
        return Err(Fault::error(format!("too many slice indexes: {}", indexes.len())));
    }
    let length = match &item {
        Value::Invalid | Value::Nil => return Err(Fault::error("slice of untyped nil")),
        Value::Str(_) if indexes.len() == 3 => return Err(Fault::error("cannot 3-index slice a string")),
        Value::Str(text) => text.len(),
        Value::List(list) => list.len(),
        other => return Err(Fault::error(format!("can't slice item of type {}", other.type_name()))),
    };
    let mut bounds = [0, length, length];
    for (bound, index) in bounds.iter_mut().zip(indexes) {
        *bound = position(index, length)?;
    }
    let [from, to, capacity] = bounds;
    if from > to || to > capacity {
        return Err(Fault::error(format!("invalid slice index: {from} > {to}")));
    }
    Ok(match &item {
        Value::Str(text) => Value::text(&text[from..to]),
        Value::List(list) => Value::List(List::new(list.elem(), list.items()[from..to].to_vec())),
        _ => Value::Nil,
    })
}

/// The arguments as `html`, `js` and `urlquery` see them: what is no value prints as in the output.
fn shown(arguments: &[Value]) -> Result<Vec<u8>, Fault> {
    if let [Value::Str(text)] = arguments {
        return Ok(text.to_vec());
    }
    let shown: Vec<Value> = arguments
        .iter()
        .map(|value| if value.is_nothing() { Value::text("<no value>") } else { value.clone() })
        .collect();
    print::sprint(&shown)
}

fn html(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        let escaped: &[u8] = match byte {
            0 => "\u{fffd}".as_bytes(),
            b'"' => b"&#34;",
            b'\'' => b"&#39;",
            b'&' => b"&amp;",
            b'<' => b"&lt;",
            b'>' => b"&gt;",
            plain => std::slice::from_ref(plain),
        };
        out.extend_from_slice(escaped);
    }
    out
}

fn js(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for (c, bytes) in unicode::runes(text) {
        match c {
            '\\' | '\'' | '"' => out.extend([b'\\', bytes[0]]),
            '<' | '>' | '&' | '=' => out.extend(format!("\\u{:04X}", u32::from(c)).bytes()),
            c if c < ' ' => out.extend(format!("\\u{:04X}", u32::from(c)).bytes()),
            c if c.is_ascii() || unicode::is_print(c) => out.extend_from_slice(bytes),
            c => out.extend(format!("\\u{:04X}", u32::from(c)).bytes()),
        }
    }
    out
}

#[derive(PartialEq, Clone, Copy)]
enum Basic {
    Other,
    Bool,
    Complex,
    Int,
    Float,
    Text,
    Uint,
}

fn basic(value: &Value) -> Basic {
    match value {
        Value::Bool(_) => Basic::Bool,
        Value::Int(_) | Value::Int64(_) | Value::Named(_) => Basic::Int,
        Value::Uint8(_) | Value::Uint64(_) => Basic::Uint,
        Value::Float(_) => Basic::Float,
        Value::Complex(..) => Basic::Complex,
        Value::Str(_) => Basic::Text,
        _ => Basic::Other,
    }
}

fn incompatible(a: &Value, b: &Value) -> Fault {
    Fault::error(format!("incompatible types for comparison: {} and {}", a.type_name(), b.type_name()))
}

fn equals(arguments: &[Value]) -> Result<bool, Fault> {
    let first = arguments.any(0);
    if arguments.len() < 2 {
        return Err(Fault::error("missing argument for comparison"));
    }
    for other in &arguments[1..] {
        let same = match (basic(&first), basic(other)) {
            (Basic::Other, Basic::Other) => same_reference(&first, other)?,
            (Basic::Int, Basic::Uint) | (Basic::Uint, Basic::Int) => integer(&first) == integer(other),
            (a, b) if a == b => equal::basic(&first, other),
            _ if first.is_nothing() || other.is_nothing() => false,
            _ => return Err(incompatible(&first, other)),
        };
        if same {
            return Ok(true);
        }
    }
    Ok(false)
}

fn same_reference(a: &Value, b: &Value) -> Result<bool, Fault> {
    let is_nil = |value: &Value| match value {
        Value::Invalid | Value::Nil => true,
        Value::List(list) => list.is_nil(),
        Value::Map(map) => map.is_nil(),
        _ => false,
    };
    if a.kind() != b.kind() && !a.is_nothing() && !b.is_nothing() {
        return Err(Fault::error(format!("non-comparable types {}, {}", a.type_name(), b.type_name())));
    }
    if is_nil(a) || is_nil(b) {
        return Ok(is_nil(a) == is_nil(b));
    }
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => Ok(a.equals(b.as_ref())),
        _ => Err(Fault::error(format!("non-comparable type {}", b.type_name()))),
    }
}

fn integer(value: &Value) -> i128 {
    match value {
        Value::Int(number) | Value::Int64(number) => i128::from(*number),
        Value::Uint8(number) => i128::from(*number),
        Value::Uint64(number) => i128::from(*number),
        Value::Named(named) => i128::from(named.number),
        _ => 0,
    }
}

fn less(a: &Value, b: &Value) -> Result<bool, Fault> {
    let (of_a, of_b) = (basic(a), basic(b));
    if of_a == Basic::Other || of_b == Basic::Other {
        return Err(Fault::error("invalid type for comparison"));
    }
    let integers = |kind| matches!(kind, Basic::Int | Basic::Uint);
    if of_a != of_b && !(integers(of_a) && integers(of_b)) {
        return Err(incompatible(a, b));
    }
    match (a, b) {
        (Value::Bool(_) | Value::Complex(..), _) => Err(Fault::error("invalid type for comparison")),
        (Value::Float(a), Value::Float(b)) => Ok(a < b),
        (Value::Str(a), Value::Str(b)) => Ok(a.cmp(b) == Ordering::Less),
        _ => Ok(integer(a) < integer(b)),
    }
}

fn less_or_equal(arguments: &[Value]) -> Result<bool, Fault> {
    Ok(less(&arguments[0], &arguments[1])? || equals(arguments)?)
}

/// A list of bytes, as Go's `[]byte`.
pub fn bytes(text: &[u8]) -> Value {
    Value::List(List::new(Elem::Byte, text.iter().map(|byte| Value::Uint8(*byte)).collect()))
}
