//! What `billhook render --format ndjson` prints of one Application, against what was recorded of Argo CD.
//!
//! Manifests are compared as JSON, numbers by value; objects, conditions and duplicates as sets; of an error that
//! there is one, and of what kind: a recorded error is one that `fails`, and only one that the recorder met because it
//! had no network is `unknown`.

#![allow(dead_code, reason = "each test binary uses its part")]

use super::json::Json;

/// What differs; nothing if all is as recorded.
pub fn differences(expected: &Json, lines: &[Json]) -> Vec<String> {
    let mut differences = Vec::new();
    let (problems, manifests): (Vec<&Json>, Vec<&Json>) =
        lines.iter().partition(|line| !line.get("problem").is_null());
    let application = expected.get("application");
    for line in lines.iter().filter(|line| line.get("application") != application) {
        differences.push(format!("of Application {application}: {}", short(line)));
    }
    let problems: Vec<&Json> = problems.into_iter().map(|line| line.get("problem")).collect();
    let of_state = |state: &str| -> Vec<&Json> {
        problems.iter().copied().filter(|problem| problem.get("state").text() == Some(state)).collect()
    };
    let (fails, unknown, warnings) = (of_state("fails"), of_state("unknown"), of_state("warning"));
    if fails.len() + unknown.len() + warnings.len() != problems.len() {
        differences.push("a problem has no state".to_owned());
    }
    match (expected.get("error").text(), needs_network(expected)) {
        (None, _) => {
            let stops = fails.iter().chain(&unknown);
            differences.extend(stops.map(|problem| format!("no error was recorded: {}", short(problem))));
            objects(expected.get("objects").list(), manifests, &mut differences);
        }
        (Some(error), true) => {
            if unknown.is_empty() {
                differences.push(format!("is unknown without network: {error}"));
            }
            differences
                .extend(fails.iter().map(|problem| format!("fails instead of unknown: {}", short(problem))));
            return differences;
        }
        (Some(error), false) => {
            if fails.is_empty() {
                differences.push(format!("should fail: {error}"));
            }
            differences.extend(
                unknown.iter().map(|problem| format!("unknown instead of fails: {}", short(problem))),
            );
            if !manifests.is_empty() {
                differences.push(format!("{} manifests beside an error", manifests.len()));
            }
        }
    }
    conditions(expected, &fails, &warnings, &mut differences);
    differences
}

/// Whether the recorder failed only because it had no network, no such repository or no such chart.
fn needs_network(expected: &Json) -> bool {
    let sources = expected.get("sources").list().iter().map(|source| source.get("error"));
    let mut errors = sources.chain([expected.get("error")]).filter_map(Json::text);
    errors.any(|error| error.contains("<no network>") || error.contains("oracle:"))
}

const KEY: [&str; 4] = ["group", "kind", "namespace", "name"];

fn objects(expected: &[Json], manifests: Vec<&Json>, differences: &mut Vec<String>) {
    let mut actual: Vec<Option<&Json>> = manifests.into_iter().map(Some).collect();
    // Several objects can have one key (`generateName`): those that are equal find each other first.
    let mut open = Vec::new();
    for object in expected {
        let equal = |line: &Json| same_key(object, line.get("key")) && parts(object, line).is_empty();
        match actual.iter_mut().find(|line| line.is_some_and(equal)) {
            Some(line) => *line = None,
            None => open.push(object),
        }
    }
    for object in open {
        let unstable = *object.get("unstable") == Json::Bool(true);
        let like = |line: &Json| {
            same_key(object, line.get("key")) || (unstable && same_kind(object, line.get("key")))
        };
        let Some(line) = actual.iter_mut().find(|line| line.is_some_and(like)).and_then(Option::take) else {
            differences.push(format!("is missing: {}", name(object)));
            continue;
        };
        differences.extend(parts(object, line).into_iter().map(|part| format!("{}: {part}", name(object))));
    }
    let left = actual.into_iter().flatten();
    differences.extend(left.map(|line| format!("should not be there: {}", name(line.get("key")))));
}

fn same_key(object: &Json, key: &Json) -> bool {
    KEY.iter().all(|part| object.get(part) == key.get(part))
}

fn same_kind(object: &Json, key: &Json) -> bool {
    KEY[..3].iter().all(|part| object.get(part) == key.get(part))
}

/// What differs between a recorded object and a line. Of one that is different each time, its place alone counts.
fn parts(object: &Json, line: &Json) -> Vec<String> {
    let mut differences = Vec::new();
    for part in ["source", "version", "wave"] {
        let (expected, actual) = (object.get(part), line.get(part));
        if expected != actual {
            differences.push(format!("{part} is {actual}, should be {expected}"));
        }
    }
    let (expected, actual) = (sorted(object.get("hooks")), sorted(line.get("hooks")));
    if expected != actual {
        differences.push(format!("hooks are {actual}, should be {expected}"));
    }
    if *object.get("unstable") != Json::Bool(true) {
        values(object.get("manifest"), line.get("manifest"), "", &mut differences);
    }
    differences
}

fn sorted(list: &Json) -> Json {
    match list {
        Json::List(list) => {
            let mut list = list.clone();
            list.sort();
            Json::List(list)
        }
        other => other.clone(),
    }
}

