//! Functions on strings and arrays in which jrsonnet differs from go-jsonnet.

use jrsonnet_evaluator::function::{NativeFn, builtin};
use jrsonnet_evaluator::manifest::escape_string_json;
use jrsonnet_evaluator::typed::M1;
use jrsonnet_evaluator::val::{ArrValue, IndexableVal};
use jrsonnet_evaluator::{Either, IStr, ObjValueBuilder, Result, Thunk, Val, bail};

pub(super) fn replace(std: &mut ObjValueBuilder) {
    std.method("escapeStringJson", builtin_escape_string_json {});
    std.method("split", builtin_split {});
    std.method("splitLimit", builtin_split_limit {});
    std.method("splitLimitR", builtin_split_limit_r {});
    std.method("makeArray", builtin_make_array {});
    std.method("flatMap", builtin_flat_map {});
}

/// Takes any value, not strings alone.
#[builtin]
fn builtin_escape_string_json(str_: Val) -> Result<String> {
    Ok(escape_string_json(&str_.to_string()?))
}

/// An empty separator is an error.
#[builtin]
fn builtin_split(str: IStr, c: IStr) -> Result<ArrValue> {
    not_empty(&c)?;
    Ok(jrsonnet_stdlib::builtin_split(str, c))
}

#[builtin]
fn builtin_split_limit(str: IStr, c: IStr, maxsplits: Either![usize, M1]) -> Result<ArrValue> {
    not_empty(&c)?;
    Ok(jrsonnet_stdlib::builtin_splitlimit(str, c, maxsplits))
}

#[builtin]
fn builtin_split_limit_r(str: IStr, c: IStr, maxsplits: Either![usize, M1]) -> Result<ArrValue> {
    not_empty(&c)?;
    Ok(jrsonnet_stdlib::builtin_splitlimitr(str, c, maxsplits))
}

fn not_empty(separator: &str) -> Result<()> {
    if separator.is_empty() {
        bail!("the separator must have length 1 or greater");
    }
    Ok(())
}

/// A negative size gives an empty array.
#[builtin]
fn builtin_make_array(sz: i32, func: NativeFn!((u32,) -> Val)) -> Result<ArrValue> {
    jrsonnet_stdlib::builtin_make_array(u32::try_from(sz).unwrap_or(0), func)
}

/// Arguments and results are lazy, and null is no result.
#[builtin]
fn builtin_flat_map(func: NativeFn!((Thunk<Val>) -> Val), arr: IndexableVal) -> Result<IndexableVal> {
    match arr {
        IndexableVal::Arr(array) => {
            let mut out = Vec::new();
            for element in array.iter_lazy() {
                let Val::Arr(part) = func.call(element)? else {
                    bail!("std.flatMap: the function must return an array");
                };
                out.extend(part.iter_lazy());
            }
            Ok(IndexableVal::Arr(ArrValue::new(out)))
        }
        IndexableVal::Str(text) => {
            let mut out = String::new();
            for c in text.chars() {
                let Val::Str(part) = func.call(Thunk::evaluated(Val::string(c.to_string())))? else {
                    bail!("std.flatMap: the function must return a string");
                };
                out.push_str(&part.into_flat());
            }
            Ok(IndexableVal::Str(out.into()))
        }
    }
}
