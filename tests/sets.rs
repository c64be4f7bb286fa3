//! ApplicationSets of a tree through `billhook apps` and `billhook lint`: who makes what, and what is said of it.
//!
//! Cases that need kustomize say so where it is not on PATH; with `BILLHOOK_REQUIRE_TOOLS=1` they fail.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stderr, reason = "this is a test")]

#[path = "support/tools.rs"]
mod tools;

use serde_json::Value;
use std::fs;
use std::time::Duration;

const URL: &str = "https://git.example/org/gitops.git";

/// A repository, and what stands beside it.
struct Scene(tempfile::TempDir);

impl Scene {
    fn new(files: &[(&str, &str)]) -> Self {
        let scene = Self(tempfile::tempdir().unwrap());
        fs::create_dir(scene.0.path().join("tree")).unwrap();
        files.iter().for_each(|(path, text)| scene.write(&format!("tree/{path}"), text));
        scene
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> String {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_billhook"));
        command.timeout(Duration::from_secs(60)).current_dir(self.0.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", self.0.path());
        let output = command.args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(matches!(output.status.code(), Some(0 | 1)), "{:?}: {said}", output.status);
        String::from_utf8(output.stdout).unwrap()
    }

    fn lines(&self, more: &[&str]) -> Vec<Value> {
        let text = self.run(&[&["apps", "tree", "--no-cache", "--format", "ndjson"], more].concat());
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Each Application as `namespace/name < maker`, sorted.
    fn apps(&self, more: &[&str]) -> Vec<String> {
        let lines = self.lines(more);
        let mut apps: Vec<String> = lines
            .iter()
            .filter(|line| line["application"].is_object())
            .map(|line| {
                let metadata = &line["application"]["metadata"];
                let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
                let (namespace, name) = (text(&metadata["namespace"]), text(&metadata["name"]));
                format!("{namespace}/{name} < {}", text(&line["parent"]))
            })
            .collect();
        apps.sort();
        apps
    }

    /// Each problem as `set: CODE state message (path:line)`.
    fn problems(&self, more: &[&str]) -> Vec<String> {
        let lines = self.lines(more);
        let problems = lines.iter().filter(|line| line["problem"].is_object());
        problems
            .map(|line| {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                let problem = &line["problem"];
                format!(
                    "{}: {} {} {} ({}:{})",
                    text(&line["applicationset"]),
                    text(&problem["code"]),
                    text(&problem["state"]),
                    text(&problem["message"]),
                    text(&problem["path"]),
                    problem["line"]
                )
            })
            .collect()
    }
}

/// A set with this generator, whose Applications read `path`.
fn set(name: &str, generator: &str, template_name: &str, path: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {{name: {name}, namespace: argocd}}\nspec:\n  \
         goTemplate: true\n  goTemplateOptions: [missingkey=error]\n  generators:\n    - {generator}\n  template:\n    \
         metadata:\n      name: '{template_name}'\n    spec:\n      project: default\n      \
         source: {{repoURL: {URL}, path: '{path}'}}\n      \
         destination: {{name: in-cluster, namespace: argocd}}\n"
    )
}

fn application(name: &str, path: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}, namespace: argocd}}\nspec:\n  \
         project: default\n  source: {{repoURL: {URL}, path: {path}}}\n  \
         destination: {{name: in-cluster, namespace: argocd}}\n"
    )
}

const OBJECT: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";

#[test]
fn written_sets_are_expanded() {
    let generator = format!("git: {{repoURL: {URL}, revision: HEAD, directories: [{{path: apps/*}}]}}");
    let scene = Scene::new(&[
        ("sets/all.yaml", &set("all", &generator, "{{.path.basename}}", "{{.path.path}}")),
        ("apps/red/a.yaml", OBJECT),
        ("apps/blue/a.yaml", OBJECT),
    ]);
    assert_eq!(
        scene.apps(&[]),
        ["argocd/blue < ApplicationSet argocd/all", "argocd/red < ApplicationSet argocd/all"]
    );
    assert_eq!(scene.problems(&[]), [""; 0]);
    let lines = scene.lines(&[]);
    assert_eq!(
        lines[0]["application"]["metadata"]["finalizers"][0],
        "resources-finalizer.argocd.argoproj.io"
    );
    assert_eq!(lines[0]["origin"], serde_json::json!({"path": "sets/all.yaml", "line": 11}));
    assert_eq!(
        lines[0]["cause"],
        serde_json::json!([
            {"generator": "spec.generators[0].git", "by": "folder", "name": "apps/blue", "index": null}
        ])
    );
    let inventory = scene.run(&["inventory", "tree", "--format", "ndjson"]);
    let first: Value = serde_json::from_str(inventory.lines().next().unwrap()).unwrap();
    assert_eq!(first["via"], serde_json::json!(["ApplicationSet argocd/all"]));
    assert_eq!(first["application"], "argocd/blue");
    insta::assert_snapshot!("sets-apps", scene.run(&["apps", "tree", "--wide"]));
}

