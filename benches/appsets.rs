//! ApplicationSets of ten thousand Applications: a matrix of clusters and folders, with both template engines.
//!
//! The limit the project keeps is one second for ten thousand, and time that grows no faster than their number.

#![allow(clippy::disallowed_methods, clippy::print_stdout)]

use billhook::appset::{ApplicationSet, Cluster, Known, Outcome, Repository, Settings, World};
use billhook::files::Tree;
use serde_json::{Value, json};
use std::collections::BTreeMap;
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
    let text = |fast: &str, with_go: &str| Value::from(if go { with_go } else { fast });
    let object = json!({
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
    });
    ApplicationSet::admit(&object, "argocd").expect("the set is fine")
}
