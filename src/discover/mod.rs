//! Which files matter, and what kind of thing each one is.
//!
//! Finds what Argo CD reads outside the sources of Applications: Applications, ApplicationSets, AppProjects, its
//! settings, cluster Secrets and CustomResourceDefinitions that stand in the tree as plain manifests.

use crate::files::{EntryKind, Path, Tree};
use crate::model::{Manifest, Origin, group_of};
use crate::render::{Documents, Parsed, has_manifest_name, is_kustomization};
use crate::yaml;
use hashbrown::HashSet;
use rayon::prelude::*;
use std::sync::Arc;

/// What stands in a tree as plain manifests, in walk order.
#[derive(Debug, Default)]
pub struct Found {
    /// Applications.
    pub applications: Vec<Manifest>,
    /// ApplicationSets.
    pub sets: Vec<Manifest>,
    /// AppProjects.
    pub projects: Vec<Manifest>,
    /// ConfigMaps named `argocd-cm`.
    pub settings: Vec<Manifest>,
    /// ConfigMaps named `argocd-cmd-params-cm`.
    pub parameters: Vec<Manifest>,
    /// Secrets that describe a cluster.
    pub clusters: Vec<Manifest>,
    /// CustomResourceDefinitions.
    pub definitions: Vec<Manifest>,
    /// Files that could not be read at all, and why.
    pub unreadable: Vec<(Path, String)>,
    /// Every file that was read, in walk order.
    pub files: Vec<(Path, Arc<Parsed>)>,
    /// Kustomizations and the files they lay over others: YAML that is no manifest by itself.
    pub parts: Vec<(Path, Arc<Parsed>)>,
    /// Files that a kustomization names as resources or patches. Kustomize reads those, by rules of its own.
    pub kustomized: HashSet<String>,
    /// Folders that hold plain manifests of any kind, in walk order.
    pub folders: Vec<Path>,
}

/// Looks through every file that could hold plain manifests and passes `wanted`.
///
/// Left out: what belongs to a chart (its templates are no manifests, and its values no objects), kustomizations and
/// the patches they name, files that `wanted` refuses.
pub fn find(documents: &Documents, wanted: impl Fn(&str) -> bool + Sync) -> Found {
    let tree = documents.tree();
    let apart = Apart::new(tree, documents);
    let files: Vec<&Path> = tree
        .entries()
        .iter()
        .filter(|entry| matches!(entry.kind, EntryKind::File(_)))
        .map(|entry| &entry.path)
        .filter(|path| has_manifest_name(path) && !path.ends_with(".jsonnet"))
        .filter(|path| wanted(path) && !apart.holds(path))
        .collect();
    let looked: Vec<_> = files.par_iter().map(|path| look(documents, path)).collect();
    let mut found = Found { parts: parts(documents, &apart, wanted), ..Found::default() };
    for (path, result) in files.into_iter().zip(looked) {
        match result {
            Err(message) => found.unreadable.push((path.clone(), message)),
            Ok(None) => {}
            Ok(Some((parsed, manifests))) => {
                if manifests.iter().any(|manifest| !manifest.kind().is_empty()) {
                    found.add_folder(path);
                }
                manifests.into_iter().for_each(|manifest| found.add(manifest));
                found.files.push((path.clone(), parsed));
            }
        }
    }
    found.kustomized = apart.resources;
    found
}

/// The files that are set apart although somebody here wrote them: kustomizations and patches.
fn parts(documents: &Documents, apart: &Apart, wanted: impl Fn(&str) -> bool) -> Vec<(Path, Arc<Parsed>)> {
    let tree = documents.tree();
    let mut paths: Vec<Path> = apart.patches.iter().map(|path| path.as_str().into()).collect();
    paths.sort_unstable();
    let is_file = |path: &Path| matches!(tree.entry(path).map(|entry| &entry.kind), Some(EntryKind::File(_)));
    paths.retain(|path| wanted(path) && is_file(path));
    paths.into_iter().filter_map(|path| documents.manifest(&path).ok().map(|parsed| (path, parsed))).collect()
}

/// One file and its objects; None for JSON that is no manifest, of which repositories hold a lot.
fn look(documents: &Documents, path: &Path) -> Result<Option<(Arc<Parsed>, Vec<Manifest>)>, String> {
    if path.ends_with(".json") {
        let bytes = documents.tree().read(path).map_err(|error| error.to_string())?;
        let holds = |word: &[u8]| memchr::memmem::find(&bytes, word).is_some();
        if !holds(b"\"apiVersion\"") || !holds(b"\"kind\"") {
            return Ok(None);
        }
    }
    let parsed = documents.manifest(path).map_err(|error| error.to_string())?;
    let manifests = manifests(&parsed, path);
    Ok(Some((parsed, manifests)))
}

