//! Functions on text.

use super::{ANY, INT, Made, STR, fixed, unpredictable, variadic};
use crate::gotemplate::function::{Arguments, Budget, Fault, Function};
use crate::gotemplate::value::{Elem, Map, Text, Value};
use crate::gotemplate::{print, strconv, unicode};

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("hello", &[], |_, _| Ok(Value::text("Hello!"))),
    fixed("abbrev", &[INT, STR], |_, a| Ok(Value::text(abbreviate(a.text(1)?, 0, a.int(0)?)))),
    fixed("abbrevboth", &[INT, INT, STR], abbrevboth),
    fixed("trunc", &[INT, STR], |_, a| Ok(Value::text(trunc(a.int(0)?, a.text(1)?)))),
    fixed("trim", &[STR], |_, a| Ok(Value::text(unicode::trim_space(a.text(0)?)))),
    fixed("upper", &[STR], |_, a| Ok(Value::Str(unicode::map(a.text(0)?, |c| Some(unicode::to_upper(c)))))),
    fixed("lower", &[STR], |_, a| Ok(Value::Str(unicode::map(a.text(0)?, |c| Some(unicode::to_lower(c)))))),
    fixed("title", &[STR], |_, a| Ok(title(a.text(0)?))),
    fixed("untitle", &[STR], |_, a| Ok(untitle(a.text(0)?))),
    fixed("substr", &[INT, INT, STR], |_, a| substring(a.int(0)?, a.int(1)?, a.text(2)?)),
    fixed("repeat", &[INT, STR], |budget, a| repeat(budget, a.text(1)?, a.int(0)?).map(Value::text)),
    fixed("trimall", &[STR, STR], |_, a| Ok(trim_all(a.text(0)?, a.text(1)?))),
    fixed("trimAll", &[STR, STR], |_, a| Ok(trim_all(a.text(0)?, a.text(1)?))),
    fixed("trimSuffix", &[STR, STR], |_, a| {
        let (suffix, text) = (a.text(0)?, a.text(1)?);
        Ok(Value::text(text.strip_suffix(&**suffix).unwrap_or(text)))
    }),
    fixed("trimPrefix", &[STR, STR], |_, a| {
        let (prefix, text) = (a.text(0)?, a.text(1)?);
        Ok(Value::text(text.strip_prefix(&**prefix).unwrap_or(text)))
    }),
    fixed("nospace", &[STR], |_, a| Ok(nospace(a.text(0)?))),
    fixed("initials", &[STR], |_, a| Ok(initials(a.text(0)?))),
    fixed("swapcase", &[STR], |_, a| Ok(swap_case(a.text(0)?))),
    fixed("snakecase", &[STR], |_, a| Ok(Value::text(words_joined(a.text(0)?, '_')))),
    fixed("kebabcase", &[STR], |_, a| Ok(Value::text(words_joined(a.text(0)?, '-')))),
    fixed("camelcase", &[STR], |_, a| Ok(Value::text(pascal_case(a.text(0)?)))),
    fixed("wrap", &[INT, STR], |budget, a| wrap(budget, a.text(1)?, a.int(0)?, b"", false)),
    fixed("wrapWith", &[INT, STR, STR], |budget, a| wrap(budget, a.text(2)?, a.int(0)?, a.text(1)?, true)),
    fixed("contains", &[STR, STR], |_, a| Ok(Value::Bool(find(a.text(1)?, a.text(0)?).is_some()))),
    fixed("hasPrefix", &[STR, STR], |_, a| Ok(Value::Bool(a.text(1)?.starts_with(a.text(0)?)))),
    fixed("hasSuffix", &[STR, STR], |_, a| Ok(Value::Bool(a.text(1)?.ends_with(a.text(0)?)))),
    variadic("quote", &[ANY], |_, a| quoted(a, |value| Ok(strconv::quote(&string_of(value)?).into_bytes()))),
    variadic("squote", &[ANY], |_, a| {
        quoted(a, |value| Ok([b"'", print::to_bytes(value)?.as_slice(), b"'"].concat()))
    }),
    variadic("cat", &[ANY], cat),
    fixed("indent", &[INT, STR], |budget, a| indent(budget, a.int(0)?, a.text(1)?).map(Value::text)),
    fixed("nindent", &[INT, STR], |budget, a| {
        let indented = indent(budget, a.int(0)?, a.text(1)?)?;
        Ok(Value::text([b"\n", indented.as_slice()].concat()))
    }),
    fixed("replace", &[STR, STR, STR], |budget, a| replace(budget, a.text(2)?, a.text(0)?, a.text(1)?)),
    fixed("plural", &[STR, STR, INT], |_, a| {
        Ok(Value::Str(a.text(if a.int(2)? == 1 { 0 } else { 1 })?.clone()))
    }),
    fixed("toString", &[ANY], |_, a| Ok(Value::text(string_of(&a.any(0))?))),
    fixed("toStrings", &[ANY], |_, a| Ok(Value::strings(strings_of(&a.any(0))?))),
    fixed("join", &[STR, ANY], |budget, a| join(budget, a.text(0)?, &a.any(1))),
    fixed("split", &[STR, STR], |budget, a| numbered(budget, &split(a.text(1)?, a.text(0)?, -1))),
    fixed("splitn", &[STR, INT, STR], |budget, a| {
        numbered(budget, &split(a.text(2)?, a.text(0)?, a.int(1)?))
    }),
    fixed("splitList", &[STR, STR], |budget, a| {
        budget.take_elements(a.text(1)?.len())?;
        Ok(Value::strings(split(a.text(1)?, a.text(0)?, -1)))
    }),
    fixed("sortAlpha", &[ANY], sort_alpha),
    fixed("fail", &[STR], |_, a| Err(Fault::Error(unicode::to_utf8(a.text(0)?)))),
    unpredictable("randAlphaNum", &[INT]),
    unpredictable("randAlpha", &[INT]),
    unpredictable("randAscii", &[INT]),
    unpredictable("randNumeric", &[INT]),
    unpredictable("shuffle", &[STR]),
    unpredictable("uuidv4", &[]),
];

