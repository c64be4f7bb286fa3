//! Asks `billhook apps --applicationset` about one ApplicationSet, and says what differs from what Argo CD 3.5.7 made
//! of it.

use super::json::{self, Json as Exact};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long one set may take.
const LIMIT: Duration = Duration::from_secs(120);

/// The revisions that every recorded repository has; `HEAD` is also the empty one.
const REVISIONS: [&str; 3] = ["HEAD", "main", "master"];

/// What was put into a case.
#[derive(Default)]
pub struct Case {
    /// The set as text.
    pub set: String,
    /// `case.yaml`.
    pub options: Json,
    /// The list of clusters; null for none.
    pub clusters: Json,
    /// Recorded answers of services.
    pub answers: Option<Json>,
    /// The folder that answers for each URL.
    pub repositories: BTreeMap<String, PathBuf>,
}

/// The first document of a YAML text as JSON, or why there is none.
pub fn read_yaml(text: &str) -> Result<Json, String> {
    let file = billhook::yaml::File::single(text.into());
    match file.documents().first() {
        None => Ok(Json::Null),
        Some(document) => {
            document.root().map(|root| file.node(root).to_json()).map_err(|error| error.to_string())
        }
    }
}

impl Case {
    /// What is generated, in the form of the record; `scratch` is an empty folder.
    pub fn run(&self, scratch: &Path) -> Result<Json, String> {
        let write = |name: &str, text: &str| {
            let path = scratch.join(name);
            fs::write(&path, text).map(|()| path).map_err(|error| error.to_string())
        };
        let clusters = if self.clusters.is_null() { json!([]) } else { self.clusters.clone() };
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_billhook"));
        command.timeout(LIMIT).current_dir(scratch).env_clear().env("HOME", scratch);
        command.args(["apps", "--format", "ndjson", "--no-cache"]);
        command.arg("--applicationset").arg(write("applicationset.yaml", &self.set)?);
        command.arg("--clusters").arg(write("clusters.yaml", &clusters.to_string())?);
        command.arg("--known").arg(write("known.yaml", &self.known())?);
        if let Some(answers) = &self.answers {
            command.arg("--answers").arg(write("answers.yaml", &answers.to_string())?);
        }
        for (url, folder) in &self.repositories {
            for revision in REVISIONS {
                command.arg("--repository").arg(format!("{url}@{revision}={}", folder.display()));
            }
        }
        if let Some(namespace) = self.options["namespace"].as_str() {
            let config = json!({"argocd": {"namespace": namespace}});
            command.arg("--config").arg(write("billhook.yaml", &config.to_string())?);
        }
        told(&lines(&command.output().map_err(|error| error.to_string())?)?)
    }

    /// AppProjects and the settings of the controllers.
    fn known(&self) -> String {
        let projects = self.options["projects"].as_array().cloned().unwrap_or_else(|| vec![json!("default")]);
        let project = |name: &Json| {
            json!({
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "AppProject",
                "metadata": {"name": name, "namespace": "argocd"},
                "spec": {},
            })
        };
        let switch = |name: &str| self.options[name].as_bool().unwrap_or(false).to_string();
        let settings = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "argocd-cmd-params-cm", "namespace": "argocd"},
            "data": {
                "applicationsetcontroller.enable.new.git.file.globbing": switch("newGitFileGlobbing"),
                "reposerver.include.hidden.directories": switch("includeHiddenDirectories"),
            },
        });
        let objects = projects.iter().map(project).chain([settings]);
        objects.map(|object| format!("---\n{object}\n")).collect()
    }
}

fn lines(output: &std::process::Output) -> Result<Vec<Json>, String> {
    let said = || String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if output.status.code() != Some(0) {
        return Err(format!("billhook ended with {}: {}", output.status, said()));
    }
    let text = std::str::from_utf8(&output.stdout).map_err(|error| error.to_string())?;
    text.lines().map(|line| serde_json::from_str(line).map_err(|error| format!("{error}: {line}"))).collect()
}

