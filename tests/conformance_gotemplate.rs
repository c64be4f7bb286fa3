//! Templates against what Argo CD 3.5.7 made of them: `tests/conformance/gotemplate`.

use billhook::appset::{FastTemplate, branch_slug, functions, normalize};
use billhook::gotemplate::{Map, Options, Template, Value, to_utf8};
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

fn render(vector: &Json) -> Result<String, String> {
    let text = vector["template"].as_str().unwrap_or_default();
    let data = parameter(&vector["params"], "", vector);
    if vector["fast"] == Json::Bool(true) {
        let params = data.as_map().cloned().unwrap_or_default();
        let rendered = FastTemplate::parse(text)?.render(&params, 1 << 20);
        return rendered.ok_or_else(|| "too long".to_owned());
    }
    let mut options = Options::default();
    for option in vector["options"].as_array().into_iter().flatten() {
        options.set(option.as_str().unwrap_or_default())?;
    }
    let template = Template::parse("base", text, functions()).map_err(|error| error.to_string())?;
    template.render(&data, &options).map(|out| to_utf8(&out)).map_err(|error| error.to_string())
}

/// The place that a message names: template, line, column and node.
fn place(message: &str) -> &str {
    let Some(start) = message.find("template: base") else {
        return "";
    };
    let message = &message[start..];
    let end = message.find(">: ").or_else(|| message.find(": ")).unwrap_or(message.len());
    &message[..end]
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides.max(1)
    }
}

#[test]
fn damaged_templates_end_without_panic() {
    let vectors: Vec<Json> =
        VECTORS.lines().map(|line| serde_json::from_str(line).expect("a vector is JSON")).collect();
    let texts: Vec<&str> = vectors.iter().filter_map(|vector| vector["template"].as_str()).collect();
    let mut dice = Dice(1);
    let mut ended = 0;
    for _ in 0..20_000 {
        let mut vector = vectors[dice.roll(vectors.len())].clone();
        let mut text: Vec<char> = texts[dice.roll(texts.len())].chars().collect();
        for _ in 0..=dice.roll(3) {
            let other: Vec<char> = texts[dice.roll(texts.len())].chars().collect();
            let (from, to) = (dice.roll(other.len() + 1), dice.roll(other.len() + 1));
            let piece = &other[from.min(to)..from.max(to)];
            let at = dice.roll(text.len() + 1);
            let end = (at + dice.roll(4)).min(text.len());
            text.splice(at..end, piece.iter().copied());
        }
        vector["template"] = Json::String(text.into_iter().collect());
        ended += usize::from(render(&vector).is_ok());
    }
    assert!(ended > 1000, "only {ended} of the damaged templates still run");
}

#[test]
fn vectors_are_equal() {
    let mut differences = Vec::new();
    let mut count = 0;
    for line in VECTORS.lines() {
        let vector: Json = serde_json::from_str(line).expect("a vector is JSON");
        count += 1;
        let found = render(&vector);
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

const NAMES: &str = include_str!("conformance/gotemplate/names.jsonl");

#[test]
fn names_are_equal() {
    let mut differences = Vec::new();
    for line in NAMES.lines() {
        let vector: Json = serde_json::from_str(line).expect("a vector is JSON");
        let arguments = vector["args"].as_array().cloned().unwrap_or_default();
        let name = vector["args"][0].as_str().unwrap_or_default();
        let found = match vector["function"].as_str() {
            Some("normalize") => Ok(normalize(name)),
            Some("branch_slug") => Ok(branch_slug(name)),
            Some("slugify") => slugify(&arguments),
            other => panic!("no such function: {other:?}"),
        };
        if vector["output"].as_str() != found.as_deref().ok() || vector["error"].is_string() != found.is_err()
        {
            differences.push(format!("{line}\n    {found:?}"));
        }
    }
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

/// Calls `slugify` with these arguments; numbers are `int` there.
fn slugify(arguments: &[Json]) -> Result<String, String> {
    let values = Map::new();
    let mut text = "{{slugify".to_owned();
    for (index, argument) in arguments.iter().enumerate() {
        let value = match argument {
            Json::Number(number) => Value::Int(number.as_f64().unwrap_or_default() as i64),
            other => Value::from_json(other),
        };
        values.insert_str(&format!("a{index}"), value);
        text.push_str(&format!(" .a{index}"));
    }
    text.push_str("}}");
    let template = Template::parse("base", &text, functions()).map_err(|error| error.to_string())?;
    let out = template.render(&Value::Map(values), &Options::default());
    out.map(|out| to_utf8(&out)).map_err(|error| error.to_string())
}

const FUNCTIONS: &str = include_str!("conformance/gotemplate/functions.txt");

#[test]
fn every_registered_function_is_there() {
    let registered = FUNCTIONS.lines().skip_while(|line| *line != "## registered").skip(1);
    let mut expected: Vec<&str> =
        registered.take_while(|line| !line.is_empty()).filter_map(|line| line.split('\t').next()).collect();
    expected.sort_unstable();
    assert_eq!(functions().names(), expected);
}
