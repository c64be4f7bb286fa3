//! Go's regular expressions on the `regex` crate: the same automata, another spelling here and there.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use regex::bytes::{Captures, Regex, RegexBuilder};

use crate::gotemplate::function::Fault;
use crate::gotemplate::unicode;

/// How many patterns one thread keeps compiled.
const KEPT: usize = 256;

thread_local! {
    static COMPILED: RefCell<HashMap<Vec<u8>, Result<Rc<Regex>, Fault>>> = RefCell::default();
}

/// `regexp.Compile`.
pub(super) fn compile(pattern: &[u8]) -> Result<Rc<Regex>, Fault> {
    COMPILED.with_borrow_mut(|compiled| {
        if let Some(known) = compiled.get(pattern) {
            return known.clone();
        }
        if compiled.len() >= KEPT {
            compiled.clear();
        }
        let made = translate_and_compile(pattern);
        compiled.insert(pattern.to_vec(), made.clone());
        made
    })
}

fn translate_and_compile(pattern: &[u8]) -> Result<Rc<Regex>, Fault> {
    let invalid = |what: &str| Fault::Error(format!("error parsing regexp: {what}"));
    let pattern = std::str::from_utf8(pattern).map_err(|_| invalid("invalid UTF-8"))?;
    let translated = Translator::new(pattern).run().map_err(|what| invalid(&what))?;
    let regex = RegexBuilder::new(&translated).size_limit(1 << 22).nest_limit(250).build();
    match regex {
        Ok(regex) => Ok(Rc::new(regex)),
        Err(regex::Error::CompiledTooBig(_)) => Err(Fault::Limit("the size of a regular expression")),
        Err(_) => Err(invalid(&format!("invalid pattern: `{pattern}`"))),
    }
}

/// Rewrites what the two syntaxes spell differently.
///
/// In Go `\d`, `\s`, `\w` and `\b` are ASCII, `\Q…\E` quotes, a brace that is no repetition is itself, a
/// bracket inside of brackets is itself, and there are no flags but `i`, `m`, `s` and `U`.
struct Translator<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    out: String,
    /// Whether the last thing can be repeated.
    repeatable: Repeat,
}

#[derive(PartialEq, Clone, Copy)]
enum Repeat {
    Nothing,
    Atom,
    Repeated,
}

const ASCII_CLASSES: [(char, &str); 6] = [
    ('d', "0-9"),
    ('D', "^0-9"),
    ('s', r"\t\n\f\r "),
    ('S', r"^\t\n\f\r "),
    ('w', "0-9A-Za-z_"),
    ('W', "^0-9A-Za-z_"),
];

