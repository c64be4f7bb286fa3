//! What matchers answer (`match/*.go` of the library).
//!
//! Everything is done on bytes: the library takes lengths in characters for lengths in bytes here and there, so
//! texts outside ASCII can be cut inside a character, and its answer then is what it is.

use crate::glob::decode;
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// How many steps one search may take before it gives up. Argo CD itself would not come to an end in reasonable
/// time where this many are needed, because it does not remember what it tried.
const STEPS: usize = 300_000;

#[derive(Clone, Debug)]
pub(super) enum Matcher {
    Nothing,
    /// Everything.
    Super,
    /// Text without these characters.
    Any(Vec<char>),
    /// One character that is none of these.
    Single(Vec<char>),
    List {
        chars: Vec<char>,
        not: bool,
    },
    Range {
        low: char,
        high: char,
        not: bool,
    },
    Text(Box<[u8]>),
    Prefix(Box<[u8]>),
    Suffix(Box<[u8]>),
    PrefixSuffix {
        prefix: Box<[u8]>,
        suffix: Box<[u8]>,
    },
    PrefixAny {
        text: Box<[u8]>,
        separators: Vec<char>,
    },
    SuffixAny {
        text: Box<[u8]>,
        separators: Vec<char>,
    },
    Contains {
        text: Box<[u8]>,
        not: bool,
    },
    /// At least this many characters.
    Min(usize),
    /// At most this many characters.
    Max(usize),
    /// One after the other, all of known length.
    Row {
        length: usize,
        matchers: Vec<Matcher>,
    },
    EveryOf(Vec<Matcher>),
    AnyOf(Vec<Matcher>),
    Branch(Box<Branch>),
}

/// A matcher in the middle, and those to the left and the right of it.
#[derive(Clone, Debug)]
pub(super) struct Branch {
    pub(super) value: Matcher,
    pub(super) left: Option<Matcher>,
    pub(super) right: Option<Matcher>,
    left_length: Option<usize>,
    right_length: Option<usize>,
    length: Option<usize>,
}

impl Branch {
    pub(super) fn new(value: Matcher, left: Option<Matcher>, right: Option<Matcher>) -> Self {
        let side = |matcher: &Option<Matcher>| matcher.as_ref().map_or(Some(0), Matcher::length);
        let (left_length, right_length) = (side(&left), side(&right));
        let length = value.length().and_then(|length| Some(length + left_length? + right_length?));
        Self { value, left, right, left_length, right_length, length }
    }
}

impl Matcher {
    /// How many characters it matches; None where that is not fixed.
    pub(super) fn length(&self) -> Option<usize> {
        match self {
            Self::Nothing => Some(0),
            Self::Single(_) | Self::List { .. } | Self::Range { .. } => Some(1),
            Self::Text(text) => Some(chars(text).count()),
            Self::Row { length, .. } => Some(*length),
            Self::Branch(branch) => branch.length,
            Self::AnyOf(matchers) => {
                // One of unknown length at the beginning counts as none, which is how `{*,}` loses its star.
                let mut length = None;
                for matcher in matchers {
                    match (length, matcher.length()) {
                        (None, next) => length = next,
                        (Some(one), Some(next)) if one == next => (),
                        (Some(_), _) => return None,
                    }
                }
                length
            }
            Self::Super
            | Self::Any(_)
            | Self::Prefix(_)
            | Self::Suffix(_)
            | Self::PrefixSuffix { .. }
            | Self::PrefixAny { .. }
            | Self::SuffixAny { .. }
            | Self::Contains { .. }
            | Self::Min(_)
            | Self::Max(_)
            | Self::EveryOf(_) => None,
        }
    }

    /// Of stars and single characters: which characters they avoid.
    pub(super) fn free_of(&self) -> Option<Vec<char>> {
        match self {
            Self::Super => Some(Vec::new()),
            Self::Any(separators)
            | Self::Single(separators)
            | Self::List { chars: separators, not: true } => Some(separators.clone()),
            _ => None,
        }
    }
}

