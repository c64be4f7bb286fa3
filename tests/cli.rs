//! The program as people run it: what it prints, and how it exits.
#![allow(clippy::disallowed_methods, reason = "a test reads and writes files, and starts programs")]

use assert_cmd::Command;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const APPLICATION: &str = "\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: web, namespace: argocd}
spec:
  project: team
  syncPolicy: {syncOptions: [FailOnSharedResource=true]}
  source: {repoURL: https://git.example/repo.git, path: web, targetRevision: HEAD}
  destination: {server: https://kubernetes.default.svc, namespace: web}
";
const PROJECT: &str = "\
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: team, namespace: argocd}
spec:
  sourceRepos: [https://git.example/repo.git, https://git.example/other.git]
  destinations: [{server: https://kubernetes.default.svc, namespace: web}]
";
const MANIFESTS: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data: {\"on\": \"0644\", text: \"a\\nb\\n\"}
---
apiVersion: v1
kind: Secret
metadata: {name: pass}
stringData: {password: hunter2}
";
const BROKEN: &str = "\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: lost, namespace: argocd}
spec:
  project: team
  syncPolicy: {syncOptions: [FailOnSharedResource=true]}
  source: {repoURL: https://git.example/repo.git, path: nothing/here}
  destination: {server: https://kubernetes.default.svc, namespace: web}
";
const ELSEWHERE: &str = "\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: elsewhere, namespace: argocd}
spec:
  project: team
  syncPolicy: {syncOptions: [FailOnSharedResource=true]}
  source: {repoURL: https://git.example/other.git, path: x}
  destination: {server: https://kubernetes.default.svc, namespace: web}
";

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    folder
}

fn clean() -> TempDir {
    folder(&[("apps/web.yaml", APPLICATION), ("projects/team.yaml", PROJECT), ("web/all.yaml", MANIFESTS)])
}

fn broken() -> TempDir {
    let tree = clean();
    fs::write(tree.path().join("apps/lost.yaml"), BROKEN).expect("a file");
    tree
}

fn billhook(here: &Path, arguments: &str) -> Command {
    let mut command = Command::cargo_bin("billhook").expect("the program");
    command.current_dir(here).env_clear().args(arguments.split_whitespace());
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}

/// Exit code and both outputs of a run.
fn told(here: &Path, arguments: &str) -> String {
    let output = billhook(here, arguments).output().expect("a run");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    let code = output.status.code().expect("an exit code");
    format!(
        "$ billhook {arguments}\n{out}{}{err}exit {code}\n",
        if err.is_empty() { "" } else { "--- stderr\n" }
    )
}

fn snapshot(name: &str, text: &str) {
    insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_snapshot!(format!("cli-{name}"), text);
    });
}

#[test]
fn a_clean_tree() {
    let tree = clean();
    snapshot(
        "clean",
        &["lint", "lint -q", "lint .", "lint --strict"].map(|it| told(tree.path(), it)).concat(),
    );
}

#[test]
fn findings() {
    let tree = broken();
    let runs = [
        "lint",
        "lint --fail-on never",
        "lint apps/lost.yaml",
        "lint apps/web.yaml",
        "lint --rule source-path-missing",
        "lint --rule BH001",
        "lint --format ndjson",
    ];
    snapshot("findings", &runs.map(|it| told(tree.path(), it)).concat());
}

#[test]
fn paths_are_those_of_the_current_folder() {
    let tree = broken();
    let apps = tree.path().join("apps");
    let outside = told(&apps, "lint lost.yaml ../web/all.yaml");
    let init = std::process::Command::new("git").args(["init", "-q"]).current_dir(tree.path()).status();
    assert!(init.expect("git is installed").success());
    let runs = ["lint", "lint lost.yaml ../web/all.yaml", "lint .. --format ndjson", "inventory --wide"];
    snapshot("below", &(outside + &runs.map(|it| told(&apps, it)).concat()));
}

#[test]
fn what_is_not_known() {
    let tree = folder(&[
        ("apps/web.yaml", APPLICATION),
        ("apps/other.yaml", ELSEWHERE),
        ("web/all.yaml", MANIFESTS),
    ]);
    let runs = ["lint", "lint -v", "lint --strict", "inventory --strict", "render --app elsewhere"];
    snapshot("unknown", &runs.map(|it| told(tree.path(), it)).concat());
    let other = folder(&[("x/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n")]);
    let mapped = format!("--repository https://git.example/other.git={}", other.path().display());
    billhook(tree.path(), &format!("lint --strict {mapped}")).assert().success();
}

#[test]
fn listings() {
    let tree = clean();
    let runs = [
        "inventory",
        "inventory --wide",
        "inventory --format ndjson",
        "apps",
        "apps --wide",
        "apps --format ndjson",
        "render",
        "render --mask --format ndjson",
        "render --app web --format json",
        "render --application apps/web.yaml --repository https://git.example/repo.git=. --format ndjson",
        "render --application web/all.yaml --repository https://git.example/repo.git=. --format ndjson",
    ];
    snapshot("listings", &runs.map(|it| told(tree.path(), it)).concat());
}

#[test]
fn rendering_into_files() {
    let tree = clean();
    billhook(tree.path(), "render --split out --mask").assert().success().stdout("");
    let secret = fs::read_to_string(tree.path().join("out/v1.Secret-(web).pass.yaml")).expect("a file");
    assert!(secret.contains("namespace: web") && !secret.contains("hunter2"), "{secret}");
}

/// What two Applications deploy is one file, and the later one by name is in it.
#[test]
fn a_collision_overwrites_a_file() {
    let application = |name: &str, server: &str| {
        let spec = format!("source: {{repoURL: https://git.example/repo.git, path: {name}}}");
        let to = format!("destination: {{server: '{server}', namespace: shop}}");
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}, namespace: argocd}}\nspec:\n  \
             project: default\n  {spec}\n  {to}\n"
        )
    };
    let map = |name: &str, by: &str| {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: '{name}'}}\ndata: {{by: {by}}}\n")
    };
    let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: 'system:a'}\n---\n\
                apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: 'system_a'}\n";
    let here = "https://kubernetes.default.svc";
    let (a, b) = (application("a", here), application("b", here));
    let tree = folder(&[
        ("apps/a.yaml", &a),
        ("apps/b.yaml", &b),
        ("a/map.yaml", &map("settings", "a")),
        ("b/map.yaml", &map("settings", "b")),
        ("b/roles.yaml", role),
    ]);
    billhook(tree.path(), "render --split out").assert().success().stdout("");
    let files = |below: &str| {
        let files = fs::read_dir(tree.path().join(below)).expect("a folder");
        let mut names: Vec<String> =
            files.map(|file| file.expect("a file").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    };
    let roles = [
        "rbac.authorization.k8s.io.v1.ClusterRole-().system_a-2.yaml",
        "rbac.authorization.k8s.io.v1.ClusterRole-().system_a.yaml",
    ];
    assert_eq!(files("out"), [roles[0], roles[1], "v1.ConfigMap-(shop).settings.yaml"]);
    let text = fs::read_to_string(tree.path().join("out/v1.ConfigMap-(shop).settings.yaml")).expect("a file");
    assert!(text.contains("by: b"), "{text}");
    fs::write(tree.path().join("apps/a.yaml"), application("a", "https://other.example")).expect("a file");
    billhook(tree.path(), "render --split two").assert().success().stdout("");
    assert_eq!(files("two"), ["https___other.example", "in-cluster"]);
    assert_eq!(files("two/https___other.example"), ["v1.ConfigMap-(shop).settings.yaml"]);
}