/// The lines of an answer in the form of a record.
fn told(lines: &[Json]) -> Result<Json, String> {
    let mut out = json!({"reason": "", "error": null, "applications": []});
    for line in lines {
        if line["application"].is_object() {
            push(&mut out["applied"], line["application"]["metadata"]["name"].clone());
            push(&mut out["applications"], line["application"].clone());
            continue;
        }
        let message = line["problem"]["message"].as_str().ok_or("a line without Application and problem")?;
        let name = || Json::from(message.split('`').nth(1).unwrap_or_default());
        let state = line["problem"]["state"].as_str().unwrap_or_default();
        match (line["problem"]["code"].as_str().unwrap_or_default(), state) {
            ("BH001", "fails") => fail(&mut out, "Unreadable", message),
            ("BH012", "fails") => fail(&mut out, "Admission", message),
            ("BH015", "fails") => fail(&mut out, reason(message), message),
            ("BH016", "fails") if message.starts_with("the API server refuses") => {
                push(&mut out["rejected"], name());
            }
            ("BH016" | "BH104", "fails") => push(&mut out["invalid"], name()),
            ("BH503", "warning") => push(&mut out["dropped"], name()),
            ("BH504", "warning") => out["warning"] = json!(true),
            (_, "unknown") => fail(&mut out, "Unknown", message),
            (code, state) => return Err(format!("{code} {state}: {message}")),
        }
    }
    for key in ["applied", "invalid", "rejected"] {
        if let Some(names) = out[key].as_array_mut() {
            names.sort_by_key(|name| name.to_string());
            names.dedup();
        }
    }
    Ok(out)
}

fn push(list: &mut Json, item: Json) {
    match list {
        Json::Array(items) => items.push(item),
        _ => *list = json!([item]),
    }
}

fn fail(out: &mut Json, reason: &str, message: &str) {
    out["reason"] = reason.into();
    out["error"] = message.into();
}

/// The reason of a record, by how a message begins.
fn reason(message: &str) -> &'static str {
    match message {
        _ if message.starts_with("a generator fails") => "ApplicationGenerationFromParamsError",
        _ if message.starts_with("the template cannot be rendered") => "RenderTemplateParamsError",
        _ => "Panic",
    }
}

/// What differs between the record and what was found, in words.
pub fn differences(expected: &Exact, found: &Json) -> Result<Vec<String>, String> {
    let found = json::parse(&found.to_string())?;
    let mut out = Vec::new();
    let unstable = |key: &str| expected.get("unstable").list().iter().any(|part| part.text() == Some(key));
    let reason = |json: &Exact| json.get("reason").text().unwrap_or_default().to_owned();
    // A repository that is not mapped may exist for all that the program knows: it does not say that Argo CD fails.
    let error = found.get("error").text().unwrap_or_default();
    let unmapped = reason(&found) == "Unknown" && error.contains(" is not here");
    let beyond = unmapped && reason(expected) == "ApplicationGenerationFromParamsError";
    if reason(expected) != reason(&found) && !beyond {
        out.push(format!("reason: {:?} is {:?} ({error})", reason(expected), reason(&found)));
    }
    if expected.get("error").is_null() != found.get("error").is_null() {
        out.push(format!("error: {:?} is {:?}", expected.get("error"), found.get("error")));
    }
    let names = |json: &Exact, key: &str| -> Vec<String> {
        let name = |item: &Exact| item.get("name").text().or(item.text()).unwrap_or_default().to_owned();
        let mut names: Vec<String> = json.get(key).list().iter().map(name).collect();
        names.sort();
        names
    };
    for key in ["applied", "invalid", "rejected", "dropped"] {
        if !unstable(key) && names(expected, key) != names(&found, key) {
            out.push(format!("{key}: {:?} is {:?}", names(expected, key), names(&found, key)));
        }
    }
    let warns = |json: &Exact| !matches!(json.get("warning"), Exact::Null);
    if warns(expected) != warns(&found) {
        out.push(format!("warning: {} is {}", warns(expected), warns(&found)));
    }
    let applied = names(expected, "applied");
    let is_applied = |object: &Exact| {
        let name = object.get("metadata").get("name").text().unwrap_or_default();
        applied.iter().any(|applied| applied == name)
    };
    let sorted = |json: &Exact| {
        let mut objects: Vec<Exact> =
            json.get("applications").list().iter().filter(|object| is_applied(object)).cloned().collect();
        objects.sort_by_key(|object| (object.get("metadata").get("name").clone(), object.clone()));
        objects
    };
    let (expected_objects, found_objects) = (sorted(expected), sorted(&found));
    if expected_objects.len() != found_objects.len() {
        out.push(format!("{} Applications are {}", expected_objects.len(), found_objects.len()));
        return Ok(out);
    }
    for (expected, found) in expected_objects.iter().zip(&found_objects) {
        if !unstable("applications") && expected != found {
            out.push(format!("Application: {expected}\n          is {found}"));
        }
    }
    Ok(out)
}
