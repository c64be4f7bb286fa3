//! The pattern as a tree.

use crate::glob::Error;

/// How deep braces may stand in each other.
const DEPTH: usize = 64;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Nothing,
    Text(String),
    /// `*`
    Any,
    /// `**`
    Super,
    /// `?`
    Single,
    /// `[abc]`, `[!abc]`
    List {
        chars: Vec<char>,
        not: bool,
    },
    /// `[a-c]`, `[!a-c]`
    Range {
        low: char,
        high: char,
        not: bool,
    },
    /// One after the other.
    Pattern(Vec<Node>),
    /// `{a,b}`: patterns.
    AnyOf(Vec<Node>),
}

impl Node {
    pub(super) fn parts(&self) -> usize {
        match self {
            Self::Pattern(nodes) | Self::AnyOf(nodes) => 1 + nodes.iter().map(Self::parts).sum::<usize>(),
            Self::Nothing
            | Self::Text(_)
            | Self::Any
            | Self::Super
            | Self::Single
            | Self::List { .. }
            | Self::Range { .. } => 1,
        }
    }
}

/// Braces that stay open are closed at the end; a backslash at the end is nothing.
pub(super) fn parse(pattern: &str) -> Result<Node, Error> {
    // What the library cannot tell from text that is not UTF-8.
    if pattern.contains(char::REPLACEMENT_CHARACTER) {
        return Err(Error::Malformed);
    }
    let mut lexer = Lexer { chars: pattern.chars().collect(), at: 0 };
    // The alternatives that are complete, and the one that grows, of each open brace; the root is no brace.
    let mut open: Vec<(Vec<Node>, Vec<Node>)> = vec![Default::default()];
    while let Some(char) = lexer.read() {
        let depth = open.len() - 1;
        let (alternatives, nodes) = open.last_mut().expect("the root is never closed");
        match char {
            '{' if depth == DEPTH => return Err(Error::TooComplex),
            '{' => open.push(Default::default()),
            ',' if depth > 0 => alternatives.push(Node::Pattern(std::mem::take(nodes))),
            '}' if depth > 0 => close(&mut open),
            '[' => nodes.push(lexer.class()?),
            '?' => nodes.push(Node::Single),
            '*' if lexer.peek() == Some('*') => {
                lexer.at += 1;
                nodes.push(Node::Super);
            }
            '*' => nodes.push(Node::Any),
            _ => {
                lexer.at -= 1;
                let text = lexer.text(if depth > 0 { "?*[{}," } else { "?*[{" });
                if !text.is_empty() {
                    nodes.push(Node::Text(text));
                }
            }
        }
    }
    while open.len() > 1 {
        close(&mut open);
    }
    let (_, root) = open.pop().expect("the root is never closed");
    Ok(Node::Pattern(root))
}

fn close(open: &mut Vec<(Vec<Node>, Vec<Node>)>) {
    let (mut alternatives, last) = open.pop().expect("a brace is open");
    alternatives.push(Node::Pattern(last));
    open.last_mut().expect("the root is never closed").1.push(Node::AnyOf(alternatives));
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
}

impl Lexer {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    /// The next character; None at the end, which a NUL is as well.
    fn read(&mut self) -> Option<char> {
        let char = self.peek()?;
        self.at += 1;
        (char != '\0').then_some(char)
    }

    /// Text up to one of `breakers`, without the backslashes that quote.
    fn text(&mut self, breakers: &str) -> String {
        let mut text = String::new();
        let mut quoted = false;
        while let Some(char) = self.read() {
            if !quoted && char == '\\' {
                quoted = true;
                continue;
            }
            if !quoted && breakers.contains(char) {
                self.at -= 1;
                break;
            }
            quoted = false;
            text.push(char);
        }
        text
    }

    /// What stands behind `[`: either one range or a list; `-` is a range only behind the first character.
    fn class(&mut self) -> Result<Node, Error> {
        let mut first = self.read().ok_or(Error::Malformed)?;
        let not = first == '!';
        if not {
            first = self.read().ok_or(Error::Malformed)?;
        }
        let class = if self.peek() == Some('-') {
            self.at += 1;
            let high = self.read().ok_or(Error::Malformed)?;
            if high < first {
                return Err(Error::Malformed);
            }
            Node::Range { low: first, high, not }
        } else {
            self.at -= 1;
            let chars: Vec<char> = self.text("]").chars().collect();
            if chars.is_empty() {
                return Err(Error::Malformed);
            }
            Node::List { chars, not }
        };
        if self.read() == Some(']') { Ok(class) } else { Err(Error::Malformed) }
    }
}
