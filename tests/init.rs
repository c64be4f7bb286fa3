//! `init` as a new user runs it: what it writes is taken by every reader, changes no finding, and nothing is overwritten.
#![allow(clippy::print_stderr, reason = "says what is skipped")]
#![allow(clippy::disallowed_methods, reason = "a test reads and writes files, and starts programs")]

use assert_cmd::Command;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("a file");
}

fn application(name: &str, destination: &str, path: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}, namespace: argocd}}\nspec:\n  project: team\n  source: {{repoURL: https://git.example/r.git, path: {path}}}\n  destination: {{{destination}, namespace: {name}}}\n"
    )
}

const OBJECT: &str = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec: {accessModes: [ReadWriteOnce]}\n";

/// Twelve Applications on two clusters, named after their folders.
fn repository() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path();
    for app in ["a", "b", "c", "d", "e", "f"] {
        for (cluster, destination) in [("eu", "name: eu"), ("us", "server: 'https://us.example:6443'")] {
            let (name, path) = (format!("{app}-{cluster}"), format!("env/{cluster}/{app}"));
            write(root, &format!("apps/{name}.yaml"), &application(&name, destination, &path));
            write(root, &format!("{path}/x.yaml"), OBJECT);
        }
    }
    write(root, "apps/typo.yaml", &application("typo", "name: in-clutser", "env/eu/a"));
    write(
        root,
        "env/eu/a/ns.yaml",
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: safe, annotations: {argocd.argoproj.io/sync-options: 'Prune=false,Delete=false'}}\n",
    );
    let git = |arguments: &[&str]| {
        Command::new("git").current_dir(root).args(arguments).assert().success();
    };
    git(&["init", "-q", "-b", "trunk"]);
    git(&["remote", "add", "origin", "https://git.example/r.git"]);
    folder
}

fn run(here: &Path, arguments: &str) -> (i32, String, String) {
    let mut command = Command::cargo_bin("billhook").expect("the program");
    command.current_dir(here).env_clear().args(arguments.split_whitespace());
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let output = command.output().expect("a run");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    (output.status.code().expect("an exit code"), text(&output.stdout), text(&output.stderr))
}

/// Code, place, severity and message of every finding.
fn findings(here: &Path) -> BTreeSet<String> {
    let (_, report, error) = run(here, "lint --format json");
    let report: Value = serde_json::from_str(&report).unwrap_or_else(|_| panic!("no report: {error}"));
    let findings = report["findings"].as_array().expect("findings").iter();
    let line =
        |f: &Value| format!("{} {}:{} {} {}", f["code"], f["path"], f["line"], f["severity"], f["message"]);
    // Said as long as nobody says which instance has which roots.
    findings.filter(|finding| finding["code"] != "BH014").map(line).collect()
}

