//! Every page under `rules/`: its bad examples yield exactly their marks, its good ones nothing under any rule.
//!
//! The examples of rules about a merge are two trees: a file under `base/` is of what is merged into, one under `head/` of
//! what is merged, and any other is the same in both. A configuration is base's.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests read files, and say what they leave out"
)]

#[path = "support/tools.rs"]
mod tools;

use billhook::config::{Date, Loaded};
use billhook::files::{Lines, Side, Tree};
use billhook::finding::{Finding, FixKind, Severity};
use billhook::forecast::{self, Forecast, Sides};
use billhook::inventory::{Inventory, Options};
use billhook::render::jsonnet::{Limits, Pool};
use billhook::render::process::{self, Programs, Runner};
use billhook::render::{Documents, Engines};
use billhook::rules::{self, Change, Example, Mark, Naming, Page};
use billhook::yaml::edit;
use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

/// Path, line, code, severity and message of a finding.
type Found = (String, u32, String, Severity, String);

fn inventory(example: &Example) -> Inventory {
    Inventory::load(&tree_of(example, configuration(example).as_ref()))
}

/// The files of an example as a tree.
fn tree(example: &Example) -> Tree {
    Tree::memory(example.files.iter().map(|(path, text)| (path.as_str(), text.as_bytes())))
}

/// What is read of an example: its tree, and what the configuration says of Argo CD and its clusters.
fn tree_of(example: &Example, configuration: Option<&Loaded>) -> Options {
    let tree = Arc::new(tree(example));
    let said = configuration.map(|loaded| &loaded.config);
    let jsonnet = Pool::new(env!("CARGO_BIN_EXE_billhook").into(), Limits::default());
    Options {
        engines: Arc::new(Engines::new(Some(jsonnet), Some(Box::new(runner())), None)),
        exclude: said.map(|config| config.excluded()).unwrap_or_default(),
        instances: said.map(|config| config.instances()).unwrap_or_default(),
        clusters: said.map(|config| config.listed_clusters()).unwrap_or_default(),
        ..Options::new(Arc::new(Documents::new(tree)))
    }
}

fn runner() -> Runner {
    let own = env!("CARGO_BIN_EXE_billhook").into();
    let (helm, kustomize) = (tools::find("helm"), tools::find("kustomize"));
    Runner::new(Programs { own, helm, kustomize }, process::Limits::default(), None)
}

fn options() -> rules::Options {
    rules::Options {
        naming: vec![Naming { application: "{app}-{cluster}".into(), path: "env/{cluster}/{app}/**".into() }],
        ..rules::Options::default()
    }
}

fn today() -> Date {
    "2026-01-01".parse().expect("a date")
}

/// What a run tells of an example, with the configuration that lies in it.
fn judge(example: &Example, options: &rules::Options) -> Vec<Found> {
    let inventory = inventory(example);
    let configuration = configuration(example);
    found(&inventory, &rules::judge_all(&inventory, options, configuration.as_ref(), today()).findings)
}

fn configuration(example: &Example) -> Option<Loaded> {
    Loaded::find(&tree(example), "", rules::names()).expect("the configuration of an example can be read")
}

