//! Where values of Secrets stand in a file: an excerpt shows none, and no report passes on an edit of one.

use crate::files::Span;
use crate::yaml::{File, Node};
use memchr::memmem;
use std::sync::Arc;

/// The pieces of `text` that are values of Secrets, or of what kustomize makes Secrets from.
///
/// Documents that are no YAML, such as templates, are read line by line.
pub(super) fn values(text: &Arc<str>) -> Vec<Span> {
    let names_one = ["Secret", "secretGenerator"]
        .iter()
        .any(|word| memmem::find(text.as_bytes(), word.as_bytes()).is_some());
    if !names_one {
        return Vec::new();
    }
    let mut spans = Vec::new();
    let file = File::stream(Arc::clone(text));
    for document in file.documents() {
        match document.root() {
            Ok(root) => of_object(file.node(root), &mut spans),
            Err(_) => of_lines(text, document.span(), &mut spans),
        }
    }
    spans
}

/// `text` with these pieces blotted out; every byte keeps its place, and every character its width in bytes.
pub(super) fn blotted(text: &Arc<str>, spans: &[Span]) -> Arc<str> {
    if spans.is_empty() {
        return Arc::clone(text);
    }
    let mut ranges: Vec<_> = spans.iter().map(|span| span.range()).collect();
    ranges.sort_by_key(|range| range.start);
    let mut shown = String::with_capacity(text.len());
    for range in ranges {
        let start = range.start.max(shown.len());
        let (Some(before), Some(value)) = (text.get(shown.len()..start), text.get(start..range.end)) else {
            continue;
        };
        shown.push_str(before);
        shown.extend(value.chars().map(blot));
    }
    let rest = text.get(shown.len()..).unwrap_or("").to_owned();
    (shown + &rest).into()
}

fn blot(c: char) -> char {
    match c.len_utf8() {
        _ if c.is_whitespace() => c,
        1 => '*',
        2 => '·',
        3 => '•',
        _ => '🞄',
    }
}

fn of_object(object: Node<'_>, spans: &mut Vec<Span>) {
    let kind = object.get("kind").map_or("", Node::text);
    if kind == "Secret" {
        for field in object.written().filter(|entry| matches!(&*entry.key, "data" | "stringData")) {
            if field.value.is_map() {
                spans.extend(field.value.written().map(|entry| entry.value.full_span()));
            } else {
                spans.push(field.value.full_span());
            }
        }
        // kubectl keeps a copy of the whole object in this annotation.
        let copy = ["metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"];
        spans.extend(object.at(&copy).map(Node::full_span));
    }
    for item in object.get("items").into_iter().flat_map(Node::items) {
        of_object(item, spans);
    }
    for generator in object.get("secretGenerator").into_iter().flat_map(Node::items) {
        spans.extend(generator.get("literals").map(Node::full_span));
    }
}

/// What stands below `data:` and `stringData:` of a document with a line `kind: Secret`.
fn of_lines(text: &str, document: Span, spans: &mut Vec<Span>) {
    let Some(text) = text.get(..document.range().end.min(text.len())) else { return };
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut piece = document.range().start;
    for chunk in text[piece..].split_inclusive("\n---") {
        let is_secret = chunk.lines().any(|line| {
            let kind = line.trim_start().trim_start_matches('"').strip_prefix("kind");
            kind.is_some_and(|rest| {
                rest.trim_start_matches(['"', ':', ' ']).trim_end_matches([' ', '"', ',', '\r']) == "Secret"
            })
        });
        let mut start = piece;
        let mut below: Option<usize> = None;
        for line in chunk.split_inclusive('\n').filter(|_| is_secret) {
            let named =
                ["data:", "stringData:"].iter().find_map(|field| line.trim_start().strip_prefix(field));
            below = match (below, named) {
                (Some(depth), _) if line.trim().is_empty() || indent(line) > depth => Some(depth),
                (_, Some(_)) => Some(indent(line)),
                _ => None,
            };
            if below.is_some() {
                let value = line.find(':').map_or(0, |colon| colon + 1);
                spans.push(Span::new(start + value, start + line.len()));
            }
            start += line.len();
        }
        piece += chunk.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_values_of_secrets_are_blotted() {
        for (text, expected) in [
            ("kind: ConfigMap\ndata: {a: b}\n", "kind: ConfigMap\ndata: {a: b}\n"),
            ("kind: Secret\ndata: {a: Yg==, b: ä漢🦀}\n", "kind: Secret\ndata: {a: ****, b: ·•🞄}\n"),
            (
                "kind: Secret\nmetadata: {name: s}\nstringData:\n  a: |\n    x y\n    z\n  b: 1\n",
                "kind: Secret\nmetadata: {name: s}\nstringData:\n  a: *\n    * *\n    *\n  b: *\n",
            ),
            (
                "kind: Secret\nstringData:\n  a: one\n  a: two\n",
                "kind: Secret\nstringData:\n  a: ***\n  a: ***\n",
            ),
            ("kind: Secret\ndata: hunter2\n", "kind: Secret\ndata: *******\n"),
            (
                "kind: List\nitems:\n- kind: Secret\n  data: {a: b}\n- kind: ConfigMap\n  data: {a: b}\n",
                "kind: List\nitems:\n- kind: Secret\n  data: {a: *}\n- kind: ConfigMap\n  data: {a: b}\n",
            ),
            (
                "secretGenerator:\n- name: s\n  literals: [a=b]\n",
                "secretGenerator:\n- name: s\n  literals: *****\n",
            ),
            (
                "kind: Secret\nstringData:\n  a: hunter2\n  {{- if .x }}\n  b: x\nmetadata:\n  name: s\n",
                "kind: Secret\nstringData:\n  a: *******\n  *** ** ** **\n  b: *\nmetadata:\n  name: s\n",
            ),
            (
                "kind: ConfigMap\ndata:\n  {{ x }}\n---\nkind: Secret\ndata:\n  a: x\n  {{ y }}\n",
                "kind: ConfigMap\ndata:\n  {{ x }}\n---\nkind: Secret\ndata:\n  a: *\n  ** * **\n",
            ),
        ] {
            let text: Arc<str> = text.into();
            let shown = blotted(&text, &values(&text));
            assert_eq!(&*shown, expected);
            assert_eq!(shown.len(), text.len());
        }
    }
}