/// sprig's `strval`: text as it is, bytes as text, everything else as `%v`.
pub(super) fn string_of(value: &Value) -> Result<Vec<u8>, Fault> {
    match value {
        Value::Str(text) => Ok(text.to_vec()),
        Value::Object(object) => Ok(object.text().into_bytes()),
        Value::List(list) if list.elem() == Elem::Byte => Ok(list
            .items()
            .iter()
            .map(|item| if let Value::Uint8(byte) = item { *byte } else { 0 })
            .collect()),
        other => print::to_bytes(other),
    }
}

/// sprig's `strslice`: the elements that are not nil, each as text.
pub(super) fn strings_of(value: &Value) -> Result<Vec<Vec<u8>>, Fault> {
    match value {
        Value::List(list) => list.items().iter().filter(|item| !item.is_nothing()).map(string_of).collect(),
        Value::Invalid | Value::Nil => Ok(Vec::new()),
        other => Ok(vec![string_of(other)?]),
    }
}

fn quoted(arguments: &[Value], quote: impl Fn(&Value) -> Result<Vec<u8>, Fault>) -> Made {
    let parts: Result<Vec<_>, _> = arguments.iter().filter(|value| !value.is_nothing()).map(quote).collect();
    Ok(Value::text(parts?.join(&b' ')))
}

fn cat(_: &mut Budget, arguments: &[Value]) -> Made {
    let present = arguments.iter().filter(|value| !value.is_nothing());
    let parts: Result<Vec<_>, _> = present.map(print::to_bytes).collect();
    Ok(Value::text(parts?.join(&b' ')))
}

fn out_of_range(from: i64, to: i64) -> Fault {
    Fault::Error(format!("runtime error: slice bounds out of range [{from}:{to}]"))
}

