use super::engine::Failure;
use super::path::{clean, join};
use crate::files::{EntryKind, Path, Tree};
use crate::model::{Problem, ProblemKind};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

/// Which entries of a tree a render reads: they alone are written out, and they alone decide what is cached.
pub(super) struct Selection {
    tree: Arc<Tree>,
    entries: BTreeMap<Path, EntryKind>,
    seen: BTreeSet<String>,
    digest: OnceLock<Result<blake3::Hash, Failure>>,
    says_capabilities: OnceLock<bool>,
}

impl Selection {
    /// Nothing of this tree.
    pub(super) fn new(tree: &Arc<Tree>) -> Self {
        Self {
            tree: Arc::clone(tree),
            entries: BTreeMap::new(),
            seen: BTreeSet::new(),
            digest: OnceLock::new(),
            says_capabilities: OnceLock::new(),
        }
    }

    /// The tree.
    pub(super) fn tree(&self) -> &Arc<Tree> {
        &self.tree
    }

    /// The paths of the entries, in order.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&Path, &EntryKind)> {
        self.entries.iter()
    }

    /// The paths of the regular files among them.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        self.entries.iter().filter(|(_, kind)| matches!(kind, EntryKind::File(_))).map(|(path, _)| path)
    }

    /// Adds what stands at `path`, a folder with everything in it, and every link on the way and where it leads.
    ///
    /// What is missing adds nothing. A link that leaves the tree is refused, whatever Argo CD is set up to allow.
    pub(super) fn add(&mut self, path: &str) -> Result<(), Problem> {
        let mut open = vec![path.to_owned()];
        while let Some(path) = open.pop() {
            if self.seen.insert(path.clone()) {
                self.step(&path, &mut open)?;
            }
        }
        Ok(())
    }

    /// Adds what stands at each of these.
    pub(super) fn add_all(&mut self, paths: &[String]) -> Result<(), Problem> {
        paths.iter().try_for_each(|path| self.add(path))
    }

    /// The hash of the paths and contents of the entries.
    pub(super) fn digest(&self) -> Result<blake3::Hash, Failure> {
        self.digest.get_or_init(|| self.hash()).clone()
    }

    fn hash(&self) -> Result<blake3::Hash, Failure> {
        let mut hasher = blake3::Hasher::new();
        let mut add = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        for (path, kind) in &self.entries {
            add(path.as_bytes());
            match kind {
                EntryKind::File(_) => {
                    let digest = self.tree.digest(path).map_err(|error| Failure::broken(&error))?;
                    add(b"file");
                    add(digest.as_bytes());
                }
                EntryKind::Link(target) => {
                    add(b"link");
                    add(target.as_bytes());
                }
                EntryKind::Submodule => add(b"submodule"),
            }
        }
        Ok(hasher.finalize())
    }

    /// Whether a file among the entries says `Capabilities`, or is an archive, which may.
    pub(super) fn says_capabilities(&self) -> bool {
        let says = |path: &Path| {
            path.ends_with(".tgz") || self.tree.read(path).is_ok_and(|bytes| says_capabilities(&bytes))
        };
        *self.says_capabilities.get_or_init(|| self.entries.keys().any(says))
    }

    fn step(&mut self, path: &str, open: &mut Vec<String>) -> Result<(), Problem> {
        let tree = Arc::clone(&self.tree);
        let mut at = String::new();
        let mut rest = path.split('/').filter(|name| !name.is_empty());
        while let Some(name) = rest.next() {
            let parent = std::mem::take(&mut at);
            at = join(&parent, name);
            let Some(entry) = tree.entry(&at) else { continue };
            if let EntryKind::Link(target) = &entry.kind {
                self.entries.insert(entry.path.clone(), entry.kind.clone());
                let target = if target.starts_with('/') { None } else { clean(&join(&parent, target)) };
                let Some(target) = target else { return Err(leaves(&at)) };
                let behind: Vec<&str> = rest.collect();
                open.push(join(&target, &behind.join("/")).trim_end_matches('/').to_owned());
                return Ok(());
            }
        }
        for entry in tree.below(&at) {
            match &entry.kind {
                EntryKind::File(_) => {}
                EntryKind::Link(_) => open.push(entry.path.to_string()),
                EntryKind::Submodule => return Err(submodule(&entry.path)),
            }
            self.entries.insert(entry.path.clone(), entry.kind.clone());
        }
        Ok(())
    }
}

/// Whether a text asks what the cluster serves.
pub(super) fn says_capabilities(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, b"Capabilities").is_some()
}

fn leaves(path: &str) -> Problem {
    let message = format!("the symbolic link `{path}` leaves the repository and is not followed");
    Problem::unknown(ProblemKind::LinkOutOfBounds, message).help("put what it points to into the repository")
}

fn submodule(path: &str) -> Problem {
    let message = format!("`{path}` is a submodule, which is not here");
    Problem::unknown(ProblemKind::RepositoryUnknown, message)
}
