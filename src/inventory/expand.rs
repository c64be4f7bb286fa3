use super::numbers::Numbers;
use super::options::Options;
use super::sources::{Found as Files, Repositories};
use super::{
    App, AppId, Instance, Inventory, Outcome, OwnedProject, Parent, instances, owners, programs, settings,
};
use crate::discover::{self, Found, Kustomizations};
use crate::files::{Location, Path};
use crate::model::{
    Application, Clusters, Condition, DEFAULT_KUBERNETES, GroupKind, IN_CLUSTER, IN_CLUSTER_SERVER, Manifest,
    Origin, Problem, ProblemKind, Project, Scope, Scopes, Source, State,
};
use crate::render::{self, Destination, Environment, Recipe, Reference, References, Request, Targets, Tool};
use crate::yaml::{self, File, Node};
use hashbrown::{HashMap, HashSet};
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock};

mod sets;

use sets::Sets;

/// How deep Applications may render Applications before it is called a loop.
const MAX_DEPTH: usize = 32;
/// How many Applications one tree may have.
const MAX_APPLICATIONS: usize = 100_000;

/// A document of the tree: its file and where it begins.
type Document = (Arc<str>, u32);

/// One Application on its way to an [`App`].
pub(super) struct Draft {
    application: Arc<Application>,
    parent: Parent,
    depth: usize,
    instance: usize,
    home: Arc<str>,
    pub(super) cluster: Arc<str>,
    manifests: Vec<(usize, Manifest)>,
    /// The Applications, sets and projects among them.
    own: Vec<(usize, Manifest)>,
    /// The CustomResourceDefinitions among them.
    definitions: Vec<Manifest>,
    tools: Vec<Option<Tool>>,
    recipes: Vec<Option<Recipe>>,
    /// A chart of it asks what the cluster serves.
    asks: bool,
    here: Vec<bool>,
    problems: Vec<Problem>,
    rendered: bool,
    /// The kustomization that changes or completes it, so that what stands here is not what is deployed.
    changed_by: Option<Path>,
    /// Another Application renders this document, but something else wins its key.
    lost: bool,
    /// It stands a second time in the list, as Kustomize made it.
    gone: bool,
}

/// What rendering one Application gave.
#[derive(Default)]
struct Made {
    manifests: Vec<(usize, Manifest)>,
    own: Vec<(usize, Manifest)>,
    definitions: Vec<Manifest>,
    tools: Vec<Option<Tool>>,
    recipes: Vec<Option<Recipe>>,
    asks: bool,
    here: Vec<bool>,
    problems: Vec<Problem>,
}

pub(super) struct Expansion<'a> {
    options: &'a Options,
    instances: Vec<Instance>,
    clusters: Clusters,
    drafts: Vec<Draft>,
    by_document: HashMap<Document, AppId>,
    /// The same by the place that points at it.
    by_place: HashMap<Location, AppId>,
    sets: Sets,
    projects: Vec<OwnedProject>,
    claimed: HashSet<Document>,
    /// Places of written objects that Kustomize read, changed, and gave to an Application.
    built_from: HashSet<Location>,
    problems: Vec<Problem>,
    /// Kustomizations are built for themselves: no Application of the tree renders any.
    builds: bool,
    /// What each cluster serves, by what is known before anything is rendered.
    api_versions: Mutex<HashMap<Arc<str>, Arc<Vec<String>>>>,
    /// The same with what is rendered for it, where charts ask for that.
    served: Served,
    /// Address and branch of the tree itself.
    own: (Option<String>, Option<String>),
}

/// API versions by cluster.
pub(super) type Served = HashMap<Arc<str>, Arc<Vec<String>>>;

/// Works out what a tree deploys.
pub(super) fn load(options: &Options) -> Inventory {
    let mut problems = Vec::new();
    let found = discovered(options, &mut problems);
    for (path, message) in &found.unreadable {
        let message = format!("`{path}` cannot be read: {message}");
        problems.push(Problem::unknown(ProblemKind::Unparseable, message).at(Location::head(path.clone())));
    }
    let mut inner = BTreeSet::new();
    let first = loop {
        let first = Expansion::of(options, &found, problems.clone(), Served::default(), &inner);
        let rendered = first.rendered_folders();
        if rendered.is_empty() {
            break first;
        }
        inner.extend(rendered);
    };
    // Charts that ask what a cluster serves are answered when it is known what is rendered for it.
    let served = first.serving();
    let expansion = match served.is_empty() {
        true => first,
        false => Expansion::of(options, &found, problems, served, &inner),
    };
    expansion.finish(found)
}

/// What stands in the tree, or the one object that is asked for.
fn discovered(options: &Options, problems: &mut Vec<Problem>) -> Found {
    let Some(only) = &options.only else {
        return discover::find(&options.documents, |path| !options.exclude.is_match(path));
    };
    let found = discover::find(only, |_| true);
    for entry in only.tree().entries() {
        let Ok(parsed) = only.manifest(&entry.path) else { continue };
        for document in parsed.file.documents() {
            if let Err(error) = document.root() {
                let message = format!("`{}` cannot be read: {}", entry.path, error.message);
                problems.push(
                    Problem::fails(ProblemKind::Unparseable, message)
                        .at(Location::new(entry.path.clone(), error.span)),
                );
            }
        }
    }
    found
}

/// The clusters of the configuration, and those whose Secrets are in the tree or known.
fn clusters(options: &Options, found: &Found, problems: &mut Vec<Problem>) -> Clusters {
    let mut clusters = options.clusters.clone();
    let known = options.known.iter().map(|known| &known.found);
    for secret in std::iter::once(found).chain(known).flat_map(|found| &found.clusters) {
        let cluster = settings::cluster(secret);
        let name = cluster.name.clone();
        let differ = clusters.add(cluster);
        if !differ.is_empty() {
            let message = format!(
                "the Secret `{}` and the configuration disagree about cluster `{name}`: {}",
                secret.name(),
                differ.join(", ")
            );
            let problem = Problem::warning(ProblemKind::SettingConflict, message, None).help(
                "what the Secret says is taken; correct the configuration, or leave these fields out of it",
            );
            problems.push(problem.at(secret.location()));
        }
    }
    clusters
}

