use super::arena::{DISTINCT, FLOW, JSON, Kind, PROPS, Props, Raw, SIDE};
use super::effective::{Entries, Written};
use super::file::{File, NodeId};
use super::typing::{self, Scalar, Tag};
use crate::files::Span;
use std::borrow::Cow;

/// A cursor at a node of a [`File`]. An alias stands for the node it refers to, except that [`Node::span`] and
/// [`Node::raw`] are the alias's own.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    file: &'a File,
    /// The node as written, perhaps an alias.
    written: u32,
    /// The node that counts.
    target: u32,
}

/// What Kubernetes makes of a node: go-yaml v2's typing by YAML 1.1, then the trip through JSON, which makes `1e3` an
/// integer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// `null`, `~`, or nothing.
    Null,
    /// `true`, and also `yes`, `on` and `y` without quotes.
    Bool(bool),
    /// An integer, whatever its notation: `0644` is 420.
    Int(i64),
    /// An integer above `i64::MAX`.
    UInt(u64),
    /// Any other number; finite.
    Float(f64),
    /// Text.
    Str(&'a str),
    /// A sequence.
    Seq,
    /// A mapping.
    Map,
}

/// How a node is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Style {
    /// A scalar without quotes.
    Plain,
    /// `'…'`
    Single,
    /// `"…"`
    Double,
    /// `|`
    Literal,
    /// `>`
    Folded,
    /// A mapping or sequence by indentation.
    Block,
    /// A mapping or sequence in braces or brackets.
    Flow,
}

/// One key and its value.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// The key as the text that JSON has for it: `yes:` is `true`, `0x10:` is `16`.
    pub key: Cow<'a, str>,
    /// The key as written.
    pub key_node: Node<'a>,
    /// The value.
    pub value: Node<'a>,
}

impl Entry<'_> {
    /// From the start of the key to the end of the value.
    pub fn span(&self) -> Span {
        self.key_node.span().join(self.value.span())
    }
}

impl<'a> Node<'a> {
    pub(super) fn new(file: &'a File, written: u32) -> Self {
        let raw = &file.nodes[written as usize];
        let target = if raw.kind == Kind::Alias { raw.a } else { written };
        Self { file, written, target }
    }

