//! Changes to YAML text that leave the rest as it is: comments, quotes, indentation, line ends.
//!
//! Every function looks at the nodes of a text and says what to replace by what; [`apply`] does it. Each edit was tried:
//! the text with it was read again, and nothing else had changed. None means that the change cannot be made in place,
//! for instance through an alias.

use super::File;
use super::changes::changes;
use super::node::{Entry, Node, Style, Value};
use super::write::{self, Layout, Place};
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

/// Whether a text reads no worse after edits: no more documents are refused, and no more keys stand twice in their mapping.
///
/// Each edit by itself was tried when it was made; this is for several together.
pub fn keeps(before: &File, after: &str) -> bool {
    let after = before.again(after.into());
    let (before, after) = (faults(before), faults(&after));
    after.0 <= before.0 && after.1 <= before.1
}

/// How many documents are refused, and how many keys stand in a mapping again.
fn faults(file: &File) -> (usize, usize) {
    let refused = file.documents().iter().filter(|document| document.root().is_err()).count();
    let repeated = |map: Node<'_>| {
        let mut seen = hashbrown::HashSet::new();
        map.written().filter(|entry| !seen.insert(entry.key.clone())).count()
    };
    (refused, file.maps().map(repeated).sum())
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
    if !map.is_map() || map.is_alias() || map.get(key).is_some() {
        return None;
    }
    let edit = match map.style() {
        Style::Flow => insert_flow(map, key, value),
        _ => insert_block(map, key, value)?,
    };
    let (changed, after) = changes(map.file(), &edit)?;
    let added = after.same(map).get(key).is_some_and(|added| added.to_json() == *value);
    (added && changed.before.is_empty()).then_some(edit)
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
    is_json_text(map.file())
        || map.written().next().is_some_and(|first| first.key_node.style() == Style::Double)
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
    let (end, next) = line_end(text, map.span().end as usize);
    let blank_behind = text[next..].lines().next().is_some_and(|line| line.trim().is_empty());
    if ends_in_block_scalar(map) && (blank_behind || next == end) {
        // Blank lines and the end of the text may belong to the block scalar.
        return Some((Span::new(first, first), format!("{entry}{newline}{}", " ".repeat(indent))));
    }
    Some((Span::new(end, end), format!("{newline}{}{entry}", " ".repeat(indent))))
}

/// Gives an entry without a value a mapping.
fn fill(map: Node<'_>, entry: &Entry<'_>, value: &serde_json::Value) -> Option<Edit> {
    let null = entry.value;
    let edit = if map.style() == Style::Flow || !null.raw().is_empty() {
        write_over(null, &write::inline(value, Place::flow(map.style() == Style::Flow && is_json(map))))
    } else {
        let text = map.file().text();
        let indent = column(text, entry.key_node.full_span().start as usize)? + 2;
        let newline = newline(text);
        let (end, _) = line_end(text, null.span().end as usize);
        let written = write::block(value, indent, newline);
        (Span::new(end, end), format!("{newline}{}{written}", " ".repeat(indent)))
    };
    let (changed, after) = changes(map.file(), &edit)?;
    let filled = after.same(map).get(&entry.key).is_some_and(|filled| filled.to_json() == *value);
    (filled && changed.before.len() <= 1).then_some(edit)
}

/// Replaces a scalar. Text gets quotes where it needs them to read back as the same text, the old ones where they do.
pub fn replace(scalar: Node<'_>, value: &serde_json::Value) -> Option<Edit> {
    let collection = !scalar.is_alias() && (scalar.is_map() || scalar.is_seq());
    if collection || value.is_object() || value.is_array() {
        return None;
    }
    if is_json_text(scalar.file()) {
        return replace_in(scalar, value, Place::Json);
    }
    // A comma needs no quotes outside of braces, and nobody says here whether that is so.
    replace_in(scalar, value, Place::Block).or_else(|| replace_in(scalar, value, Place::Flow))
}

fn replace_in(scalar: Node<'_>, value: &serde_json::Value, place: Place) -> Option<Edit> {
    let written = match value.as_str() {
        Some(text) if place != Place::Json && !scalar.is_alias() => {
            write::text_as(text, scalar.style(), place)
        }
        _ => write::inline(value, place),
    };
    let edit = write_over(scalar, &written);
    let (changed, after) = changes(scalar.file(), &edit)?;
    let replaced = after.same(scalar).to_json() == *value;
    (replaced && changed.before.len() <= 1 && changed.after.len() <= 1).then_some(edit)
}

fn write_over(scalar: Node<'_>, written: &str) -> Edit {
    let span = scalar.span();
    let apart = scalar.file().text()[..span.start as usize].ends_with([' ', '\n']);
    let blank = if apart || span.start < span.end { "" } else { " " };
    (span, format!("{blank}{written}"))
}