impl<'a> Expansion<'a> {
    /// Nothing yet.
    fn new(options: &'a Options, instances: Vec<Instance>, clusters: Clusters, sets: Sets) -> Self {
        Self {
            options,
            instances,
            clusters,
            drafts: Vec::new(),
            by_document: HashMap::new(),
            by_place: HashMap::new(),
            sets,
            projects: Vec::new(),
            claimed: HashSet::new(),
            built_from: HashSet::new(),
            problems: Vec::new(),
            builds: false,
            api_versions: Mutex::default(),
            served: Served::default(),
            own: (None, None),
        }
    }

    /// Nothing, and no set will come; the clusters have these kinds.
    pub(super) fn alone(
        options: &'a Options,
        instances: Vec<Instance>,
        clusters: Clusters,
        scopes: &HashMap<Arc<str>, Scopes>,
    ) -> Self {
        let serves =
            |(cluster, scopes): (&Arc<str>, &Scopes)| (Arc::clone(cluster), scopes.api_versions().into());
        let served = scopes.iter().map(serves).collect();
        Self { served, ..Self::new(options, instances, clusters, Sets::default()) }
    }

    /// Everything that a tree deploys, where charts are told that clusters serve this. `inner` are folders that are no
    /// roots, as an Application renders them.
    fn of(
        options: &'a Options,
        found: &Found,
        mut problems: Vec<Problem>,
        served: Served,
        inner: &BTreeSet<String>,
    ) -> Self {
        let instances = settings::instances(options, found, &mut problems);
        let clusters = clusters(options, found, &mut problems);
        let sets = Sets::new(sets::projects(options, found));
        let mut expansion = Self { problems, served, ..Self::new(options, instances, clusters, sets) };
        expansion.add_written(found);
        expansion.add_known();
        let is_built = |set: &Manifest| found.kustomizations.names(set.path());
        if expansion.drafts.is_empty() && options.only.is_none() && found.sets.iter().all(is_built) {
            expansion.add_folders(found);
        }
        let applications: Vec<Arc<Application>> =
            expansion.drafts.iter().map(|draft| draft.application.clone()).collect();
        let repositories = Repositories::new(options, &applications, &found.sets);
        expansion.follow(&repositories);
        expansion.add_built(found, inner);
        expansion.follow(&repositories);
        expansion.add_unclaimed_sets(found);
        expansion.follow(&repositories);
        expansion.look_at_programs();
        expansion.add_unclaimed_projects(found);
        expansion.own = repositories.own();
        expansion
    }

    /// An Application of another tree, on its way once more; its cluster stays what it was there.
    pub(super) fn repeat(&self, app: &App, parent: Parent, instance: usize) -> Draft {
        let home = Arc::clone(&app.home);
        Draft {
            application: app.application.clone(),
            parent,
            depth: 0,
            instance,
            home,
            cluster: Arc::clone(&app.cluster),
            manifests: Vec::new(),
            own: Vec::new(),
            definitions: Vec::new(),
            tools: Vec::new(),
            recipes: Vec::new(),
            here: Vec::new(),
            asks: false,
            problems: Vec::new(),
            rendered: false,
            changed_by: None,
            lost: false,
            gone: false,
        }
    }

    /// Renders one Application and nothing that it renders.
    pub(super) fn finished(&self, mut draft: Draft, repositories: &Repositories<'_>, scopes: &Scopes) -> App {
        let Made { manifests, tools, recipes, here, problems, .. } = self.render(&draft, repositories);
        (draft.tools, draft.recipes, draft.here) = (tools, recipes, here);
        draft.problems.extend(problems);
        let targets = self.targets(&draft, manifests, scopes);
        app(draft, targets, &Numbers { apps: Vec::new(), sets: Vec::new() })
    }
}

