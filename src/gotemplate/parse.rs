//! Tokens into a tree of nodes, as text/template/parse does it.

use std::collections::HashMap;

use crate::gotemplate::ast::{
    Block, Branch, Callee, Command, Invocation, Node, Number, Operand, Pipe, Target, Word,
};
use crate::gotemplate::error::{Cause, Error};
use crate::gotemplate::function::Functions;
use crate::gotemplate::lex::{Kind, Token, lex};
use crate::gotemplate::value::Text;
use crate::gotemplate::{builtin, strconv};

/// The templates that one text defines, by name, its own among them.
pub(super) type Trees = HashMap<Box<str>, Block>;

/// How deep parentheses and blocks may nest; Go has 10,000 and no limit, on a stack that grows.
const MAX_DEPTH: usize = 250;

pub(super) fn parse(name: &str, text: &str, functions: &Functions) -> Result<Trees, Error> {
    let tokens = lex(text);
    let mut parser = Parser {
        name,
        functions,
        tokens,
        index: 0,
        furthest: 0,
        trees: Trees::new(),
        scope: Scope::default(),
        depth: 0,
    };
    parser.text()?;
    Ok(parser.trees)
}

/// What is known within one definition.
struct Scope {
    variables: Vec<Box<str>>,
    ranges: usize,
    action_line: usize,
}

impl Default for Scope {
    fn default() -> Scope {
        Scope { variables: vec!["$".into()], ranges: 0, action_line: 0 }
    }
}

struct Parser<'a> {
    name: &'a str,
    functions: &'a Functions,
    tokens: Vec<Token>,
    index: usize,
    furthest: usize,
    trees: Trees,
    scope: Scope,
    depth: usize,
}

/// What a list of nodes ended with.
enum Ending {
    End,
    Else,
}

enum Item {
    Node(Node),
    Ending(Ending),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Control {
    If,
    With,
    Range,
}

impl Control {
    fn word(self) -> &'static str {
        match self {
            Control::If => "if",
            Control::With => "with",
            Control::Range => "range",
        }
    }
}

type Result_<T> = Result<T, Error>;

