//! The functions of sprig 3.3, in the order of its own documentation.

mod crypto;
mod dates;
mod defaults;
mod dicts;
mod encoding;
mod lists;
mod math;
mod matching;
mod paths;
mod strings;

use crate::gotemplate::function::{Budget, Call, Fault, Function, Functions, Type};
use crate::gotemplate::value::Value;

pub(super) use encoding::base64;

/// Every function of sprig, `env`, `expandenv` and `getHostByName` excepted: a template must not see where
/// it runs. Those that depend on the clock or on chance are there and fail with [`Fault::Unpredictable`].
pub fn sprig() -> Functions {
    [
        strings::FUNCTIONS,
        lists::FUNCTIONS,
        dicts::FUNCTIONS,
        math::FUNCTIONS,
        defaults::FUNCTIONS,
        encoding::FUNCTIONS,
        crypto::FUNCTIONS,
        dates::FUNCTIONS,
        matching::FUNCTIONS,
        paths::FUNCTIONS,
    ]
    .iter()
    .fold(Functions::new(), |all, some| all.with(some))
}

type Made = Result<Value, Fault>;

const ANY: Type = Type::Any;
const STR: Type = Type::Str;
const INT: Type = Type::Int;
const MAP: Type = Type::Map;

/// A function of a fixed number of arguments.
const fn fixed(name: &'static str, parameters: &'static [Type], call: Call) -> Function {
    Function { name, parameters, variadic: false, call }
}

/// A function whose last parameter takes any number of arguments.
const fn variadic(name: &'static str, parameters: &'static [Type], call: Call) -> Function {
    Function { name, parameters, variadic: true, call }
}

/// A function whose result nobody can tell.
const fn unpredictable(name: &'static str, parameters: &'static [Type]) -> Function {
    Function { name, parameters, variadic: false, call: cannot_tell }
}

fn cannot_tell(_: &mut Budget, _: &[Value]) -> Made {
    Err(Fault::Unpredictable)
}
