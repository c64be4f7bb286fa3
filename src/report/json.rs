//! `billhook.lint/1`: the findings as one document, or as one line each.

use crate::files::{Location, Side};
use crate::finding::{Fix, FixKind, Object, Severity};
use crate::report::baseline::Entry;
use crate::report::lines::Unknown;
use crate::report::neutral::EscapeJson;
use crate::report::placed::{Placed, Texts, place};
use crate::report::{Error, Lint};
use schemars::JsonSchema;
use serde::Serialize;
use std::io::{BufWriter, Write};

/// What `lint --format json` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LintReport<'a> {
    /// Always `billhook.lint/1`; a change that breaks readers gets another number.
    pub format: &'static str,
    /// Every finding, by path, line and code.
    pub findings: Vec<FindingLine<'a>>,
    /// What was looked at, and how much was found.
    pub summary: SummaryLine,
    /// What could not be read, rendered or resolved.
    pub unknown: &'a [Unknown<'a>],
    /// Entries of the baseline that no finding matches any more.
    pub unused_baseline: &'a [Entry],
}

/// One finding; also a line of `lint --format ndjson`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FindingLine<'a> {
    /// `BH` and three digits; keeps its meaning for ever.
    pub code: &'a str,
    /// The rule's name.
    pub name: &'a str,
    /// How bad.
    pub severity: Severity,
    /// What is wrong.
    pub message: &'a str,
    /// Why it matters, or empty.
    pub because: &'a str,
    /// What to do, or empty.
    pub help: &'a str,
    /// The file, from the root of the tree; empty where no file is to blame.
    pub path: &'a str,
    /// `base` where the file is meant as it is before the merge; left out everywhere else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub side: Option<&'static str>,
    /// Where it starts, from 1; null where only the file is known.
    pub line: Option<u32>,
    /// In characters, from 1.
    pub column: Option<u32>,
    /// Where it ends.
    pub end_line: Option<u32>,
    /// One past the last character.
    pub end_column: Option<u32>,
    /// The Application that makes the object, `namespace/name`.
    pub application: Option<&'a str>,
    /// The cluster the object stands on.
    pub cluster: Option<&'a str>,
    /// The object.
    pub object: Option<&'a Object>,
    /// Further places.
    pub related: Vec<PlaceLine<'a>>,
    /// Names the finding when lines move; differs between the findings of a report.
    pub fingerprint: String,
    /// A mechanical cure; null also where it holds the value of a Secret.
    pub fix: Option<FixLine<'a>>,
}

/// A place that belongs to a finding.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PlaceLine<'a> {
    /// The file, from the root of the tree.
    pub path: &'a str,
    /// `base` where the file is meant as it is before the merge; left out everywhere else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub side: Option<&'static str>,
    /// The line, from 1.
    pub line: Option<u32>,
    /// What is there.
    pub message: &'a str,
}

/// Edits that together cure a finding.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FixLine<'a> {
    /// Whether a person must look.
    pub kind: FixKind,
    /// They do not overlap.
    pub edits: Vec<EditLine<'a>>,
}

/// Replaces the text from start to end.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct EditLine<'a> {
    /// The file, from the root of the tree.
    pub path: &'a str,
    /// First byte, from 0.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// What is written there.
    pub text: &'a str,
}

/// What was looked at, and how much was found.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct SummaryLine {
    /// Findings of severity `error`.
    pub errors: usize,
    /// Findings of severity `warning`.
    pub warnings: usize,
    /// Findings of severity `note`.
    pub notes: usize,
    /// Findings that a suppression hides.
    pub suppressed: usize,
    /// Findings that the baseline holds.
    pub existing: usize,
    /// Applications, written or generated.
    pub applications: usize,
    /// Of these, how many could not be rendered; `unknown` says why.
    pub not_rendered: usize,
    /// Objects that would be deployed.
    pub objects: usize,
    /// Clusters they would stand on.
    pub clusters: usize,
}

