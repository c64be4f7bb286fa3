//! Every resource that would exist, per cluster and Application, with indexes.
//!
//! Follows Applications from the roots of a tree to everything they render, Applications included.

use crate::discover::Kustomizations;
use crate::files::{Location, Path};
use crate::model::{
    Application, Clusters, Manifest, Origin, Problem, ProblemKind, Project, ResourceKey, Scopes, Settings,
    State,
};
use crate::render::{Documents, Parsed, Recipe, Target, Targets, Tool};
use hashbrown::HashMap;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

mod again;
mod expand;
mod generate;
mod instances;
mod known;
mod memory;
mod numbers;
mod observer;
mod options;
mod owners;
mod programs;
mod set;
mod settings;
mod sources;

pub use known::Known;
pub use memory::Memory;
pub use observer::Observer;
pub use options::{InstanceOptions, Mapping, Options};
pub use set::{Fate, Member, Provenance, Set, SetId, SetOutcome};
pub use settings::cluster as cluster_of;

/// Index of an Application in [`Inventory::applications`].
pub type AppId = usize;

/// What Argo CD would have on its clusters, going by one tree.
pub struct Inventory {
    /// The tree and its parsed files.
    pub documents: Arc<Documents>,
    /// The file of the one object that was asked for; see [`Options::only`].
    pub only: Option<Arc<Documents>>,
    /// The Applications, roots before what they render, each level in order of file or rendering.
    pub applications: Vec<App>,
    /// Applications that are rendered and then replaced by a later one of the same name, or generated under a name that
    /// another ApplicationSet owns, so that they never exist.
    pub replaced: Vec<App>,
    /// ApplicationSets that stand in the tree or are rendered, and what they generate.
    pub sets: Vec<Set>,
    /// AppProjects.
    pub projects: Vec<OwnedProject>,
    /// Argo CD instances; there is always one.
    pub instances: Vec<Instance>,
    /// The clusters that are known.
    pub clusters: Clusters,
    /// What is wrong with no Application in particular.
    pub problems: Vec<Problem>,
    /// The files that were read as plain YAML or JSON, in walk order; templates of charts are not among them.
    pub files: Vec<(Path, Arc<Parsed>)>,
    /// Kustomizations and the patches they name, in order of path.
    pub parts: Vec<(Path, Arc<Parsed>)>,
    /// The kustomizations of the tree.
    pub kustomizations: Kustomizations,
    /// The address that was taken for the tree without being mapped, and its branch.
    pub own: (Option<String>, Option<String>),
    /// The custom kinds that are known on each cluster.
    pub scopes: HashMap<Arc<str>, Scopes>,
    /// Folders, each with a name in it that is an alternative to another name there; see [`Options::apart`].
    pub apart: BTreeSet<(String, String)>,
    index: OnceLock<Index>,
    by_place: OnceLock<HashMap<Place, Vec<ResourceId>>>,
    by_document: OnceLock<HashMap<(Path, u32), Vec<ResourceId>>>,
    by_origin: OnceLock<HashMap<Location, Vec<ResourceId>>>,
}

/// One Argo CD installation.
#[derive(Clone, Debug, Default)]
pub struct Instance {
    /// How it is set up.
    pub settings: Settings,
    /// The folder or file whose roots it manages, where several instances share a tree; `""` for all.
    pub scope: String,
}

/// What makes an Application exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parent {
    /// Nobody here: somebody applies it by hand.
    Root,
    /// This Application renders it.
    Application(AppId),
    /// This ApplicationSet generates it.
    Set {
        /// The set.
        set: SetId,
        /// Which of its members it is.
        member: usize,
    },
    /// A folder of a tree without Applications, taken as one directory source.
    Folder,
}

/// One Application and what it deploys.
#[derive(Debug)]
pub struct App {
    /// The Application; made up for [`Parent::Folder`].
    pub application: Arc<Application>,
    /// `namespace/name`.
    pub id: Arc<str>,
    /// Index of its Argo CD instance.
    pub instance: usize,
    /// Who makes it exist.
    pub parent: Parent,
    /// The cluster that it itself lives on.
    pub home: Arc<str>,
    /// The cluster it deploys to; `""` where its destination names none.
    pub cluster: Arc<str>,
    /// What it deploys; empty unless it is [`Outcome::Rendered`].
    pub targets: Targets,
    /// How far rendering came.
    pub outcome: Outcome,
    /// The kustomization that changes or completes this Application: what stands in the tree is not what is deployed.
    pub changed_by: Option<Path>,
    /// The tool of each source; None where it never came to that.
    pub tools: Vec<Option<Tool>>,
    /// What the renderer of each source is told; None where none is needed, or where it never came to that.
    pub recipes: Vec<Option<Recipe>>,
    /// Whether the files of each source are those of this tree.
    pub here: Vec<bool>,
    /// What Argo CD or this program says.
    pub problems: Vec<Problem>,
}

