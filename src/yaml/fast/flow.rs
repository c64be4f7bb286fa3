//! Flow collections, `[…]` and `{…}`. libyaml does not look at indentation inside.

use super::{MAX_DEPTH, MAX_KEY, Scan, Scanner};
use crate::yaml::arena::{FLOW, Kind};

impl Scanner<'_, '_> {
    /// The flow collection at `i`; gives its end.
    pub(super) fn flow(&mut self, i: usize, flags: u8) -> Scan<usize> {
        if self.depth >= MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let end = if self.s[i] == b'[' { self.flow_seq(i, flags) } else { self.flow_map(i, flags) };
        self.depth -= 1;
        end
    }

    fn flow_seq(&mut self, start: usize, flags: u8) -> Scan<usize> {
        self.b.open(Kind::Seq, flags | FLOW, start);
        let mut i = self.flow_space(start + 1)?;
        while self.s[i] != b']' {
            let end = self.flow_node(i)?;
            i = self.flow_separator(end, b']')?;
        }
        self.b.close(i + 1);
        Some(i + 1)
    }

    fn flow_map(&mut self, start: usize, flags: u8) -> Scan<usize> {
        self.b.open(Kind::Map, flags | FLOW, start);
        let mut i = self.flow_space(start + 1)?;
        while self.s[i] != b'}' {
            let end = self.flow_entry(i)?;
            i = self.flow_separator(end, b'}')?;
        }
        self.b.close(i + 1);
        Some(i + 1)
    }

    /// Behind an item: over a comma to the next item, or to the closing bracket.
    fn flow_separator(&mut self, i: usize, close: u8) -> Scan<usize> {
        let i = self.flow_space(i)?;
        match self.s[i] {
            b',' => self.flow_space(i + 1),
            byte if byte == close => Some(i),
            _ => None,
        }
    }

    /// Over blanks, line breaks and comments to the next character.
    fn flow_space(&mut self, mut i: usize) -> Scan<usize> {
        loop {
            match self.s.get(i)? {
                b' ' | b'\t' => {
                    i += 1;
                    continue;
                }
                b'\n' => i += 1,
                b'\r' => i += 2,
                b'#' if self.space_at(i - 1) => i = self.comment(i),
                b'#' => return None,
                _ => return Some(i),
            }
            if self.marker_at(i) {
                return None;
            }
        }
    }

    fn flow_entry(&mut self, i: usize) -> Scan<usize> {
        let end = self.flow_key(i)?;
        let mut colon = end;
        while self.at(colon) == b' ' {
            colon += 1;
        }
        match self.at(colon) {
            b':' if colon - i <= MAX_KEY => {
                let value = self.flow_space(colon + 1)?;
                if matches!(self.s[value], b',' | b'}') {
                    self.null(value, 0);
                    return Some(value);
                }
                self.flow_node(value)
            }
            b',' | b'}' => {
                self.null(colon, 0);
                Some(colon)
            }
            _ => None,
        }
    }

    /// A key, on one line.
    fn flow_key(&mut self, i: usize) -> Scan<usize> {
        match self.s[i] {
            b'"' | b'\'' => {
                let end = self.quoted(i, 0)?;
                if memchr::memchr(b'\n', &self.s[i..end]).is_some() { None } else { Some(end) }
            }
            b'[' | b'{' | b'&' | b'*' | b'!' => None,
            _ => self.flow_plain(i, 0, true),
        }
    }

    fn flow_node(&mut self, i: usize) -> Scan<usize> {
        match self.s[i] {
            b'[' | b'{' => self.flow(i, 0),
            b'"' | b'\'' => self.quoted(i, 0),
            b'*' => self.alias(i, 0),
            b'&' | b'!' => {
                let (flags, end) = self.properties(i)?;
                let mut at = end;
                while self.at(at) == b' ' {
                    at += 1;
                }
                match self.s.get(at)? {
                    b'[' | b'{' => self.flow(at, flags),
                    b'"' | b'\'' => self.quoted(at, flags),
                    _ => self.flow_plain(at, flags, false),
                }
            }
            _ => self.flow_plain(i, 0, false),
        }
    }

    fn flow_plain(&mut self, i: usize, flags: u8, key: bool) -> Scan<usize> {
        match self.s[i] {
            b',' | b']' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'%' | b'@' | b'`' | b'?'
            | b':' => {
                return None;
            }
            b'-' if self.space_at(i + 1) || matches!(self.at(i + 1), b',' | b'[' | b']' | b'{' | b'}') => {
                return None;
            }
            b'\n' | b'\r' | b'\t' => return None,
            _ => (),
        }
        let mut j = i + 1;
        loop {
            match *self.s.get(j)? {
                b',' | b'[' | b']' | b'{' | b'}' => break,
                b'\n' | b'\r' => {
                    self.ends_line(j)?;
                    break;
                }
                b':' if self.space_at(j + 1) => break,
                b':' if matches!(self.at(j + 1), b',' | b'[' | b']' | b'{' | b'}' | b'?') => return None,
                b'?' => return None,
                b'#' if matches!(self.s[j - 1], b' ' | b'\t') => break,
                _ => j += 1,
            }
        }
        while matches!(self.s[j - 1], b' ' | b'\t') {
            j -= 1;
        }
        self.b.note_plain(&self.text[i..j], key);
        self.b.scalar(Kind::Plain, flags, (i, j), (i, j));
        Some(j)
    }

    /// Declines a plain scalar that goes on behind the line break at `i`.
    fn ends_line(&self, i: usize) -> Scan<()> {
        let next = self.s[i..].iter().find(|&&byte| !super::is_space(byte))?;
        matches!(next, b',' | b']' | b'}').then_some(())
    }
}
