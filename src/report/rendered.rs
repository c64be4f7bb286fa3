//! How the objects that a merge changes differ, as they are rendered.

use super::diff::Diff;
use super::excerpt::BOLD;
use super::mask::without_copy;
use super::{neutral, yaml};
use crate::forecast::Row;
use anstyle::{AnsiColor, Style};
use serde_json::Value;
use similar::TextDiff;
use std::fmt::Write as _;

/// Unchanged lines around a change.
const CONTEXT: usize = 3;

/// The two sides of an object that both trees hold, as a patch without file names; None where they are equal.
///
/// Values of a Secret are hidden: of one that changes it is only said that it does.
pub(super) fn patch(row: &Row) -> Option<String> {
    let (base, head) = (row.base.as_ref()?, row.head.as_ref()?);
    // Where head has the object no more, its row points at the Application that had it.
    let same = |manifest: &crate::model::Manifest| manifest.kind() == &*row.key.kind;
    if !same(base) || !same(head) || base.name() != head.name() {
        return None;
    }
    let (mut base, mut head) = (base.node().to_json(), head.node().to_json());
    hide(&mut base, &mut head);
    let (base, head) = (text(&base)?, text(&head)?);
    let diff = TextDiff::from_lines(&base, &head);
    let patch = diff.unified_diff().context_radius(CONTEXT).to_string();
    (!patch.is_empty()).then_some(patch)
}

/// Writes the objects that change, each under its key.
pub(super) fn tell(told: &mut String, diff: &Diff<'_>) {
    for row in &diff.forecast.rows {
        let Some(patch) = patch(row) else { continue };
        let head = format!("{} on {}", row.key, row.cluster);
        let _ = writeln!(told, "{BOLD}{}{BOLD:#}", neutral::line(&head));
        for line in patch.lines() {
            let style = match line.chars().next() {
                Some('-') => AnsiColor::Red.on_default(),
                Some('+') => AnsiColor::Green.on_default(),
                Some('@') => AnsiColor::Cyan.on_default(),
                _ => Style::new(),
            };
            let _ = writeln!(told, "{style}{}{style:#}", neutral::line(line));
        }
        told.push('\n');
    }
}

/// Hides the values of a Secret on both sides.
fn hide(base: &mut Value, head: &mut Value) {
    let is_secret = |object: &Value| object.get("kind").and_then(Value::as_str) == Some("Secret");
    if !is_secret(base) && !is_secret(head) {
        return;
    }
    for field in ["data", "stringData"] {
        let before = base.get(field).cloned();
        if let Some(values) = base.get_mut(field) {
            conceal(values, None);
        }
        if let Some(values) = head.get_mut(field) {
            conceal(values, before.as_ref());
        }
    }
    without_copy(base);
    without_copy(head);
}

/// Puts a word in place of every value; another one where `before` has another value.
fn conceal(values: &mut Value, before: Option<&Value>) {
    let word = |value: &Value, before: Option<&Value>| match before {
        Some(before) if before != value => Value::from("(hidden, changed)"),
        _ => Value::from("(hidden)"),
    };
    match values {
        Value::Object(map) => {
            for (name, value) in map {
                *value = word(value, before.and_then(|before| before.get(name)));
            }
        }
        value => *value = word(value, before),
    }
}

fn text(value: &Value) -> Option<String> {
    let mut text = Vec::new();
    yaml::document(value, &mut text).ok()?;
    String::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_of_secrets_are_hidden_on_both_sides() {
        let secret = |value: &str, field: &str| {
            json!({
                "apiVersion": "v1", "kind": "Secret",
                "metadata": {"name": "s", "annotations": {"kubectl.kubernetes.io/last-applied-configuration": value}},
                field: {"password": value, "user": "same"},
            })
        };
        for (before, after, field) in
            [("hunter2", "hunter3", "stringData"), ("aHVudGVyMg==", "aHVudGVyMw==", "data")]
        {
            let (mut base, mut head) = (secret(before, field), secret(after, field));
            hide(&mut base, &mut head);
            let both = format!("{base}{head}");
            assert!(!both.contains(before) && !both.contains(after) && !both.contains("same"), "{both}");
            assert_eq!(base[field], json!({"password": "(hidden)", "user": "(hidden)"}));
            assert_eq!(head[field], json!({"password": "(hidden, changed)", "user": "(hidden)"}));
        }
        let (mut base, mut head) =
            (json!({"kind": "Secret", "data": "a"}), json!({"kind": "Secret", "data": ["b"]}));
        hide(&mut base, &mut head);
        assert_eq!([&base["data"], &head["data"]], [&json!("(hidden)"), &json!("(hidden, changed)")]);
    }
}
