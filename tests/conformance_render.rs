//! `billhook render --application` against Argo CD: one archive below `tests/conformance/render` a case.
//!
//! `cargo test --test conformance_render [NAME]`; cases that need helm or kustomize are ignored where these are not
//! on PATH, and fail with `BILLHOOK_REQUIRE_TOOLS=1`.
#![allow(clippy::disallowed_methods, reason = "tests read files and the environment")]

#[path = "support/compare.rs"]
mod compare;
#[path = "support/json.rs"]
mod json;
#[path = "support/render.rs"]
mod render;
#[path = "support/trials.rs"]
mod trials;
#[path = "support/txtar.rs"]
mod txtar;

use render::Request;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use trials::Case;
use txtar::{Content, Files};

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/render");
    let mut archives: Vec<PathBuf> = walkdir::WalkDir::new(&root)
        .into_iter()
        .filter_map(|entry| Some(entry.ok()?.into_path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "txtar"))
        .collect();
    archives.sort();
    let cases = archives.iter().map(|path| case(&root, path)).collect();
    trials::run("render", cases, "there are no archives")
}

fn case(root: &Path, archive: &Path) -> Case {
    let files =
        fs::read_to_string(archive).map_err(|error| error.to_string()).and_then(|text| txtar::unpack(&text));
    let files = files.unwrap_or_else(|error| panic!("{}: {error}", archive.display()));
    let expected = text(&files, "expected.json").and_then(|text| json::parse(text).ok());
    let expected = expected.unwrap_or_else(|| panic!("{}: no expected.json", archive.display()));
    let missing = render::missing_tools(&expected, text(&files, "argocd-cm.yaml").unwrap_or_default());
    let name = archive.strip_prefix(root).expect("below the root").with_extension("");
    let name = format!("render/{}", name.display());
    Case { name, missing, run: Box::new(move || Ok(compare::differences(&expected, &answer(&files)?))) }
}

fn answer(files: &Files) -> Result<Vec<json::Json>, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let (tree, scratch) = (folder.path().join("tree"), folder.path().join("scratch"));
    make_tree(files, &tree).map_err(|error| error.to_string())?;
    fs::create_dir(&scratch).map_err(|error| error.to_string())?;
    let mut repositories = vec![("https://git.example/repo.git".to_owned(), tree.join("repo"))];
    for other in fs::read_dir(tree.join("repos")).into_iter().flatten() {
        let other = other.map_err(|error| error.to_string())?;
        let url = format!("https://git.example/{}.git", other.file_name().display());
        repositories.push((url, other.path()));
    }
    let cluster = render::yaml(text(files, "cluster.yaml").unwrap_or_default());
    let request = Request {
        application: text(files, "application.yaml").ok_or("there is no application.yaml")?.to_owned(),
        repositories,
        settings: text(files, "argocd-cm.yaml").unwrap_or_default().to_owned(),
        kinds: cluster["kinds"].as_array().cloned().unwrap_or_default(),
        kubernetes: cluster["kubernetes"].as_str().map(str::to_owned),
    };
    request.ask(&scratch)
}

/// The files of the case, and what `tree.yaml` says that git should not carry: links and large files.
fn make_tree(files: &Files, tree: &Path) -> std::io::Result<()> {
    fs::create_dir_all(tree.join("repo"))?;
    txtar::to_disk(files, tree)?;
    let entries = render::yaml(text(files, "tree.yaml").unwrap_or_default());
    for entry in entries.as_array().into_iter().flatten() {
        let path = tree.join(entry["path"].as_str().expect("an entry has a path"));
        fs::create_dir_all(path.parent().expect("a folder"))?;
        match (entry["link"].as_str(), entry["size"].as_u64()) {
            (Some(target), _) => txtar::link(target, &path)?,
            (None, Some(size)) => {
                fs::write(&path, filled(entry["head"].as_str().unwrap_or_default(), size as usize))?
            }
            (None, None) => panic!("an entry of tree.yaml is neither a link nor has a size: {entry}"),
        }
    }
    Ok(())
}

/// `head`, and comment lines up to exactly `size` bytes.
fn filled(head: &str, size: usize) -> String {
    let line = format!("#{}\n", "x".repeat(78));
    let rest = size - head.len();
    let mut text = head.to_owned() + &line.repeat(rest / line.len());
    text.extend(std::iter::repeat_n('#', size - text.len()));
    text
}

fn text<'a>(files: &'a Files, path: &str) -> Option<&'a str> {
    match files.get(path)? {
        Content::File(bytes) => std::str::from_utf8(bytes).ok(),
        Content::Link(_) => None,
    }
}
