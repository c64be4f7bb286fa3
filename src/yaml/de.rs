//! Nodes into types with serde. An error knows the span it is about: an unknown key its key, a wrong value its value,
//! a missing key the mapping without it.

use super::effective::Entries;
use super::node::{Entry, Items, Node, Value};
use super::{File, words};
use crate::files::Span;
use serde::Deserialize;
use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, IntoDeserializer, Unexpected, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Types nest at most this deep; a value that takes anything would follow a document into its depth.
const MAX_DEPTH: usize = 128;

/// The name by which [`Spanned`] asks for the span.
const SPANNED: &str = "$billhook::yaml::Spanned";

/// Why a node is not what the type wants.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", if path.is_empty() { String::new() } else { format!("`{path}`: ") })]
pub struct Error {
    /// What it is about.
    pub span: Span,
    /// What is wrong: a fragment, no full stop.
    pub message: String,
    /// The way to it, as in `clusters[0].name`; empty for the root.
    pub path: String,
    located: bool,
}

impl Error {
    fn at(mut self, node: Node<'_>) -> Self {
        if !self.located {
            self.span = node.span();
            self.located = true;
        }
        self
    }

    /// Puts a step before the path.
    fn below(mut self, step: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{step}{dot}{}", self.path);
        self
    }
}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { message: message.to_string(), ..Self::default() }
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::custom(format!("expected {expected}, found {}", name_of(found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(format!("unknown key `{field}`{}", words::instead(field, expected)))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(format!("unknown value `{variant}`{}", words::instead(variant, expected)))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::custom(format!("`{field}` is missing"))
    }
}

fn name_of(found: Unexpected<'_>) -> Cow<'static, str> {
    match found {
        Unexpected::Str(text) => format!("the text `{text}`").into(),
        Unexpected::Bool(bool) => format!("`{bool}`").into(),
        Unexpected::Unsigned(int) => format!("the number {int}").into(),
        Unexpected::Signed(int) => format!("the number {int}").into(),
        Unexpected::Float(float) => format!("the number {float}").into(),
        Unexpected::Map => "a mapping".into(),
        Unexpected::Seq => "a list".into(),
        Unexpected::Unit | Unexpected::Option => "nothing".into(),
        other => other.to_string().into(),
    }
}

/// Reads `node` as a `T`.
///
/// Texts, numbers and truth values are told apart as Kubernetes does: `1.30` is no text. A key of a struct whose value
/// is null is as good as absent.
pub fn from_node<'a, T: Deserialize<'a>>(node: Node<'a>) -> Result<T, Error> {
    T::deserialize(Reader { node, depth: 0 }).map_err(|error| error.at(node))
}

/// Reads a text of one document as a `T`; see [`File::single`].
pub fn from_str<T: de::DeserializeOwned>(text: &str) -> Result<T, Error> {
    let file = File::single(text.into());
    let root = file.documents().first().map(super::Document::root);
    match root {
        Some(Ok(root)) => from_node(file.node(root)),
        Some(Err(error)) => {
            Err(Error { span: error.span, message: error.message.clone(), located: true, ..Error::default() })
        }
        None => Err(de::Error::custom("no document")),
    }
}

/// A value that knows where it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Spanned<T> {
    /// The span of the value; empty at 0 where it was not read from a node.
    pub span: Span,
    /// The value.
    pub value: T,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Spanned<T> {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Wanted<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Wanted<T> {
            type Value = Spanned<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_newtype_struct<D: de::Deserializer<'de>>(
                self,
                value: D,
            ) -> Result<Self::Value, D::Error> {
                Ok(Spanned { span: Span::default(), value: T::deserialize(value)? })
            }
            fn visit_seq<A: de::SeqAccess<'de>>(self, mut parts: A) -> Result<Self::Value, A::Error> {
                let missing = || de::Error::custom("a span and a value");
                let start = parts.next_element()?.ok_or_else(missing)?;
                let end = parts.next_element()?.ok_or_else(missing)?;
                Ok(Spanned { span: Span { start, end }, value: parts.next_element()?.ok_or_else(missing)? })
            }
        }
        deserializer.deserialize_newtype_struct(SPANNED, Wanted(std::marker::PhantomData))
    }
}

