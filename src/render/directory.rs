use super::Request;
use super::documents::Parsed;
use super::jsonnet::Evaluator;
use super::path::{Folder, join};
use crate::files::{Entry, EntryKind, Location, Path, Span, Tree};
use crate::glob::{Dialect, Pattern};
use crate::model::{Directory, Manifest, Origin, Problem, ProblemKind, Settings, Source, State};
use crate::yaml::{File, Node};
use std::sync::Arc;

/// A file that Argo CD would read.
struct Candidate<'a> {
    /// Where it stands.
    path: &'a Path,
    /// Where it is, links followed.
    real: Path,
}

/// The objects of a plain folder, in Argo CD's order: files in walk order, documents in file order.
///
/// Follows `findManifests` in `reposerver/repository/repository.go`. Files that Argo CD ignores in silence although
/// they are broken become warnings in `problems`.
pub(super) fn manifests(
    source: &Source,
    request: &Request<'_>,
    folder: &Folder,
    problems: &mut Vec<Problem>,
) -> Result<Vec<Manifest>, Problem> {
    if folder.is_link {
        return Ok(Vec::new());
    }
    let directory = source.directory.clone().unwrap_or_default();
    let mut jsonnet = Evaluator::new(request, folder, &directory);
    let mut manifests = Vec::new();
    for candidate in candidates(request.documents.tree(), folder, &directory, request.settings)? {
        if candidate.path.ends_with(".jsonnet") {
            if request.settings.enables("jsonnet") && !skipped(request, &candidate)? {
                manifests.extend(jsonnet.manifests(candidate.path)?);
            }
            continue;
        }
        let parsed = request
            .documents
            .manifest(&candidate.real)
            .map_err(|error| unreadable(candidate.path, &error))?;
        if parsed.skipped {
            continue;
        }
        if candidate.path.ends_with(".json") {
            match json(&parsed, &candidate) {
                Err(_) if request.is_folder => {}
                object => manifests.extend(object?),
            }
        } else {
            let before = manifests.len();
            match yaml(&parsed, &candidate, &mut manifests, problems) {
                // Nobody says that this folder is deployed; a template of something else is no manifest of it.
                Err(problem) if request.is_folder && is_template(parsed.file.text()) => {
                    manifests.truncate(before);
                    problems.push(template(problem));
                }
                read => read?,
            }
        }
    }
    Ok(manifests)
}

/// The files of the folder by name, kind and globs; their sizes together are limited.
fn candidates<'a>(
    tree: &'a Tree,
    folder: &Folder,
    directory: &Directory,
    settings: &Settings,
) -> Result<Vec<Candidate<'a>>, Problem> {
    let filter = Filter::new(directory);
    let skip = join(&folder.real, "").len();
    let mut found = Vec::new();
    let mut total: u64 = 0;
    for entry in tree.below(&folder.real) {
        let relative = &entry.path[skip..];
        if !has_manifest_name(relative) || (!directory.recurse && relative.contains('/')) {
            continue;
        }
        let Some((real, size)) = regular(tree, entry)? else { continue };
        if !filter.passes(relative) {
            continue;
        }
        if !relative.ends_with(".jsonnet") {
            total += size;
        }
        if settings.combined_size_limit().is_some_and(|limit| total > limit) {
            return Err(too_large(&folder.real, total, settings));
        }
        found.push(Candidate { path: &entry.path, real });
    }
    Ok(found)
}

fn too_large(dir: &str, total: u64, settings: &Settings) -> Problem {
    let limit = settings.combined_size_limit().unwrap_or(0);
    let message = format!(
        "the YAML and JSON files of `{dir}` have more than {limit} bytes together ({total} up to the one that is too much)"
    );
    Problem::fails(ProblemKind::RenderFailed, message)
        .help("split the folder, or raise `reposerver.max.combined.directory.manifests.size` in argocd-cmd-params-cm")
}

/// Where the regular file of this entry is, and its size; None for what is none: a dangling link, a link to a folder.
fn regular(tree: &Tree, entry: &Entry) -> Result<Option<(Path, u64)>, Problem> {
    let path = &entry.path;
    match entry.kind {
        EntryKind::File(size) => return Ok(Some((path.clone(), size))),
        EntryKind::Link(_) => {}
        EntryKind::Submodule => return Ok(None),
    }
    let real = tree.resolve(path).map_err(|error| {
        Problem::fails(ProblemKind::LinkOutOfBounds, error.to_string()).at(Location::head(path.clone()))
    })?;
    Ok(real.and_then(|real| match tree.entry(&real)?.kind {
        EntryKind::File(size) => Some((real, size)),
        EntryKind::Link(_) | EntryKind::Submodule => None,
    }))
}

/// Whether Argo CD reads files of this name: by ending, case-sensitive.
pub fn has_manifest_name(path: &str) -> bool {
    [".yaml", ".yml", ".json", ".jsonnet"].iter().any(|ending| path.ends_with(ending))
}

/// `include` and `exclude`, which beats it. A glob that does not compile matches nothing.
struct Filter {
    include: Option<Option<Pattern>>,
    exclude: Option<Option<Pattern>>,
}

impl Filter {
    fn new(directory: &Directory) -> Self {
        let compile = |text: &str| (!text.is_empty()).then(|| Pattern::new(Dialect::Gobwas, text).ok());
        Self { include: compile(&directory.include), exclude: compile(&directory.exclude) }
    }

    fn passes(&self, relative: &str) -> bool {
        let matches =
            |pattern: &Option<Pattern>| pattern.as_ref().is_some_and(|pattern| pattern.matches(relative));
        !self.exclude.as_ref().is_some_and(matches) && self.include.as_ref().is_none_or(matches)
    }
}

