//! Asks `billhook render --application` about one Application.

#![allow(dead_code, reason = "each test binary uses its part")]

use super::json::{self, Json};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long one rendering may take.
const LIMIT: Duration = Duration::from_secs(120);

/// The commit that every recorded repository was taken for; a folder that is mapped twice is known to be it.
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// The server of the cluster that Argo CD runs in.
const LOCAL: &str = "https://kubernetes.default.svc";

/// One question.
pub struct Request {
    /// The Application as text.
    pub application: String,
    /// The folder that answers for each URL.
    pub repositories: Vec<(String, PathBuf)>,
    /// Keys of argocd-cm, as the text of a YAML mapping.
    pub settings: String,
    /// Kinds that are installed on the destination: `{group, versions, kind, namespaced}`.
    pub kinds: Vec<Value>,
    /// The version of the destination, where it is not the default.
    pub kubernetes: Option<String>,
}

impl Request {
    /// The lines of the answer; `scratch` is an empty folder.
    pub fn ask(&self, scratch: &Path) -> Result<Vec<Json>, String> {
        let write = |name: &str, text: &str| {
            let path = scratch.join(name);
            fs::create_dir_all(path.parent().expect("a folder"))
                .and_then(|()| fs::write(&path, text))
                .map(|()| path)
                .map_err(|error| error.to_string())
        };
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_billhook"));
        command.timeout(LIMIT).current_dir(scratch).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", scratch);
        command.args(["render", "--format", "ndjson", "--no-cache"]);
        command.arg("--application").arg(write("application.yaml", &self.application)?);
        for (url, folder) in &self.repositories {
            command.arg("--repository").arg(format!("{url}={}", folder.display()));
            command.arg("--repository").arg(format!("{url}@{COMMIT}={}", folder.display()));
        }
        if !self.settings.trim().is_empty() {
            let indented: String = self.settings.lines().map(|line| format!("  {line}\n")).collect();
            let head =
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm, namespace: argocd}\ndata:\n";
            write("known/argocd-cm.yaml", &format!("{head}{indented}"))?;
            command.arg("--known").arg(scratch.join("known"));
        }
        let cluster = self.cluster();
        if !self.kinds.is_empty() {
            let definitions = self.kinds.iter().map(|kind| format!("---\n{}\n", definition(kind)));
            let path = write("definitions.yaml", &definitions.collect::<String>())?;
            command.arg("--known").arg(match &cluster {
                Some(cluster) => format!("{cluster}={}", path.display()),
                None => path.display().to_string(),
            });
        }
        if let Some(version) = &self.kubernetes {
            let name = cluster.as_deref().unwrap_or("in-cluster");
            let config = json!({"clusters": [{"name": name, "kubernetes": version}]});
            command.arg("--config").arg(write("billhook.yaml", &config.to_string())?);
        }
        lines(&command.output().map_err(|error| error.to_string())?)
    }

    /// The destination by its name, else its server; None for the cluster that Argo CD runs in.
    fn cluster(&self) -> Option<String> {
        let application = yaml(&self.application);
        let destination = &application["spec"]["destination"];
        let of = |key: &str| destination[key].as_str().filter(|text| !text.is_empty());
        let cluster = of("name").filter(|name| *name != "in-cluster");
        cluster.or(of("server").filter(|server| *server != LOCAL)).map(str::to_owned)
    }
}

fn lines(output: &std::process::Output) -> Result<Vec<Json>, String> {
    let said = || String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if output.status.code().is_none_or(|code| code > 3) {
        return Err(format!("billhook ended with {}: {}", output.status, said()));
    }
    let text = std::str::from_utf8(&output.stdout).map_err(|error| error.to_string())?;
    let lines: Result<Vec<Json>, String> = text.lines().map(json::parse).collect();
    let lines = lines.map_err(|error| format!("{error}: {text}"))?;
    if output.status.code() == Some(2) && lines.is_empty() {
        return Err(format!("billhook could not do its job: {}", said()));
    }
    Ok(lines)
}

/// The first document of a text.
pub fn yaml(text: &str) -> Value {
    let file = billhook::yaml::File::single(text.into());
    let root = file.documents().first().and_then(|document| document.root().ok());
    root.map_or(Value::Null, |root| file.node(root).to_json())
}

/// The CRD that makes a kind known.
fn definition(kind: &Value) -> Value {
    let [group, name] = ["group", "kind"].map(|key| kind[key].as_str().unwrap_or_default());
    let plural = format!("{}s", name.to_lowercase());
    let versions = kind["versions"].as_array().cloned().unwrap_or_default();
    let versions = versions.iter().enumerate().map(|(i, version)| {
        let schema =
            json!({"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}});
        json!({"name": version, "served": true, "storage": i == 0, "schema": schema})
    });
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{group}")},
        "spec": {
            "group": group,
            "names": {"kind": name, "plural": plural},
            "scope": if kind["namespaced"] == json!(true) { "Namespaced" } else { "Cluster" },
            "versions": versions.collect::<Vec<_>>(),
        },
    })
}

/// The programs that a record needs and that are not on PATH.
pub fn missing_tools(expected: &Json, settings: &str) -> Vec<&'static str> {
    let types: Vec<&str> =
        expected.get("sources").list().iter().filter_map(|source| source.get("type").text()).collect();
    let helm =
        types.contains(&"Helm") || (types.contains(&"Kustomize") && settings.contains("--enable-helm"));
    let needed = [("helm", helm), ("kustomize", types.contains(&"Kustomize"))];
    needed.iter().filter(|(tool, needed)| *needed && !on_path(tool)).map(|(tool, _)| *tool).collect()
}

pub fn on_path(tool: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .any(|folder| folder.join(tool).is_file() || folder.join(format!("{tool}.exe")).is_file())
}