/// Adds a value to the end of a sequence.
pub fn push(list: Node<'_>, value: &serde_json::Value) -> Option<Edit> {
    if list.is_alias() || !list.is_seq() {
        return None;
    }
    let edit = match list.style() {
        Style::Flow => push_flow(list, value),
        _ => push_block(list, value)?,
    };
    let (changed, after) = changes(list.file(), &edit)?;
    let list_after = after.same(list);
    let pushed = list_after.items().last().is_some_and(|last| last.to_json() == *value);
    (pushed && list_after.len() == list.len() + 1 && changed.before.is_empty()).then_some(edit)
}

fn push_flow(list: Node<'_>, value: &serde_json::Value) -> Edit {
    let item = write::inline(value, Place::flow(is_json_text(list.file())));
    match list.items().last() {
        None => (Span::new(list.span().start as usize + 1, list.span().end as usize - 1), item),
        Some(last) => (Span { start: last.span().end, end: last.span().end }, format!(", {item}")),
    }
}

fn push_block(list: Node<'_>, value: &serde_json::Value) -> Option<Edit> {
    let text = list.file().text();
    let indent = column(text, list.span().start as usize)?;
    let newline = newline(text);
    let item = write::block(value, indent + 2, newline);
    let (end, _) = line_end(text, list.span().end as usize);
    Some((Span::new(end, end), format!("{newline}{}- {item}", " ".repeat(indent))))
}

/// Deletes an entry of a mapping, as [`Node::written`] or [`Node::entries`] gave it. The mapping stays, if need be as `{}`.
pub fn delete(map: Node<'_>, entry: &Entry<'_>) -> Option<Edit> {
    if map.is_alias() {
        return None;
    }
    let entries: Vec<Entry<'_>> = map.written().collect();
    let index = entries.iter().position(|other| other.key_node.id() == entry.key_node.id())?;
    let (before, next) = (index.checked_sub(1).map(|before| &entries[before]), entries.get(index + 1));
    let (span, by) = match (map.style(), before, next) {
        (_, None, None) => (map.span(), "{}"),
        (Style::Flow, _, Some(next)) => (Span { start: start_of(entry), end: start_of(next) }, ""),
        (Style::Flow, Some(before), None) => (Span { start: end_of(before), end: end_of(entry) }, ""),
        _ => (delete_block(before, entry, next)?, ""),
    };
    let lost = |comment: &&Span| comment.start >= end_of(entry) && comment.end <= span.end;
    if map.style() == Style::Flow && map.file().comments().iter().any(|comment| lost(&comment)) {
        return None;
    }
    let edit = (span, by.to_owned());
    let (changed, after) = changes(map.file(), &edit)?;
    let gone = after.same(map).written().len() + 1 == entries.len();
    let nodes = 1 + if entry.value.is_alias() { 1 } else { entry.value.subtree().count() };
    let only = changed.before.len() == nodes + changed.after.len() && changed.after.len() <= by.len().min(1);
    (gone && only).then_some(edit)
}

/// Takes a scalar out of a sequence that holds more than this one.
pub fn take(list: Node<'_>, item: Node<'_>) -> Option<Edit> {
    if list.is_alias() || !list.is_seq() || item.is_map() || item.is_seq() {
        return None;
    }
    let items: Vec<Node<'_>> = list.items().collect();
    let index = items.iter().position(|other| other.id() == item.id())?;
    let (before, next) = (index.checked_sub(1).map(|before| items[before]), items.get(index + 1));
    let span = match (list.style(), before, next) {
        (_, None, None) => return None,
        (Style::Flow, _, Some(next)) => Span { start: item.full_span().start, end: next.full_span().start },
        (Style::Flow, Some(before), None) => Span { start: before.span().end, end: item.span().end },
        _ => take_block(item)?,
    };
    let edit = (span, String::new());
    let (changed, after) = changes(list.file(), &edit)?;
    let taken = after.same(list).len() + 1 == items.len();
    (taken && changed.before.len() == 1 && changed.after.is_empty()).then_some(edit)
}

/// The lines of an item that stands behind a dash of its own.
fn take_block(item: Node<'_>) -> Option<Span> {
    let text = item.file().text();
    let start = item.full_span().start as usize;
    let line = line_start(text, start);
    let (_, behind) = line_end(text, item.span().end as usize);
    (text[line..start].trim() == "-").then(|| Span::new(line, behind))
}

fn start_of(entry: &Entry<'_>) -> u32 {
    entry.key_node.full_span().start
}

fn end_of(entry: &Entry<'_>) -> u32 {
    entry.value.span().end.max(entry.key_node.span().end)
}

