//! `bmatcuk/doublestar` v4.10, `Match`.
//!
//! Only the last `*` and the last `**` are tried at other places, and braces are written out as text where they
//! are met; both show in corner cases, so both are done here as there.

use super::{Error, decode};

/// How many patterns the braces of one pattern may stand for, and how many braces there may be.
const ALTERNATIVES: usize = 1024;
const BRACES: usize = 64;

#[derive(Debug)]
pub(super) struct Doublestar(Box<[u8]>);

/// What the library calls a bad pattern; it can also come up where a match ends.
struct BadPattern;

/// Where a star was met: in the pattern, and in the name.
#[derive(Clone, Copy)]
struct Star {
    pattern: usize,
    name: usize,
}

#[derive(Clone, Copy, Default)]
struct State {
    double: Option<Star>,
    single: Option<Star>,
    pattern: usize,
    name: usize,
}

impl Doublestar {
    pub(super) fn new(pattern: &str) -> Result<Self, Error> {
        let pattern = pattern.as_bytes();
        if !is_valid(pattern) {
            return Err(Error::Malformed);
        }
        let braces = pattern.iter().filter(|byte| **byte == b'{').count();
        if braces > BRACES || alternatives(pattern) > ALTERNATIVES {
            return Err(Error::TooComplex);
        }
        Ok(Self(pattern.into()))
    }

    pub(super) fn matches(&self, name: &[u8]) -> bool {
        matches_from(&self.0, name, State::default()).unwrap_or(false)
    }
}

/// How many patterns the braces stand for, counted high: every comma may be one of the outermost brace.
fn alternatives(pattern: &[u8]) -> usize {
    let mut open: Vec<(usize, usize)> = vec![(0, 1)];
    for byte in pattern {
        match byte {
            b'{' => open.push((0, 1)),
            b',' if open.len() > 1 => {
                if let Some((done, current)) = open.last_mut() {
                    *done = done.saturating_add(std::mem::replace(current, 1));
                }
            }
            b'}' if open.len() > 1 => {
                let (done, current) = open.pop().unwrap_or_default();
                if let Some((_, outer)) = open.last_mut() {
                    *outer = outer.saturating_mul(done.saturating_add(current));
                }
            }
            _ => (),
        }
    }
    open.iter().fold(1, |all, (done, current)| all.saturating_mul(done.saturating_add(*current)))
}

/// One step into the pattern.
enum Step {
    On,
    /// It does not fit here.
    Stop,
    Done(bool),
}

fn matches_from(pattern: &[u8], name: &[u8], mut state: State) -> Result<bool, BadPattern> {
    let mut segment_start = true;
    while state.name < name.len() {
        let step = match pattern.get(state.pattern) {
            None => Step::Stop,
            Some(b'*') => star(pattern, &mut state, &mut segment_start),
            Some(b'?') => {
                segment_start = false;
                let (char, width) = decode(&name[state.name..]);
                if char == '/' {
                    Step::Stop
                } else {
                    state.pattern += 1;
                    state.name += width;
                    Step::On
                }
            }
            Some(b'[') => {
                segment_start = false;
                class(pattern, name, &mut state)?
            }
            Some(b'{') => return braces(pattern, name, state),
            Some(_) => literal(pattern, name, &mut state, &mut segment_start)?,
        };
        match step {
            Step::On => (),
            Step::Done(matches) => return Ok(matches),
            Step::Stop if go_back(name, &mut state, &mut segment_start) => (),
            Step::Stop if is_valid(&pattern[state.pattern.min(pattern.len())..]) => return Ok(false),
            Step::Stop => return Err(BadPattern),
        }
    }
    matches_nothing(&pattern[state.pattern.min(pattern.len())..])
}

fn star(pattern: &[u8], state: &mut State, segment_start: &mut bool) -> Step {
    state.pattern += 1;
    if pattern.get(state.pattern) == Some(&b'*') {
        state.pattern += 1;
        // Anywhere else it is a star like any other.
        if *segment_start {
            match pattern.get(state.pattern) {
                None => return Step::Done(true),
                Some(b'/') => {
                    state.pattern += 1;
                    state.double = Some(Star { pattern: state.pattern, name: state.name });
                    state.single = None;
                    return Step::On;
                }
                Some(_) => (),
            }
        }
    }
    *segment_start = false;
    state.single = Some(Star { pattern: state.pattern, name: state.name });
    Step::On
}

fn class(pattern: &[u8], name: &[u8], state: &mut State) -> Result<Step, BadPattern> {
    let at = |index: usize| pattern.get(index).copied();
    let rest = |index: usize| pattern.get(index..).unwrap_or_default();
    state.pattern += 1;
    let (char, char_width) = decode(&name[state.name..]);
    let not = matches!(at(state.pattern).ok_or(BadPattern)?, b'!' | b'^');
    state.pattern += usize::from(not);
    if matches!(at(state.pattern), None | Some(b']')) {
        return Err(BadPattern);
    }
    let mut matched = false;
    // The character that may begin a range.
    let mut low = None;
    while let Some(byte) = at(state.pattern).filter(|byte| *byte != b']') {
        let (mut this, width) = decode(rest(state.pattern));
        state.pattern += width;
        if let Some(low) = low.take_if(|_| byte == b'-' && !matches!(at(state.pattern), None | Some(b']'))) {
            state.pattern += usize::from(at(state.pattern) == Some(b'\\'));
            let (high, width) = decode(rest(state.pattern));
            state.pattern += width;
            matched = (low..=high).contains(&char);
        } else {
            if this == '\\' {
                let width;
                (this, width) = decode(rest(state.pattern));
                state.pattern += width;
            }
            matched = this == char;
            low = Some(this);
        }
        if matched {
            break;
        }
    }
    if matched == not {
        return if state.pattern >= pattern.len() { Err(BadPattern) } else { Ok(Step::Stop) };
    }
    let end = unquoted(rest(state.pattern), b']').ok_or(BadPattern)?;
    state.pattern += end + 1;
    state.name += char_width;
    Ok(Step::On)
}