/// Where a matcher found something: the offset, and the lengths that it can have there. Shortest first.
type Found = Option<(usize, Rc<[usize]>)>;

/// One text and what was tried on it.
pub(super) struct Search {
    base: usize,
    steps: usize,
    /// The library would panic here, or not come to an end; then nothing matches.
    over: bool,
    tried: FxHashMap<(usize, usize, usize), bool>,
}

impl Search {
    pub(super) fn new(text: &[u8]) -> Self {
        Self { base: text.as_ptr() as usize, steps: 0, over: false, tried: FxHashMap::default() }
    }

    /// Whether the whole text matches.
    pub(super) fn answer(mut self, matcher: &Matcher, text: &[u8]) -> bool {
        self.matches(matcher, text) && !self.over
    }

    /// Whether the whole of `s`, a part of the text, matches.
    fn matches(&mut self, matcher: &Matcher, s: &[u8]) -> bool {
        match matcher {
            Matcher::Nothing => s.is_empty(),
            Matcher::Super => true,
            Matcher::Any(separators) => find_any(s, separators).is_none(),
            Matcher::Single(_) | Matcher::List { .. } | Matcher::Range { .. } => {
                // No text at all passes for a character that is in no list.
                let (char, width) = decode(s);
                s.len() <= width && is_one(matcher, char)
            }
            Matcher::Text(text) => s == &**text,
            Matcher::Prefix(prefix) => s.starts_with(prefix),
            Matcher::Suffix(suffix) => s.ends_with(suffix),
            Matcher::PrefixSuffix { prefix, suffix } => s.starts_with(prefix) && s.ends_with(suffix),
            Matcher::PrefixAny { text, separators } => {
                s.strip_prefix(&**text).is_some_and(|rest| find_any(rest, separators).is_none())
            }
            Matcher::SuffixAny { text, separators } => {
                s.strip_suffix(&**text).is_some_and(|rest| find_any(rest, separators).is_none())
            }
            Matcher::Contains { text, not } => find(s, text).is_some() != *not,
            Matcher::Min(count) => chars(s).take(*count).count() == *count,
            Matcher::Max(count) => chars(s).take(count + 1).count() <= *count,
            Matcher::Row { length, matchers } => {
                chars(s).take(length + 1).count() == *length && self.row(matchers, s)
            }
            Matcher::EveryOf(matchers) => matchers.iter().all(|matcher| self.matches(matcher, s)),
            Matcher::AnyOf(matchers) => matchers.iter().any(|matcher| self.matches(matcher, s)),
            Matcher::Branch(branch) => {
                let key = (std::ptr::from_ref(&**branch) as usize, s.as_ptr() as usize - self.base, s.len());
                if let Some(known) = self.tried.get(&key) {
                    return *known;
                }
                let matches = self.branch(branch, s);
                self.tried.insert(key, matches);
                matches
            }
        }
    }

    fn branch(&mut self, branch: &Branch, s: &[u8]) -> bool {
        if branch.length.is_some_and(|length| length > s.len()) {
            return false;
        }
        let mut offset = branch.left_length.unwrap_or(0);
        let Some(limit) = s.len().checked_sub(branch.right_length.unwrap_or(0)) else {
            return false;
        };
        while offset < limit {
            let Some((index, lengths)) = self.index(&branch.value, &s[offset..limit]) else {
                return false;
            };
            let start = offset + index;
            if self.side(branch.left.as_ref(), &s[..start]) {
                for length in lengths.iter().rev() {
                    if self.side(branch.right.as_ref(), s.get(start + length..).unwrap_or_default()) {
                        return true;
                    }
                }
            }
            self.steps += lengths.len() + 1;
            self.over |= self.steps > STEPS;
            if self.over {
                return false;
            }
            offset = start + decode(&s[start..]).1.max(1);
        }
        false
    }

    fn side(&mut self, matcher: Option<&Matcher>, s: &[u8]) -> bool {
        match matcher {
            Some(matcher) => self.matches(matcher, s),
            None => s.is_empty(),
        }
    }

