//! A folder as one text file, so that a case can be read and reviewed as a whole.
//!
//! ```text
//! Anything before the first header is a comment.
//! -- repo/app/a.yaml --
//! kind: ConfigMap
//! -- repo/app/b.yaml no-newline --
//! its last line has no newline
//! -- repo/app/c.bin base64 --
//! /wA=
//! -- repo/app/link link --
//! ../shared/a.yaml
//! ```
//!
//! Lines end in a newline alone; whatever else a file holds, carriage returns too, stands there as it is.

#![allow(dead_code, reason = "each test binary uses its part")]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// What a path holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    File(Vec<u8>),
    /// A symbolic link and its target.
    Link(String),
}

/// Files and links by path.
pub type Files = BTreeMap<String, Content>;

/// The words that may stand behind a path.
const WORDS: [&str; 3] = ["no-newline", "base64", "link"];

/// How many characters of base64 stand on a line.
const WIDTH: usize = 100;

/// Writes files as one text, sorted by path. An error names the path that cannot stand in a header.
pub fn pack(files: &Files) -> Result<String, String> {
    let mut archive = String::new();
    for (path, content) in files {
        if path.contains('\n')
            || path.trim() != path
            || WORDS.iter().any(|word| path.ends_with(&format!(" {word}")))
        {
            return Err(format!("a header cannot hold the path {path:?}"));
        }
        let (word, text) = match content {
            Content::Link(target) => (" link", format!("{target}\n")),
            Content::File(bytes) => body(bytes),
        };
        archive += &format!("-- {path}{word} --\n{text}");
    }
    Ok(archive)
}

fn body(bytes: &[u8]) -> (&'static str, String) {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.lines().any(|line| header(line).is_some()) => (),
        Ok(text) if text.is_empty() || text.ends_with('\n') => return ("", text.to_owned()),
        Ok(text) => return (" no-newline", format!("{text}\n")),
        Err(_) => (),
    }
    let encoded = STANDARD.encode(bytes);
    let lines =
        encoded.as_bytes().chunks(WIDTH).map(|line| String::from_utf8_lossy(line).into_owned() + "\n");
    (" base64", lines.collect())
}

/// Reads what [`pack`] wrote.
pub fn unpack(archive: &str) -> Result<Files, String> {
    let mut files = Files::new();
    let mut open: Option<(&str, &str)> = None;
    let mut text = String::new();
    for line in archive.split_inclusive('\n') {
        let Some(next) = line.strip_suffix('\n').and_then(header) else {
            text += line;
            continue;
        };
        close(&mut files, open.replace(next), &mut text)?;
    }
    close(&mut files, open, &mut text)?;
    Ok(files)
}

fn close(files: &mut Files, header: Option<(&str, &str)>, text: &mut String) -> Result<(), String> {
    let text = std::mem::take(text);
    let Some((path, word)) = header else { return Ok(()) };
    let line = || text.strip_suffix('\n').map(str::to_owned).ok_or(format!("{path} does not end"));
    let content = match word {
        "no-newline" => Content::File(line()?.into_bytes()),
        "link" => Content::Link(line()?),
        "base64" => {
            let encoded: String = text.lines().collect();
            Content::File(STANDARD.decode(encoded).map_err(|error| format!("{path}: {error}"))?)
        }
        _ => Content::File(text.into_bytes()),
    };
    match files.insert(path.to_owned(), content) {
        Some(_) => Err(format!("{path} stands there twice")),
        None => Ok(()),
    }
}

/// Path and word of a header.
fn header(line: &str) -> Option<(&str, &str)> {
    let inside = line.strip_prefix("-- ")?.strip_suffix(" --")?;
    match inside.rsplit_once(' ') {
        Some((path, word)) if WORDS.contains(&word) => Some((path, word)),
        _ if inside.is_empty() => None,
        _ => Some((inside, "")),
    }
}

/// Everything below a folder.
pub fn from_disk(root: &Path) -> Result<Files, String> {
    let mut files = Files::new();
    for entry in walkdir::WalkDir::new(root).min_depth(1) {
        let entry = entry.map_err(|error| error.to_string())?;
        let at = |error: std::io::Error| format!("{}: {error}", entry.path().display());
        let content = if entry.file_type().is_symlink() {
            let target = fs::read_link(entry.path()).map_err(at)?;
            Content::Link(target.to_str().ok_or("a link whose target is not UTF-8")?.to_owned())
        } else if entry.file_type().is_file() {
            Content::File(fs::read(entry.path()).map_err(at)?)
        } else {
            continue;
        };
        let path = entry.path().strip_prefix(root).map_err(|error| error.to_string())?;
        files.insert(path.to_str().ok_or(format!("{path:?} is not UTF-8"))?.to_owned(), content);
    }
    Ok(files)
}

/// Writes the files into a folder that is there.
pub fn to_disk(files: &Files, root: &Path) -> std::io::Result<()> {
    for (path, content) in files {
        let file = root.join(path);
        fs::create_dir_all(file.parent().unwrap_or(root))?;
        match content {
            Content::File(bytes) => fs::write(file, bytes)?,
            Content::Link(target) => link(target, &file)?,
        }
    }
    Ok(())
}

/// Makes a symbolic link.
pub fn link(target: &str, link: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::symlink(target, link);
    #[cfg(windows)]
    return std::os::windows::fs::symlink_file(target, link);
}
