//! JSON as Go's `encoding/json` reads it, into the same nodes as YAML.

use super::Error;
use super::arena::{Builder, FLOW, JSON, Kind};
use super::slow::MAX_DEPTH;
use super::words::span_at;
use crate::files::Span;

/// The start of the next value, behind white space; None at the end of the text.
pub(super) fn next_value(text: &str, from: usize) -> Option<usize> {
    let at = skip_blank(text.as_bytes(), from);
    (at < text.len()).then_some(at)
}

/// Whether nothing but white space follows.
pub(super) fn behind(text: &str, from: usize) -> Result<(), Error> {
    match next_value(text, from) {
        None => Ok(()),
        Some(at) => Err(error(text, at, "a JSON file holds exactly one value; this is a second one")),
    }
}

/// Reads one value from `start` on: its root and its span.
pub(super) fn value(b: &mut Builder<'_>, start: usize) -> Result<(u32, Span), Error> {
    b.begin();
    let root = b.nodes.len() as u32;
    let mut scanner = Scanner { text: b.text, b, at: start };
    scanner.at = skip_blank(scanner.text.as_bytes(), start);
    let start = scanner.at;
    scanner.run()?;
    Ok((root, Span::new(start, scanner.at)))
}

fn error(text: &str, at: usize, message: impl Into<String>) -> Error {
    Error { span: span_at(text, at), message: message.into() }
}

fn skip_blank(bytes: &[u8], from: usize) -> usize {
    let blank = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    from + bytes[from..].iter().take_while(blank).count()
}

struct Scanner<'b, 't> {
    text: &'t str,
    b: &'b mut Builder<'t>,
    at: usize,
}

impl Scanner<'_, '_> {
    /// Reads one value; the stack of open collections is the builder's, so depth costs no stack.
    fn run(&mut self) -> Result<(), Error> {
        loop {
            if self.opens_collection()? {
                continue;
            }
            while self.b.depth() > 0 {
                if self.next_in_collection()? {
                    break;
                }
            }
            if self.b.depth() == 0 {
                return Ok(());
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blank(&mut self) {
        self.at = skip_blank(self.text.as_bytes(), self.at);
    }

    fn fail<T>(&self, message: &str) -> Result<T, Error> {
        let message = if self.at < self.text.len() { message } else { "JSON ends too early" };
        Err(error(self.text, self.at, message))
    }

    /// Reads a scalar, an empty collection, or the start of a collection up to its first value; whether it was the last.
    fn opens_collection(&mut self) -> Result<bool, Error> {
        self.blank();
        match self.peek() {
            Some(open @ (b'{' | b'[')) => return self.open(open),
            Some(b'"') => self.string()?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true")?,
            Some(b'f') => self.word("false")?,
            Some(b'n') => self.word("null")?,
            _ => return self.fail("expected a JSON value"),
        }
        Ok(false)
    }

    fn open(&mut self, open: u8) -> Result<bool, Error> {
        if self.b.depth() >= MAX_DEPTH {
            return self.fail("nested more than 10,000 levels deep");
        }
        let map = open == b'{';
        self.b.open(if map { Kind::Map } else { Kind::Seq }, FLOW, self.at);
        self.at += 1;
        self.blank();
        if self.peek() == Some(if map { b'}' } else { b']' }) {
            self.at += 1;
            self.b.close(self.at);
            return Ok(false);
        }
        if map {
            self.key()?;
        }
        Ok(true)
    }

    /// Behind a value: goes on to the next one (true), or closes the collection (false).
    fn next_in_collection(&mut self) -> Result<bool, Error> {
        self.blank();
        let map = self.b.in_map();
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                if map {
                    self.key()?;
                }
                Ok(true)
            }
            Some(b'}') if map => self.close(),
            Some(b']') if !map => self.close(),
            _ if map => self.fail("expected `,` or `}`"),
            _ => self.fail("expected `,` or `]`"),
        }
    }

    fn close(&mut self) -> Result<bool, Error> {
        self.at += 1;
        self.b.close(self.at);
        Ok(false)
    }

    fn key(&mut self) -> Result<(), Error> {
        self.blank();
        if self.peek() != Some(b'"') {
            return self.fail("expected a key in double quotes");
        }
        self.string()?;
        self.blank();
        if self.peek() != Some(b':') {
            return self.fail("expected `:` behind the key");
        }
        self.at += 1;
        Ok(())
    }

    fn word(&mut self, word: &str) -> Result<(), Error> {
        if !self.text[self.at..].starts_with(word) {
            return self.fail("expected `true`, `false` or `null`");
        }
        let span = (self.at, self.at + word.len());
        self.b.scalar(Kind::Plain, 0, span, span);
        self.at = span.1;
        Ok(())
    }

    fn number(&mut self) -> Result<(), Error> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        let number = &self.text[start..self.at];
        if number.parse::<f64>().is_ok_and(f64::is_infinite) {
            return Err(error(self.text, start, "this number is too large"));
        }
        self.b.scalar(Kind::Plain, JSON, (start, self.at), (start, self.at));
        Ok(())
    }

    /// At least one digit.
    fn digits(&mut self) -> Result<(), Error> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { self.fail("expected a digit") } else { Ok(()) }
    }

    fn string(&mut self) -> Result<(), Error> {
        let bytes = self.text.as_bytes();
        let (start, side) = (self.at, self.b.side.len());
        let mut copied = start + 1;
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    self.b.side.push_str(&self.text[copied..self.at]);
                    self.escape()?;
                    copied = self.at;
                }
                Some(0..0x20) => return self.fail("a control character must be escaped in JSON"),
                Some(_) => {
                    let special = |b: &u8| matches!(b, b'"' | b'\\' | 0..0x20);
                    self.at += bytes[self.at..].iter().position(special).unwrap_or(bytes.len() - self.at);
                }
                None => return self.fail(""),
            }
        }
        let end = self.at + 1;
        if copied == start + 1 {
            self.b.scalar(Kind::Double, 0, (start, end), (copied, self.at));
        } else {
            self.b.side.push_str(&self.text[copied..self.at]);
            self.b.side_scalar(Kind::Double, 0, (start, end), side);
        }
        self.at = end;
        Ok(())
    }

    /// The escape that starts with the backslash here.
    fn escape(&mut self) -> Result<(), Error> {
        self.at += 1;
        let character = match self.peek() {
            Some(b'u') => return self.unicode(),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(c @ (b'"' | b'\\' | b'/')) => char::from(c),
            _ => return self.fail("this escape does not exist in JSON"),
        };
        self.at += 1;
        self.b.side.push(character);
        Ok(())
    }

    /// `uXXXX`, and the second half of a surrogate pair; half a pair is U+FFFD.
    fn unicode(&mut self) -> Result<(), Error> {
        let Some(first) = self.hex(self.at + 1) else {
            return self.fail("`\\u` needs four hexadecimal digits");
        };
        self.at += 5;
        let second = match self.text.as_bytes().get(self.at..self.at + 2) {
            Some(b"\\u") => self.hex(self.at + 2),
            _ => None,
        };
        let pair = second.and_then(|second| char::decode_utf16([first, second]).next()?.ok());
        match pair.filter(|c| c.len_utf16() == 2) {
            Some(character) => {
                self.at += 6;
                self.b.side.push(character);
            }
            None => self.b.side.push(char::from_u32(first.into()).unwrap_or(char::REPLACEMENT_CHARACTER)),
        }
        Ok(())
    }

    fn hex(&self, at: usize) -> Option<u16> {
        let digits = self.text.get(at..at + 4)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        u16::from_str_radix(digits, 16).ok()
    }
}
