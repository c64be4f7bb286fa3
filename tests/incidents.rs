//! Every incident under `fixtures/`: what lint says about `base` and `head`, against what `incident.md` states.
//!
//! `incident.md` is prose for people, with a title, a `## Sources` section that links at least one public source, and
//! one block for this test, fenced as `yaml expect`:
//!
//! ```yaml
//! lint:
//!   - {side: head, rule: duplicate-object, object: Application argocd/a, path: apps/all.yaml, line: 44}
//! ```
//!
//! | key | means |
//! |---|---|
//! | `side` | `base` or `head`, judged as a repository of its own, without configuration |
//! | `rule` | name of the rule that reports |
//! | `object` | `Kind namespace/name` or `Kind name` of the object; left out where the finding names none |
//! | `path`, `line` | where the finding starts, from the root of that side |
//!
//! Every entry has exactly one finding, and every finding of severity `error` on either side has its entry. Warnings
//! and notes may be listed, where they are the lesson; the snapshot of the report holds all of them.
//!
//! Where the change is the story, the block has two more lists:
//!
//! ```yaml
//! diff:
//!   - {side: head, rule: pvc-removed, object: PersistentVolumeClaim a/data, path: apps/a.yaml, line: 4}
//! forecast:
//!   - {object: PersistentVolumeClaim a/data, outcome: pruned, danger: data-loss}
//! ```
//!
//! `diff` holds findings of rules about changes, as `lint` holds those about a tree; `forecast` what the merge does to
//! the objects that matter, with `blocked: true` where their Application cannot sync.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests read the incidents, start the program and say what is skipped"
)]

#[path = "support/tools.rs"]
mod tools;

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use billhook::files::{self, Lines, Tree};
use billhook::finding::{Finding, Object, Severity};
use billhook::forecast::{self, Forecast, Row, Sides};
use billhook::inventory::{Inventory, Options, Outcome};
use billhook::model::State;
use billhook::render::jsonnet::{Limits, Pool};
use billhook::render::process::{self, Programs, Runner};
use billhook::render::{Documents, Engines};
use billhook::report::{self, Format, Layout, Lint, Summary};
use billhook::rules::{self, Change};
use billhook::yaml::{self, File};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Side {
    Base,
    Head,
}

impl Side {
    const BOTH: [Self; 2] = [Self::Base, Self::Head];

    fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Head => "head",
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expectations {
    #[serde(default)]
    lint: Vec<Expected>,
    #[serde(default)]
    diff: Vec<Expected>,
    #[serde(default)]
    forecast: Vec<ExpectedRow>,
}

/// What `incident.md` says becomes of one object.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedRow {
    object: String,
    outcome: String,
    danger: String,
    #[serde(default)]
    blocked: bool,
}

/// What `incident.md` says of one finding; also how this test names a finding it met.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    side: Side,
    rule: String,
    #[serde(default)]
    object: Option<String>,
    path: String,
    line: u32,
}

