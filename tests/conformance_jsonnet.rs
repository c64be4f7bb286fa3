//! Expressions as the go-jsonnet of Argo CD evaluates them, through the worker.

use billhook::files::Tree;
use billhook::render::jsonnet::{Arguments, ErrorKind, Limits, Pool, Variable};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::PathBuf;

const VECTORS: &str = include_str!("conformance/jsonnet/vectors.jsonl");
const KNOWN: &str = include_str!("conformance/jsonnet/KNOWN.md");

#[derive(serde::Deserialize)]
struct Vector {
    code: String,
    output: Value,
    error: String,
}

/// The expressions of the list in `KNOWN.md`: lines that begin with `- ` and hold JSON text in backticks.
fn known() -> BTreeSet<String> {
    let items = KNOWN.lines().filter_map(|line| line.strip_prefix("- ``")?.split("``").next());
    items.map(|item| serde_json::from_str(item.trim()).expect("a JSON string")).collect()
}

fn arguments() -> Arguments {
    let variable =
        |name: &str, value: &str, code| Variable { name: name.to_owned(), value: value.to_owned(), code };
    Arguments {
        ext_vars: vec![variable("name", "x", false), variable("code", "[1]", true)],
        ..Arguments::default()
    }
}

fn same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Number(ours), Value::Number(theirs)) => ours.as_f64() == theirs.as_f64(),
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| same(ours, theirs))
        }
        (Value::Object(ours), Value::Object(theirs)) => {
            ours.len() == theirs.len()
                && ours.iter().all(|(key, value)| theirs.get(key).is_some_and(|other| same(value, other)))
        }
        _ => ours == theirs,
    }
}

#[test]
fn vectors() {
    let pool = Pool::new(PathBuf::from(env!("CARGO_BIN_EXE_billhook")), Limits::default());
    let known = known();
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in VECTORS.lines() {
        let vector: Vector = serde_json::from_str(line).expect("a vector");
        let tree = Tree::memory([("main.jsonnet", vector.code.clone().into_bytes())]);
        let result = pool.evaluate(&tree, "main.jsonnet", &arguments());
        let agrees = match &result {
            Ok(evaluation) => {
                let value: Value = serde_json::from_str(&evaluation.json).expect("JSON");
                vector.error.is_empty() && same(&value, &vector.output)
            }
            Err(error) => {
                !vector.error.is_empty() && matches!(error.kind, ErrorKind::Evaluation | ErrorKind::Refused)
            }
        };
        if agrees == known.contains(&vector.code) {
            let what = if agrees { "is known to differ, but agrees" } else { "differs" };
            wrong.push(format!("{} {what}: {result:?}", Value::from(vector.code)));
        }
        count += 1;
    }
    assert_eq!(count, 573);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
