//! Template text into tokens, as text/template/parse does it.

use crate::gotemplate::unicode;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Assign,
    Bool,
    Char,
    CharConstant,
    Complex,
    Declare,
    Eof,
    Error,
    Field,
    Identifier,
    LeftDelim,
    LeftParen,
    Number,
    Pipe,
    RawString,
    RightDelim,
    RightParen,
    Space,
    Str,
    Text,
    Variable,
    Block,
    Break,
    Continue,
    Dot,
    Define,
    Else,
    End,
    If,
    Nil,
    Range,
    Template,
    With,
}

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub kind: Kind,
    pub position: usize,
    pub line: usize,
    pub text: String,
}

impl Token {
    /// As messages quote it.
    pub fn describe(&self) -> String {
        match self.kind {
            Kind::Eof => "EOF".to_owned(),
            Kind::Error => self.text.clone(),
            kind if is_keyword(kind) => format!("<{}>", self.text),
            _ if self.text.len() > 10 => {
                let cut: String = self.text.chars().take(10).collect();
                format!("{cut:?}...")
            }
            _ => format!("{:?}", self.text),
        }
    }
}

fn is_keyword(kind: Kind) -> bool {
    use Kind::{Block, Break, Continue, Define, Dot, Else, End, If, Nil, Range, Template, With};
    matches!(kind, Block | Break | Continue | Define | Dot | Else | End | If | Nil | Range | Template | With)
}

fn keyword(word: &str) -> Option<Kind> {
    Some(match word {
        "block" => Kind::Block,
        "break" => Kind::Break,
        "continue" => Kind::Continue,
        "define" => Kind::Define,
        "else" => Kind::Else,
        "end" => Kind::End,
        "if" => Kind::If,
        "nil" => Kind::Nil,
        "range" => Kind::Range,
        "template" => Kind::Template,
        "with" => Kind::With,
        "true" | "false" => Kind::Bool,
        _ => return None,
    })
}

const SPACES: [char; 4] = [' ', '\t', '\r', '\n'];

/// The tokens of `text`; the last is `Eof` or `Error`.
pub(super) fn lex(text: &str) -> Vec<Token> {
    let mut lexer = Lexer { input: text, position: 0, start: 0, line: 1, parens: 0, tokens: Vec::new() };
    if let Err(message) = lexer.run() {
        lexer.tokens.push(Token {
            kind: Kind::Error,
            position: lexer.start,
            line: lexer.line,
            text: message,
        });
    }
    lexer.tokens
}

struct Lexer<'a> {
    input: &'a str,
    position: usize,
    start: usize,
    /// The line that `start` is on.
    line: usize,
    parens: usize,
    tokens: Vec<Token>,
}

impl<'a> Lexer<'a> {
    fn run(&mut self) -> Result<(), String> {
        while let Some(offset) = self.rest().find("{{") {
            self.text_before(offset);
            if self.left_delim()? {
                while !self.inside_action()? {}
            }
        }
        self.position = self.input.len();
        if self.position > self.start {
            self.emit(Kind::Text);
        }
        self.emit(Kind::Eof);
        Ok(())
    }

    fn rest(&self) -> &'a str {
        &self.input[self.position..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.position += next.len_utf8();
        Some(next)
    }

    fn accept(&mut self, wanted: impl Fn(char) -> bool) -> bool {
        let accepted = self.peek().is_some_and(wanted);
        if accepted {
            self.next();
        }
        accepted
    }

    fn accept_run(&mut self, wanted: impl Fn(char) -> bool) {
        while self.accept(&wanted) {}
    }

    fn emit(&mut self, kind: Kind) {
        let text = self.input[self.start..self.position].to_owned();
        self.tokens.push(Token { kind, position: self.start, line: self.line, text });
        self.skip();
    }

    fn skip(&mut self) {
        self.line += self.input[self.start..self.position].matches('\n').count();
        self.start = self.position;
    }

    fn text_before(&mut self, offset: usize) {
        self.position += offset;
        let delim = self.position;
        if trims_left(&self.input[delim + 2..]) {
            let text = &self.input[self.start..delim];
            self.position = self.start + text.trim_end_matches(SPACES).len();
        }
        if self.position > self.start {
            self.emit(Kind::Text);
        }
        self.position = delim;
        self.skip();
    }

    /// Whether an action begins; otherwise it was a comment, now behind us.
    fn left_delim(&mut self) -> Result<bool, String> {
        self.position += 2;
        let marker = if trims_left(self.rest()) { 2 } else { 0 };
        if self.input[self.position + marker..].starts_with("/*") {
            self.position += marker;
            self.skip();
            self.comment()?;
            return Ok(false);
        }
        self.emit(Kind::LeftDelim);
        self.position += marker;
        self.skip();
        self.parens = 0;
        Ok(true)
    }

    fn comment(&mut self) -> Result<(), String> {
        let end = self.rest()[2..].find("*/").ok_or("unclosed comment")?;
        self.position += 2 + end + 2;
        let Some(trims) = self.right_delim_here() else {
            return Err("comment ends before closing delimiter".to_owned());
        };
        self.position += if trims { 4 } else { 2 };
        if trims {
            self.accept_run(is_space);
        }
        self.skip();
        Ok(())
    }

    /// Whether a right delimiter begins here, and if so, whether it trims the text behind it.
    fn right_delim_here(&self) -> Option<bool> {
        let rest = self.rest().as_bytes();
        if rest.first().is_some_and(|byte| is_space(char::from(*byte))) && rest[1..].starts_with(b"-}}") {
            return Some(true);
        }
        rest.starts_with(b"}}").then_some(false)
    }

