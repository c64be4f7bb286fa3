//! A merge as the rules about it see it: both sides, what becomes of every object, and what several of them ask.

mod losses;

pub use losses::Losses;

use crate::forecast::{Forecast, Outcome, Row};
use crate::inventory::{App, Inventory};
use crate::model::ResourceKey;
use hashbrown::HashMap;
use std::sync::OnceLock;

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
    index: OnceLock<Index<'a>>,
}

/// What is asked for only where something is lost.
#[derive(Default)]
struct Index<'a> {
    of_app: HashMap<&'a str, Vec<&'a Row>>,
    /// By cluster, then by namespace.
    in_namespace: HashMap<&'a str, HashMap<&'a str, Vec<&'a Row>>>,
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
        Self { base, head, forecast, apps: pairs(base, head), index: OnceLock::new() }
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
        self.index.get_or_init(|| Index::new(self.forecast))
    }
}

impl<'a> Index<'a> {
    fn new(forecast: &'a Forecast) -> Self {
        let mut index = Self::default();
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

fn pairs<'a>(base: &'a Inventory, head: &'a Inventory) -> Vec<Pair<'a>> {
    // Argo CD instances are known by what they manage.
    fn name<'a>(inventory: &'a Inventory, app: &'a App) -> (&'a str, &'a str) {
        (&inventory.instances[app.instance].scope, &app.id)
    }
    let mut pairs: Vec<Pair<'a>> = Vec::with_capacity(base.applications.len());
    let mut known: HashMap<(&str, &str), usize> = HashMap::with_capacity(base.applications.len());
    for app in &base.applications {
        known.insert(name(base, app), pairs.len());
        pairs.push(Pair { base: Some(app), head: None });
    }
    for app in &head.applications {
        match known.get(&name(head, app)) {
            Some(at) => pairs[*at].head = Some(app),
            None => pairs.push(Pair { base: None, head: Some(app) }),
        }
    }
    pairs
}
