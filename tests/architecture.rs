//! The floors of the house: rooms import down, never up or sideways.
#![allow(clippy::disallowed_methods, reason = "tests read files")]

use std::fs;
use std::path::{Path, PathBuf};

/// Rooms by floor, from the ground up; rooms of one floor do not know each other, except where `NEIGHBOURS` says so.
const FLOORS: &[&[&str]] = &[
    &["files"],
    &["yaml", "glob", "gotemplate"],
    &["model", "finding"],
    &["render"],
    &["discover"],
    &["appset"],
    &["inventory"],
    &["forecast", "config"],
    &["rules"],
    &["report", "fix"],
    &["cli"],
];

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("a source folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The rooms that a text names behind `crate::`.
fn named(text: &str) -> Vec<String> {
    let word = |rest: &str| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut rooms = Vec::new();
    for line in code {
        rooms.extend(line.match_indices("crate::").map(|(at, found)| word(&line[at + found.len()..])));
    }
    rooms
}

#[test]
fn imports_go_down() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut wrong = Vec::new();
    for file in files {
        let inside = file.strip_prefix(&root).expect("a file below src");
        let room = inside.components().next().expect("a name").as_os_str().to_string_lossy().into_owned();
        if inside.components().count() == 1 {
            continue; // main.rs and lib.rs
        }
        let Some(own) = floor(&room) else {
            wrong.push(format!("{room} stands on no floor"));
            continue;
        };
        let text = fs::read_to_string(&file).expect("a source file");
        for other in named(&text) {
            let allowed = other == room || floor(&other).is_some_and(|floor| floor < own);
            if !allowed {
                wrong.push(format!("{} imports {other}", inside.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn unsafe_code_stands_in_one_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let allowed: Vec<_> = files
        .iter()
        .filter(|file| fs::read_to_string(file).expect("a source file").contains("allow(unsafe_code)"))
        .map(|file| file.strip_prefix(&root).expect("a file below src").to_string_lossy().into_owned())
        .collect();
    assert_eq!(allowed, ["yaml/libyaml.rs"]);
}
