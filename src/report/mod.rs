//! One file per output format. The only room that names the fields of machine formats.
//!
//! Text goes to people and carries ANSI styles, which the caller strips where they are not wanted. Machine formats
//! are versioned, sorted and described by the schemas of [`schema`]; `docs/formats.md` explains them.

mod diff;
mod excerpt;
mod json;
mod lines;
mod mask;
mod neutral;
mod patch;
mod placed;
mod schema;
mod table;
mod text;
mod yaml;

pub use diff::{ApplicationLine, Diff, DiffReport, Place, RowLine, Verdict, diff};
pub use excerpt::{BOLD, DIM, Source, draw};
pub use json::{EditLine, FindingLine, FixLine, LintReport, PlaceLine, SummaryLine};
pub use lines::{AppLine, InventoryLine, Key, Origin, Problem, RenderLine, State, Unknown};
pub use mask::mask;
pub use neutral::{EscapeJson, line as neutral};
pub use patch::{Paint, patch};
pub use schema::{SCHEMAS, Schema};
pub use table::{align, apps, inventory, render};
pub use text::count;
pub use yaml::document;

use crate::files::Side;
use crate::finding::Finding;
use std::collections::HashSet;
use std::io::Write;
use std::sync::Arc;

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The place it goes to does not take it.
    #[error("cannot write the report")]
    Write(#[from] std::io::Error),
    /// A value has no JSON form.
    #[error("cannot write the report as JSON")]
    Json(#[from] serde_json::Error),
}

/// What a report is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// For people.
    Text,
    /// One document.
    Json,
    /// One document a line.
    Ndjson,
    /// The JSON document as YAML; of `render`, the manifests.
    Yaml,
}

/// How text is laid out.
#[derive(Clone, Copy)]
pub struct Layout<'a> {
    /// Columns of the terminal; 80 where there is none.
    pub width: usize,
    /// Tell everything: nothing folded, and why something is not known.
    pub verbose: bool,
    /// Nothing but findings.
    pub quiet: bool,
    /// More columns in tables.
    pub wide: bool,
    /// A path of the tree as it is seen from the current folder; machine formats name paths from the root.
    pub shown: &'a dyn Fn(&str) -> String,
}

impl Default for Layout<'_> {
    fn default() -> Self {
        Self { width: 80, verbose: false, quiet: false, wide: false, shown: &str::to_owned }
    }
}

/// What was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Applications, written or generated.
    pub applications: usize,
    /// Objects they would deploy.
    pub objects: usize,
    /// Clusters these would stand on.
    pub clusters: usize,
    /// Of the Applications, how many could not be rendered, by Argo CD or by us.
    pub not_rendered: usize,
    /// Findings that a suppression hides.
    pub suppressed: usize,
    /// Findings that this run fixed.
    pub fixed: usize,
}

/// Everything a lint report tells.
pub struct Lint<'a> {
    /// The findings, in any order.
    pub findings: &'a [Finding],
    /// What could not be told.
    pub unknown: &'a [Unknown<'a>],
    /// What was looked at.
    pub summary: Summary,
    /// The decoded text of a file of one of the trees.
    pub sources: &'a dyn Fn(Side, &str) -> Option<Arc<str>>,
}

/// The findings of `head` that `base` does not have, by what they are about: a finding that moved is the same one.
pub fn fresh(base: &Lint<'_>, head: &Lint<'_>) -> Vec<Finding> {
    let known: HashSet<String> = placed::place(base, &mut placed::Texts::default())
        .into_iter()
        .map(|placed| placed.fingerprint)
        .collect();
    let all = placed::place(head, &mut placed::Texts::default());
    let fresh = all.into_iter().filter(|placed| !known.contains(&placed.fingerprint));
    fresh.map(|placed| placed.finding.clone()).collect()
}

/// Writes `lint` as `format`.
pub fn lint(format: Format, lint: &Lint<'_>, layout: Layout<'_>, out: &mut dyn Write) -> Result<(), Error> {
    match format {
        Format::Text => text::lint(lint, layout, out),
        Format::Json => json::lint(lint, out),
        Format::Ndjson => json::lint_lines(lint, out),
        Format::Yaml => yaml::write(&json::report(lint), out),
    }
}

#[cfg(test)]
mod tests;
