//! Which entries of a mapping count: go-yaml v2 takes the last of equal keys, and applies a merge where it stands, so
//! that it overrides what comes before it (`mapping` and `merge` in `decode.go`).

use super::arena::FEW;
use super::node::{Children, Entry, Node};
use std::borrow::Cow;

/// Key and value as nodes.
type Pair<'a> = (Node<'a>, Node<'a>);

/// The entries that count; see [`Node::entries`].
#[derive(Debug)]
pub struct Entries<'a>(Source<'a>);

#[derive(Debug)]
enum Source<'a> {
    /// No merges and no equal keys.
    Plain(Written<'a>),
    Resolved(std::vec::IntoIter<Entry<'a>>),
}

/// The entries as written; see [`Node::written`].
#[derive(Clone, Debug)]
pub struct Written<'a> {
    children: Children<'a>,
    /// See [`Node::has_distinct_keys`].
    distinct: bool,
}

impl<'a> Written<'a> {
    pub(super) fn new(map: Node<'a>) -> Self {
        let children = if map.is_map() { map.children() } else { Children::none(map) };
        Self { children, distinct: map.has_distinct_keys() }
    }

    fn pair(&mut self) -> Option<Pair<'a>> {
        Some((self.children.next()?, self.children.next()?))
    }
}

impl<'a> Iterator for Written<'a> {
    type Item = Entry<'a>;
    fn next(&mut self) -> Option<Entry<'a>> {
        let (key_node, value) = self.pair()?;
        let key = if self.distinct { Cow::Borrowed(key_node.text()) } else { key_node.key() };
        Some(Entry { key, key_node, value })
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        let count = self.children.size_hint().0 / 2;
        (count, Some(count))
    }
}

impl ExactSizeIterator for Written<'_> {}

fn entry<'a>((key_node, value): Pair<'a>) -> Entry<'a> {
    Entry { key: key_node.key(), key_node, value }
}

impl<'a> Entries<'a> {
    pub(super) fn new(map: Node<'a>) -> Self {
        let written = Written::new(map);
        if written.distinct || written.len() <= FEW && is_plain(written.clone()) {
            return Self(Source::Plain(written));
        }
        let entries = applied(map).into_iter().map(entry).collect();
        Self(Source::Resolved(last_of_equals(entries).into_iter()))
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;
    fn next(&mut self) -> Option<Entry<'a>> {
        match &mut self.0 {
            Source::Plain(written) => written.next(),
            Source::Resolved(entries) => entries.next(),
        }
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.0 {
            Source::Plain(written) => written.size_hint(),
            Source::Resolved(entries) => entries.size_hint(),
        }
    }
}

impl ExactSizeIterator for Entries<'_> {}

/// Whether there are no merges and no equal keys among a few entries.
fn is_plain(mut written: Written<'_>) -> bool {
    let mut keys: [Cow<'_, str>; FEW] = Default::default();
    let mut count = 0;
    while let Some((key, _)) = written.pair() {
        let text = key.key();
        if text == "<<" && key.is_merge() || keys[..count].contains(&text) {
            return false;
        }
        keys[count] = text;
        count += 1;
    }
    true
}

/// Keeps the last of equal keys, and the order.
fn last_of_equals(mut entries: Vec<Entry<'_>>) -> Vec<Entry<'_>> {
    // Sorted, not hashed: the keys are somebody else's.
    let mut order: Vec<u32> = (0..entries.len() as u32).collect();
    order.sort_by(|&a, &b| entries[a as usize].key.cmp(&entries[b as usize].key));
    let mut keep = vec![true; entries.len()];
    for pair in order.windows(2) {
        let (a, b) = (pair[0] as usize, pair[1] as usize);
        keep[a] = entries[a].key != entries[b].key;
    }
    let mut keep = keep.into_iter();
    entries.retain(|_| keep.next().unwrap_or(true));
    entries
}

/// What is still to be done in [`applied`].
enum Todo<'a> {
    /// The rest of a mapping.
    Map(Written<'a>),
    /// A mapping to merge.
    Merge(Node<'a>),
}

/// Every key and value in the order in which go-yaml sets them, merges included. Mappings that merge each other are
/// followed without recursion.
pub(super) fn applied(map: Node<'_>) -> Vec<Pair<'_>> {
    let mut pairs = Vec::new();
    let mut todo = vec![Todo::Map(Written::new(map))];
    while let Some(top) = todo.last_mut() {
        match top {
            Todo::Map(written) => match written.pair() {
                None => drop(todo.pop()),
                Some((key, value)) if key.is_merge() => merge(&mut todo, value),
                Some(pair) => pairs.push(pair),
            },
            Todo::Merge(node) => {
                let written = Written::new(*node);
                *top = Todo::Map(written);
            }
        }
    }
    pairs
}

/// Of a sequence the first mapping counts most, so it is merged last.
fn merge<'a>(todo: &mut Vec<Todo<'a>>, value: Node<'a>) {
    if value.is_seq() && !value.is_alias() {
        todo.extend(value.items().map(Todo::Merge));
    } else {
        todo.push(Todo::Merge(value));
    }
}

/// The key and value that count for `name`.
pub(super) fn find<'a>(map: Node<'a>, name: &str) -> Option<Pair<'a>> {
    let mut found = None;
    let mut written = Written::new(map);
    if written.distinct {
        return std::iter::from_fn(|| written.pair()).find(|(key, _)| key.has_text(name));
    }
    while let Some((key, value)) = written.pair() {
        if key.is_merge() {
            return applied(map).into_iter().rfind(|(key, _)| key.key() == name);
        }
        if key.is_named(name) {
            found = Some((key, value));
        }
    }
    found
}