#[derive(Clone, Copy)]
struct Reader<'a> {
    node: Node<'a>,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn below(self, node: Node<'a>) -> Result<Self, Error> {
        match self.depth < MAX_DEPTH {
            true => Ok(Self { node, depth: self.depth + 1 }),
            false => Err(<Error as de::Error>::custom("nested too deeply").at(node)),
        }
    }

    fn text<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node.value() {
            Value::Str(text) => visitor.visit_borrowed_str(text).map_err(|error: Error| error.at(self.node)),
            Value::Bool(_) | Value::Int(_) | Value::UInt(_) | Value::Float(_) => {
                let message = format!(
                    "expected text, but YAML reads `{}` as something else; put it in quotes",
                    self.node.text()
                );
                Err(<Error as de::Error>::custom(message).at(self.node))
            }
            Value::Null | Value::Seq | Value::Map => self.any(visitor),
        }
    }

    fn any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node.value() {
            Value::Null => visitor.visit_unit(),
            Value::Bool(bool) => visitor.visit_bool(bool),
            Value::Int(int) => visitor.visit_i64(int),
            Value::UInt(int) => visitor.visit_u64(int),
            Value::Float(float) => visitor.visit_f64(float),
            Value::Str(text) => visitor.visit_borrowed_str(text),
            Value::Seq => visitor.visit_seq(Seq { reader: self, items: self.node.items(), index: 0 }),
            Value::Map => visitor.visit_map(Map::new(self, &[])),
        }
        .map_err(|error: Error| error.at(self.node))
    }
}

impl<'a> de::Deserializer<'a> for Reader<'a> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        self.any(visitor)
    }

    fn deserialize_str<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        self.text(visitor)
    }

    fn deserialize_string<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        self.text(visitor)
    }

    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.node.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        match name {
            SPANNED => visitor.visit_seq(SpanAndValue { reader: self, step: 0 }),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_struct<V: Visitor<'a>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if self.node.is_seq() {
            // Serde would take a list for the fields in their order; neither Go nor anybody who writes YAML does.
            return Err(<Error as de::Error>::custom("expected a mapping, found a list").at(self.node));
        }
        if !self.node.is_map() {
            return self.any(visitor);
        }
        visitor.visit_map(Map::new(self, fields)).map_err(|error| error.at(self.node))
    }

    fn deserialize_enum<V: Visitor<'a>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let mut entries = self.node.entries();
        let variant = match (self.node.value(), entries.next(), entries.next()) {
            (Value::Map, Some(entry), None) => {
                Variant { reader: self, name: entry.key, value: Some(entry.value) }
            }
            (Value::Str(name), ..) => Variant { reader: self, name: name.into(), value: None },
            _ => {
                return Err(
                    <Error as de::Error>::custom("expected a name, or a mapping of one key").at(self.node)
                );
            }
        };
        visitor.visit_enum(variant).map_err(|error| error.at(self.node))
    }

    serde::forward_to_deserialize_any! {
        <V: Visitor<'a>>
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}

struct Seq<'a> {
    reader: Reader<'a>,
    items: Items<'a>,
    index: usize,
}

impl<'a> de::SeqAccess<'a> for Seq<'a> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'a>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some(item) = self.items.next() else { return Ok(None) };
        let index = self.index;
        self.index += 1;
        let value = self.reader.below(item).and_then(|reader| seed.deserialize(reader));
        value.map(Some).map_err(|error| error.at(item).below(&format!("[{index}]")))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

struct Map<'a> {
    reader: Reader<'a>,
    entries: Entries<'a>,
    /// Keys that may be null and are then left out.
    fields: &'static [&'static str],
    value: Option<Entry<'a>>,
}

impl<'a> Map<'a> {
    fn new(reader: Reader<'a>, fields: &'static [&'static str]) -> Self {
        Self { reader, entries: reader.node.entries(), fields, value: None }
    }
}

impl<'a> de::MapAccess<'a> for Map<'a> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let fields = self.fields;
        let left_out = |entry: &Entry<'_>| entry.value.is_null() && fields.contains(&&*entry.key);
        let Some(entry) = self.entries.by_ref().find(|entry| !left_out(entry)) else { return Ok(None) };
        let node = entry.key_node;
        let key = match &entry.key {
            Cow::Borrowed(key) => seed.deserialize(de::value::BorrowedStrDeserializer::new(key)),
            Cow::Owned(key) => seed.deserialize(key.as_str().into_deserializer()),
        };
        self.value = Some(entry);
        key.map(Some).map_err(|error: Error| error.at(node))
    }

    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let entry =
            self.value.take().ok_or_else(|| <Error as de::Error>::custom("a value before its key"))?;
        let value = self.reader.below(entry.value).and_then(|reader| seed.deserialize(reader));
        value.map_err(|error| error.at(entry.value).below(&entry.key))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len())
    }
}