    #[inline]
    pub(super) fn target(self) -> &'a Raw {
        &self.file.nodes[self.target as usize]
    }

    /// The index as written.
    pub(super) fn index(self) -> u32 {
        self.written
    }

    pub(super) fn is_alias(self) -> bool {
        self.written != self.target
    }

    /// What [`File::node`] gives this node back for.
    pub fn id(self) -> NodeId {
        NodeId(self.written)
    }

    /// The file the node is in.
    pub fn file(self) -> &'a File {
        self.file
    }

    /// What Kubernetes makes of the node.
    pub fn value(self) -> Value<'a> {
        match self.target().kind {
            Kind::Map => Value::Map,
            Kind::Seq => Value::Seq,
            Kind::Plain if self.target().flags & JSON != 0 => typing::json_number(self.text()),
            Kind::Plain | Kind::Single | Kind::Double | Kind::Literal | Kind::Folded | Kind::Alias => {
                typing::after_json(self.scalar())
            }
        }
    }

    /// What go-yaml makes of a scalar.
    pub(super) fn scalar(self) -> Scalar<'a> {
        let raw = self.target();
        let text = self.text();
        if raw.flags & PROPS != 0
            && let Some(tag) = self.properties().and_then(|props| props.tag.as_deref())
        {
            return typing::resolve_tagged(Tag::of(tag), text).unwrap_or(Scalar::Str(text));
        }
        if raw.kind == Kind::Plain { typing::resolve(text) } else { Scalar::Str(text) }
    }

    /// The text of a scalar, whatever it is typed as; empty for a collection.
    pub fn text(self) -> &'a str {
        let raw = self.target();
        if !raw.kind.is_scalar() {
            return "";
        }
        let range = raw.a as usize..(raw.a + raw.b) as usize;
        let source: &'a str = if raw.flags & SIDE != 0 { &self.file.side } else { &self.file.text };
        &source[range]
    }

    /// The text, if Kubernetes sees a string.
    pub fn as_str(self) -> Option<&'a str> {
        match self.value() {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value, if Kubernetes sees one.
    pub fn as_bool(self) -> Option<bool> {
        match self.value() {
            Value::Bool(bool) => Some(bool),
            _ => None,
        }
    }

    /// The integer, if Kubernetes sees one that fits.
    pub fn as_i64(self) -> Option<i64> {
        match self.value() {
            Value::Int(int) => Some(int),
            _ => None,
        }
    }

    /// Whether Kubernetes sees nothing here.
    pub fn is_null(self) -> bool {
        self.value() == Value::Null
    }

    /// Whether this is a mapping.
    pub fn is_map(self) -> bool {
        self.target().kind == Kind::Map
    }

    /// Whether this is a sequence.
    pub fn is_seq(self) -> bool {
        self.target().kind == Kind::Seq
    }

    /// The value that counts for `key`: the last of several, merges (`<<`) applied in go-yaml v2's order. None for
    /// anything but a mapping. A look through the whole mapping: for many keys use [`Node::entries`].
    pub fn get(self, key: &str) -> Option<Node<'a>> {
        super::effective::find(self, key).map(|(_, value)| value)
    }

    /// Follows keys downwards.
    pub fn at(self, path: &[&str]) -> Option<Node<'a>> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The entry that counts for `key`; see [`Node::get`].
    pub fn entry(self, key: &str) -> Option<Entry<'a>> {
        let (key_node, value) = super::effective::find(self, key)?;
        Some(Entry { key: key_node.key(), key_node, value })
    }

    /// The entries that count: of equal keys the last, with merges applied, in the order of writing. What was merged
    /// stands where the `<<` stands, with its own nodes. Empty for anything but a mapping.
    pub fn entries(self) -> Entries<'a> {
        Entries::new(self)
    }

    /// The entries as written: equal keys, `<<` and all. Empty for anything but a mapping.
    pub fn written(self) -> Written<'a> {
        Written::new(self)
    }

    /// The items of a sequence; empty for anything else.
    pub fn items(self) -> Items<'a> {
        let count = if self.is_seq() { self.target().b } else { 0 };
        Items(Children { file: self.file, next: self.target + 1, left: count })
    }

    /// Whether every key of this mapping is a text that means itself, no two are equal and none merges another mapping.
    /// False also of a mapping with many entries, where nobody looked.
    pub fn has_distinct_keys(self) -> bool {
        self.target().flags & DISTINCT != 0
    }

    pub(super) fn children(self) -> Children<'a> {
        let count = if self.target().kind.is_scalar() { 0 } else { self.target().b };
        Children { file: self.file, next: self.target + 1, left: count }
    }

    /// How many items a sequence or entries that count a mapping has; 0 for a scalar.
    pub fn len(self) -> usize {
        if self.is_map() { self.entries().count() } else { self.items().count() }
    }

    /// Whether there are no items and no entries; true for a scalar.
    pub fn is_empty(self) -> bool {
        self.target().kind.is_scalar() || self.len() == 0
    }

    /// Where the node is written, without anchor and tag. Of an alias: the alias.
    pub fn span(self) -> Span {
        let raw = &self.file.nodes[self.written as usize];
        // libyaml ends an empty value behind an anchor before the place where it begins.
        Span { start: raw.start.min(raw.end), end: raw.end }
    }

    /// [`Node::span`] with the anchor and tag before it.
    pub fn full_span(self) -> Span {
        let span = self.span();
        let props = self.file.props_of(self.written);
        Span { start: props.map_or(span.start, |props| props.start), ..span }
    }

    /// How the node is written. Of an alias: how the node it refers to is.
    pub fn style(self) -> Style {
        let raw = self.target();
        match raw.kind {
            Kind::Plain | Kind::Alias => Style::Plain,
            Kind::Single => Style::Single,
            Kind::Double => Style::Double,
            Kind::Literal => Style::Literal,
            Kind::Folded => Style::Folded,
            Kind::Map | Kind::Seq if raw.flags & FLOW != 0 => Style::Flow,
            Kind::Map | Kind::Seq => Style::Block,
        }
    }

    /// The text as written, quotes and all.
    pub fn raw(self) -> &'a str {
        &self.file.text[self.span().range()]
    }

    /// The tag, such as `!!str`.
    pub fn tag(self) -> Option<&'a str> {
        self.properties()?.tag.as_deref()
    }

    /// The name of the anchor (`&name`), or, of an alias, the name it refers to.
    pub fn anchor(self) -> Option<&'a str> {
        self.properties()?.anchor.as_deref()
    }

    /// The name of the alias (`*name`) that stands here.
    pub fn alias(self) -> Option<&'a str> {
        if self.is_alias() { self.anchor() } else { None }
    }

    fn properties(self) -> Option<&'a Props> {
        self.file.props_of(self.target)
    }

    /// The text that JSON has for this node as a key.
    pub(super) fn key(self) -> Cow<'a, str> {
        match self.scalar() {
            Scalar::Str(text) => Cow::Borrowed(text),
            Scalar::Bool(true) => Cow::Borrowed("true"),
            Scalar::Bool(false) => Cow::Borrowed("false"),
            Scalar::Int(int) => Cow::Owned(int.to_string()),
            Scalar::UInt(int) => Cow::Owned(int.to_string()),
            Scalar::Float(float) => Cow::Owned(typing::float_key(float)),
            Scalar::Null => Cow::Borrowed("null"), // only in a document that is refused
        }
    }

    /// Whether this is a scalar of this text.
    #[inline]
    pub(super) fn has_text(self, text: &str) -> bool {
        self.target().b as usize == text.len() && self.text() == text
    }

    /// Whether this is the key that JSON has as `name`.
    #[inline]
    pub(super) fn is_named(self, name: &str) -> bool {
        let raw = self.target();
        if raw.kind != Kind::Plain && raw.flags & PROPS == 0 {
            return self.text() == name;
        }
        match self.text().as_bytes().first() {
            Some(b'a'..=b'e' | b'g'..=b'm' | b'p'..=b's' | b'u'..=b'x') if raw.flags & PROPS == 0 => {
                self.text() == name
            }
            _ => self.key() == name,
        }
    }

    /// Every node of the subtree as written, itself first; aliases are not followed.
    pub fn subtree(self) -> impl Iterator<Item = Node<'a>> {
        let raw = self.target();
        let end = if raw.kind.is_scalar() { self.target + 1 } else { raw.a };
        (self.target..end).map(move |index| Node::new(self.file, index))
    }

    /// Whether this is a key that merges its value into the mapping.
    pub(super) fn is_merge(self) -> bool {
        let raw = self.target();
        raw.b == 2
            && !self.is_alias()
            && raw.kind.is_scalar()
            && self.text() == "<<"
            && match self.tag() {
                None => raw.kind == Kind::Plain,
                Some(tag) => tag == "!" || Tag::of(tag) == Tag::Merge,
            }
    }
}

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node").field("span", &self.span()).field("value", &self.value()).finish()
    }
}

