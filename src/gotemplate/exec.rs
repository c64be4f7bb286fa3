//! Running a parsed template.

use std::fmt;

use crate::gotemplate::ast::{
    Block, Branch, Callee, Command, Invocation, Node, Number, Operand, Pipe, Target, Word,
};
use crate::gotemplate::error::{At, Error};
use crate::gotemplate::function::{Budget, Fault, Function, Type};
use crate::gotemplate::parse::Trees;
use crate::gotemplate::value::{List, Map, Value};
use crate::gotemplate::{Missing, builtin, print};

/// One run: what to read, what to write, and how far it may go.
pub(super) struct Run<'a> {
    pub name: &'a str,
    pub text: &'a str,
    pub trees: &'a Trees,
    pub missing: Missing,
}

impl<'a> Run<'a> {
    pub fn execute(&self, root: &'a Block, data: &Value, budget: &mut Budget) -> Result<Vec<u8>, Error> {
        let mut machine = Machine {
            run: self,
            definition: self.name,
            out: Vec::with_capacity(self.text.len() + 32),
            variables: vec![("$", data.clone())],
            base: 0,
            at: Place { position: 0, node: None },
            budget,
            depth: 0,
        };
        match machine.block(data, root) {
            Ok(_) => Ok(machine.out),
            Err(fault) => Err(machine.error(fault)),
        }
    }
}

/// What comes after a node.
#[derive(PartialEq, Clone, Copy)]
enum Flow {
    Next,
    Break,
    Continue,
}

/// The node being run, for messages.
#[derive(Clone, Copy)]
struct Place<'a> {
    position: usize,
    node: Option<&'a dyn fmt::Display>,
}

struct Machine<'a, 'r> {
    run: &'r Run<'a>,
    definition: &'a str,
    out: Vec<u8>,
    variables: Vec<(&'a str, Value)>,
    /// Where the variables of the running definition begin.
    base: usize,
    at: Place<'a>,
    budget: &'r mut Budget,
    depth: usize,
}

type Done<T> = Result<T, Fault>;

fn fail<T>(message: impl Into<String>) -> Done<T> {
    Err(Fault::error(message))
}

/// What stands for "no value was piped in".
type Piped = Option<Value>;

impl<'a> Machine<'a, '_> {
    fn error(&self, fault: Fault) -> Error {
        let before = &self.run.text[..self.at.position.min(self.run.text.len())];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let at = self
            .at
            .node
            .map(|node| Box::new(At { definition: self.definition.to_owned(), node: node.to_string() }));
        Error {
            cause: fault.cause(),
            template: self.run.name.into(),
            line: before.matches('\n').count() + 1,
            column: Some(before.len() - line_start),
            at,
            message: fault.message().into(),
        }
    }

    fn at(&mut self, position: usize, node: &'a dyn fmt::Display) {
        self.at = Place { position, node: Some(node) };
    }

    fn step(&mut self) -> Done<()> {
        self.budget.step()
    }