struct Variant<'a> {
    reader: Reader<'a>,
    name: Cow<'a, str>,
    value: Option<Node<'a>>,
}

impl<'a> de::EnumAccess<'a> for Variant<'a> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'a>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let name: StrDeserializer<'_, Error> = (*self.name).into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'a> Variant<'a> {
    fn value(&self) -> Result<Reader<'a>, Error> {
        match self.value {
            Some(value) => self.reader.below(value),
            None => Err(de::Error::custom(format!("`{}` needs a value", self.name))),
        }
    }
}

impl<'a> de::VariantAccess<'a> for Variant<'a> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        match self.value {
            Some(value) if !value.is_null() => {
                Err(<Error as de::Error>::custom(format!("`{}` takes no value", self.name)).at(value))
            }
            _ => Ok(()),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'a>>(self, seed: T) -> Result<T::Value, Error> {
        let reader = self.value()?;
        seed.deserialize(reader).map_err(|error| error.at(reader.node).below(&self.name))
    }

    fn tuple_variant<V: Visitor<'a>>(self, _len: usize, visitor: V) -> Result<V::Value, Error> {
        self.value()?.any(visitor).map_err(|error| error.below(&self.name))
    }

    fn struct_variant<V: Visitor<'a>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let reader = self.value()?;
        de::Deserializer::deserialize_struct(reader, "", fields, visitor)
            .map_err(|error| error.below(&self.name))
    }
}

/// What [`Spanned`] is made of.
struct SpanAndValue<'a> {
    reader: Reader<'a>,
    step: u8,
}

impl<'a> de::SeqAccess<'a> for SpanAndValue<'a> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'a>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let span = self.reader.node.span();
        self.step += 1;
        match self.step {
            1 => seed.deserialize(span.start.into_deserializer()).map(Some),
            2 => seed.deserialize(span.end.into_deserializer()).map(Some),
            3 => seed.deserialize(self.reader).map(Some),
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Config {
        #[serde(default)]
        clusters: Vec<Cluster>,
        fail_on: Option<Level>,
        #[serde(default)]
        exclude: Vec<Spanned<String>>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Cluster {
        name: String,
        #[serde(default)]
        port: u16,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Level {
        Error,
        Only(Vec<String>),
    }

    #[test]
    fn values() {
        let config: Config =
            from_str("clusters: [{name: a, port: 1e3}]\nfailOn:\nexclude: [x]\n").expect("valid");
        assert_eq!(config.clusters, [Cluster { name: "a".into(), port: 1000 }]);
        assert_eq!((config.fail_on, config.exclude[0].span), (None, Span { start: 51, end: 52 }));
        let config: Config = from_str("failOn: {only: [a]}").expect("valid");
        assert_eq!(config.fail_on, Some(Level::Only(vec!["a".into()])));
    }

    #[test]
    fn errors() {
        for (text, span, path, message) in [
            ("cluster: []\n", "cluster", "", "unknown key `cluster`; did you mean `clusters`?"),
            ("clusters:\n- nom: x\n", "nom", "clusters[0]", "unknown key `nom`; did you mean `name`?"),
            ("clusters:\n- {}\n", "{}", "clusters[0]", "`name` is missing"),
            (
                "clusters:\n- name: 1.30\n",
                "1.30",
                "clusters[0].name",
                "expected text, but YAML reads `1.30` as something else; put it in quotes",
            ),
            (
                "clusters:\n- {name: a, port: 70000}\n",
                "70000",
                "clusters[0].port",
                "expected u16, found the number 70000",
            ),
            ("clusters: a\n", "a", "clusters", "expected a sequence, found the text `a`"),
            ("failOn: eror\n", "eror", "failOn", "unknown value `eror`; did you mean `error`?"),
            ("a: [\n", "", "", "expected a value here"),
        ] {
            let error = from_str::<Config>(text).expect_err(text);
            assert_eq!((&*error.message, &*error.path), (message, path), "{text}");
            assert_eq!(&text[error.span.range()], span, "{text}");
        }
    }
}
