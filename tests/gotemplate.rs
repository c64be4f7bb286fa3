//! Templates against what Argo CD 3.5.7 made of them: `tests/conformance/gotemplate`.

use billhook::gotemplate::{Functions, Map, Options, Template, Value, sprig, to_utf8};
use serde_json::Value as Json;

const VECTORS: &str = include_str!("conformance/gotemplate/vectors.jsonl");

/// A parameter as a generator gives it: some are maps or lists of text.
fn parameter(json: &Json, path: &str, vector: &Json) -> Value {
    let listed = |key: &str| {
        vector[key].as_array().is_some_and(|paths| paths.iter().any(|listed| listed.as_str() == Some(path)))
    };
    match json {
        Json::Object(fields) => {
            let map = if listed("string_maps") { Map::of_strings() } else { Map::new() };
            for (key, value) in fields {
                let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                map.insert_str(key, parameter(value, &inner, vector));
            }
            Value::Map(map)
        }
        Json::Array(items) if listed("string_lists") => Value::strings(items.iter().filter_map(Json::as_str)),
        other => Value::from_json(other),
    }
}

fn render(functions: &Functions, vector: &Json) -> Result<String, String> {
    let mut options = Options::default();
    for option in vector["options"].as_array().into_iter().flatten() {
        options.set(option.as_str().unwrap_or_default())?;
    }
    let text = vector["template"].as_str().unwrap_or_default();
    let template = Template::parse("base", text, functions).map_err(|error| error.to_string())?;
    let data = parameter(&vector["params"], "", vector);
    template.render(&data, &options).map(|out| to_utf8(&out)).map_err(|error| error.to_string())
}

/// The place that a message names: template, line, column and node.
fn place(message: &str) -> &str {
    let start = message.find("template: base").unwrap_or(0);
    let message = &message[start..];
    let end = message.find(">: ").or_else(|| message.find(": ")).unwrap_or(message.len());
    &message[..end]
}

#[test]
fn vectors_are_equal() {
    let functions = sprig();
    let mut differences = Vec::new();
    let mut count = 0;
    for line in VECTORS.lines() {
        let vector: Json = serde_json::from_str(line).expect("a vector is JSON");
        if vector["fast"] == Json::Bool(true) {
            continue;
        }
        count += 1;
        let found = render(&functions, &vector);
        let equal = match (&found, vector["output"].as_str(), vector["error"].as_str()) {
            (Ok(found), Some(expected), None) => found == expected,
            (Err(found), None, Some(expected)) => place(found) == place(expected),
            _ => false,
        };
        if !equal {
            differences.push(format!("{line}\n    {found:?}"));
        }
    }
    assert!(differences.is_empty(), "{} of {count} differ:\n{}", differences.len(), differences.join("\n"));
}