fn delete_block(before: Option<&Entry<'_>>, entry: &Entry<'_>, next: Option<&Entry<'_>>) -> Option<Span> {
    let text = entry.value.file().text();
    let start = start_of(entry) as usize;
    let line = line_start(text, start);
    let (_, mut behind) = line_end(text, end_of(entry) as usize);
    if ends_in_block_scalar(entry.value) || before.is_some_and(|before| ends_in_block_scalar(before.value)) {
        // Blank lines belong to a block scalar before them.
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

/// Whether the text of a node ends with a block scalar.
fn ends_in_block_scalar(node: Node<'_>) -> bool {
    let last = if node.is_alias() { node } else { node.subtree().last().unwrap_or(node) };
    !last.is_alias() && matches!(last.style(), Style::Literal | Style::Folded)
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
    fn takes() {
        for (before, at, after) in [
            ("a: [x, y]\n", 0, Some("a: [y]\n")),
            ("a: [x, y]\n", 1, Some("a: [x]\n")),
            ("a: [x, y, z] # c\n", 1, Some("a: [x, z] # c\n")),
            ("a: [x]\n", 0, None),
            ("a:\n  - x\n  - 'y' # c\n  - z\n", 1, Some("a:\n  - x\n  - z\n")),
            ("a:\n- x\n- y\nb: 1\n", 0, Some("a:\n- y\nb: 1\n")),
            ("a:\n- x\n- y\nb: 1\n", 1, Some("a:\n- x\nb: 1\n")),
            ("a:\n- - x\n  - y\n- z\n", 0, None),
            ("a:\n- x\n", 0, None),
        ] {
            let file = root(before);
            let list = node(&file).get("a").expect("a list");
            let item = list.items().nth(at).expect("an item");
            let taken = take(list, item).and_then(|edit| apply(before, &[edit]));
            assert_eq!(taken.as_deref(), after, "{before}");
        }
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
            ("a: x\n", "a", json!("x,y"), "a: x,y\n"),
            (
                "a: x\n",
                "b.c",
                json!(["x,y", {"k,": ["a,b"]}]),
                "a: x\nb:\n  c:\n  - x,y\n  - k,:\n    - a,b\n",
            ),
            ("m: {a: x}\n", "m.a", json!("x,y"), "m: {a: 'x,y'}\n"),
            ("l:\n- {a: x}\n", "b", json!("{a,b}"), "l:\n- {a: x}\nb: '{a,b}'\n"),
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
        let edits: Vec<Edit> =
            node(&file).items().filter_map(|item| insert(item, "k", &json!({"a": [1]}))).collect();
        let after = "- name: a\n  x: 1\n  k:\n    a:\n    - 1\n- name: b\n  k:\n    a:\n    - 1\n";
        assert_eq!(apply(text, &edits).as_deref(), Some(after));
    }

    #[test]
    fn additions_to_a_list() {
        for (before, after) in [
            ("l: [a]\n", Some("l: [a, x=y]\n")),
            ("l: []\n", Some("l: [x=y]\n")),
            ("{\"l\": [\"a\"]}", Some("{\"l\": [\"a\", \"x=y\"]}")),
            ("l:\n- a # c\nb: 1\n", Some("l:\n- a # c\n- x=y\nb: 1\n")),
            ("l:\n    - a\n", Some("l:\n    - a\n    - x=y\n")),
            ("l:\n  - a", Some("l:\n  - a\n  - x=y")),
            ("l:\n- k: 1\n  m:\n  - 2\n", Some("l:\n- k: 1\n  m:\n  - 2\n- x=y\n")),
            ("k: &k [a]\nl: *k\n", None),
            ("l:\n- |\n  a\n", Some("l:\n- |\n  a\n- x=y\n")),
            ("l:\n- |+\n  a\n\n", None),
            ("l: a\n", None),
        ] {
            let file = root(before);
            let list = node(&file).get("l").expect(before);
            let edit = push(list, &json!("x=y"));
            assert_eq!(edit.and_then(|edit| apply(before, &[edit])).as_deref(), after, "{before:?}");
        }
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
    fn edits_together_can_do_harm() {
        for (before, after, sound) in [
            ("a: 1\n", "a: 1\nb: 2\n", true),
            ("a: 1\n", "a: 1\na: 2\n", false),
            ("a: 1\na: 2\n", "a: 1\nb: {}\na: 2\n", true),
            ("a: 1\n", "a: 1\n b: 2\n", false),
            ("a: : 1\n", "a: : 1\n---\nb: 1\n", true),
            ("l: [{a: 1}]\n", "l: [{a: 1, a: 2}]\n", false),
        ] {
            assert_eq!(keeps(&File::stream(before.into()), after), sound, "{before:?} {after:?}");
        }
    }

    #[test]
    fn edits_must_not_overlap() {
        let edit = |start, end| (Span::new(start, end), String::from("x"));
        assert_eq!(apply("abc", &[edit(2, 3), edit(0, 1)]).as_deref(), Some("xbx"));
        assert_eq!(apply("abc", &[edit(0, 2), edit(1, 3)]), None);
        assert_eq!(apply("abc", &[edit(2, 4)]), None);
    }
}
