//! Functions that a template may call, and the limits they keep.

use std::collections::HashMap;

use crate::gotemplate::value::{List, Map, Text, Value};

/// The type of a parameter, as far as text/template checks and converts arguments to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `interface {}`: anything; what is no value arrives as nil.
    Any,
    /// `reflect.Value`: anything, untouched.
    Reflect,
    /// `string`
    Str,
    /// `bool`
    Bool,
    /// `int`
    Int,
    /// `uint32`
    Uint32,
    /// `float64`
    Float,
    /// `map[string]interface {}`
    Map,
    /// A struct by the name of its type, such as `time.Time`.
    Object(&'static str),
}

impl Type {
    /// The type as Go prints it.
    pub fn name(self) -> &'static str {
        match self {
            Type::Any => "interface {}",
            Type::Reflect => "reflect.Value",
            Type::Str => "string",
            Type::Bool => "bool",
            Type::Int => "int",
            Type::Uint32 => "uint32",
            Type::Float => "float64",
            Type::Map => "map[string]interface {}",
            Type::Object(name) => name,
        }
    }
}

/// What a function does: arguments in, already of the types it declares, value out.
pub type Call = fn(&mut Budget, &[Value]) -> Result<Value, Fault>;

/// A function that a template may call.
#[derive(Clone, Copy)]
pub struct Function {
    /// The name templates know it by.
    pub name: &'static str,
    /// The types of its parameters; of a variadic one, the last is the type of all further arguments.
    pub parameters: &'static [Type],
    /// Whether the last parameter takes any number of arguments.
    pub variadic: bool,
    /// The function itself.
    pub call: Call,
}

/// Why a call gave no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// An error or a panic of the function; the template ends with it.
    Error(String),
    /// A limit of this implementation; Go would have gone on.
    Limit(&'static str),
    /// The result depends on the clock or on chance.
    Unpredictable,
}

impl Fault {
    /// An error with this message.
    pub fn error(message: impl Into<String>) -> Fault {
        Fault::Error(message.into())
    }
}

/// The functions that a template may call, by name.
#[derive(Clone, Default)]
pub struct Functions(HashMap<&'static str, Function>);

impl Functions {
    /// No function besides those of text/template itself, which are always there.
    pub fn new() -> Functions {
        Functions::default()
    }

    /// These functions too; one of an equal name is replaced.
    pub fn with(mut self, functions: &[Function]) -> Functions {
        self.0.extend(functions.iter().map(|function| (function.name, *function)));
        self
    }

    /// Without the functions of these names.
    pub fn without(mut self, names: &[&str]) -> Functions {
        self.0.retain(|name, _| !names.contains(name));
        self
    }

    /// The function of this name.
    pub fn get(&self, name: &str) -> Option<&Function> {
        self.0.get(name)
    }

    /// The names, sorted.
    pub fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.0.keys().copied().collect();
        names.sort_unstable();
        names
    }
}

/// What one run of a template may use up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Nodes, commands and rounds of a loop.
    pub steps: u64,
    /// Bytes of output.
    pub output: usize,
    /// Bytes of values that functions make, counted once when made.
    pub memory: usize,
    /// Templates, blocks and parentheses within each other.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { steps: 1_000_000, output: 16 << 20, memory: 128 << 20, depth: 400 }
    }
}

/// What is left of the limits of a run.
#[derive(Debug)]
pub struct Budget {
    pub(super) steps: u64,
    pub(super) memory: usize,
    pub(super) output: usize,
    pub(super) depth: usize,
}

impl Budget {
    /// Everything that `limits` allow.
    pub fn new(limits: Limits) -> Budget {
        Budget { steps: limits.steps, memory: limits.memory, output: limits.output, depth: limits.depth }
    }

    /// Takes `bytes` of memory; to be called before they are allocated.
    pub fn take(&mut self, bytes: usize) -> Result<(), Fault> {
        self.memory = self.memory.checked_sub(bytes).ok_or(Fault::Limit("memory"))?;
        Ok(())
    }

    /// Takes the room that `count` elements need.
    pub fn take_elements(&mut self, count: usize) -> Result<(), Fault> {
        self.take(count.saturating_mul(std::mem::size_of::<Value>()))
    }

    /// What is left, as limits.
    pub fn left(&self) -> Limits {
        Limits { steps: self.steps, output: self.output, memory: self.memory, depth: self.depth }
    }

    pub(super) fn step(&mut self) -> Result<(), Fault> {
        self.steps = self.steps.checked_sub(1).ok_or(Fault::Limit("steps"))?;
        Ok(())
    }
}

/// Arguments by position, of the type that the function declares for that position.
///
/// A function reads only what its declaration promises, so a wrong position or type is a mistake in
/// the table of functions and ends in a [`Fault`] that says so.
pub trait Arguments {
    /// A `string`.
    fn text(&self, index: usize) -> Result<&Text, Fault>;
    /// An `int`.
    fn int(&self, index: usize) -> Result<i64, Fault>;
    /// A `bool`.
    fn bool(&self, index: usize) -> Result<bool, Fault>;
    /// A `map[string]interface {}`.
    fn map(&self, index: usize) -> Result<&Map, Fault>;
    /// A slice, as sprig's list functions want it; `verb` is what they say when it is none.
    fn list(&self, index: usize, verb: &str) -> Result<&List, Fault>;
    /// Anything.
    fn any(&self, index: usize) -> Value;
}

impl Arguments for [Value] {
    fn text(&self, index: usize) -> Result<&Text, Fault> {
        match self.get(index) {
            Some(Value::Str(text)) => Ok(text),
            other => Err(unexpected(index, "string", other)),
        }
    }

    fn int(&self, index: usize) -> Result<i64, Fault> {
        match self.get(index) {
            Some(Value::Int(number)) => Ok(*number),
            other => Err(unexpected(index, "int", other)),
        }
    }

    fn bool(&self, index: usize) -> Result<bool, Fault> {
        match self.get(index) {
            Some(Value::Bool(value)) => Ok(*value),
            other => Err(unexpected(index, "bool", other)),
        }
    }

    fn map(&self, index: usize) -> Result<&Map, Fault> {
        match self.get(index) {
            Some(Value::Map(map)) => Ok(map),
            other => Err(unexpected(index, "map[string]interface {}", other)),
        }
    }

    fn list(&self, index: usize, verb: &str) -> Result<&List, Fault> {
        match self.get(index) {
            Some(Value::List(list)) => Ok(list),
            None | Some(Value::Invalid | Value::Nil) => Err(Fault::error(NIL_POINTER)),
            Some(other) => Err(Fault::error(format!("Cannot {verb} type {}", other.kind()))),
        }
    }

    fn any(&self, index: usize) -> Value {
        self.get(index).cloned().unwrap_or(Value::Nil)
    }
}

pub(super) const NIL_POINTER: &str = "runtime error: invalid memory address or nil pointer dereference";

fn unexpected(index: usize, wanted: &str, found: Option<&Value>) -> Fault {
    let found = found.map_or("nothing", Value::type_name);
    Fault::error(format!("argument {index}: expected {wanted}; got {found}"))
}
