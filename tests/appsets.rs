//! ApplicationSets against what Argo CD 3.5.7 made of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use billhook::appset::{
    ApplicationSet, Cluster, Generated, Known, Outcome, Problem, Repository, Settings, Step, World,
};
use billhook::files::Tree;
use billhook::yaml;
use serde_json::{Value as Json, json};

/// The first document of a YAML text as JSON, or why there is none.
fn read_yaml(text: &str) -> Result<Json, String> {
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
struct Case {
    set: String,
    options: Json,
    clusters: Json,
    answers: Option<Json>,
    repositories: BTreeMap<String, Arc<Tree>>,
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
    fn run(&self) -> Json {
        let namespace = self.options["namespace"].as_str().unwrap_or("argocd");
        let failed = |reason: &str, message: String| json!({"reason": reason, "error": message, "applications": []});
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
        let world = World {
            repositories: &repositories,
            clusters: clusters(&self.clusters),
            clusters_complete: true,
            projects: Known {
                names: projects.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
                complete: true,
            },
            answers: self.answers.clone(),
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
            Outcome::Unknown { reason } => failed("Unknown", reason),
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
            Some(Problem::Invalid(_)) => "invalid",
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
    format!("{name}\0{}", canonical(application))
}

/// JSON with sorted keys, numbers by value.
fn canonical(json: &Json) -> String {
    match json {
        Json::Object(fields) => {
            let sorted: BTreeMap<&String, String> =
                fields.iter().map(|(key, value)| (key, canonical(value))).collect();
            format!("{sorted:?}")
        }
        Json::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Json::Number(number) => format!("{:e}", number.as_f64().unwrap_or_default()),
        other => other.to_string(),
    }
}

/// What differs between the record and what was found, in words.
fn differences(expected: &Json, found: &Json) -> Vec<String> {
    let mut out = Vec::new();
    let unstable = |key: &str| {
        expected["unstable"].as_array().is_some_and(|parts| parts.iter().any(|part| part == key))
    };
    if expected["reason"] != found["reason"] {
        out.push(format!("reason: {} is {}", expected["reason"], found["reason"]));
    }
    if expected["error"].is_null() != found["error"].is_null() {
        out.push(format!("error: {} is {}", expected["error"], found["error"]));
    }
    let names = |json: &Json, key: &str| -> Vec<String> {
        let items = json[key].as_array().into_iter().flatten();
        let name = |item: &Json| item["name"].as_str().or(item.as_str()).unwrap_or_default().to_owned();
        let mut names: Vec<String> = items.map(name).collect();
        names.sort();
        names
    };
    for key in ["applied", "invalid", "rejected", "dropped"] {
        if !unstable(key) && names(expected, key) != names(found, key) {
            out.push(format!("{key}: {:?} is {:?}", names(expected, key), names(found, key)));
        }
    }
    if expected["warning"].as_str().is_some_and(|text| !text.is_empty()) != found["warning"].is_boolean() {
        out.push(format!("warning: {} is {}", expected["warning"], found["warning"]));
    }
    let mut objects = expected["applications"].as_array().cloned().unwrap_or_default();
    objects.sort_by_key(order);
    let found = found["applications"].as_array().cloned().unwrap_or_default();
    if objects.len() != found.len() {
        out.push(format!("{} Applications are {}", objects.len(), found.len()));
        return out;
    }
    for (expected, found) in objects.iter().zip(&found) {
        if !unstable("applications") && canonical(expected) != canonical(found) {
            out.push(format!("Application: {expected}\n          is {found}"));
        }
    }
    out
}

fn read(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

fn tree_of(root: &Path, links: &Json) -> Arc<Tree> {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let mut pending = vec![root.to_owned()];
    while let Some(folder) = pending.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                pending.push(path);
            } else if let (Ok(name), Ok(bytes)) = (path.strip_prefix(root), std::fs::read(&path)) {
                files.push((name.to_string_lossy().into_owned(), bytes));
            }
        }
    }
    let links: Vec<(String, String)> = texts(links).into_iter().collect();
    Arc::new(Tree::memory_with_links(files, links))
}

fn probe(folder: &Path) -> Case {
    let yaml = |name: &str| read(&folder.join(name)).map(|text| read_yaml(&text).expect(name));
    let options = yaml("case.yaml").unwrap_or_default();
    let mut repositories = BTreeMap::new();
    let repo = folder.join("repo");
    if repo.is_dir() {
        let url = "https://git.example/repo.git".to_owned();
        repositories.insert(url, tree_of(&repo, &options["symlinks"]));
    }
    for entry in std::fs::read_dir(folder.join("repos")).into_iter().flatten().flatten() {
        let url = format!("https://git.example/{}.git", entry.file_name().to_string_lossy());
        repositories.insert(url, tree_of(&entry.path(), &options["symlinks"]));
    }
    Case {
        set: read(&folder.join("applicationset.yaml")).unwrap_or_default(),
        clusters: yaml("clusters.yaml").unwrap_or_default(),
        answers: yaml("external.yaml"),
        options,
        repositories,
    }
}

/// The folder that an environment variable names; a sentence when it names none.
fn folder(variable: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(variable).map(PathBuf::from);
    if folder.is_none() {
        eprintln!("{variable} is not set: this test has nothing to compare with");
    }
    folder
}

#[test]
fn probes_are_equal() {
    let Some(golden) = folder("BILLHOOK_GOLDEN") else {
        return;
    };
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(golden.join("appsets")).into_iter().flatten().flatten().map(|e| e.path()).collect();
    folders.retain(|folder| folder.is_dir());
    folders.sort();
    let mut differing = Vec::new();
    for folder in &folders {
        let expected = read(&folder.join("expected.json")).expect("every probe has an answer");
        let expected: Json = serde_json::from_str(&expected).expect("the answer is JSON");
        let found = probe(folder).run();
        let differences = differences(&expected, &found);
        if !differences.is_empty() {
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            differing.push(format!("{name}\n    {}\n    {}", expected["about"], differences.join("\n    ")));
        }
    }
    assert!(
        differing.is_empty(),
        "{} of {} differ:\n{}",
        differing.len(),
        folders.len(),
        differing.join("\n")
    );
}