    fn right_delim(&mut self, trims: bool) {
        if trims {
            self.position += 2;
            self.skip();
        }
        self.position += 2;
        self.emit(Kind::RightDelim);
        if trims {
            self.accept_run(is_space);
            self.skip();
        }
    }

    /// Takes one token; true when the action ends with it.
    fn inside_action(&mut self) -> Result<bool, String> {
        if let Some(trims) = self.right_delim_here() {
            if self.parens > 0 {
                return Err("unclosed left paren".to_owned());
            }
            self.right_delim(trims);
            return Ok(true);
        }
        let Some(next) = self.next() else {
            return Err("unclosed action".to_owned());
        };
        match next {
            next if is_space(next) => self.space(),
            '=' => self.emit(Kind::Assign),
            ':' => {
                if !self.accept(|next| next == '=') {
                    return Err("expected :=".to_owned());
                }
                self.emit(Kind::Declare);
            }
            '|' => self.emit(Kind::Pipe),
            '"' => self.quoted('"', Kind::Str, "unterminated quoted string")?,
            '\'' => self.quoted('\'', Kind::CharConstant, "unterminated character constant")?,
            '`' => {
                self.accept_run(|next| next != '`');
                if self.next().is_none() {
                    return Err("unterminated raw quoted string".to_owned());
                }
                self.emit(Kind::RawString);
            }
            '$' => self.field_or_variable(Kind::Variable)?,
            '.' if !self.peek().is_none_or(|next| next.is_ascii_digit()) => {
                self.field_or_variable(Kind::Field)?;
            }
            '.' | '+' | '-' | '0'..='9' => {
                self.position = self.start;
                self.number()?;
            }
            next if is_alphanumeric(next) => self.identifier()?,
            '(' => {
                self.parens += 1;
                self.emit(Kind::LeftParen);
            }
            ')' => {
                self.parens = self.parens.checked_sub(1).ok_or("unexpected right paren")?;
                self.emit(Kind::RightParen);
            }
            next if next.is_ascii_graphic() => self.emit(Kind::Char),
            next => return Err(format!("unrecognized character in action: {}", unicode::describe(next))),
        }
        Ok(false)
    }

    /// A run of spaces, but not the one that a trimming right delimiter begins with.
    fn space(&mut self) {
        self.accept_run(is_space);
        if self.rest().starts_with("-}}") {
            self.position -= 1;
        }
        if self.position > self.start {
            self.emit(Kind::Space);
        }
    }

    fn quoted(&mut self, end: char, kind: Kind, unterminated: &str) -> Result<(), String> {
        loop {
            match self.next() {
                Some('\\') => {
                    if matches!(self.next(), None | Some('\n')) {
                        return Err(unterminated.to_owned());
                    }
                }
                None | Some('\n') => return Err(unterminated.to_owned()),
                Some(next) if next == end => break,
                Some(_) => (),
            }
        }
        self.emit(kind);
        Ok(())
    }

    fn identifier(&mut self) -> Result<(), String> {
        self.accept_run(is_alphanumeric);
        self.require_terminator()?;
        let word = &self.input[self.start..self.position];
        self.emit(keyword(word).unwrap_or(Kind::Identifier));
        Ok(())
    }

    fn field_or_variable(&mut self, kind: Kind) -> Result<(), String> {
        if self.at_terminator() {
            self.emit(if kind == Kind::Variable { kind } else { Kind::Dot });
            return Ok(());
        }
        self.accept_run(is_alphanumeric);
        self.require_terminator()?;
        self.emit(kind);
        Ok(())
    }

    fn at_terminator(&self) -> bool {
        match self.peek() {
            None | Some('.' | ',' | '|' | ':' | ')' | '(') => true,
            Some(next) => is_space(next) || self.rest().starts_with("}}"),
        }
    }

    fn require_terminator(&self) -> Result<(), String> {
        if self.at_terminator() {
            return Ok(());
        }
        let next = self.peek().map(unicode::describe).unwrap_or_default();
        Err(format!("bad character {next}"))
    }

    fn number(&mut self) -> Result<(), String> {
        let mut kind = Kind::Number;
        let mut fine = self.scan_number();
        if fine && matches!(self.peek(), Some('+' | '-')) {
            kind = Kind::Complex;
            fine = self.scan_number() && self.input[..self.position].ends_with('i');
        }
        if !fine {
            return Err(format!("bad number syntax: {:?}", &self.input[self.start..self.position]));
        }
        self.emit(kind);
        Ok(())
    }

    fn scan_number(&mut self) -> bool {
        self.accept(|next| matches!(next, '+' | '-'));
        let mut radix = 10;
        if self.accept(|next| next == '0') {
            for (prefix, of) in [("xX", 16), ("oO", 8), ("bB", 2)] {
                if self.accept(|next| prefix.contains(next)) {
                    radix = of;
                    break;
                }
            }
        }
        let digit = |next: char| next == '_' || next.is_digit(radix);
        self.accept_run(digit);
        if self.accept(|next| next == '.') {
            self.accept_run(digit);
        }
        let exponent = match radix {
            10 => "eE",
            16 => "pP",
            _ => "",
        };
        if self.accept(|next| exponent.contains(next)) {
            self.accept(|next| matches!(next, '+' | '-'));
            self.accept_run(|next| next == '_' || next.is_ascii_digit());
        }
        self.accept(|next| next == 'i');
        !self.accept(is_alphanumeric)
    }
}

fn is_space(next: char) -> bool {
    SPACES.contains(&next)
}

fn is_alphanumeric(next: char) -> bool {
    next == '_' || unicode::is_letter(next) || unicode::is_digit(next)
}

fn trims_left(rest: &str) -> bool {
    let mut chars = rest.chars();
    chars.next() == Some('-') && chars.next().is_some_and(is_space)
}
