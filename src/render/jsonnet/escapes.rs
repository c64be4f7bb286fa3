//! String literals: where they stand, and the escapes that jrsonnet and go-jsonnet take differently.
//!
//! go-jsonnet has those of JSON, so also `\/`, and no others (`internal/parser/string_util.go`);
//! jrsonnet refuses `\/` and knows `\x41`.

use jrsonnet_lexer::{Lexer, SyntaxKind};

/// `text` with every `\/` in a literal written as `/`, and None if there is none.
///
/// A space behind the literal takes the place of what was left out, so that positions stay true.
pub(super) fn without_slashes(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for (start, literal) in literals(text) {
        let slashes: Vec<usize> = escapes(literal).filter(|(_, c)| *c == '/').map(|(at, _)| at).collect();
        for at in &slashes {
            out.push_str(&text[copied..start + at]);
            copied = start + at + 1;
        }
        let end = start + literal.len();
        out.push_str(&text[copied..end]);
        out.extend(slashes.iter().map(|_| ' '));
        copied = end;
    }
    out.push_str(&text[copied..]);
    (out != text).then_some(out)
}

/// Where the first escape stands that go-jsonnet does not know, and the character behind the backslash.
pub(super) fn unknown(text: &str) -> Option<(usize, char)> {
    if !text.contains("\\x") {
        return None; // Every other escape that go-jsonnet refuses jrsonnet refuses too.
    }
    literals(text)
        .find_map(|(start, literal)| escapes(literal).find(|(_, c)| *c == 'x').map(|(at, c)| (start + at, c)))
}

/// Start and end of the first literal that is `content` in quotes.
pub(super) fn quoted(text: &str, content: &str) -> Option<(usize, usize)> {
    let (start, literal) =
        literals(text).find(|(_, literal)| literal.get(1..literal.len() - 1) == Some(content))?;
    Some((start, start + literal.len()))
}

/// Quoted literals with escapes, and the offset of each.
fn literals(text: &str) -> impl Iterator<Item = (usize, &str)> {
    Lexer::new(text)
        .filter(|token| matches!(token.kind, SyntaxKind::STRING_DOUBLE | SyntaxKind::STRING_SINGLE))
        .map(|token| (token.range.0 as usize, token.text))
}

/// Offset of each backslash that begins an escape, and the character behind it.
fn escapes(literal: &str) -> impl Iterator<Item = (usize, char)> {
    let mut chars = literal.char_indices();
    std::iter::from_fn(move || {
        loop {
            if let (at, '\\') = chars.next()? {
                return Some((at, chars.next()?.1));
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes() {
        for (text, expected) in [
            (r#"["a\/b", 1]"#, Some(r#"["a/b" , 1]"#)),
            (r#"'\/\/' + "\/""#, Some(r#"'//'   + "/" "#)),
            (r#"'\\/'"#, None),
            (r#"@'\/'"#, None),
            ("|||\n  \\/\n|||", None),
            (r#"1 // '\/'"#, None),
        ] {
            assert_eq!(without_slashes(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn literals_by_content() {
        for (text, content, expected) in [
            ("import 'a.libsonnet'", "a.libsonnet", Some((7, 20))),
            ("['a', \"a\"]", "a", Some((1, 4))),
            ("/* 'a' */ 'b'", "a", None),
            ("", "a", None),
        ] {
            assert_eq!(quoted(text, content), expected, "{text}");
        }
    }

    #[test]
    fn unknown_escapes() {
        for (text, expected) in [
            (r"'\x41'", Some((1, 'x'))),
            (r"[1, 'a\x41']", Some((6, 'x'))),
            (r"'\\x41'", None),
            (r"@'\x41'", None),
            (r"1 # '\x41'", None),
        ] {
            assert_eq!(unknown(text), expected, "{text}");
        }
    }
}
