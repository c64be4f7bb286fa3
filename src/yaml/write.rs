//! Values as YAML text, for [`super::edit`].

use super::File;
use super::node::{Style, Value};
use super::typing;
use serde_json::Value as Json;

/// Where text is going to stand.
#[derive(Clone, Copy, Debug)]
pub(super) enum Layout {
    /// On lines of its own, this deep.
    Block { indent: usize, newline: &'static str },
    /// Between braces or brackets.
    Flow {
        /// In double quotes throughout.
        json: bool,
    },
}

/// What text must not be mistaken for where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Outside of braces and brackets, where a comma is a comma.
    Block,
    /// Inside.
    Flow,
    /// In JSON: everything in double quotes.
    Json,
}

impl Place {
    /// In a flow collection.
    pub(super) fn flow(json: bool) -> Self {
        if json { Self::Json } else { Self::Flow }
    }
}

/// A key with its value.
pub(super) fn entry(key: &str, value: &Json, layout: Layout) -> String {
    match layout {
        Layout::Flow { json } => {
            let place = Place::flow(json);
            format!("{}: {}", text(key, place), inline(value, place))
        }
        Layout::Block { indent, newline } => match value {
            Json::Object(map) if !map.is_empty() => {
                let inner = " ".repeat(indent + 2);
                format!("{}:{newline}{inner}{}", text(key, Place::Block), block(value, indent + 2, newline))
            }
            Json::Array(items) if !items.is_empty() => {
                let inner = " ".repeat(indent);
                format!("{}:{newline}{inner}{}", text(key, Place::Block), block(value, indent, newline))
            }
            _ => format!("{}: {}", text(key, Place::Block), inline(value, Place::Block)),
        },
    }
}

/// A value in block style; its first line is not indented.
pub(super) fn block(value: &Json, indent: usize, newline: &'static str) -> String {
    let separator = format!("{newline}{}", " ".repeat(indent));
    match value {
        Json::Object(map) if !map.is_empty() => {
            let entries = map.iter().map(|(key, value)| entry(key, value, Layout::Block { indent, newline }));
            entries.collect::<Vec<_>>().join(&separator)
        }
        Json::Array(items) if !items.is_empty() => {
            let items = items.iter().map(|item| format!("- {}", block(item, indent + 2, newline)));
            items.collect::<Vec<_>>().join(&separator)
        }
        _ => inline(value, Place::Block),
    }
}

/// A value on one line.
pub(super) fn inline(value: &Json, place: Place) -> String {
    let inside = if place == Place::Json { Place::Json } else { Place::Flow };
    match value {
        Json::String(string) => text(string, place),
        Json::Object(map) => {
            let entries =
                map.iter().map(|(key, value)| format!("{}: {}", text(key, inside), inline(value, inside)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        Json::Array(items) => {
            let items = items.iter().map(|item| inline(item, inside));
            format!("[{}]", items.collect::<Vec<_>>().join(", "))
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => value.to_string(),
    }
}

fn text(text: &str, place: Place) -> String {
    text_as(text, if place == Place::Json { Style::Double } else { Style::Plain }, place)
}

/// Text in this style if it reads back as itself there, else in the simplest one that does.
pub(super) fn text_as(text: &str, style: Style, place: Place) -> String {
    match style {
        Style::Double => double(text),
        Style::Single => single(text).unwrap_or_else(|| double(text)),
        Style::Plain | Style::Literal | Style::Folded | Style::Block | Style::Flow => {
            plain(text, place).or_else(|| single(text)).unwrap_or_else(|| double(text))
        }
    }
}

/// Without quotes, if that is the same text as a key and as a value, for YAML 1.1 and 1.2.
fn plain(text: &str, place: Place) -> Option<String> {
    let odd =
        text.chars().any(|c| c.is_control() || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}'));
    let number = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.'));
    if odd || number && may_be_typed(text) || text.len() > 900 {
        return None;
    }
    let both = format!("{text}: {text}");
    let file = File::single(if place == Place::Block { both.into() } else { format!("{{{both}}}").into() });
    let root = file.node(file.documents().first()?.root().ok()?);
    let only = root.written().next().filter(|_| root.written().len() == 1)?;
    let same = only.key_node.value() == Value::Str(text) && only.value.value() == Value::Str(text);
    let plain = only.key_node.style() == Style::Plain && only.value.style() == Style::Plain;
    (same && plain && file.comments().is_empty() && text != "<<" && text != "=").then(|| text.to_owned())
}

/// Whether some reader of YAML takes this for a number or a date.
fn may_be_typed(text: &str) -> bool {
    let bare = text.replace('_', "");
    typing::is_timestamp(text)
        || text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.' | b'-' | b'+' | b'_'))
            && text.contains(':')
        || bare.parse::<f64>().is_ok()
}

fn single(text: &str) -> Option<String> {
    let simple = |c: char| {
        !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
    };
    text.chars().all(simple).then(|| format!("'{}'", text.replace('\'', "''")))
}

/// In double quotes: JSON, with escapes for what YAML does not take as it is.
fn double(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{0}'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}
