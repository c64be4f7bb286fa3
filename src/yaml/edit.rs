//! Changes to YAML text that leave the rest as it is: comments, quotes, indentation, line ends.
//!
//! Every function looks at the nodes of a text and says what to replace by what; [`apply`] does it. None means that the
//! change cannot be made in place, for instance through an alias.

use super::arena::Kind;
use super::node::{Entry, Node, Style, Value};
use super::write::{self, Layout};
use super::{File, NodeId};
use crate::files::Span;

/// Replaces the text of a span; an empty span inserts.
pub type Edit = (Span, String);

/// The text with every edit made. None if two of them overlap or one lies outside.
pub fn apply(text: &str, edits: &[Edit]) -> Option<String> {
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    sorted.sort_by_key(|(span, _)| *span);
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for (span, by) in sorted {
        out.push_str(text.get(at..span.start as usize)?);
        out.push_str(by);
        at = span.end as usize;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}

/// Gives the value at `path` below `map`: replaces the scalar there, or adds the entry, with the mappings on the way to it.
/// What is already a list or mapping stays.
pub fn set(map: Node<'_>, path: &[&str], value: &serde_json::Value) -> Option<Edit> {
    let (key, rest) = path.split_first()?;
    let Some(entry) = map.entry(key) else { return insert(map, key, &nested(rest, value)) };
    if !belongs(map, &entry) {
        return None;
    }
    match (rest, entry.value.value()) {
        ([], _) => replace(entry.value, value),
        (_, Value::Map) if !entry.value.is_alias() => set(entry.value, rest, value),
        (_, Value::Null) => fill(map, &entry, &nested(rest, value)),
        _ => None,
    }
}

/// The value inside mappings of one key each.
fn nested(path: &[&str], value: &serde_json::Value) -> serde_json::Value {
    path.iter().rev().fold(value.clone(), |value, key| [((*key).to_owned(), value)].into_iter().collect())
}

/// Adds an entry to a mapping that does not have the key.
pub fn insert(map: Node<'_>, key: &str, value: &serde_json::Value) -> Option<Edit> {
    if map.is_alias() || !map.is_map() || map.get(key).is_some() {
        return None;
    }
    match map.style() {
        Style::Flow => Some(insert_flow(map, key, value)),
        _ => insert_block(map, key, value),
    }
}

fn insert_flow(map: Node<'_>, key: &str, value: &serde_json::Value) -> Edit {
    let entry = write::entry(key, value, Layout::Flow { json: is_json(map) });
    match map.written().last() {
        None => (Span::new(map.span().start as usize + 1, map.span().end as usize - 1), entry),
        Some(last) => {
            let end = last.value.span().end as usize;
            (Span::new(end, end), format!(", {entry}"))
        }
    }
}

/// Whether what stands in this flow mapping must be JSON.
fn is_json(map: Node<'_>) -> bool {
    is_json_text(map.file()) || map.written().next().is_some_and(|first| first.key_node.style() == Style::Double)
}

fn is_json_text(file: &File) -> bool {
    file.text().trim_start().starts_with(['{', '['])
}

fn insert_block(map: Node<'_>, key: &str, value: &serde_json::Value) -> Option<Edit> {
    let text = map.file().text();
    let first = map.written().next()?.key_node.full_span().start as usize;
    let indent = column(text, first)?;
    let newline = newline(text);
    let entry = write::entry(key, value, Layout::Block { indent, newline });
    let last = last_leaf(map);
    let (end, next) = line_end(text, map.span().end as usize);
    let blank_behind = text[next..].lines().next().is_some_and(|line| line.trim().is_empty());
    if matches!(last.style(), Style::Literal | Style::Folded) && (blank_behind || next == end) {
        // Blank lines and the end of the text may belong to the block scalar.
        return Some((Span::new(first, first), format!("{entry}{newline}{}", " ".repeat(indent))));
    }
    Some((Span::new(end, end), format!("{newline}{}{entry}", " ".repeat(indent))))
}

/// Gives an entry without a value a mapping.
fn fill(map: Node<'_>, entry: &Entry<'_>, value: &serde_json::Value) -> Option<Edit> {
    let null = entry.value;
    let flow = map.style() == Style::Flow;
    if flow || !null.raw().is_empty() {
        return replace_by(null, &write::inline(value, flow && is_json(map)));
    }
    if null.anchor().is_some() || null.tag().is_some() {
        return None;
    }
    let text = map.file().text();
    let indent = column(text, entry.key_node.full_span().start as usize)? + 2;
    let newline = newline(text);
    let (end, _) = line_end(text, null.span().end as usize);
    let written = write::block(value, indent, newline);
    Some((Span::new(end, end), format!("{newline}{}{written}", " ".repeat(indent))))
}

/// Replaces a scalar. Text gets quotes where it needs them to read back as the same text, the old ones where they do.
pub fn replace(scalar: Node<'_>, value: &serde_json::Value) -> Option<Edit> {
    let collection = !scalar.is_alias() && (scalar.is_map() || scalar.is_seq());
    if collection || scalar.tag().is_some() || value.is_object() || value.is_array() {
        return None;
    }
    let json = is_json_text(scalar.file());
    let written = match value.as_str() {
        Some(text) if !json && !scalar.is_alias() => write::text_as(text, scalar.style()),
        _ => write::inline(value, json),
    };
    replace_by(scalar, &written)
}

fn replace_by(scalar: Node<'_>, written: &str) -> Option<Edit> {
    let span = scalar.span();
    if span.start < span.end {
        return Some((span, written.into()));
    }
    let before = &scalar.file().text()[..span.start as usize];
    if !before.trim_end().ends_with([':', '-']) {
        return None; // a key without a colon
    }
    let blank = if before.ends_with([' ', '\n']) { "" } else { " " };
    Some((span, format!("{blank}{written}")))
}

/// Deletes an entry of a mapping, as [`Node::written`] or [`Node::entries`] gave it. The mapping stays, if need be as `{}`.
pub fn delete(map: Node<'_>, entry: &Entry<'_>) -> Option<Edit> {
    if map.is_alias() || !belongs(map, entry) || is_referred_to(map.file(), entry) {
        return None;
    }
    let entries: Vec<Entry<'_>> = map.written().collect();
    let index = entries.iter().position(|other| other.key_node.id() == entry.key_node.id())?;
    if entries.len() == 1 {
        return Some((map.span(), "{}".into()));
    }
    let span = match map.style() {
        Style::Flow => match entries.get(index + 1) {
            Some(next) => Span { start: start_of(entry), end: start_of(next) },
            None => Span { start: end_of(&entries[index - 1]), end: end_of(entry) },
        },
        _ => delete_block(map, entry, entries.get(index + 1))?,
    };
    let lost = |comment: &&Span| comment.start >= end_of(entry) && comment.end <= span.end;
    let keeps_comments = map.style() != Style::Flow || !map.file().comments().iter().any(|comment| lost(&comment));
    keeps_comments.then_some((span, String::new()))
}

fn start_of(entry: &Entry<'_>) -> u32 {
    entry.key_node.full_span().start
}

fn end_of(entry: &Entry<'_>) -> u32 {
    entry.value.span().end.max(entry.key_node.span().end)
}

fn delete_block(map: Node<'_>, entry: &Entry<'_>, next: Option<&Entry<'_>>) -> Option<Span> {
    let text = map.file().text();
    let start = start_of(entry) as usize;
    let line = line_start(text, start);
    let (_, mut behind) = line_end(text, end_of(entry) as usize);
    let last = last_leaf(entry.value);
    if matches!(last.style(), Style::Literal | Style::Folded) {
        let blank = |line: &&str| line.trim().is_empty();
        behind += text[behind..].split_inclusive('\n').take_while(blank).map(str::len).sum::<usize>();
    }
    if text[line..start].trim().is_empty() {
        return Some(Span::new(line, behind));
    }
    column(text, start)?;
    // The first entry stands behind a dash: the next one takes its place.
    let next = start_of(next?) as usize;
    let between = &text[behind.min(next)..next];
    between.trim().is_empty().then(|| Span::new(start, next))
}

/// Whether the entry is written in this mapping, not merged from another.
fn belongs(map: Node<'_>, entry: &Entry<'_>) -> bool {
    let (map, key) = (map.span(), entry.key_node.span());
    map.start <= key.start && key.end <= map.end
}

/// Whether an alias outside refers to something in the entry.
fn is_referred_to(file: &File, entry: &Entry<'_>) -> bool {
    let span = entry.span();
    let inside = |id: u32| {
        let node = file.node(NodeId(id)).full_span();
        span.start <= node.start && node.end <= span.end
    };
    let alias = |(id, raw): (usize, &super::arena::Raw)| raw.kind == Kind::Alias && !inside(id as u32) && inside(raw.a);
    file.nodes.iter().enumerate().any(alias)
}

/// The last scalar or alias in a subtree, or an empty collection.
fn last_leaf(node: Node<'_>) -> Node<'_> {
    if node.is_alias() { node } else { node.subtree().last().unwrap_or(node) }
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |i| i + 1)
}

/// The end of the line of `at`, and the start of the next one.
fn line_end(text: &str, at: usize) -> (usize, usize) {
    let next = text[at..].find('\n').map_or(text.len(), |i| at + i + 1);
    (at + text[at..next].trim_end_matches(['\n', '\r']).len(), next)
}

/// The column of `at`, if only blanks and dashes come before on its line.
fn column(text: &str, at: usize) -> Option<usize> {
    let before = text[line_start(text, at)..at].trim_start_matches('\u{feff}');
    before.bytes().all(|byte| matches!(byte, b' ' | b'-')).then_some(before.len())
}

fn newline(text: &str) -> &'static str {
    match text.find('\n') {
        Some(i) if text[..i].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn root(text: &str) -> File {
        File::single(text.into())
    }

    fn node(file: &File) -> Node<'_> {
        file.node(file.documents()[0].root().expect("valid"))
    }

    #[test]
    fn set_values() {
        for (before, path, value, after) in [
            ("a: 1\n", "b", json!(true), "a: 1\nb: true\n"),
            ("a: 1 # c\n# end\n", "b", json!("x"), "a: 1 # c\nb: x\n# end\n"),
            ("a: 1", "b", json!("no"), "a: 1\nb: 'no'"),
            ("a: 1\r\n", "b", json!("x\ny"), "a: 1\r\nb: \"x\\ny\"\r\n"),
            ("m:\n    a: 1\nn: 2\n", "m.b", json!(["x"]), "m:\n    a: 1\n    b:\n    - x\nn: 2\n"),
            ("m: {a: 1}\n", "m.b.c", json!("x,y"), "m: {a: 1, b: {c: 'x,y'}}\n"),
            ("m: {}\n", "m.b", json!(1), "m: {b: 1}\n"),
            ("{\"m\": {}}", "m.b", json!("c"), "{\"m\": {\"b\": \"c\"}}"),
            ("m: # none\nn: 1\n", "m.b", json!(1), "m: # none\n  b: 1\nn: 1\n"),
            ("m: ~\n", "m.b", json!(1), "m: {b: 1}\n"),
            ("a: |+\n  x\n\n", "b", json!(1), "b: 1\na: |+\n  x\n\n"),
            ("a: {\n  b: 1\n}\n", "c", json!(1), "a: {\n  b: 1\n}\nc: 1\n"),
            ("a: 'x' # c\n", "a", json!("it's"), "a: 'it''s' # c\n"),
            ("a: x\n", "a", json!("1e3"), "a: '1e3'\n"),
            ("a: x\n", "a", json!("2024-01-01"), "a: '2024-01-01'\n"),
            ("a: x\n", "a", json!("b: c"), "a: 'b: c'\n"),
            ("a: x\n", "a", json!("Prune=false"), "a: Prune=false\n"),
            ("a: |\n  x\n  y\nb: 1\n", "a", json!("z"), "a: z\nb: 1\n"),
            ("a:\nb: 1\n", "a", json!(true), "a: true\nb: 1\n"),
        ] {
            let file = root(before);
            let edit = set(node(&file), &path.split('.').collect::<Vec<_>>(), &value).expect(before);
            assert_eq!(apply(before, &[edit]).as_deref(), Some(after), "{before:?} {path}");
        }
    }

    #[test]
    fn inside_a_list() {
        let text = "- name: a\n  x: 1\n- name: b\n";
        let file = root(text);
        let edits: Vec<Edit> = node(&file).items().filter_map(|item| insert(item, "k", &json!({"a": [1]}))).collect();
        let after = "- name: a\n  x: 1\n  k:\n    a:\n    - 1\n- name: b\n  k:\n    a:\n    - 1\n";
        assert_eq!(apply(text, &edits).as_deref(), Some(after));
    }

    #[test]
    fn deletions() {
        for (before, key, after) in [
            ("a: 1\nb: 2 # c\nc: 3\n", "b", Some("a: 1\nc: 3\n")),
            ("a: 1\nb:\n  x: |\n    y\n\nc: 3\n", "b", Some("a: 1\nc: 3\n")),
            ("{a: 1, b: 2, c: 3}", "a", Some("{b: 2, c: 3}")),
            ("{a: 1, b: 2}", "b", Some("{a: 1}")),
            ("a: 1\n", "a", Some("{}\n")),
            ("a: &x 1\nb: *x\n", "a", None),
            ("a: &x 1\nb: *x\n", "b", Some("a: &x 1\n")),
            ("x: &x {w: 1}\nz: 1\n<<: *x\n", "w", None),
        ] {
            let file = root(before);
            let entry = node(&file).entry(key).expect(before);
            let after_edit = delete(node(&file), &entry).and_then(|edit| apply(before, &[edit]));
            assert_eq!(after_edit.as_deref(), after, "{before:?} {key}");
        }
        let text = "- a: 1\n  b: 2\n";
        let file = root(text);
        let item = node(&file).items().next().expect("an item");
        let edit = delete(item, &item.entry("a").expect("a")).expect("possible");
        assert_eq!(apply(text, &[edit]).as_deref(), Some("- b: 2\n"));
    }

    #[test]
    fn edits_must_not_overlap() {
        let edit = |start, end| (Span::new(start, end), String::from("x"));
        assert_eq!(apply("abc", &[edit(2, 3), edit(0, 1)]).as_deref(), Some("xbx"));
        assert_eq!(apply("abc", &[edit(0, 2), edit(1, 3)]), None);
        assert_eq!(apply("abc", &[edit(2, 4)]), None);
    }
}
