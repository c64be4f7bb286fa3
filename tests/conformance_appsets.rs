//! `billhook apps --applicationset` against Argo CD: one archive below `tests/conformance/appsets` a case, and sets of others, which
//! are not part of this repository.
//!
//! `BILLHOOK_CORPUS` names the folder of their repositories, `BILLHOOK_GOLDEN` the one that holds what was recorded
//! (`appsets-corpus`). Without them there is one test, ignored, that says so.

#![allow(clippy::disallowed_methods)]

#[path = "support/appsets.rs"]
mod appsets;
#[path = "support/json.rs"]
mod json;
#[path = "support/trials.rs"]
mod trials;
#[path = "support/txtar.rs"]
mod txtar;

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use trials::Case;
use txtar::{Content, Files};

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/appsets");
    let mut archives: Vec<PathBuf> = walkdir::WalkDir::new(&root)
        .into_iter()
        .filter_map(|entry| Some(entry.ok()?.into_path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "txtar"))
        .collect();
    archives.sort();
    let mut cases: Vec<Case> = archives.iter().map(|path| probe(&root, path)).collect();
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_dir());
    match (folder("BILLHOOK_CORPUS"), folder("BILLHOOK_GOLDEN")) {
        (Some(corpus), Some(golden)) => cases.extend(sets_of_others(&corpus, &golden.join("appsets-corpus"))),
        _ => cases.push(Case {
            name: "appsets-corpus".to_owned(),
            missing: vec!["BILLHOOK_CORPUS and BILLHOOK_GOLDEN"],
            run: Box::new(|| Ok(Vec::new())),
        }),
    }
    trials::run("appsets", cases, "there are no archives")
}

fn probe(root: &Path, archive: &Path) -> Case {
    let files =
        fs::read_to_string(archive).map_err(|error| error.to_string()).and_then(|text| txtar::unpack(&text));
    let files = files.unwrap_or_else(|error| panic!("{}: {error}", archive.display()));
    let expected = text(&files, "expected.json").and_then(|text| json::parse(text).ok());
    let expected = expected.unwrap_or_else(|| panic!("{}: no expected.json", archive.display()));
    let name = archive.strip_prefix(root).expect("below the root").with_extension("");
    let name = format!("appsets/{}", name.display());
    Case { name, missing: Vec::new(), run: Box::new(move || probed(&files, &expected)) }
}

fn probed(files: &Files, expected: &json::Json) -> Result<Vec<String>, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let (tree, scratch) = (folder.path().join("tree"), folder.path().join("scratch"));
    for path in [&tree, &scratch] {
        fs::create_dir(path).map_err(|error| error.to_string())?;
    }
    txtar::to_disk(files, &tree).map_err(|error| error.to_string())?;
    let case = case_of(files, &tree).map_err(|error| error.to_string())?;
    appsets::differences(expected, &case.run(&scratch)?)
}

fn text<'f>(files: &'f Files, path: &str) -> Option<&'f str> {
    match files.get(path)? {
        Content::File(bytes) => std::str::from_utf8(bytes).ok(),
        Content::Link(_) => None,
    }
}

/// A case whose files lie in `tree`.
fn case_of(files: &Files, tree: &Path) -> Result<appsets::Case, String> {
    let yaml = |path: &str| text(files, path).map(appsets::read_yaml).transpose();
    let options = yaml("case.yaml")?.unwrap_or_default();
    let mut repositories = BTreeMap::from([("https://git.example/repo.git".to_owned(), tree.join("repo"))]);
    fs::create_dir_all(tree.join("repo")).map_err(|error| error.to_string())?;
    for other in fs::read_dir(tree.join("repos")).into_iter().flatten() {
        let other = other.map_err(|error| error.to_string())?;
        let url = format!("https://git.example/{}.git", other.file_name().display());
        repositories.insert(url, other.path());
    }
    for (path, target) in options["symlinks"].as_object().into_iter().flatten() {
        let target = target.as_str().ok_or("a link has a target")?;
        let path = tree.join("repo").join(path);
        fs::create_dir_all(path.parent().ok_or("a link has a folder")?).map_err(|error| error.to_string())?;
        txtar::link(target, &path).map_err(|error| error.to_string())?;
    }
    Ok(appsets::Case {
        set: text(files, "applicationset.yaml").unwrap_or_default().to_owned(),
        clusters: yaml("clusters.yaml")?.unwrap_or_default(),
        answers: yaml("external.yaml")?,
        repositories,
        options,
    })
}

fn lines_of(path: &Path) -> Vec<String> {
    let mut text = String::new();
    let file = fs::File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    MultiGzDecoder::new(file).read_to_string(&mut text).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    text.lines().map(str::to_owned).collect()
}

fn sets_of_others(corpus: &Path, golden: &Path) -> Vec<Case> {
    let by_id = |path: &str, key: &str| -> BTreeMap<String, String> {
        let lines = lines_of(&golden.join(path)).into_iter().map(|line| {
            let json: Value = serde_json::from_str(&line).expect("a record is JSON");
            (json["id"].as_str().expect("a record has an id").to_owned(), json[key].to_string())
        });
        lines.collect()
    };
    let inputs = by_id("inputs.ndjson.gz", "applicationset");
    let records: BTreeMap<String, json::Json> = lines_of(&golden.join("expected.ndjson.gz"))
        .into_iter()
        .map(|line| {
            let record = json::parse(&line).expect("a record is JSON");
            (record.get("id").text().expect("a record has an id").to_owned(), record.get("expected").clone())
        })
        .collect();
    let list = fs::read_to_string(golden.join("cases.jsonl")).expect("the list of cases");
    let mut clusters: HashMap<String, Value> = HashMap::new();
    list.lines()
        .map(|line| {
            let case: Value = serde_json::from_str(line).expect("a case is JSON");
            let id = case["id"].as_str().expect("a case has an id").to_owned();
            let file = case["clusters"].as_str().unwrap_or_default().to_owned();
            let clusters = clusters.entry(file).or_insert_with_key(|file| {
                let text = fs::read_to_string(golden.join(file)).unwrap_or_default();
                appsets::read_yaml(&text).expect("clusters are YAML")
            });
            let folders = case["repositories"].as_object().into_iter().flatten();
            let repositories = folders
                .map(|(url, folder)| {
                    (url.clone(), corpus.join(folder.as_str().expect("a repository is a folder")))
                })
                .collect();
            let input = appsets::Case {
                set: inputs[&id].clone(),
                options: serde_json::json!({"projects": case["projects"]}),
                clusters: clusters.clone(),
                answers: None,
                repositories,
            };
            let expected = records[&id].clone();
            let run = move || {
                let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
                appsets::differences(&expected, &input.run(scratch.path())?)
            };
            Case { name: format!("appsets-corpus/{id}"), missing: Vec::new(), run: Box::new(run) }
        })
        .collect()
}
