//! Nodes as JSON. Nothing here recurses, so a document may be as deep as Kubernetes lets it.

use super::effective::Entries;
use super::node::{Entry, Items, Node, Value};
use std::borrow::Cow;

impl<'a> Node<'a> {
    /// The value as JSON, as Kubernetes gets it.
    ///
    /// A document may nest 10,000 levels deep, and dropping a `Value` that deep takes stack for each.
    pub fn to_json(self) -> serde_json::Value {
        let mut open: Vec<Building<'a>> = Vec::new();
        let mut node = self;
        loop {
            let mut done = match node.value() {
                Value::Map => {
                    open.push(Building::Map(serde_json::Map::new(), Cow::Borrowed(""), node.entries()));
                    None
                }
                Value::Seq => {
                    let items = node.items();
                    open.push(Building::Seq(Vec::with_capacity(items.len()), items));
                    None
                }
                Value::Null => Some(serde_json::Value::Null),
                Value::Bool(bool) => Some(bool.into()),
                Value::Int(int) => Some(int.into()),
                Value::UInt(int) => Some(int.into()),
                Value::Float(float) => Some(float.into()),
                Value::Str(text) => Some(text.into()),
            };
            node = loop {
                let Some(top) = open.last_mut() else { return done.unwrap_or_default() };
                if let Some(value) = done.take() {
                    top.put(value);
                }
                match top.next() {
                    Some(next) => break next,
                    None => done = open.pop().map(Building::finish),
                }
            };
        }
    }

    /// Appends the value as compact JSON to `out`: keys sorted by their bytes and numbers as Go's `json.Marshal`
    /// has them.
    pub fn write_json(self, out: &mut Vec<u8>) {
        let mut open: Vec<Writing<'a>> = Vec::new();
        let mut node = self;
        loop {
            match node.value() {
                Value::Map => {
                    out.push(b'{');
                    let mut entries: Vec<_> = node.entries().collect();
                    entries.sort_by(|a, b| a.key.cmp(&b.key));
                    open.push(Writing::Map(entries.into_iter()));
                }
                Value::Seq => {
                    out.push(b'[');
                    open.push(Writing::Seq(node.items()));
                }
                Value::Null => out.extend_from_slice(b"null"),
                Value::Bool(bool) => out.extend_from_slice(if bool { b"true" } else { b"false" }),
                Value::Int(int) => out.extend_from_slice(int.to_string().as_bytes()),
                Value::UInt(int) => out.extend_from_slice(int.to_string().as_bytes()),
                Value::Float(float) => out.extend_from_slice(go_float(float).as_bytes()),
                Value::Str(text) => write_text(text, out),
            }
            node = loop {
                let Some(top) = open.last_mut() else { return };
                let first = matches!(out.last(), Some(b'{' | b'['));
                match top {
                    Writing::Map(entries) => match entries.next() {
                        Some(entry) => {
                            separate(first, out);
                            write_text(&entry.key, out);
                            out.push(b':');
                            break entry.value;
                        }
                        None => out.push(b'}'),
                    },
                    Writing::Seq(items) => match items.next() {
                        Some(item) => {
                            separate(first, out);
                            break item;
                        }
                        None => out.push(b']'),
                    },
                }
                open.pop();
            };
        }
    }
}

enum Building<'a> {
    Map(serde_json::Map<String, serde_json::Value>, Cow<'a, str>, Entries<'a>),
    Seq(Vec<serde_json::Value>, Items<'a>),
}

impl<'a> Building<'a> {
    /// The next node to convert.
    fn next(&mut self) -> Option<Node<'a>> {
        match self {
            Self::Map(_, key, entries) => {
                let Entry { key: next, value, .. } = entries.next()?;
                *key = next;
                Some(value)
            }
            Self::Seq(_, items) => items.next(),
        }
    }

    /// Takes the value of the node that `next` gave.
    fn put(&mut self, value: serde_json::Value) {
        match self {
            Self::Map(map, key, _) => drop(map.insert(std::mem::take(key).into_owned(), value)),
            Self::Seq(seq, _) => seq.push(value),
        }
    }

    fn finish(self) -> serde_json::Value {
        match self {
            Self::Map(map, ..) => map.into(),
            Self::Seq(seq, _) => seq.into(),
        }
    }
}

enum Writing<'a> {
    Map(std::vec::IntoIter<Entry<'a>>),
    Seq(Items<'a>),
}

fn separate(first: bool, out: &mut Vec<u8>) {
    if !first {
        out.push(b',');
    }
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("a vector takes every byte");
}

/// A float as `json.Marshal` writes it: plain digits from 1e-6 up to 1e21.
fn go_float(float: f64) -> String {
    let size = float.abs();
    if size == 0.0 || (1e-6..1e21).contains(&size) {
        return float.to_string();
    }
    let text = format!("{float:e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) if !exponent.starts_with('-') => format!("{mantissa}e+{exponent:0>2}"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use crate::yaml::File;

    #[test]
    fn sorted_and_compact() {
        let file = File::single("b: [1.5, 1e21, 1e-7, x, {}]\na: {y: ~}\n\"\": 'é\"'\n".into());
        let root = file.documents()[0].root().expect("valid");
        let mut out = Vec::new();
        file.node(root).write_json(&mut out);
        let expected = r#"{"":"é\"","a":{"true":null},"b":[1.5,1e+21,1e-7,"x",{}]}"#;
        assert_eq!(String::from_utf8(out).expect("UTF-8"), expected);
        assert_eq!(
            file.node(root).to_json(),
            serde_json::from_str::<serde_json::Value>(expected).expect("JSON")
        );
    }
}