/// An Application renders a set, whose Application renders a set and an Application.
#[test]
fn sets_nest() {
    let list = |name: &str| format!("list: {{elements: [{{app: {name}}}]}}");
    let scene = Scene::new(&[
        ("root.yaml", &application("root", "one")),
        ("one/set.yaml", &set("one", &list("two"), "{{.app}}", "two")),
        ("two/set.yaml", &set("two", &list("three"), "{{.app}}", "three")),
        ("two/app.yaml", &application("beside", "three")),
        ("three/a.yaml", OBJECT),
    ]);
    assert_eq!(
        scene.apps(&[]),
        [
            "argocd/beside < argocd/two",
            "argocd/root < -",
            "argocd/three < ApplicationSet argocd/two",
            "argocd/two < ApplicationSet argocd/one"
        ]
    );
    let inventory = scene.run(&["inventory", "tree", "--format", "ndjson"]);
    let last = inventory.lines().find(|line| line.contains("\"argocd/three\"")).unwrap();
    let via: Value = serde_json::from_str(last).unwrap();
    assert_eq!(
        via["via"],
        serde_json::json!([
            "argocd/root",
            "ApplicationSet argocd/one",
            "argocd/two",
            "ApplicationSet argocd/two"
        ])
    );
}

/// What a set generates renders the set itself, or the Application above it.
#[test]
fn cycles_are_cut() {
    let list = |name: &str| format!("list: {{elements: [{{app: {name}}}]}}");
    let itself = Scene::new(&[("sets/set.yaml", &set("sets", &list("sets"), "{{.app}}", "sets"))]);
    assert_eq!(itself.apps(&[]), ["argocd/sets < ApplicationSet argocd/sets"]);
    let around = Scene::new(&[
        ("root/root.yaml", &application("root", "root")),
        ("root/set.yaml", &set("all", &list("next"), "{{.app}}", "next")),
        ("next/set.yaml", &set("next", &list("root"), "{{.app}}-again", "root")),
    ]);
    assert_eq!(
        around.apps(&[]),
        [
            "argocd/next < ApplicationSet argocd/all",
            "argocd/root < -",
            "argocd/root-again < ApplicationSet argocd/next"
        ]
    );
}

/// A set that stands in the tree and that Kustomize changes is the one that Kustomize makes.
#[test]
fn kustomize_changes_a_set() {
    if !tools::has(&["kustomize"]) {
        return;
    }
    let list = "list: {elements: [{app: web}]}";
    let files = |kustomization: &'static str| {
        [
            ("root.yaml", application("root", "sets")),
            ("sets/kustomization.yaml", kustomization.to_owned()),
            ("sets/set.yaml", set("all", list, "{{.app}}", "web")),
            ("web/a.yaml", OBJECT.to_owned()),
        ]
    };
    let apps = |kustomization| {
        let files = files(kustomization);
        let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
        let scene = Scene::new(&files);
        assert_eq!(scene.problems(&[]), [""; 0], "{kustomization}");
        scene.apps(&[])
    };
    assert_eq!(
        apps("resources: [set.yaml]\n"),
        ["argocd/root < -", "argocd/web < ApplicationSet argocd/all"]
    );
    assert_eq!(
        apps("resources: [set.yaml]\nnameSuffix: -x\nnamespace: other\n"),
        ["argocd/root < -", "other/web < ApplicationSet other/all-x"]
    );
    let files = files("resources: [set.yaml]\nnameSuffix: -x\n");
    let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
    let alone = Scene::new(&files[1..]);
    assert_eq!(alone.problems(&[]), [""; 0]);
    assert_eq!(alone.apps(&[]), ["argocd/web < ApplicationSet argocd/all-x"]);
}

/// Clusters come from the configuration, from Secrets of the tree, and from a flag; an open list is unknown.
#[test]
fn clusters_and_what_is_not_known() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: prod\n  namespace: argocd\n  labels: \
                  {argocd.argoproj.io/secret-type: cluster, env: prod}\nstringData: {name: prod, server: \
                  'https://prod.example'}\n";
    let generator = "clusters: {selector: {matchLabels: {env: prod}}}";
    let scene = Scene::new(&[
        ("sets/all.yaml", &set("all", generator, "web-{{.name}}", "web")),
        ("clusters/prod.yaml", secret),
        ("web/a.yaml", OBJECT),
    ]);
    assert_eq!(scene.apps(&[]), [""; 0]);
    assert_eq!(
        scene.problems(&[]),
        [
            "argocd/all: BH011 unknown its Applications are not known: the list of clusters is open: there may be others \
             (sets/all.yaml:8)"
        ]
    );
    let report = scene.run(&["lint", "tree", "-v"]);
    assert!(report.contains("clustersComplete: true"), "the cure is told: {report}");
    scene.write("complete.yaml", "clustersComplete: true\n");
    let complete = ["--config", "complete.yaml"];
    assert_eq!(scene.apps(&complete), ["argocd/web-prod < ApplicationSet argocd/all"]);
    assert_eq!(scene.problems(&complete), [""; 0]);
    scene.write(
        "listed.yaml",
        "clustersComplete: true\nclusters: [{name: other, server: 'https://other.example', labels: {env: prod}}]\n",
    );
    assert_eq!(
        scene.apps(&["--config", "listed.yaml"]),
        ["argocd/web-other < ApplicationSet argocd/all", "argocd/web-prod < ApplicationSet argocd/all"]
    );
    scene.write("clusters.yaml", "- {name: third, server: 'https://third.example', labels: {env: prod}}\n");
    assert!(
        scene
            .apps(&["--clusters", "clusters.yaml"])
            .contains(&"argocd/web-third < ApplicationSet argocd/all".to_owned())
    );
    scene.write("bare.yaml", "clustersComplete: true\nclusters: [{name: bare, labels: {env: prod}}]\n");
    assert_eq!(
        scene.problems(&["--config", "bare.yaml"]),
        [
            "argocd/all: BH011 unknown its Applications are not known: the address of cluster `bare` is not known \
             (sets/all.yaml:8)"
        ]
    );
}

