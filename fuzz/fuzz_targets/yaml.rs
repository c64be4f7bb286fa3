//! The fast parser agrees with libyaml or declines; no text makes reading, typing or writing panic.
#![no_main]

use billhook::yaml::agreement::{Agreement, compare};
use billhook::yaml::{File, Node, decode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = decode(bytes).text;
    for newline in [false, true] {
        if let Agreement::Different(what) = compare(&text, newline) {
            panic!("{what}");
        }
    }
    for file in [File::stream(text.clone()), File::single(text.clone()), File::json(text.clone())] {
        for span in file.comments() {
            assert!(text[span.range()].starts_with('#'));
        }
        for document in file.documents() {
            assert!(text.get(document.span().range()).is_some());
            match document.root() {
                Ok(root) => walk(file.node(root)),
                Err(error) => assert!(text.get(error.span.range()).is_some()),
            }
        }
    }
});

/// The node as JSON text.
fn json_of(node: Node<'_>) -> String {
    let mut out = Vec::new();
    node.write_json(&mut out);
    String::from_utf8(out).expect("UTF-8")
}

/// Reads JSON text and writes it again.
fn again(json: &str) -> String {
    let file = File::json(json.into());
    json_of(file.node(file.documents()[0].root().expect("JSON")))
}

/// Looks at every node, and reads its JSON back.
fn walk(root: Node<'_>) {
    // The first trip may lose the sign of a zero, no more.
    let json = again(&json_of(root));
    assert_eq!(json, again(&json));
    let mut todo = vec![root];
    while let Some(node) = todo.pop() {
        let _ = (node.raw(), node.text(), node.tag(), node.anchor(), node.style(), node.full_span());
        for entry in node.written() {
            let _ = entry.span();
        }
        for entry in node.entries() {
            assert_eq!(node.get(&entry.key).map(Node::id), Some(entry.value.id()));
        }
        // Aliases are looked at where their anchor is; following them all would take too long.
        todo.extend(
            node.written().map(|entry| entry.value).chain(node.items()).filter(|node| node.alias().is_none()),
        );
    }
}
