//! What a template is once parsed. Nodes print as Go prints them, for messages.

use std::fmt;

use crate::gotemplate::function::Function;
use crate::gotemplate::value::Text;

#[derive(Default)]
pub(super) struct Block {
    pub nodes: Vec<Node>,
}

pub(super) enum Node {
    Text(Box<str>),
    Action(Pipe),
    If(Branch),
    With(Branch),
    Range(Branch),
    Template(Invocation),
    Break,
    Continue,
}

pub(super) struct Branch {
    pub pipe: Pipe,
    pub body: Block,
    pub other: Option<Block>,
}

pub(super) struct Invocation {
    pub position: usize,
    pub name: String,
    pub pipe: Option<Pipe>,
}

pub(super) struct Pipe {
    pub position: usize,
    pub assigns: bool,
    pub declares: Vec<Box<str>>,
    pub commands: Vec<Command>,
}

pub(super) struct Command {
    pub position: usize,
    pub words: Vec<Word>,
}

/// One word of a command, and where it is.
pub(super) struct Word {
    pub position: usize,
    pub operand: Operand,
}

pub(super) enum Operand {
    Bool(bool),
    Dot,
    Nil,
    Number(Number),
    Text { quoted: Box<str>, text: Text },
    Field(Vec<Box<str>>),
    Variable { name: Box<str>, fields: Vec<Box<str>> },
    Call(Callee),
    Chain { of: Box<Word>, fields: Vec<Box<str>> },
    Pipe(Pipe),
}

/// A function by name, resolved when the template was parsed.
pub(super) struct Callee {
    pub name: Box<str>,
    pub target: Target,
}

#[derive(Clone, Copy)]
pub(super) enum Target {
    And,
    Or,
    Call,
    Function(Function),
}

/// A number with every type that can represent it, as Go's ideal constants.
#[derive(Clone, Debug, Default)]
pub(super) struct Number {
    pub text: Box<str>,
    pub int: Option<i64>,
    pub uint: Option<u64>,
    pub float: Option<f64>,
    pub complex: Option<(f64, f64)>,
}

impl Block {
    /// Whether there is nothing but space.
    pub fn is_blank(&self) -> bool {
        self.nodes.iter().all(|node| matches!(node, Node::Text(text) if text.trim().is_empty()))
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.nodes.iter().try_for_each(|node| node.fmt(f))
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, branch) = match self {
            Node::Text(text) => return f.write_str(text),
            Node::Action(pipe) => return write!(f, "{{{{{pipe}}}}}"),
            Node::Template(invocation) => return invocation.fmt(f),
            Node::Break => return f.write_str("{{break}}"),
            Node::Continue => return f.write_str("{{continue}}"),
            Node::If(branch) => ("if", branch),
            Node::With(branch) => ("with", branch),
            Node::Range(branch) => ("range", branch),
        };
        write!(f, "{{{{{word} {}}}}}{}", branch.pipe, branch.body)?;
        if let Some(other) = &branch.other {
            write!(f, "{{{{else}}}}{other}")?;
        }
        f.write_str("{{end}}")
    }
}

impl fmt::Display for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.pipe {
            Some(pipe) => write!(f, "{{{{template {:?} {pipe}}}}}", self.name),
            None => write!(f, "{{{{template {:?}}}}}", self.name),
        }
    }
}

impl fmt::Display for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.declares.is_empty() {
            f.write_str(&self.declares.join(", "))?;
            f.write_str(if self.assigns { " = " } else { " := " })?;
        }
        for (index, command) in self.commands.iter().enumerate() {
            if index > 0 {
                f.write_str(" | ")?;
            }
            command.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, word) in self.words.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            word.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.operand {
            Operand::Bool(value) => value.fmt(f),
            Operand::Dot => f.write_str("."),
            Operand::Nil => f.write_str("nil"),
            Operand::Number(number) => f.write_str(&number.text),
            Operand::Text { quoted, .. } => f.write_str(quoted),
            Operand::Field(fields) => write_fields(f, fields),
            Operand::Variable { name, fields } => {
                f.write_str(name)?;
                write_fields(f, fields)
            }
            Operand::Call(callee) => f.write_str(&callee.name),
            Operand::Chain { of, fields } => {
                of.fmt(f)?;
                write_fields(f, fields)
            }
            Operand::Pipe(pipe) => write!(f, "({pipe})"),
        }
    }
}

fn write_fields(f: &mut fmt::Formatter<'_>, fields: &[Box<str>]) -> fmt::Result {
    fields.iter().try_for_each(|field| write!(f, ".{field}"))
}