#[test]
fn reports_into_files() {
    let tree = broken();
    billhook(tree.path(), "lint --format json -o lint.json --format text -o lint.txt --format ndjson")
        .env("FORCE_COLOR", "1")
        .assert()
        .code(1);
    let json = fs::read_to_string(tree.path().join("lint.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(report["format"], "billhook.lint/1");
    let text = fs::read_to_string(tree.path().join("lint.txt")).expect("a report");
    assert!(text.starts_with("error[source-path-missing]"), "{text:?}");
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let tree = broken();
    for arguments in
        ["lint --format json", "inventory --format ndjson", "apps --format json", "render --format ndjson"]
    {
        assert_eq!(told(tree.path(), arguments), told(tree.path(), arguments), "{arguments}");
    }
}

#[test]
fn colour_is_for_those_who_want_it() {
    let tree = broken();
    let colored = |arguments: &str, variables: &[(&str, &str)]| {
        let run = billhook(tree.path(), arguments).envs(variables.iter().copied()).output().expect("a run");
        run.stdout.contains(&0x1b)
    };
    for (arguments, variables, expected) in [
        ("lint", &[][..], false),
        ("lint --color always", &[], true),
        ("lint --color never", &[("FORCE_COLOR", "1")], false),
        ("lint", &[("FORCE_COLOR", "1")], true),
        ("lint", &[("FORCE_COLOR", "0")], false),
        ("lint", &[("FORCE_COLOR", "1"), ("NO_COLOR", "1")], false),
        ("lint --color always", &[("NO_COLOR", "1")], true),
        ("lint", &[("BILLHOOK_COLOR", "always")], true),
        ("lint --format json --color always", &[], false),
    ] {
        assert_eq!(colored(arguments, variables), expected, "{arguments} {variables:?}");
    }
}

#[test]
fn the_environment_mirrors_flags() {
    let tree = broken();
    for (name, value, code) in [
        ("BILLHOOK_FAIL_ON", "never", 0),
        ("BILLHOOK_RULE", "BH001", 0),
        ("BILLHOOK_STRICT", "true", 1),
        ("BILLHOOK_CONFIG", "nothing.yaml", 2),
        ("BILLHOOK_FORMAT", "nothing", 2),
    ] {
        billhook(tree.path(), "lint").env(name, value).assert().code(code);
    }
    billhook(tree.path(), "lint").env("BILLHOOK_OUTPUT", "out.txt").assert().code(1).stdout("");
    assert!(tree.path().join("out.txt").exists());
}

#[test]
fn what_is_asked_wrongly() {
    let tree = clean();
    let runs = [
        "",
        "lnt",
        "lint nowhere",
        "lint apps web",
        "lint --format jsn",
        "lint --rule source-path-mising",
        "lint --fail-on errors",
        "lint --format json --format yaml",
        "lint --config nowhere.yaml",
        "lint --repository https://git.example/repo.git",
        "lint --repository https://git.example/repo.git=nowhere",
        "lint --known nowhere",
        "lint --clusters web/all.yaml",
        "render --app wep",
        "explain source-path-mising",
        "lint -o nowhere/lint.txt",
    ];
    snapshot("wrong", &runs.map(|it| told(tree.path(), it)).concat());
}

#[test]
fn nothing_there_is_no_green() {
    let empty = folder(&[("README.md", "nothing\n")]);
    snapshot("nothing", &["lint", "inventory", "apps", "render"].map(|it| told(empty.path(), it)).concat());
}

/// Kubernetes takes 10,000 levels; nothing here overflows on them.
#[test]
fn documents_of_ten_thousand_levels() {
    let nested = |open: &str, close: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\nspec: {}1{}\n",
            open.repeat(9_990),
            close.repeat(9_990)
        )
    };
    let tree = folder(&[("lists.yaml", &nested("[", "]")), ("maps.yaml", &nested("{a: ", "}"))]);
    for arguments in ["lint . --format json", "inventory .", "render . --format ndjson"] {
        let output = billhook(tree.path(), arguments).output().expect("runs");
        assert!(output.status.code().is_some_and(|code| code < 2), "{arguments}: {:?}", output.status);
    }
}

