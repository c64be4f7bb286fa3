//! Our configuration file and the suppressions. The only room that reads either.
//!
//! What a configuration says is the user's word, so anything wrong with it is an [`Error`] that names the place.
//! What a suppression says is part of the manifests, so anything wrong with it is a finding.

mod check;
mod options;
pub mod suppression;
mod types;
mod values;

pub use types::{
    Acknowledge, Budget, Config, Danger, Diff, GroupKind, Ignore, Instance, Instances, Known, Level, Naming,
    Repository, RuleSettings, TrackingMethod,
};
pub use values::{Date, Glob, Reason};

use crate::files::{Location, Span, Tree};
use crate::yaml::{self, File};
use std::sync::Arc;

/// Where a configuration is looked for in each folder, first come first served.
pub const NAMES: &[&str] = &["billhook.yaml", ".billhook.yaml", ".github/billhook.yaml"];

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read.
    #[error("cannot read the configuration")]
    Read(#[from] crate::files::Error),
    /// Something in it is wrong.
    #[error("{message}")]
    Invalid {
        /// What is wrong, in the user's own words.
        message: String,
        /// What to do; may be empty.
        help: String,
        /// The file, as its reader called it, and the place.
        location: Location,
        /// The text of the file.
        text: Arc<str>,
    },
}

/// A rule as a configuration and a suppression may call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleName {
    /// `BH` and three digits.
    pub code: &'static str,
    /// Such as `duplicate-object`.
    pub name: &'static str,
}

/// The rules that exist, by code and name.
#[derive(Clone, Copy, Debug)]
pub struct RuleNames<'a>(pub &'a [RuleName]);

impl RuleNames<'_> {
    /// The rule with this code or name; codes in any case.
    pub fn find(&self, text: &str) -> Option<RuleName> {
        self.0.iter().copied().find(|rule| rule.name == text || rule.code.eq_ignore_ascii_case(text))
    }

    /// What to say of a text that names no rule.
    pub fn unknown(&self, text: &str) -> String {
        let known: Vec<&str> = self.0.iter().flat_map(|rule| [rule.name, rule.code]).collect();
        match yaml::nearest(text, &known) {
            Some(meant) => format!("there is no rule `{text}`; did you mean `{meant}`?"),
            None => format!("there is no rule `{text}`"),
        }
    }
}

/// A configuration with the text it was read from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What it says.
    pub config: Config,
    /// Its path: in the tree where it was found in one, else as it was given.
    pub path: Arc<str>,
    file: Arc<File>,
}

impl Loaded {
    /// Reads the configuration `bytes`, which its reader calls `path`.
    pub fn read(path: &str, bytes: &[u8], rules: RuleNames<'_>) -> Result<Self, Error> {
        let file = Arc::new(File::single(yaml::decode(bytes).text));
        let loaded = Self { config: Config::default(), path: path.into(), file };
        let root = match loaded.file.documents() {
            [] => return Ok(loaded),
            [only] => only.root().map_err(|error| loaded.invalid(error.span, error.message.clone(), ""))?,
            [_, second, ..] => {
                return Err(loaded.invalid(
                    second.span(),
                    "a configuration is one document".to_owned(),
                    "remove `---`",
                ));
            }
        };
        let node = loaded.file.node(root);
        if node.is_null() {
            return Ok(loaded);
        }
        let config = yaml::de::from_node(node).map_err(|error| {
            let help =
                if error.message == "`reason` is missing" { "say why this may be ignored" } else { "" };
            loaded.invalid(error.span, check::reworded(&error.message), help)
        })?;
        let loaded = Self { config, ..loaded };
        check::rules(&loaded, rules)?;
        check::naming(&loaded)?;
        Ok(loaded)
    }

    /// The configuration that holds for the folder `start` of a tree: in it, or in the nearest folder above.
    ///
    /// It may name nothing outside the tree, as whoever opens a pull request can write it.
    pub fn find(tree: &Tree, start: &str, rules: RuleNames<'_>) -> Result<Option<Self>, Error> {
        let above = start.match_indices('/').map(|(at, _)| &start[..at]);
        let folders = std::iter::once("").chain(above).chain((!start.is_empty()).then_some(start));
        for folder in folders.collect::<Vec<_>>().into_iter().rev() {
            for name in NAMES {
                let path = if folder.is_empty() { (*name).to_owned() } else { format!("{folder}/{name}") };
                let Some(real) = tree.resolve(&path)? else { continue };
                if tree.entry(&real).is_none() {
                    continue; // A folder of that name.
                }
                let loaded = Self::read(&path, &tree.read(&real)?, rules)?;
                check::inside(&loaded, tree)?;
                return Ok(Some(loaded));
            }
        }
        Ok(None)
    }

    /// The folder that `known` starts from, in the terms of [`Loaded::path`].
    pub fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// Where the value at `steps` stands, as deep as it is there: keys, and numbers for items of lists.
    pub fn location(&self, steps: &[&str]) -> Location {
        Location::new(self.path.clone(), self.span(steps))
    }

    fn span(&self, steps: &[&str]) -> Span {
        let Some(Ok(root)) = self.file.documents().first().map(|document| document.root()) else {
            return Span::default();
        };
        let mut node = self.file.node(root);
        let mut span = Span::new(0, 0);
        for step in steps {
            let next = match step.parse::<usize>() {
                Ok(index) if node.is_seq() => node.items().nth(index).map(|item| (item, item.span())),
                _ => node.entry(step).map(|entry| (entry.value, entry.key_node.span())),
            };
            let Some((value, at)) = next else { break };
            (node, span) = (value, at);
        }
        span
    }

    fn invalid(&self, span: Span, message: impl Into<String>, help: &str) -> Error {
        Error::Invalid {
            message: message.into(),
            help: help.to_owned(),
            location: Location::new(self.path.clone(), span),
            text: Arc::clone(self.file.text()),
        }
    }
}

/// The JSON Schema of a configuration.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Config)
}

#[cfg(test)]
mod tests;