impl<'a> Translator<'a> {
    fn new(pattern: &'a str) -> Translator<'a> {
        Translator { rest: pattern.chars().peekable(), out: String::new(), repeatable: Repeat::Nothing }
    }

    fn run(mut self) -> Result<String, String> {
        while let Some(c) = self.rest.next() {
            match c {
                '\\' => self.escape()?,
                '[' => self.class()?,
                '(' => self.group()?,
                '|' => self.plain(c, Repeat::Nothing),
                '*' | '+' | '?' => self.repetition(c.to_string())?,
                '{' => match self.counts()? {
                    Some(counts) => self.repetition(counts)?,
                    None => {
                        self.out.push_str("\\{");
                        self.repeatable = Repeat::Atom;
                    }
                },
                '}' | ']' => {
                    self.out.push('\\');
                    self.plain(c, Repeat::Atom);
                }
                _ => self.plain(c, Repeat::Atom),
            }
        }
        Ok(self.out)
    }

    fn plain(&mut self, c: char, then: Repeat) {
        self.out.push(c);
        self.repeatable = then;
    }

    fn repetition(&mut self, operator: String) -> Result<(), String> {
        match self.repeatable {
            Repeat::Nothing => return Err(format!("missing argument to repetition operator: `{operator}`")),
            Repeat::Repeated => return Err(format!("invalid nested repetition operator: `{operator}`")),
            Repeat::Atom => (),
        }
        self.out.push_str(&operator);
        if self.rest.next_if_eq(&'?').is_some() {
            self.out.push('?');
        }
        self.repeatable = Repeat::Repeated;
        Ok(())
    }

    /// `{n}`, `{n,}` or `{n,m}` behind the brace; otherwise nothing is consumed.
    fn counts(&mut self) -> Result<Option<String>, String> {
        let ahead: String = self.rest.clone().take_while(|c| *c != '}').take(16).collect();
        let closed = self.rest.clone().nth(ahead.chars().count()) == Some('}');
        let (least, most) = ahead.split_once(',').map_or((ahead.as_str(), None), |(a, b)| (a, Some(b)));
        let is_count = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_digit())
                && (text == "0" || !text.starts_with('0'))
        };
        let most_fine = most.is_none_or(|most| most.is_empty() || is_count(most));
        if !closed || !is_count(least) || !most_fine {
            return Ok(None);
        }
        for _ in 0..=ahead.chars().count() {
            self.rest.next();
        }
        let number = |text: &str| text.parse::<u32>().unwrap_or(u32::MAX);
        let most = most.filter(|most| !most.is_empty()).map(number);
        if number(least) > 1000 || most.is_some_and(|most| most > 1000 || most < number(least)) {
            return Err(format!("invalid repeat count: `{{{ahead}}}`"));
        }
        Ok(Some(format!("{{{ahead}}}")))
    }

    fn group(&mut self) -> Result<(), String> {
        self.out.push('(');
        self.repeatable = Repeat::Nothing;
        if self.rest.next_if_eq(&'?').is_none() {
            return Ok(());
        }
        self.out.push('?');
        let mut flags = self.rest.clone();
        match flags.next() {
            Some('P') if flags.next() == Some('<') => return Ok(()),
            Some('<') if flags.next().is_some_and(|c| c == '_' || c.is_alphanumeric()) => return Ok(()),
            _ => (),
        }
        let mut any = false;
        let mut negated = false;
        loop {
            let Some(c) = self.rest.next() else {
                return Err("missing closing )".to_owned());
            };
            match c {
                'i' | 'm' | 's' | 'U' => any = true,
                '-' if !negated => {
                    negated = true;
                    any = false;
                }
                ':' | ')' if any || !negated => {
                    self.out.push(c);
                    if c == ')' {
                        self.repeatable = Repeat::Nothing;
                    }
                    return Ok(());
                }
                _ => return Err("invalid or unsupported Perl syntax: `(?`".to_owned()),
            }
            self.out.push(c);
        }
    }

    fn escape(&mut self) -> Result<(), String> {
        let Some(c) = self.rest.next() else {
            return Err("trailing backslash at end of expression: ``".to_owned());
        };
        self.repeatable = Repeat::Atom;
        if let Some((_, class)) = ASCII_CLASSES.iter().find(|(name, _)| *name == c) {
            self.out.push_str(&format!("[{class}]"));
            return Ok(());
        }
        match c {
            'Q' => self.quoted(),
            'b' => self.out.push_str("(?-u:\\b)"),
            'B' => self.out.push_str("(?-u:\\B)"),
            'A' | 'z' => self.out.extend(['\\', c]),
            'C' => return Err("invalid escape sequence: `\\C`".to_owned()),
            _ => self.character_escape(c)?,
        }
        Ok(())
    }

    /// Escapes that mean the same inside and outside of brackets.
    fn character_escape(&mut self, c: char) -> Result<(), String> {
        match c {
            'p' | 'P' => {
                self.out.extend(['\\', c]);
                match self.rest.next() {
                    Some('{') => {
                        self.out.push('{');
                        for c in self.rest.by_ref() {
                            self.out.push(c);
                            if c == '}' {
                                break;
                            }
                        }
                    }
                    Some(c) => self.out.push(c),
                    None => return Err(format!("invalid character class range: `\\{c}`")),
                }
            }
            'x' => {
                self.out.push_str("\\x");
                if self.rest.peek() == Some(&'{') {
                    for c in self.rest.by_ref() {
                        self.out.push(c);
                        if c == '}' {
                            break;
                        }
                    }
                } else {
                    self.out.extend(self.rest.by_ref().take(2));
                }
            }
            '0'..='7' => {
                let mut code = c.to_digit(8).unwrap_or_default();
                let mut more = 0;
                while let Some(digit) = self.rest.next_if(|c| c.is_digit(8) && more < 2) {
                    code = code * 8 + digit.to_digit(8).unwrap_or_default();
                    more += 1;
                }
                if c != '0' && more == 0 {
                    return Err(format!("invalid escape sequence: `\\{c}`"));
                }
                self.out.push_str(&format!("\\x{{{code:x}}}"));
            }
            'a' | 'f' | 't' | 'n' | 'r' | 'v' => self.out.extend(['\\', c]),
            _ if c.is_ascii_punctuation() => self.literal(c),
            _ => return Err(format!("invalid escape sequence: `\\{c}`")),
        }
        Ok(())
    }

    fn literal(&mut self, c: char) {
        if c.is_ascii_punctuation() && !matches!(c, '<' | '>') {
            self.out.push('\\');
        }
        self.out.push(c);
    }

    fn quoted(&mut self) {
        while let Some(c) = self.rest.next() {
            if c == '\\' && self.rest.next_if_eq(&'E').is_some() {
                return;
            }
            self.literal(c);
        }
    }

    fn class(&mut self) -> Result<(), String> {
        self.out.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        let mut first = true;
        loop {
            let Some(c) = self.rest.next() else {
                return Err("missing closing ]".to_owned());
            };
            match c {
                ']' if !first => break,
                '[' if self.rest.peek() == Some(&':') => self.posix_class(),
                '\\' => self.escape_in_class()?,
                '-' => {
                    // A hyphen at either end is itself; between two characters it makes a range.
                    let at_end = first || self.rest.peek() == Some(&']');
                    self.out.push_str(if at_end { "\\-" } else { "-" });
                }
                c if c.is_ascii_punctuation() => self.literal(c),
                c => self.out.push(c),
            }
            first = false;
        }
        self.out.push(']');
        self.repeatable = Repeat::Atom;
        Ok(())
    }

    /// `[:alpha:]`; without its end the bracket is itself.
    fn posix_class(&mut self) {
        let ahead: String = self.rest.clone().take_while(|c| *c != ']').take(16).collect();
        if ahead.len() > 1 && ahead.ends_with(':') {
            self.out.push('[');
            self.out.extend(self.rest.by_ref().take(ahead.chars().count() + 1));
        } else {
            self.out.push_str("\\[");
        }
    }

    fn escape_in_class(&mut self) -> Result<(), String> {
        let Some(c) = self.rest.next() else {
            return Err("missing closing ]".to_owned());
        };
        if let Some((_, class)) = ASCII_CLASSES.iter().find(|(name, _)| *name == c) {
            self.out.push_str(&format!("[{class}]"));
            return Ok(());
        }
        if c == 'Q' {
            self.quoted();
            return Ok(());
        }
        self.character_escape(c)
    }
}