    fn enter(&mut self) -> Done<()> {
        self.depth += 1;
        if self.depth > self.budget.depth {
            return Err(Fault::Limit("depth"));
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Done<()> {
        self.budget.output = self.budget.output.checked_sub(bytes.len()).ok_or(Fault::Limit("output"))?;
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn block(&mut self, dot: &Value, block: &'a Block) -> Done<Flow> {
        self.enter()?;
        for node in &block.nodes {
            let flow = self.node(dot, node)?;
            if flow != Flow::Next {
                self.depth -= 1;
                return Ok(flow);
            }
        }
        self.depth -= 1;
        Ok(Flow::Next)
    }

    fn node(&mut self, dot: &Value, node: &'a Node) -> Done<Flow> {
        self.step()?;
        match node {
            Node::Text(text) => self.write(text.as_bytes())?,
            Node::Action(pipe) => {
                let value = self.pipe(dot, pipe)?;
                if pipe.declares.is_empty() {
                    self.at(pipe.position, node);
                    self.print(&value)?;
                }
            }
            Node::If(branch) => return self.choose(dot, branch, false),
            Node::With(branch) => return self.choose(dot, branch, true),
            Node::Range(branch) => return self.range(dot, branch),
            Node::Template(invocation) => self.invoke(dot, invocation)?,
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::Next)
    }

    fn print(&mut self, value: &Value) -> Done<()> {
        if let Value::Str(text) = value {
            return self.write(text);
        }
        let mut printed = Vec::new();
        print::print(&mut printed, value)?;
        self.write(&printed)
    }

    fn choose(&mut self, dot: &Value, branch: &'a Branch, sets_dot: bool) -> Done<Flow> {
        let mark = self.variables.len();
        let value = self.pipe(dot, &branch.pipe)?;
        let flow = if value.truth() {
            self.block(if sets_dot { &value } else { dot }, &branch.body)?
        } else if let Some(other) = &branch.other {
            self.block(dot, other)?
        } else {
            Flow::Next
        };
        self.variables.truncate(mark);
        Ok(flow)
    }

    fn range(&mut self, dot: &Value, branch: &'a Branch) -> Done<Flow> {
        let mark = self.variables.len();
        let value = self.pipe(dot, &branch.pipe)?;
        let ran = match &value {
            Value::Int(count) | Value::Int64(count) => self.range_integers(branch, *count, &value)?,
            Value::Uint8(count) => self.range_integers(branch, i64::from(*count), &value)?,
            Value::Uint64(count) => {
                self.range_integers(branch, i64::try_from(*count).unwrap_or(i64::MAX), &value)?
            }
            Value::List(list) => self.range_list(branch, list)?,
            Value::Map(map) => self.range_map(branch, map)?,
            Value::Invalid | Value::Nil => Ran::No,
            other => {
                let printed = print::to_bytes(other)?;
                let printed = String::from_utf8_lossy(&printed).into_owned();
                return fail(format!("range can't iterate over {printed}"));
            }
        };
        let mut flow = Flow::Next;
        if let (Ran::No, Some(other)) = (ran, &branch.other) {
            flow = self.block(dot, other)?;
        }
        self.variables.truncate(mark);
        Ok(flow)
    }

    fn range_integers(&mut self, branch: &'a Branch, count: i64, value: &Value) -> Done<Ran> {
        if branch.pipe.declares.len() > 1 {
            return fail(format!("can't use {count} to iterate over more than one variable"));
        }
        for number in 0..count {
            let element = match value {
                Value::Int64(_) => Value::Int64(number),
                Value::Uint8(_) => Value::Uint8(number as u8),
                Value::Uint64(_) => Value::Uint64(number as u64),
                _ => Value::Int(number),
            };
            if self.round(branch, Value::Invalid, element)? == Flow::Break {
                break;
            }
        }
        Ok(if count > 0 { Ran::Yes } else { Ran::No })
    }

    fn range_list(&mut self, branch: &'a Branch, list: &List) -> Done<Ran> {
        let count = list.len();
        for index in 0..count {
            let Some(element) = list.get(index) else {
                break;
            };
            if self.round(branch, Value::Int(index as i64), element)? == Flow::Break {
                break;
            }
        }
        Ok(if count > 0 { Ran::Yes } else { Ran::No })
    }

    fn range_map(&mut self, branch: &'a Branch, map: &Map) -> Done<Ran> {
        self.budget.take_elements(map.len().saturating_mul(2))?;
        let entries: Vec<_> =
            map.entries().iter().map(|(key, value)| (Value::Str(key.clone()), value.clone())).collect();
        let ran = if entries.is_empty() { Ran::No } else { Ran::Yes };
        for (key, value) in entries {
            if self.round(branch, key, value)? == Flow::Break {
                break;
            }
        }
        Ok(ran)
    }

    fn round(&mut self, branch: &'a Branch, index: Value, element: Value) -> Done<Flow> {
        self.step()?;
        let pipe = &branch.pipe;
        let declares = &pipe.declares;
        if pipe.assigns {
            // With two variables the index comes first; one alone is the element.
            if let [first, second] = declares.as_slice() {
                self.assign(first, index)?;
                self.assign(second, element.clone())?;
            } else if let [only] = declares.as_slice() {
                self.assign(only, element.clone())?;
            }
        } else {
            let top = self.variables.len();
            if declares.len() > 1 {
                self.variables[top - 2].1 = index;
            }
            if !declares.is_empty() {
                self.variables[top - 1].1 = element.clone();
            }
        }
        let mark = self.variables.len();
        let flow = self.block(&element, &branch.body)?;
        self.variables.truncate(mark);
        Ok(flow)
    }

    fn invoke(&mut self, dot: &Value, invocation: &'a Invocation) -> Done<()> {
        self.at(invocation.position, invocation);
        let Some((name, body)) = self.run.trees.get_key_value(invocation.name.as_str()) else {
            return fail(format!("template {:?} not defined", invocation.name));
        };
        let dot = match &invocation.pipe {
            Some(pipe) => self.pipe(dot, pipe)?,
            None => Value::Invalid,
        };
        // The template sees no variable from here, and its place is its own.
        let definition = std::mem::replace(&mut self.definition, name);
        let base = std::mem::replace(&mut self.base, self.variables.len());
        self.variables.push(("$", dot.clone()));
        self.block(&dot, body)?;
        self.variables.truncate(self.base);
        self.base = base;
        self.definition = definition;
        Ok(())
    }

    fn pipe(&mut self, dot: &Value, pipe: &'a Pipe) -> Done<Value> {
        self.enter()?;
        self.at(pipe.position, pipe);
        let mut value: Piped = None;
        for command in &pipe.commands {
            let made = self.command(dot, command, value)?;
            value = Some(if let Value::Nil = made { Value::Invalid } else { made });
        }
        let value = value.unwrap_or_default();
        for variable in &pipe.declares {
            if pipe.assigns {
                self.assign(variable, value.clone())?;
            } else {
                self.variables.push((variable, value.clone()));
            }
        }
        self.depth -= 1;
        Ok(value)
    }

    fn assign(&mut self, name: &str, value: Value) -> Done<()> {
        match self.variables[self.base..].iter_mut().rev().find(|(known, _)| *known == name) {
            Some((_, slot)) => {
                *slot = value;
                Ok(())
            }
            None => fail(format!("undefined variable: {name}")),
        }
    }

    fn variable(&self, name: &str) -> Done<Value> {
        match self.variables[self.base..].iter().rev().find(|(known, _)| *known == name) {
            Some((_, value)) => Ok(value.clone()),
            None => fail(format!("undefined variable: {name}")),
        }
    }

    fn command(&mut self, dot: &Value, command: &'a Command, piped: Piped) -> Done<Value> {
        self.step()?;
        let Some((first, rest)) = command.words.split_first() else {
            return fail("empty command");
        };
        let has_arguments = !rest.is_empty() || piped.is_some();
        match &first.operand {
            Operand::Field(fields) => {
                self.at(first.position, first);
                return self.fields(dot, dot.clone(), fields, rest, piped);
            }
            Operand::Variable { name, fields } => {
                self.at(first.position, first);
                let value = self.variable(name)?;
                if fields.is_empty() {
                    self.refuse_arguments(first, has_arguments)?;
                    return Ok(value);
                }
                return self.fields(dot, value, fields, rest, piped);
            }
            Operand::Chain { of, fields } => return self.chain(dot, first, of, fields, rest, piped),
            Operand::Call(callee) => {
                self.at(first.position, first);
                return self.call(dot, callee, (command.position, command), rest, piped);
            }
            Operand::Pipe(pipe) => {
                self.refuse_arguments(first, has_arguments)?;
                return self.pipe(dot, pipe);
            }
            _ => (),
        }
        self.at(first.position, first);
        self.refuse_arguments(first, has_arguments)?;
        match &first.operand {
            Operand::Dot => Ok(dot.clone()),
            Operand::Nil => fail("nil is not a command"),
            operand => self.constant(operand),
        }
    }

    fn refuse_arguments(&mut self, word: &'a Word, has_arguments: bool) -> Done<()> {
        if has_arguments { fail(format!("can't give argument to non-function {word}")) } else { Ok(()) }
    }

    fn constant(&mut self, operand: &'a Operand) -> Done<Value> {
        match operand {
            Operand::Bool(value) => Ok(Value::Bool(*value)),
            Operand::Text { text, .. } => Ok(Value::Str(text.clone())),
            Operand::Number(number) => ideal(number),
            _ => fail("can't evaluate command"),
        }
    }

    fn chain(
        &mut self,
        dot: &Value,
        word: &'a Word,
        of: &'a Word,
        fields: &'a [Box<str>],
        rest: &'a [Word],
        piped: Piped,
    ) -> Done<Value> {
        self.at(word.position, word);
        if let Operand::Nil = of.operand {
            return fail(format!("indirection through explicit nil in {word}"));
        }
        let receiver = self.argument(dot, Type::Reflect, of)?;
        let receiver = if let (Operand::Pipe(_), Value::Nil) = (&of.operand, &receiver) {
            Value::Invalid
        } else {
            receiver
        };
        self.fields(dot, receiver, fields, rest, piped)
    }

    fn fields(
        &mut self,
        dot: &Value,
        receiver: Value,
        fields: &'a [Box<str>],
        arguments: &'a [Word],
        piped: Piped,
    ) -> Done<Value> {
        let Some((last, path)) = fields.split_last() else {
            return Ok(receiver);
        };
        let mut receiver = receiver;
        for field in path {
            receiver = self.field(dot, &receiver, field, &[], None)?;
        }
        self.field(dot, &receiver, last, arguments, piped)
    }

    fn field(
        &mut self,
        dot: &Value,
        receiver: &Value,
        name: &'a str,
        arguments: &'a [Word],
        piped: Piped,
    ) -> Done<Value> {
        match receiver {
            Value::Invalid if self.run.missing == Missing::Error => {
                fail(format!("nil data; no entry for key {name:?}"))
            }
            Value::Invalid => Ok(Value::Invalid),
            Value::Nil => fail(format!("nil pointer evaluating interface {{}}.{name}")),
            Value::Map(map) => {
                if !arguments.is_empty() || piped.is_some() {
                    return fail(format!("{name} is not a method but has arguments"));
                }
                if let Some(value) = map.get(name.as_bytes()) {
                    return Ok(value);
                }
                match self.run.missing {
                    Missing::Default => Ok(Value::Invalid),
                    Missing::Zero => Ok(builtin::zero_of(map)),
                    Missing::Error => fail(format!("map has no entry for key {name:?}")),
                }
            }
            Value::Object(object) => {
                let object = object.clone();
                let place = self.at;
                let mut values = Vec::with_capacity(arguments.len() + 1);
                for word in arguments {
                    values.push(self.argument(dot, Type::Any, word)?);
                }
                values.extend(piped);
                match object.member(name, &values) {
                    Some(Ok(value)) => Ok(value),
                    Some(Err(fault)) => {
                        self.at = place;
                        Err(calling(name, fault))
                    }
                    None => fail(format!("can't evaluate field {name} in type {}", object.type_name())),
                }
            }
            other => fail(format!("can't evaluate field {name} in type {}", other.type_name())),
        }
    }

    fn call(
        &mut self,
        dot: &Value,
        callee: &'a Callee,
        whole: (usize, &'a dyn fmt::Display),
        words: &'a [Word],
        piped: Piped,
    ) -> Done<Value> {
        let function = match callee.target {
            Target::And => return self.short_circuit(dot, "and", false, words, piped),
            Target::Or => return self.short_circuit(dot, "or", true, words, piped),
            Target::Call => return self.call_value(dot, whole, words, piped),
            Target::Function(function) => function,
        };
        self.check_count(&function, &callee.name, words.len(), piped.is_some())?;
        let mut values = Vec::with_capacity(words.len() + 1);
        for (index, word) in words.iter().enumerate() {
            values.push(self.argument(dot, parameter(&function, index), word)?);
        }
        if let Some(value) = piped {
            values.push(fit(value, parameter(&function, words.len()))?);
        }
        let made = (function.call)(self.budget, &values)
            .and_then(|value| self.budget.take(value.weight()).map(|()| value));
        made.map_err(|fault| {
            self.at(whole.0, whole.1);
            calling(&callee.name, fault)
        })
    }

    fn check_count(&self, function: &Function, name: &str, words: usize, piped: bool) -> Done<()> {
        let given = words + usize::from(piped);
        let declared = function.parameters.len();
        if !function.variadic && given != declared {
            return fail(format!("wrong number of args for {name}: want {declared} got {given}"));
        }
        if function.variadic && given + 1 < declared {
            let least = declared - 1;
            return fail(format!("wrong number of args for {name}: want at least {least} got {words}"));
        }
        Ok(())
    }

    /// `and` and `or`, which stop at the argument that decides.
    fn short_circuit(
        &mut self,
        dot: &Value,
        name: &str,
        decisive: bool,
        words: &'a [Word],
        piped: Piped,
    ) -> Done<Value> {
        if words.is_empty() && piped.is_none() {
            return fail(format!("wrong number of args for {name}: want at least 1 got 0"));
        }
        let mut value = Value::Invalid;
        for word in words {
            value = self.argument(dot, Type::Reflect, word)?;
            if value.truth() == decisive {
                return Ok(value);
            }
        }
        Ok(piped.unwrap_or(value))
    }

    /// `call`: no value that a template can hold is a function.
    fn call_value(
        &mut self,
        dot: &Value,
        whole: (usize, &'a dyn fmt::Display),
        words: &'a [Word],
        piped: Piped,
    ) -> Done<Value> {
        let mut values = Vec::with_capacity(words.len() + 1);
        for word in words {
            values.push(self.argument(dot, Type::Reflect, word)?);
        }
        values.extend(piped);
        let name = words.first().map(Word::to_string).unwrap_or_default();
        let Some(first) = values.first() else {
            return fail("wrong number of args for call: want at least 1 got 0");
        };
        let message = match first {
            Value::Invalid | Value::Nil => "call of nil".to_owned(),
            other => format!("non-function {name} of type {}", other.type_name()),
        };
        self.at(whole.0, whole.1);
        Err(calling("call", Fault::Error(message)))
    }

    fn argument(&mut self, dot: &Value, wanted: Type, word: &'a Word) -> Done<Value> {
        self.at(word.position, word);
        let value = match &word.operand {
            Operand::Dot => dot.clone(),
            Operand::Nil => return nil(wanted),
            Operand::Field(fields) => self.fields(dot, dot.clone(), fields, &[], None)?,
            Operand::Variable { name, fields } => {
                let value = self.variable(name)?;
                self.fields(dot, value, fields, &[], None)?
            }
            Operand::Pipe(pipe) => self.pipe(dot, pipe)?,
            Operand::Call(callee) => self.call(dot, callee, (word.position, word), &[], None)?,
            Operand::Chain { of, fields } => self.chain(dot, word, of, fields, &[], None)?,
            operand => return self.literal(operand, wanted, word),
        };
        fit(value, wanted)
    }

    fn literal(&mut self, operand: &'a Operand, wanted: Type, word: &'a Word) -> Done<Value> {
        let expected = match (wanted, operand) {
            (Type::Any | Type::Reflect, operand) => return self.constant(operand),
            (Type::Bool, Operand::Bool(value)) => return Ok(Value::Bool(*value)),
            (Type::Str, Operand::Text { text, .. }) => return Ok(Value::Str(text.clone())),
            (Type::Int, Operand::Number(Number { int: Some(int), .. })) => return Ok(Value::Int(*int)),
            (Type::Uint32, Operand::Number(Number { uint: Some(uint), .. })) => {
                return Ok(Value::Uint64(u64::from(*uint as u32)));
            }
            (Type::Float, Operand::Number(Number { float: Some(float), .. })) => {
                return Ok(Value::Float(*float));
            }
            (Type::Bool, _) => "bool",
            (Type::Str, _) => "string",
            (Type::Int, _) => "integer",
            (Type::Uint32, _) => "unsigned integer",
            (Type::Float, _) => "float",
            (Type::Map | Type::Object(_), _) => {
                return fail(format!("can't handle {word} for arg of type {}", wanted.name()));
            }
        };
        fail(format!("expected {expected}; found {word}"))
    }
}

/// Whether a loop had a round.
enum Ran {
    Yes,
    No,
}

fn parameter(function: &Function, index: usize) -> Type {
    let last = function.parameters.len().saturating_sub(1);
    function.parameters.get(index.min(last)).copied().unwrap_or(Type::Any)
}

fn calling(name: &str, fault: Fault) -> Fault {
    match fault {
        Fault::Error(message) => Fault::Error(format!("error calling {name}: {message}")),
        other => other,
    }
}

/// A number whose type nothing asks for: its spelling decides.
fn ideal(number: &Number) -> Done<Value> {
    if let Some((real, imaginary)) = number.complex {
        return Ok(Value::Complex(real, imaginary));
    }
    let text = &number.text;
    let hex = text.len() > 2 && text.starts_with('0') && text[1..].starts_with(['x', 'X']);
    let looks_float = !hex && !text.starts_with('\'') && text.contains(['.', 'e', 'E', 'p', 'P'])
        || hex && text.contains(['p', 'P']);
    if let (Some(float), true) = (number.float, looks_float) {
        return Ok(Value::Float(float));
    }
    match number.int {
        Some(int) => Ok(Value::Int(int)),
        None if number.uint.is_some() => fail(format!("{text} overflows int")),
        None => Ok(Value::Nil),
    }
}

fn nil(wanted: Type) -> Done<Value> {
    match wanted {
        Type::Any => Ok(Value::Nil),
        Type::Reflect => Ok(Value::Invalid),
        Type::Map => Ok(Value::Map(Map::nil())),
        _ => fail(format!("cannot assign nil to {}", wanted.name())),
    }
}

/// The value as an argument of this type.
fn fit(value: Value, wanted: Type) -> Result<Value, Fault> {
    let fits = match (wanted, &value) {
        (Type::Any, Value::Invalid) => return Ok(Value::Nil),
        (Type::Map, Value::Invalid) => return Ok(Value::Map(Map::nil())),
        (Type::Any | Type::Reflect, _)
        | (Type::Str, Value::Str(_))
        | (Type::Bool, Value::Bool(_))
        | (Type::Int, Value::Int(_))
        | (Type::Float, Value::Float(_)) => true,
        (Type::Map, Value::Map(map)) => map.is_untyped(),
        (Type::Object(name), Value::Object(object)) => object.type_name() == name,
        _ => false,
    };
    if fits {
        return Ok(value);
    }
    let wanted = wanted.name();
    Err(Fault::Error(match value {
        Value::Invalid => format!("invalid value; expected {wanted}"),
        Value::Nil => format!("wrong type for value; expected {wanted}; got interface {{}}"),
        other => format!("wrong type for value; expected {wanted}; got {}", other.type_name()),
    }))
}
