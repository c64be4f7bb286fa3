//! Applications of base that head does not have, and why.

use super::{Change, Losses};
use crate::forecast::{Outcome, Row};
use crate::inventory::{App, AppId, Inventory, Parent, Place, Set};
use hashbrown::{HashMap, HashSet};

/// How much of what an Application deploys another one must deploy too, in percent, to be the same under another name.
const SAME: usize = 80;

/// An Application that head does not have any more.
pub struct Gone<'a> {
    /// As base has it.
    pub app: &'a App,
    /// What becomes of the Application object.
    pub row: Option<&'a Row>,
    /// Why it is not there.
    pub why: Why<'a>,
    /// The Application that head has instead: it deploys the same.
    pub successor: Option<&'a App>,
}

/// Why an Application is not in head.
#[derive(Clone, Copy)]
pub enum Why<'a> {
    /// Its manifest is not there.
    Removed,
    /// The Application that renders it is not there either.
    WithParent,
    /// The ApplicationSet that generated it is not there either.
    SetGone(&'a Set),
    /// The ApplicationSet is there and does not generate it: as base has the set, and as head has it.
    NotGenerated(&'a Set, &'a Set),
}

impl Gone<'_> {
    /// Whether the Application object is deleted.
    pub fn is_deleted(&self) -> bool {
        self.row.is_some_and(|row| matches!(row.outcome, Outcome::Pruned | Outcome::Cascaded))
    }
}

/// Every Application that base has and head does not, in order of base.
pub(super) fn gone<'a>(change: &Change<'a>) -> Vec<Gone<'a>> {
    let left = change.apps.iter().filter(|pair| pair.head.is_none()).filter_map(|pair| pair.base);
    let left: Vec<&App> = left.filter(|app| app.is_written()).collect();
    if left.is_empty() {
        return Vec::new();
    }
    let successors = Successors::new(change);
    left.into_iter()
        .map(|app| Gone {
            app,
            row: change.row(&app.home, &app.application.key()),
            why: why(change, app),
            successor: successors.of(change, app),
        })
        .collect()
}

fn why<'a>(change: &Change<'a>, app: &'a App) -> Why<'a> {
    match app.parent {
        Parent::Root | Parent::Folder => Why::Removed,
        Parent::Application(parent) => {
            let parent = &change.base.applications[parent];
            match change.head_of(parent) {
                None if parent.is_written() => Why::WithParent,
                _ => Why::Removed,
            }
        }
        Parent::Set { set, .. } => {
            let set = &change.base.sets[set];
            match change.head_of_set(set) {
                Some(head) => Why::NotGenerated(set, head),
                None => Why::SetGone(set),
            }
        }
    }
}

/// The Applications that head alone has, by what they read.
struct Successors<'a> {
    /// By cluster, namespace and first source.
    alike: HashMap<(&'a str, &'a str, String), Vec<&'a App>>,
    new: HashSet<AppId>,
}

impl<'a> Successors<'a> {
    fn new(change: &Change<'a>) -> Self {
        let mut found = Self { alike: HashMap::new(), new: HashSet::new() };
        for app in change.apps.iter().filter(|pair| pair.base.is_none()).filter_map(|pair| pair.head) {
            found.alike.entry(reads(app)).or_default().push(app);
            found.new.extend(change.head.named(app.instance, &app.id));
        }
        found
    }

    /// The new Application that reads the same for the same place, or renders most of the same objects.
    fn of(&self, change: &Change<'a>, app: &'a App) -> Option<&'a App> {
        if self.new.is_empty() {
            return None;
        }
        let sources = app.application.spec.effective_sources();
        let alike = self.alike.get(&reads(app)).into_iter().flatten();
        let mut alike = alike.filter(|new| new.application.spec.effective_sources() == sources);
        alike.next().copied().or_else(|| self.overlapping(change, app))
    }

    fn overlapping(&self, change: &Change<'a>, app: &'a App) -> Option<&'a App> {
        let instance = change.head_instance(app.instance)?;
        let mut common: HashMap<AppId, usize> = HashMap::new();
        for target in &app.targets.list {
            let place = Place { instance, cluster: app.cluster.clone(), key: target.key.clone() };
            for id in change.head.at(&place) {
                let id = id.app as AppId;
                if self.new.contains(&id) {
                    *common.entry(id).or_default() += 1;
                }
            }
        }
        let (id, count) = common.into_iter().max_by_key(|(id, count)| (*count, std::cmp::Reverse(*id)))?;
        (count * 100 >= app.targets.list.len() * SAME).then(|| &change.head.applications[id])
    }
}

fn reads(app: &App) -> (&str, &str, String) {
    let spec = &app.application.spec;
    let first = spec.effective_sources().into_iter().next();
    let source = first.map(|source| format!("{} {} {}", source.repo_url, source.path, source.chart));
    (&app.cluster, &spec.destination.namespace, source.unwrap_or_default())
}

/// Everything that goes with an Application: what it deploys, what the Applications and sets among that deploy, and
/// what is in the Namespaces among that.
pub(super) fn fallout<'a>(change: &Change<'a>, app: &App) -> Losses<'a> {
    let mut rows = Vec::new();
    let mut open = vec![app.id.clone()];
    let mut seen: HashSet<_> = open.iter().cloned().collect();
    while let Some(id) = open.pop() {
        rows.extend(change.rows_of(&id).filter(|row| super::is_lost(row)));
        let below = change.children(&id).iter().filter(|child| ends(change, child));
        open.extend(below.map(|child| child.id.clone()).filter(|id| seen.insert(id.clone())));
    }
    Losses::all(with_inside(change, rows))
}

/// Objects, and what goes with the Namespaces among them.
pub(super) fn with_inside<'a>(change: &Change<'a>, mut rows: Vec<&'a Row>) -> Vec<&'a Row> {
    let mut known: HashSet<*const Row> = rows.iter().map(|row| std::ptr::from_ref(*row)).collect();
    let namespaces: Vec<&Row> = rows.iter().copied().filter(|row| row.key.is("", "Namespace")).collect();
    for namespace in namespaces {
        let inside = change.in_namespace(namespace).filter(|row| super::is_lost(row));
        rows.extend(inside.filter(|row| known.insert(std::ptr::from_ref(*row))));
    }
    rows
}

/// Whether an Application is not there any more, or deleted even though its manifest still stands somewhere.
fn ends(change: &Change<'_>, app: &App) -> bool {
    change.head_of(app).is_none() || change.row(&app.home, &app.application.key()).is_some_and(super::is_lost)
}

/// The Applications that each Application, or a set that it renders, makes exist.
pub(super) fn children(base: &Inventory) -> HashMap<&str, Vec<&App>> {
    let mut children: HashMap<&str, Vec<&App>> = HashMap::new();
    for app in &base.applications {
        let mut parent = &app.parent;
        if let Parent::Set { set, .. } = *parent {
            parent = &base.sets[set].parent;
        }
        if let Parent::Application(parent) = *parent {
            children.entry(&base.applications[parent].id).or_default().push(app);
        }
    }
    children
}