fn abbrevboth(_: &mut Budget, a: &[Value]) -> Made {
    let (left, right, text) = (a.int(0)?, a.int(1)?, a.text(2)?);
    if right < 4 || left > 0 && right < 7 {
        return Ok(Value::Str(text.clone()));
    }
    Ok(Value::text(abbreviate(text, left, right)))
}

/// goutils' `AbbreviateFull`; a width below four leaves the text as it is.
fn abbreviate(text: &[u8], offset: i64, width: i64) -> Vec<u8> {
    let length = text.len() as i64;
    if width < 4 || length <= width {
        return text.to_vec();
    }
    let mut offset = offset.min(length);
    if length - offset < width - 3 {
        offset = length - (width - 3);
    }
    let kept = (width - 3) as usize;
    if offset <= 4 {
        return [&text[..kept], b"..."].concat();
    }
    if width < 7 {
        return Vec::new();
    }
    if offset + width - 3 < length {
        let rest = &text[offset as usize..];
        return [b"...".as_slice(), &abbreviate(rest, 0, width - 3)].concat();
    }
    [b"...", &text[text.len() - kept..]].concat()
}

fn trunc(count: i64, text: &[u8]) -> &[u8] {
    let size = count.unsigned_abs() as usize;
    if size >= text.len() {
        return text;
    }
    if count < 0 { &text[text.len() - size..] } else { &text[..size] }
}

fn title(text: &[u8]) -> Value {
    let mut previous = ' ';
    Value::Str(unicode::map(text, |c| {
        let starts = is_separator(previous);
        previous = c;
        Some(if starts { unicode::to_title(c) } else { c })
    }))
}

fn is_separator(c: char) -> bool {
    if c.is_ascii() {
        return !(c.is_ascii_alphanumeric() || c == '_');
    }
    !unicode::is_letter(c) && !unicode::is_digit(c) && unicode::is_space(c)
}

fn untitle(text: &[u8]) -> Value {
    let mut starts = true;
    Value::Str(unicode::map(text, |c| {
        if unicode::is_space(c) {
            starts = true;
            return Some(c);
        }
        Some(if std::mem::take(&mut starts) { unicode::to_lower(c) } else { c })
    }))
}

fn substring(start: i64, end: i64, text: &Text) -> Made {
    let length = text.len() as i64;
    let (from, to) = match (start, end) {
        (..0, end) => (0, end),
        (start, ..0) => (start, length),
        (start, end) => (start, end.min(length)),
    };
    if !(0..=length).contains(&to) || !(0..=to).contains(&from) {
        return Err(out_of_range(from, to));
    }
    Ok(Value::text(&text[from as usize..to as usize]))
}

fn repeat(budget: &mut Budget, text: &[u8], count: i64) -> Result<Vec<u8>, Fault> {
    let count = usize::try_from(count).map_err(|_| Fault::error("strings: negative Repeat count"))?;
    budget.take(text.len().saturating_mul(count))?;
    Ok(text.repeat(count))
}

fn trim_all(cutset: &[u8], text: &[u8]) -> Value {
    let cutset = unicode::to_utf8(cutset);
    Value::text(unicode::trim(text, |c| cutset.contains(c)))
}

/// goutils' `DeleteWhiteSpace`, which takes every byte for a character once there is a space.
fn nospace(text: &[u8]) -> Value {
    let is_space = |byte: &u8| char::from(*byte).is_whitespace();
    if !text.iter().any(is_space) {
        return Value::text(text);
    }
    let kept: String = text.iter().filter(|byte| !is_space(byte)).map(|byte| char::from(*byte)).collect();
    Value::text(kept)
}

/// goutils' `Initials`, which goes by bytes as well.
fn initials(text: &[u8]) -> Value {
    let mut out = String::new();
    let mut gap = true;
    for c in text.iter().map(|byte| char::from(*byte)) {
        if c.is_whitespace() {
            gap = true;
        } else if std::mem::take(&mut gap) {
            out.push(c);
        }
    }
    Value::text(out)
}

