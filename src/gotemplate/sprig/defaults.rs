//! Defaults, JSON and types.

use super::{ANY, Made, STR, fixed, variadic};
use crate::gotemplate::equal;
use crate::gotemplate::function::{Arguments, Fault, Function, Type};
use crate::gotemplate::json::{self, Style};
use crate::gotemplate::value::Value;

const RAW: Style = Style { indent: None, raw: true };
const PRETTY: Style = Style { indent: Some(2), raw: false };
const PLAIN: Style = Style { indent: None, raw: false };

pub(super) const FUNCTIONS: &[Function] = &[
    variadic("default", &[ANY, ANY], |_, a| {
        Ok(a.get(1).filter(|given| given.truth()).cloned().unwrap_or_else(|| a.any(0)))
    }),
    fixed("empty", &[ANY], |_, a| Ok(Value::Bool(!a.any(0).truth()))),
    variadic("coalesce", &[ANY], |_, a| {
        Ok(a.iter().find(|value| value.truth()).cloned().unwrap_or(Value::Nil))
    }),
    variadic("all", &[ANY], |_, a| Ok(Value::Bool(a.iter().all(Value::truth)))),
    variadic("any", &[ANY], |_, a| Ok(Value::Bool(a.iter().any(Value::truth)))),
    fixed("ternary", &[ANY, ANY, Type::Bool], |_, a| Ok(if a.bool(2)? { a.any(0) } else { a.any(1) })),
    fixed("fromJson", &[STR], |_, a| forgiving(json::read(a.text(0)?), Value::Nil)),
    fixed("mustFromJson", &[STR], |_, a| json::read(a.text(0)?)),
    fixed("toJson", &[ANY], |_, a| forgiving(written(a, PLAIN), Value::text(""))),
    fixed("mustToJson", &[ANY], |_, a| written(a, PLAIN)),
    fixed("toPrettyJson", &[ANY], |_, a| forgiving(written(a, PRETTY), Value::text(""))),
    fixed("mustToPrettyJson", &[ANY], |_, a| written(a, PRETTY)),
    fixed("toRawJson", &[ANY], |_, a| written(a, RAW)),
    fixed("mustToRawJson", &[ANY], |_, a| written(a, RAW)),
    fixed("typeOf", &[ANY], |_, a| Ok(Value::text(a.any(0).type_name()))),
    fixed("typeIs", &[STR, ANY], |_, a| Ok(Value::Bool(a.any(1).type_name().as_bytes() == &**a.text(0)?))),
    fixed("typeIsLike", &[STR, ANY], |_, a| {
        let found = a.any(1).type_name();
        let wanted = a.text(0)?;
        let like = found.strip_prefix('*').is_some_and(|pointed| pointed.as_bytes() == &**wanted);
        Ok(Value::Bool(like || found.as_bytes() == &**wanted))
    }),
    fixed("kindOf", &[ANY], |_, a| Ok(Value::text(a.any(0).kind()))),
    fixed("kindIs", &[STR, ANY], |_, a| Ok(Value::Bool(a.any(1).kind().as_bytes() == &**a.text(0)?))),
    fixed("deepEqual", &[ANY, ANY], |_, a| equal::deep(&a.any(0), &a.any(1)).map(Value::Bool)),
];

fn written(a: &[Value], style: Style) -> Made {
    json::write(&a.any(0), style).map(Value::text)
}

/// The functions without `must` swallow errors, but not our own limits.
fn forgiving(made: Made, instead: Value) -> Made {
    match made {
        Err(Fault::Error(_)) => Ok(instead),
        made => made,
    }
}