/// Two sets generate one name: the first owns it, and nothing of the second comes to be.
#[test]
fn one_name_two_sets() {
    let list = |names: &str| format!("list: {{elements: [{names}]}}");
    let scene = Scene::new(&[
        ("sets/a.yaml", &set("a", &list("{app: web}"), "{{.app}}", "web")),
        ("sets/b.yaml", &set("b", &list("{app: web}, {app: api}"), "{{.app}}", "two/{{.app}}")),
        ("web/a.yaml", OBJECT),
        ("two/api/app.yaml", &application("below", "web")),
        ("two/web/app.yaml", &application("never", "web")),
    ]);
    assert_eq!(
        scene.apps(&[]),
        [
            "argocd/api < ApplicationSet argocd/b",
            "argocd/below < argocd/api",
            "argocd/web < ApplicationSet argocd/a"
        ]
    );
    assert_eq!(
        scene.problems(&[]),
        [
            "argocd/b: BH104 fails the Application `web` belongs to ApplicationSet `argocd/a`: Argo CD leaves it alone \
             (sets/b.yaml:11)"
        ]
    );
}

/// What a template causes is one finding, whatever it generates; what an element causes is its own.
#[test]
fn one_cause_one_finding() {
    let elements: Vec<String> = (0..20).map(|number| format!("{{app: app-{number}}}")).collect();
    let list = format!("list: {{elements: [{}]}}", elements.join(", "));
    let scene = Scene::new(&[
        ("sets/all.yaml", &set("all", &list, "{{.app}}", "gone")),
        (
            "sets/each.yaml",
            &set("each", "list: {elements: [{app: left}, {app: right}]}", "{{.app}}", "gone/{{.app}}"),
        ),
    ]);
    let report = scene.run(&[
        "lint",
        "tree",
        "--format",
        "json",
        "--rule",
        "source-path-missing",
        "--repository",
        &format!("{URL}=tree"),
    ]);
    let report: Value = serde_json::from_str(&report).unwrap();
    let findings: Vec<(String, String, String)> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
            let object = text(&finding["object"]["kind"]);
            (text(&finding["message"]), object, text(&finding["application"]))
        })
        .collect();
    let expect = |message: &str, object: &str, application: &str| {
        (message.to_owned(), object.to_owned(), application.to_owned())
    };
    assert_eq!(
        findings,
        [
            expect("the source path `gone` does not exist", "ApplicationSet", "-"),
            expect("the source path `gone/left` does not exist", "-", "argocd/left"),
            expect("the source path `gone/right` does not exist", "-", "argocd/right"),
        ]
    );
    let because = report["findings"][0]["because"].as_str().unwrap();
    assert!(because.contains("`argocd/app-0`, `argocd/app-1`, `argocd/app-10` and 17 more"), "{because}");
}

/// The error of a template points at the text, and of a block at the line.
#[test]
fn failures_point_at_the_text() {
    let text = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: all, namespace: argocd}\n\
                spec:\n  goTemplate: true\n  goTemplateOptions: [missingkey=error]\n  generators:\n    - list: \
                {elements: [{app: web}, {app: api, tier: gold}]}\n  templatePatch: |\n    metadata:\n      labels:\n        \
                tier: {{ .tier }}\n  template:\n    metadata: {name: '{{.app}}'}\n    spec:\n      project: default\n      \
                source: {repoURL: https://git.example/x.git, path: x}\n      destination: {name: in-cluster}\n";
    let scene = Scene::new(&[("sets/all.yaml", text)]);
    let problems = scene.problems(&[]);
    let [problem] = problems.as_slice() else { panic!("one problem: {problems:?}") };
    assert!(
        problem.starts_with(
            "argocd/all: BH015 fails the template cannot be rendered for element 1 of `spec.generators[0].list`: "
        ),
        "{problem}"
    );
    assert!(problem.ends_with("map has no entry for key \"tier\" (sets/all.yaml:12)"), "{problem}");
}