/// The objects of a parsed file, members of lists included.
pub fn manifests(parsed: &Parsed, path: &Path) -> Vec<Manifest> {
    let origin = Arc::new(match parsed.verbatim {
        true => Origin::Written(path.clone()),
        false => Origin::Rendered(crate::files::Location::new(path.clone(), crate::files::Span::default())),
    });
    let mut all = Vec::new();
    for document in parsed.file.documents() {
        let Ok(root) = document.root() else { continue };
        let manifest = Manifest::new(Arc::clone(&parsed.file), root, Arc::clone(&origin));
        match manifest.node().get("items").filter(|items| items.is_seq()) {
            Some(items) => {
                all.extend(items.items().filter(|item| item.is_map()).map(|item| manifest.member(item.id())))
            }
            None if manifest.node().is_map() => all.push(manifest),
            None => {}
        }
    }
    all
}

impl Found {
    fn add_folder(&mut self, path: &Path) {
        let dir = path.rsplit_once('/').map_or("", |(dir, _)| dir);
        if self.folders.last().map(|last| &**last) != Some(dir)
            && !self.folders.iter().any(|known| **known == *dir)
        {
            self.folders.push(dir.into());
        }
    }

    /// Files one object under what it is; other objects are not kept.
    pub fn add(&mut self, manifest: Manifest) {
        let group = group_of(manifest.api_version()).to_owned();
        let list = match (group.as_str(), manifest.kind()) {
            ("argoproj.io", "Application") => &mut self.applications,
            ("argoproj.io", "ApplicationSet") => &mut self.sets,
            ("argoproj.io", "AppProject") => &mut self.projects,
            ("apiextensions.k8s.io", "CustomResourceDefinition") => &mut self.definitions,
            ("", "ConfigMap") if manifest.name() == "argocd-cm" => &mut self.settings,
            ("", "ConfigMap") if manifest.name() == "argocd-cmd-params-cm" => &mut self.parameters,
            ("", "Secret") if manifest.label("argocd.argoproj.io/secret-type") == Some("cluster") => {
                &mut self.clusters
            }
            _ => return,
        };
        list.push(manifest);
    }
}

/// Files that are no plain manifests although they look like some.
struct Apart {
    charts: HashSet<String>,
    patches: HashSet<String>,
    resources: HashSet<String>,
}

impl Apart {
    fn new(tree: &Tree, documents: &Documents) -> Self {
        let mut apart = Self { charts: HashSet::new(), patches: HashSet::new(), resources: HashSet::new() };
        for entry in tree.entries() {
            let (dir, name) = entry.path.rsplit_once('/').unwrap_or(("", &entry.path));
            if name == "Chart.yaml" {
                apart.charts.insert(dir.to_owned());
            }
            if is_kustomization(name) {
                apart.patches.insert(entry.path.to_string());
                apart.add_patches(documents, &entry.path, dir);
            }
        }
        apart
    }

    /// The files that a kustomization lays over others: they hold parts of objects.
    fn add_patches(&mut self, documents: &Documents, path: &Path, dir: &str) {
        let Ok(file) = documents.single(path) else { return };
        let Some(Ok(root)) = file.documents().first().map(|document| document.root()) else { return };
        let node = file.node(root);
        let list = |key: &str| node.get(key).into_iter().flat_map(|list| list.items());
        let named =
            |patch: yaml::Node<'_>| patch.get("path").and_then(|path| path.as_str().map(str::to_owned));
        let merges = list("patchesStrategicMerge").filter_map(|patch| patch.as_str().map(str::to_owned));
        let others =
            ["patches", "patchesJson6902", "replacements"].into_iter().flat_map(list).filter_map(named);
        let lists = ["transformers", "generators", "configurations"].into_iter().flat_map(list);
        let lists = lists.filter_map(|entry| entry.as_str().map(str::to_owned));
        let within = |relative: &String| crate::render::clean(&crate::render::join(dir, relative)).map(|path| path.to_string());
        let patches: Vec<String> = merges.chain(others).chain(lists).filter_map(|relative| within(&relative)).collect();
        let resources = ["resources", "bases", "components", "crds"].into_iter().flat_map(list);
        let resources = resources.filter_map(|entry| within(&entry.as_str()?.to_owned()));
        self.resources.extend(resources.chain(patches.iter().cloned()));
        self.patches.extend(patches);
    }

    /// Of a chart, its templates, its dependencies and the files beside `Chart.yaml` are no plain manifests.
    fn holds(&self, path: &str) -> bool {
        let chart_owns = |inside: &str| {
            inside.starts_with("templates/") || inside.starts_with("charts/") || !inside.contains('/')
        };
        let parents = path.match_indices('/').map(|(at, _)| (&path[..at], &path[at + 1..]));
        self.patches.contains(path)
            || std::iter::once(("", path))
                .chain(parents)
                .any(|(dir, inside)| self.charts.contains(dir) && chart_owns(inside))
    }
}
