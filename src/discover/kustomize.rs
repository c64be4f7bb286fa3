use crate::files::{Entry, Path, Tree};
use crate::render::{Documents, clean, is_kustomization, join};
use crate::yaml::Node;
use hashbrown::{HashMap, HashSet};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Fields of a kustomization by which it changes the resources it names.
const CHANGING: &[&str] = &[
    "patches",
    "patchesStrategicMerge",
    "patchesJson6902",
    "namePrefix",
    "nameSuffix",
    "namespace",
    "commonLabels",
    "labels",
    "commonAnnotations",
    "images",
    "replicas",
    "replacements",
    "vars",
    "transformers",
    "components",
];

/// The kustomizations of a tree: what they name, and what they change.
#[derive(Debug, Default)]
pub struct Kustomizations {
    /// By folder; the file in it.
    folders: HashMap<String, Path>,
    /// Files that a kustomization lays over others, and the kustomizations themselves: no manifests.
    parts: HashSet<String>,
    /// Files and folders that some kustomization names as a resource or part.
    named: HashSet<String>,
    /// Folders of components, which are no manifests by themselves.
    components: HashSet<String>,
    /// Files whose objects some kustomization changes, and that kustomization.
    changed: HashMap<String, Path>,
    /// The files and folders that the kustomization of a folder names as resources.
    resources: HashMap<String, Vec<String>>,
}

/// Folder and name of a path.
fn parted(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// One kustomization, as far as it names files.
struct Written {
    path: Path,
    component: bool,
    changes: bool,
    resources: Vec<String>,
    parts: Vec<String>,
}

impl Kustomizations {
    /// Reads every kustomization of the tree.
    pub(super) fn read(tree: &Tree, documents: &Documents) -> Self {
        let mut all: BTreeMap<String, Written> = BTreeMap::new();
        let mut found = Self::default();
        let is_one = |entry: &&Entry| is_kustomization(parted(&entry.path).1);
        let read = |entry: &Entry| {
            let dir = parted(&entry.path).0;
            (entry.path.clone(), dir.to_owned(), written(documents, &entry.path, dir))
        };
        let kustomizations: Vec<_> = tree.entries().par_iter().filter(is_one).map(read).collect();
        for (path, dir, written) in kustomizations {
            found.parts.insert(path.to_string());
            found.folders.insert(dir.clone(), path);
            let Some(written) = written else { continue };
            if written.component {
                found.components.insert(dir.clone());
            }
            found.parts.extend(written.parts.iter().cloned());
            found.named.extend(written.parts.iter().chain(&written.resources).cloned());
            all.insert(dir, written);
        }
        for written in all.values().filter(|written| written.changes) {
            found.spread(written, &all);
        }
        found.resources = all.into_iter().map(|(dir, written)| (dir, written.resources)).collect();
        found
    }

    /// Marks every file that a changing kustomization reaches.
    fn spread(&mut self, from: &Written, all: &BTreeMap<String, Written>) {
        let mut open: Vec<&str> = from.resources.iter().map(String::as_str).collect();
        let mut seen: HashSet<&str> = HashSet::new();
        while let Some(resource) = open.pop() {
            if !seen.insert(resource) {
                continue;
            }
            match all.get(resource) {
                Some(base) => open.extend(base.resources.iter().map(String::as_str)),
                None => {
                    self.changed.entry(resource.to_owned()).or_insert_with(|| from.path.clone());
                }
            }
        }
    }

    /// Whether a file is a kustomization, or something that one lays over its resources.
    pub fn is_part(&self, path: &str) -> bool {
        self.parts.contains(path)
    }

    /// The parts, in no order.
    pub(super) fn parts(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().map(String::as_str)
    }

    /// The folders of kustomizations, in no order.
    pub fn folders(&self) -> impl Iterator<Item = &str> {
        self.folders.keys().map(String::as_str)
    }

    /// The folders of kustomizations that no other one names, by path: what somebody builds.
    pub fn outermost(&self) -> Vec<&str> {
        let inner = |dir: &&str| self.named.contains(*dir) || self.components.contains(*dir);
        let mut folders: Vec<&str> = self.folders().filter(|dir| !inner(dir)).collect();
        folders.sort_unstable();
        folders
    }

    /// The files that the kustomization in this folder takes as resources, directly or not, in no order.
    pub fn reached(&self, dir: &str) -> HashSet<&str> {
        let mut open: Vec<&str> = self.resources.get(dir).into_iter().flatten().map(String::as_str).collect();
        let mut seen: HashSet<&str> = HashSet::new();
        while let Some(resource) = open.pop() {
            if seen.insert(resource) {
                open.extend(self.resources.get(resource).into_iter().flatten().map(String::as_str));
            }
        }
        seen
    }

    /// Whether a kustomization lies in this very folder.
    pub fn is_folder(&self, dir: &str) -> bool {
        self.folders.contains_key(dir)
    }

    /// The files and folders that the kustomization of this folder names as resources.
    pub fn resources(&self, dir: &str) -> impl Iterator<Item = &str> {
        self.resources.get(dir).into_iter().flatten().map(String::as_str)
    }

    /// Whether some kustomization names this file, so that Kustomize reads it.
    pub fn names(&self, path: &str) -> bool {
        self.named.contains(path)
    }

    /// The kustomization that changes the objects of this file.
    pub fn changing(&self, path: &str) -> Option<&Path> {
        self.changed.get(path)
    }

    /// The nearest kustomization beside or above this file.
    pub fn above(&self, path: &str) -> Option<&Path> {
        let mut dir = path;
        while let Some((parent, _)) = dir.rsplit_once('/') {
            if let Some(found) = self.folders.get(parent) {
                return Some(found);
            }
            dir = parent;
        }
        self.folders.get("")
    }
}

fn written(documents: &Documents, path: &Path, dir: &str) -> Option<Written> {
    let file = documents.single(path).ok()?;
    let root = file.documents().first()?.root().ok()?;
    let node = file.node(root);
    let list = |key: &str| node.get(key).into_iter().flat_map(|list| list.items());
    let within = |relative: &str| clean(&join(dir, relative)).map(|path| path.to_string());
    let texts = |keys: &'static [&'static str]| {
        keys.iter().flat_map(move |key| list(key)).filter_map(|entry| entry.as_str())
    };
    let named = ["patches", "patchesJson6902", "replacements"].into_iter().flat_map(list);
    let named = named.filter_map(|patch| patch.get("path")?.as_str());
    let parts =
        texts(&["patchesStrategicMerge", "transformers", "generators", "configurations"]).chain(named);
    let is_set = |key: &str| node.get(key).is_some_and(says_something);
    Some(Written {
        path: path.clone(),
        component: node.get("kind").and_then(|kind| kind.as_str()) == Some("Component"),
        changes: CHANGING.iter().any(|key| is_set(key)),
        resources: texts(&["resources", "bases", "components", "crds"]).filter_map(within).collect(),
        parts: parts.filter_map(within).collect(),
    })
}

fn says_something(value: Node<'_>) -> bool {
    !value.is_null()
        && value.as_str() != Some("")
        && !((value.is_seq() || value.is_map()) && value.is_empty())
}
