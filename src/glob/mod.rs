//! The glob dialects of Argo CD. Which field of which object uses which one is for its reader to say.
//!
//! Each dialect answers what the library behind it answers, quirks included, in bounded time on any pattern.

mod doublestar;
mod gobwas;
mod path;
mod pathspec;

use std::sync::Arc;

/// Whose patterns they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `gobwas/glob` v0.2.3 without separators: `*` crosses everything.
    Gobwas,
    /// `gobwas/glob` v0.2.3 with the separator `/`, which only `**` crosses.
    GobwasSlash,
    /// Go's `path.Match`: no `**`, no braces.
    Path,
    /// `bmatcuk/doublestar` v4, `Match`.
    Doublestar,
    /// `/regex/`, found anywhere in the text, or [`Dialect::Gobwas`]; a text that only looks like a regular
    /// expression is tried as a glob too (`util/glob/list.go`, `MatchStringInList` with `REGEXP`).
    RegexOrGobwas,
    /// A pathspec of `git ls-files`, seen from the root of the repository.
    Pathspec,
}

/// Why a pattern cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The library refuses it. What that means depends on the field: mostly that it matches nothing.
    #[error("the pattern is malformed")]
    Malformed,
    /// It could be more than can be matched in reasonable time; no pattern that a person writes is.
    #[error("the pattern is too complex")]
    TooComplex,
    /// A pathspec that leads out of the repository, or whose magic is not known or needs more than names.
    #[error("the pathspec cannot be used")]
    Pathspec,
}

/// A pattern, compiled once; clones share what was compiled.
#[derive(Clone, Debug)]
pub struct Pattern(Arc<Kind>);

#[derive(Debug)]
enum Kind {
    Gobwas(gobwas::Gobwas),
    Path(path::PathMatch),
    Doublestar(doublestar::Doublestar),
    RegexOrGobwas(Option<Box<fancy_regex::Regex>>, Option<gobwas::Gobwas>),
    Pathspec(pathspec::Pathspec),
}

impl Pattern {
    /// Compiles `text`.
    pub fn new(dialect: Dialect, text: &str) -> Result<Self, Error> {
        Ok(Self(Arc::new(match dialect {
            Dialect::Gobwas => Kind::Gobwas(gobwas::Gobwas::new(text, &[])?),
            Dialect::GobwasSlash => Kind::Gobwas(gobwas::Gobwas::new(text, &['/'])?),
            Dialect::Path => Kind::Path(path::PathMatch::new(text)?),
            Dialect::Doublestar => Kind::Doublestar(doublestar::Doublestar::new(text)?),
            Dialect::RegexOrGobwas => regex_or_gobwas(text)?,
            Dialect::Pathspec => Kind::Pathspec(pathspec::Pathspec::new(text)?),
        })))
    }

    /// Whether the whole `text` matches.
    pub fn matches(&self, text: &str) -> bool {
        match &*self.0 {
            Kind::Gobwas(pattern) => pattern.matches(text),
            Kind::Path(pattern) => pattern.matches(text.as_bytes()),
            Kind::Doublestar(pattern) => pattern.matches(text.as_bytes()),
            Kind::RegexOrGobwas(regex, glob) => {
                // A search that takes too many steps counts as no match, as in Argo CD.
                regex.as_ref().is_some_and(|regex| regex.is_match(text).unwrap_or(false))
                    || glob.as_ref().is_some_and(|glob| glob.matches(text))
            }
            Kind::Pathspec(pattern) => pattern.matches(text.as_bytes()),
        }
    }
}

fn regex_or_gobwas(text: &str) -> Result<Kind, Error> {
    let inside =
        text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')).filter(|inside| !inside.is_empty());
    let regex = inside.and_then(|inside| fancy_regex::Regex::new(inside).ok()).map(Box::new);
    match (regex, gobwas::Gobwas::new(text, &[])) {
        (None, Err(error)) => Err(error),
        (regex, glob) => Ok(Kind::RegexOrGobwas(regex, glob.ok())),
    }
}