    fn row(&mut self, matchers: &[Matcher], s: &[u8]) -> bool {
        let mut rest = s;
        for matcher in matchers {
            let length = matcher.length().unwrap_or(0);
            // The last character is taken by its first byte alone.
            let mut count = 0;
            let mut last = 0;
            for (at, _) in chars(rest) {
                count += 1;
                last = at;
                if count == length {
                    break;
                }
            }
            if count < length {
                return false;
            }
            if rest.is_empty() {
                self.over = true;
                return false;
            }
            let (taken, behind) = rest.split_at(last + 1);
            if !self.matches(matcher, taken) {
                return false;
            }
            rest = behind;
        }
        true
    }

    /// The first place in `s` where the matcher finds something.
    fn index(&mut self, matcher: &Matcher, s: &[u8]) -> Found {
        self.steps += 1;
        match matcher {
            Matcher::Nothing => Some((0, [0].into())),
            Matcher::Super => Some((0, starts(s).collect())),
            Matcher::Any(separators) => {
                let end = find_any(s, separators).unwrap_or(s.len());
                Some((0, starts(&s[..end]).collect()))
            }
            Matcher::Single(_) | Matcher::List { .. } | Matcher::Range { .. } => {
                let (at, char) = chars(s).find(|(_, char)| is_one(matcher, *char))?;
                Some((at, [char.len_utf8()].into()))
            }
            Matcher::Text(text) => Some((find(s, text)?, [text.len()].into())),
            Matcher::Prefix(prefix) => {
                let at = find(s, prefix)?;
                Some((at, with_rest(prefix.len(), &s[at + prefix.len()..])))
            }
            Matcher::Suffix(suffix) => Some((0, [find(s, suffix)? + suffix.len()].into())),
            Matcher::PrefixSuffix { prefix, suffix } => {
                let at = find(s, prefix)?;
                let lengths = ends_of(&s[at..], suffix);
                (!lengths.is_empty()).then_some((at, lengths))
            }
            Matcher::PrefixAny { text, separators } => {
                let at = find(s, text)?;
                let rest = &s[at + text.len()..];
                let rest = &rest[..find_any(rest, separators).unwrap_or(rest.len())];
                Some((at, with_rest(text.len(), rest)))
            }
            Matcher::SuffixAny { text, separators } => {
                let at = find(s, text)?;
                let start = find_last_any(&s[..at], separators).map_or(0, |last| last + 1);
                Some((start, [at + text.len() - start].into()))
            }
            Matcher::Contains { text, not } => contains(s, text, *not),
            Matcher::Min(count) => {
                let lengths: Rc<[usize]> = ends(s).skip(count.saturating_sub(1)).collect();
                (s.len() >= *count && !lengths.is_empty()).then_some((0, lengths))
            }
            Matcher::Max(count) => Some((0, std::iter::once(0).chain(ends(s).take(*count)).collect())),
            Matcher::Row { length, matchers } => {
                for (at, _) in chars(s) {
                    if s.len() - at < *length {
                        break;
                    }
                    self.steps += 1;
                    if self.row(matchers, &s[at..]) {
                        return Some((at, [*length].into()));
                    }
                }
                None
            }
            Matcher::EveryOf(matchers) => self.index_of_every(matchers, s),
            Matcher::AnyOf(matchers) => self.index_of_any(matchers, s),
            // It is never looked for, only matched.
            Matcher::Branch(_) => None,
        }
    }

    fn index_of_any(&mut self, matchers: &[Matcher], s: &[u8]) -> Found {
        let mut first: Option<(usize, Vec<usize>)> = None;
        for matcher in matchers {
            let Some((at, lengths)) = self.index(matcher, s) else { continue };
            match &mut first {
                Some((found, _)) if at > *found => (),
                Some((found, all)) if at == *found => *all = merge(all, &lengths),
                _ => first = Some((at, lengths.to_vec())),
            }
        }
        first.map(|(at, lengths)| (at, lengths.into()))
    }