fn literal(
    pattern: &[u8],
    name: &[u8],
    state: &mut State,
    segment_start: &mut bool,
) -> Result<Step, BadPattern> {
    let quoted = usize::from(pattern[state.pattern] == b'\\');
    if state.pattern + quoted >= pattern.len() {
        return Err(BadPattern);
    }
    let (char, width) = decode(&pattern[state.pattern + quoted..]);
    let (other, other_width) = decode(&name[state.name..]);
    if char != other {
        return Ok(Step::Stop);
    }
    state.pattern += quoted + width;
    state.name += other_width;
    *segment_start = char == '/';
    Ok(Step::On)
}

/// Lets the last star take one character more, or the last double star one folder.
fn go_back(name: &[u8], state: &mut State, segment_start: &mut bool) -> bool {
    if let Some(single) = &mut state.single {
        let (char, width) = decode(&name[single.name..]);
        if char != '/' {
            single.name += width;
            (state.pattern, state.name) = (single.pattern, single.name);
            *segment_start = false;
            return true;
        }
    }
    if let Some(double) = &mut state.double {
        state.name = name.len();
        if let Some(slash) = memchr::memchr(b'/', &name[double.name..]) {
            double.name += slash + 1;
            (state.pattern, state.name) = (double.pattern, double.name);
            *segment_start = true;
            return true;
        }
    }
    false
}

fn braces(pattern: &[u8], name: &[u8], state: State) -> Result<bool, BadPattern> {
    let (before, rest) = pattern.split_at(state.pattern);
    any_alternative(rest, |alternative, behind| {
        let expanded = [before, alternative, behind].concat();
        matches_from(&expanded, name, state)
    })
}

/// Calls `matches` with each alternative of the brace that `pattern` begins with, and what stands behind it.
fn any_alternative(
    pattern: &[u8],
    mut matches: impl FnMut(&[u8], &[u8]) -> Result<bool, BadPattern>,
) -> Result<bool, BadPattern> {
    let inside = &pattern[1..];
    let end = closing(inside).ok_or(BadPattern)?;
    let behind = &inside[end + 1..];
    let mut rest = &inside[..end];
    while let Some(comma) = next_comma(rest) {
        if matches(&rest[..comma], behind)? {
            return Ok(true);
        }
        rest = &rest[comma + 1..];
    }
    matches(rest, behind)
}

/// Whether what is left of a pattern can match nothing. `a/**` also matches `a`, which may be a folder.
fn matches_nothing(pattern: &[u8]) -> Result<bool, BadPattern> {
    if matches!(pattern, b"" | b"*" | b"**" | b"/**" | b"**/" | b"/**/") {
        return Ok(true);
    }
    if pattern[0] == b'{' {
        return any_alternative(pattern, |alternative, behind| {
            matches_nothing(&[alternative, behind].concat())
        });
    }
    if is_valid(pattern) { Ok(false) } else { Err(BadPattern) }
}

fn unquoted(pattern: &[u8], byte: u8) -> Option<usize> {
    unquoted_bytes(pattern).find(|(_, found)| *found == byte).map(|(at, _)| at)
}

/// Where the brace ends that was opened before `pattern`.
fn closing(pattern: &[u8]) -> Option<usize> {
    let mut depth = 1;
    unquoted_bytes(pattern).find_map(|(at, byte)| {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => (),
        }
        (depth == 0).then_some(at)
    })
}

/// The first comma that is not inside a brace.
fn next_comma(pattern: &[u8]) -> Option<usize> {
    let mut depth = 1;
    unquoted_bytes(pattern).find_map(|(at, byte)| {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => (),
        }
        (depth == 1 && byte == b',').then_some(at)
    })
}

fn unquoted_bytes(pattern: &[u8]) -> impl Iterator<Item = (usize, u8)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while pattern.get(at) == Some(&b'\\') {
            at += 2;
        }
        let byte = *pattern.get(at)?;
        at += 1;
        Some((at - 1, byte))
    })
}

fn is_valid(pattern: &[u8]) -> bool {
    let mut depth = 0usize;
    let mut at = 0;
    while let Some(byte) = pattern.get(at) {
        match byte {
            b'\\' => {
                at += 1;
                if at >= pattern.len() {
                    return false;
                }
            }
            b'[' => {
                at += 1;
                at += usize::from(matches!(pattern.get(at), Some(b'^' | b'!')));
                if matches!(pattern.get(at), None | Some(b']')) {
                    return false;
                }
                let Some(end) = unquoted(&pattern[at..], b']') else { return false };
                at += end;
            }
            b'{' => depth += 1,
            b'}' => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return false,
            },
            _ => (),
        }
        at += 1;
    }
    depth == 0
}
