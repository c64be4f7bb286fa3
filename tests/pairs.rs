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
    let (kind, name) = (text(key, "kind"), text(key, "name"));
    match text(key, "namespace") {
        namespace if namespace.is_empty() => format!("{kind} {name}"),
        namespace => format!("{kind} {namespace}/{name}"),
    }
}

fn text(of: &Value, field: &str) -> String {
    of[field].as_str().unwrap_or_default().to_owned()
}

/// Danger, outcome and object of every row, in order.
fn rows(report: &Value) -> Vec<(String, String, String)> {
    let rows = report["forecast"].as_array().expect("rows").iter();
    rows.map(|row| (text(row, "danger"), text(row, "outcome"), object(&row["object"]))).collect()
}

fn check(pair: &Pair) {
    let Some(report) = report(pair) else { return };
    let is_danger = |danger: &str| matches!(danger, "data-loss" | "outage" | "orphan" | "blocked");
    let dangers: BTreeSet<_> = rows(&report).into_iter().filter(|row| is_danger(&row.0)).collect();
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

/// The root of a Phalanx environment, which its installer applies.
macro_rules! phalanx {
    ($environment:literal) => {
        concat!(
            "apiVersion: argoproj.io/v1alpha1\n",
            "kind: Application\n",
            "metadata:\n",
            "  name: science-platform\n",
            "  namespace: argocd\n",
            "  finalizers: [resources-finalizer.argocd.argoproj.io]\n",
            "spec:\n",
            "  project: default\n",
            "  source:\n",
            "    repoURL: https://github.com/lsst-sqre/phalanx.git\n",
            "    path: environments\n",
            "    targetRevision: HEAD\n",
            "    helm: {valueFiles: [values.yaml, values-",
            $environment,
            ".yaml]}\n",
            "  destination: {server: https://kubernetes.default.svc, namespace: argocd}\n",
            "  syncPolicy: {automated: {prune: true}}\n",
        )
    };
}

/// A production overlay loses an ApplicationSet though no line under it changed.
#[test]
fn overlay_loses_a_set() {
    check(&Pair {
        name: "infra-45b194bb-overlay-loses-appset",
        dangers: &[(
            "outage",
            "pruned",
            "ApplicationSet konflux-public-production/toolchain-member-operator",
        )],
        ..Pair::default()
    });
}

/// A merge generator is left with one child, and the other rings lose or rename their sets.
#[test]
fn merge_left_with_one_generator() {
    check(&Pair {
        name: "infra-111e6388-merge-left-with-one-generator",
        dangers: &[
            ("outage", "pruned", "ApplicationSet argocd-infra-deployments/authentication-rd"),
            ("outage", "pruned", "ApplicationSet argocd-infra-deployments/konflux-operator"),
            ("outage", "pruned", "ApplicationSet openshift-gitops/authentication-rd"),
            ("outage", "pruned", "ApplicationSet openshift-gitops/konflux-operator"),
        ],
        findings: &[(
            "applicationset-fails",
            "argo-cd-apps/overlays/ring-0/konflux-operator/konflux-operator-appset.yaml",
        )],
        ..Pair::default()
    });
}

/// A stale branch takes Applications and their Namespaces out of an environment.
#[test]
fn stale_branch_takes_applications_away() {
    check(&Pair {
        name: "phalanx-80bbccb7-stale-branch-merge",
        root: Some(phalanx!("idfdev")),
        dangers: &[
            ("outage", "pruned", "Application argocd/bigquery-kafka"),
            ("outage", "pruned", "Application argocd/ppdbtap"),
        ],
        findings: &[("namespace-object-removed", "root.yaml")],
    });
    check(&Pair {
        name: "phalanx-80bbccb7-stale-branch-merge",
        root: Some(phalanx!("roundtable-prod")),
        dangers: &[("outage", "pruned", "Application argocd/docverse")],
        findings: &[("namespace-object-removed", "root.yaml")],
    });
}

/// The same branch takes a whole environment away, and adds an Application to another one.
#[test]
fn stale_branch_takes_an_environment_away() {
    check(&Pair {
        name: "phalanx-80bbccb7-stale-branch-merge",
        root: Some(phalanx!("usdf-alert")),
        findings: &[("values-file-missing", "root.yaml")],
        ..Pair::default()
    });
    let octavius = Pair {
        name: "phalanx-80bbccb7-stale-branch-merge",
        root: Some(phalanx!("usdfdev")),
        ..Pair::default()
    };
    check(&octavius);
    let Some(report) = report(&octavius) else { return };
    let created = rows(&report).into_iter().filter(|row| row.1 == "created").map(|row| row.2);
    let created: Vec<String> = created.collect();
    assert_eq!(created, ["Namespace octavius", "Application argocd/octavius"]);
}

/// Four folders give up a claim and a Deployment for a StatefulSet with a claim of its own.
#[test]
fn claims_dropped_for_templates() {
    let pair = Pair {
        name: "homelab-b1342ce9-pvc-dropped",
        dangers: &[
            ("blocked", "unchanged", "Service media/bazarr"),
            ("blocked", "unchanged", "Service media/prowlarr"),
            ("blocked", "unchanged", "Service media/radarr"),
            ("blocked", "unchanged", "Service media/sonarr"),
            ("data-loss", "pruned", "PersistentVolumeClaim media/bazarr-config"),
            ("data-loss", "pruned", "PersistentVolumeClaim media/prowlarr-config"),
            ("data-loss", "pruned", "PersistentVolumeClaim media/radarr-config"),
            ("data-loss", "pruned", "PersistentVolumeClaim media/sonarr-config"),
            ("outage", "pruned", "Deployment media/bazarr"),
            ("outage", "pruned", "Deployment media/prowlarr"),
            ("outage", "pruned", "Deployment media/radarr"),
            ("outage", "pruned", "Deployment media/sonarr"),
        ],
        ..Pair::default()
    };
    check(&pair);
    let Some(report) = report(&pair) else { return };
    let findings = report["findings"].as_array().expect("findings").iter();
    let told: BTreeSet<String> = findings.map(|finding| object(&finding["object"])).collect();
    for name in ["bazarr", "prowlarr", "radarr", "sonarr"] {
        let claim = format!("PersistentVolumeClaim media/{name}-config");
        assert!(told.contains(&claim), "{claim} is not in {told:#?}");
    }
}

/// An issuer is copied over another one: one twice, the other gone. Its Application has tokens that an installer fills.
#[test]
fn issuer_copied_over_another() {
    let pair = Pair {
        name: "kubefirst-171be880-clusterissuer-copy",
        root: Some(concat!(
            "apiVersion: argoproj.io/v1alpha1\n",
            "kind: Application\n",
            "metadata: {name: issuers, namespace: argocd}\n",
            "spec:\n",
            "  project: default\n",
            "  source:\n",
            "    repoURL: https://git.example/filled-in.git\n",
            "    path: aws-gitlab/cluster-types/mgmt/components/cert-issuers\n",
            "  destination: {server: https://kubernetes.default.svc, namespace: cert-manager}\n",
            "  syncPolicy: {automated: {prune: true}}\n",
        )),
        findings: &[(
            "duplicate-object",
            "aws-gitlab/cluster-types/mgmt/components/cert-issuers/clusterissuers.yaml",
        )],
        ..Pair::default()
    };
    check(&pair);
    let Some(report) = report(&pair) else { return };
    let pruned = rows(&report).into_iter().filter(|row| row.1 == "pruned").map(|row| row.2);
    // Its CustomResourceDefinition is not here, so that it is taken as namespaced.
    assert_eq!(pruned.collect::<Vec<_>>(), ["ClusterIssuer cert-manager/letsencrypt-prod"]);
}

/// A binding stands twice in one file.
#[test]
fn binding_twice_in_one_file() {
    check(&Pair {
        name: "kubefirst-abcc6458-clusterrolebinding-twice",
        findings: &[("duplicate-object", "google-gitlab/templates/mgmt/clusterrolebinding.yaml")],
        ..Pair::default()
    });
}

/// Two files are one ApplicationSet.
#[test]
fn set_name_in_two_files() {
    check(&Pair {
        name: "bridge-cb36cf33-appset-name-twice",
        findings: &[("appset-duplicate-name", "argocd/addons-test-appset.yaml")],
        ..Pair::default()
    });
}
