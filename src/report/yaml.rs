//! YAML that every reader takes for the same data, YAML 1.1 ones (Kubernetes, Argo CD) as well as 1.2.

use crate::report::{Error, neutral};
use serde::Serialize;
use serde_json::Value;
use std::borrow::Cow;
use std::io::{self, Write};

/// Writes `value` as one YAML document.
pub(super) fn write(value: &impl Serialize, out: &mut dyn Write) -> Result<(), Error> {
    let value = serde_json::to_value(value)?;
    Ok(document(&value, out)?)
}

/// Writes a JSON value as a YAML document in block style.
pub fn document(value: &Value, out: &mut dyn Write) -> io::Result<()> {
    match value {
        Value::Object(map) if !map.is_empty() => entries(value, 0, out),
        Value::Array(items) if !items.is_empty() => entries(value, 0, out),
        _ => {
            scalar(value, 0, out)?;
            writeln!(out)
        }
    }
}

/// The entries of a non-empty map or list, each line `indent` spaces in.
fn entries(value: &Value, indent: usize, out: &mut dyn Write) -> io::Result<()> {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                write!(out, "{:indent$}", "")?;
                entry(key, value, indent, out)?;
            }
        }
        Value::Array(items) => {
            for item in items {
                write!(out, "{:indent$}- ", "")?;
                inline(item, indent + 2, out)?;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (),
    }
    Ok(())
}

/// `key: value`, where the cursor already stands at `indent`.
fn entry(key: &str, value: &Value, indent: usize, out: &mut dyn Write) -> io::Result<()> {
    text(key, out)?;
    write!(out, ":")?;
    match value {
        Value::Object(map) if !map.is_empty() => {
            writeln!(out)?;
            entries(value, indent + 2, out)
        }
        Value::Array(items) if !items.is_empty() => {
            writeln!(out)?;
            entries(value, indent, out)
        }
        _ => {
            write!(out, " ")?;
            scalar(value, indent + 2, out)?;
            writeln!(out)
        }
    }
}

/// A value behind `- `: a map begins on the same line.
fn inline(value: &Value, indent: usize, out: &mut dyn Write) -> io::Result<()> {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (i, (key, value)) in map.iter().enumerate() {
                if i > 0 {
                    write!(out, "{:indent$}", "")?;
                }
                entry(key, value, indent, out)?;
            }
            Ok(())
        }
        Value::Array(items) if !items.is_empty() => {
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    write!(out, "{:indent$}", "")?;
                }
                write!(out, "- ")?;
                inline(item, indent + 2, out)?;
            }
            Ok(())
        }
        _ => {
            scalar(value, indent, out)?;
            writeln!(out)
        }
    }
}

fn scalar(value: &Value, indent: usize, out: &mut dyn Write) -> io::Result<()> {
    match value {
        Value::String(s) if is_block(s) => block(s, indent, out),
        Value::String(s) => text(s, out),
        Value::Object(_) => write!(out, "{{}}"),
        Value::Array(_) => write!(out, "[]"),
        Value::Null | Value::Bool(_) | Value::Number(_) => write!(out, "{value}"),
    }
}

/// Whether a text reads well as a block scalar and comes back unchanged.
fn is_block(text: &str) -> bool {
    let lines = || text.strip_suffix('\n').unwrap_or(text).split('\n');
    text.contains('\n')
        && !text.ends_with("\n\n")
        && !text.starts_with([' ', '\n'])
        && !text.contains(['\t', '\r'])
        && lines().all(|line| !line.ends_with(' '))
        && !text.chars().any(|c| c != '\n' && (neutral::is_hostile(c) || c == '\u{85}'))
        && lines().all(|line| matches!(neutral::orders(line), Cow::Borrowed(_)))
}

fn block(text: &str, indent: usize, out: &mut dyn Write) -> io::Result<()> {
    let body = text.strip_suffix('\n');
    write!(out, "{}", if body.is_some() { "|" } else { "|-" })?;
    for line in body.unwrap_or(text).split('\n') {
        write!(out, "\n{:width$}{line}", "", width = if line.is_empty() { 0 } else { indent })?;
    }
    Ok(())
}

fn text(text: &str, out: &mut dyn Write) -> io::Result<()> {
    if is_plain(text) {
        return write!(out, "{text}");
    }
    serde_json::to_writer(neutral::EscapeJson(&mut *out), text).map_err(io::Error::from)
}

/// Whether a text may stand without quotes: letters, digits and a few marks, and not a word or number of YAML 1.1.
fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    let inside =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/' | b' ' | b'(' | b')');
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && !text.ends_with(' ')
        && text.bytes().all(inside)
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn text_that_yaml_would_take_for_something_else_is_quoted() {
        for (text, expected) in [
            ("plain", "plain"),
            ("apps/v1", "apps/v1"),
            ("/etc/x", "/etc/x"),
            ("two words", "two words"),
            ("", "\"\""),
            ("yes", "\"yes\""),
            ("Off", "\"Off\""),
            ("y", "\"y\""),
            ("0644", "\"0644\""),
            ("1e3", "\"1e3\""),
            ("~", "\"~\""),
            ("- x", "\"- x\""),
            ("a: b", "\"a: b\""),
            ("a #b", "\"a #b\""),
            ("https://x", "\"https://x\""),
            (".inf", "\".inf\""),
            ("2024-01-01", "\"2024-01-01\""),
            ("trailing ", "\"trailing \""),
            ("\u{1b}[m\u{202e}", "\"\\u001b[m\\u202e\""),
        ] {
            let mut out = Vec::new();
            document(&json!(text), &mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), format!("{expected}\n"));
        }
    }

    #[test]
    fn documents_are_laid_out_in_blocks() {
        let value = json!({
            "apiVersion": "v1",
            "data": {"a.conf": "one\n\n  two\n", "b": "x\ny", "c": "tail \nx\n", "d": {}},
            "list": [1, {"a": true, "b": [null, "n"]}, [[2], []], "s\nt\n"],
        });
        let mut out = Vec::new();
        document(&value, &mut out).unwrap();
        let expected = r#"apiVersion: v1
data:
  a.conf: |
    one

      two
  b: |-
    x
    y
  c: "tail \nx\n"
  d: {}
list:
- 1
- a: true
  b:
  - null
  - "n"
- - - 2
  - []
- |
  s
  t
"#;
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