fn swap_case(text: &[u8]) -> Value {
    let mut after_space = true;
    Value::Str(unicode::map(text, |c| {
        if unicode::is_upper(c) || unicode::is_title(c) {
            after_space = false;
            return Some(unicode::to_lower(c));
        }
        if unicode::is_lower(c) {
            let title = std::mem::take(&mut after_space);
            return Some(if title { unicode::to_title(c) } else { unicode::to_upper(c) });
        }
        after_space = unicode::is_space(c);
        Some(c)
    }))
}

fn wrap(budget: &mut Budget, text: &[u8], width: i64, newline: &[u8], long_words: bool) -> Made {
    let newline = if newline.is_empty() { b"\n" } else { newline };
    let width = usize::try_from(width).unwrap_or(0).max(1);
    budget.take(text.len().saturating_mul(newline.len()))?;
    let mut out = Vec::new();
    let mut rest = text;
    while rest.len() > width {
        if let Some(after) = rest.strip_prefix(b" ") {
            rest = after;
            continue;
        }
        let space = rest[..=width].iter().rposition(|byte| *byte == b' ');
        let (taken, skipped) = match space {
            Some(space) => (space, 1),
            None if long_words => (width, 0),
            None => match rest[width..].iter().position(|byte| *byte == b' ') {
                Some(space) => (width + space, 1),
                None => break,
            },
        };
        out.extend_from_slice(&rest[..taken]);
        out.extend_from_slice(newline);
        rest = &rest[taken + skipped..];
    }
    out.extend_from_slice(rest);
    Ok(Value::text(out))
}

fn indent(budget: &mut Budget, spaces: i64, text: &[u8]) -> Result<Vec<u8>, Fault> {
    let pad = repeat(budget, b" ", spaces)?;
    let lines = text.iter().filter(|byte| **byte == b'\n').count() + 1;
    budget.take(pad.len().saturating_mul(lines))?;
    let mut out = Vec::with_capacity(text.len() + lines * pad.len());
    out.extend_from_slice(&pad);
    for byte in text {
        out.push(*byte);
        if *byte == b'\n' {
            out.extend_from_slice(&pad);
        }
    }
    Ok(out)
}

pub(super) fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, needle)
}

/// `strings.ReplaceAll`; the empty text is found before every character and at the end.
fn replace(budget: &mut Budget, text: &[u8], old: &[u8], new: &[u8]) -> Made {
    let mut out = Vec::new();
    if old.is_empty() {
        budget.take((text.len() + 1).saturating_mul(new.len()))?;
        for (_, bytes) in unicode::runes(text) {
            out.extend_from_slice(new);
            out.extend_from_slice(bytes);
        }
        out.extend_from_slice(new);
        return Ok(Value::text(out));
    }
    let mut rest = text;
    while let Some(at) = find(rest, old) {
        budget.take(new.len())?;
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(new);
        rest = &rest[at + old.len()..];
    }
    out.extend_from_slice(rest);
    Ok(Value::text(out))
}

fn join(budget: &mut Budget, separator: &[u8], value: &Value) -> Made {
    let parts = strings_of(value)?;
    budget.take(separator.len().saturating_mul(parts.len()))?;
    Ok(Value::text(parts.join(separator)))
}

/// `strings.SplitN`; the empty separator splits characters.
fn split<'t>(text: &'t [u8], separator: &[u8], count: i64) -> Vec<&'t [u8]> {
    if count == 0 {
        return Vec::new();
    }
    let limit = usize::try_from(count).unwrap_or(usize::MAX);
    let mut parts = Vec::new();
    let mut rest = text;
    while parts.len() + 1 < limit {
        let (end, next) = if separator.is_empty() {
            match unicode::first_rune(rest) {
                Some((_, width)) if width < rest.len() => (width, width),
                Some(_) => break,
                None => return parts,
            }
        } else {
            match find(rest, separator) {
                Some(at) => (at, at + separator.len()),
                None => break,
            }
        };
        parts.push(&rest[..end]);
        rest = &rest[next..];
    }
    parts.push(rest);
    parts
}

