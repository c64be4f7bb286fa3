use super::helm::Chart;
use super::once::Once;
use super::path::{clean, join};
use super::recipe::{Program, Recipe};
use super::selection::{Selection, says_capabilities};
use super::{Documents, jsonnet};
use crate::files::{self, EntryKind, Scratch, Store, Tree};
use crate::model::{Manifest, Problem, ProblemKind};
use crate::yaml::Node;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Counts up when the meaning of an entry of the cache changes within one version.
const FORMAT: &str = concat!("billhook ", env!("CARGO_PKG_VERSION"), " render 3");

/// Makes the output of a renderer.
pub trait Engine: fmt::Debug + Send + Sync {
    /// The version of the renderer for a kind of recipe, such as `4.2.1`.
    fn version(&self, program: Program) -> Result<String, Failure>;

    /// What of this machine a renderer could reach beyond the files it is given, in words, and why; None where it can
    /// reach nothing.
    fn exposure(&self, _program: Program) -> Result<Option<Exposure>, Failure> {
        Ok(None)
    }

    /// What tells results of this engine from those of others.
    fn identity(&self, program: Program) -> Result<String, Failure>;

    /// The output for a recipe, made from the files of `checkout`.
    fn render(&self, recipe: &Recipe, checkout: &Checkout) -> Result<String, Failure>;
}

/// What a renderer could reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// What it is, as in "the network".
    pub reaches: &'static str,
    /// What kept it from being confined.
    pub because: String,
}

/// Why there is no output.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The renderer says no; to Argo CD too.
    #[error("{0}")]
    Refused(String),
    /// It wants the network.
    #[error("{0}")]
    Offline(String),
    /// A limit was hit.
    #[error("{0}")]
    Limit(String),
    /// The program is not here.
    #[error("{0}")]
    Missing(String),
    /// It could not be run.
    #[error("{0}")]
    Broken(String),
}

/// The programs and workers that rendering may start, and what they made before.
#[derive(Debug, Default)]
pub struct Engines {
    /// Evaluates jsonnet; without it jsonnet files are not rendered.
    pub jsonnet: Option<jsonnet::Pool>,
    /// Runs Helm and Kustomize; without it charts and kustomizations are not rendered.
    pub programs: Option<Box<dyn Engine>>,
    /// Keeps results between runs.
    pub store: Option<Arc<Store>>,
    /// Whether something was put into the store.
    added: AtomicBool,
    /// Results of this run, of all trees.
    known: Once<blake3::Hash, Result<Made, Failure>>,
}

/// The objects of an output, or why Argo CD does not take it.
type Made = Result<Arc<[Manifest]>, Problem>;

/// The files that a recipe is made from: of each tree those that count.
pub struct Checkout {
    selections: Vec<Arc<Selection>>,
}

impl Engines {
    /// With these.
    pub fn new(
        jsonnet: Option<jsonnet::Pool>,
        programs: Option<Box<dyn Engine>>,
        store: Option<Arc<Store>>,
    ) -> Self {
        Self { jsonnet, programs, store, added: AtomicBool::new(false), known: Once::default() }
    }

    /// The objects for a recipe: known from before, or made now. `objects` reads them from the output, and looks at nothing
    /// but the recipe and the files of `checkout`.
    pub(super) fn made(
        &self,
        recipe: &Recipe,
        checkout: &Checkout,
        objects: impl FnOnce(Arc<str>) -> Result<Vec<Manifest>, Problem>,
    ) -> Result<Made, Failure> {
        let program = recipe.program();
        let Some(engine) = &self.programs else {
            return Err(Failure::Missing(format!("`{}` is not run", program.name())));
        };
        let helm = recipe.inflates_charts().then(|| engine.identity(Program::Helm).ok()).flatten();
        let hash = checkout.hash(recipe, &[Some(engine.identity(program)?), helm])?;
        self.known.get(hash, || {
            let output = self.stored(&**engine, recipe, checkout, hash)?;
            Ok(objects(output).map(Arc::from))
        })
    }

