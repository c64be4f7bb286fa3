use std::sync::Arc;

/// A half-open range of byte offsets, from 0, into the decoded text of one file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The span from `start` to `end`.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32 }
    }
    /// As a range, to slice text with.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
    /// The smallest span that holds both.
    pub fn join(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// Which of two trees a place is in, where two are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// The tree that is judged; the only one where nothing is compared.
    #[default]
    Head,
    /// The tree that it is compared with.
    Base,
}

/// A span in a named file of the tree.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Location {
    /// The file, relative to the tree's root.
    pub path: super::Path,
    /// Where in its decoded text.
    pub span: Span,
    /// Which tree. Whoever reads a tree takes it for the head; only who compares two knows better.
    pub side: Side,
}

impl Location {
    /// A location in `path` of the head.
    pub fn new(path: Arc<str>, span: Span) -> Self {
        Self { path, span, side: Side::Head }
    }

    /// The same place of the tree that the head is compared with.
    pub fn in_base(self) -> Self {
        Self { side: Side::Base, ..self }
    }

    /// The head of `path`, where nothing in it is to be pointed at.
    pub fn head(path: impl Into<super::Path>) -> Self {
        Self::new(path.into(), Span::default())
    }
}

/// Line and column, both from 1; columns count Unicode scalar values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

/// Where the lines of one text begin; made on demand, because most files are never reported on.
#[derive(Clone, Debug)]
pub struct Lines {
    starts: Vec<u32>,
}

impl Lines {
    /// Indexes `text`.
    pub fn new(text: &str) -> Self {
        let starts = std::iter::once(0)
            .chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|i| i as u32 + 1))
            .collect();
        Self { starts }
    }

    /// The line, from 1, that holds byte `offset`.
    pub fn line(&self, offset: u32) -> u32 {
        self.starts.partition_point(|&start| start <= offset) as u32
    }

    /// Line and column of byte `offset` of `text`, the text that was indexed.
    pub fn position(&self, text: &str, offset: u32) -> Position {
        let line = self.line(offset);
        let start = self.starts.get(line as usize - 1).copied().unwrap_or(0) as usize;
        let before = text.get(start..(offset as usize).min(text.len())).unwrap_or("");
        Position { line, column: before.chars().count() as u32 + 1 }
    }

    /// Byte offset at which `line` (from 1) starts; None behind the last line.
    pub fn start(&self, line: u32) -> Option<u32> {
        self.starts.get((line as usize).checked_sub(1)?).copied()
    }

    /// How many lines there are; a text that ends in a newline has an empty last one.
    pub fn count(&self) -> u32 {
        self.starts.len() as u32
    }
}
