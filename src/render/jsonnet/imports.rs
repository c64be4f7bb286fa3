//! Which file an import names: go-jsonnet's search, confined to the tree as Argo CD confines it.

use super::{Error, ErrorKind};
use crate::files::{EntryKind, Path, Tree};
use crate::render::path::clean;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The library paths of a source: the app path, then `libs`, which are relative to the tree's root.
///
/// A library that does not exist is none. Follows `makeJsonnetVM` of `reposerver/repository/repository.go`.
///
/// # Errors
/// [`ErrorKind::Refused`] when a library leaves the tree, by its text or by a link.
pub fn library_paths(tree: &Tree, app_path: &str, libs: &[String]) -> Result<Vec<Path>, Error> {
    let mut paths: Vec<Path> = vec![app_path.into()];
    for lib in libs {
        let inside = join("", lib).and_then(|path| match tree.resolve(&path) {
            Ok(Some(real)) => Some(real),
            Ok(None) => Some(path),
            Err(_) => None,
        });
        paths.push(inside.ok_or_else(|| refused(format!("the library path `{lib}` leaves the repository")))?);
    }
    Ok(paths)
}

fn refused(message: String) -> Error {
    Error { kind: ErrorKind::Refused, message, location: None, trace: Vec::new() }
}

/// Why an import gives no file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub message: String,
    /// Whether it would have left the tree.
    pub leaves: bool,
}

/// Answers the imports of one evaluation and keeps account of them.
pub(super) struct Imports<'t> {
    tree: &'t Tree,
    entry: &'t str,
    lib_paths: &'t [Path],
    pub read: BTreeSet<Path>,
    pub absent: BTreeSet<Path>,
}

/// The path at which an import was found, and what stands there.
type Found = (String, Arc<[u8]>);

/// What stands at a candidate path.
enum Candidate {
    Nothing,
    Outside,
    File(Path),
    Other(&'static str),
}

impl<'t> Imports<'t> {
    pub(super) fn new(tree: &'t Tree, entry: &'t str, lib_paths: &'t [Path]) -> Self {
        Self { tree, entry, lib_paths, read: BTreeSet::new(), absent: BTreeSet::new() }
    }

    /// The path at which `import` in the file `from` was found, and the file's bytes.
    ///
    /// The path is the one written, links not followed: imports in that file start from there.
    /// Without `from` it is the entry file, or code given as an argument, which has no directory of its own.
    pub(super) fn find(&mut self, from: Option<&str>, import: &str) -> Result<Found, Refusal> {
        if from.is_none() && import == self.entry {
            return self.try_path(import, import)?.ok_or_else(|| not_found(import));
        }
        if import.starts_with('/') {
            return Err(outside(import));
        }
        let tree_paths = self.lib_paths;
        let own = from.map(|from| from.rsplit_once('/').map_or("", |(dir, _)| dir));
        let mut left = false;
        for dir in own.into_iter().chain(tree_paths.iter().rev().map(AsRef::as_ref)) {
            let Some(path) = join(dir, import) else {
                left = true;
                continue;
            };
            if let Some(found) = self.try_path(&path, import)? {
                return Ok(found);
            }
        }
        Err(if left { outside(import) } else { not_found(import) })
    }

    fn try_path(&mut self, path: &str, import: &str) -> Result<Option<Found>, Refusal> {
        match self.candidate(path) {
            Candidate::Nothing => {
                self.absent.insert(path.into());
                Ok(None)
            }
            Candidate::Outside => Err(outside(import)),
            Candidate::Other(what) => Err(refusal(format!("cannot import `{import}`: `{path}` is {what}"))),
            Candidate::File(real) => {
                let bytes = self.tree.read(&real);
                let bytes = bytes.map_err(|error| refusal(format!("cannot import `{import}`: {error}")))?;
                self.read.insert(real);
                Ok(Some((path.to_owned(), bytes)))
            }
        }
    }

    /// Looks at `path` as `lstat` would, then follows it.
    fn candidate(&self, path: &str) -> Candidate {
        let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
        let dir = match self.tree.resolve(dir) {
            Ok(Some(dir)) => dir,
            Ok(None) => return Candidate::Nothing,
            Err(_) => return Candidate::Outside,
        };
        if self.tree.entry(&dir).is_some() {
            return Candidate::Other("below a file");
        }
        let stands = if dir.is_empty() { name.to_owned() } else { format!("{dir}/{name}") };
        match self.tree.entry(&stands).map(|entry| &entry.kind) {
            Some(EntryKind::File(_)) => Candidate::File(stands.into()),
            Some(EntryKind::Submodule) => Candidate::Other("a submodule"),
            Some(EntryKind::Link(_)) => match self.tree.resolve(&stands) {
                Err(_) => Candidate::Outside,
                Ok(None) => Candidate::Other("a link to nothing"),
                Ok(Some(real)) => match self.tree.entry(&real).map(|entry| &entry.kind) {
                    Some(EntryKind::File(_)) => Candidate::File(real),
                    _ => Candidate::Other("a directory"),
                },
            },
            None if self.tree.is_dir(&stands) => Candidate::Other("a directory"),
            None => Candidate::Nothing,
        }
    }
}

fn refusal(message: String) -> Refusal {
    Refusal { message, leaves: false }
}

fn not_found(import: &str) -> Refusal {
    refusal(format!("cannot find the import `{import}`, neither beside the file nor in a library path"))
}

fn outside(import: &str) -> Refusal {
    Refusal { message: format!("the import `{import}` leaves the repository"), leaves: true }
}

/// `path` as seen from the directory `dir`; None if it leaves the root.
fn join(dir: &str, path: &str) -> Option<Path> {
    clean(&format!("{dir}/{path}"))
}
