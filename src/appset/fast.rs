//! The engine without goTemplate: valyala/fasttemplate between `{{` and `}}`, as `Replace` of
//! `applicationset/utils/utils.go` uses it.

use crate::gotemplate::{Map, Value, to_utf8};

/// A text with its tags found.
pub struct FastTemplate {
    parts: Vec<Part>,
}

enum Part {
    Text(String),
    Tag(String),
}

impl FastTemplate {
    /// Takes a text apart. A text without a closed tag on one line is only text.
    ///
    /// # Errors
    ///
    /// When a tag is opened and never closed, in a text that has another tag.
    pub fn parse(text: &str) -> Result<FastTemplate, String> {
        let templated =
            text.split('\n').any(|line| line.find("{{").is_some_and(|open| line[open + 2..].contains("}}")));
        if !templated {
            return Ok(FastTemplate { parts: vec![Part::Text(text.to_owned())] });
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find("{{") {
            parts.push(Part::Text(rest[..open].to_owned()));
            let inner = &rest[open + 2..];
            let Some(close) = inner.find("}}") else {
                return Err(format!(
                    "invalid template: Cannot find end tag=\"}}}}\" in the template={text:?}"
                ));
            };
            parts.push(Part::Tag(inner[..close].to_owned()));
            rest = &inner[close + 2..];
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(FastTemplate { parts })
    }

    /// Whether there is no tag.
    pub fn is_plain(&self) -> bool {
        !self.parts.iter().any(|part| matches!(part, Part::Tag(_)))
    }

    /// The text with every tag that names a text parameter replaced by it; all others stay as they are. None where it
    /// would be longer than `most` bytes.
    pub fn render(&self, params: &Map, most: usize) -> Option<String> {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Tag(tag) => match params.get(tag.trim().as_bytes()) {
                    Some(Value::Str(text)) if !tag.trim().is_empty() => out.push_str(&to_utf8(&text)),
                    _ => {
                        out.push_str("{{");
                        out.push_str(tag);
                        out.push_str("}}");
                    }
                },
            }
            if out.len() > most {
                return None;
            }
        }
        Some(out)
    }
}
