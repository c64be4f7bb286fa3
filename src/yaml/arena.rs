//! The nodes of a file, side by side in one vector, and the builder that both parsers write into.

use super::typing::{self, Scalar, special_float};
use crate::files::Span;
use rustc_hash::FxHashMap;

/// What a node is, as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    Plain,
    Single,
    Double,
    Literal,
    Folded,
    Map,
    Seq,
    Alias,
}

impl Kind {
    pub(super) fn is_scalar(self) -> bool {
        (self as u8) < Kind::Map as u8
    }
}

/// The text is in the side buffer, not in the source.
pub(super) const SIDE: u8 = 1;
/// A collection in flow style.
pub(super) const FLOW: u8 = 2;
/// The node has an entry in the table of properties (an anchor or a tag).
pub(super) const PROPS: u8 = 4;
/// A number of a JSON text.
pub(super) const JSON: u8 = 8;
/// A mapping of up to [`FEW`] entries in which every key is a text that means itself: no two are equal, none merges, none
/// is an alias or has a tag. A look for a key may stop at the first, and needs no typing.
pub(super) const DISTINCT: u8 = 16;

/// Up to how many entries equal keys are looked for pair by pair.
pub(super) const FEW: usize = 16;

/// A node; 20 bytes. A subtree is contiguous: a collection is followed by its descendants in order of writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Raw {
    pub(super) kind: Kind,
    pub(super) flags: u8,
    /// Where the content starts, behind anchor and tag.
    pub(super) start: u32,
    pub(super) end: u32,
    /// Scalar: offset of its text. Collection: index of the node behind its subtree. Alias: index of its target.
    pub(super) a: u32,
    /// Scalar: length of its text. Collection: number of children (of a map: keys and values). Alias: 0.
    pub(super) b: u32,
}

/// Anchor and tag of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Props {
    /// The node they belong to.
    pub(super) node: u32,
    /// Where the first of them starts.
    pub(super) start: u32,
    /// The name of the anchor.
    pub(super) anchor: Option<Box<str>>,
    /// The tag, short (`!!str`).
    pub(super) tag: Option<Box<str>>,
}

/// Anchor and tag of a node that is about to be pushed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Properties<'p> {
    pub(super) start: u32,
    pub(super) anchor: Option<&'p str>,
    pub(super) tag: Option<&'p str>,
}

impl Properties<'_> {
    pub(super) fn any(&self) -> bool {
        self.anchor.is_some() || self.tag.is_some()
    }
}

/// A place to come back to when a document turns out to be unreadable.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    nodes: usize,
    side: usize,
    props: usize,
    comments: usize,
}

/// Collects the nodes of a file.
pub(super) struct Builder<'t> {
    pub(super) text: &'t str,
    pub(super) nodes: Vec<Raw>,
    pub(super) side: String,
    pub(super) props: Vec<Props>,
    pub(super) comments: Vec<Span>,
    /// Collections that are not closed yet.
    open: Vec<u32>,
    /// Anchors of the current document.
    anchors: FxHashMap<Box<str>, u32>,
    /// The current document holds something that [`super::check`] must look at.
    pub(super) suspect: bool,
    /// Where the node that was last completed ends.
    last_end: u32,
}