impl Parser<'_> {
    fn text(&mut self) -> Result_<()> {
        let mut root = Block::default();
        while self.peek().kind != Kind::Eof {
            if self.peek().kind == Kind::LeftDelim {
                let delim = self.index;
                self.next();
                if self.next_solid().kind == Kind::Define {
                    self.definition()?;
                    continue;
                }
                self.index = delim;
            }
            match self.text_or_action()? {
                Item::Node(node) => root.nodes.push(node),
                Item::Ending(ending) => return Err(self.error(format!("unexpected {}", ending.text()))),
            }
        }
        self.add(self.name.into(), root)
    }

    fn definition(&mut self) -> Result_<()> {
        const CONTEXT: &str = "define clause";
        let token = self.next_solid();
        let name = self.template_name(&token, CONTEXT)?;
        self.expect(Kind::RightDelim, CONTEXT)?;
        let body = self.scoped_body(CONTEXT)?;
        self.add(name.into(), body)
    }

    /// The body of a `define` or `block`, which sees no variable from outside.
    fn scoped_body(&mut self, context: &str) -> Result_<Block> {
        let outer = std::mem::take(&mut self.scope);
        let (body, ending) = self.items()?;
        if let Ending::Else = ending {
            return Err(self.error(format!("unexpected {} in {context}", ending.text())));
        }
        self.scope = outer;
        Ok(body)
    }

    fn add(&mut self, name: Box<str>, body: Block) -> Result_<()> {
        match self.trees.get(&name) {
            Some(there) if !there.is_blank() => {
                if !body.is_blank() {
                    return Err(self.error(format!("template: multiple definition of template {name:?}")));
                }
            }
            _ => {
                self.trees.insert(name, body);
            }
        }
        Ok(())
    }

    fn items(&mut self) -> Result_<(Block, Ending)> {
        self.deeper()?;
        let mut block = Block::default();
        while self.peek_solid().kind != Kind::Eof {
            match self.text_or_action()? {
                Item::Node(node) => block.nodes.push(node),
                Item::Ending(ending) => {
                    self.depth -= 1;
                    return Ok((block, ending));
                }
            }
        }
        Err(self.error("unexpected EOF"))
    }

    fn text_or_action(&mut self) -> Result_<Item> {
        let token = self.next_solid();
        match token.kind {
            Kind::Text => Ok(Item::Node(Node::Text(token.text.into()))),
            Kind::LeftDelim => {
                self.scope.action_line = token.line;
                let item = self.action()?;
                self.scope.action_line = 0;
                Ok(item)
            }
            _ => Err(self.unexpected(&token, "input")),
        }
    }

    fn action(&mut self) -> Result_<Item> {
        let start = self.index;
        let token = self.next_solid();
        let node = match token.kind {
            Kind::Block => self.block()?,
            Kind::Break => self.leave_or_skip("{{break}}", Node::Break)?,
            Kind::Continue => self.leave_or_skip("{{continue}}", Node::Continue)?,
            Kind::Else => {
                if !matches!(self.peek_solid().kind, Kind::If | Kind::With) {
                    self.expect(Kind::RightDelim, "else")?;
                }
                return Ok(Item::Ending(Ending::Else));
            }
            Kind::End => {
                self.expect(Kind::RightDelim, "end")?;
                return Ok(Item::Ending(Ending::End));
            }
            Kind::If => self.control(Control::If)?,
            Kind::Range => self.control(Control::Range)?,
            Kind::With => self.control(Control::With)?,
            Kind::Template => self.invocation()?,
            _ => {
                self.index = start;
                Node::Action(self.pipeline("command", Kind::RightDelim)?)
            }
        };
        Ok(Item::Node(node))
    }

    fn leave_or_skip(&mut self, word: &str, node: Node) -> Result_<Node> {
        self.expect(Kind::RightDelim, word)?;
        if self.scope.ranges == 0 {
            return Err(self.error(format!("{word} outside {{{{range}}}}")));
        }
        Ok(node)
    }

    fn control(&mut self, control: Control) -> Result_<Node> {
        self.deeper()?;
        let variables = self.scope.variables.len();
        let pipe = self.pipeline(control.word(), Kind::RightDelim)?;
        self.scope.ranges += usize::from(control == Control::Range);
        let (body, ending) = self.items()?;
        self.scope.ranges -= usize::from(control == Control::Range);
        let other = match ending {
            Ending::End => None,
            Ending::Else => Some(self.alternative(control)?),
        };
        self.scope.variables.truncate(variables);
        self.depth -= 1;
        let branch = Branch { pipe, body, other };
        Ok(match control {
            Control::If => Node::If(branch),
            Control::With => Node::With(branch),
            Control::Range => Node::Range(branch),
        })
    }

    /// What follows `else`; `else if` and `else with` end with the one `end` of the chain.
    fn alternative(&mut self, control: Control) -> Result_<Block> {
        let chained = match control {
            Control::If => self.peek().kind == Kind::If,
            Control::With => self.peek().kind == Kind::With,
            Control::Range => false,
        };
        if chained {
            self.next();
            return Ok(Block { nodes: vec![self.control(control)?] });
        }
        let (block, ending) = self.items()?;
        if let Ending::Else = ending {
            return Err(self.error(format!("expected end; found {}", ending.text())));
        }
        Ok(block)
    }

    fn block(&mut self) -> Result_<Node> {
        const CONTEXT: &str = "block clause";
        let token = self.next_solid();
        let name = self.template_name(&token, CONTEXT)?;
        let pipe = self.pipeline(CONTEXT, Kind::RightDelim)?;
        let body = self.scoped_body(CONTEXT)?;
        self.add(name.clone().into(), body)?;
        Ok(Node::Template(Invocation { position: token.position, name, pipe: Some(pipe) }))
    }

    fn invocation(&mut self) -> Result_<Node> {
        const CONTEXT: &str = "template clause";
        let token = self.next_solid();
        let name = self.template_name(&token, CONTEXT)?;
        let before = self.index;
        let mut pipe = None;
        if self.next_solid().kind != Kind::RightDelim {
            self.index = before;
            pipe = Some(self.pipeline(CONTEXT, Kind::RightDelim)?);
        }
        Ok(Node::Template(Invocation { position: token.position, name, pipe }))
    }

    fn template_name(&mut self, token: &Token, context: &str) -> Result_<String> {
        if !matches!(token.kind, Kind::Str | Kind::RawString) {
            return Err(self.unexpected(token, context));
        }
        let name = strconv::unquote(&token.text).ok_or_else(|| self.error("invalid syntax"))?;
        Ok(String::from_utf8_lossy(&name).into_owned())
    }

    fn pipeline(&mut self, context: &str, end: Kind) -> Result_<Pipe> {
        self.deeper()?;
        let position = self.peek_solid().position;
        let mut pipe = Pipe { position, assigns: false, declares: Vec::new(), commands: Vec::new() };
        self.declarations(&mut pipe, context)?;
        loop {
            let start = self.index;
            let token = self.next_solid();
            match token.kind {
                kind if kind == end => {
                    self.check_pipeline(&pipe, context)?;
                    self.depth -= 1;
                    return Ok(pipe);
                }
                kind if begins_operand(kind) => {
                    self.index = start;
                    pipe.commands.push(self.command()?);
                }
                _ => return Err(self.unexpected(&token, context)),
            }
        }
    }

    fn declarations(&mut self, pipe: &mut Pipe, context: &str) -> Result_<()> {
        while self.peek_solid().kind == Kind::Variable {
            let start = self.index;
            let variable = self.next();
            let next = self.peek_solid().clone();
            let comma = next.kind == Kind::Char && next.text == ",";
            if !comma && !matches!(next.kind, Kind::Assign | Kind::Declare) {
                self.index = start;
                return Ok(());
            }
            self.next_solid();
            pipe.declares.push(variable.text.clone().into());
            self.scope.variables.push(variable.text.into());
            if !comma {
                pipe.assigns = next.kind == Kind::Assign;
                return Ok(());
            }
            if context != "range" || pipe.declares.len() > 1 {
                return Err(self.error(format!("too many declarations in {context}")));
            }
            if !matches!(self.peek_solid().kind, Kind::Variable | Kind::RightDelim | Kind::RightParen) {
                return Err(self.error("range can only initialize variables"));
            }
        }
        Ok(())
    }

    fn check_pipeline(&mut self, pipe: &Pipe, context: &str) -> Result_<()> {
        if pipe.commands.is_empty() {
            return Err(self.error(format!("missing value for {context}")));
        }
        for (index, command) in pipe.commands.iter().enumerate().skip(1) {
            let first = command.words.first().map(|word| &word.operand);
            if let Some(
                Operand::Bool(_) | Operand::Dot | Operand::Nil | Operand::Number(_) | Operand::Text { .. },
            ) = first
            {
                return Err(self.error(format!("non executable command in pipeline stage {}", index + 1)));
            }
        }
        Ok(())
    }

    fn command(&mut self) -> Result_<Command> {
        let mut command = Command { position: self.peek_solid().position, words: Vec::new() };
        loop {
            self.peek_solid();
            command.words.extend(self.operand()?);
            let before = self.index;
            let token = self.next();
            match token.kind {
                Kind::Space => continue,
                Kind::RightDelim | Kind::RightParen => self.index = before,
                Kind::Pipe => (),
                _ => return Err(self.unexpected(&token, "operand")),
            }
            break;
        }
        if command.words.is_empty() {
            return Err(self.error("empty command"));
        }
        Ok(command)
    }

    fn operand(&mut self) -> Result_<Option<Word>> {
        let Some(mut word) = self.term()? else {
            return Ok(None);
        };
        if self.peek().kind != Kind::Field {
            return Ok(Some(word));
        }
        let position = self.peek().position;
        let mut added = Vec::new();
        while self.peek().kind == Kind::Field {
            added.push(field_name(&self.next().text));
        }
        match &mut word.operand {
            Operand::Field(fields) | Operand::Variable { fields, .. } => {
                fields.extend(added);
                word.position = position;
            }
            Operand::Bool(_) | Operand::Text { .. } | Operand::Number(_) | Operand::Nil | Operand::Dot => {
                return Err(self.error(format!("unexpected . after term {:?}", word.to_string())));
            }
            _ => word = Word { position, operand: Operand::Chain { of: Box::new(word), fields: added } },
        }
        Ok(Some(word))
    }

    fn term(&mut self) -> Result_<Option<Word>> {
        let start = self.index;
        let token = self.next_solid();
        let operand = match token.kind {
            Kind::Identifier => Operand::Call(self.callee(&token.text)?),
            Kind::Dot => Operand::Dot,
            Kind::Nil => Operand::Nil,
            Kind::Variable => self.variable(&token.text)?,
            Kind::Field => Operand::Field(vec![field_name(&token.text)]),
            Kind::Bool => Operand::Bool(token.text == "true"),
            Kind::CharConstant | Kind::Complex | Kind::Number => {
                Operand::Number(number(&token).map_err(|message| self.error(message))?)
            }
            Kind::LeftParen => Operand::Pipe(self.pipeline("parenthesized pipeline", Kind::RightParen)?),
            Kind::Str | Kind::RawString => {
                let text = strconv::unquote(&token.text).ok_or_else(|| self.error("invalid syntax"))?;
                Operand::Text { quoted: token.text.into(), text: Text::from(text) }
            }
            _ => {
                self.index = start;
                return Ok(None);
            }
        };
        // A pipeline stands where its first word does.
        let position = match &operand {
            Operand::Pipe(pipe) => pipe.position,
            _ => token.position,
        };
        Ok(Some(Word { position, operand }))
    }

    fn callee(&mut self, name: &str) -> Result_<Callee> {
        let function =
            self.functions.get(name).copied().map(Target::Function).or_else(|| builtin::find(name));
        match function {
            Some(target) => Ok(Callee { name: name.into(), target }),
            None => Err(self.error(format!("function {name:?} not defined"))),
        }
    }

    fn variable(&mut self, name: &str) -> Result_<Operand> {
        if self.scope.variables.iter().any(|known| **known == *name) {
            return Ok(Operand::Variable { name: name.into(), fields: Vec::new() });
        }
        Err(self.error(format!("undefined variable {name:?}")))
    }

    fn expect(&mut self, kind: Kind, context: &str) -> Result_<()> {
        let token = self.next_solid();
        if token.kind == kind { Ok(()) } else { Err(self.unexpected(&token, context)) }
    }

    fn peek(&self) -> &Token {
        // The last token is the end or an error; there is nothing behind it.
        &self.tokens[self.index.min(self.tokens.len() - 1)]
    }

    fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.furthest = self.furthest.max(self.index);
        self.index += 1;
        token
    }

    fn peek_solid(&mut self) -> &Token {
        while self.peek().kind == Kind::Space {
            self.next();
        }
        self.furthest = self.furthest.max(self.index);
        self.peek()
    }

    fn next_solid(&mut self) -> Token {
        self.peek_solid();
        self.next()
    }

    fn deeper(&mut self) -> Result_<()> {
        self.depth += 1;
        if self.depth <= MAX_DEPTH {
            return Ok(());
        }
        let mut error = self.error("max expression depth exceeded");
        error.cause = Cause::Limit;
        Err(error)
    }

    fn unexpected(&self, token: &Token, context: &str) -> Error {
        let line = self.scope.action_line;
        if token.kind != Kind::Error {
            return self.error(format!("unexpected {} in {context}", token.describe()));
        }
        let mut message = token.describe();
        if line != 0 && line != token.line {
            let action = if message.ends_with(" action") { "" } else { " in action" };
            message = format!("{message}{action} started at {}:{line}", self.name);
        }
        self.error(message)
    }

    fn error(&self, message: impl Into<String>) -> Error {
        let last = &self.tokens[self.furthest.min(self.tokens.len() - 1)];
        Error::syntax(self.name, last.line, message.into())
    }
}

