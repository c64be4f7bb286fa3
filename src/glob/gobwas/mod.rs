//! Patterns of `gobwas/glob` v0.2.3, which Argo CD uses for almost everything.
//!
//! The library turns a pattern into a few kinds of matchers and combines these by rules that are not always
//! true to the pattern: `a*a` matches `a`, `?` matches nothing at all, `{*,}` only the empty text. What it
//! answers is what counts, so the same matchers are built here by the same rules; only the search has an end.

mod compile;
mod matcher;
mod syntax;

use super::Error;
use matcher::{Matcher, Search};

/// How many parts (stars, texts, braces …) a pattern may have. No pattern that a person writes comes near.
const PARTS: usize = 300;

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Gobwas(Matcher);

impl Gobwas {
    /// Compiles `pattern`; `separators` are the characters that `*` and `?` do not match.
    pub(super) fn new(pattern: &str, separators: &[char]) -> Result<Self, Error> {
        let tree = syntax::parse(pattern)?;
        if tree.parts() > PARTS {
            return Err(Error::TooComplex);
        }
        Ok(Self(compile::compile(&tree, separators)))
    }

    /// Whether the whole `text` matches.
    pub(super) fn matches(&self, text: &str) -> bool {
        Search::new(text.as_bytes()).answer(&self.0, text.as_bytes())
    }
}
