//! Equality: Go's `==` on basic values and `reflect.DeepEqual`.

use crate::gotemplate::function::Fault;
use crate::gotemplate::print::MAX_DEPTH;
use crate::gotemplate::value::Value;

/// Whether two values of one basic kind are equal; the width of integers does not matter.
pub(super) fn basic(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::Complex(a, c), Value::Complex(b, d)) => a == b && c == d,
        (Value::Str(a), Value::Str(b)) => a == b,
        (Value::Uint8(a), Value::Uint8(b)) => a == b,
        (Value::Uint64(a), Value::Uint64(b)) => a == b,
        (Value::Uint8(a), Value::Uint64(b)) | (Value::Uint64(b), Value::Uint8(a)) => u64::from(*a) == *b,
        _ => match (signed(a), signed(b)) {
            (Some(a), Some(b)) => a == b,
            _ => false,
        },
    }
}

fn signed(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) | Value::Int64(number) => Some(*number),
        Value::Named(named) => Some(named.number),
        _ => None,
    }
}

/// `reflect.DeepEqual`: types must be the same.
pub(super) fn deep(a: &Value, b: &Value) -> Result<bool, Fault> {
    deep_at(a, b, 0, &mut { MAX_COMPARED })
}

/// How many values one comparison may look at: lists that share their elements grow without bound.
const MAX_COMPARED: usize = 1 << 20;

fn deep_at(a: &Value, b: &Value, depth: usize, left: &mut usize) -> Result<bool, Fault> {
    if depth > MAX_DEPTH {
        return Err(Fault::Limit("the depth of a value"));
    }
    *left = left.checked_sub(1).ok_or(Fault::Limit("the size of compared values"))?;
    match (a, b) {
        (Value::Invalid | Value::Nil, Value::Invalid | Value::Nil) => Ok(true),
        (Value::List(x), Value::List(y)) => {
            if x.elem() != y.elem() || x.is_nil() != y.is_nil() || x.len() != y.len() {
                return Ok(false);
            }
            if x.same(y) {
                return Ok(true);
            }
            for (a, b) in x.items().iter().zip(y.items().iter()) {
                if !deep_at(a, b, depth + 1, left)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Value::Map(x), Value::Map(y)) => {
            if x.elem() != y.elem() || x.is_nil() != y.is_nil() || x.len() != y.len() {
                return Ok(false);
            }
            if x.same(y) {
                return Ok(true);
            }
            for ((key_a, a), (key_b, b)) in x.entries().iter().zip(y.entries().iter()) {
                if key_a != key_b || !deep_at(a, b, depth + 1, left)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Value::Object(x), Value::Object(y)) => Ok(x.equals(y.as_ref())),
        _ => Ok(a.type_name() == b.type_name() && basic(a, b)),
    }
}