impl Expected {
    fn of(side: Side, finding: &Finding, inventory: &Inventory) -> Self {
        let text = inventory.text(&finding.location.path).unwrap_or_default();
        Self {
            side,
            rule: finding.name.to_owned(),
            object: finding.object.as_ref().map(named),
            path: finding.location.path.to_string(),
            line: Lines::new(&text).line(finding.location.span.start),
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { side, rule, object, path, line } = self;
        write!(f, "{{side: {}, rule: {rule}, ", side.name())?;
        if let Some(object) = object {
            write!(f, "object: {object}, ")?;
        }
        write!(f, "path: {path}, line: {line}}}")
    }
}

fn named(object: &Object) -> String {
    match &*object.namespace {
        "" => format!("{} {}", object.kind, object.name),
        namespace => format!("{} {namespace}/{}", object.kind, object.name),
    }
}

/// One folder of `fixtures/`.
struct Incident {
    name: String,
    folder: PathBuf,
    /// The text of its `incident.md`.
    story: String,
}

/// One side of an incident and what the rules say about it.
struct Judged {
    inventory: Inventory,
    findings: Vec<Finding>,
}

/// A merge and what was said about it.
struct Merged {
    findings: Vec<(Expected, Severity, String)>,
    rows: Vec<ExpectedRow>,
}

/// A row as `incident.md` names it.
fn told(row: &Row) -> ExpectedRow {
    let word = |value: serde_json::Result<serde_json::Value>| match value {
        Ok(serde_json::Value::String(word)) => word,
        other => panic!("a word, not {other:?}"),
    };
    ExpectedRow {
        object: row.key.to_string(),
        outcome: word(serde_json::to_value(row.outcome)),
        danger: word(serde_json::to_value(row.danger)),
        blocked: row.blocked,
    }
}

fn kustomize() -> Runner {
    let programs = Programs {
        own: env!("CARGO_BIN_EXE_billhook").into(),
        helm: None,
        kustomize: tools::find("kustomize"),
    };
    Runner::new(programs, process::Limits::default(), None)
}

fn incidents() -> Vec<Incident> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut incidents: Vec<Incident> = fs::read_dir(root)
        .expect("the folder of incidents")
        .map(|entry| entry.expect("an entry of it").path())
        .filter(|path| path.is_dir())
        .map(|folder| Incident {
            name: folder.file_name().expect("a folder has a name").to_string_lossy().into_owned(),
            story: fs::read_to_string(folder.join("incident.md")).expect("every incident tells its story"),
            folder,
        })
        .collect();
    incidents.sort_by(|a, b| a.name.cmp(&b.name));
    incidents.retain(|incident| {
        let skipped = incident.is_out_of_reach();
        if skipped {
            assert!(std::env::var_os("BILLHOOK_REQUIRE_TOOLS").is_none(), "kustomize is not on PATH");
            eprintln!("skipped {}: kustomize is not on PATH", incident.name);
        }
        !skipped
    });
    assert!(!incidents.is_empty(), "there are incidents");
    incidents
}

impl Incident {
    fn options(&self, side: Side) -> Options {
        let tree = Tree::open(&self.folder.join(side.name())).expect("both sides are folders");
        let jsonnet = Pool::new(env!("CARGO_BIN_EXE_billhook").into(), Limits::default());
        Options {
            engines: Arc::new(Engines::new(Some(jsonnet), Some(Box::new(kustomize())), None)),
            ..Options::new(Arc::new(Documents::new(Arc::new(tree))))
        }
    }

    fn judge(&self, side: Side) -> Judged {
        let inventory = Inventory::load(&self.options(side));
        let findings = rules::judge(&inventory, &rules::Options::default());
        Judged { inventory, findings }
    }

    /// The merge of head into base: what rules about changes find, and what becomes of every object.
    fn judge_merge(&self) -> Merged {
        let base = Inventory::load(&self.options(Side::Base));
        let options = Options { scopes: Some(base.scopes.clone()), ..self.options(Side::Head) };
        let head = Inventory::load(&options);
        let between = head.again(&options, &forecast::read_again(&base, &head));
        let forecast = Forecast::new(&Sides { base: &base, head: &head, between: &between, stateful: &[] });
        let findings = rules::judge_change(&Change::new(&base, &head, &forecast), &rules::Options::default());
        let inventory = |finding: &Finding| match finding.location.side {
            files::Side::Base => (Side::Base, &base),
            files::Side::Head => (Side::Head, &head),
        };
        let findings = findings.iter().map(|finding| {
            let (side, inventory) = inventory(finding);
            (Expected::of(side, finding, inventory), finding.severity, finding.message.clone())
        });
        Merged { findings: findings.collect(), rows: forecast.rows.iter().map(told).collect() }
    }

