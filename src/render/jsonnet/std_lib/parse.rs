//! `std.parseYaml` by the rules of go-yaml.

use crate::yaml::File;
use jrsonnet_evaluator::function::builtin;
use jrsonnet_evaluator::{IStr, ObjValueBuilder, Result, Val, bail};

pub(super) fn replace(std: &mut ObjValueBuilder) {
    std.method("parseYaml", builtin_parse_yaml {});
}

/// One document gives its value, none null, and a text with a separator an array (`yaml.go` of go-jsonnet).
#[builtin]
fn builtin_parse_yaml(str: IStr) -> Result<Val> {
    let (chunks, stream) = chunks(&str);
    let mut values: Vec<Val> = chunks.into_iter().map(value).collect::<Result<_>>()?;
    Ok(match values.len() {
        0 => Val::Null,
        1 if !stream => values.remove(0),
        _ => Val::arr(values),
    })
}

/// The text cut before each line that begins with `---` and a blank, and whether there is such a line.
fn chunks(text: &str) -> (Vec<&str>, bool) {
    let mut chunks = Vec::new();
    let (mut start, mut at, mut stream) = (0, 0, false);
    for line in text.split_inclusive('\n') {
        if line.strip_prefix("---").is_some_and(|rest| rest.is_empty() || rest.starts_with(['\n', ' ', '\t']))
        {
            stream = true;
            if at > start {
                chunks.push(&text[start..at]);
                start = at;
            }
        }
        at += line.len();
    }
    if at > start {
        chunks.push(&text[start..at]);
    }
    (chunks, stream)
}

fn value(chunk: &str) -> Result<Val> {
    let file = File::single(chunk.into());
    let Some(document) = file.documents().first() else { return Ok(Val::Null) };
    match document.root() {
        Ok(root) => match serde_json::from_value(file.node(root).to_json()) {
            Ok(value) => Ok(value),
            Err(error) => bail!("failed to parse YAML: {error}"),
        },
        Err(error) => bail!("failed to parse YAML: {}", error.message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents() {
        for (text, expected) in [
            ("a: 1", (vec!["a: 1"], false)),
            ("a\n---\nb\n", (vec!["a\n", "---\nb\n"], true)),
            ("---\na\n--- # c\nb", (vec!["---\na\n", "--- # c\nb"], true)),
            ("a\n---", (vec!["a\n", "---"], true)),
            ("a\n---b\n", (vec!["a\n---b\n"], false)),
            ("", (vec![], false)),
        ] {
            assert_eq!(chunks(text), expected, "{text}");
        }
    }
}
