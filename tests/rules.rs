//! Every page under `rules/`: its bad examples yield exactly their marks, its good ones nothing under any rule.

use billhook::config::Loaded;
use billhook::files::{Lines, Tree};
use billhook::finding::Finding;
use billhook::inventory::{Inventory, Options};
use billhook::render::Documents;
use billhook::rules::{self, Example, Mark, Naming};
use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

fn inventory(example: &Example) -> Inventory {
    let files = example.files.iter().map(|(path, text)| (path.as_str(), text.as_bytes()));
    let tree = Arc::new(Tree::memory(files));
    Inventory::load(&Options::new(Arc::new(Documents::new(tree))))
}

fn options() -> rules::Options {
    rules::Options {
        naming: vec![Naming { application: "{app}-{cluster}".into(), path: "env/{cluster}/{app}/**".into() }],
        ..rules::Options::default()
    }
}

/// What a run tells of an example, with the configuration that lies in it.
fn judge(example: &Example, options: &rules::Options) -> Vec<(String, u32, String, String)> {
    let inventory = inventory(example);
    let tree = inventory.documents.tree();
    let configuration =
        Loaded::find(tree, "", rules::names()).expect("the configuration of an example can be read");
    let today = "2026-01-01".parse().expect("a date");
    found(&inventory, &rules::judge_all(&inventory, options, configuration.as_ref(), today).findings)
}

/// The findings of one rule, as the marks that would ask for them.
fn found(inventory: &Inventory, findings: &[Finding]) -> Vec<(String, u32, String, String)> {
    let place = |finding: &Finding| {
        let text = inventory.text(&finding.location.path).unwrap_or_default();
        let line = Lines::new(&text).line(finding.location.span.start);
        (finding.location.path.to_string(), line, finding.code.to_string(), finding.message.clone())
    };
    let mut found: Vec<_> = findings.iter().map(place).collect();
    found.sort();
    found
}

/// What differs between marks and findings; empty when each mark has one finding and each finding one mark.
fn difference(marks: &[Mark], found: &[(String, u32, String, String)]) -> Vec<String> {
    let mut rest: Vec<_> = found.to_vec();
    let mut missing = Vec::new();
    for mark in marks {
        let matches = |(path, line, code, message): &(String, u32, String, String)| {
            *path == mark.path && *line == mark.line && *code == mark.code && message.contains(&mark.message)
        };
        match rest.iter().position(matches) {
            Some(at) => drop(rest.remove(at)),
            None => missing.push(format!("missing: {mark:?}")),
        }
    }
    missing.extend(rest.into_iter().map(|extra| format!("extra: {extra:?}")));
    missing
}

fn check_bad(code: &'static str, examples: Vec<Example>, origin: &str, problems: &mut Vec<String>) {
    for example in examples {
        let found = judge(&example, &rules::Options { only: Some(vec![code]), ..options() });
        let marks: Vec<Mark> = example.marks().into_iter().filter(|mark| mark.code == code).collect();
        if marks.is_empty() {
            problems.push(format!("{origin} [{}]: a bad example needs a mark", example.heading));
        }
        let difference = difference(&marks, &found);
        problems.extend(difference.into_iter().map(|text| format!("{origin} [{}]: {text}", example.heading)));
    }
}

fn check_good(examples: Vec<Example>, origin: &str, problems: &mut Vec<String>) {
    for example in examples {
        let found = judge(&example, &options());
        problems.extend(
            found.into_iter().map(|extra| format!("{origin} [{}]: not clean: {extra:?}", example.heading)),
        );
    }
}

#[test]
fn pages_say_what_rules_do() {
    let mut problems = Vec::new();
    for page in rules::pages() {
        check_bad(page.code, page.examples("Bad"), page.code, &mut problems);
        check_good(page.examples("Good"), page.code, &mut problems);
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// `tests/cases/BH101.md`: corner cases that teach nothing, in the format of the pages.
#[test]
fn corner_cases() {
    let mut problems = Vec::new();
    for page in rules::pages() {
        let path = format!("{}/tests/cases/{}.md", env!("CARGO_MANIFEST_DIR"), page.code);
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let examples = rules::examples(&text);
        let (bad, good): (Vec<_>, Vec<_>) =
            examples.into_iter().partition(|example| example.heading.starts_with("Bad"));
        check_bad(page.code, bad, &path, &mut problems);
        check_good(good, &path, &mut problems);
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
        for heading in ["Why", "What to do", "Limits"] {
            if page.section(heading).is_none_or(str::is_empty) {
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
