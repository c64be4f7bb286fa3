//! Characters as Go's `unicode` and `strings` packages see them: simple case mapping, one to one.

use std::sync::LazyLock;

use regex::Regex;

use crate::gotemplate::value::Text;

struct Class(LazyLock<Regex>);

impl Class {
    fn has(&self, c: char) -> bool {
        self.0.is_match(c.encode_utf8(&mut [0; 4]))
    }
}

macro_rules! classes {
    ($($name:ident = $pattern:literal;)*) => {
        $(static $name: Class = Class(LazyLock::new(|| Regex::new($pattern).expect("a class is a valid pattern")));)*
    };
}

classes! {
    LETTER = r"\p{L}";
    DIGIT = r"\p{Nd}";
    NUMBER = r"\p{N}";
    PUNCTUATION = r"\p{P}";
    UPPER = r"\p{Lu}";
    LOWER = r"\p{Ll}";
    TITLE = r"\p{Lt}";
    PRINTABLE = r"[\p{L}\p{M}\p{N}\p{P}\p{S}]";
}

pub(super) fn is_letter(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphabetic() } else { LETTER.has(c) }
}

pub(super) fn is_digit(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_digit() } else { DIGIT.has(c) }
}

pub(super) fn is_number(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_digit() } else { NUMBER.has(c) }
}

pub(super) fn is_punctuation(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_punctuation() && !"$+<=>^`|~".contains(c) } else { PUNCTUATION.has(c) }
}

pub(super) fn is_upper(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_uppercase() } else { UPPER.has(c) }
}

pub(super) fn is_lower(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_lowercase() } else { LOWER.has(c) }
}

pub(super) fn is_title(c: char) -> bool {
    !c.is_ascii() && TITLE.has(c)
}

/// `strconv.IsPrint`: letters, marks, numbers, punctuation, symbols and the ASCII space.
pub(super) fn is_print(c: char) -> bool {
    if c.is_ascii() { c == ' ' || c.is_ascii_graphic() } else { PRINTABLE.has(c) }
}

pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace()
}

pub(super) fn to_upper(c: char) -> char {
    let mut mapped = c.to_uppercase();
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        _ => to_title(c),
    }
}

pub(super) fn to_lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

/// The title case of a character: the upper case but for digraphs, Georgian and the Greek iota subscript.
pub(super) fn to_title(c: char) -> char {
    let code = u32::from(c);
    let other = match code {
        0x1c4..=0x1c6 => 0x1c5,
        0x1c7..=0x1c9 => 0x1c8,
        0x1ca..=0x1cc => 0x1cb,
        0x1f1..=0x1f3 => 0x1f2,
        0x10d0..=0x10ff => code,
        0x1f80..=0x1f87 | 0x1f90..=0x1f97 | 0x1fa0..=0x1fa7 => code + 8,
        0x1fb3 | 0x1fc3 | 0x1ff3 => code + 9,
        _ => {
            let mut mapped = c.to_uppercase();
            return match (mapped.next(), mapped.next()) {
                (Some(one), None) => one,
                _ => c,
            };
        }
    };
    char::from_u32(other).unwrap_or(c)
}

/// `U+0041 'A'`, as `%#U` prints it.
pub(super) fn describe(c: char) -> String {
    if is_print(c) { format!("U+{:04X} '{c}'", u32::from(c)) } else { format!("U+{:04X}", u32::from(c)) }
}

/// The characters of a Go string: what is not UTF-8 is U+FFFD, byte by byte, with the bytes it stands for.
pub(super) fn runes(text: &[u8]) -> impl Iterator<Item = (char, &[u8])> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (c, width) = first_rune(rest)?;
        let (head, tail) = rest.split_at(width);
        rest = tail;
        Some((c, head))
    })
}

/// The first character and its width; invalid bytes are U+FFFD of width one.
pub(super) fn first_rune(text: &[u8]) -> Option<(char, usize)> {
    let first = *text.first()?;
    if first.is_ascii() {
        return Some((char::from(first), 1));
    }
    let longest = &text[..text.len().min(4)];
    let valid = match std::str::from_utf8(longest) {
        Ok(valid) => valid,
        Err(error) => std::str::from_utf8(&longest[..error.valid_up_to()]).unwrap_or_default(),
    };
    Some(valid.chars().next().map_or((char::REPLACEMENT_CHARACTER, 1), |c| (c, c.len_utf8())))
}

/// Whether the invalid bytes at the start of `text` made this replacement character.
pub(super) fn is_invalid(c: char, bytes: &[u8]) -> bool {
    c == char::REPLACEMENT_CHARACTER && bytes.len() == 1
}

/// The string as UTF-8: each byte that is not becomes U+FFFD, as Go's `encoding/json` writes it.
pub fn to_utf8(text: &[u8]) -> String {
    match std::str::from_utf8(text) {
        Ok(text) => text.to_owned(),
        Err(_) => runes(text).map(|(c, _)| c).collect(),
    }
}

/// `strings.Map`, dropping what maps to nothing.
pub(super) fn map(text: &[u8], mut to: impl FnMut(char) -> Option<char>) -> Text {
    let mut out = String::with_capacity(text.len());
    out.extend(runes(text).filter_map(|(c, _)| to(c)));
    Text::from(out.into_bytes())
}

/// `strings.TrimSpace`.
pub(super) fn trim_space(text: &[u8]) -> &[u8] {
    trim(text, is_space)
}

/// `strings.TrimFunc`.
pub(super) fn trim(text: &[u8], cut: impl Fn(char) -> bool) -> &[u8] {
    let mut rest = text;
    while let Some((c, width)) = first_rune(rest) {
        if !cut(c) {
            break;
        }
        rest = &rest[width..];
    }
    while let Some((c, width)) = last_rune(rest) {
        if !cut(c) {
            break;
        }
        rest = &rest[..rest.len() - width];
    }
    rest
}

fn last_rune(text: &[u8]) -> Option<(char, usize)> {
    let last = *text.last()?;
    if last.is_ascii() {
        return Some((char::from(last), 1));
    }
    for width in 1..=4.min(text.len()) {
        let tail = &text[text.len() - width..];
        if let Ok(tail) = std::str::from_utf8(tail) {
            return tail.chars().next().map(|c| (c, width));
        }
    }
    Some((char::REPLACEMENT_CHARACTER, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_case_one_to_one() {
        for (c, upper, lower, title) in [
            ('a', 'A', 'a', 'A'),
            ('ß', 'ß', 'ß', 'ß'),
            ('ǆ', 'Ǆ', 'ǆ', 'ǅ'),
            ('ა', 'Ა', 'ა', 'ა'),
            ('ᾳ', 'ᾼ', 'ᾳ', 'ᾼ'),
            ('İ', 'İ', 'i', 'İ'),
        ] {
            assert_eq!((to_upper(c), to_lower(c), to_title(c)), (upper, lower, title), "{c}");
        }
    }

    #[test]
    fn replaces_each_invalid_byte() {
        assert_eq!(to_utf8(b"a\xe6\x97b"), "a\u{fffd}\u{fffd}b");
        assert_eq!(trim_space("\u{a0} a\u{85}".as_bytes()), b"a");
    }
}
