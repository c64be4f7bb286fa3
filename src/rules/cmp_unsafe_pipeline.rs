//! BH511. Meaning, rationale and examples: `rules/BH511-cmp-unsafe-pipeline.md`.

use super::document::Document;
use super::{Check, Context, Rule};
use crate::model::Manifest;
use crate::yaml::{File, Node};

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH511-cmp-unsafe-pipeline.md"), check: Check::Document(check) };

fn check<'a>(document: &Document<'a>, cx: &mut Context<'a>) {
    for object in &document.objects {
        if object.kind() == "ConfigManagementPlugin" {
            plugin(document, object, object.node(), None, cx);
        } else if object.kind() == "ConfigMap" {
            for entry in object.node().get("data").into_iter().flat_map(Node::entries) {
                let Some(text) = entry.value.as_str().filter(|text| text.contains("ConfigManagementPlugin"))
                else {
                    continue;
                };
                let file = File::single(text.into());
                let root = file.documents().first().and_then(|document| document.root().ok());
                if let Some(root) = root {
                    plugin(document, object, file.node(root), Some(entry.key_node), cx);
                }
            }
        }
    }
}

/// A plugin that stands for itself, or in a text at `place`.
fn plugin<'a>(
    document: &Document<'a>,
    object: &Manifest,
    plugin: Node<'_>,
    place: Option<Node<'_>>,
    cx: &mut Context<'a>,
) {
    let Some(generate) = plugin.at(&["spec", "generate"]) else { return };
    let words = ["command", "args"].into_iter().filter_map(|key| generate.get(key)).flat_map(Node::items);
    let words: Vec<&str> = words.filter_map(Node::as_str).collect();
    let is_shell = words.first().is_some_and(|first| {
        matches!(first.rsplit('/').next(), Some("sh" | "bash" | "ash" | "dash" | "ksh" | "zsh"))
    });
    if !is_shell
        || words.iter().any(|word| word.contains("pipefail"))
        || !words.iter().any(|word| has_pipe(word))
    {
        return;
    }
    let entry = plugin.get("spec").and_then(|spec| spec.entry("generate"));
    let span = match (place, entry) {
        (Some(place), _) => place.span(),
        (None, Some(entry)) => entry.key_node.span(),
        (None, None) => return,
    };
    let name = plugin.at(&["metadata", "name"]).and_then(Node::as_str).unwrap_or("the plugin");
    document
        .report_on(cx, object, span, format!("a failure in the pipe of `{name}` goes unnoticed"))
        .because("a shell reports how the last command of a pipe went: when the first one fails, what is left of its output is taken for everything, and the rest is pruned")
        .help("begin with `set -o pipefail`, or use `[\"bash\", \"-euo\", \"pipefail\", \"-c\"]`");
}

/// Whether a script pipes one command into another; `||` is none, and neither is what stands in quotes.
fn has_pipe(script: &str) -> bool {
    let mut quote = None;
    let mut letters = script.chars().peekable();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (Some(_), _) => (),
            (None, '\'' | '"') => quote = Some(letter),
            (None, '|') if letters.peek() == Some(&'|') => {
                letters.next();
            }
            (None, '|') => return true,
            (None, _) => (),
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipes() {
        for (script, expected) in [
            ("helm template . | envsubst", true),
            ("helm template . || exit 1", false),
            ("grep 'a|b' x", false),
            ("a || b | c", true),
            ("kustomize build .", false),
        ] {
            assert_eq!(has_pipe(script), expected, "{script}");
        }
    }
}
