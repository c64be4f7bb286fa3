use super::Path;
use std::sync::Arc;

/// Why a tree could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Reading failed.
    #[error("cannot read `{path}`")]
    Read {
        /// What was read.
        path: String,
        /// Why not.
        source: std::io::Error,
    },
}

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file of this many bytes.
    File(u64),
    /// A symbolic link and its target, as written.
    Link(Arc<str>),
    /// A git submodule: its content is not here.
    Submodule,
}

/// One file or link of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its path.
    pub path: Path,
    /// What it is.
    pub kind: EntryKind,
}

/// A set of files under one root: a working directory, a git revision, or memory.
///
/// Directories exist only through the files in them, as in git. Entries are in the order of Go's
/// `filepath.Walk`: names of one directory sorted bytewise, a directory's content in its place.
pub struct Tree {}

impl Tree {
    /// A tree made of texts, for tests and generated input.
    pub fn memory<P: Into<Path>, B: Into<Arc<[u8]>>>(_files: impl IntoIterator<Item = (P, B)>) -> Self {
        todo!("files")
    }
    /// Every entry, in walk order.
    pub fn entries(&self) -> &[Entry] {
        todo!("files")
    }
    /// The entry at exactly this path.
    pub fn entry(&self, _path: &str) -> Option<&Entry> {
        todo!("files")
    }
    /// The entries at or below the directory `dir` (`""` is the root), in walk order.
    pub fn below(&self, _dir: &str) -> &[Entry] {
        todo!("files")
    }
    /// Whether `dir` is a directory: the root, or a prefix of some entry's path.
    pub fn is_dir(&self, _dir: &str) -> bool {
        todo!("files")
    }
    /// Follows every symbolic link in `path` (also those higher up) inside the tree.
    ///
    /// `Ok(None)`: nothing stands there (dangling). `Err`: a link is absolute, leaves the tree, or the chain is too long.
    pub fn resolve(&self, _path: &str) -> Result<Option<Path>, Error> {
        todo!("files")
    }
    /// The bytes of the regular file at `path`; links are not followed (see [`Tree::resolve`]).
    pub fn read(&self, _path: &str) -> Result<Arc<[u8]>, Error> {
        todo!("files")
    }
}