impl Expansion<'_> {
    /// The Applications that stand in the tree; who renders them is found out later.
    fn add_written(&mut self, found: &Found) {
        for manifest in &found.applications {
            let document = document(manifest);
            let Some(instance) = self.instance_of(manifest.path()) else { continue };
            let namespace = self.instances[instance].settings.namespace.clone();
            if self.options.only.is_none() && is_template(manifest) {
                continue;
            }
            let draft =
                self.draft(manifest.clone(), &namespace, Parent::Root, instance, IN_CLUSTER.into(), 0);
            if let Some(draft) = draft {
                if let Some(document) = document {
                    self.by_document.insert(document, self.drafts.len());
                    self.by_place.insert(manifest.location(), self.drafts.len());
                }
                self.drafts.push(by_kustomize(draft, &found.kustomizations));
            }
        }
    }

    /// The configured instance whose `roots` hold this file.
    fn instance_of(&self, path: &str) -> Option<usize> {
        if self.options.instances.is_empty() {
            return Some(0);
        }
        let holds =
            |roots: &Option<globset::GlobSet>| roots.as_ref().is_none_or(|roots| roots.is_match(path));
        self.options.instances.iter().position(|instance| holds(&instance.roots))
    }

    /// Applications that somebody applied by hand from outside of the tree, such as the root of everything. What the tree
    /// itself defines comes first.
    fn add_known(&mut self) {
        if self.options.only.is_some() {
            return;
        }
        let options = self.options;
        for manifest in options
            .known
            .iter()
            .filter(|known| known.cluster.is_none())
            .flat_map(|known| &known.found.applications)
        {
            let namespace = self.instances[0].settings.namespace.clone();
            let at = Origin::Rendered(manifest.location());
            let Some(draft) =
                self.draft(manifest.moved(at), &namespace, Parent::Root, 0, IN_CLUSTER.into(), 0)
            else {
                continue;
            };
            let is_same = |other: &Draft| {
                other.application.name == draft.application.name
                    && other.application.namespace == draft.application.namespace
            };
            if !self.drafts.iter().any(is_same) {
                self.drafts.push(draft);
            }
        }
    }

    /// A tree without Applications: each folder with manifests, and each kustomization that no other one names, is one
    /// directory source; a tree that is itself a chart or a kustomization is one source of that kind.
    fn add_folders(&mut self, found: &Found) {
        let made =
            |dir: &str| found.charts.iter().any(|chart| chart == dir) || found.kustomizations.is_folder(dir);
        let mut folders: Vec<Path> = vec!["".into()];
        if !made("") {
            let plain = found.folders.iter().filter(|dir| !found.kustomizations.is_folder(dir)).cloned();
            folders = plain.chain(found.kustomizations.outermost().into_iter().map(Path::from)).collect();
            folders.sort_unstable();
            self.problems.extend(not_looked_at(found));
            self.builds = true;
        }
        for folder in &folders {
            self.add_folder(folder);
        }
    }

    /// Kustomizations with objects of Argo CD that no other one names and no Application renders: somebody applies what
    /// they build by hand, as one does to begin with.
    fn add_built(&mut self, found: &Found, inner: &BTreeSet<String>) {
        if self.builds || self.options.only.is_some() {
            return;
        }
        let argo = found.applications.iter().chain(&found.sets).chain(&found.projects);
        let argo: HashSet<&str> = argo.map(|manifest| &**manifest.path()).collect();
        let sources = self.drafts.iter().flat_map(|draft| draft.application.spec.effective_sources());
        let rendered: HashSet<String> =
            sources.filter_map(|source| render::clean(&source.path)).map(|path| path.to_string()).collect();
        for folder in found.kustomizations.outermost() {
            let leads = || found.kustomizations.reached(folder).iter().any(|path| argo.contains(&**path));
            if !rendered.contains(folder) && !inner.contains(folder) && leads() {
                self.add_folder(&folder.into());
            }
        }
    }

    /// Folders that were taken as roots although an Application renders them, which another folder leads to.
    fn rendered_folders(&self) -> Vec<String> {
        if self.builds {
            return Vec::new();
        }
        let mut renderers: HashMap<String, Vec<AppId>> = HashMap::new();
        for (id, draft) in self.drafts.iter().enumerate().filter(|(_, draft)| draft.parent != Parent::Folder)
        {
            let sources = draft.application.spec.effective_sources();
            let here = sources.iter().zip(&draft.here).filter(|(_, here)| **here);
            for path in here.filter_map(|(source, _)| render::clean(&source.path)) {
                renderers.entry(path.to_string()).or_default().push(id);
            }
        }
        let mut inner: Vec<String> = Vec::new();
        for draft in self.drafts.iter().filter(|draft| draft.parent == Parent::Folder) {
            let folder = draft.application.manifest.path();
            let elsewhere = |id: &AppId| {
                let top = self.above(&self.drafts[*id].parent).last().map(|top| &self.drafts[top]);
                let root = top.filter(|top| top.parent == Parent::Folder);
                let root = root.map(|root| &**root.application.manifest.path());
                root.is_none_or(|root| root != &**folder && !inner.iter().any(|inner| inner == root))
            };
            if renderers.get(&**folder).is_some_and(|ids| ids.iter().any(elsewhere)) {
                inner.push(folder.to_string());
            }
        }
        inner
    }

    fn add_folder(&mut self, folder: &Path) {
        let path = if folder.is_empty() { "." } else { folder };
        let text = serde_json::json!({
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": path},
            "spec": {
                "source": {"repoURL": ".", "path": path},
                "destination": {"name": IN_CLUSTER},
            },
        });
        let file = Arc::new(File::json(text.to_string().into()));
        let Some(Ok(root)) = file.documents().first().map(|document| document.root()) else { return };
        let origin = Origin::Rendered(Location::head(folder.clone()));
        let manifest = Manifest::new(Arc::clone(&file), root, Arc::new(origin));
        let draft = self.draft(manifest, "", Parent::Folder, 0, IN_CLUSTER.into(), 0);
        self.drafts.extend(draft);
    }

    fn draft(
        &mut self,
        manifest: Manifest,
        namespace: &str,
        parent: Parent,
        instance: usize,
        home: Arc<str>,
        depth: usize,
    ) -> Option<Draft> {
        let written = manifest.clone();
        let application = match Application::read(manifest, namespace) {
            Ok(application) => Arc::new(application),
            Err(error) => {
                self.problems.push(unreadable(&written, &error));
                return None;
            }
        };
        Some(self.draft_of(application, parent, instance, home, depth))
    }

    fn draft_of(
        &self,
        application: Arc<Application>,
        parent: Parent,
        instance: usize,
        home: Arc<str>,
        depth: usize,
    ) -> Draft {
        let mut problems = Vec::new();
        let cluster = self.cluster(&application, &home, &mut problems);
        if let Some(message) = application.spec.invalid() {
            let problem =
                Problem::fails(ProblemKind::InvalidSpec, message).condition(Condition::InvalidSpecError);
            let problem = problem.help("add what is missing");
            problems.push(problem.at(application.manifest.location_at(&["spec"])));
        }
        let rendered = !problems.is_empty();
        Draft {
            application,
            parent,
            depth,
            instance,
            home,
            cluster,
            manifests: Vec::new(),
            own: Vec::new(),
            definitions: Vec::new(),
            tools: Vec::new(),
            recipes: Vec::new(),
            asks: false,
            here: Vec::new(),
            problems,
            rendered,
            changed_by: None,
            lost: false,
            gone: false,
        }
    }

    /// The cluster an Application deploys to. Its own cluster is `in-cluster` to it.
    fn cluster(&self, application: &Application, home: &Arc<str>, problems: &mut Vec<Problem>) -> Arc<str> {
        let destination = &application.spec.destination;
        let at = || application.manifest.location_at(&["spec", "destination"]);
        let mut invalid = |kind: ProblemKind, message: String, help: String| {
            let problem = Problem::fails(kind, message).condition(Condition::InvalidSpecError);
            problems.push(problem.help(help).at(at()));
        };
        let cluster = match self.clusters.identity(destination) {
            Ok(cluster) => cluster,
            Err(error) => {
                let help = "name one cluster in `spec.destination`, by `server` or by `name`".to_owned();
                invalid(ProblemKind::DestinationAmbiguous, error.to_string(), help);
                return "".into();
            }
        };
        if *cluster == *IN_CLUSTER {
            return Arc::clone(home);
        }
        if self.clusters.complete && self.clusters.find(&cluster).is_none() {
            let help = match self.clusters.nearest(&cluster) {
                Some(near) => format!("write `{near}`, or add the cluster to those that are known"),
                None => "correct it, or add the cluster to those that are known".to_owned(),
            };
            invalid(ProblemKind::DestinationUnknown, format!("there is no cluster `{cluster}`"), help);
        }
        cluster
    }

    /// Renders what is not rendered yet until no new Application appears.
    fn follow(&mut self, repositories: &Repositories<'_>) {
        loop {
            let expansion = &*self;
            let open: Vec<AppId> = (0..self.drafts.len()).filter(|&id| !self.drafts[id].rendered).collect();
            if open.is_empty() && !self.sets.has_open() {
                return;
            }
            let results = expansion.render_all(&open, repositories);
            for (id, made) in open.iter().zip(results) {
                let Made { manifests, own, definitions, tools, recipes, asks, here, problems } = made;
                let draft = &mut self.drafts[*id];
                (draft.manifests, draft.own, draft.definitions) = (manifests, own, definitions);
                (draft.tools, draft.recipes, draft.here) = (tools, recipes, here);
                draft.asks = asks;
                draft.problems.extend(problems);
                draft.rendered = true;
            }
            if self.options.only.is_none() {
                open.into_iter().for_each(|id| self.adopt(id));
            }
            self.expand_sets(repositories);
            if self.drafts.len() > MAX_APPLICATIONS {
                let message = format!("more than {MAX_APPLICATIONS} Applications; the rest is left out");
                self.problems.push(Problem::unknown(ProblemKind::LimitReached, message));
                self.drafts.iter_mut().for_each(|draft| draft.rendered = true);
                return;
            }
        }
    }

    fn render_all(&self, open: &[AppId], repositories: &Repositories<'_>) -> Vec<Made> {
        let observer = &*self.options.observer;
        observer.found(open.len());
        let render = |&id: &AppId| {
            let draft = &self.drafts[id];
            observer.begins(id, &draft.application);
            let mut made = self.render(draft, repositories);
            // Looked for here, where it is parallel and the nodes were just touched.
            made.own = made.manifests.iter().filter(|(_, manifest)| is_argo(manifest)).cloned().collect();
            let manifests = made.manifests.iter().map(|(_, manifest)| manifest);
            made.definitions = manifests.filter(|manifest| is_definition(manifest)).cloned().collect();
            observer.ends(id);
            made
        };
        open.par_iter().map(render).collect()
    }

    /// All sources of one Application, in order; the first that fails ends it.
    fn render(&self, draft: &Draft, repositories: &Repositories<'_>) -> Made {
        let mut made = Made::default();
        let application = &draft.application;
        let sources = application.spec.effective_sources();
        let multiple = application.spec.has_multiple_sources();
        let references = match multiple.then(|| References::check(&sources)) {
            Some(Err(problem)) => {
                made.problems.push(problem.at(application.manifest.location_at(&["spec", "sources"])));
                return made;
            }
            Some(Ok(())) => self.references(draft, &sources, repositories),
            None => References::default(),
        };
        let own = |source: &Cow<'_, Source>| {
            let files = self.files(draft, source, repositories);
            files.is_ok_and(|files| Arc::ptr_eq(&files.documents, &self.options.documents))
        };
        made.here = sources.iter().map(own).collect();
        for (index, source) in sources.iter().enumerate() {
            let result = match self.files(draft, source, repositories) {
                Ok(files) => match multiple && source.only_reference() {
                    true => render::Rendered::default(),
                    false => self.render_source(draft, source, &files, multiple.then_some(&references)),
                },
                Err(problem) => render::Rendered { problems: vec![problem], ..render::Rendered::default() },
            };
            made.tools.push(result.tool);
            made.recipes.push(result.recipe);
            made.asks |= result.asks;
            made.manifests.extend(result.manifests.into_iter().map(|manifest| (index, manifest)));
            let stopped = result.problems.iter().any(|problem| problem.state != State::Warning);
            let at = source_location(application, index);
            let problems = result.problems.into_iter();
            made.problems
                .extend(problems.map(|problem| Problem { source: Some(index), ..problem.at(at.clone()) }));
            if stopped {
                made.manifests.clear();
                break;
            }
        }
        made
    }

    /// The sources that have a name which value files can use.
    fn references(
        &self,
        draft: &Draft,
        sources: &[Cow<'_, Source>],
        repositories: &Repositories<'_>,
    ) -> References {
        let named = sources.iter().filter(|source| !source.reference.is_empty());
        let reference = |source: &Cow<'_, Source>| Reference {
            name: source.reference.clone(),
            source: source.clone().into_owned(),
            documents: self.files(draft, source, repositories).map(|files| files.documents),
        };
        References::new(named.map(reference).collect())
    }

    fn files(
        &self,
        draft: &Draft,
        source: &Source,
        repositories: &Repositories<'_>,
    ) -> Result<Files, Problem> {
        if draft.parent == Parent::Folder {
            let documents = Arc::clone(&self.options.documents);
            return Ok(Files { documents, commit: self.options.commit.clone() });
        }
        if source.is_oci() || !source.chart.is_empty() {
            let message = match source.chart.as_str() {
                "" => format!("`{}` is an OCI artifact, which is not in this repository", source.repo_url),
                chart => format!("chart `{chart}` comes from `{}`, which needs the network", source.repo_url),
            };
            return Err(Problem::unknown(ProblemKind::NotRendered, message)
                .help("vendor it into the repository to have it rendered"));
        }
        repositories.find(source)
    }

    fn render_source(
        &self,
        draft: &Draft,
        source: &Source,
        files: &Files,
        references: Option<&References>,
    ) -> render::Rendered {
        let settings = &self.instances[draft.instance].settings;
        let application = &draft.application;
        let instance = application.instance_name(&settings.namespace);
        let api_versions = self.api_versions(&draft.cluster);
        let served = self.served.get(&draft.cluster);
        let none = References::default();
        let kubernetes = self.clusters.find(&draft.cluster).map_or("", |cluster| &cluster.kubernetes);
        render::source(&Request {
            source,
            documents: &files.documents,
            application: &application.name,
            instance: &instance,
            is_folder: draft.parent == Parent::Folder,
            multiple: references.is_some(),
            references: references.unwrap_or(&none),
            destination: render::Cluster {
                namespace: &application.spec.destination.namespace,
                kubernetes: if kubernetes.is_empty() { DEFAULT_KUBERNETES } else { kubernetes },
                api_versions: &api_versions,
                served: served.map(|served| served.as_slice()),
            },
            environment: environment(application, &instance, source, files.commit.as_deref()),
            settings,
            engines: &self.options.engines,
        })
    }

    /// What a cluster serves, as far as it is known before anything is rendered.
    fn api_versions(&self, cluster: &Arc<str>) -> Arc<Vec<String>> {
        let served = || Arc::new(self.known_scopes(cluster).api_versions());
        match self.api_versions.lock() {
            Ok(mut known) => Arc::clone(known.entry(Arc::clone(cluster)).or_insert_with(served)),
            Err(_) => served(),
        }
    }

    /// What clusters serve together with what is rendered for them, where that is more and a chart asks for it.
    ///
    /// Argo CD tells Helm what the API server says (`GetAPIResources` in `gitops-engine/pkg/utils/kube/ctl.go`), and on a
    /// cluster that was synced that includes every CustomResourceDefinition.
    fn serving(&self) -> Served {
        let asking: HashSet<&Arc<str>> =
            self.drafts.iter().filter(|draft| draft.asks).map(|draft| &draft.cluster).collect();
        if asking.is_empty() {
            return Served::default();
        }
        let scopes = self.scopes();
        let more = |cluster: &Arc<str>| {
            let served = scopes.get(cluster)?.api_versions();
            (served != *self.api_versions(cluster)).then(|| (Arc::clone(cluster), Arc::new(served)))
        };
        asking.into_iter().filter_map(more).collect()
    }

    /// Scopes of custom kinds on a cluster, by what is known beside the tree.
    fn known_scopes(&self, name: &str) -> Scopes {
        let mut scopes = Scopes::default();
        for known in &self.options.known {
            if known.cluster.as_deref().is_none_or(|own| own == name) {
                known.found.definitions.iter().for_each(|definition| define(&mut scopes, definition));
            }
        }
        if let Some(cluster) = self.clusters.iter().find(|cluster| cluster.name == name) {
            cluster.api_versions.iter().for_each(|text| scopes.serve(text));
        }
        scopes
    }

    /// Takes over the Applications, sets and projects that an Application renders.
    fn adopt(&mut self, parent: AppId) {
        let own = std::mem::take(&mut self.drafts[parent].own);
        if own.is_empty() {
            return;
        }
        let draft = &self.drafts[parent];
        let here = own.iter().filter(|(source, _)| draft.here.get(*source) == Some(&true));
        let built = here.filter_map(|(_, manifest)| match manifest.origin() {
            Origin::Rendered(from) => Some(from.clone()),
            Origin::Written(_) => None,
        });
        self.built_from.extend(built);
        for (_, manifest) in &own {
            if let Some(document) = document(manifest) {
                let renders_itself = self.by_document.get(&document) == Some(&parent);
                if !renders_itself {
                    self.claimed.insert(document.clone());
                    if let Some(&id) = self.by_document.get(&document)
                        && !self.is_above(id, parent)
                    {
                        self.drafts[id].lost |= self.drafts[id].parent == Parent::Root;
                    }
                }
            }
        }
        let draft = &self.drafts[parent];
        let (instance, home, depth) = (draft.instance, Arc::clone(&draft.cluster), draft.depth + 1);
        let targets = self.targets(draft, own, &Scopes::default());
        for repeated in
            targets.repeated.iter().filter(|repeated| repeated.key.is("argoproj.io", "Application"))
        {
            let losers = repeated.objects.iter().rev().skip(1).rev();
            losers.for_each(|(_, manifest)| {
                self.add_loser(parent, manifest, &repeated.key.namespace, &home, depth)
            });
        }
        for target in targets.list {
            let namespace = Arc::clone(&target.key.namespace);
            match &*target.key.kind {
                "Application" => self.adopt_application(parent, target.manifest, &namespace, &home, depth),
                "ApplicationSet" => self.adopt_set(parent, target.manifest, namespace, &home, depth),
                _ => self.add_project(target.manifest, namespace, Parent::Application(parent), instance),
            }
        }
    }

    /// The Application of the tree that this one was made from.
    fn written(&self, manifest: &Manifest) -> Option<AppId> {
        match manifest.origin() {
            Origin::Written(_) => self.by_document.get(&document(manifest)?).copied(),
            Origin::Rendered(from) => self.by_place.get(from).copied(),
        }
    }

    fn adopt_application(
        &mut self,
        parent: AppId,
        manifest: Manifest,
        namespace: &str,
        home: &Arc<str>,
        depth: usize,
    ) {
        if let Some(id) = self.written(&manifest) {
            let above = id == parent || self.is_above(id, parent);
            let draft = &mut self.drafts[id];
            // Kustomize may have changed what stands there.
            let same = manifest.is_written() || is_equal(&draft.application.manifest, &manifest);
            match (same, above) {
                (true, true) => return,
                (true, false) => return self.place(id, parent, namespace, home, depth),
                (false, true) => (),
                (false, false) => draft.gone |= draft.parent == Parent::Root,
            }
        }
        if depth > MAX_DEPTH {
            let message = format!("Applications render Applications more than {MAX_DEPTH} levels deep");
            self.drafts[parent]
                .problems
                .push(Problem::unknown(ProblemKind::LimitReached, message).at(manifest.location()));
            return;
        }
        if self.repeats_above(parent, &manifest, namespace) {
            return;
        }
        let instance = self.drafts[parent].instance;
        if let Some(draft) =
            self.draft(manifest, namespace, Parent::Application(parent), instance, Arc::clone(home), depth)
        {
            self.drafts.push(draft);
        }
    }

    /// An Application that is rendered, and replaced by a later one of its name: what it would deploy is worth knowing.
    fn add_loser(
        &mut self,
        parent: AppId,
        manifest: &Manifest,
        namespace: &str,
        home: &Arc<str>,
        depth: usize,
    ) {
        if document(manifest).is_some_and(|document| self.by_document.contains_key(&document))
            || depth > MAX_DEPTH
        {
            return;
        }
        let instance = self.drafts[parent].instance;
        let above = Parent::Application(parent);
        if let Some(draft) = self.draft(manifest.clone(), namespace, above, instance, Arc::clone(home), depth)
        {
            self.drafts.push(Draft { lost: true, ..draft });
        }
    }

    /// Puts an Application that stands in the tree under the one that renders it.
    fn place(&mut self, id: AppId, parent: AppId, namespace: &str, home: &Arc<str>, depth: usize) {
        let control_plane = self.instances[self.drafts[parent].instance].settings.namespace.clone();
        let instance = self.drafts[parent].instance;
        let before = self.drafts[id].application.instance_name(&control_plane);
        let draft = &mut self.drafts[id];
        draft.lost = false;
        if draft.parent != Parent::Root {
            return;
        }
        draft.parent = Parent::Application(parent);
        draft.depth = depth;
        Arc::make_mut(&mut draft.application).namespace = namespace.into();
        let renamed = draft.application.instance_name(&control_plane) != before;
        let moved = draft.home != *home || draft.instance != instance;
        if renamed || moved {
            let manifest = draft.application.manifest.clone();
            let again = self.draft(
                manifest,
                namespace,
                Parent::Application(parent),
                instance,
                Arc::clone(home),
                depth,
            );
            if let Some(again) = again {
                self.drafts[id] = again;
            }
        }
    }

    /// Whether `id` is `below` itself or renders it, directly or not.
    fn is_above(&self, id: AppId, below: AppId) -> bool {
        below == id || self.above(&self.drafts[below].parent).any(|above| above == id)
    }

    /// Whether an Application that is rendered stands above itself: same name, same source.
    fn repeats_above(&self, parent: AppId, manifest: &Manifest, namespace: &str) -> bool {
        let spec = |manifest: &Manifest| manifest.node().get("spec").map(Node::to_json);
        std::iter::once(parent).chain(self.above(&self.drafts[parent].parent)).any(|above| {
            let application = &self.drafts[above].application;
            let named = *application.name == *manifest.name() && *application.namespace == *namespace;
            named && spec(&application.manifest) == spec(manifest)
        })
    }

    fn add_project(&mut self, manifest: Manifest, namespace: Arc<str>, parent: Parent, instance: usize) {
        let written = manifest.clone();
        match Project::read(manifest) {
            Ok(project) => self.projects.push(OwnedProject { project, namespace, parent, instance }),
            Err(error) => self.problems.push(unreadable(&written, &error)),
        }
    }

    /// Projects that stand in the tree and that no Application renders.
    fn add_unclaimed_projects(&mut self, found: &Found) {
        let unbuilt = self.unbuilt(found);
        for manifest in &found.projects {
            let Some(instance) = self.unclaimed(manifest, found, &unbuilt) else { continue };
            let namespace = self.own_namespace(manifest, instance);
            self.add_project(manifest.clone(), namespace, Parent::Root, instance);
        }
    }

    /// The instance of an object that nothing renders. What a kustomization names comes from it where it was built;
    /// `unbuilt` are the files where it was not.
    fn unclaimed(&self, manifest: &Manifest, found: &Found, unbuilt: &HashSet<&str>) -> Option<usize> {
        let path = manifest.path();
        let claimed = document(manifest).is_some_and(|document| self.claimed.contains(&document))
            || self.built_from.contains(&manifest.location());
        let is_built = || self.builds && found.kustomizations.names(path) && !unbuilt.contains(&**path);
        if claimed || is_built() || self.options.only.is_none() && is_template(manifest) {
            None
        } else {
            self.instance_of(path)
        }
    }

    /// The files that folders lead to that were not built, so that nobody made anything of what stands in them.
    fn unbuilt<'f>(&self, found: &'f Found) -> HashSet<&'f str> {
        let stopped = |draft: &&Draft| {
            draft.parent == Parent::Folder
                && draft.problems.iter().any(|problem| problem.state != State::Warning)
        };
        let folders = self.drafts.iter().filter(|_| self.builds).filter(stopped);
        let sources = folders.flat_map(|draft| draft.application.spec.effective_sources());
        let paths = sources.filter_map(|source| render::clean(&source.path));
        paths.flat_map(|folder| found.kustomizations.reached(&folder)).collect()
    }

    fn own_namespace(&self, manifest: &Manifest, instance: usize) -> Arc<str> {
        match manifest.namespace() {
            "" => self.instances[instance].settings.namespace.as_str().into(),
            own => own.into(),
        }
    }

    fn targets(&self, draft: &Draft, manifests: Vec<(usize, Manifest)>, scopes: &Scopes) -> Targets {
        let destination = &draft.application.spec.destination;
        let server = match self.clusters.find(&draft.cluster) {
            Some(cluster) => cluster.server.as_str(),
            None if *draft.cluster == *IN_CLUSTER => IN_CLUSTER_SERVER,
            None => destination.server.as_str(),
        };
        let to = Destination { namespace: &destination.namespace, server, scopes };
        let mut targets = render::targets(manifests, &to, &self.instances[draft.instance].settings);
        if draft.parent == Parent::Folder {
            targets.problems.retain(|problem| problem.state == State::Warning);
        }
        targets
    }

    /// Scopes of custom kinds on each cluster: what is known, and what is rendered for it.
    fn scopes(&self) -> HashMap<Arc<str>, Scopes> {
        let mut scopes: HashMap<Arc<str>, Scopes> = self.options.scopes.clone().unwrap_or_default();
        for draft in &self.drafts {
            let own =
                scopes.entry(Arc::clone(&draft.cluster)).or_insert_with(|| self.known_scopes(&draft.cluster));
            if self.options.rendered_definitions && self.options.scopes.is_none() {
                draft.definitions.iter().for_each(|definition| define(own, definition));
            }
        }
        scopes
    }

    /// Says what is to be known of the programs that were used.
    fn look_at_programs(&mut self) {
        let Some(engine) = &self.options.engines.programs else { return };
        let of = |draft: &Draft| {
            let version = self.instances[draft.instance].settings.version;
            draft.recipes.iter().flatten().map(|recipe| (version, recipe.program())).collect::<Vec<_>>()
        };
        let used = self.drafts.iter().flat_map(of).collect();
        self.problems.extend(programs::problems(&**engine, used));
    }

    fn finish(mut self, found: Found) -> Inventory {
        let scopes = self.scopes();
        let none = Scopes::default();
        let manifests: Vec<_> =
            self.drafts.iter_mut().map(|draft| std::mem::take(&mut draft.manifests)).collect();
        let expansion = &self;
        let targets: Vec<Targets> = manifests
            .into_par_iter()
            .zip(expansion.drafts.par_iter())
            .map(|(manifests, draft)| {
                expansion.targets(draft, manifests, scopes.get(&draft.cluster).unwrap_or(&none))
            })
            .collect();
        let mut inventory = Inventory {
            documents: Arc::clone(&self.options.documents),
            only: self.options.only.clone(),
            applications: Vec::with_capacity(self.drafts.len()),
            replaced: Vec::new(),
            sets: Vec::new(),
            projects: self.projects,
            instances: self.instances,
            clusters: self.clusters,
            problems: self.problems,
            files: found.files,
            parts: found.parts,
            kustomizations: found.kustomizations,
            own: self.own,
            scopes,
            apart: BTreeSet::new(),
            index: OnceLock::new(),
            by_place: OnceLock::new(),
            by_document: OnceLock::new(),
            by_origin: OnceLock::new(),
        };
        let apps: Vec<_> =
            self.drafts.iter().map(|draft| (&draft.parent, draft.lost || draft.gone)).collect();
        let sets: Vec<_> = self.sets.list.iter().map(|draft| (&draft.set.parent, draft.gone)).collect();
        let numbers = Numbers::new(&apps, &sets);
        for (id, (draft, targets)) in self.drafts.into_iter().zip(targets).enumerate() {
            match numbers.apps[id] {
                Some(_) => inventory.applications.push(app(draft, targets, &numbers)),
                None if draft.lost => inventory.replaced.push(app(draft, targets, &numbers)),
                None => {}
            }
        }
        for (id, draft) in self.sets.list.into_iter().enumerate() {
            if numbers.sets[id].is_some() {
                inventory.sets.push(numbers.set(draft.set));
            }
        }
        for owned in &mut inventory.projects {
            owned.parent = numbers.parent(&owned.parent);
        }
        if self.options.only.is_none() && self.options.instances.len() < 2 {
            instances::separate(&mut inventory, &self.options.apart);
        }
        owners::settle(&mut inventory);
        inventory
    }
}