fn read(root: &Path, path: &str) -> String {
    fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn what_is_found_is_written() {
    let tree = repository();
    let root = tree.path();
    let before = findings(root);
    let (code, told, error) = run(root, "init");
    assert_eq!((code, error.as_str()), (0, ""));
    assert!(
        told.starts_with(
            "wrote  billhook.yaml\nwrote  .pre-commit-config.yaml\nwrote  .github/workflows/billhook.yaml\n"
        ),
        "{told}"
    );
    let written = read(root, "billhook.yaml");
    let in_force: String = written
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(
        in_force,
        "clusters:\n- name: eu\n- name: us.example\n  server: \"https://us.example:6443\"\n\
         protectedNamespaces:\n- argocd\n- default\n- kube-node-lease\n- kube-public\n- kube-system\n- safe\n"
    );
    assert!(written.contains("`team`"), "{written}");
    // The name of a cluster is not its folder where Applications name a server, so nothing is learned of clusters.
    assert!(written.contains("{app}-{group}"), "{written}");
    let after: BTreeSet<String> = findings(root);
    let renamed = |text: &String| text.replace("https://us.example:6443", "us.example");
    assert_eq!(before.iter().map(renamed).collect::<BTreeSet<_>>(), after.iter().map(renamed).collect());
}

#[test]
fn what_is_there_stays() {
    let tree = repository();
    let root = tree.path();
    for path in [".billhook.yaml", ".pre-commit-config.yaml", ".github/workflows/billhook.yml"] {
        write(root, path, "repos: []\n");
    }
    write(root, ".billhook.yaml", "exclude: []\n");
    let (code, told, _) = run(&root.join("apps"), "init ..");
    assert_eq!(code, 0);
    assert!(
        told.starts_with(
            "kept   ../.billhook.yaml\nkept   ../.pre-commit-config.yaml; to it belongs:\n\n  - repo: "
        ),
        "{told}"
    );
    assert!(told.contains("kept   ../.github/workflows/billhook.yml\n"), "{told}");
    assert!(!root.join("billhook.yaml").exists() && !root.join(".github/workflows/billhook.yaml").exists());
    assert_eq!(read(root, ".pre-commit-config.yaml"), "repos: []\n");
}

#[test]
fn a_folder_of_a_repository_and_an_empty_one() {
    let tree = repository();
    let root = tree.path();
    let (code, told, _) = run(root, "init apps");
    assert_eq!(code, 0, "{told}");
    assert!(root.join("apps/billhook.yaml").is_file());
    assert!(read(root, ".github/workflows/billhook.yaml").contains("path: apps\n"));
    assert!(read(root, ".pre-commit-config.yaml").contains("files: ^apps/\n"));
    let empty = tempfile::tempdir().expect("a temporary folder");
    write(empty.path(), ".gitlab-ci.yml", "a: {}\n");
    let (code, told, _) = run(empty.path(), "init");
    assert_eq!(code, 0);
    assert!(told.contains("kept   .gitlab-ci.yml; to it belongs:\n\nbillhook:\n"), "{told}");
    assert!(empty.path().join("billhook.yaml").is_file());
}

/// The schema takes what is written, and every line that is out of force once it is in force.
#[test]
fn the_schema_takes_what_is_written() {
    let tree = repository();
    run(tree.path(), "init");
    let (code, schema, _) = run(tree.path(), "init --schema");
    assert_eq!((code, schema.as_str()), (0, include_str!("../docs/schema/config.json")));
    let schema: Value = serde_json::from_str(&schema).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    let written = read(tree.path(), "billhook.yaml");
    let lines = || written.lines().filter(|line| !line.is_empty());
    let everything: String = lines()
        .map(|line| line.strip_prefix("# ").unwrap_or(line))
        .filter(|line| {
            let is_key = line.split(':').next().is_some_and(|key| {
                !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            });
            is_key && !line.starts_with("yaml-language-server")
                || line.starts_with("- ")
                || line.starts_with("  ") && !line.trim_start().starts_with("http")
        })
        .map(|line| format!("{line}\n"))
        .collect();
    for text in [written.as_str(), everything.as_str()] {
        let file = billhook::yaml::File::single(text.into());
        let root = file.documents()[0].root().unwrap_or_else(|error| panic!("{error}\n{text}"));
        let value = file.node(root).to_json();
        assert!(
            schema.is_valid(&value),
            "{:?}\n{text}",
            schema.iter_errors(&value).map(|error| error.to_string()).collect::<Vec<_>>()
        );
    }
    let keys = [
        "argocd",
        "clusters",
        "clustersComplete",
        "diff",
        "exclude",
        "ignore",
        "known",
        "naming",
        "protectedNamespaces",
        "repositories",
        "rules",
    ];
    for key in keys {
        assert!(
            everything.contains(&format!("\n{key}:")) || everything.starts_with(key),
            "{key} is not mentioned\n{everything}"
        );
    }
}

/// Real repositories: the configuration is read, and nothing else is found with it.
#[test]
fn real_repositories_are_judged_as_before() {
    let Some(corpus) = std::env::var_os("BILLHOOK_CORPUS").map(std::path::PathBuf::from) else {
        eprintln!("skipped: BILLHOOK_CORPUS names no folder of repositories");
        return;
    };
    for name in ["bank-of-holos", "homelab-git-appsets", "infra-deployments", "multi-tenancy-gitops"] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().join("r");
        billhook::files::Tree::open(&corpus.join(name))
            .expect("a repository")
            .export("", &root)
            .expect("a copy");
        let before = findings(&root);
        let (code, _, error) = run(&root, "init");
        assert_eq!((code, error.as_str()), (0, ""), "{name}");
        assert_eq!(before, findings(&root), "{name}");
    }
}