/// How far the rendering of an Application came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything is here.
    Rendered,
    /// Argo CD refuses; it syncs and prunes nothing.
    Fails,
    /// Something is missing here; what it deploys is not known.
    Unknown,
}

/// One AppProject.
#[derive(Debug)]
pub struct OwnedProject {
    /// The project.
    pub project: Project,
    /// The namespace it lives in.
    pub namespace: Arc<str>,
    /// Who makes it exist.
    pub parent: Parent,
    /// Index of its Argo CD instance.
    pub instance: usize,
}

impl OwnedProject {
    /// The key of the AppProject object.
    pub fn key(&self) -> ResourceKey {
        ResourceKey::of_argo("AppProject", &self.namespace, &self.project.name)
    }
}

/// One object of the inventory: an Application and one of its targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceId {
    /// The Application.
    pub app: u32,
    /// Its target.
    pub target: u32,
}

/// A problem that was met at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Met {
    /// The Application that met it.
    pub app: Option<AppId>,
    /// What it is.
    pub kind: ProblemKind,
    /// What it leaves.
    pub state: State,
}

/// Where an object lives: instance, cluster, key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Index of the Argo CD instance.
    pub instance: usize,
    /// Cluster.
    pub cluster: Arc<str>,
    /// Key.
    pub key: ResourceKey,
}

#[derive(Default)]
struct Index {
    by_instance_name: HashMap<(usize, Arc<str>), Vec<AppId>>,
    problems_at: HashMap<Location, Vec<Met>>,
}

impl Inventory {
    /// Works out everything that `options.documents` deploys.
    pub fn load(options: &Options) -> Self {
        expand::load(options)
    }

    /// Applications of another inventory as the files of this one render them, each with its own spec and cluster.
    ///
    /// `options` are those that this inventory was loaded with.
    pub fn again(&self, options: &Options, apps: &[&App]) -> Vec<App> {
        again::again(options, self, apps)
    }