/// Writes the report as one indented document.
pub(super) fn lint(lint: &Lint<'_>, out: &mut dyn Write) -> Result<(), Error> {
    let mut out = harmless(out);
    serde_json::to_writer_pretty(&mut out, &report(lint))?;
    writeln!(out)?;
    Ok(out.flush()?)
}

/// Writes each finding on a line of its own, and nothing else.
pub(super) fn lint_lines(lint: &Lint<'_>, out: &mut dyn Write) -> Result<(), Error> {
    let mut out = harmless(out);
    for finding in report(lint).findings {
        serde_json::to_writer(&mut out, &finding)?;
        writeln!(out)?;
    }
    Ok(out.flush()?)
}

/// Looks at what is written in large pieces: `serde_json` writes every quote by itself. None of its pieces is split.
fn harmless(out: &mut dyn Write) -> BufWriter<EscapeJson<&mut dyn Write>> {
    BufWriter::with_capacity(1 << 16, EscapeJson(out))
}

/// The report as data.
pub(super) fn report<'a>(lint: &Lint<'a>) -> LintReport<'a> {
    let mut texts = Texts::default();
    let placed = place(lint, &mut texts);
    let count = |severity| placed.iter().filter(|p| p.finding.severity == severity).count();
    let summary = SummaryLine {
        errors: count(Severity::Error),
        warnings: count(Severity::Warning),
        notes: count(Severity::Note),
        suppressed: lint.suppressed.len(),
        existing: lint.existing.len(),
        applications: lint.summary.applications,
        not_rendered: lint.summary.not_rendered,
        objects: lint.summary.objects,
        clusters: lint.summary.clusters,
    };
    let findings = placed.into_iter().map(|p| finding(lint, &mut texts, p)).collect();
    LintReport {
        format: "billhook.lint/1",
        findings,
        summary,
        unknown: lint.unknown,
        unused_baseline: lint.unused,
    }
}

fn finding<'a>(lint: &Lint<'a>, texts: &mut Texts, placed: Placed<'a>) -> FindingLine<'a> {
    let f = placed.finding;
    let related = f.related.iter().map(|label| PlaceLine {
        path: &label.location.path,
        side: side(&label.location),
        line: texts.positions(lint, &label.location).map(|(start, _)| start.line),
        message: &label.message,
    });
    FindingLine {
        code: f.code,
        name: f.name,
        severity: f.severity,
        message: &f.message,
        because: &f.because,
        help: &f.help,
        path: &f.location.path,
        side: side(&f.location),
        line: placed.start.map(|start| start.line),
        column: placed.start.map(|start| start.column),
        end_line: placed.end.map(|end| end.line),
        end_column: placed.end.map(|end| end.column),
        application: f.application.as_deref(),
        cluster: f.cluster.as_deref(),
        object: f.object.as_ref(),
        related: related.collect(),
        fingerprint: placed.fingerprint,
        fix: f.fix.as_ref().filter(|fix| !is_secret(lint, texts, fix)).map(|fix| FixLine {
            kind: fix.kind,
            edits: fix
                .edits
                .iter()
                .map(|edit| EditLine {
                    path: &edit.location.path,
                    start: edit.location.span.start,
                    end: edit.location.span.end,
                    text: &edit.text,
                })
                .collect(),
        }),
    }
}

/// Whether an edit touches the value of a Secret, and so holds it.
fn is_secret(lint: &Lint<'_>, texts: &mut Texts, fix: &Fix) -> bool {
    fix.edits.iter().any(|edit| {
        let edited = edit.location.span;
        let secrets = texts.secrets(lint, &edit.location);
        secrets.iter().any(|value| edited.start <= value.end && value.start <= edited.end)
    })
}

fn side(place: &Location) -> Option<&'static str> {
    match place.side {
        Side::Head => None,
        Side::Base => Some("base"),
    }
}