/// The parts under the keys `_0`, `_1` and so on.
fn numbered(budget: &mut Budget, parts: &[&[u8]]) -> Made {
    budget.take_elements(parts.len().saturating_mul(2))?;
    let map = Map::of_strings();
    for (index, part) in parts.iter().enumerate() {
        map.insert_str(&format!("_{index}"), Value::text(part));
    }
    Ok(Value::Map(map))
}

/// Sorted text. A list of strings is sorted in place, as sprig does it: whoever holds it sees that.
fn sort_alpha(_: &mut Budget, a: &[Value]) -> Made {
    match a.any(0) {
        Value::List(list) if list.elem() == Elem::Str => {
            list.items_mut().sort_by(|a, b| a.as_bytes().cmp(&b.as_bytes()));
            Ok(Value::List(list))
        }
        Value::List(list) => {
            let mut strings = strings_of(&Value::List(list))?;
            strings.sort();
            Ok(Value::strings(strings))
        }
        Value::Invalid | Value::Nil => Ok(Value::strings(["<nil>"])),
        other => Ok(Value::strings([string_of(&other)?])),
    }
}

fn is_connector(c: char) -> bool {
    c == '-' || c == '_' || unicode::is_space(c)
}

/// xstrings' `ToPascalCase`.
fn pascal_case(text: &[u8]) -> String {
    let text: Vec<char> = unicode::runes(text).map(|(c, _)| c).collect();
    let mut out = String::new();
    let Some(first) = text.iter().position(|c| !is_connector(*c)) else {
        return text.into_iter().collect();
    };
    out.extend(&text[..first]);
    let mut upper_run = unicode::is_upper(text[first]);
    let mut current = unicode::to_upper(text[first]);
    for next in &text[first + 1..] {
        let previous = std::mem::replace(&mut current, *next);
        if is_connector(current) && is_connector(previous) {
            out.push(previous);
            continue;
        }
        if is_connector(previous) {
            upper_run = unicode::is_upper(current);
            current = unicode::to_upper(current);
            continue;
        }
        if upper_run {
            if unicode::is_upper(current) {
                current = unicode::to_lower(current);
            } else {
                upper_run = false;
            }
        }
        out.push(previous);
    }
    out.push(current);
    out
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Word {
    Invalid,
    Number,
    Upper,
    Alphabet,
    Connector,
    Punctuation,
    Other,
}

/// Letters that make words: all but the Han characters, each of which is its own.
fn is_alphabet(c: char) -> bool {
    unicode::is_letter(c)
        && !matches!(c, '\u{3400}'..='\u{4d85}' | '\u{4e00}'..='\u{9fcc}' | '\u{20000}'..='\u{2b81d}')
}

fn next_word(text: &[char]) -> (Word, usize) {
    let Some(first) = text.first().copied() else {
        return (Word::Invalid, 0);
    };
    let run = |from: usize, matches: &dyn Fn(char) -> bool| {
        from + text[from..].iter().take_while(|c| matches(**c)).count()
    };
    let lower = |c: char| is_alphabet(c) && !unicode::is_upper(c);
    if first == char::REPLACEMENT_CHARACTER {
        return (Word::Invalid, 1);
    }
    if is_connector(first) {
        return (Word::Connector, run(1, &is_connector));
    }
    if unicode::is_punctuation(first) {
        return (Word::Punctuation, run(1, &unicode::is_punctuation));
    }
    if unicode::is_upper(first) {
        let end = match text.get(1) {
            Some(second) if unicode::is_upper(*second) => {
                let end = run(1, &unicode::is_upper);
                // Of `HTTPStatus` the S belongs to the next word.
                if text.get(end).is_some_and(|c| is_alphabet(*c)) { end - 1 } else { end }
            }
            Some(second) if is_alphabet(*second) => run(1, &lower),
            _ => 1,
        };
        return (Word::Upper, end);
    }
    if is_alphabet(first) {
        return (Word::Alphabet, run(1, &lower));
    }
    if unicode::is_number(first) {
        return (Word::Number, run(1, &unicode::is_number));
    }
    let other = |c: char| {
        !is_connector(c) && !is_alphabet(c) && !unicode::is_number(c) && !unicode::is_punctuation(c)
    };
    (Word::Other, run(1, &other))
}

/// xstrings' `ToSnakeCase` and `ToKebabCase`.
fn words_joined(text: &[u8], connector: char) -> String {
    let text: Vec<char> = unicode::runes(text).map(|(c, _)| c).collect();
    let mut words = Words { rest: &text, out: String::new(), connector };
    let (mut kind, mut word) = words.next();
    while !words.rest.is_empty() {
        if kind != Word::Connector {
            words.write(kind, word);
        }
        let (previous, last) = (kind, word);
        (kind, word) = words.next();
        match previous {
            Word::Number => {
                while matches!(kind, Word::Alphabet | Word::Number) {
                    words.write(kind, word);
                    (kind, word) = words.next();
                }
                if !matches!(kind, Word::Invalid | Word::Punctuation | Word::Connector) {
                    words.out.push(connector);
                }
            }
            Word::Connector => words.write(previous, last),
            Word::Punctuation => (),
            _ if kind != Word::Number => {
                if !matches!(kind, Word::Connector | Word::Punctuation) {
                    words.out.push(connector);
                }
            }
            _ if words.rest.is_empty() => (),
            _ => {
                let number = word;
                (kind, word) = words.next();
                // A number belongs to the word before it, unless letters follow: `http_2xx`.
                if kind != Word::Alphabet {
                    words.write(Word::Number, number);
                    if !matches!(kind, Word::Connector | Word::Punctuation) {
                        words.out.push(connector);
                    }
                    continue;
                }
                words.out.push(connector);
                words.write(Word::Number, number);
                while matches!(kind, Word::Alphabet | Word::Number) {
                    words.write(kind, word);
                    (kind, word) = words.next();
                }
                if !matches!(kind, Word::Invalid | Word::Connector | Word::Punctuation) {
                    words.out.push(connector);
                }
            }
        }
    }
    words.write(kind, word);
    words.out
}

struct Words<'a> {
    rest: &'a [char],
    out: String,
    connector: char,
}