    /// Whether a side holds a kustomization that nothing here can build.
    fn is_out_of_reach(&self) -> bool {
        let side = |side: Side| Tree::open(&self.folder.join(side.name())).expect("both sides are folders");
        let has = |tree: Tree| tree.entries().iter().any(|entry| entry.path.ends_with("/kustomization.yaml"));
        tools::find("kustomize").is_none() && Side::BOTH.into_iter().any(|one| has(side(one)))
    }

    fn expected(&self) -> Result<Expectations, String> {
        let mut blocks = self.story.split("\n```yaml expect\n").skip(1);
        let (Some(block), None) = (blocks.next(), blocks.next()) else {
            return Err("needs exactly one block fenced as `yaml expect`".to_owned());
        };
        let (text, _) = block.split_once("\n```\n").ok_or("the block has no end")?;
        let file = File::single(text.into());
        let root = file.documents().first().ok_or("the block is empty")?.root();
        let node = file.node(root.map_err(|error| error.message.clone())?);
        yaml::de::from_node(node).map_err(|error| error.message)
    }
}

/// What is not as `incident.md` says.
fn differences(incident: &Incident) -> Vec<String> {
    let all = match incident.expected() {
        Ok(expected) => expected,
        Err(message) => return vec![message],
    };
    let mut differences = Vec::new();
    if all.lint.is_empty() && all.diff.is_empty() {
        differences.push("expects nothing".to_owned());
    }
    differences.extend(differences_of_merge(incident, &all));
    let mut expected = all.lint;
    for unknown in expected.iter().chain(&all.diff).filter(|one| rules::find(&one.rule).is_none()) {
        differences.push(format!("there is no rule `{}`", unknown.rule));
    }
    for side in Side::BOTH {
        let Judged { inventory, findings } = incident.judge(side);
        differences.extend(unsettled(&inventory).map(|text| format!("{}: {text}", side.name())));
        for finding in &findings {
            let met = Expected::of(side, finding, &inventory);
            match expected.iter().position(|one| *one == met) {
                Some(at) => drop(expected.remove(at)),
                None if finding.severity == Severity::Error => {
                    differences.push(format!("not expected: {met}: {}", finding.message));
                }
                None => {}
            }
        }
    }
    differences.extend(expected.iter().map(|one| format!("not found: {one}")));
    differences
}

/// What the merge does, and what is said about it, other than `incident.md` says.
fn differences_of_merge(incident: &Incident, all: &Expectations) -> Vec<String> {
    if all.diff.is_empty() && all.forecast.is_empty() {
        return Vec::new();
    }
    let merged = incident.judge_merge();
    let mut differences = Vec::new();
    let mut expected = all.diff.clone();
    for (met, severity, message) in &merged.findings {
        match expected.iter().position(|one| one == met) {
            Some(at) => drop(expected.remove(at)),
            None if *severity == Severity::Error => {
                differences.push(format!("diff: not expected: {met}: {message}"));
            }
            None => {}
        }
    }
    differences.extend(expected.iter().map(|one| format!("diff: not found: {one}")));
    for row in all.forecast.iter().filter(|row| !merged.rows.contains(row)) {
        let met: Vec<&ExpectedRow> = merged.rows.iter().filter(|met| met.object == row.object).collect();
        differences.push(format!("forecast: not found: {row:?}, but {met:?}"));
    }
    differences
}

/// What cannot be told about a side from its own files: an incident holds everything it deploys.
fn unsettled(inventory: &Inventory) -> impl Iterator<Item = String> + '_ {
    let of_applications = inventory.applications.iter().flat_map(|app| &app.problems);
    let problems = inventory.problems.iter().chain(of_applications);
    problems.filter(|problem| problem.state == State::Unknown).map(|problem| problem.message.clone())
}

