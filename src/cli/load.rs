//! From a command line to an inventory: which tree, which configuration, what is known beside it.

use super::args::{Beside, Diff, Global};
use super::both;
use super::error::Error;
use super::paths::{self, Seen};
use super::programs;
use super::progress::Progress;
use crate::config::{self, Loaded};
use crate::files::{self, Listed, Repository, Tree};
use crate::finding::Finding;
use crate::forecast;
use crate::inventory::{App, Inventory, Known, Mapping, Options};
use crate::model::{Cluster, Clusters, Problem, ProblemKind};
use crate::render::{Documents, clean, join};
use crate::rules;
use crate::yaml;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A tree and what would be deployed from it.
pub struct Scene {
    /// What would be deployed.
    pub inventory: Inventory,
    /// The configuration that holds for it.
    pub configuration: Option<Loaded>,
    /// How its paths look from the current folder.
    pub seen: Seen,
    /// The files that findings are wanted of; None for all.
    pub limit: Option<BTreeSet<Arc<str>>>,
}

impl Scene {
    /// Whether a finding is in the files that were named, or none were.
    pub fn tells(&self, finding: &Finding) -> bool {
        self.limit.as_ref().is_none_or(|files| files.contains(&finding.location.path))
    }
}

/// What a run looks at.
struct Place {
    current: PathBuf,
    /// The root of the tree, absolute, links followed.
    root: PathBuf,
    repository: Option<Arc<Repository>>,
    limit: Option<BTreeSet<Arc<str>>>,
}

/// Where a configuration was found, which decides what it may name.
enum Home {
    /// In this tree.
    Tree(Arc<Tree>),
    /// A person named it.
    Named(PathBuf),
}

/// The tree that `paths` name: none is the repository around the current folder, a folder is a tree of its own, files
/// are in the repository around them and limit what is reported.
pub fn scene(global: &Global, beside: &Beside, paths: &[PathBuf]) -> Result<Scene, Error> {
    let stage = Stage::open(global, paths)?;
    stage.scene(global, beside, Arc::clone(&stage.tree))
}

/// A tree and its configuration, before anything is rendered.
pub struct Stage {
    /// The tree.
    pub tree: Arc<Tree>,
    place: Place,
    home: Home,
    configuration: Option<Loaded>,
}

impl Stage {
    /// The tree that `paths` name, as for [`scene`].
    pub fn open(global: &Global, paths: &[PathBuf]) -> Result<Self, Error> {
        let place = place(paths)?;
        let (tree, home, configuration) = open(global, &place)?;
        Ok(Self { tree, place, home, configuration })
    }

    /// The same without a configuration, as when there is none.
    pub fn unconfigured(paths: &[PathBuf]) -> Result<Self, Error> {
        let place = place(paths)?;
        let tree = around(&place)?.tree;
        Ok(Self { home: Home::Tree(Arc::clone(&tree)), tree, place, configuration: None })
    }

    /// What would be deployed from `tree`: this stage's, or it with other contents. An error where that is nothing.
    pub fn scene(&self, global: &Global, beside: &Beside, tree: Arc<Tree>) -> Result<Scene, Error> {
        let inventory = self.inventory(global, beside, tree)?;
        let top = self.repository().map(Repository::root);
        let seen = Seen::new(&self.place.current, &self.place.root).within(top);
        if inventory.is_empty() && inventory.problems.is_empty() {
            return Err(nothing(&seen));
        }
        let (configuration, limit) = (self.configuration.clone(), self.place.limit.clone());
        Ok(Scene { inventory, configuration, seen, limit })
    }

    /// As [`Stage::scene`], where nothing is no error.
    pub fn inventory(&self, global: &Global, beside: &Beside, tree: Arc<Tree>) -> Result<Inventory, Error> {
        let Self { place, home, configuration, .. } = self;
        let documents = Arc::new(Documents::new(tree));
        let mut options = Options::new(Arc::clone(&documents));
        let is_whole = |repository: &&Arc<Repository>| repository.root() == place.root;
        if let Some(repository) = place.repository.as_ref().filter(is_whole) {
            options.origin = repository.origin_url()?;
            options.branch = repository.default_branch()?.map(|branch| branch.name);
            // A repository without commits has none.
            options.commit = repository.resolve("HEAD").ok();
            options.repository = Some(Arc::clone(repository));
        }
        if let Some(loaded) = configuration {
            configure(&mut options, loaded, home, &place.root)?;
        }
        add_beside(&mut options, beside, &[&place.root])?;
        options.engines = Arc::new(programs::engines(global, Some(&place.root))?);
        Ok(watched(global, &mut options))
    }

