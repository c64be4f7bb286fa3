//! The command lines that follow from a source, against those that Argo CD ran: `sources[].commands` of the archives
//! below `tests/conformance/render`. No program is started.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests read files, and stop where one is not as it should be"
)]

#[path = "support/idle.rs"]
mod idle;
#[path = "support/json.rs"]
mod json;
#[path = "support/txtar.rs"]
mod txtar;

use billhook::files::Tree;
use billhook::inventory::{Inventory, Known, Mapping, Options};
use billhook::model::{Cluster, Clusters, Scopes};
use billhook::render::{Documents, Engines, Recipe, Step};
use idle::Idle;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use txtar::{Content, Files};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

#[test]
fn commands_are_those_of_argo_cd() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/render");
    let archives = walkdir::WalkDir::new(&root).into_iter().filter_map(|entry| Some(entry.ok()?.into_path()));
    let (mut compared, mut wrong) = (0, Vec::new());
    for path in archives.filter(|path| path.extension().is_some_and(|extension| extension == "txtar")) {
        let files = txtar::unpack(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let expected = json::parse(text(&files, "expected.json").unwrap()).unwrap();
        let commands: Vec<Vec<&str>> = expected
            .get("sources")
            .list()
            .iter()
            .map(|source| source.get("commands").list().iter().filter_map(|command| command.text()).collect())
            .collect();
        if commands.iter().all(Vec::is_empty) {
            continue;
        }
        let recipes = recipes(&files);
        for (index, expected) in commands.iter().enumerate().filter(|(_, expected)| !expected.is_empty()) {
            compared += expected.len();
            let own = recipes.get(index).and_then(Option::as_ref).map(shown).unwrap_or_default();
            let same = own.len() == expected.len()
                && own.iter().zip(expected).all(|(own, expected)| match own {
                    Some(own) => sorted(own) == sorted(expected),
                    None => expected.starts_with("# kustomization.yaml updated with patches"),
                });
            if !same {
                wrong.push(format!("{}: {own:#?} for {expected:#?}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 250, "only {compared} commands were compared");
}

/// The commands of a recipe as Argo CD reports them; None for what is no command.
fn shown(recipe: &Recipe) -> Vec<Option<String>> {
    let line = |step: &Step| match step {
        Step::Run(command) => Some(abbreviated(&command.to_string())),
        Step::Patch(_) => None,
    };
    recipe.steps().iter().map(line).collect()
}

/// The arguments in an order of their own: several `--set` come in none.
fn sorted(command: &str) -> Vec<&str> {
    let mut words: Vec<&str> = command.split(" --").collect();
    let fixed = words.iter().rposition(|word| word.starts_with("set")).map_or(0, |last| last + 1);
    let first = words.iter().position(|word| word.starts_with("set")).unwrap_or(fixed);
    words[first..fixed].sort();
    words
}

/// With the words of the records for what would be long or differ from run to run.
fn abbreviated(command: &str) -> String {
    let mut command =
        command.replace("<values>", "<temp file with values from source.helm.values/valuesObject>");
    for flag in ["--api-versions", "--helm-api-versions"] {
        let (mut first, mut last) = (None, 0);
        for (at, _) in command.match_indices(&format!(" {flag} ")) {
            let value = at + flag.len() + 2;
            last = command[value..].find(' ').map_or(command.len(), |end| value + end);
            first.get_or_insert(at);
        }
        let count = command.matches(&format!(" {flag} ")).count();
        if let Some(first) = first.filter(|_| count >= Scopes::default().api_versions().len()) {
            command.replace_range(first..last, &format!(" {flag} <cluster>"));
        }
    }
    command
}

fn recipes(files: &Files) -> Vec<Option<Recipe>> {
    let nothing: [(&str, &[u8]); 0] = [];
    let mut options = Options::new(Arc::new(Documents::new(Arc::new(Tree::memory(nothing)))));
    options.guess = false;
    options.rendered_definitions = false;
    let application = text(files, "application.yaml").unwrap();
    let only = Tree::memory([("application.yaml", application.as_bytes())]);
    options.only = Some(Arc::new(Documents::new(Arc::new(only))));
    let names = files.keys().filter_map(|path| path.strip_prefix("repos/")?.split('/').next());
    let mut repositories: Vec<(String, String)> =
        names.map(|name| (format!("https://git.example/{name}.git"), format!("repos/{name}/"))).collect();
    repositories.dedup();
    repositories.push(("https://git.example/repo.git".to_owned(), "repo/".to_owned()));
    for (url, folder) in repositories {
        let documents = Arc::new(Documents::new(Arc::new(tree(files, &folder))));
        for revision in [None, Some(COMMIT.to_owned())] {
            let documents = Arc::clone(&documents);
            options.repositories.push(Mapping { url: url.clone(), revision, branch: None, documents });
        }
    }
    let read = |name: &str| {
        let file = billhook::yaml::File::single(text(files, name).unwrap_or("{}").into());
        file.node(file.documents()[0].root().unwrap()).to_json()
    };
    let settings = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "argocd-cm"}, "data": read("argocd-cm.yaml"),
    });
    let settings = Tree::memory([("settings.yaml", settings.to_string().as_bytes())]);
    options.known.push(Known::read(Arc::new(settings), None, false));
    let cluster = read("cluster.yaml");
    let kinds = cluster["kinds"].as_array().cloned().unwrap_or_default();
    let of = |kind: &Value, key: &str| kind[key].as_str().unwrap_or_default().to_owned();
    let here = Cluster {
        name: "in-cluster".to_owned(),
        kubernetes: cluster["kubernetes"].as_str().unwrap_or_default().to_owned(),
        api_versions: kinds
            .iter()
            .map(|kind| format!("{}/v1/{}", of(kind, "group"), of(kind, "kind")))
            .collect(),
        ..Cluster::default()
    };
    options.clusters = Clusters::new(vec![here], false);
    options.engines = std::sync::Arc::new(Engines::new(None, Some(Box::new(Idle)), None));
    let inventory = Inventory::load(&options);
    inventory.applications.into_iter().next().map(|app| app.recipes).unwrap_or_default()
}

/// The files below a folder of the case. Links and large files that git should not carry change no command line but
/// those that go through them.
fn tree(files: &Files, folder: &str) -> Tree {
    let below = files.iter().filter_map(|(path, content)| Some((path.strip_prefix(folder)?, content)));
    let (mut plain, mut links) = (Vec::new(), Vec::new());
    for (path, content) in below {
        match content {
            Content::File(bytes) => plain.push((path.to_owned(), bytes.clone())),
            Content::Link(target) => links.push((path.to_owned(), target.clone())),
        }
    }
    let file = billhook::yaml::File::single(text(files, "tree.yaml").unwrap_or("[]").into());
    let entries = file.node(file.documents()[0].root().unwrap()).to_json();
    for entry in entries.as_array().into_iter().flatten() {
        let path = entry["path"].as_str().and_then(|path| path.strip_prefix(folder));
        if let (Some(path), Some(target)) = (path, entry["link"].as_str()) {
            links.push((path.to_owned(), target.to_owned()));
        }
    }
    Tree::memory_with_links(plain, links)
}

fn text<'a>(files: &'a Files, path: &str) -> Option<&'a str> {
    match files.get(path)? {
        Content::File(bytes) => std::str::from_utf8(bytes).ok(),
        Content::Link(_) => None,
    }
}