/// What decoding gives for bytes that are no character, and for no bytes at all, as in Go.
const NO_CHAR: char = char::REPLACEMENT_CHARACTER;

/// The first character of `s` and how many bytes it has; bytes that are none count one by one (Go's
/// `utf8.DecodeRuneInString`).
fn decode(s: &[u8]) -> (char, usize) {
    let Some(first) = s.first() else { return (NO_CHAR, 0) };
    let width = match first {
        0..=0x7f => return (char::from(*first), 1),
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        _ => 4,
    };
    let char =
        s.get(..width).and_then(|bytes| std::str::from_utf8(bytes).ok()).and_then(|text| text.chars().next());
    char.map_or((NO_CHAR, 1), |char| (char, width))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIALECTS: [Dialect; 6] = [
        Dialect::Gobwas,
        Dialect::GobwasSlash,
        Dialect::Path,
        Dialect::Doublestar,
        Dialect::RegexOrGobwas,
        Dialect::Pathspec,
    ];

    fn answer(dialect: Dialect, pattern: &str, text: &str) -> Option<bool> {
        Pattern::new(dialect, pattern).ok().map(|pattern| pattern.matches(text))
    }

    #[test]
    fn namespaces_are_regular_expressions_or_globs() {
        for (pattern, text, expected) in [
            ("/^team-(a|b)$/", "team-a", Some(true)),
            ("/^team-(a|b)$/", "team-ab", Some(false)),
            ("/eam/", "team-a", Some(true)),
            ("/^(?!kube-).*$/", "kube-system", Some(false)),
            ("/^(?!kube-).*$/", "team-a", Some(true)),
            ("/x*/", "/xyz/", Some(true)),
            ("//", "//", Some(true)),
            ("//", "a", Some(false)),
            ("/", "/", Some(true)),
            ("/(/", "/(/", Some(true)),
            ("/[/", "x", None),
            ("team-*", "team-a", Some(true)),
            ("[", "[", None),
        ] {
            assert_eq!(answer(Dialect::RegexOrGobwas, pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn hostile_patterns_end() {
        let patterns = [
            "*a".repeat(140),
            "*a".repeat(5000),
            format!("{}b", "*a*".repeat(90)),
            "{a,*}".repeat(40),
            "{a,b}".repeat(40),
            "{a,aa}".repeat(40),
            "{".repeat(50_000),
            format!("{}a{}", "{".repeat(60), "}".repeat(60)),
            "**/a/".repeat(200),
            "?".repeat(5000),
            "[!a]*".repeat(140),
            "{*a,*b}".repeat(30),
            "/(a*)*b/".to_owned(),
            "/(a|a)*$b/".to_owned(),
            format!("/{}/", "(".repeat(10_000)),
            "\\".repeat(1001),
            "[".repeat(5000),
            "[[:alpha:]*".repeat(500),
        ];
        let texts = ["a".repeat(300), "a/".repeat(2000), "ab".repeat(120) + "c", "é".repeat(1500)];
        for dialect in DIALECTS {
            for pattern in &patterns {
                if let Ok(pattern) = Pattern::new(dialect, pattern) {
                    for text in &texts {
                        pattern.matches(text);
                    }
                }
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(pattern in "[ab*?\\[\\]{},!^/\\\\é.:()-]{0,20}", text in "[ab/é.]{0,12}") {
            for dialect in DIALECTS {
                answer(dialect, &pattern, &text);
            }
        }

        #[test]
        fn a_plain_text_matches_itself(text in "[a-z][a-z0-9./-]{0,20}[a-z]") {
            for dialect in [Dialect::Gobwas, Dialect::GobwasSlash, Dialect::Path, Dialect::Doublestar] {
                proptest::prop_assert_eq!(answer(dialect, &text, &text), Some(true));
                proptest::prop_assert_eq!(answer(dialect, &text, &format!("{text}x")), Some(false));
            }
        }
    }
}
