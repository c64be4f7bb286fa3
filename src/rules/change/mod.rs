//! A merge as the rules about it see it: both sides, what becomes of every object, and what several of them ask.

mod advice;
mod fate;
mod gone;
mod kustomizations;
mod losses;
mod moves;
mod namespaces;
mod objects;
mod precedence;
mod repointed;
mod sets;
pub mod steps;
mod twins;
mod written;

pub use advice::advice;
pub use fate::{Fate, is_in_head, protect_first};
pub use gone::{Gone, Why};
pub use kustomizations::{Entry, Kustomization, entries};
pub use losses::{Losses, list, list_names};
pub use moves::Move;
pub use namespaces::Vanishing;
pub(in crate::rules) use precedence::settle;
pub use precedence::{Subject, subject};
pub use repointed::{Repointed, plain_name};
pub use sets::{Reason, Shrunk, made_from};
pub use twins::Twin;

use super::acknowledgements::{Acknowledged, Said};
use crate::files::Location;
use crate::finding::{Finding, Object, Severity};
use crate::forecast::{Forecast, Outcome, Row};
use crate::inventory::{App, Inventory, OwnedProject, Parent, Set};
use crate::model::{Manifest, Project, ResourceKey};
use hashbrown::{HashMap, HashSet};
use std::sync::OnceLock;
use written::Written;

/// A merge: what is deployed now, what head makes of it, and what becomes of every object.
pub struct Change<'a> {
    /// What the merge goes into.
    pub base: &'a Inventory,
    /// What is merged.
    pub head: &'a Inventory,
    /// What becomes of every object.
    pub forecast: &'a Forecast,
    /// What somebody says is meant.
    pub(super) said: Said,
    acknowledged: Acknowledged,
    /// Every Application of base or head, those of base first, each in the order of its inventory.
    pub apps: Vec<Pair<'a>>,
    /// For each Argo CD instance of base its number in head.
    instances: Vec<Option<usize>>,
    heads: HashMap<(usize, &'a str), &'a App>,
    set_heads: HashMap<(usize, &'a str), &'a Set>,
    index: OnceLock<Index<'a>>,
    gone: OnceLock<Vec<Gone<'a>>>,
    objects: objects::Objects<'a>,
    vanishing: OnceLock<Vec<Vanishing<'a>>>,
    written: OnceLock<Written>,
    repointed: OnceLock<Vec<Repointed<'a>>>,
    shrunk: OnceLock<Vec<Shrunk<'a>>>,
}

/// What is asked for only where something is lost.
#[derive(Default)]
struct Index<'a> {
    of_app: HashMap<&'a str, Vec<&'a Row>>,
    /// By cluster, then by namespace.
    in_namespace: HashMap<&'a str, HashMap<&'a str, Vec<&'a Row>>>,
    children: HashMap<&'a str, Vec<&'a App>>,
}

/// One Application before and after; of one Argo CD instance and one name.
#[derive(Clone, Copy)]
pub struct Pair<'a> {
    /// As base has it.
    pub base: Option<&'a App>,
    /// As head has it.
    pub head: Option<&'a App>,
}

impl<'a> Change<'a> {
    /// The merge of `head` into `base`, of which `forecast` says what it does.
    pub fn new(base: &'a Inventory, head: &'a Inventory, forecast: &'a Forecast) -> Self {
        let known = |scope: &str| head.instances.iter().position(|instance| instance.scope == scope);
        let instances: Vec<_> = base.instances.iter().map(|instance| known(&instance.scope)).collect();
        let heads: HashMap<(usize, &str), &App> =
            head.applications.iter().map(|app| ((app.instance, &*app.id), app)).collect();
        let set_heads = head.sets.iter().map(|set| ((set.instance, &*set.id), set)).collect();
        let mut apps = Vec::with_capacity(base.applications.len());
        let mut paired = HashSet::with_capacity(base.applications.len());
        for app in &base.applications {
            let head = instances[app.instance].and_then(|instance| heads.get(&(instance, &*app.id)).copied());
            paired.extend(head.map(|app| (app.instance, &*app.id)));
            apps.push(Pair { base: Some(app), head });
        }
        let new = head.applications.iter().filter(|app| !paired.contains(&(app.instance, &*app.id)));
        apps.extend(new.map(|app| Pair { base: None, head: Some(app) }));
        Self {
            base,
            head,
            forecast,
            said: Said::default(),
            acknowledged: Acknowledged::default(),
            apps,
            instances,
            heads,
            set_heads,
            index: OnceLock::new(),
            gone: OnceLock::new(),
            vanishing: OnceLock::new(),
            written: OnceLock::new(),
            repointed: OnceLock::new(),
            shrunk: OnceLock::new(),
            objects: objects::Objects::default(),
        }
    }

    /// The same, of which somebody says what is meant.
    pub fn acknowledging(mut self, said: Said) -> Self {
        self.acknowledged = Acknowledged::new(&said);
        self.said = said;
        self
    }

    /// The number that an Argo CD instance of base has in head.
    pub fn head_instance(&self, instance: usize) -> Option<usize> {
        self.instances[instance]
    }