/// What a run tells of an example that is a merge: a file under `base/` or `head/` is of that side, any other of both.
fn judge_merge(example: &Example, options: &rules::Options) -> Vec<Found> {
    let side = |own: &str, other: &str| {
        let files = example.files.iter().filter(|(path, _)| !path.starts_with(other));
        let files =
            files.map(|(path, text)| (path.strip_prefix(own).unwrap_or(path).to_owned(), text.clone()));
        Example { heading: example.heading.clone(), files: files.collect() }
    };
    let of_base = side("base/", "head/");
    let configuration = configuration(&of_base);
    let base = inventory(&of_base);
    let of_head = Options {
        scopes: Some(base.scopes.clone()),
        ..tree_of(&side("head/", "base/"), configuration.as_ref())
    };
    let head = Inventory::load(&of_head);
    let between = head.again(&of_head, &forecast::read_again(&base, &head));
    let forecast =
        Forecast::new(&Sides { base: &base, head: &head, between: &between, stateful: &options.stateful });
    let change = Change::new(&base, &head, &forecast);
    let judged = rules::judge_merge(
        &change,
        rules::judge_head(&head, options),
        options,
        configuration.as_ref(),
        today(),
    );
    let (of_base, of_head): (Vec<Finding>, Vec<Finding>) =
        judged.findings.into_iter().partition(|finding| finding.location.side == Side::Base);
    let sided = |prefix: &str, found: Vec<Found>| {
        let prefixed = found.into_iter().map(|(path, line, code, severity, message)| {
            let sided = format!("{prefix}{path}");
            let is_of_one = example.files.iter().any(|(file, _)| *file == sided);
            (if is_of_one { sided } else { path }, line, code, severity, message)
        });
        prefixed.collect::<Vec<_>>()
    };
    [sided("base/", found(&base, &of_base)), sided("head/", found(&head, &of_head))].concat()
}

/// The findings of one rule, as the marks that would ask for them.
fn found(inventory: &Inventory, findings: &[Finding]) -> Vec<Found> {
    let place = |finding: &Finding| {
        let text = inventory.text(&finding.location.path).unwrap_or_default();
        let line = Lines::new(&text).line(finding.location.span.start);
        (
            finding.location.path.to_string(),
            line,
            finding.code.to_string(),
            finding.severity,
            finding.message.clone(),
        )
    };
    let mut found: Vec<_> = findings.iter().map(place).collect();
    found.sort();
    found
}

/// What differs between marks and findings; empty when each mark has one finding and each finding one mark.
fn difference(marks: &[Mark], found: &[Found]) -> Vec<String> {
    let mut rest: Vec<_> = found.to_vec();
    let mut missing = Vec::new();
    for mark in marks {
        let matches = |(path, line, code, severity, message): &Found| {
            let is_there = *path == mark.path && *line == mark.line && *code == mark.code;
            is_there
                && mark.severity.is_none_or(|stated| stated == *severity)
                && message.contains(&mark.message)
        };
        match rest.iter().position(matches) {
            Some(at) => drop(rest.remove(at)),
            None => missing.push(format!("missing: {mark:?}")),
        }
    }
    missing.extend(rest.into_iter().map(|extra| format!("extra: {extra:?}")));
    missing
}

/// The rules that an example of a page is judged by: as a tree, or as a merge where the page is about merges.
fn judge_for(page: &Page, example: &Example, options: &rules::Options) -> Vec<Found> {
    if page.is_about_change() { judge_merge(example, options) } else { judge(example, options) }
}

/// Whether Helm or Kustomize has to run for an example.
fn is_rendered(example: &Example) -> bool {
    let names = ["Chart.yaml", "kustomization.yaml"];
    example.files.iter().any(|(path, _)| names.iter().any(|name| path.ends_with(name)))
}

fn check_bad(page: &Page, examples: Vec<Example>, origin: &str, problems: &mut Vec<String>) {
    for example in examples {
        let only = rules::Options { only: Some(vec![page.code]), ..options() };
        let found = judge_for(page, &example, &only);
        let marks: Vec<Mark> = example.marks().into_iter().filter(|mark| mark.code == page.code).collect();
        if marks.is_empty() {
            problems.push(format!("{origin} [{}]: a bad example needs a mark", example.heading));
        }
        let difference = difference(&marks, &found);
        problems.extend(difference.into_iter().map(|text| format!("{origin} [{}]: {text}", example.heading)));
    }
}

fn check_good(page: &Page, examples: Vec<Example>, origin: &str, problems: &mut Vec<String>) {
    for example in examples {
        let found = judge_for(page, &example, &options());
        problems.extend(
            found.into_iter().map(|extra| format!("{origin} [{}]: not clean: {extra:?}", example.heading)),
        );
    }
}

