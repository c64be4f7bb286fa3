//! `billhook render --application` against Argo CD on repositories of others, which are not part of this one.
//!
//! `BILLHOOK_CORPUS` names the folder of the repositories, `BILLHOOK_GOLDEN` the one that holds what was recorded
//! (`corpus/cases.jsonl`, `corpus/*.ndjson.gz`). Without them there is one test, ignored, that says so.
#![allow(clippy::disallowed_methods, reason = "tests read files and the environment")]

#[path = "support/compare.rs"]
mod compare;
#[path = "support/json.rs"]
mod json;
#[path = "support/render.rs"]
mod render;
#[path = "support/trials.rs"]
mod trials;

use flate2::read::MultiGzDecoder;
use render::Request;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use trials::Case;

fn main() -> ExitCode {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_dir());
    let cases = match (folder("BILLHOOK_CORPUS"), folder("BILLHOOK_GOLDEN")) {
        (Some(corpus), Some(golden)) => cases(&corpus, &golden.join("corpus")),
        _ => Vec::new(),
    };
    trials::run("corpus", cases, "BILLHOOK_CORPUS and BILLHOOK_GOLDEN do not name folders")
}

fn cases(corpus: &Path, golden: &Path) -> Vec<Case> {
    let mut records = records(golden);
    let text = fs::read_to_string(golden.join("cases.jsonl")).expect("the list of cases");
    text.lines()
        .map(|line| {
            let case: Value = serde_json::from_str(line).expect("a case is JSON");
            let id = case["id"].as_str().expect("a case has an id").to_owned();
            let record = records.remove(&id).unwrap_or_else(|| panic!("{id} was not recorded"));
            let expected = json::parse(&record).unwrap_or_else(|error| panic!("{id}: {error}"));
            let request = request(corpus, &case, &record);
            let missing = render::missing_tools(&expected, &request.settings);
            let run = move || {
                let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
                Ok(compare::differences(&expected, &request.ask(scratch.path())?))
            };
            Case { name: format!("corpus/{id}"), missing, run: Box::new(run) }
        })
        .collect()
}

/// The records by id, as text.
fn records(golden: &Path) -> BTreeMap<String, String> {
    let mut records = BTreeMap::new();
    for entry in fs::read_dir(golden).expect("the records") {
        let path = entry.expect("the records").path();
        if path.extension().is_none_or(|extension| extension != "gz") {
            continue;
        }
        let mut text = String::new();
        let file = fs::File::open(&path).expect("the records");
        MultiGzDecoder::new(file)
            .read_to_string(&mut text)
            .unwrap_or_else(|error| panic!("{path:?}: {error}"));
        for line in text.lines() {
            let record = json::parse(line).unwrap_or_else(|error| panic!("{path:?}: {error}"));
            let id = record.get("id").text().expect("a record has an id").to_owned();
            records.insert(id, line.to_owned());
        }
    }
    records
}

fn request(corpus: &Path, case: &Value, record: &str) -> Request {
    #[derive(serde::Deserialize)]
    struct Kinds {
        #[serde(default)]
        kinds: Vec<Value>,
    }
    let repositories = case["repositories"].as_object().into_iter().flatten();
    let settings = &case["settings"];
    Request {
        application: case["application"].to_string(),
        repositories: repositories
            .map(|(url, folder)| (url.clone(), corpus.join(folder.as_str().expect("a folder"))))
            .collect(),
        settings: if settings.is_null() { String::new() } else { settings.to_string() },
        kinds: serde_json::from_str::<Kinds>(record).map(|record| record.kinds).unwrap_or_default(),
        kubernetes: None,
    }
}
