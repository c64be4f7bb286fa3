//! Pathspecs of git, as `git ls-files -- PATHSPEC` in the root of a repository takes them
//! (`gitglossary(7)`, pathspec; `wildmatch.c`).

use super::Error;

/// One pathspec.
#[derive(Debug)]
pub(super) struct Pathspec {
    /// With `:!`: everything but what matches.
    exclude: bool,
    fold_case: bool,
    /// The text, normalised. It also matches as it is, and as a folder of what matches.
    text: Vec<u8>,
    /// None where nothing in the text is a wildcard, or wildcards are off.
    wild: Option<Vec<Part>>,
}

#[derive(Debug, PartialEq)]
enum Part {
    Byte(u8),
    /// `?`, which crosses `/` or does not.
    One(bool),
    /// `*`, which crosses `/` or does not.
    Many(bool),
    /// `**/`: any number of folders, none too. The `/` is the next part.
    Folders,
    Class {
        items: Vec<(u8, u8)>,
        not: bool,
        slash: bool,
    },
}

#[derive(Default)]
struct Magic {
    exclude: bool,
    glob: bool,
    literal: bool,
    fold_case: bool,
}

impl Pathspec {
    pub(super) fn new(text: &str) -> Result<Self, Error> {
        let (magic, rest) = magic(text)?;
        let text = normalised(rest)?;
        let wild = text.iter().any(|byte| b"*?[\\".contains(byte)) && !magic.literal;
        let parts = |text: &[u8]| parts(text, !magic.glob, magic.fold_case);
        Ok(Self {
            exclude: magic.exclude,
            fold_case: magic.fold_case,
            // A class that does not end matches nothing.
            wild: if wild { Some(parts(&text).unwrap_or_default()) } else { None },
            text,
        })
    }

    pub(super) fn matches(&self, path: &[u8]) -> bool {
        self.selects(path) != self.exclude
    }

    fn selects(&self, path: &[u8]) -> bool {
        let same = |a: &[u8], b: &[u8]| if self.fold_case { a.eq_ignore_ascii_case(b) } else { a == b };
        let text = self.text.as_slice();
        if text.is_empty() {
            return true;
        }
        let in_folder = path.get(..text.len()).is_some_and(|start| same(start, text))
            && (path.len() == text.len() || text.ends_with(b"/") || path[text.len()] == b'/');
        in_folder || self.wild.as_ref().is_some_and(|parts| is_match(parts, path, self.fold_case))
    }
}

fn magic(text: &str) -> Result<(Magic, &str), Error> {
    let mut magic = Magic::default();
    let Some(rest) = text.strip_prefix(':') else { return Ok((magic, text)) };
    let Some(words) = rest.strip_prefix('(') else {
        return short_magic(rest);
    };
    let (words, rest) = words.split_once(')').ok_or(Error::Pathspec)?;
    for word in words.split(',') {
        match word {
            "" | "top" => (),
            "exclude" => magic.exclude = true,
            "glob" => magic.glob = true,
            "literal" => magic.literal = true,
            "icase" => magic.fold_case = true,
            // `attr:…` and `prefix:…` need more than names.
            _ => return Err(Error::Pathspec),
        }
    }
    if magic.glob && magic.literal { Err(Error::Pathspec) } else { Ok((magic, rest)) }
}

fn short_magic(rest: &str) -> Result<(Magic, &str), Error> {
    let mut magic = Magic::default();
    for (at, char) in rest.char_indices() {
        match char {
            '!' | '^' => magic.exclude = true,
            '/' => (),
            ':' => return Ok((magic, &rest[at + 1..])),
            '"' | '#' | '%' | '&' | '\'' | ',' | '-' | ';' | '<' | '=' | '>' | '@' | '_' | '`' | '~' => {
                return Err(Error::Pathspec);
            }
            _ => return Ok((magic, &rest[at..])),
        }
    }
    Ok((magic, ""))
}

/// Without `.`, `..` and doubled slashes.
fn normalised(text: &str) -> Result<Vec<u8>, Error> {
    if text.starts_with('/') || text.contains('\0') {
        return Err(Error::Pathspec);
    }
    let mut names: Vec<&str> = Vec::new();
    for name in text.split('/') {
        match name {
            "" | "." => (),
            ".." => drop(names.pop().ok_or(Error::Pathspec)?),
            _ => names.push(name),
        }
    }
    let is_folder = matches!(text.rsplit('/').next(), Some("" | "." | ".."));
    let slash = if is_folder && !names.is_empty() { "/" } else { "" };
    Ok((names.join("/") + slash).into_bytes())
}

/// None for a class that does not end.
fn parts(text: &[u8], crosses: bool, fold_case: bool) -> Option<Vec<Part>> {
    let fold = |byte: u8| if fold_case { byte.to_ascii_lowercase() } else { byte };
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        at += 1;
        match byte {
            b'\\' => {
                parts.push(Part::Byte(fold(*text.get(at)?)));
                at += 1;
            }
            b'?' => parts.push(Part::One(crosses)),
            b'*' => {
                let start = at - 1;
                at += text[at..].iter().take_while(|byte| **byte == b'*').count();
                parts.push(stars(text, start, at, crosses));
            }
            b'[' => {
                let (class, length) = class(&text[at..], crosses, fold_case)?;
                parts.push(class);
                at += length;
            }
            _ => parts.push(Part::Byte(fold(*byte))),
        }
    }
    Some(parts)
}