fn report(judged: &Judged) -> String {
    let Judged { inventory, findings } = judged;
    let written = || inventory.applications.iter().filter(|app| app.is_written());
    let clusters: BTreeSet<&str> = inventory.applications.iter().map(|app| &*app.cluster).collect();
    let summary = Summary {
        applications: written().count(),
        objects: inventory.count(),
        clusters: clusters.len(),
        not_rendered: written().filter(|app| app.outcome != Outcome::Rendered).count(),
        ..Summary::default()
    };
    let sources = |_, path: &str| inventory.text(path);
    let lint = Lint { findings, summary, sources: &sources, ..Lint::default() };
    let mut out = Vec::new();
    report::lint(Format::Text, &lint, Layout::default(), &mut out).expect("memory takes everything");
    anstream::adapter::strip_str(std::str::from_utf8(&out).expect("a report is text")).to_string()
}

#[test]
fn findings_are_as_stated() {
    let incidents = incidents();
    let differences = incidents.iter().flat_map(|incident| {
        differences(incident).into_iter().map(|text| format!("{}: {text}", incident.name))
    });
    let differences: Vec<String> = differences.collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn reports() {
    for incident in incidents() {
        let [base, head] = Side::BOTH.map(|side| report(&incident.judge(side)));
        let both = format!("# base\n\n{base}\n# head\n\n{head}");
        insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
            insta::assert_snapshot!(format!("incident-{}", incident.name), both);
        });
    }
}

/// What `billhook diff` says.
#[test]
fn reports_of_merges() {
    for incident in incidents() {
        let [base, head] = Side::BOTH.map(|side| format!("{}/{}", incident.name, side.name()));
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut command = Command::new(env!("CARGO_BIN_EXE_billhook"));
        command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"));
        command.args(["diff", "--no-config", "--base-dir", &base, "--head-dir", &head]);
        let assert = command.env_clear().env("PATH", path).assert();
        let report = String::from_utf8(assert.get_output().stdout.clone()).expect("a report is text");
        assert.code(i32::from(report.contains("\n✖ ")));
        insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
            insta::assert_snapshot!(format!("merge-{}", incident.name), report);
        });
    }
}

#[test]
fn the_command_says_the_same() {
    for incident in incidents() {
        for side in Side::BOTH {
            let errors =
                incident.judge(side).findings.iter().any(|finding| finding.severity == Severity::Error);
            let folder = incident.folder.join(side.name());
            billhook(&folder).code(i32::from(errors));
        }
    }
}

/// The incidents are wrong on purpose; `billhook.yaml` leaves them out, and what is left is clean.
#[test]
fn this_repository_is_clean() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let report = billhook(root).success().get_output().stdout.clone();
    let report = String::from_utf8(report).expect("a report is text");
    assert!(report.starts_with("clean: "), "{report}");
}

fn billhook(folder: &Path) -> Assert {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut command = Command::new(env!("CARGO_BIN_EXE_billhook"));
    command.arg("lint").arg(folder).env_clear().env("PATH", path).assert()
}

#[test]
fn stories_have_a_title_and_a_source() {
    for incident in incidents() {
        let story = &incident.story;
        assert!(story.starts_with("# "), "{}: begins with its title", incident.name);
        let sources = story.split_once("\n## Sources\n").map(|(_, rest)| rest.split("\n## ").next());
        let linked = sources.flatten().is_some_and(|text| text.contains("https://"));
        assert!(linked, "{}: names a public source", incident.name);
    }
}

/// The reports in the README are those that are said.
#[test]
fn the_readme_quotes_reports() {
    let said = [
        include_str!("snapshots/incident-generator-name-collision.snap").to_owned(),
        include_str!("snapshots/merge-generator-name-collision.snap")
            .replace("generator-name-collision/head/", ""),
    ];
    let readme = include_str!("../README.md");
    let quoted: Vec<String> = readme
        .split("```text\n")
        .skip(1)
        .filter_map(|rest| {
            Some(
                rest.split_once("```")?
                    .0
                    .replace("fixtures/", "")
                    .replace("generator-name-collision/head/", ""),
            )
        })
        .collect();
    assert_eq!(quoted.len(), 2);
    for quote in quoted {
        assert!(said.iter().any(|report| report.contains(&quote)), "nobody says this any more:\n{quote}");
    }
}
