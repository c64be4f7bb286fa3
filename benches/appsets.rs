//! ApplicationSets of ten thousand Applications: a matrix of clusters and folders, with both template engines, through the
//! library and as whole runs of `billhook apps`.
//!
//! The limit the project keeps is one second for ten thousand, and time that grows no faster than their number.

#![allow(clippy::disallowed_methods, clippy::print_stdout)]

use billhook::appset::{ApplicationSet, Cluster, Known, Outcome, Repository, Settings, World};
use billhook::files::Tree;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

const SIZES: &[(usize, usize)] = &[(10, 100), (100, 100), (400, 100)];
const RUNS: usize = 5;

fn main() {
    println!("{:<44} {:>9} {:>9} {:>12}", "generate", "median s", "min s", "µs each");
    for go in [false, true] {
        for &(clusters, folders) in SIZES {
            let set = set(go);
            let tree = tree(folders);
            let repositories = |_: &str, _: &str| Repository::Here(tree.clone());
            let projects = Known { names: vec!["default".to_owned()], complete: true };
            let list: Vec<Cluster> = (0..clusters).map(cluster).collect();
            let world = World {
                repositories: &repositories,
                clusters: &list,
                clusters_complete: true,
                projects: &projects,
                answers: None,
                settings: Settings::default(),
            };
            let mut times: Vec<f64> = (0..RUNS)
                .map(|_| {
                    let start = Instant::now();
                    let Outcome::Applications(applications) = set.generate(&world) else {
                        panic!("the set generates");
                    };
                    assert_eq!(applications.len(), clusters * folders);
                    assert!(applications.iter().all(|one| one.problem.is_none()));
                    start.elapsed().as_secs_f64()
                })
                .collect();
            times.sort_by(f64::total_cmp);
            let (median, min) = (times[RUNS / 2], times[0]);
            let count = clusters * folders;
            let what = format!("{count} Applications, {}", if go { "goTemplate" } else { "fasttemplate" });
            println!("{what:<44} {median:>9.3} {min:>9.3} {:>12.2}", median * 1e6 / count as f64);
        }
    }
    commands();
}

/// Runs of the program: the set alone, and the tree around it, whose every Application is rendered.
fn commands() {
    println!("{:<44} {:>9} {:>9} {:>12}", "billhook apps", "median s", "min s", "µs each");
    for &(clusters, folders) in SIZES {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let root = folder.path();
        let write = |path: &str, text: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().expect("a path inside the root")).expect("a folder");
            fs::write(path, text).expect("a file");
        };
        write("tree/sets/bench.yaml", &object(true).to_string());
        for index in 0..folders {
            let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: b}\n";
            write(&format!("tree/apps/app-{index}/settings.yaml"), manifest);
            write(&format!("tree/apps/app-{index}/other.yaml"), &manifest.replace("settings", "other"));
        }
        let list: Vec<Value> = (0..clusters)
            .map(cluster)
            .map(|cluster| json!({"name": cluster.name, "server": cluster.server, "labels": cluster.labels}))
            .collect();
        write("clusters.yaml", &Value::from(list).to_string());
        let count = clusters * folders;
        let alone =
            ["--applicationset", "tree/sets/bench.yaml", "--repository", "https://git.example/repo.git=tree"];
        for (what, arguments) in [("set alone", &alone[..]), ("tree, rendered", &["tree"][..])] {
            let mut times: Vec<f64> = (0..RUNS)
                .map(|_| {
                    let start = Instant::now();
                    let output = Command::new(env!("CARGO_BIN_EXE_billhook"))
                        .current_dir(root)
                        .args(["apps", "--format", "ndjson", "--no-config", "--clusters", "clusters.yaml"])
                        .args(arguments)
                        .output()
                        .expect("the program starts");
                    assert_eq!(output.stdout.iter().filter(|byte| **byte == b'\n').count(), count);
                    start.elapsed().as_secs_f64()
                })
                .collect();
            times.sort_by(f64::total_cmp);
            let (median, min) = (times[RUNS / 2], times[0]);
            let what = format!("{count} Applications, {what}");
            println!("{what:<44} {median:>9.3} {min:>9.3} {:>12.2}", median * 1e6 / count as f64);
        }
    }
}

fn cluster(index: usize) -> Cluster {
    Cluster {
        secret: Some(format!("cluster-{index:05}")),
        name: format!("cluster-{index}"),
        server: format!("https://cluster-{index}.example"),
        labels: BTreeMap::from([
            ("env".to_owned(), "prod".to_owned()),
            ("region".to_owned(), "eu".to_owned()),
        ]),
        ..Cluster::default()
    }
}

fn tree(folders: usize) -> Arc<Tree> {
    let files = (0..folders).flat_map(|index| {
        ["kustomization.yaml", "deployment.yaml", "service.yaml"]
            .map(|name| (format!("apps/app-{index}/{name}"), b"a: b\n".to_vec()))
    });
    Arc::new(Tree::memory(files))
}

fn set(go: bool) -> ApplicationSet {
    ApplicationSet::admit(&object(go), "argocd").expect("the set is fine")
}

fn object(go: bool) -> Value {
    let text = |fast: &str, with_go: &str| Value::from(if go { with_go } else { fast });
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "metadata": {"name": "bench"},
        "spec": {
            "goTemplate": go,
            "goTemplateOptions": ["missingkey=error"],
            "generators": [{"matrix": {"generators": [
                {"clusters": {"selector": {"matchLabels": {"env": "prod"}}, "values": {"tier": "web"}}},
                {"git": {
                    "repoURL": "https://git.example/repo.git",
                    "revision": "HEAD",
                    "directories": [{"path": "apps/*"}],
                }},
            ]}}],
            "template": {
                "metadata": {
                    "name": text("{{name}}-{{path.basename}}", "{{.name}}-{{.path.basename | lower}}"),
                    "labels": {
                        "env": text("{{metadata.labels.env}}", "{{.metadata.labels.env}}"),
                        "tier": text("{{values.tier}}", "{{.values.tier | default \"none\"}}"),
                    },
                    "annotations": {
                        "argocd.argoproj.io/manifest-generate-paths": text("/{{path}}", "/{{.path.path}}"),
                    },
                },
                "spec": {
                    "project": "default",
                    "source": {
                        "repoURL": "https://git.example/repo.git",
                        "targetRevision": "HEAD",
                        "path": text("{{path}}", "{{.path.path}}"),
                        "helm": {"valueFiles": [
                            "values.yaml",
                            text("values-{{metadata.labels.region}}.yaml", "values-{{.metadata.labels.region}}.yaml"),
                        ]},
                    },
                    "destination": {
                        "server": text("{{server}}", "{{.server}}"),
                        "namespace": text("{{path.basename}}", "{{.path.basename}}"),
                    },
                    "syncPolicy": {
                        "automated": {"prune": true, "selfHeal": true},
                        "syncOptions": ["CreateNamespace=true", "ServerSideApply=true"],
                    },
                },
            },
        },
    })
}