#[test]
fn configurations() {
    let cases = [
        ("typo", "repositores: []\n"),
        ("rule", "rules:\n  source-path-mising: {severity: warning}\n"),
        ("outside", "known:\n  - {path: ../elsewhere.yaml}\n"),
        ("broken", "exclude: [\n"),
        ("severity", "rules:\n  source-path-missing: {severity: note}\n"),
        ("off", "rules:\n  BH002: {severity: off}\n"),
        ("ignored", "ignore:\n  - {rules: [BH002], application: lost, reason: comes with the next merge}\n"),
        (
            "expired",
            "ignore:\n  - {rules: [BH002], application: lost, reason: comes with the next merge, until: 2026-01-31}\n",
        ),
        ("excluded", "exclude: [apps/lost.yaml]\n"),
    ];
    let mut all = String::new();
    for (name, text) in cases {
        let tree = broken();
        fs::write(tree.path().join("billhook.yaml"), text).expect("a configuration");
        all.push_str(&format!("# {name}\n{}", told(tree.path(), "lint --today 2026-02-01")));
    }
    snapshot("configuration", &all);
}

#[test]
fn a_configuration_that_a_person_names_may_name_what_is_outside() {
    let tree = clean();
    let outside = folder(&[
        (
            "billhook.yaml",
            "known: [{path: known}]\nclusters: [{name: prod, server: 'https://prod.example'}]\n",
        ),
        (
            "known/project.yaml",
            "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: default}\n",
        ),
    ]);
    let config = outside.path().join("billhook.yaml");
    billhook(tree.path(), &format!("lint --config {}", config.display())).assert().success();
    fs::write(tree.path().join("billhook.yaml"), "unknown: key\n").expect("a configuration");
    billhook(tree.path(), &format!("lint --config {}", config.display())).assert().success();
    billhook(tree.path(), "lint --no-config").assert().success();
    billhook(tree.path(), "lint").assert().code(2);
}

