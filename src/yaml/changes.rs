//! What an edit changes in the nodes of a text, found by reading it again.

use super::arena::{DISTINCT, Kind, Props, Raw, SIDE};
use super::edit::{Edit, apply};
use super::file::{File, NodeId};
use super::node::Node;
use std::ops::Range;

/// The nodes that are not the same before and after; the shortest stretch of each.
#[derive(Debug)]
pub(super) struct Changed {
    pub(super) before: Range<usize>,
    pub(super) after: Range<usize>,
}

impl File {
    /// The node at the place of `node`, of an earlier state of this text, if nothing before it changed.
    pub(super) fn same(&self, node: Node<'_>) -> Node<'_> {
        let last = self.nodes.len() as u32 - 1;
        self.node(NodeId(node.index().min(last)))
    }
}

/// Makes the edit and reads the text again. None if it breaks a document, or makes an alias refer to something else.
pub(super) fn changes(file: &File, edit: &Edit) -> Option<(Changed, File)> {
    let text = apply(file.text(), std::slice::from_ref(edit))?;
    let after = file.again(text.into());
    let states =
        |file: &File| file.documents().iter().map(|document| document.root().is_ok()).collect::<Vec<_>>();
    if after.nodes.is_empty() || states(file) != states(&after) {
        return None;
    }
    let (depths, depths_after) = (depths(file), depths(&after));
    let same = |a: usize, b: usize| depths[a] == depths_after[b] && says_the_same(file, a, &after, b);
    let (before, behind) = (file.nodes.len(), after.nodes.len());
    let shorter = before.min(behind);
    let head = (0..shorter).take_while(|&at| same(at, at)).count();
    let from_end = |at: &usize| same(before - 1 - at, behind - 1 - at);
    let tail = (0..shorter - head).take_while(from_end).count();
    let changed = Changed { before: head..before - tail, after: head..behind - tail };
    same_aliases(file, &after, &changed).then_some((changed, after))
}

/// How deep each node stands.
fn depths(file: &File) -> Vec<u32> {
    let mut open: Vec<u32> = Vec::new();
    let depth = |(index, raw): (usize, &Raw)| {
        while open.last().is_some_and(|&end| end as usize <= index) {
            open.pop();
        }
        let depth = open.len() as u32;
        if matches!(raw.kind, Kind::Map | Kind::Seq) {
            open.push(raw.a);
        }
        depth
    };
    file.nodes.iter().enumerate().map(depth).collect()
}

/// Whether two nodes are the same but for their places: kind, properties, text.
fn says_the_same(one: &File, a: usize, other: &File, b: usize) -> bool {
    let (raw, twin) = (&one.nodes[a], &other.nodes[b]);
    let flags = |raw: &Raw| raw.flags & !(SIDE | DISTINCT);
    if raw.kind != twin.kind || flags(raw) != flags(twin) {
        return false;
    }
    let (props, twins) = (one.props_of(a as u32), other.props_of(b as u32));
    let (text, twins_text) = (one.node(NodeId(a as u32)).text(), other.node(NodeId(b as u32)).text());
    named(props) == named(twins) && (!raw.kind.is_scalar() || text == twins_text)
}

fn named(props: Option<&Props>) -> (Option<&str>, Option<&str>) {
    props.map_or((None, None), |props| (props.anchor.as_deref(), props.tag.as_deref()))
}

/// Whether every alias outside of what changed refers to the node that it did.
fn same_aliases(before: &File, after: &File, changed: &Changed) -> bool {
    let moved = |index: usize| match index {
        index if index < changed.before.start => Some(index),
        index if index >= changed.before.end => Some(index - changed.before.end + changed.after.end),
        _ => None,
    };
    let mut aliases = before.nodes.iter().enumerate().filter(|(_, raw)| raw.kind == Kind::Alias);
    aliases.all(|(index, raw)| match moved(index) {
        Some(now) => moved(raw.a as usize) == after.nodes.get(now).map(|raw| raw.a as usize),
        None => true,
    })
}