impl<'a> Words<'a> {
    fn next(&mut self) -> (Word, &'a [char]) {
        let (kind, length) = next_word(self.rest);
        let (word, rest) = self.rest.split_at(length);
        self.rest = rest;
        (kind, word)
    }

    fn write(&mut self, kind: Word, word: &[char]) {
        let changes = matches!(kind, Word::Upper | Word::Connector);
        self.out.extend(word.iter().map(|c| match *c {
            c if changes && is_connector(c) => self.connector,
            c if changes && unicode::is_upper(c) => unicode::to_lower(c),
            c => c,
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_case_as_xstrings_does() {
        for (text, snake, pascal) in [
            ("FirstName", "first_name", "FirstName"),
            ("HTTPServer", "http_server", "Httpserver"),
            ("NoHTTPS", "no_https", "NoHTTPS"),
            ("GO_PATH", "go_path", "GoPath"),
            ("GO PATH", "go_path", "GoPath"),
            ("http2xx", "http_2xx", "Http2xx"),
            ("HTTP20xOK", "http_20x_ok", "Http20xOK"),
            ("Duration2m3s", "duration_2m3s", "Duration2m3s"),
            ("Bld4Floor3rd", "bld4_floor_3rd", "Bld4Floor3rd"),
            ("", "", ""),
            ("a", "a", "A"),
            ("_A_b", "_a_b", "_AB"),
            ("ab  c", "ab__c", "Ab C"),
            ("aB-Cd", "a_b_cd", "ABCd"),
        ] {
            assert_eq!(words_joined(text.as_bytes(), '_'), snake, "{text}");
            assert_eq!(pascal_case(text.as_bytes()), pascal, "{text}");
        }
    }
}