fn skipped(request: &Request<'_>, candidate: &Candidate<'_>) -> Result<bool, Problem> {
    let bytes =
        request.documents.tree().read(&candidate.real).map_err(|error| unreadable(candidate.path, &error))?;
    Ok(memchr::memmem::find(&bytes, b"+argocd:skip-file-rendering").is_some())
}

/// A file that cannot be read here; what Argo CD would see nobody knows.
fn unreadable(path: &Path, error: &crate::files::Error) -> Problem {
    Problem::unknown(ProblemKind::Unparseable, format!("`{path}` cannot be read: {error}"))
        .at(Location::head(path.clone()))
}

/// The one object of a JSON file; none for `null`. An object without a kind travels on and is refused later.
fn json(parsed: &Parsed, candidate: &Candidate<'_>) -> Result<Option<Manifest>, Problem> {
    let Some(document) = parsed.file.documents().first() else {
        return Err(broken(candidate, Span::default(), "it is empty"));
    };
    let root = document.root().map_err(|error| broken(candidate, error.span, &error.message))?;
    let node = parsed.file.node(root);
    if node.is_null() {
        return Ok(None);
    }
    if !node.is_map() {
        return Err(broken(candidate, node.span(), "a JSON file holds one object, not an array or a scalar"));
    }
    Ok(Some(Manifest::new(Arc::clone(&parsed.file), root, origin(parsed, candidate)).on_line(1)))
}

/// The objects of a YAML file, up to the first document that is none: that stops the Application, unless nothing was
/// read before it and the text does not look like a manifest.
fn yaml(
    parsed: &Parsed,
    candidate: &Candidate<'_>,
    manifests: &mut Vec<Manifest>,
    problems: &mut Vec<Problem>,
) -> Result<(), Problem> {
    let origin = origin(parsed, candidate);
    let before = manifests.len();
    for document in parsed.file.documents() {
        let refused = match document.root() {
            Ok(root) => match refusal(parsed.file.node(root)) {
                None if parsed.file.node(root).is_null() => continue,
                None => {
                    let manifest = Manifest::new(Arc::clone(&parsed.file), root, Arc::clone(&origin));
                    manifests.push(manifest.on_line(1));
                    continue;
                }
                Some(message) => broken(candidate, parsed.file.node(root).span(), message),
            },
            Err(error) => broken(candidate, error.span, &error.message),
        };
        if manifests.len() > before || looks_like_manifest(parsed.file.text()) {
            return Err(refused);
        }
        let meant =
            document.root().is_ok_and(|root| crate::model::misspelt_head(parsed.file.node(root)).is_some());
        if meant || document.root().is_err() {
            problems.push(ignored(refused));
        }
        return Ok(());
    }
    Ok(())
}

/// Why a document is no object; None for objects and for null, which is skipped.
fn refusal(node: Node<'_>) -> Option<&'static str> {
    if node.is_null() {
        return None;
    }
    if !node.is_map() {
        return Some("a document is a mapping with a `kind`, not a list or a scalar");
    }
    super::objects::without_kind(node)
}

/// Argo CD's test of a file that does not parse: all three words, as plain text.
pub(crate) fn looks_like_manifest(text: &str) -> bool {
    ["apiVersion:", "kind:", "metadata:"]
        .iter()
        .all(|word| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some())
}

/// Whether a text holds tags of Go templates or Jinja.
pub(crate) fn is_template(text: &str) -> bool {
    ["{{", "{%"].iter().any(|tag| memchr::memmem::find(text.as_bytes(), tag.as_bytes()).is_some())
}

fn broken(candidate: &Candidate<'_>, span: Span, message: &str) -> Problem {
    let path = candidate.path;
    Problem::fails(ProblemKind::Unparseable, format!("`{path}` cannot be read: {message}"))
        .help("correct the file, or leave it out with `directory.exclude`")
        .at(Location::new(path.clone(), span))
}

/// A file that something else fills in before anybody applies it.
fn template(problem: Problem) -> Problem {
    Problem { help: "exclude it where it is not meant to be a manifest".to_owned(), ..ignored(problem) }
}

/// The same file where Argo CD goes on without it.
fn ignored(mut problem: Problem) -> Problem {
    problem.state = State::Warning;
    problem.condition = None;
    problem.help = "correct the file: Argo CD ignores it in silence".to_owned();
    problem
}

fn origin(parsed: &Parsed, candidate: &Candidate<'_>) -> Arc<Origin> {
    Arc::new(match parsed.verbatim {
        true => Origin::Written(candidate.real.clone()),
        false => Origin::Rendered(Location::head(candidate.real.clone())),
    })
}

/// The objects of a JSON text that a program made from the file at `path`: an array of objects, or one object.
pub(super) fn generated(text: String, path: &Path) -> Result<Vec<Manifest>, Problem> {
    let fails = |message: &str| {
        Problem::fails(ProblemKind::RenderFailed, format!("`{path}` gives no manifests: {message}"))
            .at(Location::head(path.clone()))
    };
    let file = Arc::new(File::json(text.into()));
    let Some(document) = file.documents().first() else { return Err(fails("the result is empty")) };
    let root = document.root().map_err(|error| fails(&error.message))?;
    let node = file.node(root);
    let origin = Arc::new(Origin::Rendered(Location::head(path.clone())));
    if node.is_null() {
        return Ok(Vec::new());
    }
    let nodes: Vec<Node<'_>> =
        if node.is_seq() { node.items().filter(|item| !item.is_null()).collect() } else { vec![node] };
    nodes
        .into_iter()
        .map(|node| match refusal(node) {
            Some(message) => Err(fails(message)),
            None => Ok(Manifest::new(Arc::clone(&file), node.id(), Arc::clone(&origin)).on_line(1)),
        })
        .collect()
}
