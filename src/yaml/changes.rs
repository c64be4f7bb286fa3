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
    let (a, b) = (outline(file), outline(&after));
    let shorter = a.len().min(b.len());
    let head = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let tail = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count().min(shorter - head);
    let changed = Changed { before: head..a.len() - tail, after: head..b.len() - tail };
    same_aliases(file, &after, &changed).then_some((changed, after))
}

/// A node without its place: depth, kind, properties, text.
#[derive(PartialEq)]
struct Outline<'a> {
    depth: usize,
    kind: Kind,
    flags: u8,
    anchor: Option<&'a str>,
    tag: Option<&'a str>,
    text: &'a str,
}

fn outline(file: &File) -> Vec<Outline<'_>> {
    let mut open: Vec<u32> = Vec::new();
    let outline = |(index, raw): (usize, &Raw)| {
        let index = index as u32;
        while open.last().is_some_and(|&end| end <= index) {
            open.pop();
        }
        let depth = open.len();
        if matches!(raw.kind, Kind::Map | Kind::Seq) {
            open.push(raw.a);
        }
        let props: Option<&Props> = file.props_of(index);
        Outline {
            depth,
            kind: raw.kind,
            flags: raw.flags & !(SIDE | DISTINCT),
            anchor: props.and_then(|props| props.anchor.as_deref()),
            tag: props.and_then(|props| props.tag.as_deref()),
            text: if raw.kind.is_scalar() { file.node(NodeId(index)).text() } else { "" },
        }
    };
    file.nodes.iter().enumerate().map(outline).collect()
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