impl File {
    pub(super) fn props_of(&self, node: u32) -> Option<&Props> {
        if self.nodes[node as usize].flags & PROPS == 0 {
            return None;
        }
        let found = self.props.binary_search_by_key(&node, |props| props.node).ok()?;
        Some(&self.props[found])
    }
}

/// The items of a sequence; see [`Node::items`].
#[derive(Clone, Debug)]
pub struct Items<'a>(Children<'a>);

impl<'a> Iterator for Items<'a> {
    type Item = Node<'a>;
    fn next(&mut self) -> Option<Node<'a>> {
        self.0.next()
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for Items<'_> {}

/// The children of a collection.
#[derive(Clone)]
pub(super) struct Children<'a> {
    file: &'a File,
    next: u32,
    left: u32,
}

impl<'a> Children<'a> {
    /// None of `node`.
    pub(super) fn none(node: Node<'a>) -> Self {
        Self { file: node.file, next: node.target, left: 0 }
    }

    /// Just `node`.
    pub(super) fn one(node: Node<'a>) -> Self {
        Self { file: node.file, next: node.written, left: 1 }
    }
}

impl<'a> Iterator for Children<'a> {
    type Item = Node<'a>;
    fn next(&mut self) -> Option<Node<'a>> {
        self.left = self.left.checked_sub(1)?;
        let index = self.next;
        let raw = &self.file.nodes[index as usize];
        self.next = if matches!(raw.kind, Kind::Map | Kind::Seq) { raw.a } else { index + 1 };
        Some(Node::new(self.file, index))
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

impl std::fmt::Debug for Children<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} children", self.left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_root(text: &str, test: impl FnOnce(Node<'_>)) {
        let file = File::single(text.into());
        test(file.node(file.documents()[0].root().expect(text)));
    }

    #[test]
    fn the_last_of_equal_keys_counts() {
        with_root("a: 1\nyes: 2\n\"a\": 3\n'true': 4\n1: 5\n1.0: 6\n", |root| {
            let keys: Vec<_> = root.entries().map(|entry| entry.key.into_owned()).collect();
            assert_eq!(keys, ["a", "true", "1"]);
            assert_eq!(root.get("a").and_then(Node::as_i64), Some(3));
            assert_eq!(root.get("true").and_then(Node::as_i64), Some(4));
            assert_eq!(root.get("1").and_then(Node::as_i64), Some(6));
            assert_eq!((root.get("yes").is_none(), root.written().len(), root.len()), (true, 6, 3));
        });
    }

    #[test]
    fn merges_apply_where_they_stand() {
        let text = "a: &a {k: 1, l: 1}\nb: {k: 2, <<: *a}\nc: {<<: *a, k: 2}\nd: {<<: [{k: 3}, *a, {m: 4}]}\ne: {\"<<\": *a}\n";
        with_root(text, |root| {
            let at = |path: &[&str]| root.at(path).and_then(Node::as_i64);
            assert_eq!((at(&["b", "k"]), at(&["c", "k"]), at(&["d", "k"])), (Some(1), Some(2), Some(3)));
            assert_eq!(
                (at(&["d", "l"]), at(&["d", "m"]), at(&["e", "<<", "k"])),
                (Some(1), Some(4), Some(1))
            );
            let merged = root.get("d").expect("d").entries().map(|entry| entry.key).collect::<Vec<_>>();
            assert_eq!(merged, ["m", "l", "k"]);
        });
    }

    #[test]
    fn aliases_and_properties() {
        with_root("a: &x !!str 5\nb: *x\nc: ! '5'\nd: !u {e: 1}\n", |root| {
            let (a, b) = (root.get("a").expect("a"), root.get("b").expect("b"));
            assert_eq!(
                (a.value(), a.tag(), a.anchor(), a.alias()),
                (Value::Str("5"), Some("!!str"), Some("x"), None)
            );
            assert_eq!((b.value(), b.raw(), b.alias()), (Value::Str("5"), "*x", Some("x")));
            assert_eq!((a.raw(), a.full_span()), ("5", Span { start: 3, end: 13 }));
            assert_eq!(root.get("c").map(Node::value), Some(Value::Str("5")));
            assert_eq!(root.get("d").and_then(Node::tag), Some("!u"));
        });
        with_root("a: &x:1\nb: [&y, *x]\n", |root| {
            assert_eq!(root.get("a").map(|a| (a.raw(), a.anchor())), Some((":1", Some("x"))));
            assert_eq!(root.to_json().to_string(), r#"{"a":":1","b":[null,":1"]}"#);
        });
    }

    #[test]
    fn spans_and_styles() {
        let text = "m:\n  k: v # c\n  l: |\n    x\n\n  f: [1,\n   2]\n  o:\ns: \"t\"\n";
        with_root(text, |root| {
            let raw = |path: &[&str]| root.at(path).map(|node| (node.raw(), node.style()));
            assert_eq!(raw(&["m", "k"]), Some(("v", Style::Plain)));
            assert_eq!(raw(&["m", "l"]), Some(("|\n    x", Style::Literal)));
            assert_eq!(raw(&["m", "f"]), Some(("[1,\n   2]", Style::Flow)));
            assert_eq!(raw(&["m", "o"]), Some(("", Style::Plain)));
            assert_eq!(raw(&["s"]), Some(("\"t\"", Style::Double)));
            assert_eq!(raw(&["m"]), Some(("k: v # c\n  l: |\n    x\n\n  f: [1,\n   2]\n  o:", Style::Block)));
            let entry = root.entry("s").expect("s");
            assert_eq!(&text[entry.span().range()], "s: \"t\"");
        });
    }

    #[test]
    fn large_mappings_take_no_quadratic_time() {
        let mut text: String = (0..200_000).map(|i| format!("key{i}: {i}\n")).collect();
        text.push_str("key7: last\n");
        with_root(&text, |root| {
            assert_eq!(root.len(), 200_000);
            assert_eq!(root.get("key7").and_then(Node::as_str), Some("last"));
        });
    }

    /// A text whose last value is empty behind an anchor, with a comment between.
    #[test]
    fn an_empty_value_behind_an_anchor_has_a_text() {
        for text in [
            "b: &a # c\nc: \n",
            "b: &a\nc: 1\n",
            "b: &sinHH:Hen- # c\nb3##: ",
            "- &a # c\n- b\n",
            "b: !t # c\nc: 1\n",
        ] {
            let file = crate::yaml::File::stream(text.into());
            for document in file.documents() {
                let Ok(root) = document.root() else { continue };
                let mut open = vec![file.node(root)];
                while let Some(node) = open.pop() {
                    assert!(text.get(node.span().range()).is_some(), "{text:?} {:?}", node.span());
                    assert!(text.get(node.full_span().range()).is_some(), "{text:?} {:?}", node.full_span());
                    node.raw();
                    open.extend(node.items());
                    open.extend(node.written().flat_map(|entry| [entry.key_node, entry.value]));
                }
            }
        }
    }
}
