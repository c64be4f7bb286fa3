//! `billhook diff` against what merges really did: one archive below `tests/conformance/merges` a case.
//!
//! `cargo test --test conformance_merges [NAME]`; cases that need helm or kustomize are ignored where these are not
//! on PATH, and fail with `BILLHOOK_REQUIRE_TOOLS=1`.
#![allow(clippy::disallowed_methods, reason = "tests read files and the environment")]

#[path = "support/json.rs"]
mod json;
#[path = "support/merges.rs"]
mod merges;
#[path = "support/render.rs"]
mod render;
#[path = "support/trials.rs"]
mod trials;
#[path = "support/txtar.rs"]
mod txtar;

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use trials::Case;
use txtar::{Content, Files};

/// What two trees cannot tell of a case; cases that are not listed need nothing else.
const NEEDS: &str = include_str!("conformance/merges/needs.tsv");

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance");
    let mut cases: Vec<Case> = archives(&root.join("merges")).iter().map(|path| merge(&root, path)).collect();
    cases.extend(archives(&root.join("appsets")).iter().filter_map(|path| transition(&root, path)));
    trials::run("merges", cases, "there are no archives")
}

fn archives(root: &Path) -> Vec<PathBuf> {
    let files = walkdir::WalkDir::new(root).into_iter().filter_map(|entry| Some(entry.ok()?.into_path()));
    let mut archives: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|extension| extension == "txtar")).collect();
    archives.sort();
    archives
}

fn unpacked(root: &Path, archive: &Path) -> (String, Files) {
    let files =
        fs::read_to_string(archive).map_err(|error| error.to_string()).and_then(|text| txtar::unpack(&text));
    let files = files.unwrap_or_else(|error| panic!("{}: {error}", archive.display()));
    let name = archive.strip_prefix(root).expect("below the root").with_extension("");
    (name.display().to_string(), files)
}

/// One merge that was carried out.
fn merge(root: &Path, archive: &Path) -> Case {
    let (name, files) = unpacked(root, archive);
    let short = name.rsplit('/').next().expect("a name").to_owned();
    let expected = text(&files, "expected.json").and_then(|text| serde_json::from_str::<Value>(text).ok());
    let expected = expected.unwrap_or_else(|| panic!("{}: no expected.json", archive.display()));
    let uses = |word: &str| files.keys().any(|path| path.ends_with(word));
    let needed = [("helm", uses("Chart.yaml")), ("kustomize", uses("kustomization.yaml"))];
    let missing = needed.iter().filter(|(tool, needed)| *needed && !render::on_path(tool));
    let missing = missing.map(|(tool, _)| *tool).collect();
    let needs = needs(&short);
    let run = move || Ok(merges::differences(&expected, &needs, &answer(&short, &files)?));
    Case { name, missing, run: Box::new(run) }
}

/// What a case needs beside two trees.
fn needs(name: &str) -> Vec<String> {
    let line = NEEDS.lines().find_map(|line| line.split_once('\t').filter(|(own, _)| *own == name));
    line.map(|(_, needs)| needs.split(", ").map(str::to_owned).collect()).unwrap_or_default()
}

fn answer(name: &str, files: &Files) -> Result<Value, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let tree = folder.path().join("tree");
    fs::create_dir(&tree).map_err(|error| error.to_string())?;
    txtar::to_disk(files, &tree).map_err(|error| error.to_string())?;
    let entries = render::yaml(text(files, "tree.yaml").unwrap_or_default());
    for entry in entries.as_array().into_iter().flatten() {
        let [path, target] = ["path", "link"].map(|key| entry[key].as_str().expect("a link"));
        txtar::link(target, &tree.join(path)).map_err(|error| error.to_string())?;
    }
    let script = render::yaml(text(files, "case.yaml").unwrap_or_default());
    let before = if tree.join("mid").is_dir() { "mid" } else { "base" };
    let mut question = merges::Question::new(&tree.join(before), &tree.join("head"));
    question.repository(&format!("https://git.example/{name}.git"), &tree.join("head"));
    for (folder, url) in [
        ("repos", "https://git.example/{case}-{name}.git"),
        ("branches", "https://git.example/{case}.git@{name}"),
    ] {
        for entry in fs::read_dir(tree.join(folder)).into_iter().flatten().flatten() {
            let own = entry.file_name().to_string_lossy().into_owned();
            question.repository(&url.replace("{case}", name).replace("{name}", &own), &entry.path());
        }
    }
    question.profile(script["profile"].as_str().unwrap_or("default"));
    question.ask(folder.path())
}

/// An ApplicationSet that takes the place of another, as far as Applications go.
fn transition(root: &Path, archive: &Path) -> Option<Case> {
    let (name, files) = unpacked(root, archive);
    let expected = text(&files, "expected.json").and_then(|text| serde_json::from_str::<Value>(text).ok())?;
    if expected["transition"].is_null() || text(&files, "previous.yaml").is_none() {
        return None;
    }
    let name = name.replace("appsets/", "merges/appsets/");
    let run = move || {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        merges::transition(
            &expected,
            &|path| text(&files, path).map(str::to_owned),
            &files_of(&files),
            folder.path(),
        )
    };
    Some(Case { name, missing: Vec::new(), run: Box::new(run) })
}

/// The files of the case's repositories.
fn files_of(files: &Files) -> Vec<(String, Vec<u8>)> {
    let inside = |path: &&String| path.starts_with("repo/") || path.starts_with("repos/");
    files
        .iter()
        .filter(|(path, _)| inside(path))
        .filter_map(|(path, content)| match content {
            Content::File(bytes) => Some((path.clone(), bytes.clone())),
            Content::Link(_) => None,
        })
        .collect()
}

fn text<'a>(files: &'a Files, path: &str) -> Option<&'a str> {
    match files.get(path)? {
        Content::File(bytes) => std::str::from_utf8(bytes).ok(),
        Content::Link(_) => None,
    }
}
