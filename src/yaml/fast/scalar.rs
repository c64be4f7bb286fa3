//! Plain and quoted scalars, and aliases.

use super::{Scan, Scanner, is_space};
use crate::yaml::arena::Kind;
use crate::yaml::quoted::unfold;
use memchr::{memchr, memchr2, memchr3};

impl Scanner<'_, '_> {
    /// A quoted scalar on one line.
    #[inline]
    pub(super) fn quoted_line(&mut self, kind: Kind, i: usize, end: usize, flags: u8) -> Scan<()> {
        let body = &self.text[i + 1..end - 1];
        let escape = if kind == Kind::Double { b'\\' } else { b'\'' };
        if memchr(escape, body.as_bytes()).is_none() {
            self.b.scalar(kind, flags, (i, end), (i + 1, end - 1));
            return Some(());
        }
        self.unfolded(kind, i, end, flags)
    }

    fn unfolded(&mut self, kind: Kind, i: usize, end: usize, flags: u8) -> Scan<()> {
        let side = self.b.side.len();
        unfold(&self.text[i + 1..end - 1], kind, &mut self.b.side)?;
        self.b.side_scalar(kind, flags, (i, end), side);
        Some(())
    }

    /// The scalar, alias or flow collection at `i`, inside a block collection in column `parent`.
    #[inline]
    pub(super) fn scalar(&mut self, i: usize, parent: i32, flags: u8) -> Scan<usize> {
        match self.s[i] {
            b'"' | b'\'' => {
                let end = self.quoted(i, flags)?;
                self.finish_line(end)
            }
            b'|' | b'>' => self.block_scalar(i, parent, flags),
            b'[' | b'{' => {
                let end = self.flow(i, flags)?;
                self.finish_line(end)
            }
            b'*' => {
                let end = self.alias(i, flags)?;
                self.finish_line(end)
            }
            b'&' | b'!' | b'%' | b'@' | b'`' | b',' | b']' | b'}' | b'#' => None,
            b'-' | b'?' | b':' if self.space_at(i + 1) => None,
            _ => self.plain(i, parent, flags),
        }
    }

    pub(super) fn alias(&mut self, i: usize, flags: u8) -> Scan<usize> {
        let end = self.name_end(i + 1)?;
        let ends = self.space_at(end) || matches!(self.at(end), b',' | b']' | b'}');
        (flags == 0 && ends && self.b.alias(&self.text[i + 1..end], i, end)).then_some(end)
    }

    /// A quoted scalar, perhaps over several lines; gives its end.
    pub(super) fn quoted(&mut self, i: usize, flags: u8) -> Scan<usize> {
        let (mut j, mut broken) = (i + 1, false);
        let kind = if self.s[i] == b'"' { Kind::Double } else { Kind::Single };
        if kind == Kind::Double {
            loop {
                j += memchr3(b'"', b'\\', b'\n', self.s.get(j..)?)?;
                match self.s[j] {
                    b'"' => break,
                    b'\\' => {
                        broken |= matches!(self.at(j + 1), b'\n' | b'\r');
                        j += 2;
                    }
                    _ => {
                        broken = true;
                        j += 1;
                    }
                }
            }
        } else {
            loop {
                j += memchr2(b'\'', b'\n', self.s.get(j..)?)?;
                if self.s[j] == b'\n' {
                    broken = true;
                    j += 1;
                } else if self.at(j + 1) == b'\'' {
                    j += 2;
                } else {
                    break;
                }
            }
        }
        match broken {
            true => self.unfolded(kind, i, j + 1, flags)?,
            false => self.quoted_line(kind, i, j + 1, flags)?,
        }
        Some(j + 1)
    }

    /// The part of a plain scalar that is on the line of `i`: its end, the start of the next line, and whether a comment
    /// follows.
    #[inline]
    fn plain_line(&self, i: usize) -> Scan<(usize, usize, Option<usize>)> {
        let mut j = i;
        let (mut end, next, comment) = loop {
            let Some(found) = memchr3(b'\n', b':', b'#', &self.s[j..]) else {
                break (self.s.len(), self.s.len(), None);
            };
            j += found;
            match self.s[j] {
                b'\n' => break (j, j + 1, None),
                b':' if self.space_at(j + 1) => return None,
                b'#' if j > i && matches!(self.s[j - 1], b' ' | b'\t') => break (j, j, Some(j)),
                _ => j += 1,
            }
        };
        while end > i && is_space(self.s[end - 1]) {
            end -= 1;
        }
        Some((end, next, comment))
    }

    #[inline]
    fn plain(&mut self, i: usize, parent: i32, flags: u8) -> Scan<usize> {
        let (end, next, comment) = self.plain_line(i)?;
        if let Some(comment) = comment {
            self.plain_scalar(i, end, flags);
            return Some(self.comment(comment));
        }
        match self.continuation(next, parent)? {
            None => {
                self.plain_scalar(i, end, flags);
                Some(next)
            }
            Some(more) => self.plain_lines(i, end, more, parent, flags),
        }
    }

    #[inline]
    fn plain_scalar(&mut self, i: usize, end: usize, flags: u8) {
        self.b.note_plain(&self.text[i..end], false);
        self.b.scalar(Kind::Plain, flags, (i, end), (i, end));
    }

    /// Whether a plain scalar goes on behind the line break before `next`: where, and behind how many blank lines.
    #[inline]
    fn continuation(&self, next: usize, parent: i32) -> Scan<Option<(usize, usize)>> {
        let (mut i, mut blank) = (next, 0);
        loop {
            let bol = i;
            while i < self.s.len() && self.s[i] == b' ' {
                i += 1;
            }
            match self.s.get(i) {
                None => return Some(None),
                Some(b'\n') => i += 1,
                Some(b'\r') => i += 2,
                Some(b'\t') => return None,
                Some(b'#') => return Some(None),
                Some(_) if (i - bol) as i32 <= parent => return Some(None),
                Some(_) if i == bol && self.marker_at(i) => return Some(None),
                Some(_) => return Some(Some((i, blank))),
            }
            blank += 1;
        }
    }

    fn plain_lines(
        &mut self,
        i: usize,
        first_end: usize,
        mut more: (usize, usize),
        parent: i32,
        flags: u8,
    ) -> Scan<usize> {
        let side = self.b.side.len();
        self.b.side.push_str(&self.text[i..first_end]);
        loop {
            let (from, blank) = more;
            match blank {
                0 => self.b.side.push(' '),
                _ => self.b.side.extend(std::iter::repeat_n('\n', blank)),
            }
            let (end, next, comment) = self.plain_line(from)?;
            self.b.side.push_str(&self.text[from..end]);
            let goes_on = if comment.is_some() { None } else { self.continuation(next, parent)? };
            if let Some(next) = goes_on {
                more = next;
                continue;
            }
            self.b.side_scalar(Kind::Plain, flags, (i, end), side);
            return Some(comment.map_or(next, |comment| self.comment(comment)));
        }
    }
}