#[test]
fn a_symbolic_link_leads_no_configuration_out_of_the_tree() {
    #[cfg(unix)]
    {
        let tree = clean();
        let outside = folder(&[("secret.yaml", "password: hunter2\n")]);
        std::os::unix::fs::symlink(outside.path().join("secret.yaml"), tree.path().join("billhook.yaml"))
            .expect("a link");
        let output = billhook(tree.path(), "lint").output().expect("a run");
        assert_eq!(output.status.code(), Some(2));
        assert!(!String::from_utf8_lossy(&output.stderr).contains("hunter2"));
    }
}

#[test]
fn help_and_rules() {
    let tree = clean();
    let runs = ["--help", "lint --help", "diff --help", "render --help", "explain BH903"];
    snapshot("help", &runs.map(|it| told(tree.path(), it)).concat());
    for page in ["completions bash", "completions zsh", "completions fish", "man", "--version", "explain"] {
        let output = billhook(tree.path(), page).assert().success().get_output().stdout.clone();
        assert!(String::from_utf8_lossy(&output).contains("billhook"), "{page}");
    }
}

/// Runs git on a repository that a test made.
fn git(folder: &Path, arguments: &[&str]) {
    let identity =
        ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "init.defaultBranch=main"];
    let mut command = std::process::Command::new("git");
    command.current_dir(folder).args(identity).args(arguments);
    let status = command.envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")]).status();
    assert!(status.expect("git is installed").success(), "git {arguments:?}");
}