/// The stars from `start` to `end`: two or more that are a folder's whole name cross folders.
fn stars(text: &[u8], start: usize, end: usize, crosses: bool) -> Part {
    let begins = start == 0 || text[start - 1] == b'/';
    let ends = text.get(end).is_none_or(|byte| *byte == b'/') || text[end..].starts_with(b"\\/");
    if crosses || end - start == 1 || !(begins && ends) {
        return Part::Many(crosses);
    }
    if text.get(end) == Some(&b'/') { Part::Folders } else { Part::Many(true) }
}

fn class(text: &[u8], crosses: bool, fold_case: bool) -> Option<(Part, usize)> {
    let not = matches!(text.first()?, b'!' | b'^');
    let first = usize::from(not);
    let mut at = first;
    let mut items: Vec<(u8, u8)> = Vec::new();
    let mut low = None;
    loop {
        let mut byte = *text.get(at)?;
        at += 1;
        match byte {
            b']' if at - 1 > first => break,
            b'-' if low.is_some() && text.get(at).is_some_and(|next| *next != b']') => {
                let mut high = text[at];
                at += 1;
                if high == b'\\' {
                    high = *text.get(at)?;
                    at += 1;
                }
                items.extend(low.take().map(|low| (low, high)));
                continue;
            }
            b'[' if text.get(at) == Some(&b':') => {
                let name = &text[at + 1..];
                let end = name.iter().position(|byte| *byte == b']')?;
                // Without a colon before the bracket it is a bracket like any other.
                if let Some(name) = name[..end].strip_suffix(b":") {
                    items.extend(named_class(name)?);
                    at += end + 2;
                    low = None;
                    continue;
                }
            }
            b'\\' => {
                byte = *text.get(at)?;
                at += 1;
            }
            _ => (),
        }
        items.push((byte, byte));
        low = Some(byte);
    }
    if fold_case {
        let letters =
            (b'a'..=b'z').filter(|letter| has(&items, *letter) || has(&items, letter.to_ascii_uppercase()));
        let letters: Vec<(u8, u8)> = letters.map(|letter| (letter, letter)).collect();
        items.extend(letters);
    }
    Some((Part::Class { items, not, slash: crosses }, at))
}

fn has(items: &[(u8, u8)], byte: u8) -> bool {
    items.iter().any(|(low, high)| (*low..=*high).contains(&byte))
}

fn named_class(name: &[u8]) -> Option<Vec<(u8, u8)>> {
    Some(match name {
        b"alnum" => vec![(b'0', b'9'), (b'A', b'Z'), (b'a', b'z')],
        b"alpha" => vec![(b'A', b'Z'), (b'a', b'z')],
        b"blank" => vec![(b' ', b' '), (b'\t', b'\t')],
        b"cntrl" => vec![(0, 31), (127, 127)],
        b"digit" => vec![(b'0', b'9')],
        b"graph" => vec![(33, 126)],
        b"lower" => vec![(b'a', b'z')],
        b"print" => vec![(32, 126)],
        b"punct" => vec![(33, 47), (58, 64), (91, 96), (123, 126)],
        b"space" => vec![(9, 13), (b' ', b' ')],
        b"upper" => vec![(b'A', b'Z')],
        b"xdigit" => vec![(b'0', b'9'), (b'A', b'F'), (b'a', b'f')],
        _ => return None,
    })
}

/// Follows all ways through the parts at once.
fn is_match(parts: &[Part], path: &[u8], fold_case: bool) -> bool {
    let mut now = vec![false; parts.len() + 1];
    enter(parts, &mut now, 0);
    for byte in path {
        let byte = if fold_case { byte.to_ascii_lowercase() } else { *byte };
        let mut next = vec![false; parts.len() + 1];
        for (at, part) in parts.iter().enumerate().filter(|(at, _)| now[*at]) {
            match part {
                Part::Byte(wanted) if *wanted == byte => enter(parts, &mut next, at + 1),
                Part::One(crosses) if *crosses || byte != b'/' => enter(parts, &mut next, at + 1),
                Part::Class { items, not, slash } if (*slash || byte != b'/') && has(items, byte) != *not => {
                    enter(parts, &mut next, at + 1);
                }
                Part::Many(crosses) if *crosses || byte != b'/' => enter(parts, &mut next, at),
                // The shortcut behind it is for the beginning only.
                Part::Folders => {
                    next[at] = true;
                    next[at + 1] = true;
                }
                _ => (),
            }
        }
        now = next;
    }
    now[parts.len()]
}

/// Marks the part, and what can be reached from it by matching nothing.
fn enter(parts: &[Part], reached: &mut [bool], at: usize) {
    let mut ahead = vec![at];
    while let Some(at) = ahead.pop() {
        if std::mem::replace(&mut reached[at], true) {
            continue;
        }
        match parts.get(at) {
            Some(Part::Many(_)) => ahead.push(at + 1),
            Some(Part::Folders) => ahead.extend([at + 1, at + 2]),
            _ => (),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // What names alone decide is recorded from git: `tests/conformance/glob/pathspecs.jsonl`.
    #[test]
    fn what_needs_more_than_names_is_refused() {
        for text in [":(attr:generated)x", ":(prefix:1)x", ":(exclude,attr:x)"] {
            assert_eq!(Pathspec::new(text).err(), Some(Error::Pathspec), "{text}");
        }
    }
}