/// Charts that nothing in a tree without Applications renders: nobody knows with which values.
fn not_looked_at(found: &Found) -> Option<Problem> {
    let mut folders: Vec<&str> = found.charts.iter().map(String::as_str).collect();
    folders.sort_unstable();
    let first = folders.first()?;
    let (others, they_were) = match folders.len() - 1 {
        0 => (String::new(), "it was"),
        1 => (" or one other chart".to_owned(), "they were"),
        more => (format!(" or {more} other charts"), "they were"),
    };
    let message = format!("no Application of this tree renders `{first}`{others}; {they_were} not looked at");
    let at = Location::head(*first);
    Some(
        Problem::unknown(ProblemKind::NotRendered, message)
            .help("give one of these folders by itself to have it rendered")
            .at(at),
    )
}

/// An Application that a kustomization changes, or completes, is known only once Kustomize has run.
fn by_kustomize(mut draft: Draft, kustomizations: &Kustomizations) -> Draft {
    let path = draft.application.manifest.path();
    let incomplete = draft.problems.iter().any(|problem| problem.kind == ProblemKind::InvalidSpec);
    let by = match kustomizations.changing(path) {
        Some(by) => Some((by, "changes")),
        None if incomplete => kustomizations.above(path).map(|by| (by, "may complete")),
        None => None,
    };
    let Some((by, verb)) = by else { return draft };
    let message = format!(
        "the kustomization `{by}` {verb} this Application, and no Application that is rendered here brings it"
    );
    let problem = Problem::unknown(ProblemKind::NotRendered, message);
    draft.problems = vec![problem.at(draft.application.manifest.location())];
    draft.rendered = true;
    draft.changed_by = Some(by.clone());
    draft
}

