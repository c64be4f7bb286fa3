use billhook::files::Tree;
use billhook::inventory::{Inventory, Known, Mapping, Options, Outcome};
use billhook::render::{Documents, Engines, jsonnet};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

fn main() {
    let root = Path::new("/work/shared/golden/render");
    let filter = std::env::var("CASE").unwrap_or_default();
    let (mut ok, mut bad) = (0, 0);
    let mut dirs: Vec<_> =
        std::fs::read_dir(root).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()).collect();
    dirs.sort();
    for dir in dirs {
        let name = dir.file_name().unwrap().to_str().unwrap().to_owned();
        if !name.contains(&filter) {
            continue;
        }
        if !filter.is_empty() {
        } else if !["dir-", "jsonnet-", "norm-", "yaml-", "spec-", "override-"]
            .iter()
            .any(|p| name.starts_with(p))
        {
            continue;
        }
        let Ok(expected) =
            serde_json::from_slice::<Value>(&std::fs::read(dir.join("expected.json")).unwrap())
        else {
            println!("{name}: deep");
            continue;
        };
        let types: Vec<_> = expected["sources"]
            .as_array()
            .map(|s| s.iter().map(|s| s["type"].clone()).collect())
            .unwrap_or_default();
        if types.iter().any(|t| t == "Helm" || t == "Kustomize") {
            continue;
        }
        // repo copy with tree.yaml
        let tmp = tempfile::tempdir().unwrap();
        std::process::Command::new("cp").arg("-r").arg(&dir).arg(tmp.path().join("case")).status().unwrap();
        let case = tmp.path().join("case");
        std::process::Command::new("chmod").args(["-R", "u+w"]).arg(&case).status().unwrap();
        std::fs::create_dir_all(case.join("repo")).unwrap();
        if let Ok(text) = std::fs::read_to_string(case.join("tree.yaml")) {
            let file = billhook::yaml::File::single(text.into());
            let v = file.node(file.documents()[0].root().unwrap()).to_json();
            for e in v.as_array().unwrap_or(&vec![]) {
                let p = case.join(e["path"].as_str().unwrap());
                std::fs::create_dir_all(p.parent().unwrap()).unwrap();
                if let Some(l) = e["link"].as_str() {
                    std::os::unix::fs::symlink(l, &p).unwrap();
                } else if let Some(size) = e["size"].as_i64() {
                    let mut t = e["head"].as_str().unwrap_or("").to_owned();
                    while (t.len() as i64) < size {
                        t.push_str("# filler filler filler\n");
                    }
                    t.truncate(size as usize);
                    std::fs::write(&p, t).unwrap();
                } else {
                    println!("{name}: tree {e}");
                }
            }
        }
        let mut options =
            Options::new(Arc::new(Documents::new(Arc::new(Tree::memory(Vec::<(&str, &[u8])>::new())))));
        options.guess = false;
        options.rendered_definitions = false;
        let app = std::fs::read(dir.join("application.yaml")).unwrap();
        options.only =
            Some(Arc::new(Documents::new(Arc::new(Tree::memory([("application.yaml", app.as_slice())])))));
        let doc = |p: &Path| Arc::new(Documents::new(Arc::new(Tree::open(p).unwrap())));
        options.repositories.push(Mapping {
            url: "https://git.example/repo.git".into(),
            revision: None,
            branch: None,
            documents: doc(&case.join("repo")),
        });
        if let Ok(rs) = std::fs::read_dir(case.join("repos")) {
            for r in rs {
                let r = r.unwrap();
                options.repositories.push(Mapping {
                    url: format!("https://git.example/{}.git", r.file_name().to_str().unwrap()),
                    revision: None,
                    branch: None,
                    documents: doc(&r.path()),
                });
            }
        }
        let read = |f: &str| -> Option<Value> {
            let text = std::fs::read_to_string(dir.join(f)).ok()?;
            let file = billhook::yaml::File::single(text.into());
            Some(file.node(file.documents()[0].root().unwrap()).to_json())
        };
        let mut known = vec![];
        if let Some(cm) = read("argocd-cm.yaml") {
            known.push((
                "cm.yaml".to_owned(),
                json!({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"argocd-cm"},"data":cm})
                    .to_string(),
            ));
        }
        if let Some(c) = read("cluster.yaml") {
            for (i, k) in c["kinds"].as_array().unwrap_or(&vec![]).iter().enumerate() {
                known.push((format!("crd{i}.yaml"), json!({"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"x"},"spec":{"group":k["group"],"names":{"kind":k["kind"]},"scope": if k["namespaced"]==true {"Namespaced"} else {"Cluster"},"versions":[{"name":"v1","served":true}]}}).to_string()));
            }
        }
        options.known.push(Known::read(
            Arc::new(Tree::memory(known.iter().map(|(p, t)| (p.as_str(), t.as_bytes())))),
            None,
            false,
        ));
        options.engines = Engines {
            jsonnet: Some(jsonnet::Pool::new(env!("CARGO_BIN_EXE_billhook").into(), Default::default())),
        };
        let inventory = Inventory::load(&options);
        let mut diffs = vec![];
        let fails = inventory.problems.iter().any(|p| format!("{:?}", p.state) == "Fails")
            || inventory.applications.iter().any(|a| a.outcome == Outcome::Fails);
        let unknown = inventory.applications.iter().any(|a| a.outcome == Outcome::Unknown);
        let error = expected["error"].as_str();
        let want_unknown = error.is_some_and(|e| e.contains("<no network>") || e.contains("oracle:"));
        let probs: Vec<String> = inventory
            .problems
            .iter()
            .chain(inventory.applications.iter().flat_map(|a| &a.problems))
            .map(|p| format!("{:?}: {}", p.state, p.message))
            .collect();
        if want_unknown {
            if !unknown || fails {
                diffs.push(format!("want unknown: {probs:?}"));
            }
        } else if error.is_some() != fails {
            diffs.push(format!("error {error:?} but {probs:?}"));
        } else if error.is_none() {
            if unknown {
                diffs.push(format!("unknown {probs:?}"));
            }
            let a = &inventory.applications[0];
            let mut got: Vec<Value> = a.targets.list.iter().map(|t| {
let m = t.to_json();
                json!({"source": t.source, "group": &*t.key.group, "version": &*t.version, "kind": &*t.key.kind, "namespace": &*t.key.namespace, "name": &*t.key.name, "hooks": t.hooks, "wave": t.wave, "manifest": m})
            }).collect();
            let key = |v: &Value| {
                format!("{}|{}|{}|{}|{}", v["group"], v["kind"], v["namespace"], v["name"], v["manifest"])
            };
            got.sort_by_key(key);
            let mut want: Vec<Value> = expected["objects"].as_array().cloned().unwrap_or_default();
            want.sort_by_key(key);
            if got.len() != want.len() {
                diffs.push(format!("{} objects, want {}; {probs:?}", got.len(), want.len()));
            }
            for (g, w) in got.iter().zip(&want) {
                if !same(g, w) {
                    diffs.push(format!("got  {g}\n      want {w}"));
                }
            }
            let mut c: Vec<String> =
                a.problems.iter().filter_map(|p| p.condition.map(|c| format!("{c:?}"))).collect();
            c.sort();
            let mut w: Vec<String> = expected["conditions"]
                .as_array()
                .unwrap()
                .iter()
                .map(|c| c["type"].as_str().unwrap().to_owned())
                .collect();
            w.sort();
            if c != w {
                diffs.push(format!("conditions {c:?} want {w:?}"));
            }
        }
        if diffs.is_empty() {
            ok += 1;
        } else {
            bad += 1;
            println!("{name}:\n    {}", diffs.join("\n    "));
        }
    }
    println!("{ok} ok, {bad} differ");
}
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            a == b || (a.as_f64() == b.as_f64() && (a.as_i64().is_none() || b.as_i64().is_none()))
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(k, v)| b.get(k).is_some_and(|w| same(v, w)))
        }
        _ => a == b,
    }
}
