//! ApplicationSets through the library, and what differs from what Argo CD 3.5.7 made of them.

#![allow(dead_code, reason = "each test binary uses its part")]

use super::json::{self, Json as Exact};
use billhook::appset::{
    ApplicationSet, Cluster, Generated, Known, Outcome, Problem, Repository, Settings, Step, World,
};
use billhook::files::Tree;
use billhook::yaml;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The first document of a YAML text as JSON, or why there is none.
pub fn read_yaml(text: &str) -> Result<Json, String> {
    let file = yaml::File::single(Arc::from(text));
    match file.documents().first() {
        None => Ok(Json::Null),
        Some(document) => {
            document.root().map(|root| file.node(root).to_json()).map_err(|error| error.to_string())
        }
    }
}

/// What was put into a case.
#[derive(Default)]
pub struct Case {
    pub set: String,
    pub options: Json,
    pub clusters: Json,
    pub answers: Option<Json>,
    pub repositories: BTreeMap<String, Arc<Tree>>,
}

fn texts(json: &Json) -> BTreeMap<String, String> {
    let entries = json.as_object().into_iter().flatten();
    entries.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

fn clusters(json: &Json) -> Vec<Cluster> {
    let text = |json: &Json, key: &str| json[key].as_str().unwrap_or_default().to_owned();
    let entries = json.as_array().into_iter().flatten().enumerate();
    entries
        .map(|(index, entry)| Cluster {
            secret: Some(entry["secret"].as_str().map_or(format!("cluster-{index:03}"), str::to_owned)),
            name: text(entry, "name"),
            server: text(entry, "server"),
            labels: texts(&entry["labels"]),
            annotations: texts(&entry["annotations"]),
            project: entry["project"].as_str().map(str::to_owned),
        })
        .collect()
}

impl Case {
    /// What is generated, in the form of the record.
    pub fn run(&self) -> Json {
        let namespace = self.options["namespace"].as_str().unwrap_or("argocd");
        let failed =
            |reason: &str, message: String| json!({"reason": reason, "error": message, "applications": []});
        let object = match read_yaml(&self.set) {
            Ok(object) if object.is_object() => object,
            Ok(_) => return failed("Unreadable", "no object".to_owned()),
            Err(error) => return failed("Unreadable", error),
        };
        let set = match ApplicationSet::admit(&object, namespace) {
            Ok(set) => set,
            Err(refused) => {
                let mut out = failed("Admission", refused.to_string());
                put_dropped(&mut out, &refused.dropped);
                return out;
            }
        };
        let repositories = |url: &str, revision: &str| match self.repositories.get(url) {
            Some(tree) if matches!(revision, "" | "HEAD" | "main" | "master") => {
                Repository::Here(tree.clone())
            }
            Some(_) => Repository::Missing(format!("unable to resolve {revision}")),
            None => Repository::Missing("repository not found".to_owned()),
        };
        let flag = |name: &str| self.options[name].as_bool().unwrap_or(false);
        let projects = self.options["projects"].as_array().cloned().unwrap_or_else(|| vec![json!("default")]);
        let clusters = clusters(&self.clusters);
        let names = projects.iter().filter_map(Json::as_str).map(str::to_owned).collect();
        let world = World {
            repositories: &repositories,
            clusters: &clusters,
            clusters_complete: true,
            projects: &Known { names, complete: true },
            answers: self.answers.as_ref(),
            settings: Settings {
                new_git_file_globbing: flag("newGitFileGlobbing"),
                include_hidden_directories: flag("includeHiddenDirectories"),
            },
        };
        let mut out = match set.generate(&world) {
            Outcome::Applications(applications) => generated(applications),
            Outcome::Failed { step, message } => {
                let reason = match step {
                    Step::Generator => "ApplicationGenerationFromParamsError",
                    Step::Template => "RenderTemplateParamsError",
                    Step::Panic => "Panic",
                };
                failed(reason, message)
            }
            Outcome::Unknown { reason, .. } => failed("Unknown", reason),
        };
        put_dropped(&mut out, &set.dropped);
        if !set.empty_generators().is_empty() {
            out["warning"] = json!(true);
        }
        out
    }
}

fn put_dropped(out: &mut Json, dropped: &[String]) {
    if !dropped.is_empty() {
        out["dropped"] = json!(dropped);
    }
}

fn generated(applications: Vec<Generated>) -> Json {
    let mut named: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for one in &applications {
        let kind = match one.problem {
            None => "applied",
            Some(Problem::Twice | Problem::Invalid(_)) => "invalid",
            Some(Problem::Rejected(_)) => "rejected",
        };
        named.entry(kind).or_default().push(one.name().to_owned());
    }
    let mut out = json!({"reason": "", "error": null, "applied": []});
    for (kind, mut names) in named {
        names.sort();
        names.dedup();
        out[kind] = json!(names);
    }
    let mut objects: Vec<Json> = applications.into_iter().map(|one| one.application).collect();
    objects.sort_by_key(order);
    out["applications"] = Json::Array(objects);
    out
}

fn order(application: &Json) -> String {
    let name = application["metadata"]["name"].as_str().unwrap_or_default();
    format!("{name}\0{application}")
}

/// What differs between the record and what was found, in words.
pub fn differences(expected: &Exact, found: &Json) -> Result<Vec<String>, String> {
    let found = json::parse(&found.to_string())?;
    let mut out = Vec::new();
    let unstable = |key: &str| expected.get("unstable").list().iter().any(|part| part.text() == Some(key));
    let reason = |json: &Exact| json.get("reason").text().unwrap_or_default().to_owned();
    if reason(expected) != reason(&found) {
        let error = found.get("error").text().unwrap_or_default();
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
    let sorted = |json: &Exact| {
        let mut objects = json.get("applications").list().to_vec();
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