fn app(draft: Draft, mut targets: Targets, numbers: &Numbers) -> App {
    let mut problems = draft.problems;
    problems.append(&mut targets.problems);
    let id = draft.application.id();
    for problem in &mut problems {
        problem.application = (draft.parent != Parent::Folder).then(|| Arc::clone(&id));
    }
    let outcome = match () {
        () if problems.iter().any(|problem| problem.state == State::Fails) => Outcome::Fails,
        () if problems.iter().any(|problem| problem.state == State::Unknown) => Outcome::Unknown,
        () => Outcome::Rendered,
    };
    if outcome != Outcome::Rendered {
        targets = Targets { repeated: targets.repeated, excluded: targets.excluded, ..Targets::default() };
    }
    App {
        id,
        instance: draft.instance,
        parent: numbers.parent(&draft.parent),
        home: draft.home,
        cluster: draft.cluster,
        targets,
        outcome,
        tools: draft.tools,
        recipes: draft.recipes,
        here: draft.here,
        changed_by: draft.changed_by,
        problems,
        application: draft.application,
    }
}

/// An object of Argo CD's own that the API server refuses.
fn unreadable(manifest: &Manifest, error: &yaml::de::Error) -> Problem {
    let message = format!("{} `{}` cannot be read: {error}", manifest.kind(), manifest.name());
    Problem::fails(ProblemKind::ResourceUnreadable, message).at(manifest.locate(error.span))
}

