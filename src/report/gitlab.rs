//! GitLab's Code Quality report: a list of findings, of which the widget of a merge request shows what is new.
//!
//! <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>

use crate::finding::Severity;
use crate::report::neutral::{EscapeJson, line as neutral};
use crate::report::placed::{Placed, Texts, place};
use crate::report::{Error, Layout, Lint, told};
use serde::Serialize;
use std::io::Write;

#[derive(Serialize)]
struct Entry {
    description: String,
    check_name: &'static str,
    fingerprint: String,
    severity: &'static str,
    location: Place,
}

#[derive(Serialize)]
struct Place {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

/// Writes the findings as one list.
pub(super) fn lint(lint: &Lint<'_>, layout: Layout<'_>, out: &mut dyn Write) -> Result<(), Error> {
    let placed = place(lint, &mut Texts::default());
    let entries: Vec<Entry> = placed.iter().map(|p| entry(layout, p)).collect();
    serde_json::to_writer_pretty(EscapeJson(&mut *out), &entries)?;
    Ok(writeln!(out)?)
}

fn entry(layout: Layout<'_>, p: &Placed<'_>) -> Entry {
    let f = p.finding;
    let whose = f.application.as_deref().map(|id| format!(" (`{id}`)")).unwrap_or_default();
    let fix = if f.help.is_empty() { String::new() } else { format!(". Fix: {}", f.help) };
    let path = match &*f.location.path {
        "" => told::WHOLE_TREE,
        path => path,
    };
    Entry {
        description: neutral(&format!("{}: {}{whose}{fix}", f.code, f.message)).into_owned(),
        check_name: f.name,
        fingerprint: p.fingerprint.clone(),
        severity: match f.severity {
            Severity::Error => "critical",
            Severity::Warning => "minor",
            Severity::Note => "info",
        },
        location: Place {
            path: (layout.rooted)(path),
            lines: Lines {
                begin: p.start.map_or(1, |start| start.line),
                end: p.end.map_or(1, |end| end.line),
            },
        },
    }
}