    /// The git repository around the tree.
    pub fn repository(&self) -> Option<&Repository> {
        self.place.repository.as_deref()
    }

    /// The root of the tree, absolute.
    pub fn root(&self) -> &Path {
        &self.place.root
    }

    /// How `folder`, an absolute one, looks from the current folder.
    pub fn seen(&self, folder: &Path) -> Seen {
        Seen::new(&self.place.current, folder)
    }
}

/// Two trees, what would be deployed from each, and what lies between.
pub struct Pair {
    /// What is merged into.
    pub base: Inventory,
    /// What is merged.
    pub head: Inventory,
    /// Applications of base as head's files render them.
    pub between: Vec<App>,
    /// The configuration, which is base's.
    pub configuration: Option<Loaded>,
    /// How paths of each look from the current folder.
    pub seen: [Seen; 2],
    /// What the two are called.
    pub names: [String; 2],
    /// What the commits between them acknowledge: commit and text.
    pub trailers: Vec<(String, String)>,
}

/// One side of a comparison.
struct Half {
    tree: Arc<Tree>,
    root: PathBuf,
    commit: Option<String>,
    name: String,
}

/// The two trees that `billhook diff` compares: folders, or revisions of the repository around the current folder.
///
/// The configuration and what it names come from base, so that a change cannot switch off what judges it.
pub fn pair(global: &Global, diff: &Diff) -> Result<Pair, Error> {
    let current = current()?;
    let (halves, repository) = match (&diff.base_dir, &diff.head_dir) {
        (Some(base), Some(head)) => ([folder(base)?, folder(head)?], None),
        _ => revisions(diff, &current)?,
    };
    let [base, head] = &halves;
    let (home, configuration) = match named(global)? {
        Some((loaded, home)) => (home, Some(loaded)),
        None if global.no_config => (Home::Tree(Arc::clone(&base.tree)), None),
        None => {
            let found = Loaded::find(&base.tree, "", rules::names());
            let seen = Seen::new(&current, &base.root);
            let loaded = found.map_err(|error| Error::configuration(error, |path| seen.path(path)))?;
            (Home::Tree(Arc::clone(&base.tree)), loaded)
        }
    };
    let engines = Arc::new(programs::engines(global, Some(&head.root))?);
    let side = |half: &Half, documents: Documents| -> Result<Options, Error> {
        let mut options = Options::new(Arc::new(documents));
        if let Some(repository) = &repository {
            options.origin = repository.origin_url()?;
            options.branch = repository.default_branch()?.map(|branch| branch.name);
            options.repository = Some(Arc::clone(repository));
        }
        options.commit.clone_from(&half.commit);
        if let Some(loaded) = &configuration {
            configure(&mut options, loaded, &home, &half.root)?;
        }
        add_beside(&mut options, &diff.beside, &[&base.root, &head.root])?;
        options.engines = Arc::clone(&engines);
        Ok(options)
    };
    let mut of_base = side(base, Documents::new(Arc::clone(&base.tree)))?;
    let documents = Documents::beside(Arc::clone(&head.tree), &of_base.documents);
    let mut of_head = side(head, documents)?;
    of_head.memory = Arc::clone(&of_base.memory);
    let progress = Progress::start(global);
    if let Some(progress) = &progress {
        (of_base.observer, of_head.observer) = (progress.observer(), progress.observer());
    }
    // Head takes from base what exists on its clusters and which address is this repository. That is seldom anything but
    // what it would find by itself, so both are loaded at once, each from a thread that may wait for the other one.
    let load = || both(|| Inventory::load(&of_base), || Inventory::load(&of_head));
    let trailers = || match (&repository, &base.commit, &head.commit) {
        (Some(repository), Some(base), Some(head)) => {
            repository.trailers(base, head, config::acknowledgement::TRAILER)
        }
        _ => Ok(Vec::new()),
    };
    let ((mut before, mut after), trailers) = both(load, trailers);
    if after.own != before.own || after.scopes != before.scopes {
        of_head.scopes = Some(before.scopes.clone());
        let (address, branch) = before.own.clone();
        of_head.address = address;
        of_head.branch = of_head.branch.or(branch);
        after = Inventory::load(&of_head);
    }
    // What is an alternative on one side is one on both.
    let apart: BTreeSet<_> = before.apart.union(&after.apart).cloned().collect();
    for (side, options) in [(&mut before, &mut of_base), (&mut after, &mut of_head)] {
        if side.apart != apart {
            options.apart.clone_from(&apart);
            *side = Inventory::load(options);
        }
    }
    drop(progress);
    let seen = [base, head].map(|half| Seen::new(&current, &half.root));
    let nothing_there = |inventory: &Inventory| inventory.is_empty() && inventory.problems.is_empty();
    if nothing_there(&before) && nothing_there(&after) {
        return Err(nothing(&seen[1]));
    }
    let between = after.again(&of_head, &forecast::read_again(&before, &after));
    let [base, head] = halves;
    let (names, trailers) = ([base.name, head.name], trailers?);
    Ok(Pair { base: before, head: after, between, configuration, seen, names, trailers })
}

