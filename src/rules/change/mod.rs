//! A merge as the rules about it see it: both sides, what becomes of every object, and what several of them ask.

mod fate;
mod gone;
mod kustomizations;
mod losses;
mod moves;
pub mod steps;
mod twins;

pub use fate::{Fate, is_in_head, protect_first};
pub use gone::{Gone, Why};
pub use kustomizations::{Entry, Kustomization, entries};
pub use losses::Losses;
pub use moves::Move;
pub use twins::Twin;

use crate::files::{Location, Path};
use crate::forecast::{Forecast, Outcome, Row};
use crate::inventory::{App, Inventory, Parent, Set};
use crate::model::{GroupKind, Manifest, ResourceKey};
use crate::render::Tool;
use crate::rules::volumes::Policies;
use hashbrown::{HashMap, HashSet};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// A merge: what is deployed now, what head makes of it, and what becomes of every object.
pub struct Change<'a> {
    /// What the merge goes into.
    pub base: &'a Inventory,
    /// What is merged.
    pub head: &'a Inventory,
    /// What becomes of every object.
    pub forecast: &'a Forecast,
    /// Every Application of base or head, those of base first, each in the order of its inventory.
    pub apps: Vec<Pair<'a>>,
    /// Kinds that hold data beyond the built-in ones.
    stateful: &'a [GroupKind],
    moves: OnceLock<Vec<Move<'a>>>,
    policies: OnceLock<Policies>,
    twins: OnceLock<Vec<Twin<'a>>>,
    kustomizations: OnceLock<Vec<Kustomization>>,
    left: OnceLock<BTreeMap<Path, Vec<&'a Row>>>,
    /// For each Argo CD instance of base its number in head.
    instances: Vec<Option<usize>>,
    heads: HashMap<(usize, &'a str), &'a App>,
    set_heads: HashMap<(usize, &'a str), &'a Set>,
    index: OnceLock<Index<'a>>,
    gone: OnceLock<Vec<Gone<'a>>>,
}

/// What is asked for only where something is lost.
#[derive(Default)]
struct Index<'a> {
    pairs: HashMap<&'a str, Pair<'a>>,
    of_app: HashMap<&'a str, Vec<&'a Row>>,
    of_kind: HashMap<&'a str, Vec<&'a Row>>,
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
    pub fn new(
        base: &'a Inventory,
        head: &'a Inventory,
        forecast: &'a Forecast,
        stateful: &'a [GroupKind],
    ) -> Self {
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
            apps,
            stateful,
            instances,
            heads,
            set_heads,
            index: OnceLock::new(),
            gone: OnceLock::new(),
            moves: OnceLock::new(),
            policies: OnceLock::new(),
            twins: OnceLock::new(),
            kustomizations: OnceLock::new(),
            left: OnceLock::new(),
        }
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

    /// The Applications that base has and head does not.
    pub fn gone(&self) -> &[Gone<'a>] {
        self.gone.get_or_init(|| gone::gone(self))
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

    /// What becomes of every object of a kind on a cluster, in order of key.
    pub fn of_kind(&self, cluster: &str, group: &str, kind: &str) -> Vec<&'a Row> {
        let rows = self.index().of_kind.get(kind).into_iter().flatten().copied();
        rows.filter(|row| *row.cluster == *cluster && *row.key.group == *group).collect()
    }

    /// What becomes of the objects of a kind, a namespace and a name, on every cluster.
    pub fn of_kind_named(&self, kind: &str, namespace: &str, name: &str) -> Vec<&'a Row> {
        let rows = self.index().of_kind.get(kind).into_iter().flatten().copied();
        rows.filter(|row| *row.key.namespace == *namespace && *row.key.name == *name).collect()
    }

    /// The files of plain manifests from which objects leave git, in order of path, and those objects.
    ///
    /// Objects of which nobody can tell what becomes of them are left out.
    pub fn left_files(&self) -> &BTreeMap<Path, Vec<&'a Row>> {
        self.left.get_or_init(|| {
            let mut left: BTreeMap<Path, Vec<&Row>> = BTreeMap::new();
            for row in &self.forecast.rows {
                if let Some(manifest) = row.base.as_ref().filter(|manifest| manifest.is_written())
                    && self.fate(row).is_some_and(|fate| fate != Fate::Unknown)
                {
                    left.entry(Path::clone(manifest.path())).or_default().push(row);
                }
            }
            left
        })
    }

    /// The files of head that something is deployed from.
    pub fn origins(&self) -> HashSet<&'a str> {
        let targets = self.head.applications.iter().flat_map(|app| &app.targets.list);
        targets.map(|target| &**target.manifest.path()).collect()
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

    /// What becomes of the Namespace that an object is in, where it is in git.
    pub fn namespace_of(&self, row: &Row) -> Option<&'a Row> {
        let name = &row.key.namespace;
        let key = ResourceKey {
            group: "".into(),
            kind: "Namespace".into(),
            namespace: "".into(),
            name: std::sync::Arc::clone(name),
        };
        self.row(&row.cluster, &key).filter(|_| !name.is_empty())
    }

    /// The Application of this `namespace/name`; of several Argo CD instances that have one, the first.
    pub fn pair(&self, application: &str) -> Option<Pair<'a>> {
        self.index().pairs.get(application).copied()
    }

    /// What moves from one namespace to another.
    pub fn moves(&self) -> &[Move<'a>] {
        self.moves.get_or_init(|| moves::moves(self.forecast))
    }

    /// Whether an object that left its namespace comes in another one, in the same Application.
    pub fn is_moved(&self, row: &Row) -> bool {
        let id = std::ptr::from_ref(row);
        let own = |way: &&Move<'a>| {
            Some(way.application) == row.application.as_deref() && *way.from == *row.key.namespace
        };
        self.moves().iter().filter(own).any(|way| way.pairs.iter().any(|(old, _)| std::ptr::eq(*old, id)))
    }

    /// Whether a move follows the destination namespace of its Application: the Application as head has it.
    pub fn is_by_destination(&self, way: &Move<'_>) -> Option<&'a App> {
        let pair = self.pair(way.application)?;
        let (base, head) = (pair.base?, pair.head?);
        let of = |app: &'a App| app.application.spec.destination.namespace.as_str();
        (of(base) == way.from && of(head) == way.to).then_some(head)
    }

    /// The kustomization whose `namespace` makes a move.
    pub fn kustomization_of(&self, way: &Move<'_>) -> Option<&Kustomization> {
        let head = self.pair(way.application)?.head?;
        if !head.tools.contains(&Some(Tool::Kustomize)) {
            return None;
        }
        let says = |manifest: &Manifest| Some(manifest.node().get("namespace")?.as_str()?.to_owned());
        self.kustomizations().iter().find(|own| {
            let (from, to) = (says(&own.base), says(&own.head));
            from != to && from.is_none_or(|from| from == way.from) && to.is_none_or(|to| to == way.to)
        })
    }

    /// The kustomizations that both sides have and that differ.
    pub fn kustomizations(&self) -> &[Kustomization] {
        self.kustomizations.get_or_init(|| kustomizations::changed(self.base, self.head))
    }

    /// What holds data and gets another name.
    pub fn renamed(&self) -> &[Twin<'a>] {
        self.twins.get_or_init(|| twins::twins(self.forecast, self.stateful))
    }

    /// Whether an object that holds data comes under another name.
    pub fn is_renamed(&self, row: &Row) -> bool {
        self.renamed().iter().any(|twin| std::ptr::eq(twin.old, row))
    }

    /// Whether an object is deleted, or its deletion asked for.
    pub fn is_gone(&self, cluster: &str, key: &ResourceKey) -> bool {
        self.row(cluster, key).is_some_and(|row| is_lost(row) || row.outcome == Outcome::Stuck)
    }

    /// What becomes of everything in the namespace of an object, itself included.
    pub fn beside(&self, row: &Row) -> impl Iterator<Item = &'a Row> {
        let on_cluster = self.index().in_namespace.get(&*row.cluster);
        on_cluster.and_then(|names| names.get(&*row.key.namespace)).into_iter().flatten().copied()
    }

    /// What base says of the volumes behind claims.
    pub fn policies(&self) -> &Policies {
        self.policies.get_or_init(|| Policies::new(self.base))
    }

    fn index(&self) -> &Index<'a> {
        self.index.get_or_init(|| Index::new(self.base, self.forecast, &self.apps))
    }
}

impl<'a> Index<'a> {
    fn new(base: &'a Inventory, forecast: &'a Forecast, pairs: &[Pair<'a>]) -> Self {
        let mut index = Self { children: gone::children(base), ..Self::default() };
        for pair in pairs {
            if let Some(app) = pair.base.or(pair.head) {
                index.pairs.entry(&app.id).or_insert(*pair);
            }
        }
        for row in &forecast.rows {
            if let Some(application) = &row.application {
                index.of_app.entry(application).or_default().push(row);
            }
            index.of_kind.entry(&*row.key.kind).or_default().push(row);
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

/// The key of the Application object.
pub fn key_of(app: &App) -> ResourceKey {
    ResourceKey {
        group: "argoproj.io".into(),
        kind: "Application".into(),
        namespace: Arc::clone(&app.application.namespace),
        name: Arc::clone(&app.application.name),
    }
}