    /// Every object, in order of Application and rendering.
    pub fn resources(&self) -> impl Iterator<Item = ResourceId> + '_ {
        self.applications.iter().enumerate().flat_map(|(app, of)| {
            (0..of.targets.list.len())
                .map(move |target| ResourceId { app: app as u32, target: target as u32 })
        })
    }

    /// The object behind an id.
    pub fn target(&self, id: ResourceId) -> &Target {
        &self.applications[id.app as usize].targets.list[id.target as usize]
    }

    /// The Application behind an id.
    pub fn app(&self, id: ResourceId) -> &App {
        &self.applications[id.app as usize]
    }

    /// How many objects there are.
    pub fn count(&self) -> usize {
        self.applications.iter().map(|app| app.targets.list.len()).sum()
    }

    /// All objects with this key on this cluster of this instance.
    pub fn at(&self, place: &Place) -> &[ResourceId] {
        self.by_place().get(place).map_or(&[], Vec::as_slice)
    }

    /// Every place where more than one object is, in order of key.
    pub fn shared(&self) -> Vec<(&Place, &[ResourceId])> {
        let places = self.by_place().iter().filter(|(_, ids)| ids.len() > 1);
        let mut shared: Vec<_> = places.map(|(place, ids)| (place, ids.as_slice())).collect();
        shared.sort_by(|(a, _), (b, _)| {
            (a.instance, &a.cluster, &a.key).cmp(&(b.instance, &b.cluster, &b.key))
        });
        shared
    }

    /// Applications with this `namespace/name` in an instance.
    pub fn named(&self, instance: usize, id: &Arc<str>) -> &[AppId] {
        self.index().by_instance_name.get(&(instance, Arc::clone(id))).map_or(&[], Vec::as_slice)
    }

    /// The project an Application belongs to, when it is here.
    pub fn project(&self, app: &App) -> Option<&Project> {
        let name = app.application.spec.project_name();
        let mine = self.projects.iter().filter(|owned| owned.instance == app.instance);
        mine.map(|owned| &owned.project).find(|project| *project.name == *name)
    }

    /// What stands above everything that led to an Application: a root Application or ApplicationSet, or itself.
    pub fn root(&self, app: AppId) -> &Manifest {
        self.top(&self.applications[app].parent, &self.applications[app].application.manifest)
    }

    /// The same of anything that `parent` makes.
    fn top<'a>(&'a self, parent: &'a Parent, own: &'a Manifest) -> &'a Manifest {
        let (mut parent, mut top) = (parent, own);
        for _ in 0..=self.applications.len() + self.sets.len() {
            (parent, top) = match *parent {
                Parent::Application(id) => {
                    let app = &self.applications[id];
                    (&app.parent, &app.application.manifest)
                }
                Parent::Set { set, .. } => (&self.sets[set].parent, &self.sets[set].manifest),
                Parent::Root | Parent::Folder => break,
            };
        }
        top
    }

    /// What generates an Application: its set and which of the set's members it is.
    pub fn generated(&self, app: &App) -> Option<(&Set, &Member)> {
        let Parent::Set { set, member } = app.parent else { return None };
        let set = &self.sets[set];
        Some((set, &set.members[member]))
    }

    /// The settings of an Application's instance.
    pub fn settings(&self, app: &App) -> &Settings {
        &self.instances[app.instance].settings
    }

    /// The objects that Applications take from this place of this file: every one that deploys the text that stands there.
    pub fn taken_from(&self, path: &Path, start: u32) -> &[ResourceId] {
        self.by_document().get(&(Path::clone(path), start)).map_or(&[], Vec::as_slice)
    }

    /// The objects that were rendered from what stands at this place: what Kustomize made of a resource, at its name.
    pub fn rendered_from(&self, location: &Location) -> &[ResourceId] {
        self.by_origin().get(location).map_or(&[], Vec::as_slice)
    }

    /// Whether a kustomization of the tree names this file, so that Kustomize reads it.
    pub fn is_kustomized(&self, path: &str) -> bool {
        self.kustomizations.names(path)
    }

    /// The problems that were met at this very place.
    pub fn problems_at(&self, location: &Location) -> &[Met] {
        self.index().problems_at.get(location).map_or(&[], Vec::as_slice)
    }

    /// The decoded text of a file of the tree, or of the one object that was asked for.
    pub fn text(&self, path: &str) -> Option<Arc<str>> {
        self.documents.text(path).or_else(|| self.only.as_ref()?.text(path))
    }

    /// Whether nothing at all was found: no Application, no ApplicationSet, no object.
    pub fn is_empty(&self) -> bool {
        self.applications.is_empty() && self.sets.is_empty() && self.projects.is_empty()
    }

    /// Makes the indexes of objects, which otherwise the first who asks makes while others wait.
    pub fn prepare(&self) {
        rayon::join(|| self.by_place(), || self.by_document());
    }

    fn by_place(&self) -> &HashMap<Place, Vec<ResourceId>> {
        self.by_place.get_or_init(|| {
            let mut places: HashMap<Place, Vec<ResourceId>> = HashMap::with_capacity(self.count());
            for id in self.resources() {
                let (app, key) = (self.app(id), self.target(id).key.clone());
                let place = Place { instance: app.instance, cluster: Arc::clone(&app.cluster), key };
                places.entry(place).or_default().push(id);
            }
            places
        })
    }

    fn by_document(&self) -> &HashMap<(Path, u32), Vec<ResourceId>> {
        self.by_document.get_or_init(|| {
            let mut documents: HashMap<(Path, u32), Vec<ResourceId>> = HashMap::with_capacity(self.count());
            for id in self.resources() {
                let manifest = &self.target(id).manifest;
                if let Origin::Written(path) = manifest.origin() {
                    let start = manifest.node().span().start;
                    documents.entry((Path::clone(path), start)).or_default().push(id);
                }
            }
            documents
        })
    }

    fn by_origin(&self) -> &HashMap<Location, Vec<ResourceId>> {
        self.by_origin.get_or_init(|| {
            let mut origins: HashMap<Location, Vec<ResourceId>> = HashMap::new();
            for id in self.resources() {
                if let Origin::Rendered(from) = self.target(id).manifest.origin() {
                    origins.entry(from.clone()).or_default().push(id);
                }
            }
            origins
        })
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| {
            let mut index = Index::default();
            let mut met = |app: Option<AppId>, problem: &Problem| {
                if let Some(location) = &problem.location {
                    let met = Met { app, kind: problem.kind, state: problem.state };
                    index.problems_at.entry(location.clone()).or_default().push(met);
                }
            };
            self.problems.iter().for_each(|problem| met(None, problem));
            for (id, app) in self.applications.iter().enumerate() {
                app.problems.iter().for_each(|problem| met(Some(id), problem));
            }
            for (id, app) in self.applications.iter().enumerate() {
                index.by_instance_name.entry((app.instance, Arc::clone(&app.id))).or_default().push(id);
            }
            index
        })
    }
}

impl App {
    /// Whether it is a real Application rather than a folder.
    pub fn is_written(&self) -> bool {
        self.parent != Parent::Folder
    }

    /// Its name in reports; None for a folder.
    pub fn reported(&self) -> Option<Arc<str>> {
        self.is_written().then(|| Arc::clone(&self.id))
    }

    /// The problems that keep it from being rendered.
    pub fn stops(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().filter(|problem| problem.state != State::Warning)
    }

    /// The file it stands in, or was rendered from.
    pub fn path(&self) -> &Path {
        self.application.manifest.path()
    }
}