    fn stored(
        &self,
        engine: &dyn Engine,
        recipe: &Recipe,
        checkout: &Checkout,
        hash: blake3::Hash,
    ) -> Result<Arc<str>, Failure> {
        let name = hash.to_hex();
        let stored = self.store.as_ref().and_then(|store| read(&store.get(&name)?));
        if let Some(result) = stored {
            return result;
        }
        let result = engine.render(recipe, checkout).map(Arc::from);
        if let Some(store) = &self.store
            && let Some(bytes) = write(&result)
        {
            store.put(&name, &bytes);
            self.added.store(true, Ordering::Relaxed);
        }
        result
    }
}

impl Drop for Engines {
    fn drop(&mut self) {
        if let Some(store) = self.store.as_ref().filter(|_| self.added.load(Ordering::Relaxed)) {
            store.tidy();
        }
    }
}

/// An entry of the cache: one byte that says what it is, then a text.
fn write(result: &Result<Arc<str>, Failure>) -> Option<Vec<u8>> {
    let (kind, text) = match result {
        Ok(text) => (b'+', &**text),
        Err(Failure::Refused(text)) => (b'-', text.as_str()),
        // There is never a network.
        Err(Failure::Offline(text)) => (b'?', text.as_str()),
        Err(Failure::Limit(_) | Failure::Missing(_) | Failure::Broken(_)) => return None,
    };
    Some([&[kind], text.as_bytes()].concat())
}

fn read(bytes: &[u8]) -> Option<Result<Arc<str>, Failure>> {
    let (kind, text) = bytes.split_first()?;
    let text = std::str::from_utf8(text).ok()?;
    match kind {
        b'+' => Some(Ok(text.into())),
        b'-' => Some(Err(Failure::Refused(text.to_owned()))),
        b'?' => Some(Err(Failure::Offline(text.to_owned()))),
        _ => None,
    }
}

impl Failure {
    /// It could not be run.
    pub(super) fn broken(error: &dyn std::error::Error) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            message.push_str(&format!(": {error}"));
            source = error.source();
        }
        Self::Broken(message)
    }

    /// As a problem of the source at `path`.
    pub(super) fn problem(self, program: Program, path: &str) -> Problem {
        let name = program.name();
        let message = |text: &str| format!("{name} does not render `{path}`: {text}");
        let unknown = |kind: ProblemKind, text: &str| Problem::unknown(kind, message(text));
        match &self {
            Self::Refused(text) => Problem::fails(ProblemKind::RenderFailed, message(text)),
            Self::Offline(text) => unknown(ProblemKind::NotRendered, text)
                .help("put what comes from the network into the repository to have it rendered"),
            Self::Limit(text) => unknown(ProblemKind::LimitReached, text),
            Self::Missing(text) => unknown(ProblemKind::NotRendered, text)
                .help(format!("install {name}, or name the program with `--{name} FILE`")),
            Self::Broken(text) => unknown(ProblemKind::NotRendered, text),
        }
    }
}

impl Checkout {
    /// These files; the first are those of the source's own repository.
    pub(super) fn new(selections: Vec<Arc<Selection>>) -> Self {
        Self { selections }
    }

    /// The source's own repository, all of it.
    pub fn own(&self) -> &Tree {
        self.selections[0].tree()
    }

    /// The folder that the files of a tree are written to.
    pub fn folder(tree: usize) -> String {
        if tree == 0 { "repository".to_owned() } else { format!("reference{tree}") }
    }

    /// Whether charts among the files, or values for them, say `Capabilities`, by which templates ask what the cluster
    /// serves. What an archive says is not looked at: it may.
    pub(super) fn asks(&self, recipe: &Recipe) -> bool {
        let inline = match recipe {
            Recipe::Helm(Chart { values: Some(values), .. }) => says_capabilities(values.as_bytes()),
            Recipe::Helm(_) | Recipe::Kustomize(_) => false,
        };
        inline || self.selections.iter().any(|selection| selection.says_capabilities())
    }

    /// How many bytes its files have together.
    pub fn size(&self) -> u64 {
        let sizes =
            self.selections.iter().flat_map(|selection| selection.entries()).map(|(_, kind)| match kind {
                EntryKind::File(size) => *size,
                EntryKind::Link(_) | EntryKind::Submodule => 0,
            });
        sizes.sum()
    }

    /// Writes the files where a program can read them.
    pub fn write(&self, scratch: &Scratch) -> Result<(), files::Error> {
        for (index, selection) in self.selections.iter().enumerate() {
            let folder = scratch.make_folder(&Self::folder(index))?;
            selection.tree().export_entries(selection.entries().map(|(path, _)| &**path), &folder)?;
        }
        Ok(())
    }

