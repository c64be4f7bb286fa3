//! What is wrong with a text, in words its author understands.

use super::Error;
use super::libyaml::Problem;
use crate::files::Span;

pub(super) const INCOMPATIBLE_VERSION: &str = "found incompatible YAML document";
pub(super) const TOO_DEEP: &str = "exceeded max depth";
pub(super) const UNKNOWN_ANCHOR: &str = "unknown anchor";
pub(super) const QUESTION_IN_FLOW: &str = "question mark in flow";
pub(super) const TAG_IN_FLOW: &str = "comma behind a tag";
pub(super) const BAD_BASE64: &str = "bad base64";

/// libyaml's words and ours.
const WORDS: &[(&str, &str)] = &[
    (INCOMPATIBLE_VERSION, "`%YAML` asks for a version other than 1.1, the only one that Kubernetes reads"),
    (TOO_DEEP, "nested more than 10,000 levels deep"),
    (
        UNKNOWN_ANCHOR,
        "no anchor of this name comes before in the same document; anchors do not outlive `---`",
    ),
    (QUESTION_IN_FLOW, "a `?` inside `[]` or `{}` starts a key for Kubernetes; put the text in quotes"),
    (TAG_IN_FLOW, "a comma cannot follow a tag directly"),
    (BAD_BASE64, "`!!binary` does not hold valid base64"),
    (
        "found character that cannot start any token",
        "a value cannot start with this character; put the text in quotes",
    ),
    (
        "mapping values are not allowed in this context",
        "unexpected `: `; this key does not fit the indentation above it, or the text needs quotes",
    ),
    (
        "did not find expected key",
        "expected a key of the surrounding mapping; the indentation does not fit, or something before is not closed",
    ),
    (
        "did not find expected '-' indicator",
        "expected another `- ` entry of the surrounding list; the indentation does not fit",
    ),
    ("could not find expected ':'", "expected `:` behind this key; a key must be on one line"),
    ("did not find expected ',' or ']'", "expected `,` or `]` in a list that was opened with `[`"),
    ("did not find expected ',' or '}'", "expected `,` or `}` in a mapping that was opened with `{`"),
    ("did not find expected <document start>", "expected the end of the document or `---`"),
    ("did not find expected node content", "expected a value here"),
    (
        "block sequence entries are not allowed in this context",
        "a `- ` list entry cannot stand here; put it on a line of its own",
    ),
    ("mapping keys are not allowed in this context", "a `? ` key cannot stand here"),
    ("found unexpected end of stream", "a quote is opened and never closed"),
    ("found unexpected document indicator", "a quoted text runs into `---` or `...`"),
    (
        "found unknown escape character",
        "this backslash escape does not exist in double quotes; double the backslash, or use single quotes",
    ),
    ("did not find expected hexadecimal number", "`\\x`, `\\u` and `\\U` need 2, 4 and 8 hexadecimal digits"),
    (
        "found invalid Unicode character escape code",
        "this escape is not a Unicode character; YAML does not take surrogate pairs",
    ),
    ("found a tab character that violates indentation", "a tab cannot indent in YAML; replace it by spaces"),
    (
        "found a tab character where an indentation space is expected",
        "a tab cannot indent in YAML; replace it by spaces",
    ),
    ("found an indentation indicator equal to 0", "the indentation of a block text cannot be 0"),
    ("did not find expected comment or line break", "only a comment may follow `|` or `>` on its line"),
    (
        "did not find expected alphabetic or numeric character",
        "the name of an anchor or alias consists of letters, digits, `-` and `_`; text that starts with `&` or `*` needs quotes",
    ),
    (
        "did not find expected whitespace or line break",
        "a tag must be followed by a blank; text that starts with `!` needs quotes",
    ),
    ("found undefined tag handle", "the prefix of this tag is not declared"),
    ("found duplicate %YAML directive", "a second `%YAML` line"),
    ("found duplicate %TAG directive", "a second `%TAG` line for the same prefix"),
    (
        "found unknown directive name",
        "a line that starts with `%` is a directive, and this one does not exist",
    ),
    ("found unexpected ':'", "unexpected `:` inside `[]` or `{}`; put the text in quotes"),
];

/// A libyaml problem as an error of the document.
pub(super) fn explain(text: &str, problem: &Problem) -> Error {
    let span = span_at(text, problem.offset);
    let rest = &text.as_bytes()[span.start as usize..];
    let message = match (problem.character, rest.first()) {
        (Some(character), _) => format!("control character U+{character:04X} is not allowed in YAML"),
        (None, Some(b'\t')) => {
            "a tab cannot stand here: YAML indents with spaces only; replace the tab by spaces".into()
        }
        (None, Some(b'@' | b'`' | b'%')) if problem.problem.contains("cannot start any token") => {
            format!(
                "a value cannot start with `{}`; put the text in quotes",
                char::from(rest[0]).escape_default()
            )
        }
        (None, _) => WORDS
            .iter()
            .find(|(theirs, _)| *theirs == problem.problem)
            .map_or_else(|| problem.problem.clone(), |(_, ours)| (*ours).into()),
    };
    let message = match template(text, span) {
        true => format!("{message} (this looks like a template, which Argo CD does not render here)"),
        false => message,
    };
    Error { span, message }
}

/// Whether the line of the problem holds a Go template action, the usual reason why a file is not YAML.
fn template(text: &str, span: Span) -> bool {
    let start = text[..span.start as usize].rfind('\n').map_or(0, |i| i + 1);
    let line = text[start..].lines().next().unwrap_or("");
    line.contains("{{") && line.contains("}}")
}

/// The word at `offset`, at least one character if there is one.
pub(super) fn span_at(text: &str, offset: usize) -> Span {
    let start = text.floor_char_boundary(offset.min(text.len()));
    let rest = &text[start..];
    let word = rest.find(|c: char| c.is_whitespace() || c.is_control()).unwrap_or(rest.len());
    let first = rest.chars().next().filter(|c| *c != '\n').map_or(0, char::len_utf8);
    Span::new(start, start + word.max(first))
}

/// The one of `expected` that `word` was probably meant to be; None where none is near.
pub fn nearest<'a>(word: &str, expected: &[&'a str]) -> Option<&'a str> {
    let near = |known: &&&str| strsim::damerau_levenshtein(&word.to_lowercase(), &known.to_lowercase());
    let best = expected.iter().min_by_key(near).filter(|known| near(known) <= 1 + word.chars().count() / 3);
    best.copied()
}

/// What could be meant by a word that is none of `expected`, to be put behind it.
pub(super) fn instead(word: &str, expected: &[&str]) -> String {
    match (nearest(word, expected), expected) {
        (Some(best), _) => format!("; did you mean `{best}`?"),
        (None, []) => String::new(),
        (None, _) => format!(
            "; expected {}",
            expected.iter().map(|known| format!("`{known}`")).collect::<Vec<_>>().join(", ")
        ),
    }
}