/// A branch that takes a claim and a Service out of an Application that prunes.
fn branch() -> TempDir {
    let application = APPLICATION.to_owned() + "  syncPolicy: {automated: {prune: true}}\n";
    let claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\n";
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n";
    let tree = folder(&[
        ("apps/web.yaml", &application),
        ("projects/team.yaml", PROJECT),
        ("web/all.yaml", MANIFESTS),
        ("web/claim.yaml", claim),
        ("web/service.yaml", service),
        ("billhook.yaml", "diff: {failOn: [data-loss]}\n"),
    ]);
    let path = tree.path();
    for arguments in [
        &["init", "-q"][..],
        &["add", "-A"],
        &["commit", "-q", "-m", "one"],
        &["checkout", "-q", "-b", "topic"],
    ] {
        git(path, arguments);
    }
    for file in ["web/claim.yaml", "web/service.yaml", "billhook.yaml"] {
        fs::remove_file(path.join(file)).expect("a file");
    }
    tree
}

#[test]
fn what_a_merge_does() {
    let tree = branch();
    let runs =
        ["diff", "diff -v", "diff --base main --head main", "diff --format ndjson", "diff --base nowhere"];
    let mut told = runs.map(|arguments| told(tree.path(), arguments)).concat();
    let output = std::process::Command::new("git")
        .args(["rev-parse", "--short=7", "HEAD"])
        .current_dir(tree.path())
        .output();
    let commit = String::from_utf8(output.expect("git is installed").stdout).expect("a commit");
    let folder = tree.path().display().to_string();
    told = told.replace(commit.trim(), "0000000").replace(&folder, "<folder>");
    snapshot("diff", &told);
}

#[test]
fn folders_are_compared_too() {
    let (base, head) = (clean(), folder(&[("apps/web.yaml", APPLICATION), ("projects/team.yaml", PROJECT)]));
    let arguments = format!(
        "diff --base-dir {} --head-dir {} --format json",
        base.path().display(),
        head.path().display()
    );
    let run = || billhook(base.path(), &arguments).output().expect("a run").stdout;
    let (one, other) = (run(), run());
    assert_eq!(one, other);
    let report: serde_json::Value = serde_json::from_slice(&one).expect("JSON");
    assert_eq!(report["format"], "billhook.diff/1");
    assert_eq!(report["verdict"], "fail");
    let rows = report["forecast"].as_array().expect("rows");
    let blocked = rows
        .iter()
        .filter(|row| row["object"]["kind"] != "Application" && row["object"]["kind"] != "AppProject");
    for row in blocked {
        assert_eq!((&row["outcome"], &row["blocked"]), (&"unchanged".into(), &true.into()), "{row}");
    }
}

#[test]
fn rendered_diffs_hide_the_values_of_secrets() {
    let objects = |replicas: u32, password: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: web}}\ndata: {{replicas: '{replicas}'}}\n---\n\
             apiVersion: v1\nkind: Secret\nmetadata: {{name: web}}\nstringData: {{password: {password}, user: same}}\n"
        )
    };
    let (before, after) = (objects(1, "hunter2"), objects(2, "hunter3"));
    let base = folder(&[("web.yaml", &before)]);
    let head = folder(&[("web.yaml", &after)]);
    for format in ["text", "json", "ndjson", "yaml"] {
        let arguments = |show: &str| {
            let (base, head) = (base.path().display(), head.path().display());
            format!("diff --base-dir {base} --head-dir {head} --format {format} {show}")
        };
        let report = told(base.path(), &arguments("--show-diff"));
        assert!(report.contains("replicas: ") && report.contains("(hidden, changed)"), "{report}");
        assert!(!report.contains("hunter") && !report.contains("same"), "{report}");
        assert_eq!(
            report,
            told(base.path(), &arguments("--show-diff")),
            "the same input gives the same bytes"
        );
        assert!(!told(base.path(), &arguments("")).contains("(hidden"), "only when asked for");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let files: Vec<(String, String)> = (0..3000)
        .map(|i| {
            (format!("m/{i}.yaml"), format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: m{i}}}\n"))
        })
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let tree = folder(&files);
    let program = assert_cmd::cargo::cargo_bin("billhook");
    let mut child = std::process::Command::new(program)
        .args(["inventory", "--format", "ndjson"])
        .current_dir(tree.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("a run");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("an end");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}