    /// The hash of everything that can influence the result.
    fn hash(&self, recipe: &Recipe, engines: &[Option<String>]) -> Result<blake3::Hash, Failure> {
        let recipe = serde_json::to_vec(recipe).map_err(|error| Failure::broken(&error))?;
        let mut hasher = blake3::Hasher::new();
        let mut add = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        add(FORMAT.as_bytes());
        engines.iter().for_each(|identity| add(identity.as_deref().unwrap_or("").as_bytes()));
        add(&recipe);
        for selection in &self.selections {
            add(selection.digest()?.as_bytes());
        }
        Ok(hasher.finalize())
    }

    /// The first schema of a chart's values that refers to something outside itself, which Helm would read from the disk.
    pub(super) fn open_schema(&self) -> Option<&str> {
        let selection = &self.selections[0];
        let schemas = selection.entries().filter(|(path, _)| path.ends_with("values.schema.json"));
        let open = |path: &str| {
            let bytes = selection.tree().read(path).unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes);
            let mut references = text
                .split("\"$ref\"")
                .skip(1)
                .map(|rest| rest.trim_start_matches([' ', ':', '\n', '\t', '\r']));
            references.any(|rest| !rest.starts_with("\"#"))
        };
        schemas.map(|(path, _)| &**path).find(|path| open(path))
    }

    /// The address of the first dependency of a chart that is neither in `charts/` nor in the repository.
    pub(super) fn remote_dependency(&self, chart: &Chart) -> Option<String> {
        let documents = Documents::new(Arc::clone(self.selections[0].tree()));
        let local = |repository: &str| repository.is_empty() || repository.starts_with("file://");
        let all = dependencies(&documents, &chart.folder).into_iter();
        all.map(|dependency| dependency.repository).find(|repository| !local(repository))
    }
}

/// A chart that another one depends on, as it is written.
pub(super) struct Dependency {
    pub(super) name: String,
    /// What it is called in the output; `""` where that is its name.
    pub(super) alias: String,
    pub(super) repository: String,
}

/// The charts that a chart depends on.
pub(super) fn dependencies(documents: &Documents, folder: &str) -> Vec<Dependency> {
    let mut dependencies = Vec::new();
    for name in ["Chart.yaml", "requirements.yaml"] {
        let Ok(Some(path)) = documents.tree().resolve(&join(folder, name)) else { continue };
        let Ok(file) = documents.single(&path) else { continue };
        let Some(Ok(root)) = file.documents().first().map(|document| document.root()) else { continue };
        let list = file.node(root).get("dependencies").filter(|list| list.is_seq());
        let text = |item: Node<'_>, key: &str| {
            item.get(key).and_then(|node| node.as_str()).unwrap_or_default().to_owned()
        };
        let dependency = |item: Node<'_>| Dependency {
            name: text(item, "name"),
            alias: text(item, "alias"),
            repository: text(item, "repository"),
        };
        dependencies.extend(list.into_iter().flat_map(|list| list.items()).map(dependency));
    }
    dependencies
}

/// The files of a chart, of the charts of the repository that it depends on, and what stands at `paths`.
pub(super) fn select_chart(
    documents: &Documents,
    folder: &str,
    paths: &[String],
) -> Result<Selection, Problem> {
    let mut selection = Selection::new(documents.tree());
    let mut open = vec![folder.to_owned()];
    let mut seen = Vec::new();
    while let Some(folder) = open.pop() {
        if seen.contains(&folder) {
            continue;
        }
        selection.add(&folder)?;
        for dependency in dependencies(documents, &folder) {
            let Some(path) = dependency.repository.strip_prefix("file://") else { continue };
            if path.starts_with('/') {
                let message =
                    format!("a dependency of the chart `{folder}` is outside the repository: `{path}`");
                return Err(Problem::unknown(ProblemKind::NotRendered, message));
            }
            match clean(&join(&folder, path)) {
                Some(path) => open.push(path.to_string()),
                None => {
                    let message =
                        format!("a dependency of the chart `{folder}` leaves the repository: `{path}`");
                    return Err(Problem::fails(ProblemKind::RenderFailed, message));
                }
            }
        }
        seen.push(folder);
    }
    selection.add_all(paths)?;
    Ok(selection)
}
