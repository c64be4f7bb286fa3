//! What a person at a terminal sees of a long run on standard error, and that nobody else sees anything.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "this is a test")]

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Builds one of two Applications slowly.
const PROGRAM: &str = r#"#!/bin/sh
case "$1 $2" in
version*) echo v5.8.1 ;;
*slow*) SLEEP 4.5; echo '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}' ;;
*) echo '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b"}}' ;;
esac
"#;

fn repository(root: &Path) {
    let write = |path: String, text: &str| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    for name in ["slow", "quick"] {
        write(format!("repo/{name}/kustomization.yaml"), "resources: []\n");
        let application = format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}, namespace: argocd}}\nspec:\n  \
             project: default\n  destination: {{name: in-cluster, namespace: demo}}\n  \
             source: {{repoURL: https://git.example/repo.git, path: {name}}}\n"
        );
        write(format!("repo/apps/{name}.yaml"), &application);
    }
    let sleep = ["/bin/sleep", "/usr/bin/sleep"].into_iter().find(|path| Path::new(path).exists()).unwrap();
    write("kustomize".to_owned(), &PROGRAM.replace("SLEEP", sleep));
    let program = root.join("kustomize");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    // It is busy as long as a process that another test has just forked holds it open.
    while Command::new(&program).arg("version").output().is_err() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// What a run writes to standard error, which is a terminal or a pipe.
fn told(root: &Path, arguments: &[&str], terminal: bool) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_billhook"));
    command.args(["inventory", "--no-cache", "--kustomize"]).arg(root.join("kustomize")).args(arguments);
    command.arg(root.join("repo")).stdout(Stdio::null()).env_remove("CI").env("TERM", "xterm");
    if !terminal {
        let output = command.stderr(Stdio::piped()).output().unwrap();
        assert!(output.status.success());
        return String::from_utf8(output.stderr).unwrap();
    }
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap();
    let theirs = rustix::fs::open(name.as_c_str(), OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    let mut child = command.stderr(Stdio::from(theirs)).spawn().unwrap();
    drop(command);
    let mut told = Vec::new();
    // The last reader of a terminal whose other end is gone gets an error.
    let _ = fs::File::from(ours).read_to_end(&mut told);
    assert!(child.wait().unwrap().success());
    String::from_utf8(told).unwrap()
}

#[test]
fn a_person_sees_how_many_and_which_is_slow() {
    let folder = tempfile::tempdir().unwrap();
    repository(folder.path());
    let told = told(folder.path(), &[], true);
    assert!(told.contains("rendered 1 of 2 Applications"), "{told:?}");
    assert!(told.contains("argocd/slow takes 3 s"), "{told:?}");
    assert!(!told.contains("argocd/quick"), "{told:?}");
    let end = told.trim_end().rsplit("Applications").next().unwrap();
    assert!(end.contains("\u{1b}[2K") || end.contains("\u{1b}[K"), "the line is cleared: {told:?}");
}

#[test]
fn nobody_else_sees_anything() {
    let folder = tempfile::tempdir().unwrap();
    repository(folder.path());
    std::thread::scope(|scope| {
        for (arguments, terminal) in [
            (&[][..], false),
            (&["-q"], true),
            (&["--format", "ndjson"], true),
            (&["--format", "json"], false),
        ] {
            let root = folder.path();
            scope.spawn(move || assert_eq!(told(root, arguments, terminal), "", "{arguments:?}"));
        }
    });
}