/// `Regexp.FindAllString`; a negative count means all.
pub(super) fn find_all<'t>(regex: &Regex, text: &'t [u8], count: i64) -> Vec<&'t [u8]> {
    let limit = usize::try_from(count).unwrap_or(usize::MAX);
    regex.find_iter(text).take(limit).map(|found| found.as_bytes()).collect()
}

/// `Regexp.Split`.
pub(super) fn split<'t>(regex: &Regex, pattern: &[u8], text: &'t [u8], count: i64) -> Vec<&'t [u8]> {
    if count == 0 {
        return Vec::new();
    }
    if !pattern.is_empty() && text.is_empty() {
        return vec![text];
    }
    let limit = usize::try_from(count).unwrap_or(usize::MAX);
    let mut parts = Vec::new();
    let (mut begin, mut end) = (0, 0);
    for found in regex.find_iter(text).take(limit) {
        if parts.len() + 1 == limit {
            break;
        }
        end = found.start();
        if found.end() != 0 {
            parts.push(&text[begin..end]);
        }
        begin = found.end();
    }
    if end != text.len() {
        parts.push(&text[begin..]);
    }
    parts
}

/// `Regexp.Expand`: `$name` and `${name}` are groups; a dollar that begins neither is itself.
pub(super) fn expand(template: &[u8], captures: &Captures<'_>, out: &mut Vec<u8>) {
    let mut rest = template;
    while let Some(dollar) = rest.iter().position(|byte| *byte == b'$') {
        out.extend_from_slice(&rest[..dollar]);
        rest = &rest[dollar + 1..];
        if let Some(after) = rest.strip_prefix(b"$") {
            out.push(b'$');
            rest = after;
            continue;
        }
        let braced = rest.first() == Some(&b'{');
        let inner = if braced { &rest[1..] } else { rest };
        let length: usize = unicode::runes(inner)
            .take_while(|(c, _)| *c == '_' || unicode::is_letter(*c) || unicode::is_digit(*c))
            .map(|(_, bytes)| bytes.len())
            .sum();
        if length == 0 || braced && inner.get(length) != Some(&b'}') {
            out.push(b'$');
            continue;
        }
        let name = String::from_utf8_lossy(&inner[..length]);
        let group = match name.parse::<usize>() {
            Ok(number) => captures.get(number),
            Err(_) => captures.name(&name),
        };
        out.extend_from_slice(group.map_or(b"".as_slice(), |group| group.as_bytes()));
        rest = &inner[length + usize::from(braced)..];
    }
    out.extend_from_slice(rest);
}

