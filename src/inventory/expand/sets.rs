//! ApplicationSets on their way into an inventory: found, placed, expanded.

use super::{Document, Draft, Expansion, MAX_APPLICATIONS, MAX_DEPTH, document, is_equal};
use crate::appset::Known;
use crate::discover::Found;
use crate::files::{Location, Path};
use crate::inventory::generate::{self, Aside, Expanded, Generated, Raw, Surroundings, expand};
use crate::inventory::memory::{self, Key, Promise, Slot, Thought};
use crate::inventory::sources::Repositories;
use crate::inventory::{AppId, Fate, Member, Parent, Set, SetId, SetOutcome};
use crate::model::{Application, ApplicationsSync, IN_CLUSTER, Manifest, Origin, Problem, ProblemKind};
use crate::yaml::Node;
use hashbrown::HashMap;
use rayon::prelude::*;
use std::sync::Arc;

/// The sets that were found so far.
#[derive(Default)]
pub(super) struct Sets {
    pub(super) list: Vec<SetDraft>,
    by_document: HashMap<Document, SetId>,
    /// The same by the place that points at it, of those that nobody renders.
    by_place: HashMap<Location, SetId>,
    /// The AppProjects that are known before anything is rendered.
    projects: Known,
}

/// One set on its way.
pub(super) struct SetDraft {
    pub(super) set: Set,
    depth: usize,
    /// The kustomization that may complete it, where it stands in the tree and nobody renders it.
    completes: Option<Path>,
    /// Not expanded yet.
    open: bool,
    /// It turned out to live elsewhere, and stands a second time in the list.
    pub(super) gone: bool,
}

/// A set, known from before or on its way.
enum Way {
    Known(Arc<Expanded>),
    New(Option<Promise>, Raw),
    Later(Slot),
}

impl Sets {
    /// No sets yet, and the AppProjects that are known before anything is rendered.
    pub(super) fn new(projects: Known) -> Self {
        Self { projects, ..Self::default() }
    }

    pub(super) fn has_open(&self) -> bool {
        self.list.iter().any(|draft| draft.open)
    }
}

