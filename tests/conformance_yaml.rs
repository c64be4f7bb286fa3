//! YAML against what Argo CD's own packages made of the same texts: `tests/conformance/yaml/probes.jsonl`, one text a
//! line, written by running `sigs.k8s.io/yaml` and the manifest splitter of Argo CD 3.5.7.

use billhook::yaml::File;
use serde_json::Value;

struct Probe {
    yaml: String,
    json: Value,
    error: String,
    stream: Vec<Value>,
    stream_error: String,
}

fn probes() -> Vec<Probe> {
    include_str!("conformance/yaml/probes.jsonl").lines().map(probe).collect()
}

/// Some expectations nest deeper than `serde_json` reads, so the line goes through our JSON reader.
fn probe(line: &str) -> Probe {
    let file = File::json(line.into());
    let line = file.node(file.documents()[0].root().expect("JSON"));
    let text = |key| line.get(key).and_then(|text| text.as_str()).expect("text").to_owned();
    Probe {
        yaml: text("yaml"),
        json: line.get("json").expect("json").to_json(),
        error: text("error"),
        stream: line.get("stream").expect("stream").items().map(|object| object.to_json()).collect(),
        stream_error: text("stream_error"),
    }
}

/// The JSON of one text as one document.
fn single(text: &str) -> Result<Value, String> {
    let file = File::single(text.into());
    match file.documents()[0].root() {
        Ok(root) => Ok(file.node(root).to_json()),
        Err(error) => Err(error.message.clone()),
    }
}

/// The objects of a stream, up to the first error.
fn stream(text: &str) -> (Vec<Value>, Option<String>) {
    let file = File::stream(text.into());
    let mut objects = Vec::new();
    for document in file.documents() {
        match document.root() {
            Err(error) => return (objects, Some(error.message.clone())),
            Ok(root) if file.node(root).is_null() => (),
            Ok(root) => objects.push(file.node(root).to_json()),
        }
    }
    (objects, None)
}

/// Equal, numbers by value.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            a == b || !(a.is_i64() && b.is_i64()) && a.as_f64() == b.as_f64()
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}

fn report(differences: &[String], probes: usize) {
    assert!(
        differences.is_empty(),
        "{} of {probes} probes differ:\n{}",
        differences.len(),
        differences.join("\n")
    );
}

#[test]
fn one_document() {
    let probes = probes();
    assert_eq!(probes.len(), 2337);
    let mut differences = Vec::new();
    for probe in &probes {
        match (single(&probe.yaml), probe.error.is_empty()) {
            (Ok(json), true) if same(&json, &probe.json) => (),
            (Err(_), false) => (),
            (found, _) => {
                differences
                    .push(format!("{:?}: {found:?}, Argo CD: {} {}", probe.yaml, probe.json, probe.error));
            }
        }
    }
    report(&differences, probes.len());
}

#[test]
fn streams() {
    let probes = probes();
    let mut differences = Vec::new();
    for probe in &probes {
        let (objects, error) = stream(&probe.yaml);
        let expected = &probe.stream;
        let equal = objects.len() == expected.len() && objects.iter().zip(expected).all(|(a, b)| same(a, b));
        if !equal || error.is_none() != probe.stream_error.is_empty() {
            differences.push(format!(
                "{:?}: {objects:?} {error:?}, Argo CD: {expected:?} {}",
                probe.yaml, probe.stream_error
            ));
        }
    }
    report(&differences, probes.len());
}