    /// What head has under the name of an Application of base.
    pub fn head_of(&self, app: &App) -> Option<&'a App> {
        self.heads.get(&(self.head_instance(app.instance)?, &*app.id)).copied()
    }

    /// What head has under the name of an ApplicationSet of base.
    pub fn head_of_set(&self, set: &Set) -> Option<&'a Set> {
        self.set_heads.get(&(self.head_instance(set.instance)?, &*set.id)).copied()
    }

    /// What head has under the name of an AppProject of base.
    pub fn head_of_project(&self, owned: &OwnedProject) -> Option<&'a Project> {
        let instance = self.head_instance(owned.instance)?;
        let same = |head: &&OwnedProject| {
            head.instance == instance
                && head.project.name == owned.project.name
                && head.namespace == owned.namespace
        };
        self.head.projects.iter().find(same).map(|head| &head.project)
    }

    /// Whether somebody said that what happens to this object is meant.
    pub fn is_acknowledged(&self, row: &Row) -> bool {
        self.acknowledged.covers(row)
    }

    /// Findings about objects of which somebody said that what happens to them is meant: told as such, as notes.
    pub(super) fn settle(&self, findings: &mut [Finding]) {
        let rows = self.forecast.rows.iter().filter(|row| self.is_acknowledged(row));
        let meant: HashSet<Object> = rows.map(|row| super::object(&row.key)).collect();
        for finding in findings {
            if finding.object.as_ref().is_some_and(|object| meant.contains(object)) {
                finding.severity = Severity::Note;
                finding.message.push_str(" (acknowledged)");
            }
        }
    }

    /// The Applications that base has and head does not.
    pub fn gone(&self) -> &[Gone<'a>] {
        self.gone.get_or_init(|| gone::gone(self))
    }

    /// The Namespaces that are deleted because they are not in git any more.
    pub fn vanishing(&self) -> &[Vanishing<'a>] {
        self.vanishing.get_or_init(|| namespaces::vanishing(self))
    }

    /// The object of a row as it stands in a file of head, whether or not anybody deploys it from there.
    pub fn written(&self, row: &Row) -> Option<&Manifest> {
        self.written.get_or_init(|| Written::new(self.head)).of(row)
    }

    /// The Applications that read another folder, chart or repository under the same name.
    pub fn repointed(&self) -> &[Repointed<'a>] {
        self.repointed.get_or_init(|| repointed::repointed(self))
    }

    /// The ApplicationSets that lose Applications with what they deploy, by reason.
    pub fn shrunk(&self) -> &[Shrunk<'a>] {
        self.shrunk.get_or_init(|| sets::shrunk(self))
    }

    /// The Secret of a cluster, as a file of base or of head has it.
    pub fn cluster_secret(&self, name: &str, of_base: bool) -> Option<Manifest> {
        written::cluster_secret(if of_base { self.base } else { self.head }, name)
    }

    /// Where the Application or ApplicationSet stands in head that made an Application of base; None where it is not there
    /// either.
    pub fn maker(&self, gone: &Gone<'_>) -> Option<Location> {
        match (gone.why, &gone.app.parent) {
            (Why::NotGenerated(_, head), _) => Some(head.manifest.location()),
            (_, Parent::Application(parent)) => {
                let parent = self.head_of(&self.base.applications[*parent])?;
                Some(parent.application.manifest.location())
            }
            _ => None,
        }
    }

    /// Everything that goes with an Application of base.
    pub fn fallout(&self, app: &App) -> Losses<'a> {
        gone::fallout(self, app)
    }

    /// Objects, and what goes with the Namespaces among them.
    pub fn with_inside(&self, rows: Vec<&'a Row>) -> Vec<&'a Row> {
        gone::with_inside(self, rows)
    }

    /// The Applications of base that this one, or an ApplicationSet that it renders, makes exist.
    pub fn children(&self, application: &str) -> &[&'a App] {
        self.index().children.get(application).map_or(&[], Vec::as_slice)
    }

    /// What becomes of the object with this key on this cluster; of several Argo CD instances that have one, the first.
    pub fn row(&self, cluster: &str, key: &ResourceKey) -> Option<&'a Row> {
        let rows = &self.forecast.rows;
        let at = rows.partition_point(|row| (&*row.cluster, &row.key) < (cluster, key));
        rows.get(at).filter(|row| *row.cluster == *cluster && row.key == *key)
    }

    /// What becomes of the objects that this Application (`namespace/name`) had last, in order of cluster and key.
    pub fn rows_of(&self, application: &str) -> impl Iterator<Item = &'a Row> {
        self.index().of_app.get(application).into_iter().flatten().copied()
    }

    /// What becomes of the objects in the namespace that this row is about.
    pub fn in_namespace(&self, namespace: &Row) -> impl Iterator<Item = &'a Row> {
        let on_cluster = self.index().in_namespace.get(&*namespace.cluster);
        on_cluster.and_then(|names| names.get(&*namespace.key.name)).into_iter().flatten().copied()
    }

    /// What is deleted, whether or not something of its name is made again.
    pub fn lost(&self) -> impl Iterator<Item = &'a Row> {
        self.forecast.rows.iter().filter(|row| is_lost(row))
    }

    fn index(&self) -> &Index<'a> {
        self.index.get_or_init(|| Index::new(self.base, self.forecast))
    }
}

impl<'a> Index<'a> {
    fn new(base: &'a Inventory, forecast: &'a Forecast) -> Self {
        let mut index = Self { children: gone::children(base), ..Self::default() };
        for row in &forecast.rows {
            if let Some(application) = &row.application {
                index.of_app.entry(application).or_default().push(row);
            }
            if !row.key.namespace.is_empty() {
                let on_cluster = index.in_namespace.entry(&row.cluster).or_default();
                on_cluster.entry(&row.key.namespace).or_default().push(row);
            }
        }
        index
    }
}

/// Whether the object of base is deleted, whether or not something of its name is made again.
pub fn is_lost(row: &Row) -> bool {
    matches!(row.outcome, Outcome::Pruned | Outcome::Cascaded | Outcome::Recreated)
}