fn folder(path: &Path) -> Result<Half, Error> {
    let root = files::real_path(path)?;
    let tree = Arc::new(Tree::open(&root)?);
    let name = name_of(path, &root);
    Ok(Half { tree, root, commit: None, name })
}

/// What a folder is called in reports, which go to others: as it was named, but never by an absolute path.
fn name_of(path: &Path, root: &Path) -> String {
    if path.is_relative() {
        return path.display().to_string();
    }
    root.file_name().map_or_else(|| "/".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// The revisions that are named; without names, where HEAD left the default branch, and the working tree.
fn revisions(diff: &Diff, current: &Path) -> Result<([Half; 2], Option<Arc<Repository>>), Error> {
    let Some(repository) = Repository::around(&files::real_path(current)?)? else {
        return Err(Error::usage(
            "there is no git repository around the current folder",
            "name two folders: `--base-dir DIR --head-dir DIR`",
        ));
    };
    let repository = Arc::new(repository);
    let tip = diff.head.as_deref().unwrap_or("HEAD");
    let (base, base_name) = match &diff.base {
        Some(name) => (repository.resolve(name)?, name.clone()),
        None => {
            let Some(branch) = repository.default_branch()? else {
                return Err(Error::usage(
                    "nobody says what the default branch is",
                    "name what is merged into: `--base REF`",
                ));
            };
            let Some(commit) = repository.merge_base(tip, &branch.reference)? else {
                let message = format!("`{tip}` and `{}` have no commit in common", branch.name);
                return Err(Error::usage(message, "fetch the whole history, or name `--base REF`"));
            };
            (commit, branch.name)
        }
    };
    let root = repository.root().to_owned();
    let half = |tree: Tree, commit: &str, name: &str| {
        let short = commit.get(..7).unwrap_or(commit);
        let name = if name.starts_with(short) { short.to_owned() } else { format!("{name} ({short})") };
        Half { tree: Arc::new(tree), root: root.clone(), commit: Some(commit.to_owned()), name }
    };
    let head = || -> Result<Half, Error> {
        Ok(match &diff.head {
            Some(name) => {
                let commit = repository.resolve(name)?;
                half(Tree::revision(&repository, &commit)?, &commit, name)
            }
            None => Half {
                tree: Arc::new(Tree::open(&root)?),
                root: root.clone(),
                commit: repository.resolve("HEAD").ok(),
                name: "working tree".to_owned(),
            },
        })
    };
    let halves = || -> Result<[Half; 2], Error> {
        let (listed, head) = both(|| Listed::new(&repository, &base), head);
        let head = head?;
        let tree = Tree::listed(&repository, &listed?, Some(Arc::clone(&head.tree)))?;
        Ok([half(tree, &base, &base_name), head])
    };
    // What is asked for next is asked while git lists the files; an answer that is an error is given then.
    let (halves, _) = both(halves, || (repository.origin_url().is_ok(), repository.default_branch().is_ok()));
    Ok((halves?, Some(repository)))
}

/// The one object of this kind in `file`: the tree is only what is mapped, nothing is guessed, nothing else discovered.
pub fn only(global: &Global, beside: &Beside, file: &Path, kind: &str) -> Result<Scene, Error> {
    let nothing: [(&str, &[u8]); 0] = [];
    let mut options = Options::new(Arc::new(Documents::new(Arc::new(Tree::memory(nothing)))));
    options.only = Some(Arc::new(Documents::new(Arc::new(Tree::of_file(file)?))));
    options.guess = false;
    options.rendered_definitions = false;
    let current = current()?;
    let configuration = named(global)?;
    if let Some((loaded, home)) = &configuration {
        configure(&mut options, loaded, home, &current)?;
    }
    add_beside(&mut options, beside, &[])?;
    options.engines = Arc::new(programs::engines(global, None)?);
    let mut inventory = watched(global, &mut options);
    let sets = if kind == "Application" { 0 } else { inventory.sets.len() };
    if inventory.applications.is_empty() && sets == 0 && inventory.problems.is_empty() {
        let message = format!("`{}` holds no {kind}", file.display());
        inventory.problems.push(Problem::fails(ProblemKind::ResourceUnreadable, message));
    }
    let configuration = configuration.map(|(loaded, _)| loaded);
    Ok(Scene { inventory, configuration, seen: Seen::unchanged(), limit: None })
}

/// Loads, and shows a person who waits how it goes.
fn watched(global: &Global, options: &mut Options) -> Inventory {
    let progress = Progress::start(global);
    if let Some(progress) = &progress {
        options.observer = progress.observer();
    }
    Inventory::load(options)
}

fn nothing(seen: &Seen) -> Error {
    Error::usage(
        format!("nothing to judge: no Application, ApplicationSet or plain manifest in `{}`", seen.path("")),
        "name the folder of a GitOps repository; files that git ignores do not count",
    )
}

fn current() -> Result<PathBuf, Error> {
    let gone = |_| Error::usage("the current folder is not there any more", "change into another folder");
    std::env::current_dir().map_err(gone)
}

fn place(named: &[PathBuf]) -> Result<Place, Error> {
    let current = current()?;
    let mut real = Vec::new();
    let mut folders = 0;
    for path in named {
        folders += usize::from(files::is_folder(path)?);
        real.push(files::real_path(path)?);
    }
    let here = files::real_path(&current)?;
    // The repository around a folder and its root; outside of any, the current folder.
    let whole = |around: &Path| -> Result<(PathBuf, Option<Repository>), Error> {
        let repository = Repository::around(around)?.filter(|repository| !repository.is_bare());
        Ok((repository.as_ref().map_or(&*here, Repository::root).to_owned(), repository))
    };
    match (real.as_slice(), folders) {
        ([], _) => {
            let (root, repository) = whole(&here)?;
            Ok(Place { current, root, repository: repository.map(Arc::new), limit: None })
        }
        ([folder], 1) => {
            let (_, repository) = whole(folder)?;
            Ok(Place { current, root: folder.clone(), repository: repository.map(Arc::new), limit: None })
        }
        (files, 0) => {
            let first = files.first().and_then(|file| file.parent()).unwrap_or(&current);
            let (root, repository) = whole(first)?;
            let inside = |(file, named): (&PathBuf, &PathBuf)| {
                paths::below(&root, file).map(Arc::from).ok_or_else(|| {
                    let message =
                        format!("`{}` is not in `{}`", named.display(), paths::relative(&here, &root));
                    Error::usage(message, "files of one run are files of one repository")
                })
            };
            let limit = files.iter().zip(named).map(inside).collect::<Result<BTreeSet<Arc<str>>, Error>>()?;
            Ok(Place { current, root, repository: repository.map(Arc::new), limit: Some(limit) })
        }
        _ => Err(Error::usage(
            "a run judges one tree",
            "name one folder, or files of one repository; run once for each folder",
        )),
    }
}

/// The tree, and the configuration that holds for it: the one that is named, else the nearest in the tree, else in the
/// folders above it up to the root of the repository.
fn open(global: &Global, place: &Place) -> Result<(Arc<Tree>, Home, Option<Loaded>), Error> {
    if let Some((loaded, home)) = named(global)? {
        return Ok((Arc::new(Tree::open(&place.root)?), home, Some(loaded)));
    }
    let Around { tree, top, root, start } = around(place)?;
    let home = Home::Tree(Arc::clone(&top));
    if global.no_config {
        return Ok((tree, home, None));
    }
    let seen = Seen::new(&place.current, &root);
    let found = Loaded::find(&top, &start, rules::names());
    let configuration = found.map_err(|error| Error::configuration(error, |path| seen.path(path)))?;
    Ok((tree, home, configuration))
}

/// The tree that is judged, and the tree around it in which a configuration is looked for.
struct Around {
    tree: Arc<Tree>,
    top: Arc<Tree>,
    /// The root of `top`.
    root: PathBuf,
    /// Where `tree` starts in `top`.
    start: String,
}

fn around(place: &Place) -> Result<Around, Error> {
    let above =
        place.repository.as_ref().map(|repository| repository.root()).filter(|root| *root != place.root);
    if let Some(root) = above
        && let Some(start) = paths::below(root, &place.root)
    {
        let top = Arc::new(Tree::open(root)?);
        if let Some(tree) = top.sub(&start) {
            return Ok(Around { tree: Arc::new(tree), top, root: root.to_owned(), start });
        }
    }
    let tree = Arc::new(Tree::open(&place.root)?);
    Ok(Around { top: Arc::clone(&tree), tree, root: place.root.clone(), start: String::new() })
}

/// The configuration that `--config` names.
fn named(global: &Global) -> Result<Option<(Loaded, Home)>, Error> {
    let Some(path) = &global.config else {
        return Ok(None);
    };
    let name = path.display().to_string();
    let loaded = Loaded::read(&name, &files::read_file(path)?, rules::names());
    let loaded = loaded.map_err(|error| Error::configuration(error, str::to_owned))?;
    let folder = path.parent().map_or_else(PathBuf::new, Path::to_owned);
    Ok(Some((loaded, Home::Named(folder))))
}

fn configure(options: &mut Options, loaded: &Loaded, home: &Home, root: &Path) -> Result<(), Error> {
    let config = &loaded.config;
    options.exclude = config.excluded();
    options.instances = config.instances();
    options.clusters = config.listed_clusters();
    for known in &config.known {
        let tree = known_tree(loaded, home, known)?;
        options.known.push(known_from(tree, known.cluster.clone(), known.complete, &known.path)?);
    }
    for repository in &config.repositories {
        let documents = answering(options, home, root, &repository.path)?;
        let branch = repository.branch.clone().or_else(|| options.branch.clone());
        options.repositories.push(Mapping { url: repository.url.clone(), revision: None, branch, documents });
    }
    Ok(())
}

fn known_tree(loaded: &Loaded, home: &Home, known: &config::Known) -> Result<Tree, Error> {
    match home {
        Home::Named(folder) => tree_at(&folder.join(&known.path)),
        Home::Tree(tree) => {
            let path = clean(&join(loaded.folder(), &known.path)).unwrap_or_default();
            let real = tree.resolve(&path)?.unwrap_or_default();
            match tree.sub(&real) {
                Some(folder) => Ok(folder),
                None => Ok(Tree::memory([(paths::name(&path), tree.read(&real)?)])),
            }
        }
    }
}

/// What is known from plain manifests; one that cannot be read is an error, as it is the user's word.
fn known_from(tree: Tree, cluster: Option<String>, complete: bool, named: &str) -> Result<Known, Error> {
    let known = Known::read(Arc::new(tree), cluster, complete);
    match known.found.unreadable.first() {
        None => Ok(known),
        Some((path, message)) => Err(Error::usage(
            format!("`{path}` of what is known (`{named}`) cannot be read: {message}"),
            "what is known is given as plain manifests",
        )),
    }
}

/// The folder of the judged tree, or, for a configuration that a person named, any folder.
fn answering(options: &Options, home: &Home, root: &Path, path: &str) -> Result<Arc<Documents>, Error> {
    let inside = (!Path::new(path).is_absolute()).then(|| clean(path)).flatten();
    let tree = options.documents.tree();
    match inside.as_deref() {
        Some("") if tree.root().is_some() => Ok(Arc::clone(&options.documents)),
        Some(inside) if let Some(folder) = tree.sub(inside) => Ok(Arc::new(Documents::new(Arc::new(folder)))),
        _ if matches!(home, Home::Named(_)) => {
            Ok(Arc::new(Documents::new(Arc::new(Tree::open(&root.join(path))?))))
        }
        _ => Err(Error::usage(
            format!("`repositories` of the configuration names `{path}`, and there is no such folder"),
            "the path is from the root of the tree that is judged",
        )),
    }
}

fn tree_at(path: &Path) -> Result<Tree, Error> {
    Ok(if files::is_folder(path)? { Tree::open(path)? } else { Tree::of_file(path)? })
}

/// What flags say; a folder that is one of the `roots` stands for the tree that is judged.
fn add_beside(options: &mut Options, beside: &Beside, roots: &[&Path]) -> Result<(), Error> {
    for mapping in &beside.repository {
        let real = files::real_path(&mapping.dir)?;
        let documents = match roots.contains(&&*real) {
            true => Arc::clone(&options.documents),
            false => Arc::new(Documents::new(Arc::new(Tree::open(&mapping.dir)?))),
        };
        let (url, revision) = (mapping.url.clone(), mapping.revision.clone());
        options.repositories.push(Mapping { url, revision, branch: None, documents });
    }
    for known in &beside.known {
        let name = known.path.display().to_string();
        options.known.push(known_from(tree_at(&known.path)?, known.cluster.clone(), false, &name)?);
    }
    if let Some(file) = &beside.clusters {
        options.clusters = clusters(options, file)?;
    }
    options.answers = beside.answers.as_deref().map(answers).transpose()?;
    Ok(())
}

/// `--answers FILE`: a mapping of generators to what their services say.
fn answers(file: &Path) -> Result<serde_json::Value, Error> {
    let name = file.display().to_string();
    let parsed = yaml::File::single(yaml::decode(&files::read_file(file)?).text);
    let Some(document) = parsed.documents().first() else { return Ok(serde_json::Value::Null) };
    let root = document.root().map_err(|error| wrong(error, &name, &parsed))?;
    let node = parsed.node(root);
    if !node.is_map() && !node.is_null() {
        let message = format!("`{name}` holds no answers");
        return Err(Error::usage(message, "give a mapping of generators, such as `plugin`, to answers"));
    }
    Ok(node.to_json())
}

/// A file of the user's that is no YAML.
fn wrong(error: &yaml::Error, name: &str, parsed: &yaml::File) -> Error {
    Error::Wrong {
        message: error.message.clone(),
        help: String::new(),
        span: error.span,
        path: name.to_owned(),
        text: Arc::clone(parsed.text()),
    }
}

/// `--clusters FILE`: a list of clusters, or cluster Secrets; there are no others.
fn clusters(options: &mut Options, file: &Path) -> Result<Clusters, Error> {
    let name = file.display().to_string();
    let parsed = yaml::File::stream(yaml::decode(&files::read_file(file)?).text);
    let text = || Arc::clone(parsed.text());
    let mut list: Vec<Cluster> = Vec::new();
    let mut is_list = parsed.documents().is_empty();
    for document in parsed.documents() {
        let root = document.root().map_err(|error| wrong(error, &name, &parsed))?;
        let node = parsed.node(root);
        if node.is_seq() {
            is_list = true;
            let read: Result<Vec<Cluster>, _> = yaml::de::from_node(node);
            list.extend(read.map_err(|error| Error::yaml(error, name.clone(), text()))?);
        }
    }
    let secrets = known_from(Tree::of_file(file)?, None, false, &name)?;
    if !is_list && secrets.found.clusters.is_empty() {
        let help =
            "give a list of `{name, server, labels, annotations, project, secret}`, or cluster Secrets";
        return Err(Error::usage(format!("`{name}` names no cluster"), help));
    }
    options.known.push(secrets);
    Ok(Clusters::new(list, true))
}