    fn index_of_every(&mut self, matchers: &[Matcher], s: &[u8]) -> Found {
        let (mut index, mut offset) = (0, 0);
        let mut current: Vec<usize> = Vec::new();
        let mut rest = s;
        for (i, matcher) in matchers.iter().enumerate() {
            let (at, lengths) = self.index(matcher, rest)?;
            if i == 0 {
                current = lengths.to_vec();
            } else {
                let shift = |length: usize| (length + index).checked_sub(at + offset);
                current.retain(|length| shift(*length).is_some_and(|length| lengths.contains(&length)));
                current.iter_mut().for_each(|length| *length = *length + index - (at + offset));
                if current.is_empty() {
                    return None;
                }
            }
            index = at + offset;
            rest = s.get(index..)?;
            offset += at;
        }
        Some((index, current.into()))
    }
}

fn is_one(matcher: &Matcher, char: char) -> bool {
    match matcher {
        Matcher::Single(separators) => !separators.contains(&char),
        Matcher::List { chars, not } => chars.contains(&char) != *not,
        Matcher::Range { low, high, not } => (*low..=*high).contains(&char) != *not,
        _ => false,
    }
}

fn contains(s: &[u8], text: &[u8], not: bool) -> Found {
    let at = find(s, text);
    if not {
        return Some((0, starts(&s[..at.unwrap_or(s.len())]).collect()));
    }
    let end = at? + text.len();
    Some((0, starts(&s[end..]).map(|start| end + start).collect()))
}

/// Where `suffix` can end in `s`, occurrences that do not overlap, counted from the end.
fn ends_of(s: &[u8], suffix: &[u8]) -> Rc<[usize]> {
    if suffix.is_empty() {
        return [s.len()].into();
    }
    let mut lengths = Vec::new();
    let mut rest = s;
    while let Some(at) = memchr::memmem::rfind(rest, suffix) {
        lengths.push(at + suffix.len());
        rest = &rest[..at];
    }
    lengths.into_iter().rev().collect()
}

fn merge(one: &[usize], other: &[usize]) -> Vec<usize> {
    let (mut x, mut y) = (0, 0);
    let mut merged = Vec::with_capacity(one.len() + other.len());
    while let (Some(a), Some(b)) = (one.get(x), other.get(y)) {
        merged.push(*a.min(b));
        x += usize::from(a <= b);
        y += usize::from(b <= a);
    }
    merged.extend_from_slice(&one[x..]);
    merged.extend_from_slice(&other[y..]);
    merged
}

/// The characters of `s` and where they begin; bytes that are none count one by one.
fn chars(s: &[u8]) -> impl Iterator<Item = (usize, char)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (char, width) = decode(&s[at..]);
        let start = at;
        at += width;
        (width > 0).then_some((start, char))
    })
}

/// Where characters begin, and the end.
fn starts(s: &[u8]) -> impl Iterator<Item = usize> {
    chars(s).map(|(at, _)| at).chain(std::iter::once(s.len()))
}

/// Where characters end.
fn ends(s: &[u8]) -> impl Iterator<Item = usize> {
    chars(s).map(|(at, char)| at + char.len_utf8())
}

fn with_rest(length: usize, rest: &[u8]) -> Rc<[usize]> {
    std::iter::once(length).chain(ends(rest).map(|end| length + end)).collect()
}

fn find(s: &[u8], text: &[u8]) -> Option<usize> {
    memchr::memmem::find(s, text)
}

fn find_any(s: &[u8], separators: &[char]) -> Option<usize> {
    separators.iter().find_map(|separator| find(s, separator.encode_utf8(&mut [0; 4]).as_bytes()))
}

fn find_last_any(s: &[u8], separators: &[char]) -> Option<usize> {
    let last = |separator: &char| memchr::memmem::rfind(s, separator.encode_utf8(&mut [0; 4]).as_bytes());
    separators.iter().find_map(last)
}