fn values(expected: &Json, actual: &Json, path: &str, differences: &mut Vec<String>) {
    match (expected, actual) {
        _ if expected == actual => (),
        (Json::Map(one), Json::Map(other)) => {
            for (key, value) in one {
                match other.get(key) {
                    Some(actual) => values(value, actual, &format!("{path}/{key}"), differences),
                    None => differences.push(format!("{path}/{key} is missing, should be {}", short(value))),
                }
            }
            let more = other.iter().filter(|(key, _)| !one.contains_key(*key));
            differences.extend(
                more.map(|(key, value)| format!("{path}/{key} should not be there: {}", short(value))),
            );
        }
        (Json::List(one), Json::List(other)) if one.len() == other.len() => {
            for (i, (expected, actual)) in one.iter().zip(other).enumerate() {
                values(expected, actual, &format!("{path}/{i}"), differences);
            }
        }
        _ => differences.push(format!("{path} is {}, should be {}", short(actual), short(expected))),
    }
}

fn conditions(expected: &Json, fails: &[&Json], warnings: &[&Json], differences: &mut Vec<String>) {
    let recorded = expected.get("conditions").list();
    // Argo CD puts one ComparisonError on the Application, however much is wrong.
    let names = |conditions: &mut dyn Iterator<Item = &Json>| -> Vec<String> {
        let mut names: Vec<String> = conditions.filter_map(Json::text).map(str::to_owned).collect();
        names.sort();
        names.dedup();
        names
    };
    let is_error =
        |condition: &&Json| condition.get("type").text().is_some_and(|name| name.ends_with("Error"));
    let errors = names(&mut recorded.iter().filter(is_error).map(|condition| condition.get("type")));
    let actual = names(&mut fails.iter().map(|problem| problem.get("condition")));
    if errors != actual {
        differences.push(format!("conditions of errors are {actual:?}, should be {errors:?}"));
    }
    let mut left: Vec<&Json> =
        warnings.iter().copied().filter(|problem| !problem.get("condition").is_null()).collect();
    for condition in recorded.iter().filter(|condition| !is_error(condition)) {
        let Some(at) = left.iter().position(|problem| tells(problem, condition)) else {
            differences.push(format!("nothing tells of {}", short(condition)));
            continue;
        };
        let problem = left.remove(at);
        // A duplicate is told as the condition is, and says how often.
        let times =
            expected.get("duplicates").list().iter().find(|duplicate| names_key(condition, duplicate));
        let count = times.map(|duplicate| duplicate.get("sources").list().len());
        let message = problem.get("message").text().unwrap_or_default();
        if let Some(count) = count.filter(|count| !message.contains(&format!(" {count} times"))) {
            differences.push(format!("is there {count} times: {}", short(problem)));
        }
    }
    differences.extend(left.iter().map(|problem| format!("Argo CD does not warn: {}", short(problem))));
    let repeated =
        recorded.iter().filter(|condition| condition.get("type").text() == Some("RepeatedResourceWarning"));
    let repeated: Vec<&Json> = repeated.collect();
    for duplicate in expected.get("duplicates").list() {
        if !repeated.iter().any(|condition| names_key(condition, duplicate)) {
            differences.push(format!("the record does not hold together: {}", short(duplicate)));
        }
    }
}

/// Whether a problem is the one that a recorded condition tells of: its kind, and the object.
fn tells(problem: &Json, condition: &Json) -> bool {
    if problem.get("condition") != condition.get("type") {
        return false;
    }
    let message = problem.get("message").text().unwrap_or_default();
    subject(condition).is_some_and(|(kind, namespace, name)| {
        let name = if name.is_empty() { "(no name)" } else { name };
        message.contains(kind)
            && message.contains(name)
            && namespace.is_none_or(|space| message.contains(space))
    })
}

/// Kind, namespace and name in `Resource apps/Deployment/demo/web appeared …`, `Resource /Event ev is excluded …`.
fn subject(condition: &Json) -> Option<(&str, Option<&str>, &str)> {
    let text = condition.get("message").text()?.strip_prefix("Resource ")?;
    if let Some((key, _)) = text.split_once(" appeared ") {
        let mut parts = key.splitn(4, '/').skip(1);
        return Some((parts.next()?, Some(parts.next()?), parts.next()?));
    }
    let (key, _) = text.split_once(" is excluded ")?;
    let (kind, name) = key.split_once('/')?.1.split_once(' ')?;
    Some((kind, None, name))
}

fn names_key(condition: &Json, duplicate: &Json) -> bool {
    let text = |part: &str| duplicate.get(part).text().unwrap_or_default().to_owned();
    let key = format!("Resource {}/{}/{}/{} ", text("group"), text("kind"), text("namespace"), text("name"));
    condition.get("message").text().is_some_and(|message| message.starts_with(&key))
}

fn name(object: &Json) -> String {
    let [group, kind, namespace, name] = KEY.map(|part| object.get(part).text().unwrap_or_default());
    format!("{group}/{kind} {namespace}/{name}")
}

fn short(value: &Json) -> String {
    let text = value.to_string();
    match text.char_indices().nth(300) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}
