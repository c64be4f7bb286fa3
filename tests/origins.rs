//! Where rendered objects come from, as `billhook` tells it: in the tree itself and in a repository that is mapped.
//!
//! Where helm and kustomize are not on PATH the tests say so; with `BILLHOOK_REQUIRE_TOOLS=1` they fail.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stderr, reason = "this is a test")]

#[path = "support/tools.rs"]
mod tools;

use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

const FILES: &[(&str, &str)] = &[
    (
        "chart/Chart.yaml",
        "apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies:\n- {name: near, version: 1.0.0, alias: other, repository: 'file://../near'}\n- {name: own, version: 1.0.0}\n",
    ),
    (
        "chart/templates/two.yaml",
        "{{- $x := 1 }}\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: first\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: second\n",
    ),
    (
        "chart/templates/list.yaml",
        "{{- range list 1 2 }}\n---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: s{{ . }}\n{{- end }}\n",
    ),
    ("chart/charts/own/Chart.yaml", "apiVersion: v2\nname: own\nversion: 1.0.0\n"),
    ("chart/charts/own/templates/x.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: own}\n"),
    ("near/Chart.yaml", "apiVersion: v2\nname: near\nversion: 1.0.0\n"),
    ("near/templates/x.yaml", "# a comment\napiVersion: v1\nkind: Service\nmetadata: {name: near}\n"),
    (
        "overlay/kustomization.yaml",
        "resources: [../base]\nnamePrefix: dev-\nconfigMapGenerator:\n- name: other\n  literals: [a=1]\n- name: settings\n  literals: [a=b]\n",
    ),
    ("base/kustomization.yaml", "resources: [objects.yaml]\n"),
    (
        "base/objects.yaml",
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n---\napiVersion: v1\nkind: Service\nmetadata:\n  name: web-admin\n",
    ),
    ("json/a.jsonnet", "[{apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: 'j'}}]\n"),
    ("plain/a.yaml", "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: p\n"),
];

/// Name of each object of a folder, and file and line that it comes from.
const EXPECTED: &[(&str, &[(&str, &str, u64)])] = &[
    (
        "chart",
        &[
            ("first", "chart/templates/two.yaml", 3),
            ("near", "near/templates/x.yaml", 3),
            ("own", "chart/charts/own/templates/x.yaml", 2),
            ("s1", "chart/templates/list.yaml", 4),
            ("s2", "chart/templates/list.yaml", 4),
            ("second", "chart/templates/two.yaml", 8),
        ],
    ),
    (
        "overlay",
        &[
            ("dev-other", "overlay/kustomization.yaml", 4),
            ("dev-settings", "overlay/kustomization.yaml", 6),
            ("dev-web", "base/objects.yaml", 4),
            ("dev-web-admin", "base/objects.yaml", 9),
        ],
    ),
    ("json", &[("j", "json/a.jsonnet", 1)]),
    ("plain", &[("p", "plain/a.yaml", 5)]),
];

fn equipped() -> bool {
    tools::has(&["helm", "kustomize"])
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn application(name: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}, namespace: argocd}}\nspec:\n  \
         project: default\n  destination: {{name: in-cluster, namespace: {name}}}\n  \
         source: {{repoURL: https://git.example/repo.git, path: {name}}}\n"
    )
}

/// Object names and origins by Application; hashes behind the names of generated objects are cut.
fn origins(root: &Path, arguments: &[&str]) -> BTreeMap<String, Vec<(String, String, u64)>> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_billhook"));
    let output = command.args(arguments).args(["--format", "ndjson"]).current_dir(root).output().unwrap();
    let mut found: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(line["problem"].is_null(), "{line}");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let name = text(&line["key"]["name"]);
        let short = match name.rsplit_once('-') {
            Some((short, hash)) if hash.len() == 10 => short,
            _ => &name,
        };
        let application = text(&line["application"]).trim_start_matches("argocd/").to_owned();
        let origin = &line["origin"];
        let place = (short.to_owned(), text(&origin["path"]), origin["line"].as_u64().unwrap_or(0));
        found.entry(application).or_default().push(place);
    }
    found.values_mut().for_each(|places| places.sort());
    found
}

#[test]
fn objects_point_at_what_makes_them() {
    if !equipped() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    FILES.iter().for_each(|(path, text)| write(root, &format!("repo/{path}"), text));
    let expected: BTreeMap<String, Vec<_>> = EXPECTED
        .iter()
        .map(|(name, places)| {
            let places =
                places.iter().map(|(name, path, line)| ((*name).to_owned(), (*path).to_owned(), *line));
            ((*name).to_owned(), places.collect())
        })
        .collect();
    // As one object alone, with the repository mapped.
    for (name, places) in &expected {
        write(root, "application.yaml", &application(name));
        let mapped = [
            "render",
            "--application",
            "application.yaml",
            "--repository",
            "https://git.example/repo.git=repo",
        ];
        assert_eq!(origins(root, &mapped).get(name), Some(places));
    }
    // From another tree, with files of the same names that are longer.
    for (path, _) in FILES {
        write(root, &format!("gitops/{path}"), "# nothing\n# here\n# counts\n");
    }
    expected.keys().for_each(|name| write(root, &format!("gitops/apps/{name}.yaml"), &application(name)));
    let mapped = ["inventory", "gitops", "--repository", "https://git.example/repo.git=repo"];
    assert_eq!(origins(root, &mapped), expected);
    // From the tree itself.
    expected.keys().for_each(|name| write(root, &format!("repo/apps/{name}.yaml"), &application(name)));
    assert_eq!(origins(root, &["inventory", "repo"]), expected);
}
