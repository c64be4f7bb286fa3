//! ApplicationSets that would run, or grow, without end: each stops at a limit, soon, with a finding that names the
//! line.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "this is a test")]

use serde_json::Value;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// How long all of the bombs of one test may take.
const LIMIT: Duration = Duration::from_secs(120);

/// The report of `billhook lint` on these files.
fn lint(files: &[(String, String)]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_billhook"));
    command.timeout(LIMIT).current_dir(folder.path()).env_clear().env("HOME", folder.path());
    let output = command.args(["lint", "--format", "json", "--no-cache", "."]).output().unwrap();
    assert!(output.status.code().is_some(), "it ended by a signal, or took too long");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The line of the finding of a limit in this file, and what it says.
fn limit<'r>(report: &'r Value, path: &str) -> (u64, &'r str) {
    let findings = report["findings"].as_array().unwrap();
    let of_file = |finding: &&Value| finding["path"] == path && finding["code"] == "BH010";
    let found: Vec<&Value> = findings.iter().filter(of_file).collect();
    assert_eq!(found.len(), 1, "{path}: {report:#}");
    (found[0]["line"].as_u64().unwrap(), found[0]["message"].as_str().unwrap())
}

/// Whether an Application of a report, or of its problems, comes from this file.
fn line_of(text: &str, part: &str) -> u64 {
    text.lines().position(|line| line.contains(part)).unwrap() as u64 + 1
}

/// A set of these elements with a text in its template.
fn set(name: &str, go: bool, elements: &str, text: &str) -> String {
    let mut set = format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {{name: {name}, namespace: argocd}}\nspec:\n  \
         goTemplate: {go}\n  generators:\n    - list:\n        elements: {elements}\n  template:\n    metadata:\n      \
         name: fine\n      annotations:\n        text: |\n"
    );
    text.lines().for_each(|line| writeln!(set, "          {line}").unwrap());
    set + "    spec:\n      project: default\n      \
           source: {repoURL: https://git.example/org/gitops.git, path: web}\n      \
           destination: {name: in-cluster, namespace: shop}\n"
}

#[test]
fn templates_stop_at_the_line() {
    let many = format!("[{}]", vec!["{a: b}"; 2000].join(", "));
    let large = format!("[{{a: {}}}]", "x".repeat(100_000));
    let bombs = [
        (
            "recursive",
            true,
            "[{a: b}]",
            "fine\n{{define \"a\"}}{{template \"a\"}}{{end}}\n{{template \"a\"}}",
            2,
        ),
        ("range", true, "[{a: b}]", "fine\n\n{{range until 1000000000}}x{{end}}", 3),
        ("count", true, "[{a: b}]", "{{range 1000000000000}}x{{end}}", 1),
        ("repeat", true, "[{a: b}]", "fine\n{{repeat 1000000000 \"x\"}}\nfine", 2),
        ("printf", true, "[{a: b}]", "fine\n{{range 1000}}{{printf \"%999999d\" 1}}{{end}}", 2),
        ("doubling", true, "[{a: b}]", "{{$x := \"x\"}}\n{{range 60}}{{$x = print $x $x}}{{end}}{{$x}}", 2),
        ("together", true, &many, "fine\n{{range until 30000}}{{end}}", 2),
        ("tags", false, &large, &"{{a}}".repeat(1000), 1),
    ];
    let files = bombs
        .map(|(name, go, elements, text, _)| (format!("sets/{name}.yaml"), set(name, go, elements, text)));
    let report = lint(&files);
    for ((path, text), (.., line)) in files.iter().zip(bombs) {
        let (found, message) = limit(&report, path);
        assert_eq!(found, line_of(text, "text: |") + line, "{path}: {message}");
        assert!(message.contains("the limit on "), "{path}: {message}");
    }
    let generated = report["summary"]["applications"].as_u64();
    assert_eq!(generated, Some(0), "a set that is not known generates nothing");
}

#[test]
fn a_matrix_stops_at_its_entry() {
    let list = |count: usize| format!("list: {{elements: [{}]}}", vec!["{a: b}"; count].join(", "));
    let (many, some) = (list(600), list(100));
    let head = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\n";
    let tail = "  template:\n    metadata: {name: fine}\n    spec:\n      project: default\n      \
                source: {repoURL: https://git.example/org/gitops.git, path: web}\n      \
                destination: {name: in-cluster, namespace: shop}\n";
    let wide = format!(
        "{head}metadata: {{name: wide, namespace: argocd}}\nspec:\n  generators:\n    - list: {{elements: []}}\n    - \
         matrix:\n        generators:\n          - {many}\n          - {many}\n{tail}"
    );
    let deep = format!(
        "{head}metadata: {{name: deep, namespace: argocd}}\nspec:\n  generators:\n    - matrix:\n        \
         generators:\n          - matrix: {{generators: [{{{some}}}, {{{some}}}]}}\n          - {some}\n{tail}"
    );
    let report = lint(&[("wide.yaml".to_owned(), wide.clone()), ("deep.yaml".to_owned(), deep.clone())]);
    for (path, text) in [("wide.yaml", wide), ("deep.yaml", deep)] {
        let (line, message) = limit(&report, path);
        assert_eq!(line, line_of(&text, "matrix:"), "{path}: {message}");
    }
}

/// A set whose Application renders a set whose Application renders a set, each under a name of its own.
#[test]
fn sets_in_sets_stop() {
    let file = |name: &str| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
    let set = file("tests/bombs/set.yaml");
    let files = [
        ("sets/set.yaml".to_owned(), set.clone()),
        ("next/set.jsonnet".to_owned(), file("tests/bombs/set.jsonnet")),
    ];
    let report = lint(&files);
    let (line, message) = limit(&report, "next/set.jsonnet");
    assert!(message.contains("more than 32 levels deep"), "{message}");
    assert_eq!(line, 1);
    let applications = report["summary"]["applications"].as_u64().unwrap();
    assert!((15..=40).contains(&applications), "{applications} Applications");
}