/// Where a document of the tree stands; None for what was rendered.
fn document(manifest: &Manifest) -> Option<Document> {
    match manifest.origin() {
        Origin::Written(path) => Some((Arc::clone(path), manifest.node().span().start)),
        Origin::Rendered(_) => None,
    }
}

/// Whether two manifests say the same.
fn is_equal(a: &Manifest, b: &Manifest) -> bool {
    a.node().to_json() == b.node().to_json()
}

/// Whether a manifest still holds template tags where its name should be.
fn is_template(manifest: &Manifest) -> bool {
    manifest.name().contains("{{") || manifest.name().is_empty()
}

fn is_argo(manifest: &Manifest) -> bool {
    matches!(manifest.kind(), "Application" | "ApplicationSet" | "AppProject")
        && crate::model::group_of(manifest.api_version()) == "argoproj.io"
}

fn is_definition(manifest: &Manifest) -> bool {
    manifest.kind() == "CustomResourceDefinition"
        && crate::model::group_of(manifest.api_version()) == "apiextensions.k8s.io"
}

/// Adds the kind that a CustomResourceDefinition declares.
fn define(scopes: &mut Scopes, definition: &Manifest) {
    let spec = |path: &[&str]| definition.node().get("spec")?.at(path)?.as_str();
    let (Some(group), Some(kind)) = (spec(&["group"]), spec(&["names", "kind"])) else { return };
    let scope = if spec(&["scope"]) == Some("Cluster") { Scope::Cluster } else { Scope::Namespaced };
    let served =
        |version: &Node<'_>| version.get("served").is_none_or(|served| served.as_bool() != Some(false));
    let listed =
        definition.node().at(&["spec", "versions"]).into_iter().flat_map(|versions| versions.items());
    let mut versions: Vec<Arc<str>> =
        listed.filter(served).filter_map(|version| Some(version.get("name")?.as_str()?.into())).collect();
    if versions.is_empty() {
        versions.extend(spec(&["version"]).map(Arc::from));
    }
    scopes.add(GroupKind { group: group.into(), kind: kind.into() }, scope, versions);
}

