//! Asks `billhook diff` about one merge, and compares its rows with a record.
//!
//! An object is compared by cluster and key. What a record calls `transient`, `deleted` or `hook-deleted` is not compared;
//! a cause that begins with `blocked` must be `"blocked": true`; an object that no tree names needs no row as long as
//! nothing happens to it. A row for what was never recorded may say that it is not made, or not known, but not that
//! something happened to it. Of a race any recorded alternative is right. Cases that need more than two trees may come
//! out otherwise, as long as no deletion is told that did not happen and that the trees do not say.

#![allow(dead_code, reason = "each test binary uses its part")]

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(120);
const NOT_COMPARED: [&str; 3] = ["transient", "deleted", "hook-deleted"];
const DELETIONS: [&str; 4] = ["pruned", "cascaded", "recreated", "stuck"];

/// One question.
pub struct Question {
    base: PathBuf,
    head: PathBuf,
    arguments: Vec<String>,
    config: Value,
}

impl Question {
    /// What happens between two folders. A second cluster is there, and no other.
    pub fn new(base: &Path, head: &Path) -> Self {
        let config = json!({
            "clusters": [{"name": "second", "server": "https://second.example"}],
            "clustersComplete": true,
        });
        Self { base: base.to_owned(), head: head.to_owned(), arguments: Vec::new(), config }
    }

    /// A folder answers for a repository, or for a revision of it.
    pub fn repository(&mut self, address: &str, folder: &Path) {
        self.arguments.extend(["--repository".to_owned(), format!("{address}={}", folder.display())]);
    }

    /// How Argo CD was set up.
    pub fn profile(&mut self, name: &str) {
        let policy = |flag: &str| json!({"applicationSetPolicy": {"flag": flag}});
        self.config["argocd"] = match name {
            "default" => return,
            "label" => json!({"trackingMethod": "label"}),
            "appset-create-only" => policy("create-only"),
            "appset-create-only-setting" => {
                json!({"applicationSetPolicy": {"flag": "create-only", "allowOverride": false}})
            }
            "appset-create-update-override" => {
                json!({"applicationSetPolicy": {"flag": "create-update", "allowOverride": true}})
            }
            other => panic!("no such profile: {other}"),
        };
    }

    /// More of the configuration.
    pub fn configure(&mut self, key: &str, value: Value) {
        self.config[key] = value;
    }

    /// The answer; `scratch` is a folder of its own.
    pub fn ask(&self, scratch: &Path) -> Result<Value, String> {
        let config = scratch.join("billhook.yaml");
        fs::write(&config, self.config.to_string()).map_err(|error| error.to_string())?;
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_billhook"));
        command.timeout(LIMIT).current_dir(scratch).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", scratch);
        command.args(["diff", "--format", "json", "--no-cache", "--config"]).arg(&config);
        command.arg("--base-dir").arg(&self.base).arg("--head-dir").arg(&self.head).args(&self.arguments);
        let output = command.output().map_err(|error| error.to_string())?;
        let said = || String::from_utf8_lossy(&output.stderr).trim().to_owned();
        if !matches!(output.status.code(), Some(0 | 1)) {
            return Err(format!("billhook ended with {}: {}", output.status, said()));
        }
        serde_json::from_slice(&output.stdout).map_err(|error| format!("{error}: {}", said()))
    }
}

type Key = (String, String, String, String, String);

/// Every cluster but the local one is the second one, whatever the case calls it.
fn cluster(name: &str) -> String {
    (if name == "in-cluster" { "in-cluster" } else { "second" }).to_owned()
}

fn key(cluster_of: &Value, object: &Value) -> Key {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let [group, kind, namespace, name] =
        ["group", "kind", "namespace", "name"].map(|part| text(&object[part]));
    (cluster(cluster_of.as_str().unwrap_or_default()), group, kind, namespace, name)
}

fn named(key: &Key) -> String {
    let (cluster, group, kind, namespace, name) = key;
    format!("{cluster}: {group}/{kind} {namespace}/{name}")
}

/// What differs; nothing if all is as recorded.
pub fn differences(expected: &Value, needs: &[String], answer: &Value) -> Vec<String> {
    let mut differences = Vec::new();
    let mut rows: BTreeMap<Key, &Value> = BTreeMap::new();
    for row in answer["forecast"].as_array().into_iter().flatten() {
        let key = key(&row["cluster"], &row["object"]);
        if rows.insert(key.clone(), row).is_some() {
            differences.push(format!("{}: two rows", named(&key)));
        }
    }
    let race = expected["race"] == json!(true);
    for object in expected["objects"].as_array().into_iter().flatten() {
        let key = key(&object["cluster"], object);
        let row = rows.remove(&key);
        differences.extend(wrong(object, row, race, needs).map(|text| format!("{}: {text}", named(&key))));
    }
    let happens = |row: &&Value| {
        let outcome = row["outcome"].as_str().unwrap_or_default();
        DELETIONS.contains(&outcome) || matches!(outcome, "updated" | "adopted")
    };
    if needs.is_empty() {
        for (key, row) in rows.iter().filter(|(_, row)| happens(row)) {
            differences.push(format!("{}: was not recorded, {}", named(key), told(row)));
        }
    }
    differences
}