impl Ending {
    fn text(&self) -> &'static str {
        match self {
            Ending::End => "{{end}}",
            Ending::Else => "{{else}}",
        }
    }
}

fn begins_operand(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Bool
            | Kind::CharConstant
            | Kind::Complex
            | Kind::Dot
            | Kind::Field
            | Kind::Identifier
            | Kind::Number
            | Kind::Nil
            | Kind::RawString
            | Kind::Str
            | Kind::Variable
            | Kind::LeftParen
    )
}

fn field_name(text: &str) -> Box<str> {
    text.strip_prefix('.').unwrap_or(text).into()
}

/// A number constant, with every type that it fits.
fn number(token: &Token) -> Result<Number, String> {
    let text = token.text.as_str();
    let mut number = Number { text: text.into(), ..Number::default() };
    if token.kind == Kind::CharConstant {
        let code =
            strconv::unquote_char(text).ok_or_else(|| format!("malformed character constant: {text}"))?;
        number.int = Some(code);
        number.uint = u64::try_from(code).ok();
        number.float = Some(code as f64);
        return Ok(number);
    }
    if let Some(imaginary) = text.strip_suffix('i') {
        let split = if token.kind == Kind::Complex { imaginary.rfind(['+', '-']).unwrap_or(0) } else { 0 };
        let real = if split == 0 { Some(0.0) } else { strconv::parse_float(&imaginary[..split]) };
        if let (Some(real), Some(imaginary)) = (real, strconv::parse_float(&imaginary[split..])) {
            number.complex = Some((real, imaginary));
            if imaginary == 0.0 {
                number.float = Some(real);
                number.int = exact_int(real);
                number.uint = exact_uint(real);
            }
            return Ok(number);
        }
    }
    number.uint = strconv::parse_uint(text, 0);
    number.int = strconv::parse_int(text, 0);
    if number.int == Some(0) {
        number.uint = Some(0);
    }
    number.float = match (number.int, number.uint) {
        (Some(int), _) => Some(int as f64),
        (None, Some(uint)) => Some(uint as f64),
        (None, None) => strconv::parse_float(text),
    };
    if number.int.is_none() && number.uint.is_none() {
        let Some(float) = number.float else {
            return Err(format!("illegal number syntax: {text:?}"));
        };
        if !text.contains(['.', 'e', 'E', 'p', 'P']) {
            return Err(format!("integer overflow: {text:?}"));
        }
        number.int = exact_int(float);
        number.uint = exact_uint(float);
    }
    Ok(number)
}

fn exact_int(float: f64) -> Option<i64> {
    let int = float as i64;
    (int as f64 == float && float < 9.3e18).then_some(int)
}

fn exact_uint(float: f64) -> Option<u64> {
    let uint = float as u64;
    (uint as f64 == float && float < 1.9e19).then_some(uint)
}
