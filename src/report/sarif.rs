//! SARIF 2.1.0 (OASIS), for code scanning and editors.
//!
//! Every rule that ran is described with its page. A finding of the baseline has the state `unchanged`, one that a
//! suppression hides has the suppression, and what is not known is a notification of the run. Lines and columns count
//! from 1, columns in characters; an end column is one past the last, as SARIF wants it.

use crate::files::{Position, Side};
use crate::finding::{Finding, Label, Severity};
use crate::report::lines::{State, Unknown};
use crate::report::neutral::{EscapeJson, line as neutral};
use crate::report::placed::{All, Placed, Texts, place_all};
use crate::report::{Described, Error, Layout, Lint, link, told};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// What paths are relative to: the repository as it is judged, and, where two trees are compared, the one before.
const ROOT: &str = "SRCROOT";
const BASE: &str = "BASEROOT";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    automation_details: Named,
    invocations: [Invocation; 1],
    original_uri_base_ids: BTreeMap<&'static str, Root>,
    column_kind: &'static str,
    results: Vec<Outcome>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    information_uri: &'static str,
    semantic_version: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help_uri: Option<String>,
    short_description: Message,
    full_description: Message,
    help: Message,
    default_configuration: Level,
    properties: Properties,
}

#[derive(Serialize)]
struct Level {
    level: &'static str,
}

#[derive(Serialize)]
struct Properties {
    tags: [&'static str; 2],
    precision: &'static str,
    #[serde(rename = "problem.severity")]
    severity: &'static str,
}

#[derive(Serialize)]
struct Message {
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    markdown: Option<&'static str>,
}

#[derive(Serialize)]
struct Named {
    id: String,
}

#[derive(Serialize)]
struct Root {
    description: Message,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    descriptor: Descriptor,
    level: &'static str,
    message: Message,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<Place>,
}

#[derive(Serialize)]
struct Descriptor {
    id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    rule_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'static str,
    message: Message,
    locations: Vec<Place>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Place>,
    partial_fingerprints: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline_state: Option<&'static str>,
    suppressions: Vec<Suppression>,
}

#[derive(Serialize)]
struct Suppression {
    kind: &'static str,
    status: &'static str,
    justification: String,
}

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct Place {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    physical_location: Option<Physical>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<Logical>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    uri: String,
    uri_base_id: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_column: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_column: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Logical {
    fully_qualified_name: String,
    kind: &'static str,
}

/// Writes the report as one log of one run.
pub(super) fn lint(lint: &Lint<'_>, layout: Layout<'_>, out: &mut dyn Write) -> Result<(), Error> {
    let mut texts = Texts::default();
    let All { told, existing, suppressed } = place_all(lint, &mut texts);
    let keeps_books = !existing.is_empty() || !lint.unused.is_empty();
    let mut result = |placed: &Placed<'_>, state: &'static str, suppressions| Outcome {
        baseline_state: keeps_books.then_some(state),
        suppressions,
        ..outcome(lint, layout, &mut texts, placed)
    };
    let mut results: Vec<Outcome> = told.iter().map(|placed| result(placed, "new", Vec::new())).collect();
    results.extend(existing.iter().map(|placed| result(placed, "unchanged", Vec::new())));
    results.extend(suppressed.iter().map(|(placed, by)| {
        let kind = if by.in_source { "inSource" } else { "external" };
        let justification = neutral(&by.reason).into_owned();
        result(placed, "new", vec![Suppression { kind, status: "accepted", justification }])
    }));
    let log = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "billhook",
                    information_uri: env!("CARGO_PKG_HOMEPAGE"),
                    semantic_version: env!("CARGO_PKG_VERSION"),
                    rules: lint.rules.iter().map(rule).collect(),
                },
            },
            automation_details: Named { id: format!("billhook/{}/", lint.command) },
            invocations: [Invocation {
                execution_successful: true,
                tool_execution_notifications: lint
                    .unknown
                    .iter()
                    .map(|one| notification(layout, one))
                    .collect(),
            }],
            original_uri_base_ids: roots(lint),
            column_kind: "unicodeCodePoints",
            results,
        }],
    };
    serde_json::to_writer_pretty(EscapeJson(&mut *out), &log)?;
    Ok(writeln!(out)?)
}