fn told(row: &Value) -> String {
    let text = |part: &str| row[part].as_str().unwrap_or_default().to_owned();
    format!("is {} ({}: {})", text("outcome"), text("code"), text("because"))
}

fn wrong(object: &Value, row: Option<&Value>, race: bool, needs: &[String]) -> Option<String> {
    let recorded = object["outcome"].as_str().unwrap_or_default();
    if NOT_COMPARED.contains(&recorded) {
        return None;
    }
    let cause = object["cause"].as_str().unwrap_or_default();
    let blocked = cause.starts_with("blocked");
    let Some(row) = row else {
        let silent = recorded == "unchanged" && !blocked;
        return (!silent && needs.is_empty()).then(|| format!("has no row, should be {recorded} ({cause})"));
    };
    let outcome = row["outcome"].as_str().unwrap_or_default();
    let alternatives = object["alternatives"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut right: Vec<&str> = vec![recorded];
    right.extend(alternatives.filter(|_| race));
    let same = right.contains(&outcome) && (!blocked || row["blocked"] == json!(true));
    // Of a race, and of an order that was forced, the worst end is right as long as it says that order decides.
    let forced = needs.iter().any(|needs| needs == "order");
    let worst = (race || forced) && row["race"] == json!(true);
    let fine = match needs {
        [] => same,
        _ => {
            same || worst
                || !DELETIONS.contains(&outcome)
                || right.iter().any(|right| DELETIONS.contains(right))
        }
    };
    (!fine).then(|| format!("{}, should be {} ({cause})", told(row), right.join(" or ")))
}

/// What becomes of the Applications of a set that takes the place of another one.
pub fn transition(
    expected: &Value,
    text: &dyn Fn(&str) -> Option<String>,
    files: &[(String, Vec<u8>)],
    folder: &Path,
) -> Result<Vec<String>, String> {
    let failed = |error: std::io::Error| error.to_string();
    let (base, head) = (folder.join("base"), folder.join("head"));
    for (side, file) in [(&base, "previous.yaml"), (&head, "applicationset.yaml")] {
        fs::create_dir_all(side).map_err(failed)?;
        fs::write(side.join("set.yaml"), text(file).unwrap_or_default()).map_err(failed)?;
    }
    for (path, bytes) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).map_err(failed)?;
        fs::write(path, bytes).map_err(failed)?;
    }
    let mut question = Question::new(&base, &head);
    for revision in ["HEAD", "main", "master"] {
        let repo = folder.join("repo");
        if repo.is_dir() {
            question.repository(&format!("https://git.example/repo.git@{revision}"), &repo);
        }
        for entry in fs::read_dir(folder.join("repos")).into_iter().flatten().flatten() {
            let url = format!("https://git.example/{}.git@{revision}", entry.file_name().display());
            question.repository(&url, &entry.path());
        }
    }
    let options = super::render::yaml(&text("case.yaml").unwrap_or_default());
    if let Some(policy) = options["policy"].as_str() {
        question
            .configure("argocd", json!({"applicationSetPolicy": {"flag": policy, "allowOverride": false}}));
    }
    if let Some(clusters) = text("clusters.yaml") {
        question.configure("clusters", super::render::yaml(&clusters));
    }
    let answer = question.ask(folder)?;
    let mut outcomes: BTreeMap<&str, &str> = BTreeMap::new();
    for row in answer["forecast"].as_array().into_iter().flatten() {
        if row["object"]["kind"] == "Application" {
            let name = row["object"]["name"].as_str().unwrap_or_default();
            outcomes.insert(name, row["outcome"].as_str().unwrap_or_default());
        }
    }
    let mut differences = Vec::new();
    for application in expected["transition"].as_array().into_iter().flatten() {
        let name = application["name"].as_str().unwrap_or_default();
        let recorded = application["outcome"].as_str().unwrap_or_default();
        // Whether it is gone at once or once its finalizer let go, its set takes it away.
        let should = if matches!(recorded, "deleting" | "deleted") { "cascaded" } else { recorded };
        let is = outcomes.get(name).copied().unwrap_or("unchanged");
        if is != should {
            differences.push(format!("Application {name} is {is}, should be {should} ({recorded})"));
        }
    }
    Ok(differences)
}