#[test]
fn pages_say_what_rules_do() {
    let mut problems = Vec::new();
    let tools = tools::has(&["helm", "kustomize"]);
    for page in rules::pages() {
        let told = |heading: &str| -> Vec<Example> {
            page.examples(heading).into_iter().filter(|example| tools || !is_rendered(example)).collect()
        };
        check_bad(page, told("Bad"), page.code, &mut problems);
        check_good(page, told("Good"), page.code, &mut problems);
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// `tests/cases/BH101.md`: corner cases that teach nothing, in the format of the pages.
#[test]
fn corner_cases() {
    let mut problems = Vec::new();
    let tools = tools::has(&["helm", "kustomize"]);
    for page in rules::pages() {
        let path = format!("{}/tests/cases/{}.md", env!("CARGO_MANIFEST_DIR"), page.code);
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let examples = rules::examples(&text).into_iter().filter(|example| tools || !is_rendered(example));
        let (bad, good): (Vec<_>, Vec<_>) = examples.partition(|example| example.heading.starts_with("Bad"));
        check_bad(page, bad, &path, &mut problems);
        check_good(page, good, &path, &mut problems);
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// What charts and kustomizations give, judged by the program as a person runs it.
#[test]
fn the_program_judges_what_renderers_make() {
    if !tools::has(&["helm", "kustomize"]) {
        return;
    }
    let mut problems = Vec::new();
    let mut fired = BTreeSet::new();
    for page in rules::pages() {
        let path = format!("{}/tests/cases/{}.md", env!("CARGO_MANIFEST_DIR"), page.code);
        let cases = rules::examples(&fs::read_to_string(&path).unwrap_or_default());
        for example in cases.iter().filter(|example| is_rendered(example)) {
            let found = told_by_program(page.code, example);
            let marks: Vec<Mark> =
                example.marks().into_iter().filter(|mark| mark.code == page.code).collect();
            if !marks.is_empty() {
                fired.insert(page.code);
            }
            let difference = difference(&marks, &found);
            let wrong = difference.into_iter().map(|text| format!("{path} [{}]: {text}", example.heading));
            problems.extend(wrong);
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    for code in ["BH109", "BH110", "BH111", "BH112", "BH520", "BH521", "BH522", "BH523", "BH524", "BH525"] {
        assert!(fired.contains(code), "{code} is not seen to fire");
    }
}

fn told_by_program(code: &str, example: &Example) -> Vec<Found> {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in &example.files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_billhook"))
        .args(["lint", "--no-cache", "--fail-on", "never", "--format", "ndjson", "--rule", code])
        .arg(folder.path())
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    let finding = |line: serde_json::Value| {
        let word = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        let severity = match line["severity"].as_str()? {
            "error" => Severity::Error,
            "warning" => Severity::Warning,
            _ => Severity::Note,
        };
        Some((word("path"), line["line"].as_u64()? as u32, word("code"), severity, word("message")))
    };
    lines.filter_map(finding).collect()
}

/// The example with the edits of one fix.
fn edited(example: &Example, finding: &Finding) -> Option<Example> {
    let fix = finding.fix.as_ref()?;
    let mut edited = example.clone();
    for (path, text) in &mut edited.files {
        let own = fix.edits.iter().filter(|edit| *edit.location.path == *path);
        let own: Vec<_> = own.map(|edit| (edit.location.span, edit.text.clone())).collect();
        *text = edit::apply(text, &own).expect("edits do not overlap");
    }
    Some(edited)
}

/// Every fix by itself cures its finding and makes no file unreadable.
#[test]
fn each_fix_cures() {
    let mut problems = Vec::new();
    let mut fixes = 0;
    for page in rules::pages() {
        let path = format!("{}/tests/cases/{}.md", env!("CARGO_MANIFEST_DIR"), page.code);
        let cases = rules::examples(&fs::read_to_string(&path).unwrap_or_default());
        let cases = cases.into_iter().filter(|example| example.heading.starts_with("Bad"));
        let only = rules::Options { only: Some(vec![page.code]), ..options() };
        for example in page.examples("Bad").into_iter().chain(cases) {
            let before = inventory(&example);
            for finding in rules::judge(&before, &only) {
                let Some(cured) = edited(&example, &finding) else { continue };
                fixes += 1;
                let after = inventory(&cured);
                let same =
                    |other: &Finding| other.message == finding.message && other.object == finding.object;
                if rules::judge(&after, &only).iter().any(same) {
                    problems.push(format!(
                        "{} [{}]: still there: {}",
                        page.code, example.heading, finding.message
                    ));
                }
                let unreadable = |inventory: &Inventory| {
                    let files = inventory.files.iter().chain(&inventory.parts);
                    let documents = files.flat_map(|(_, parsed)| parsed.file.documents());
                    documents.filter(|document| document.root().is_err()).count()
                };
                if unreadable(&after) > unreadable(&before) {
                    problems.push(format!(
                        "{} [{}]: broken by the fix of {}",
                        page.code, example.heading, finding.message
                    ));
                }
            }
        }
    }
    assert!(fixes > 0, "no rule has a fix");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// What a person reads of a rule that can be fixed says so, and how.
#[test]
fn pages_tell_of_fixes() {
    let mut problems = Vec::new();
    for page in rules::pages() {
        let path = format!("{}/tests/cases/{}.md", env!("CARGO_MANIFEST_DIR"), page.code);
        let cases = rules::examples(&fs::read_to_string(&path).unwrap_or_default());
        let only = rules::Options { only: Some(vec![page.code]), ..options() };
        let mut kinds = BTreeSet::new();
        for example in page.examples("").into_iter().chain(cases) {
            let fixes =
                rules::judge(&inventory(&example), &only).into_iter().filter_map(|finding| finding.fix);
            kinds.extend(fixes.map(|fix| fix.kind));
        }
        let text = page.section("What to do").unwrap_or_default();
        let told = (text.contains("`billhook lint --fix`"), text.contains("--unsafe-fixes"));
        let has = (kinds.contains(&FixKind::Safe), kinds.contains(&FixKind::Unsafe));
        if told != has {
            problems.push(format!("{}: fixes are {kinds:?}, and `What to do` tells of {told:?}", page.code));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn pages_are_complete() {
    let mut problems = Vec::new();
    let mut codes = BTreeSet::new();
    let mut names = BTreeSet::new();
    for page in rules::pages() {
        if !codes.insert(page.code) || !names.insert(page.name) {
            problems.push(format!("{}: code or name taken twice", page.code));
        }
        for heading in ["Why", "Bad", "Good", "What to do", "Limits", "Sources"] {
            let begins =
                |line: &str| line.strip_prefix("## ").is_some_and(|title| title.starts_with(heading));
            if !page.body.lines().any(begins) || page.section(heading).is_some_and(str::is_empty) {
                problems.push(format!("{} has no section `{heading}`", page.code));
            }
        }
        if page.summary.is_empty() || !page.summary.ends_with('.') {
            problems.push(format!("{}: the summary is a sentence", page.code));
        }
    }
    let files = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/rules")).expect("the folder of pages");
    for file in files {
        let name = file.expect("a page").file_name().to_string_lossy().into_owned();
        let known = rules::pages().any(|page| name == format!("{}-{}.md", page.code, page.name));
        if !known {
            problems.push(format!("rules/{name} belongs to no rule"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// The README quotes the pages.
#[test]
fn the_readme_lists_every_rule() {
    let readme = include_str!("../README.md");
    let rows: Vec<&str> = readme.lines().filter(|line| line.starts_with("| [BH")).collect();
    let expected: Vec<String> = rules::pages()
        .map(|page| {
            let off = if page.off { ", off" } else { "" };
            let severity = format!("{:?}", page.severity).to_lowercase();
            let summary = page.summary.replace('\n', " ");
            format!("| [{0}](rules/{0}-{1}.md) | {1} | {severity}{off} | {summary} |", page.code, page.name)
        })
        .collect();
    assert_eq!(rows, expected);
}
