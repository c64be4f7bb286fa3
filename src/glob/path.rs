//! Go's `path.Match`.

use super::{Error, decode};

/// A pattern as chunks that each begin with stars or the beginning; once a chunk has found its place, it is
/// not moved again, so `*[^a]b` may miss what a regular expression would find across a `/`.
#[derive(Debug)]
pub(super) struct PathMatch(Vec<Chunk>);

#[derive(Debug)]
struct Chunk {
    star: bool,
    items: Vec<Item>,
}

#[derive(Debug)]
enum Item {
    Byte(u8),
    /// `?`
    One,
    Class {
        ranges: Vec<(char, char)>,
        not: bool,
    },
}

impl PathMatch {
    pub(super) fn new(pattern: &str) -> Result<Self, Error> {
        let mut chunks = Vec::new();
        let mut rest = pattern;
        while !rest.is_empty() {
            let behind = rest.trim_start_matches('*');
            let star = behind.len() < rest.len();
            let (chunk, next) = behind.split_at(chunk_end(behind.as_bytes()));
            chunks.push(Chunk { star, items: items(chunk)? });
            rest = next;
        }
        Ok(Self(chunks))
    }

    pub(super) fn matches(&self, text: &[u8]) -> bool {
        let mut rest = text;
        for (index, chunk) in self.0.iter().enumerate() {
            let last = index + 1 == self.0.len();
            if chunk.star && chunk.items.is_empty() {
                return !rest.contains(&b'/');
            }
            let places = if chunk.star { rest.iter().take_while(|byte| **byte != b'/').count() } else { 0 };
            let found =
                (0..=places).find_map(|skip| chunk.take(&rest[skip..]).filter(|t| !last || t.is_empty()));
            let Some(behind) = found else { return false };
            rest = behind;
        }
        rest.is_empty()
    }
}

impl Chunk {
    /// What is left of `s` behind this chunk.
    fn take<'a>(&self, mut s: &'a [u8]) -> Option<&'a [u8]> {
        for item in &self.items {
            let (char, width) = decode(s);
            if width == 0 {
                return None;
            }
            let (fits, length) = match item {
                Item::Byte(byte) => (s[0] == *byte, 1),
                Item::One => (char != '/', width),
                Item::Class { ranges, not } => {
                    (ranges.iter().any(|(low, high)| (*low..=*high).contains(&char)) != *not, width)
                }
            };
            if !fits {
                return None;
            }
            s = &s[length..];
        }
        Some(s)
    }
}

/// Where the next star begins that stands in no class; an opening bracket inside a class counts as one.
fn chunk_end(pattern: &[u8]) -> usize {
    let mut in_class = false;
    let mut at = 0;
    while let Some(byte) = pattern.get(at) {
        match byte {
            b'\\' if at + 1 < pattern.len() => at += 1,
            b'[' => in_class = true,
            b']' => in_class = false,
            b'*' if !in_class => return at,
            _ => (),
        }
        at += 1;
    }
    pattern.len()
}

fn items(chunk: &str) -> Result<Vec<Item>, Error> {
    let mut items = Vec::new();
    let mut rest = chunk;
    while let Some(char) = rest.chars().next() {
        rest = &rest[char.len_utf8()..];
        match char {
            '[' => items.push(class(&mut rest)?),
            '?' => items.push(Item::One),
            '\\' => {
                let quoted = rest.chars().next().ok_or(Error::Malformed)?;
                rest = &rest[quoted.len_utf8()..];
                push(&mut items, quoted);
            }
            _ => push(&mut items, char),
        }
    }
    Ok(items)
}

fn push(items: &mut Vec<Item>, char: char) {
    items.extend(char.encode_utf8(&mut [0; 4]).bytes().map(Item::Byte));
}

fn class(rest: &mut &str) -> Result<Item, Error> {
    let not = rest.starts_with('^');
    if not {
        *rest = &rest[1..];
    }
    let mut ranges = Vec::new();
    loop {
        if !ranges.is_empty() && rest.starts_with(']') {
            *rest = &rest[1..];
            return Ok(Item::Class { ranges, not });
        }
        let low = class_char(rest)?;
        let mut high = low;
        if rest.starts_with('-') {
            *rest = &rest[1..];
            high = class_char(rest)?;
        }
        ranges.push((low, high));
    }
}

/// One character of a class, behind which something must follow.
fn class_char(rest: &mut &str) -> Result<char, Error> {
    let mut chars = rest.chars();
    let mut char = chars.next().filter(|char| !matches!(char, '-' | ']')).ok_or(Error::Malformed)?;
    if char == '\\' {
        char = chars.next().ok_or(Error::Malformed)?;
    }
    *rest = chars.as_str();
    if rest.is_empty() { Err(Error::Malformed) } else { Ok(char) }
}