impl<'t> Builder<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            text,
            nodes: Vec::with_capacity(text.len() / 14 + 4),
            side: String::new(),
            props: Vec::new(),
            comments: Vec::new(),
            open: Vec::new(),
            anchors: FxHashMap::default(),
            suspect: false,
            last_end: 0,
        }
    }

    pub(super) fn mark(&self) -> Mark {
        Mark {
            nodes: self.nodes.len(),
            side: self.side.len(),
            props: self.props.len(),
            comments: self.comments.len(),
        }
    }

    /// Starts a document.
    pub(super) fn begin(&mut self) {
        self.open.clear();
        self.anchors.clear();
        self.suspect = false;
    }

    /// Forgets everything since `mark`.
    pub(super) fn rewind(&mut self, mark: Mark) {
        self.nodes.truncate(mark.nodes);
        self.side.truncate(mark.side);
        self.props.truncate(mark.props);
        self.comments.truncate(mark.comments);
        self.begin();
    }

    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    /// Whether the innermost open collection is in flow style.
    pub(super) fn in_flow(&self) -> bool {
        self.open.last().is_some_and(|&open| self.nodes[open as usize].flags & FLOW != 0)
    }

    /// Whether the innermost open collection is a map.
    pub(super) fn in_map(&self) -> bool {
        self.open.last().is_some_and(|&open| self.nodes[open as usize].kind == Kind::Map)
    }

    /// Whether the next node is the key of a map entry.
    pub(super) fn at_key(&self) -> bool {
        self.open.last().is_some_and(|&open| {
            let node = &self.nodes[open as usize];
            node.kind == Kind::Map && node.b.is_multiple_of(2)
        })
    }

    /// Counts the next node as a child, and gives its index.
    #[inline]
    fn next(&mut self) -> u32 {
        if let Some(&open) = self.open.last() {
            self.nodes[open as usize].b += 1;
        }
        self.nodes.len() as u32
    }

    #[inline]
    pub(super) fn comment(&mut self, start: usize, end: usize) {
        self.comments.push(Span::new(start, end));
    }

    /// Looks at the text of a plain scalar: a few of them are refused later, depending on where they stand.
    #[inline]
    pub(super) fn note_plain(&mut self, text: &str, key: bool) {
        let odd = match text.as_bytes() {
            [] | [b'~'] | [b'<', b'<'] => key,
            [b'.' | b'+' | b'-', _, _, _, ..] if !key => text.len() <= 5 && special_float(text).is_some(),
            [b'n' | b'N', b'u' | b'U', _, _] => key,
            [b'0'..=b'9' | b'+', ..] => key && text.len() > 10,
            _ => false,
        };
        self.suspect |= odd;
    }

    /// Notes the properties of the node that is pushed next; its flag.
    #[cold]
    pub(super) fn properties(&mut self, properties: Properties<'_>) -> u8 {
        let node = self.nodes.len() as u32;
        if let Some(anchor) = properties.anchor {
            self.anchors.insert(anchor.into(), node);
        }
        self.suspect |= properties.tag.is_some();
        self.props.push(Props {
            node,
            start: properties.start,
            anchor: properties.anchor.map(Into::into),
            tag: properties.tag.map(Into::into),
        });
        PROPS
    }

    /// A scalar whose text stands in the source as it is.
    #[inline]
    pub(super) fn scalar(&mut self, kind: Kind, flags: u8, span: (usize, usize), text: (usize, usize)) {
        self.next();
        self.last_end = span.1 as u32;
        self.nodes.push(Raw {
            kind,
            flags,
            start: span.0 as u32,
            end: span.1 as u32,
            a: text.0 as u32,
            b: (text.1 - text.0) as u32,
        });
    }

    /// A scalar whose text was appended to the side buffer from `from` on.
    #[inline]
    pub(super) fn side_scalar(&mut self, kind: Kind, flags: u8, span: (usize, usize), from: usize) {
        let to = self.side.len();
        self.scalar(kind, flags | SIDE, span, (from, to));
    }

    #[inline]
    pub(super) fn open(&mut self, kind: Kind, flags: u8, start: usize) {
        let node = self.next();
        self.open.push(node);
        self.nodes.push(Raw { kind, flags, start: start as u32, end: start as u32, a: 0, b: 0 });
    }

    #[inline]
    pub(super) fn close(&mut self, end: usize) {
        let behind = self.nodes.len() as u32;
        self.last_end = end as u32;
        if let Some(open) = self.open.pop() {
            let distinct = self.has_distinct_keys(open as usize);
            let node = &mut self.nodes[open as usize];
            node.end = end as u32;
            node.a = behind;
            node.flags |= if distinct { DISTINCT } else { 0 };
        }
    }

    /// See [`DISTINCT`].
    fn has_distinct_keys(&self, map: usize) -> bool {
        let count = self.nodes[map].b as usize / 2;
        if self.nodes[map].kind != Kind::Map || count > FEW {
            return false;
        }
        let mut keys = [""; FEW];
        let mut at = map + 1;
        for entry in 0..count {
            let (key, value) = (&self.nodes[at], &self.nodes[at + 1]);
            if !key.kind.is_scalar() || key.flags & PROPS != 0 {
                return false;
            }
            let source: &str = if key.flags & SIDE != 0 { &self.side } else { self.text };
            let text = &source[key.a as usize..(key.a + key.b) as usize];
            let means_itself = key.kind != Kind::Plain || matches!(typing::resolve(text), Scalar::Str(_));
            if !means_itself || text == "<<" || keys[..entry].contains(&text) {
                return false;
            }
            keys[entry] = text;
            at = if matches!(value.kind, Kind::Map | Kind::Seq) { value.a as usize } else { at + 2 };
        }
        true
    }

    /// Closes a block collection, which ends with its last child.
    #[inline]
    pub(super) fn close_block(&mut self) {
        self.close(self.last_end as usize);
    }

    /// An alias; false if nothing is anchored by that name.
    pub(super) fn alias(&mut self, name: &str, start: usize, end: usize) -> bool {
        let Some(&target) = self.anchors.get(name) else { return false };
        self.suspect = true;
        self.next();
        self.last_end = end as u32;
        self.nodes.push(Raw {
            kind: Kind::Alias,
            flags: 0,
            start: start as u32,
            end: end as u32,
            a: target,
            b: 0,
        });
        true
    }
}