/// `regexp.QuoteMeta`.
pub(super) fn quote(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        if br"\.+*?()|[]{}^$".contains(byte) {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_what_go_matches() {
        for (pattern, text, expected) in [
            (r"^\d+$", "12", true),
            (r"^\d+$", "١٢", false),
            (r"^\w$", "é", false),
            (r"^[\w-]+$", "a-b_c", true),
            (r"a{,2}", "a{,2}", true),
            (r"^a{2}$", "aa", true),
            (r"\Qa.b\E", "a.b", true),
            (r"\Qa.b\E", "axb", false),
            (r"[[:alpha:]]", "a", true),
            (r"^[[a]$", "[", true),
            (r"^[a&&b]$", "&", true),
            (r"^[]a]$", "]", true),
            (r"(?i)ABC", "abc", true),
            (r"^[a\-z]+$", "a-z", true),
            (r"x}", "x}", true),
            (r"\bfoo\b", "a foo b", true),
            (r"\101", "A", true),
        ] {
            let regex = compile(pattern.as_bytes()).expect(pattern);
            assert_eq!(regex.is_match(text.as_bytes()), expected, "{pattern} {text}");
        }
        for pattern in ["(", "a**", "*a", "(?=b)", "(?x)a", r"\1", r"\y", "a{1001}", "[b", r"\"] {
            assert!(compile(pattern.as_bytes()).is_err(), "{pattern}");
        }
    }

    #[test]
    fn splits_as_go_does() {
        for (pattern, text, count, expected) in [
            ("z+", "pizza", -1, vec!["pi", "a"]),
            ("a", "banana", -1, vec!["b", "n", "n", ""]),
            ("[,;]", "a,b;c", 2, vec!["a", "b;c"]),
            ("", "abc", -1, vec!["a", "b", "c"]),
        ] {
            let regex = compile(pattern.as_bytes()).expect(pattern);
            let parts = split(&regex, pattern.as_bytes(), text.as_bytes(), count);
            let parts: Vec<_> = parts.into_iter().map(String::from_utf8_lossy).collect();
            assert_eq!(parts, expected, "{pattern} {text}");
        }
    }
}
