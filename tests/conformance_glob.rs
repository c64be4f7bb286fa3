//! Every recorded answer of the glob libraries and of git; see `tests/conformance/README.md`.

use billhook::glob::{Dialect, Pattern};
use serde_json::Value;
use std::collections::HashMap;

fn compare(vectors: &str, dialects: &[(&str, Dialect)]) {
    let mut compiled = HashMap::new();
    let mut wrong = Vec::new();
    let mut compared = 0;
    for line in vectors.lines() {
        let vector: Value = serde_json::from_str(line).expect("a line is JSON");
        let [pattern, text] = ["pattern", "text"].map(|key| vector[key].as_str().expect("a text"));
        for (name, dialect) in dialects {
            let key = (*name, pattern.to_owned());
            let pattern = compiled.entry(key).or_insert_with(|| Pattern::new(*dialect, pattern));
            let answer = match pattern {
                Ok(pattern) => Value::Bool(pattern.matches(text)),
                Err(_) => Value::from("error"),
            };
            // A library that panics is recorded by the name of it; it matches nothing.
            let expected = if vector[*name] == "panic" { Value::Bool(false) } else { vector[*name].clone() };
            compared += 1;
            if answer != expected {
                wrong.push(format!("{name}: {line} is answered with {answer}"));
            }
        }
    }
    assert!(compared > 0, "there are vectors");
    assert!(
        wrong.is_empty(),
        "{} of {compared} differ:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(40)].join("\n")
    );
}

const LIBRARIES: [(&str, Dialect); 4] = [
    ("gobwas", Dialect::Gobwas),
    ("gobwas_slash", Dialect::GobwasSlash),
    ("path", Dialect::Path),
    ("doublestar", Dialect::Doublestar),
];

#[test]
fn libraries() {
    compare(include_str!("conformance/glob/vectors.jsonl"), &LIBRARIES);
}

#[test]
fn git() {
    compare(include_str!("conformance/glob/pathspecs.jsonl"), &[("pathspec", Dialect::Pathspec)]);
}

#[test]
fn libraries_on_random_patterns() {
    compare(include_str!("conformance/glob/random.jsonl"), &LIBRARIES);
}
