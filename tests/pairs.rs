//! Base and head of real changes: what `billhook diff` says of each, and that it cries wolf of nothing else.
//!
//! `BILLHOOK_CORPUS` names the folder that holds them, as `pairs/NAME/{base,head}`.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests read the environment, start the program and say what is skipped"
)]

use assert_cmd::Command;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

/// One pair and what is true of it.
#[derive(Default)]
struct Pair {
    name: &'static str,
    /// Root Applications that somebody applied by hand and that are not in git: one file.
    root: Option<&'static str>,
    /// Every row that is dangerous: danger, outcome, `Kind namespace/name`.
    dangers: &'static [(&'static str, &'static str, &'static str)],
    /// Findings that must be there: rule and path.
    findings: &'static [(&'static str, &'static str)],
}

fn pairs() -> Option<PathBuf> {
    let Some(corpus) = std::env::var_os("BILLHOOK_CORPUS") else {
        eprintln!("skipped: BILLHOOK_CORPUS names no folder with pairs");
        return None;
    };
    Some(PathBuf::from(corpus).join("pairs"))
}

/// The report about a pair, as JSON.
fn report(pair: &Pair) -> Option<Value> {
    let folder = pairs()?.join(pair.name);
    let mut command = Command::cargo_bin("billhook").expect("the program");
    command.arg("diff").arg("--base-dir").arg(folder.join("base")).arg("--head-dir").arg(folder.join("head"));
    command.args(["--no-config", "--format", "json"]);
    let scratch = tempfile::tempdir().expect("a scratch folder");
    if let Some(root) = pair.root {
        let file = scratch.path().join("root.yaml");
        fs::write(&file, root).expect("a file");
        command.arg("--known").arg(file);
    }
    let output = command.output().expect("it runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}: {errors}", pair.name);
    Some(serde_json::from_slice(&output.stdout).expect("JSON"))
}

fn object(key: &Value) -> String {
    let text = |field: &str| key[field].as_str().unwrap_or_default().to_owned();
    match text("namespace") {
        namespace if namespace.is_empty() => format!("{} {}", text("kind"), text("name")),
        namespace => format!("{} {namespace}/{}", text("kind"), text("name")),
    }
}

fn check(pair: &Pair) {
    let Some(report) = report(pair) else { return };
    let rows = report["forecast"].as_array().expect("rows");
    let text = |row: &Value, field: &str| row[field].as_str().unwrap_or_default().to_owned();
    let dangers: BTreeSet<_> = rows
        .iter()
        .filter(|row| matches!(row["danger"].as_str(), Some("data-loss" | "outage" | "orphan" | "blocked")))
        .map(|row| (text(row, "danger"), text(row, "outcome"), object(&row["object"])))
        .collect();
    let expected: BTreeSet<_> = pair
        .dangers
        .iter()
        .map(|(danger, outcome, object)| (danger.to_string(), outcome.to_string(), object.to_string()))
        .collect();
    assert_eq!(dangers, expected, "{}", pair.name);
    let findings: BTreeSet<_> = report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .map(|finding| (text(finding, "name"), text(finding, "path")))
        .collect();
    for (rule, path) in pair.findings {
        let wanted = (rule.to_string(), path.to_string());
        assert!(findings.contains(&wanted), "{}: {wanted:?} is not in {findings:#?}", pair.name);
    }
}