fn roots(lint: &Lint<'_>) -> BTreeMap<&'static str, Root> {
    let root = |text: &str| Root { description: message(text.to_owned()) };
    let mut roots = BTreeMap::from([(ROOT, root("the root of the repository"))]);
    if lint.command == "diff" {
        roots.insert(BASE, root("the root of the repository before the merge"));
    }
    roots
}

fn rule(rule: &Described) -> Rule {
    Rule {
        id: rule.code,
        name: Some(rule.name).filter(|name| *name != rule.code),
        help_uri: link::rule(rule.code),
        short_description: message(neutral(rule.summary).into_owned()),
        full_description: message(neutral(rule.why).into_owned()),
        help: Message { text: rule.body.to_owned(), markdown: Some(rule.body) },
        default_configuration: Level { level: told::severity(rule.severity) },
        properties: Properties {
            tags: ["gitops", "argo-cd"],
            precision: "high",
            severity: match rule.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Note => "recommendation",
            },
        },
    }
}

fn outcome(lint: &Lint<'_>, layout: Layout<'_>, texts: &mut Texts, placed: &Placed<'_>) -> Outcome {
    let f = placed.finding;
    let home = f.related.iter().find(|label| label.location == f.location);
    // GitHub refuses a whole log in which one result is nowhere.
    let path = if f.location.path.is_empty() { told::WHOLE_TREE } else { &f.location.path };
    let at = placed.start.zip(placed.end);
    let place = Place {
        physical_location: Some(physical(layout, f.location.side, path, at)),
        logical_locations: logical(f),
        message: home.map(|label| message(neutral(&label.message).into_owned())),
        ..Place::default()
    };
    let others = f.related.iter().filter(|label| label.location != f.location);
    let related_locations =
        others.enumerate().map(|(i, label)| Place { id: Some(i), ..related(lint, layout, texts, label) });
    Outcome {
        rule_id: f.code,
        rule_index: lint.rules.iter().position(|rule| rule.code == f.code),
        level: told::severity(f.severity),
        message: message(told::lines(f)),
        locations: vec![place],
        related_locations: related_locations.collect(),
        partial_fingerprints: BTreeMap::from([("billhook/v1", placed.fingerprint.clone())]),
        baseline_state: None,
        suppressions: Vec::new(),
    }
}

fn related(lint: &Lint<'_>, layout: Layout<'_>, texts: &mut Texts, label: &Label) -> Place {
    let at = texts.positions(lint, &label.location);
    Place {
        physical_location: Some(physical(layout, label.location.side, &label.location.path, at)),
        message: Some(message(neutral(&label.message).into_owned())),
        ..Place::default()
    }
}

fn physical(layout: Layout<'_>, side: Side, path: &str, at: Option<(Position, Position)>) -> Physical {
    let region = at.map(|(start, end)| Region {
        start_line: start.line,
        start_column: Some(start.column),
        end_line: Some(end.line),
        end_column: Some(end.column),
    });
    let uri_base_id = match side {
        Side::Head => ROOT,
        Side::Base => BASE,
    };
    Physical { artifact_location: Artifact { uri: link::uri(layout, path), uri_base_id }, region }
}

/// The Application and the object: what a finding is about on the cluster.
fn logical(f: &Finding) -> Vec<Logical> {
    let object = f.object.as_ref().map(|o| {
        let names = [&*o.group, &*o.kind, &*o.namespace, &*o.name];
        (names.into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>().join("/"), "object")
    });
    let application = f.application.as_deref().map(|id| (id.to_owned(), "application"));
    let of = |(name, kind): (String, &'static str)| {
        let cluster = f.cluster.as_deref().map(|cluster| format!("{cluster}/")).unwrap_or_default();
        Logical { fully_qualified_name: neutral(&format!("{cluster}{name}")).into_owned(), kind }
    };
    application.into_iter().chain(object).map(of).collect()
}

fn notification(layout: Layout<'_>, one: &Unknown<'_>) -> Notification {
    let line = |line| Region { start_line: line, start_column: None, end_line: None, end_column: None };
    let place = one.problem.path.as_deref().map(|path| Place {
        physical_location: Some(Physical {
            region: one.problem.line.map(line),
            ..physical(layout, Side::Head, path, None)
        }),
        ..Place::default()
    });
    let who = one.application.as_deref().or(one.applicationset.as_deref());
    let who = who.map(|who| format!("{who}: ")).unwrap_or_default();
    Notification {
        descriptor: Descriptor { id: one.problem.code.to_owned() },
        level: match one.problem.state {
            State::Fails => "error",
            State::Unknown => "warning",
            State::Warning => "note",
        },
        message: message(neutral(&format!("{who}{}", one.problem.message)).into_owned()),
        locations: place.into_iter().collect(),
    }
}

/// A message; what would be read as a link in it (`[text](address)`, §3.11.6) is kept from being one.
fn message(text: String) -> Message {
    Message { text: text.replace("](", "] ("), markdown: None }
}
