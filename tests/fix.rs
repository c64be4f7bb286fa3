//! `lint --fix` as people run it: what it changes, what it leaves, and what it refuses.
#![allow(
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test reads and writes files, and starts programs"
)]

#[path = "support/tools.rs"]
mod tools;

use assert_cmd::Command;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const APPLICATION: &str = "\
# The shop.
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: shop, namespace: argocd, finalizers: [resources-finalizer.argocd.argoproj.io]}
spec:
  project: default
  source: {repoURL: https://git.example/repo.git, path: shop}
  destination: {server: https://kubernetes.default.svc, namespace: shop}
  syncPolicy:
    automated: {prune: true}
    syncOptions:   # two in one
      - \"CreateNamespace=true,PruneLast=true\"
";
const MANIFESTS: &str = "\
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: data   # keep
  annotations:
    argocd.argoproj.io/sync-options: Prune=False
    argocd.argoproj.io/sync-wave: 1
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  ports: [{port: 80}]
  ports: [{port: 80}]
";
const MANIFESTS_FIXED: &str = "\
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: data   # keep
  annotations:
    argocd.argoproj.io/sync-options: Prune=false,Delete=false
    argocd.argoproj.io/sync-wave: '1'
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  ports: [{port: 80}]
";

fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (path, text) in [("apps/shop.yaml", APPLICATION), ("shop/all.yaml", MANIFESTS)] {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    folder
}

fn read(folder: &TempDir, path: &str) -> String {
    fs::read_to_string(folder.path().join(path)).expect("a file")
}

/// Exit code, standard output and standard error.
fn run(here: &Path, arguments: &str) -> (i32, String, String) {
    let mut command = Command::cargo_bin("billhook").expect("the program");
    command.current_dir(here).env_clear().args(arguments.split_whitespace());
    let output = command.output().expect("a run");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    (output.status.code().expect("an exit code"), text(&output.stdout), text(&output.stderr))
}

#[test]
fn what_is_safe_is_fixed() {
    let tree = folder();
    let (code, told, _) = run(tree.path(), "lint --fix");
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("; 5 fixed; 1 fixable (run with --fix --unsafe-fixes)"), "{told}");
    assert_eq!(read(&tree, "shop/all.yaml"), MANIFESTS_FIXED);
    let application = APPLICATION.replace(
        "      - \"CreateNamespace=true,PruneLast=true\"\n",
        "      - CreateNamespace=true\n      - PruneLast=true\n",
    );
    assert_eq!(read(&tree, "apps/shop.yaml"), application);
    let (_, told, _) = run(tree.path(), "lint --fix");
    assert!(!told.contains(" fixed"), "{told}");
}

#[test]
fn what_a_person_must_look_at_is_fixed_when_asked_for() {
    let tree = folder();
    let (code, told, _) = run(tree.path(), "lint --fix --unsafe-fixes");
    assert_eq!((code, told.as_str()), (0, "clean: 1 Application, 2 objects, 1 cluster; 6 fixed\n"));
    assert!(read(&tree, "apps/shop.yaml").ends_with("      - FailOnSharedResource=true\n"));
    let (code, _, error) = run(tree.path(), "lint --unsafe-fixes");
    assert_eq!(code, 2);
    assert!(error.contains("--unsafe-fixes without --fix or --diff"), "{error}");
}

#[test]
fn rules_and_files_limit_what_is_fixed() {
    let tree = folder();
    run(tree.path(), "lint --fix --rule BH601");
    let expected = MANIFESTS.replacen("  ports: [{port: 80}]\n", "", 1);
    assert_eq!(read(&tree, "shop/all.yaml"), expected);
    run(tree.path(), "lint --fix apps/shop.yaml");
    assert_eq!(read(&tree, "shop/all.yaml"), expected);
    assert_ne!(read(&tree, "apps/shop.yaml"), APPLICATION);
}

#[test]
fn a_patch_changes_nothing_and_applies() {
    let tree = folder();
    let (code, patch, _) = run(tree.path(), "lint --diff");
    assert_eq!(code, 1);
    assert_eq!(
        (read(&tree, "apps/shop.yaml"), read(&tree, "shop/all.yaml")),
        (APPLICATION.into(), MANIFESTS.into())
    );
    let mut git = Command::new("git");
    git.current_dir(tree.path()).args(["apply", "-"]).write_stdin(patch).assert().success();
    assert_eq!(read(&tree, "shop/all.yaml"), MANIFESTS_FIXED);
    assert_eq!(run(tree.path(), "lint --diff"), (0, String::new(), String::new()));
    let (code, _, error) = run(tree.path(), "lint --diff --format json");
    assert_eq!(code, 2);
    assert!(error.contains("--diff prints a patch and no other format"), "{error}");
    run(tree.path(), "lint --diff --unsafe-fixes -o p");
    assert!(read(&tree, "p").starts_with("--- a/apps/shop.yaml\n+++ b/apps/shop.yaml\n@@ "));
}

/// Whatever a file holds, git takes the patch.
#[test]
fn odd_bytes_pass() {
    let tree = folder();
    let comment = "# \u{202e} \u{a0}\t\u{200b}  \r\n";
    let text = format!("{comment}{}{comment}# no end", MANIFESTS.replace('\n', "\r\n"));
    fs::write(tree.path().join("shop/all.yaml"), &text).expect("written");
    fs::rename(tree.path().join("shop/all.yaml"), tree.path().join("shop/a \"ü\\.yaml")).expect("renamed");
    let (code, patch, error) = run(tree.path(), "lint --diff --color always");
    assert_eq!(code, 1, "{error}");
    assert!(patch.contains("\u{1b}[32m"));
    let (_, patch, _) = run(tree.path(), "lint --diff");
    let mut git = Command::new("git");
    git.current_dir(tree.path())
        .args(["apply", "--whitespace=nowarn", "-"])
        .write_stdin(patch)
        .assert()
        .success();
    let expected = format!("{comment}{}{comment}# no end", MANIFESTS_FIXED.replace('\n', "\r\n"));
    assert_eq!(read(&tree, "shop/a \"ü\\.yaml"), expected);
}

#[cfg(unix)]
#[test]
fn files_that_must_not_be_written_stay() {
    use std::os::unix::fs::PermissionsExt;
    let tree = folder();
    let file = tree.path().join("shop/all.yaml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).expect("read-only");
    let (code, told, error) = run(tree.path(), "lint --fix");
    assert_eq!((code, told.as_str()), (2, ""));
    assert!(
        error.contains("`shop/all.yaml` is read-only") && error.contains("nothing was written"),
        "{error}"
    );
    assert_eq!(
        (read(&tree, "apps/shop.yaml"), read(&tree, "shop/all.yaml")),
        (APPLICATION.into(), MANIFESTS.into())
    );
}

/// One file by two names is fixed once.
#[cfg(unix)]
#[test]
fn a_file_behind_links_is_fixed_once() {
    let tree = folder();
    std::os::unix::fs::symlink("shop", tree.path().join("also")).expect("a link");
    std::os::unix::fs::symlink("all.yaml", tree.path().join("shop/more.yaml")).expect("a link");
    let other = APPLICATION.replace("name: shop", "name: also").replace("path: shop", "path: also");
    fs::write(tree.path().join("apps/also.yaml"), other).expect("written");
    run(tree.path(), "lint --fix");
    assert_eq!(read(&tree, "shop/all.yaml"), MANIFESTS_FIXED);
}

/// What a chart or a kustomization makes is not changed in the files it is made of, unless a finding is about those.
#[test]
fn rendered_objects_are_left_alone() {
    let tree = folder();
    fs::write(tree.path().join("shop/kustomization.yaml"), "resources: [all.yaml]\nnamePrefix: x-\n")
        .expect("written");
    if !tools::has(&["kustomize"]) {
        return;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut command = Command::cargo_bin("billhook").expect("the program");
    let command = command.current_dir(tree.path()).env_clear().env("PATH", path);
    let output =
        command.args(["lint", "--fix", "--no-cache", "--rule", "BH301,BH303"]).output().expect("runs");
    assert!(output.status.code().is_some_and(|code| code < 2), "{:?}", output.status);
    assert_eq!(read(&tree, "shop/all.yaml"), MANIFESTS);
}
