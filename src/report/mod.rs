//! One file per output format. The only room that names the fields of machine formats.
//!
//! Text goes to people and carries ANSI styles, which the caller strips where they are not wanted. Machine formats
//! are versioned, sorted and described by the schemas of [`schema`]; `docs/formats.md` explains them.

mod baseline;
mod described;
mod diff;
mod diff_text;
mod excerpt;
mod github;
mod gitlab;
mod html;
mod json;
mod junit;
mod lines;
mod link;
mod losses;
mod markdown;
mod mask;
mod neutral;
mod page;
mod patch;
mod placed;
mod rendered;
mod sarif;
mod schema;
mod secrets;
mod story;
mod sum;
mod table;
mod text;
mod told;
mod yaml;

pub use baseline::{Baseline, Entry, Held};
pub use described::Described;
pub use diff::{ApplicationLine, Diff, DiffReport, Place, RowLine, Verdict, diff};
pub use excerpt::{BOLD, DIM, Source, draw};
pub use json::{EditLine, FindingLine, FixLine, LintReport, PlaceLine, SummaryLine};
pub use lines::{AppLine, Cause, CauseKind, InventoryLine, Key, Origin, Problem, RenderLine, State, Unknown};
pub use mask::mask;
pub use neutral::{EscapeJson, line as neutral};
pub use page::{page, pages};
pub use patch::{Paint, patch};
pub use schema::{SCHEMAS, Schema};
pub use table::{align, apps, inventory, render};
pub use text::count;
pub use yaml::document;

use crate::config::suppression::Suppressed;
use crate::files::Side;
use crate::finding::{Finding, Severity};
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
    /// A format for findings was asked for a list.
    #[error("only findings are written as {0:?}")]
    NotOfLists(Format),
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
    /// SARIF 2.1.0, for code scanning and editors.
    Sarif,
    /// JUnit XML, for the test reports of build servers.
    Junit,
    /// GitLab's Code Quality report.
    Gitlab,
    /// Workflow commands of GitHub Actions.
    Github,
    /// A comment on a pull request, or the summary of a job.
    Markdown,
    /// A page for browsers.
    Html,
}

/// What a list of objects, Applications, manifests or rules is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Listing {
    /// For people.
    Text,
    /// One document.
    Json,
    /// One document a line.
    Ndjson,
    /// The JSON document as YAML; of `render`, the manifests.
    Yaml,
}

impl TryFrom<Format> for Listing {
    type Error = Error;

    fn try_from(format: Format) -> Result<Self, Error> {
        match format {
            Format::Text => Ok(Self::Text),
            Format::Json => Ok(Self::Json),
            Format::Ndjson => Ok(Self::Ndjson),
            Format::Yaml => Ok(Self::Yaml),
            Format::Sarif
            | Format::Junit
            | Format::Gitlab
            | Format::Github
            | Format::Markdown
            | Format::Html => Err(Error::NotOfLists(format)),
        }
    }
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
    /// What is not known makes the run fail, so it is told.
    pub strict: bool,
    /// More columns in tables.
    pub wide: bool,
    /// A path of the tree as it is seen from the current folder; machine formats name paths from the root.
    pub shown: &'a dyn Fn(&str) -> String,
    /// The same for the tree that is merged into; None where that lies where the other does.
    pub shown_of_base: Option<&'a dyn Fn(&str) -> String>,
    /// A path of the tree as it is seen from the root of the repository around it, for code hosts.
    pub rooted: &'a dyn Fn(&str) -> String,
    /// The address at which the repository is shown, to which paths are added; None: places are no links.
    pub links: Option<&'a str>,
}

impl Default for Layout<'_> {
    fn default() -> Self {
        Self {
            width: 80,
            verbose: false,
            quiet: false,
            strict: false,
            wide: false,
            shown: &str::to_owned,
            shown_of_base: None,
            rooted: &str::to_owned,
            links: None,
        }
    }
}

impl Layout<'_> {
    /// Whether it is told why something is not known.
    pub fn tells_unknown(&self) -> bool {
        self.verbose || (self.strict && !self.quiet)
    }

    /// A path of a side as it is seen from the current folder.
    fn path(&self, side: Side, path: &str) -> String {
        match (side, self.shown_of_base) {
            (Side::Base, Some(shown)) => shown(path),
            (Side::Base | Side::Head, _) => (self.shown)(path),
        }
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
    /// Findings that this run fixed.
    pub fixed: usize,
}

/// Everything a lint report tells.
#[derive(Clone, Copy)]
pub struct Lint<'a> {
    /// The findings, in any order.
    pub findings: &'a [Finding],
    /// Findings that a baseline holds: counted, and told only to formats that keep books.
    pub existing: &'a [Finding],
    /// Entries of the baseline that no finding matches.
    pub unused: &'a [Entry],
    /// Findings that a suppression hides.
    pub suppressed: &'a [Suppressed],
    /// The command that tells it.
    pub command: &'static str,
    /// The rules that ran, in order of code.
    pub rules: &'a [Described],
    /// The severity from which on a finding fails the run; None where none does.
    pub fail_on: Option<Severity>,
    /// What could not be told.
    pub unknown: &'a [Unknown<'a>],
    /// What was looked at.
    pub summary: Summary,
    /// The decoded text of a file of one of the trees.
    pub sources: &'a dyn Fn(Side, &str) -> Option<Arc<str>>,
}

impl Default for Lint<'_> {
    /// Nothing found, nothing read; errors fail.
    fn default() -> Self {
        Self {
            findings: &[],
            existing: &[],
            unused: &[],
            suppressed: &[],
            command: "lint",
            rules: &[],
            fail_on: Some(Severity::Error),
            unknown: &[],
            summary: Summary::default(),
            sources: &|_, _| None,
        }
    }
}

impl Lint<'_> {
    /// Whether a finding of this severity fails the run.
    fn fails(&self, severity: Severity) -> bool {
        self.fail_on.is_some_and(|least| severity >= least)
    }
}

/// Writes `lint` as `format`.
pub fn lint(format: Format, lint: &Lint<'_>, layout: Layout<'_>, out: &mut dyn Write) -> Result<(), Error> {
    match format {
        Format::Text => text::lint(lint, layout, out),
        Format::Json => json::lint(lint, out),
        Format::Ndjson => json::lint_lines(lint, out),
        Format::Yaml => yaml::write(&json::report(lint), out),
        Format::Sarif => sarif::lint(lint, layout, out),
        Format::Junit => junit::lint(lint, layout, out),
        Format::Gitlab => gitlab::lint(lint, layout, out),
        Format::Github => github::lint(lint, layout, out),
        Format::Markdown => markdown::lint(lint, layout, out),
        Format::Html => html::lint(lint, layout, out),
    }
}

#[cfg(test)]
mod tests;