/// Where a source of an Application is written.
fn source_location(application: &Application, index: usize) -> Location {
    let manifest = &application.manifest;
    if application.spec.source_hydrator.is_some() {
        return manifest.location_at(&["spec", "sourceHydrator"]);
    }
    if !application.spec.has_multiple_sources() {
        return manifest.location_at(&["spec", "source"]);
    }
    let sources = manifest.node().at(&["spec", "sources"]);
    match sources.and_then(|sources| sources.items().nth(index)) {
        Some(source) => manifest.location_of(source),
        None => manifest.location_at(&["spec", "sources"]),
    }
}

/// The build environment (`newEnv` in `reposerver/repository/repository.go`).
fn environment(
    application: &Application,
    instance: &str,
    source: &Source,
    commit: Option<&str>,
) -> Environment {
    let short = |length: usize| commit.map(|commit| commit.get(..length).unwrap_or(commit).to_owned());
    let known = |text: &str| Some(text.to_owned());
    Environment::new(vec![
        ("ARGOCD_APP_NAME", known(instance)),
        ("ARGOCD_APP_NAMESPACE", known(&application.spec.destination.namespace)),
        ("ARGOCD_APP_PROJECT_NAME", known(application.spec.project_name())),
        ("ARGOCD_APP_REVISION", commit.map(str::to_owned)),
        ("ARGOCD_APP_REVISION_SHORT", short(7)),
        ("ARGOCD_APP_REVISION_SHORT_8", short(8)),
        ("ARGOCD_APP_SOURCE_REPO_URL", known(&source.repo_url)),
        ("ARGOCD_APP_SOURCE_PATH", known(&source.path)),
        ("ARGOCD_APP_SOURCE_TARGET_REVISION", known(&source.target_revision)),
    ])
}
