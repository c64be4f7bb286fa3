//! Which files a kustomization reads: every text in it that names something in the tree, from folder to folder.
//!
//! Too much is harmless, too little is not: a text that happens to name a file counts as a reference.

use crate::files::{EntryKind, Path, Tree};
use crate::model::{Problem, ProblemKind};
use crate::render::path::{clean, join};
use crate::render::selection::Selection;
use crate::render::{Documents, is_kustomization};
use crate::yaml::{Node, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How deep texts may nest in a kustomization.
const MAX_DEPTH: usize = 64;
/// No path is longer.
const MAX_PATH: usize = 4096;
/// Fields whose texts are paths, and nothing but paths.
const PATHS: &[&str] = &[
    "resources",
    "bases",
    "components",
    "crds",
    "configurations",
    "generators",
    "transformers",
    "validators",
    "patchesStrategicMerge",
    "files",
    "envs",
    "env",
    "valuesFile",
    "additionalValuesFiles",
    "chartHome",
    "configHome",
    "chartDir",
];

/// What a kustomization reads.
pub(in crate::render) struct Graph {
    /// The files.
    pub(in crate::render) selection: Arc<Selection>,
    /// Where objects are written.
    pub(in crate::render) sources: Sources,
    /// The first path that leads out of the repository.
    escape: Option<(Path, String)>,
}

/// A graph on its way.
struct Walk {
    selection: Selection,
    sources: Sources,
    escape: Option<(Path, String)>,
    folders: BTreeSet<String>,
}

/// Where the objects of a build are written.
#[derive(Default)]
pub(in crate::render) struct Sources {
    /// Files that are listed as resources, in order of discovery.
    pub(super) resources: Vec<Path>,
    /// Kustomizations, in order of discovery.
    pub(super) kustomizations: Vec<Path>,
}

impl Graph {
    /// Of the kustomization in `folder`, to which `extra` paths are added.
    pub(in crate::render) fn of(
        documents: &Documents,
        folder: &str,
        extra: &[String],
    ) -> Result<Self, Problem> {
        let mut walk = Walk {
            selection: Selection::new(documents.tree()),
            sources: Sources::default(),
            escape: None,
            folders: BTreeSet::new(),
        };
        let mut open = vec![folder.to_owned()];
        for text in extra {
            walk.reference(folder, text, "resources", &mut open)?;
        }
        while let Some(folder) = open.pop() {
            if walk.folders.insert(folder.clone()) {
                walk.folder(documents, &folder, &mut open)?;
            }
        }
        let Walk { selection, sources, escape, .. } = walk;
        Ok(Self { selection: Arc::new(selection), sources, escape })
    }

    /// Paths that leave the repository end a build, whatever the load restrictor allows.
    pub(in crate::render) fn confined(&self, restricted: bool) -> Result<(), Problem> {
        let Some((file, path)) = &self.escape else { return Ok(()) };
        let message = format!("`{file}` names `{path}`, which is outside the repository");
        let problem = match restricted {
            true => Problem::fails(ProblemKind::RenderFailed, message),
            false => Problem::unknown(ProblemKind::NotRendered, message),
        };
        Err(problem.help("put the file into the repository").at(crate::files::Location::head(file.clone())))
    }
}

impl Walk {
    fn folder(&mut self, documents: &Documents, folder: &str, open: &mut Vec<String>) -> Result<(), Problem> {
        let tree = documents.tree();
        let Ok(Some(real)) = tree.resolve(folder) else { return Ok(()) };
        let skip = join(&real, "").len();
        let names = tree.below(&real).iter().filter_map(|entry| entry.path.get(skip..));
        let names: Vec<String> = names.filter(|name| is_kustomization(name)).map(str::to_owned).collect();
        if names.is_empty() {
            return self.selection.add(folder);
        }
        // The folder itself may be a link.
        for name in names {
            let path = join(folder, &name);
            self.selection.add(&path)?;
            let Some(file) = self.file(tree, &path) else { continue };
            self.sources.kustomizations.push(file.clone());
            let Ok(parsed) = documents.single(&file) else { continue };
            let roots = parsed.documents().iter().filter_map(|document| document.root().ok());
            for root in roots {
                let node = parsed.node(root);
                self.scan(documents, node, (folder, &file), "", open, 0)?;
                if node.get("helmCharts").is_some() || node.get("helmChartInflationGenerator").is_some() {
                    self.selection.add(&join(folder, "charts"))?;
                }
            }
        }
        Ok(())
    }

    fn file(&self, tree: &Tree, path: &str) -> Option<Path> {
        let real = tree.resolve(path).ok()??;
        matches!(tree.entry(&real)?.kind, EntryKind::File(_)).then_some(real)
    }

    fn scan(
        &mut self,
        documents: &Documents,
        node: Node<'_>,
        (folder, file): (&str, &Path),
        field: &str,
        open: &mut Vec<String>,
        depth: usize,
    ) -> Result<(), Problem> {
        if depth > MAX_DEPTH {
            return Ok(());
        }
        match node.value() {
            Value::Map => node.entries().try_for_each(|entry| {
                // A field inside a plugin's configuration is as good as one at the top.
                let own =
                    if depth > 0 && matches!(&*entry.key, "path" | "paths") { field } else { &entry.key };
                self.scan(documents, entry.value, (folder, file), own, open, depth + 1)
            }),
            Value::Seq => node
                .items()
                .try_for_each(|item| self.scan(documents, item, (folder, file), field, open, depth + 1)),
            Value::Str(text) if text.contains('\n') => {
                self.inline(documents, text, (folder, file), field, open, depth)
            }
            Value::Null => Ok(()),
            // To Kustomize `on` and `1` are names of files like any other.
            Value::Str(_) | Value::Bool(_) | Value::Int(_) | Value::UInt(_) | Value::Float(_) => {
                match node.text() {
                    text if text.len() <= MAX_PATH => {
                        self.text(documents, text, (folder, file), field, open, depth)
                    }
                    _ => Ok(()),
                }
            }
        }
    }

    /// The configuration of a plugin, written into the kustomization.
    fn inline(
        &mut self,
        documents: &Documents,
        text: &str,
        at: (&str, &Path),
        field: &str,
        open: &mut Vec<String>,
        depth: usize,
    ) -> Result<(), Problem> {
        if !is_plugin(field) {
            return Ok(());
        }
        let parsed = crate::yaml::File::stream(text.into());
        for root in parsed.documents().iter().filter_map(|document| document.root().ok()) {
            self.scan(documents, parsed.node(root), at, "", open, depth + 1)?;
        }
        self.selection.add(&join(at.0, "charts"))
    }

    fn text(
        &mut self,
        documents: &Documents,
        text: &str,
        (folder, file): (&str, &Path),
        field: &str,
        open: &mut Vec<String>,
        depth: usize,
    ) -> Result<(), Problem> {
        let value = text.split_once('=').map(|(_, value)| value);
        for text in [Some(text), value].into_iter().flatten() {
            self.confine(folder, file, field, text);
            self.reference(folder, text, field, open)?;
        }
        // A plugin's configuration in a file of its own names files as well, from the kustomization's folder.
        if is_plugin(field)
            && depth < MAX_DEPTH / 2
            && let Some(path) = clean(&join(folder, text))
            && let Some(config) = self.file(documents.tree(), &path)
            && let Ok(parsed) = documents.manifest(&config)
        {
            let parsed = Arc::clone(&parsed.file);
            for root in parsed.documents().iter().filter_map(|document| document.root().ok()) {
                self.scan(documents, parsed.node(root), (folder, &config), "", open, MAX_DEPTH / 2)?;
            }
            self.selection.add(&join(folder, "charts"))?;
        }
        Ok(())
    }

    fn reference(
        &mut self,
        folder: &str,
        text: &str,
        field: &str,
        open: &mut Vec<String>,
    ) -> Result<(), Problem> {
        let text = text.split(['*', '?', '[']).next().unwrap_or("");
        if text.is_empty() || text.starts_with('/') || text.contains("://") {
            return Ok(());
        }
        let Some(path) = clean(&join(folder, text)) else { return Ok(()) };
        let tree = Arc::clone(self.selection.tree());
        let Ok(Some(real)) = tree.resolve(&path) else { return self.dangling(&tree, &path) };
        match tree.entry(&real).map(|entry| &entry.kind) {
            Some(EntryKind::File(_)) => {
                if matches!(field, "resources" | "bases") && !self.sources.resources.contains(&real) {
                    self.sources.resources.push(real.clone());
                }
                self.selection.add(&path)
            }
            Some(_) => self.selection.add(&path),
            None => {
                open.push(path.to_string());
                // Links on the way to a folder are part of the way.
                if *path == *real { Ok(()) } else { self.selection.add(&path) }
            }
        }
    }

    fn dangling(&mut self, tree: &Tree, path: &str) -> Result<(), Problem> {
        if tree.entry(path).is_some() { self.selection.add(path) } else { Ok(()) }
    }

    fn confine(&mut self, folder: &str, file: &Path, field: &str, text: &str) {
        let names_path = PATHS.contains(&field) && !text.contains("://");
        let leaves = text.starts_with('/') || clean(&join(folder, text)).is_none();
        if names_path && leaves && self.escape.is_none() {
            self.escape = Some((file.clone(), text.to_owned()));
        }
    }
}

fn is_plugin(field: &str) -> bool {
    matches!(field, "generators" | "transformers" | "validators")
}