impl Expansion<'_> {
    /// Sets that stand in the tree and that no Application renders.
    pub(super) fn add_unclaimed_sets(&mut self, found: &Found) {
        // What has no spec and no reader is laid over a set of that name by somebody.
        let is_set = |manifest: &&Manifest| {
            let written = manifest.node().get("spec").is_some();
            written || self.options.only.is_some() || found.kustomizations.names(manifest.path())
        };
        let sets: Vec<&Manifest> = found.sets.iter().filter(is_set).collect();
        let unbuilt = self.unbuilt(found);
        for manifest in sets {
            let Some(instance) = self.unclaimed(manifest, found, &unbuilt) else { continue };
            let namespace = self.own_namespace(manifest, instance);
            let changed_by = found.kustomizations.changing(manifest.path()).cloned();
            let id = self.push_set(manifest.clone(), namespace, Parent::Root, instance, IN_CLUSTER.into(), 0);
            let draft = &mut self.sets.list[id];
            draft.set.changed_by = changed_by;
            draft.completes = found.kustomizations.above(manifest.path()).cloned();
        }
    }

    fn push_set(
        &mut self,
        manifest: Manifest,
        namespace: Arc<str>,
        parent: Parent,
        instance: usize,
        home: Arc<str>,
        depth: usize,
    ) -> SetId {
        let id = self.sets.list.len();
        if let Some(document) = document(&manifest) {
            self.sets.by_document.insert(document, id);
            self.sets.by_place.insert(manifest.location(), id);
        }
        let set = Set {
            id: format!("{namespace}/{}", manifest.name()).into(),
            manifest,
            namespace,
            parent,
            instance,
            home,
            changed_by: None,
            admitted: None,
            sync: ApplicationsSync::default(),
            outcome: SetOutcome::Unknown,
            members: Vec::new(),
            problems: Vec::new(),
        };
        self.sets.list.push(SetDraft { set, depth, completes: None, open: true, gone: false });
        id
    }

    /// Takes over a set that an Application renders.
    pub(super) fn adopt_set(
        &mut self,
        parent: AppId,
        manifest: Manifest,
        namespace: Arc<str>,
        home: &Arc<str>,
        depth: usize,
    ) {
        let instance = self.drafts[parent].instance;
        if let Some(id) = self.written_set(&manifest) {
            let above = self.is_set_above(id, parent);
            let draft = &mut self.sets.list[id];
            let set = &mut draft.set;
            let same = manifest.is_written() || is_equal(&set.manifest, &manifest);
            if same && (above || set.parent != Parent::Root) {
                return;
            }
            let stays = *set.namespace == *namespace && set.home == *home && set.instance == instance;
            if same && stays && set.changed_by.is_none() {
                (set.parent, draft.depth) = (Parent::Application(parent), depth);
                return;
            }
            if !above && set.parent == Parent::Root {
                (draft.gone, draft.open) = (true, false);
            }
        }
        if depth > MAX_DEPTH {
            let message = format!("Applications and ApplicationSets nest more than {MAX_DEPTH} levels deep");
            let problem = Problem::unknown(ProblemKind::LimitReached, message).at(manifest.location());
            self.drafts[parent].problems.push(problem);
            return;
        }
        if !self.repeats_set_above(parent, &manifest, &namespace) {
            self.push_set(
                manifest,
                namespace,
                Parent::Application(parent),
                instance,
                Arc::clone(home),
                depth,
            );
        }
    }

    /// The set of the tree that this one was made from.
    fn written_set(&self, manifest: &Manifest) -> Option<SetId> {
        match manifest.origin() {
            Origin::Written(_) => self.sets.by_document.get(&document(manifest)?).copied(),
            Origin::Rendered(from) => self.sets.by_place.get(from).copied(),
        }
    }

    /// The Applications above what this parent makes, nearest first.
    pub(super) fn above(&self, parent: &Parent) -> impl Iterator<Item = AppId> + '_ {
        let up = |parent: &Parent| match parent {
            Parent::Application(id) => Some(*id),
            Parent::Set { set, .. } => match self.sets.list[*set].set.parent {
                Parent::Application(id) => Some(id),
                _ => None,
            },
            Parent::Root | Parent::Folder => None,
        };
        let first = up(parent);
        std::iter::successors(first, move |&id| up(&self.drafts[id].parent)).take(self.drafts.len() + 1)
    }

    /// Whether an Application comes from this set, directly or not.
    fn is_set_above(&self, id: SetId, app: AppId) -> bool {
        let of_set = |app: AppId| matches!(self.drafts[app].parent, Parent::Set { set, .. } if set == id);
        std::iter::once(app).chain(self.above(&self.drafts[app].parent)).any(of_set)
    }

    /// Whether a set that is rendered stands above itself: same name, same spec.
    fn repeats_set_above(&self, parent: AppId, manifest: &Manifest, namespace: &str) -> bool {
        let spec = |manifest: &Manifest| manifest.node().get("spec").map(Node::to_json);
        let repeats = |app: AppId| {
            let Parent::Set { set, .. } = self.drafts[app].parent else { return false };
            let set = &self.sets.list[set].set;
            set.manifest.name() == manifest.name()
                && *set.namespace == *namespace
                && spec(&set.manifest) == spec(manifest)
        };
        std::iter::once(parent).chain(self.above(&self.drafts[parent].parent)).any(repeats)
    }

    /// Expands the sets that are not expanded yet, and takes over their Applications.
    pub(super) fn expand_sets(&mut self, repositories: &Repositories<'_>) {
        let open: Vec<SetId> = (0..self.sets.list.len()).filter(|&id| self.sets.list[id].open).collect();
        if open.is_empty() {
            return;
        }
        let around = self.surroundings(repositories);
        let hash = around.hash();
        let this = &*self;
        let way = |&id: &SetId| this.way(&this.sets.list[id].set, &around, hash);
        let ways: Vec<Way> = open.par_iter().map(way).collect();
        // What another inventory waits for comes first, then what this one waits for.
        let (ready, waiting): (Vec<_>, Vec<_>) =
            open.iter().zip(ways).partition(|(_, way)| !matches!(way, Way::Later(_)));
        let mut expanded: HashMap<SetId, Arc<Expanded>> = HashMap::with_capacity(open.len());
        for (id, way) in ready.into_iter().chain(waiting) {
            let known = self.at_end(*id, way, &around);
            expanded.insert(*id, known);
        }
        drop(around);
        let before = self.drafts.len();
        for id in open {
            if let Some(expanded) = expanded.remove(&id) {
                self.take(id, &expanded);
            }
        }
        let new = self.drafts[before..].iter();
        repositories
            .learn(&new.flat_map(|draft| draft.application.spec.effective_sources()).collect::<Vec<_>>());
    }

    fn surroundings<'s>(&'s self, repositories: &'s Repositories<'_>) -> Surroundings<'s> {
        let mut projects = self.sets.projects.clone();
        projects.names.extend(self.projects.iter().map(|owned| owned.project.name.to_string()));
        projects.names.sort_unstable();
        projects.names.dedup();
        Surroundings {
            clusters: self.clusters.iter().map(generate::cluster).collect(),
            clusters_complete: self.clusters.complete,
            projects,
            answers: self.options.answers.as_ref(),
            repositories,
        }
    }

    /// Expands a set, as far as that can be done while other sets are.
    fn way(&self, set: &Set, around: &Surroundings<'_>, hash: blake3::Hash) -> Way {
        if let Some(by) = &set.changed_by {
            let problem = by_kustomize(set, by, "changes");
            return Way::Known(Arc::new(Expanded::nothing(SetOutcome::Unknown, problem)));
        }
        if memory::asks_git(&set.manifest) {
            return Way::New(None, self.raw(set, around));
        }
        let switches = generate::switches(&self.instances[set.instance].settings);
        match self.options.memory.set(Key::new(set, *set.home == *IN_CLUSTER, switches, hash)) {
            Thought::Known(known) => Way::Known(known),
            Thought::Mine(promise) => Way::New(Some(promise), self.raw(set, around)),
            Thought::Theirs(slot) => Way::Later(slot),
        }
    }

    fn raw(&self, set: &Set, around: &Surroundings<'_>) -> Raw {
        let settings = &self.instances[set.instance].settings;
        expand(&set.manifest, &set.namespace, *set.home == *IN_CLUSTER, settings, around)
    }

    fn at_end(&self, id: SetId, way: Way, around: &Surroundings<'_>) -> Arc<Expanded> {
        let set = &self.sets.list[id].set;
        let finish = |raw: Raw| Arc::new(generate::objects(&set.manifest, &set.namespace, raw));
        match way {
            Way::Known(expanded) => expanded,
            Way::Later(slot) => slot.wait().unwrap_or_else(|| finish(self.raw(set, around))),
            Way::New(promise, raw) => {
                let asked = raw.asked;
                let expanded = finish(raw);
                if let Some(promise) = promise.filter(|_| !asked) {
                    promise.keep(&expanded);
                }
                expanded
            }
        }
    }

    /// Takes over what a set generates.
    fn take(&mut self, id: SetId, expanded: &Arc<Expanded>) {
        let draft = &mut self.sets.list[id];
        let mut expanded = Arc::clone(expanded);
        if expanded.outcome == SetOutcome::Refused
            && let Some(by) = draft.completes.take()
        {
            let problem = by_kustomize(&draft.set, &by, "may complete");
            draft.set.changed_by = Some(by);
            expanded = Arc::new(Expanded::nothing(SetOutcome::Unknown, problem));
        }
        let (instance, home, depth) = (draft.set.instance, Arc::clone(&draft.set.home), draft.depth + 1);
        let above: Vec<AppId> = self.above(&Parent::Set { set: id, member: 0 }).collect();
        let mut problems = expanded.problems.clone();
        let mut members = Vec::with_capacity(expanded.generated.len());
        for (member, Generated { manifest, provenance, application }) in expanded.generated.iter().enumerate()
        {
            let (manifest, provenance) = (manifest.clone(), provenance.clone());
            let name: Arc<str> = manifest.name().into();
            let fate = match application {
                Err(Aside::Twice) => Fate::Twice,
                Err(Aside::Invalid(reason)) => Fate::Invalid(reason.clone()),
                Err(Aside::Rejected(reason)) => Fate::Rejected(reason.clone()),
                Ok(_) if self.drafts.len() >= MAX_APPLICATIONS => Fate::Left,
                Ok(application) if above.iter().any(|&above| self.is_same(above, application)) => Fate::Left,
                Ok(application) => {
                    let parent = Parent::Set { set: id, member };
                    let draft =
                        self.draft_of(application.clone(), parent, instance, Arc::clone(&home), depth);
                    // Of one set alone, its Applications are all that is asked for.
                    let rendered = draft.rendered || self.options.only.is_some();
                    self.drafts.push(Draft { rendered, ..draft });
                    Fate::Applied(self.drafts.len() - 1)
                }
            };
            members.push(Member { manifest, name, provenance, fate });
        }
        if self.drafts.len() >= MAX_APPLICATIONS && members.iter().any(|member| member.fate == Fate::Left) {
            let message = format!("more than {MAX_APPLICATIONS} Applications; the rest is left out");
            let at = self.sets.list[id].set.manifest.location();
            problems.push(Problem::unknown(ProblemKind::LimitReached, message).at(at));
        }
        let own = expanded.admitted.as_ref().and_then(|admitted| admitted.applications_sync());
        let sync = self.instances[instance].settings.applications_sync(own);
        let draft = &mut self.sets.list[id];
        draft.open = false;
        let set = &mut draft.set;
        (set.admitted, set.outcome, set.members) = (expanded.admitted.clone(), expanded.outcome, members);
        (set.sync, set.problems) = (sync, problems);
    }

    /// Whether an Application that is generated is one that stands above its set.
    fn is_same(&self, above: AppId, application: &Application) -> bool {
        let known = &self.drafts[above].application;
        known.name == application.name
            && known.namespace == application.namespace
            && known.spec == application.spec
    }
}

/// A set that a kustomization changes is known only once Kustomize has run.
fn by_kustomize(set: &Set, by: &Path, verb: &str) -> Problem {
    let message = format!(
        "the kustomization `{by}` {verb} this ApplicationSet, and no Application that is rendered here brings it"
    );
    Problem::unknown(ProblemKind::SetNotExpanded, message).at(set.manifest.location())
}

/// The AppProjects that are known before anything is rendered. `default` always exists.
pub(super) fn projects(options: &crate::inventory::Options, found: &Found) -> Known {
    let known = options.known.iter().map(|known| &known.found.projects);
    let manifests = known.chain([&found.projects]).flatten();
    let mut names: Vec<String> = manifests.map(|manifest| manifest.name().to_owned()).collect();
    names.push("default".to_owned());
    let complete = options.known.iter().any(|known| known.complete && !known.found.projects.is_empty());
    Known { names, complete: complete || options.only.is_some() }
}
