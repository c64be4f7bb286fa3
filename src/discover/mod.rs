//! Which files matter, and what kind of thing each one is.
//!
//! Finds what Argo CD reads outside the sources of Applications: Applications, ApplicationSets, AppProjects, its
//! settings, cluster Secrets and CustomResourceDefinitions that stand in the tree as plain manifests.

use crate::files::{EntryKind, Path, Tree};
use crate::model::{Manifest, Origin, group_of};
use crate::render::{Documents, Parsed, has_manifest_name};
use hashbrown::HashSet;
use rayon::prelude::*;
use std::sync::Arc;

mod kustomize;

pub use kustomize::Kustomizations;

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
    /// The kustomizations of the tree.
    pub kustomizations: Kustomizations,
    /// Folders of charts that are no dependency of another chart, sorted.
    pub charts: Vec<String>,
    /// Folders that hold plain manifests of any kind, in walk order.
    pub folders: Vec<Path>,
    /// The same.
    known_folders: HashSet<Path>,
}

/// Looks through every file that could hold plain manifests and passes `wanted`.
///
/// Left out: what belongs to a chart (its templates are no manifests, and its values no objects), kustomizations and
/// the patches they name, files that `wanted` refuses.
pub fn find(documents: &Documents, wanted: impl Fn(&str) -> bool + Sync) -> Found {
    let tree = documents.tree();
    let kustomizations = Kustomizations::read(tree, documents);
    let charts = charts(tree);
    let files: Vec<&Path> = tree
        .entries()
        .iter()
        .filter(|entry| matches!(entry.kind, EntryKind::File(_)))
        .map(|entry| &entry.path)
        .filter(|path| has_manifest_name(path) && !path.ends_with(".jsonnet"))
        .filter(|path| wanted(path) && !kustomizations.is_part(path) && !of_chart(&charts, path))
        .collect();
    let looked: Vec<_> = files.par_iter().map(|path| look(documents, path)).collect();
    let mut found = Found { parts: parts(documents, &kustomizations, wanted), ..Found::default() };
    for (path, result) in files.into_iter().zip(looked) {
        match result {
            Err(message) => found.unreadable.push((path.clone(), message)),
            Ok(None) => {}
            Ok(Some(Looked { parsed, has_objects, read })) => {
                if has_objects && !kustomizations.names(path) {
                    found.add_folder(path);
                }
                read.into_iter().for_each(|(role, manifest)| found.list(role).push(manifest));
                found.files.push((path.clone(), parsed));
            }
        }
    }
    found.kustomizations = kustomizations;
    found.charts = charts.iter().filter(|dir| dir.is_empty() || !of_chart(&charts, dir)).cloned().collect();
    found.charts.sort_unstable();
    found
}

/// The files that are set apart although somebody here wrote them: kustomizations and patches.
fn parts(
    documents: &Documents,
    kustomizations: &Kustomizations,
    wanted: impl Fn(&str) -> bool,
) -> Vec<(Path, Arc<Parsed>)> {
    let tree = documents.tree();
    let mut paths: Vec<Path> = kustomizations.parts().map(Path::from).collect();
    paths.sort_unstable();
    let is_file = |path: &Path| matches!(tree.entry(path).map(|entry| &entry.kind), Some(EntryKind::File(_)));
    paths.retain(|path| wanted(path) && is_file(path));
    let parsed = |path: Path| Some((path.clone(), documents.manifest(&path).ok()?));
    paths.into_par_iter().filter_map(parsed).collect()
}

/// What one file holds.
struct Looked {
    parsed: Arc<Parsed>,
    has_objects: bool,
    /// The objects that are read outside the sources of Applications.
    read: Vec<(Role, Manifest)>,
}

/// What an object is that is read outside the sources of Applications.
#[derive(Clone, Copy)]
enum Role {
    Application,
    Set,
    Project,
    Settings,
    Parameters,
    Cluster,
    Definition,
}

impl Role {
    /// None for every other object.
    fn of(manifest: &Manifest) -> Option<Self> {
        match (group_of(manifest.api_version()), manifest.kind()) {
            ("argoproj.io", "Application") => Some(Self::Application),
            ("argoproj.io", "ApplicationSet") => Some(Self::Set),
            ("argoproj.io", "AppProject") => Some(Self::Project),
            ("apiextensions.k8s.io", "CustomResourceDefinition") => Some(Self::Definition),
            ("", "ConfigMap") if manifest.name() == "argocd-cm" => Some(Self::Settings),
            ("", "ConfigMap") if manifest.name() == "argocd-cmd-params-cm" => Some(Self::Parameters),
            ("", "Secret") if manifest.describes_cluster() => Some(Self::Cluster),
            _ => None,
        }
    }
}

/// Looks into one file; None for JSON that is no manifest, of which repositories hold a lot.
fn look(documents: &Documents, path: &Path) -> Result<Option<Looked>, String> {
    if path.ends_with(".json") {
        let bytes = documents.tree().read(path).map_err(|error| error.to_string())?;
        let holds = |word: &[u8]| memchr::memmem::find(&bytes, word).is_some();
        if !holds(b"\"apiVersion\"") || !holds(b"\"kind\"") {
            return Ok(None);
        }
    }
    let parsed = documents.manifest(path).map_err(|error| error.to_string())?;
    let manifests = manifests(&parsed, path);
    let has_objects = manifests.iter().any(|manifest| !manifest.kind().is_empty());
    let read = manifests.into_iter().filter_map(|manifest| Some((Role::of(&manifest)?, manifest))).collect();
    Ok(Some(Looked { parsed, has_objects, read }))
}

/// The objects of a parsed file, members of lists included.
pub fn manifests(parsed: &Parsed, path: &Path) -> Vec<Manifest> {
    let origin = Arc::new(match parsed.verbatim {
        true => Origin::Written(path.clone()),
        false => Origin::Rendered(crate::files::Location::head(path.clone())),
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
        if self.folders.last().map(|last| &**last) != Some(dir) && self.known_folders.insert(dir.into()) {
            self.folders.push(dir.into());
        }
    }

    /// Files one object under what it is; other objects are not kept.
    pub fn add(&mut self, manifest: Manifest) {
        if let Some(role) = Role::of(&manifest) {
            self.list(role).push(manifest);
        }
    }

    fn list(&mut self, role: Role) -> &mut Vec<Manifest> {
        match role {
            Role::Application => &mut self.applications,
            Role::Set => &mut self.sets,
            Role::Project => &mut self.projects,
            Role::Settings => &mut self.settings,
            Role::Parameters => &mut self.parameters,
            Role::Cluster => &mut self.clusters,
            Role::Definition => &mut self.definitions,
        }
    }
}

/// The folders of charts.
fn charts(tree: &Tree) -> HashSet<String> {
    let dirs = tree.entries().iter().map(|entry| entry.path.rsplit_once('/').unwrap_or(("", &entry.path)));
    dirs.filter(|(_, name)| *name == "Chart.yaml").map(|(dir, _)| dir.to_owned()).collect()
}

/// Of a chart, its templates, its dependencies and the files beside `Chart.yaml` are no plain manifests.
fn of_chart(charts: &HashSet<String>, path: &str) -> bool {
    let chart_owns = |inside: &str| {
        inside.starts_with("templates/") || inside.starts_with("charts/") || !inside.contains('/')
    };
    let parents = path.match_indices('/').map(|(at, _)| (&path[..at], &path[at + 1..]));
    std::iter::once(("", path)).chain(parents).any(|(dir, inside)| charts.contains(dir) && chart_owns(inside))
}
