use super::engine::select_chart;
use super::kustomize::Graph;
use super::once::Once;
use super::selection::Selection;
use crate::files::{self, Contents, Path, Tree};
use crate::model::Problem;
use crate::yaml::{self, Decoded, File};
use hashbrown::{Equivalent, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, OnceLock};

const SHARDS: usize = 16;

/// The files of one tree, each read and parsed at most once, and what renderers read of them; shared between threads.
pub struct Documents {
    tree: Arc<Tree>,
    /// Documents of a tree that has most files in common.
    twin: Option<Arc<Documents>>,
    hasher: RandomState,
    shards: [Mutex<HashMap<Key, Arc<Parsed>>>; SHARDS],
    /// Whether the twin has the same names, with whatever content.
    same_names: OnceLock<bool>,
    /// By folder of the chart, None for none, and paths beside it.
    selections: Once<(Option<String>, Vec<String>), Result<Arc<Selection>, Problem>>,
    /// By folder of the kustomization, and paths that are added to it.
    graphs: Once<(String, Vec<String>), Result<Arc<Graph>, Problem>>,
}

/// How a text is read.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Reading {
    Stream,
    Single,
    Json,
}

/// A file and how it was read.
#[derive(PartialEq, Eq, Hash)]
struct Key(Path, Reading);

/// A [`Key`] that is looked for.
#[derive(Hash)]
struct Wanted<'a>(&'a str, Reading);

impl Equivalent<Key> for Wanted<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.1 == key.1 && *self.0 == *key.0
    }
}

/// One file, decoded and parsed.
#[derive(Debug)]
pub struct Parsed {
    /// Its nodes.
    pub file: Arc<File>,
    /// Whether the text is the file's bytes, so that spans are places in the file.
    pub verbatim: bool,
    /// Whether Argo CD skips it as a manifest (`+argocd:skip-file-rendering`, from 3.1).
    pub skipped: bool,
}

impl Documents {
    /// Of this tree.
    pub fn new(tree: Arc<Tree>) -> Self {
        let (hasher, shards) = (RandomState::new(), Default::default());
        let (same_names, selections, graphs) = Default::default();
        Self { tree, twin: None, hasher, shards, same_names, selections, graphs }
    }

    /// Of this tree, where files that `twin` holds with the same content are parsed once for both.
    pub fn beside(tree: Arc<Tree>, twin: &Arc<Self>) -> Self {
        Self { twin: Some(Arc::clone(twin)), ..Self::new(tree) }
    }

    /// The tree.
    pub fn tree(&self) -> &Arc<Tree> {
        &self.tree
    }

    /// The regular file at `path` as a manifest: a stream of documents, or one JSON value where the name ends in `.json`.
    pub fn manifest(&self, path: &Path) -> Result<Arc<Parsed>, files::Error> {
        let reading = if path.ends_with(".json") { Reading::Json } else { Reading::Stream };
        self.get(path, reading)
    }

    /// The regular file at `path` as one YAML document.
    pub fn single(&self, path: &Path) -> Result<Arc<File>, files::Error> {
        Ok(Arc::clone(&self.get(path, Reading::Single)?.file))
    }

    /// The decoded text of a regular file, for excerpts in reports.
    pub fn text(&self, path: &str) -> Option<Arc<str>> {
        for reading in [Reading::Stream, Reading::Json, Reading::Single] {
            let known = self.shard(path).lock().ok()?.get(&Wanted(path, reading)).cloned();
            if let Some(parsed) = known {
                return Some(Arc::clone(parsed.file.text()));
            }
        }
        Some(self.decoded(path).ok()?.text)
    }

    /// What rendering the chart in a folder reads, and what stands at `paths`; without a chart, only those.
    pub(super) fn selection(
        &self,
        chart: Option<&str>,
        paths: Vec<String>,
    ) -> Result<Arc<Selection>, Problem> {
        let key = (chart.map(str::to_owned), paths.clone());
        self.selections.get(key, || {
            let known = |twin: &Arc<Self>| twin.selection(chart, paths.clone());
            if let Some(selection) = self.known(known, |selection| selection) {
                return Ok(selection);
            }
            let mut selection = Selection::new(&self.tree);
            match chart {
                Some(folder) => selection = select_chart(self, folder, &paths)?,
                None => selection.add_all(&paths)?,
            }
            Ok(Arc::new(selection))
        })
    }

    /// What building the kustomization in a folder reads, to which `extra` paths are added.
    pub(super) fn graph(&self, folder: &str, extra: Vec<String>) -> Result<Arc<Graph>, Problem> {
        let key = (folder.to_owned(), extra.clone());
        self.graphs.get(key, || {
            let known = |twin: &Arc<Self>| twin.graph(folder, extra.clone());
            match self.known(known, |graph| &graph.selection) {
                Some(graph) => Ok(graph),
                None => Graph::of(self, folder, &extra).map(Arc::new),
            }
        })
    }

    /// What the twin found, if it is to be found here as well: the same names, and the same in every file that counts.
    fn known<T>(
        &self,
        of_twin: impl FnOnce(&Arc<Self>) -> Result<Arc<T>, Problem>,
        selection: impl FnOnce(&Arc<T>) -> &Arc<Selection>,
    ) -> Option<Arc<T>> {
        let twin = self.twin.as_ref()?;
        if !*self.same_names.get_or_init(|| self.tree.has_same_names(&twin.tree)) {
            return None;
        }
        let found = of_twin(twin).ok()?;
        let same = |path: &Path| self.tree.has_same_file(&twin.tree, path);
        let is_here = selection(&found).files().all(same);
        is_here.then_some(found)
    }

    fn get(&self, path: &Path, reading: Reading) -> Result<Arc<Parsed>, files::Error> {
        let shard = self.shard(path);
        if let Ok(map) = shard.lock()
            && let Some(parsed) = map.get(&Wanted(path, reading))
        {
            return Ok(Arc::clone(parsed));
        }
        let twin = self.twin.as_ref().filter(|twin| twin.tree.has_same_file(&self.tree, path));
        let parsed = match twin {
            Some(twin) => twin.get(path, reading)?,
            None => Arc::new(Parsed::new(self.decoded(path)?, reading)),
        };
        if let Ok(mut map) = shard.lock() {
            return Ok(Arc::clone(map.entry(Key(path.clone(), reading)).or_insert(parsed)));
        }
        Ok(parsed)
    }

    fn decoded(&self, path: &str) -> Result<Decoded, files::Error> {
        Ok(match self.tree.contents(path)? {
            Contents::Text(text) => yaml::decode_text(text),
            Contents::Bytes(bytes) => yaml::decode(&bytes),
        })
    }

    fn shard(&self, path: &str) -> &Mutex<HashMap<Key, Arc<Parsed>>> {
        &self.shards[self.hasher.hash_one(path) as usize % SHARDS]
    }
}

impl Parsed {
    fn new(decoded: Decoded, reading: Reading) -> Self {
        let skipped = memchr::memmem::find(decoded.text.as_bytes(), b"+argocd:skip-file-rendering").is_some();
        let file = match reading {
            Reading::Stream => File::stream(decoded.text),
            Reading::Single => File::single(decoded.text),
            Reading::Json => File::json(decoded.text),
        };
        Self { file: Arc::new(file), verbatim: decoded.verbatim, skipped }
    }
}
