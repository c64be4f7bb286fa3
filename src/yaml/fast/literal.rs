//! Block scalars, `|` and `>`.

use super::{Scan, Scanner};
use crate::yaml::arena::Kind;
use crate::yaml::slow::block_span;

/// What becomes of the line breaks at the end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chomp {
    Strip,
    Clip,
    Keep,
}

impl Scanner<'_, '_> {
    /// The block scalar at `i`, inside a collection in column `parent`; gives the start of the line behind it.
    pub(super) fn block_scalar(&mut self, i: usize, parent: i32, flags: u8) -> Scan<usize> {
        let kind = if self.s[i] == b'>' { Kind::Folded } else { Kind::Literal };
        let (chomp, explicit, header_end) = self.header(i + 1)?;
        let body = self.finish_line(header_end)?;
        let indent = match explicit {
            Some(explicit) => parent.max(0) as usize + explicit,
            None => self.indentation(body, parent)?,
        };
        let side = self.b.side.len();
        let (end, blank, broken) = match kind {
            Kind::Folded => self.folded(body, indent)?,
            _ => self.literal(body, indent)?,
        };
        if chomp != Chomp::Strip && broken {
            self.b.side.push('\n');
        }
        if chomp == Chomp::Keep {
            self.breaks(blank);
        }
        let span = block_span(self.text, i, end);
        self.b.side_scalar(kind, flags, span, side);
        Some(end)
    }

    fn header(&self, start: usize) -> Scan<(Chomp, Option<usize>, usize)> {
        let (mut chomp, mut indent, mut i) = (None, None, start);
        loop {
            match self.at(i) {
                b'-' if chomp.is_none() => chomp = Some(Chomp::Strip),
                b'+' if chomp.is_none() => chomp = Some(Chomp::Keep),
                digit @ b'1'..=b'9' if indent.is_none() => indent = Some(usize::from(digit - b'0')),
                _ if self.space_at(i) => return Some((chomp.unwrap_or(Chomp::Clip), indent, i)),
                _ => return None,
            }
            i += 1;
        }
    }

    /// The column of the first line with content; huge where nothing belongs to the scalar.
    fn indentation(&self, body: usize, parent: i32) -> Scan<usize> {
        let (mut i, mut deepest_blank) = (body, 0);
        loop {
            let bol = i;
            while i < self.s.len() && self.s[i] == b' ' {
                i += 1;
            }
            let column = i - bol;
            match self.s.get(i) {
                None => return Some(usize::MAX),
                Some(b'\n') => i += 1,
                Some(b'\r') => i += 2,
                Some(b'\t') => return None,
                Some(_) if column as i32 <= parent => return Some(usize::MAX),
                Some(_) if column == 0 || deepest_blank > column => return None,
                Some(_) => return Some(column),
            }
            deepest_blank = deepest_blank.max(column);
        }
    }

    fn breaks(&mut self, count: usize) {
        self.b.side.extend(std::iter::repeat_n('\n', count));
    }

    /// The next line that has content or ends the scalar, from the start of a line on: where its content starts, or where
    /// the ending line starts, and how many blank lines come before.
    #[inline]
    fn next_line(&self, start: usize, indent: usize) -> Scan<(Result<usize, usize>, usize)> {
        let (mut bol, mut blank) = (start, 0);
        loop {
            let limit = bol.saturating_add(indent).min(self.s.len());
            let mut i = bol;
            while i < limit && self.s[i] == b' ' {
                i += 1;
            }
            match self.s.get(i) {
                None => {
                    let unfinished = self.open_end && i > bol;
                    return Some((Err(i), blank + usize::from(unfinished)));
                }
                Some(b'\n') => bol = i + 1,
                Some(b'\r') => bol = i + 2,
                Some(b'\t') if i - bol < indent => return None,
                Some(_) if i - bol < indent => return Some((Err(bol), blank)),
                Some(_) => return Some((Ok(i), blank)),
            }
            blank += 1;
        }
    }

    /// Appends the lines. Gives the start of the line behind, how many blank lines come before it, and whether the last
    /// line with content ends in a line break.
    fn literal(&mut self, body: usize, indent: usize) -> Scan<(usize, usize, bool)> {
        let (mut at, mut any, mut broken) = (body, false, false);
        loop {
            let (next, blank) = self.next_line(at, indent)?;
            let start = match next {
                Ok(start) => start,
                Err(end) => return Some((end, blank, broken)),
            };
            self.breaks(blank + usize::from(any));
            let (end, next) = self.line(start);
            self.b.side.push_str(&self.text[start..end]);
            (at, any, broken) = (next, true, next > end || self.open_end);
        }
    }

    fn folded(&mut self, body: usize, indent: usize) -> Scan<(usize, usize, bool)> {
        let (mut at, mut any, mut broken, mut was_deeper) = (body, false, false, false);
        loop {
            let (next, blank) = self.next_line(at, indent)?;
            let start = match next {
                Ok(start) => start,
                Err(end) => return Some((end, blank, broken)),
            };
            let deeper = matches!(self.s[start], b' ' | b'\t');
            match (any && !was_deeper && !deeper, blank) {
                (true, 0) => self.b.side.push(' '),
                (true, _) => self.breaks(blank),
                (false, _) => self.breaks(blank + usize::from(any)),
            }
            let (end, next) = self.line(start);
            self.b.side.push_str(&self.text[start..end]);
            (at, any, broken, was_deeper) = (next, true, next > end || self.open_end, deeper);
        }
    }
}
