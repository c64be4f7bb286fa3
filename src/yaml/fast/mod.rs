//! One document by a parser of our own, several times as fast as libyaml.
//!
//! It goes by columns: a line is an entry of a list (`- `), an entry of a mapping (a key and `: `), or a scalar. It
//! either builds the nodes that libyaml would, or declines; then [`super::slow`] reads the document. It declines what
//! is rare or where the rules are subtle, and everything that is an error, so that errors are always libyaml's.

mod flow;
mod literal;
mod scalar;

use super::arena::{Builder, Kind, Properties};
use super::quoted::is_marker;
use super::slow::Parsed;
use memchr::memchr;

/// None: declined.
type Scan<T> = Option<T>;

/// Deeper nesting is declined; the parser recurses.
const MAX_DEPTH: u32 = 200;

/// Longer keys are declined; libyaml's limit is 1,024 characters.
const MAX_KEY: usize = 1000;

/// The column at the end of the text.
const AT_END: i32 = -1;

/// Reads the first document of `text[start..end]`; with `newline`, the end counts as the end of a line.
pub(super) fn document(b: &mut Builder<'_>, start: usize, end: usize, newline: bool) -> Scan<Parsed> {
    let text = b.text;
    let start = if text[start..end].starts_with('\u{feff}') { start + 3 } else { start };
    is_tame(&text.as_bytes()[start..end])?;
    let s = &text.as_bytes()[..end];
    let open_end = newline && s.last().is_some_and(|&last| last != b'\n');
    Scanner { s, text, b, pos: start, bol: start, depth: 0, open_end }.document(start)
}

/// Whether the characters are all of a kind that needs no special care: no control characters, no line breaks but
/// `\n` and `\r\n`, no byte order marks inside.
fn is_tame(bytes: &[u8]) -> Scan<()> {
    const BLOCK: usize = 64;
    let mut at = 0;
    while at < bytes.len() {
        let block = &bytes[at..(at + BLOCK).min(bytes.len())];
        let wild = block.iter().fold(false, |wild, &b| wild | ((b < 0x20) & (b != b'\n')) | (b >= 0x7f));
        if wild {
            for i in at..at + block.len() {
                if is_wild(&bytes[i..]) {
                    return None;
                }
            }
        }
        at += BLOCK;
    }
    Some(())
}

