//! `billhook.diff/1`: what a merge does, as one document or one line an object.

use crate::finding::Severity;
use crate::forecast::{ApplicationRow, Danger, Forecast, Outcome, Row, Standing};
use crate::model::Manifest;
use crate::report::described::DANGERS;
use crate::report::diff_text::places;
use crate::report::json::{self, FindingLine};
use crate::report::lines::{Key, Unknown};
use crate::report::neutral::EscapeJson;
use crate::report::{Error, Format, Layout, Lint, diff_text, html, losses, markdown, rendered, yaml};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

/// Everything a comparison tells.
pub struct Diff<'a> {
    /// What the merge does.
    pub forecast: &'a Forecast,
    /// What base and head are called.
    pub names: [&'a str; 2],
    /// The place of an object in base.
    pub in_base: &'a dyn Fn(&Manifest) -> Option<Place>,
    /// The place of an object in head.
    pub in_head: &'a dyn Fn(&Manifest) -> Option<Place>,
    /// Whether somebody said that what happens to an object is meant.
    pub acknowledged: &'a dyn Fn(&Row) -> bool,
    /// What to do about what happens to an object.
    pub advice: &'a dyn Fn(&Row) -> String,
    /// The findings of head that base does not have, and what could not be told.
    pub lint: Lint<'a>,
    /// How many findings of head base has as well.
    pub existing: usize,
    /// Dangers that fail.
    pub fail_on: &'a [Danger],
    /// Whether it fails.
    pub fails: bool,
    /// Whether it is shown how the objects that change differ.
    pub shows_diff: bool,
}

/// A line of one of the trees.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Place {
    /// The file, from the root of the tree.
    pub path: Arc<str>,
    /// The line, from 1; null where only the file is known.
    pub line: Option<u32>,
}

/// What `diff --format json` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DiffReport<'a> {
    /// Always `billhook.diff/1`; a change that breaks readers gets another number.
    pub format: &'static str,
    /// What is merged into: a revision or a folder.
    pub base: &'a str,
    /// What is merged.
    pub head: &'a str,
    /// One row for every object of base or head, by cluster and key.
    pub forecast: Vec<RowLine<'a>>,
    /// The Applications, by cluster and name.
    pub applications: Vec<ApplicationLine<'a>>,
    /// What could not be read, rendered or resolved in head.
    pub unknown: &'a [Unknown<'a>],
    /// The findings of head that base does not have.
    pub findings: Vec<FindingLine<'a>>,
    /// How many findings of head base has as well.
    pub existing: usize,
    /// Whether something of this is to stop the merge.
    pub verdict: Verdict,
}

/// Whether the merge is to be stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing that fails.
    Pass,
    /// A danger of `diff.failOn`, or a new finding at `--fail-on`.
    Fail,
}

/// What happens to one object; also a line of `diff --format ndjson`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RowLine<'a> {
    /// What the merge does.
    pub outcome: Outcome,
    /// How bad that is.
    pub danger: Danger,
    /// Its Application cannot sync, or cannot do all of it.
    pub blocked: bool,
    /// Only the order in which controllers read the commit decides; the outcome is the worst that was seen.
    pub race: bool,
    /// Where it is: the name in the configuration, else the destination's name or server.
    pub cluster: &'a str,
    /// The Application (`namespace/name`) that had it last in base, else the one that has it in head.
    pub application: Option<&'a str>,
    /// The Application that has it in head, where that is another one.
    pub to_application: Option<&'a str>,
    /// The object.
    pub object: Key<'a>,
    /// Names the mechanism.
    pub code: &'a str,
    /// The mechanism in one sentence; empty where nothing happens.
    pub because: &'a str,
    /// The line in base.
    pub base: Option<Place>,
    /// The line in head: of the object, else of the Application that has it no more.
    pub head: Option<Place>,
    /// Whether somebody said that this is meant.
    pub acknowledged: bool,
    /// How the rendered object differs, as a unified diff of its YAML, values of Secrets hidden; only with
    /// `--show-diff`, and left out where both sides are equal or one does not have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
}

/// What happens to one Application as a whole.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ApplicationLine<'a> {
    /// `namespace/name`.
    pub application: &'a str,
    /// Where it deploys to.
    pub cluster: &'a str,
    /// What happens to the Application object.
    pub outcome: Outcome,
    /// How it stands once the merge has been read.
    pub standing: Standing,
    /// Why it does not do all that git says; empty where it does.
    pub because: &'a str,
    /// How many of its objects meet each outcome.
    pub objects: BTreeMap<Outcome, usize>,
}

/// Writes `diff` as `format`.
pub fn diff(format: Format, diff: &Diff<'_>, layout: Layout<'_>, out: &mut dyn Write) -> Result<(), Error> {
    match format {
        Format::Text => diff_text::diff(diff, layout, out),
        Format::Json => {
            serde_json::to_writer(EscapeJson(&mut *out), &report(diff))?;
            Ok(writeln!(out)?)
        }
        Format::Ndjson => {
            for row in &diff.forecast.rows {
                serde_json::to_writer(EscapeJson(&mut *out), &line(diff, row))?;
                writeln!(out)?;
            }
            Ok(())
        }
        Format::Yaml => yaml::write(&report(diff), out),
        Format::Markdown => markdown::diff(diff, layout, out),
        Format::Html => html::diff(diff, layout, out),
        Format::Sarif | Format::Junit | Format::Gitlab | Format::Github => {
            as_findings(format, diff, layout, out)
        }
    }
}

/// What the merge takes away and what is newly found, as `lint` tells its findings.
fn as_findings(
    format: Format,
    diff: &Diff<'_>,
    layout: Layout<'_>,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let mut findings = losses::findings(diff);
    findings.extend_from_slice(diff.lint.findings);
    let rules = [DANGERS, diff.lint.rules].concat();
    let fail_on = diff.lint.fail_on.or(Some(Severity::Error));
    let lint = Lint { findings: &findings, rules: &rules, fail_on, command: "diff", ..diff.lint };
    super::lint(format, &lint, layout, out)
}

fn report<'a>(diff: &Diff<'a>) -> DiffReport<'a> {
    let application = |row: &'a ApplicationRow| ApplicationLine {
        application: &row.id,
        cluster: &row.cluster,
        outcome: row.outcome,
        standing: row.standing,
        because: &row.because,
        objects: row.counts.iter().copied().collect(),
    };
    DiffReport {
        format: "billhook.diff/1",
        base: diff.names[0],
        head: diff.names[1],
        forecast: diff.forecast.rows.iter().map(|row| line(diff, row)).collect(),
        applications: diff.forecast.applications.iter().map(application).collect(),
        unknown: diff.lint.unknown,
        findings: json::report(&diff.lint).findings,
        existing: diff.existing,
        verdict: if diff.fails { Verdict::Fail } else { Verdict::Pass },
    }
}

fn line<'a>(diff: &Diff<'a>, row: &'a Row) -> RowLine<'a> {
    let [base, head] = places(diff, row);
    RowLine {
        outcome: row.outcome,
        danger: row.danger,
        blocked: row.blocked,
        race: row.race,
        cluster: &row.cluster,
        application: row.application.as_deref(),
        to_application: row.to_application.as_deref(),
        object: Key {
            group: &row.key.group,
            kind: &row.key.kind,
            namespace: &row.key.namespace,
            name: &row.key.name,
        },
        code: row.cause.code,
        because: &row.cause.because,
        base,
        head,
        acknowledged: (diff.acknowledged)(row),
        diff: if diff.shows_diff { rendered::patch(row) } else { None },
    }
}
