//! The texts that `init` writes.

use super::facts::Facts;
use super::{CONFIGURATION, PROJECT, TAG};
use crate::report;
use serde_json::{Value, json};

/// Where this project's pages are.
const PAGES: &str = env!("CARGO_PKG_HOMEPAGE");

/// `billhook.yaml`.
pub fn configuration(facts: &Facts) -> String {
    let sections = [
        head(),
        clusters(facts),
        argocd(facts),
        repositories(facts),
        known(facts),
        exclude(),
        protected(facts),
        naming(facts),
        rules(facts),
        ignore(),
        diff(),
    ];
    sections.join("\n")
}

/// What stands under a key, as YAML.
fn written(key: &str, value: Value) -> String {
    let mut bytes = Vec::new();
    // Memory takes everything.
    let _ = report::document(&json!({key: value}), &mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The same, out of force.
fn commented(text: &str) -> String {
    text.lines().map(|line| format!("# {line}\n")).collect()
}

/// Text of the repository in a comment.
fn inline(text: &str) -> String {
    report::neutral(text).into_owned()
}

fn head() -> String {
    format!(
        "# yaml-language-server: $schema={PAGES}/schema/config.json
# What billhook cannot see in the manifests. Everything in here is optional; what is out of force shows the default or an
# example. All keys: {PAGES}/configuration.html, or `billhook init --schema`.
"
    )
}

fn clusters(facts: &Facts) -> String {
    let mut text = "# The clusters that Applications deploy to; `in-cluster` always exists.".to_owned();
    if facts.described > 0 {
        text += &format!(" Secrets in here describe {} of them.", facts.described);
    }
    text += "\n# Each may say more: `servers` (other addresses), `kubernetes: \"1.33\"`, `apiVersions`, `labels` (for generators).\n";
    if facts.clusters.is_empty() {
        text += &commented(
            "clusters:\n- name: prod-eu\n  server: https://prod-eu.example\n  kubernetes: \"1.33\"\n",
        );
    } else {
        let list = facts.clusters.iter().map(|cluster| match cluster.server.as_str() {
            "" => json!({"name": cluster.name}),
            server => json!({"name": cluster.name, "server": server}),
        });
        text += &written("clusters", list.collect());
    }
    text + "# There are no others, so generators over clusters can be worked out, and a destination beside them is an error.\n# clustersComplete: true\n"
}

fn argocd(facts: &Facts) -> String {
    let version = crate::model::Version::DEFAULT;
    if facts.scopes.is_empty() {
        let namespace = inline(&facts.namespace);
        return format!(
            "# The Argo CD that reads this repository. Its argocd-cm, where it is in here, comes first.\n# argocd: {{version: \"{version}\", namespace: {namespace}, trackingMethod: annotation}}\n"
        );
    }
    let list: Value = facts.scopes.iter().map(|glob| json!({"roots": [glob]})).collect();
    format!(
        "# Each of these folders defines the same Applications, so each is taken as an Argo CD of its own, told apart by where its\n# root Applications are. Each may say more: `version`, `namespace`, `trackingMethod`.\n{}",
        written("argocd", list)
    )
}

fn repositories(facts: &Facts) -> String {
    let url = facts.origin.as_deref().map_or("https://git.example/org/gitops.git".into(), inline);
    let branch = facts.branch.as_deref().map_or("main".into(), inline);
    let mut text = format!(
        "# Repositories that folders of this one answer for. This one is known by `origin`, or by what most sources name.\n# repositories:\n# - {{url: {url}, path: ., branch: {branch}}}\n"
    );
    if !facts.elsewhere.is_empty() {
        text += "# Sources that are not here; give a checkout of each, `--repository URL=DIR`:\n";
        for (url, count) in &facts.elsewhere {
            text += &format!("#   {} ({})\n", inline(url), report::count(*count, "Application"));
        }
    }
    text
}

fn known(facts: &Facts) -> String {
    let mut text =
        "# What exists outside of git, as plain manifests: argocd-cm, AppProjects, cluster Secrets, CRDs.\n"
            .to_owned();
    if !facts.projects.is_empty() {
        let names: Vec<String> = facts.projects.iter().map(|name| format!("`{}`", inline(name))).collect();
        text += &format!("# Applications name projects that are not here: {}.\n", names.join(", "));
    }
    text + "# known:\n# - {path: known/argocd.yaml}\n# - {cluster: prod-eu, path: known/prod-eu/}\n"
}

fn exclude() -> String {
    "# Files in which no Applications are looked for.\n# exclude: [fixtures/**]\n".to_owned()
}

fn protected(facts: &Facts) -> String {
    let list = written("protectedNamespaces", json!(facts.protected));
    let head = "# Namespaces that no Application should manage without protections.";
    match facts.protecting_is_quiet {
        true => format!("{head}\n{list}"),
        false => format!("{head} In force, this list would bring further findings.\n{}", commented(&list)),
    }
}

fn naming(facts: &Facts) -> String {
    let head =
        "# How names of Applications follow from the folders they read; each placeholder is one folder.\n";
    if facts.naming.is_empty() {
        return format!(
            "{head}# naming:\n# - {{application: \"{{app}}-{{cluster}}\", path: \"env/{{cluster}}/{{app}}/**\"}}\n"
        );
    }
    let mut text = head.to_owned();
    let list = |kept: bool| -> Value {
        let these = facts.naming.iter().filter(|one| (one.keep == one.of) == kept);
        these.map(|one| json!({"application": one.naming.application, "path": one.naming.path})).collect()
    };
    if list(true).as_array().is_some_and(|list| !list.is_empty()) {
        text += &written("naming", list(true));
    }
    if list(false).as_array().is_some_and(|list| !list.is_empty()) {
        text += "# Kept by most, not by all; in force, the others are findings:\n";
        text += &commented(&written("naming", list(false)));
    }
    text
}

fn rules(facts: &Facts) -> String {
    let count = match facts.unprotected {
        0 => String::new(),
        n => format!("\n# Holding data without protection against pruning: {}.", report::count(n, "object")),
    };
    format!(
        "# Severity of rules, by code or name: error, warning, note, off. `billhook explain` lists them.{count}\n# rules:\n#   stateful-without-prune-protection: {{severity: error, kinds: [{{group: kafka.strimzi.io, kind: Kafka}}]}}\n"
    )
}

fn ignore() -> String {
    "# Findings that are not to be told, each with a reason. Beside the line, a comment does the same:\n# `# billhook: ignore[stateful-without-prune-protection] restored from the nightly dump`.\n# ignore:\n# - {rules: [BH301], application: \"loki-*\", reason: state is in object storage, until: 2027-01-31}\n".to_owned()
}

fn diff() -> String {
    "# What `billhook diff` fails on.\n# diff:\n#   failOn: [data-loss, outage, orphan, blocked]\n#   budget: {prune: 20, cascade: 0}\n#   acknowledge: {label: deletion-approved}\n".to_owned()
}

/// The folder that is judged, for a command line; hostile names are left out.
fn folder(facts: &Facts) -> Option<&str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.');
    Some(facts.folder.as_str()).filter(|folder| !folder.is_empty() && folder.chars().all(plain))
}

/// Entries of `repos` of `.pre-commit-config.yaml`.
pub fn hook(facts: &Facts) -> String {
    let files = folder(facts)
        .map(|folder| format!("\n        files: ^{}/", folder.replace('.', "\\.")))
        .unwrap_or_default();
    format!(
        "  - repo: {PROJECT}
    rev: {TAG}
    hooks:
      - id: billhook-lint{files}
      # What the commits that are not pushed yet would do to the clusters, before a push:
      # - id: billhook-diff
"
    )
}

/// `.github/workflows/billhook.yaml`.
pub fn workflow(facts: &Facts) -> String {
    let branch = facts
        .branch
        .as_deref()
        .filter(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c)));
    let folder = folder(facts).map(|folder| format!("\n          path: {folder}")).unwrap_or_default();
    let action = PROJECT.trim_start_matches("https://github.com/");
    format!(
        "# Says on each pull request what merging it does to the clusters. Configured by {CONFIGURATION}.
name: billhook
on:
  pull_request:
  merge_group:
  push:
    branches: [{branch}]
permissions:
  contents: read
  pull-requests: write # for the one comment; without it the report is in the summary of the job
jobs:
  guard:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0 # the base of the pull request is compared with
          persist-credentials: false
      - uses: {action}@{TAG}
        with:
          version: {TAG}{folder}
",
        branch = branch.unwrap_or("main"),
    )
}

/// A job for `.gitlab-ci.yml`.
pub fn gitlab_job(facts: &Facts) -> String {
    let folder = folder(facts).map(|folder| format!(" {folder}")).unwrap_or_default();
    format!(
        "billhook:
  image: python:3-slim
  rules:
    - if: $CI_PIPELINE_SOURCE == \"merge_request_event\"
  script:
    - pip install billhook=={version}
    - billhook lint{folder} --format text --format gitlab -o gl-code-quality-report.json
  artifacts:
    when: always
    reports:
      codequality: gl-code-quality-report.json
",
        version = env!("CARGO_PKG_VERSION"),
    )
}