fn is_wild(bytes: &[u8]) -> bool {
    match bytes {
        [b'\n' | b'\t' | 0x20..0x7f, ..] | [b'\r', b'\n', ..] => false,
        [..0x20 | 0x7f, ..] => true,
        [0xC2, second, ..] => *second < 0xA0,
        [0xE2, 0x80, third, ..] => matches!(third, 0xA8 | 0xA9),
        [0xEF, 0xBB, third, ..] => *third == 0xBF,
        [0xEF, 0xBF, third, ..] => *third >= 0xBE,
        _ => false,
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

struct Scanner<'b, 't> {
    /// The text up to the end of the document's part.
    s: &'t [u8],
    text: &'t str,
    b: &'b mut Builder<'t>,
    /// The first byte of the current line that is not a blank.
    pos: usize,
    /// The start of the current line.
    bol: usize,
    depth: u32,
    /// The last line has no line break, and is to be read as if it had.
    open_end: bool,
}

impl Scanner<'_, '_> {
    /// The byte at `i`; the end of the text looks like the end of a line.
    #[inline(always)]
    fn at(&self, i: usize) -> u8 {
        self.s.get(i).copied().unwrap_or(b'\n')
    }

    #[inline(always)]
    fn space_at(&self, i: usize) -> bool {
        is_space(self.at(i))
    }

    /// The end of the line's content, and the start of the next line.
    #[inline]
    fn line(&self, i: usize) -> (usize, usize) {
        match memchr(b'\n', &self.s[i..]) {
            None => (self.s.len(), self.s.len()),
            Some(n) if n > 0 && self.s[i + n - 1] == b'\r' => (i + n - 1, i + n + 1),
            Some(n) => (i + n, i + n + 1),
        }
    }

    /// Records the comment at `i`; the start of the next line.
    fn comment(&mut self, i: usize) -> usize {
        let (end, next) = self.line(i);
        self.b.comment(i, end);
        next
    }

    /// From the start of a line to the first content, over blank lines and comments: its column, or [`AT_END`].
    #[inline]
    fn next_content(&mut self, mut i: usize) -> Scan<i32> {
        loop {
            let bol = i;
            while i < self.s.len() && self.s[i] == b' ' {
                i += 1;
            }
            match self.s.get(i) {
                None => {
                    (self.pos, self.bol) = (self.s.len(), self.s.len());
                    return Some(AT_END);
                }
                Some(b'\n') => i += 1,
                Some(b'\r') => i += 2,
                Some(b'#') => i = self.comment(i),
                Some(b'\t') => return None,
                Some(_) => {
                    (self.pos, self.bol) = (i, bol);
                    return Some((i - bol) as i32);
                }
            }
        }
    }

    /// Behind the last thing of a line: the start of the next one.
    #[inline]
    fn finish_line(&mut self, start: usize) -> Scan<usize> {
        let mut i = start;
        while i < self.s.len() && matches!(self.s[i], b' ' | b'\t') {
            i += 1;
        }
        match self.s.get(i) {
            None => Some(i),
            Some(b'\n') => Some(i + 1),
            Some(b'\r') => Some(i + 2),
            Some(b'#') if i > start => Some(self.comment(i)),
            Some(_) => None,
        }
    }

    #[inline]
    fn marker_at(&self, i: usize) -> bool {
        is_marker(&self.s[i..])
    }

    #[inline]
    fn dash_at(&self, i: usize) -> bool {
        self.at(i) == b'-' && self.space_at(i + 1)
    }

    fn document(mut self, start: usize) -> Scan<Parsed> {
        let root = self.b.nodes.len() as u32;
        let mut col = self.next_content(start)?;
        if col == AT_END {
            return Some(Parsed { root: None, end: self.s.len() });
        }
        if col == 0 && self.marker_at(self.pos) {
            if self.s[self.pos] == b'.' {
                return None;
            }
            let next = self.finish_line(self.pos + 3)?;
            col = self.next_content(next)?;
        }
        if col == AT_END || col == 0 && self.marker_at(self.pos) {
            self.null(self.pos, 0);
        } else {
            let next = self.block(col, -1, 0)?;
            col = self.next_content(next)?;
        }
        let end = match self.s.get(self.pos) {
            None => self.s.len(),
            Some(_) if col != 0 || !self.marker_at(self.pos) => return None,
            Some(b'.') => self.pos + 3,
            Some(_) => self.pos,
        };
        Some(Parsed { root: Some(root), end })
    }

    /// The block node whose first byte is at `pos`, in column `col`, inside a collection in column `parent`. Gives the
    /// start of the line behind it.
    fn block(&mut self, col: i32, parent: i32, flags: u8) -> Scan<usize> {
        if self.depth >= MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let next = if self.dash_at(self.pos) {
            self.seq(col, flags)
        } else if matches!(self.s[self.pos], b'&' | b'!') && flags == 0 {
            let (flags, end) = self.properties(self.pos)?;
            self.behind_properties(end, parent, flags)
        } else if let Some(key) = self.find_key(self.pos)? {
            self.map(col, key, flags)
        } else {
            self.scalar(self.pos, parent, flags)
        };
        self.depth -= 1;
        next
    }

    /// If a key starts at `i`: its end, and its colon.
    #[inline]
    fn find_key(&self, i: usize) -> Scan<Option<(usize, usize)>> {
        let key = match self.s[i] {
            quote @ (b'"' | b'\'') => self.quoted_key(i, quote),
            b'*' => self.alias_key(i)?,
            b'|' | b'>' | b'[' | b'{' => None,
            b'&' | b'!' | b'%' | b'@' | b'`' | b',' | b']' | b'}' | b'#' => return None,
            b'?' | b':' if self.space_at(i + 1) => return None,
            _ => self.plain_key(i),
        };
        match key {
            Some((_, colon)) if colon - i > MAX_KEY => None,
            key => Some(key),
        }
    }

    #[inline]
    fn plain_key(&self, i: usize) -> Option<(usize, usize)> {
        let mut j = i + 1;
        loop {
            match *self.s.get(j)? {
                b':' if self.space_at(j + 1) => break,
                b'\n' | b'\r' => return None,
                b'#' if matches!(self.s[j - 1], b' ' | b'\t') => return None,
                _ => j += 1,
            }
        }
        let mut end = j;
        while matches!(self.s[end - 1], b' ' | b'\t') {
            end -= 1;
        }
        Some((end, j))
    }

    fn quoted_key(&self, i: usize, quote: u8) -> Option<(usize, usize)> {
        let mut j = i + 1;
        loop {
            match *self.s.get(j)? {
                b'\n' => return None,
                b'\\' if quote == b'"' && self.space_at(j + 1) => j += 1,
                b'\\' if quote == b'"' => j += 2,
                b'\'' if quote == b'\'' && self.at(j + 1) == b'\'' => j += 2,
                byte if byte == quote => break,
                _ => j += 1,
            }
        }
        let end = j + 1;
        let mut colon = end;
        while self.at(colon) == b' ' {
            colon += 1;
        }
        (self.s.get(colon) == Some(&b':') && self.space_at(colon + 1)).then_some((end, colon))
    }

    /// An alias as a key is declined.
    fn alias_key(&self, i: usize) -> Scan<Option<(usize, usize)>> {
        let mut j = self.name_end(i + 1)?;
        while self.at(j) == b' ' {
            j += 1;
        }
        if self.at(j) == b':' { None } else { Some(None) }
    }

    /// The end of the name of an anchor or alias.
    fn name_end(&self, start: usize) -> Scan<usize> {
        let mut i = start;
        while self.at(i).is_ascii_alphanumeric() || matches!(self.at(i), b'_' | b'-') {
            i += 1;
        }
        (i > start).then_some(i)
    }

    #[inline]
    fn key(&mut self, i: usize, end: usize) -> Scan<()> {
        match self.s[i] {
            b'"' => self.quoted_line(Kind::Double, i, end, 0),
            b'\'' => self.quoted_line(Kind::Single, i, end, 0),
            _ => {
                self.b.note_plain(&self.text[i..end], true);
                self.b.scalar(Kind::Plain, 0, (i, end), (i, end));
                Some(())
            }
        }
    }

    #[inline]
    fn null(&mut self, at: usize, flags: u8) {
        self.b.scalar(Kind::Plain, flags, (at, at), (at, at));
    }

    fn map(&mut self, col: i32, mut key: (usize, usize), flags: u8) -> Scan<usize> {
        self.b.open(Kind::Map, flags, self.pos);
        loop {
            let (end, colon) = key;
            self.key(self.pos, end)?;
            let next = self.value(colon + 1, col, true)?;
            let column = self.next_content(next)?;
            if column < col || column == 0 && self.marker_at(self.pos) {
                break;
            }
            if column > col || self.dash_at(self.pos) {
                return None;
            }
            key = self.find_key(self.pos)??;
        }
        self.b.close_block();
        Some(self.bol)
    }

    fn seq(&mut self, col: i32, flags: u8) -> Scan<usize> {
        self.b.open(Kind::Seq, flags, self.pos);
        loop {
            let next = self.value(self.pos + 1, col, false)?;
            let column = self.next_content(next)?;
            if column < col {
                break;
            }
            if column > col {
                return None;
            }
            if !self.dash_at(self.pos) {
                break; // the end of a list that is not indented; the mapping around it looks at the line
            }
        }
        self.b.close_block();
        Some(self.bol)
    }

    /// What follows a colon or dash, whose next byte is at `i`, in a collection in column `col`.
    #[inline]
    fn value(&mut self, i: usize, col: i32, in_map: bool) -> Scan<usize> {
        let mut at = i;
        while at < self.s.len() && (self.s[at] == b' ' || in_map && self.s[at] == b'\t') {
            at += 1;
        }
        let first = self.at(at);
        let (mut flags, mut empty) = (0, i);
        if matches!(first, b'&' | b'!') {
            (flags, empty) = self.properties(at)?;
            at = empty;
            while at < self.s.len() && self.s[at] == b' ' {
                at += 1;
            }
        }
        let next = match self.at(at) {
            b'\n' => at + 1,
            b'\r' => at + 2,
            b'#' if at > i => self.comment(at),
            b'\t' => return None,
            _ => return self.inline_value(at, col, in_map, flags),
        };
        let column = self.next_content(next.min(self.s.len()))?;
        if column > col {
            return self.block(column, col, flags);
        }
        if in_map && column == col && self.dash_at(self.pos) {
            return self.seq(col, flags);
        }
        self.null(empty, flags);
        Some(self.bol)
    }

    /// A value on the line of its colon or dash.
    #[inline]
    fn inline_value(&mut self, at: usize, col: i32, in_map: bool, flags: u8) -> Scan<usize> {
        if in_map {
            return self.scalar(at, col, flags);
        }
        if flags != 0 {
            return self.behind_properties(at, col, flags);
        }
        let column = col + (at - self.pos) as i32;
        self.pos = at;
        self.block(column, col, 0)
    }

    /// A scalar or flow collection on the line of its anchor or tag, which belong to a key if there is one.
    fn behind_properties(&mut self, from: usize, parent: i32, flags: u8) -> Scan<usize> {
        let mut at = from;
        while self.at(at) == b' ' {
            at += 1;
        }
        if self.space_at(at) || self.dash_at(at) || self.find_key(at)?.is_some() {
            return None;
        }
        self.scalar(at, parent, flags)
    }

    /// The anchor and tag at `i`: the flag of the node, and where they end.
    #[cold]
    fn properties(&mut self, i: usize) -> Scan<(u8, usize)> {
        let text = self.text;
        let mut properties = Properties { start: i as u32, ..Properties::default() };
        let (mut at, mut end) = (i, i);
        loop {
            match self.at(at) {
                b'&' if properties.anchor.is_none() => {
                    end = self.name_end(at + 1)?;
                    properties.anchor = Some(&text[at + 1..end]);
                }
                b'!' if properties.tag.is_none() => {
                    end = self.tag_end(at)?;
                    properties.tag = Some(&text[at..end]);
                }
                b'&' | b'!' => return None,
                _ => break,
            }
            if !self.space_at(end) {
                return None;
            }
            at = end;
            while at < self.s.len() && self.s[at] == b' ' {
                at += 1;
            }
        }
        Some((self.b.properties(properties), end))
    }

    /// The end of a tag of the forms `!name` and `!!name`.
    fn tag_end(&self, start: usize) -> Scan<usize> {
        let name = start + if self.at(start + 1) == b'!' { 2 } else { 1 };
        let mut i = name;
        while self.at(i).is_ascii_alphanumeric() || matches!(self.at(i), b'_' | b'-' | b'.' | b'/' | b':') {
            i += 1;
        }
        (i > name && &self.s[start..i] != b"!!binary").then_some(i)
    }
}
