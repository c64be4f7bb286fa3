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
#![allow(clippy::disallowed_methods, reason = "tests read the incidents and start the program")]

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use billhook::files::{Lines, Tree};
use billhook::finding::{Finding, Object, Severity};
use billhook::inventory::{Inventory, Options, Outcome};
use billhook::model::State;
use billhook::render::jsonnet::{Limits, Pool};
use billhook::render::{Documents, Engines};
use billhook::report::{self, Format, Layout, Lint, Summary};
use billhook::rules;
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
    lint: Vec<Expected>,
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
    assert!(!incidents.is_empty(), "there are incidents");
    incidents
}

impl Incident {
    fn judge(&self, side: Side) -> Judged {
        let tree = Tree::open(&self.folder.join(side.name())).expect("both sides are folders");
        let jsonnet = Pool::new(env!("CARGO_BIN_EXE_billhook").into(), Limits::default());
        let options = Options {
            engines: Arc::new(Engines::new(Some(jsonnet), None, None)),
            ..Options::new(Arc::new(Documents::new(Arc::new(tree))))
        };
        let inventory = Inventory::load(&options);
        let findings = rules::judge(&inventory, &rules::Options::default());
        Judged { inventory, findings }
    }

    fn expected(&self) -> Result<Vec<Expected>, String> {
        let mut blocks = self.story.split("\n```yaml expect\n").skip(1);
        let (Some(block), None) = (blocks.next(), blocks.next()) else {
            return Err("needs exactly one block fenced as `yaml expect`".to_owned());
        };
        let (text, _) = block.split_once("\n```\n").ok_or("the block has no end")?;
        let file = File::single(text.into());
        let root = file.documents().first().ok_or("the block is empty")?.root();
        let node = file.node(root.map_err(|error| error.message.clone())?);
        let expected: Expectations = yaml::de::from_node(node).map_err(|error| error.message)?;
        Ok(expected.lint)
    }
}

/// What is not as `incident.md` says.
fn differences(incident: &Incident) -> Vec<String> {
    let mut expected = match incident.expected() {
        Ok(expected) => expected,
        Err(message) => return vec![message],
    };
    let mut differences = Vec::new();
    if expected.is_empty() {
        differences.push("expects nothing".to_owned());
    }
    for unknown in expected.iter().filter(|one| rules::find(&one.rule).is_none()) {
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
    let lint = Lint { findings, unknown: &[], summary, sources: &|_, path| inventory.text(path) };
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
