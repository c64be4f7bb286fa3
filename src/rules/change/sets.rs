//! ApplicationSets that lose Applications, and why.

use super::gone::Why;
use super::losses::{NAMED, list, list_names};
use super::{Change, Gone, Losses};
use crate::appset::By;
use crate::forecast::{Outcome, Row};
use crate::inventory::{self, App, Parent, Set, SetOutcome};
use crate::model::{Cluster, cascades};
use hashbrown::{HashMap, HashSet};
use std::sync::Arc;

/// Applications that one ApplicationSet does not generate any more, for one reason.
pub struct Shrunk<'a> {
    /// The set as base has it.
    pub base: &'a Set,
    /// The set as head has it; None where it left git.
    pub head: Option<&'a Set>,
    /// Why.
    pub reason: Reason,
    /// The Applications that are deleted.
    pub apps: Vec<&'a App>,
    /// The Applications of head that deploy the same under another name.
    pub successors: Vec<Arc<str>>,
    /// What goes with them.
    pub lost: Losses<'a>,
    /// What they leave behind.
    pub left: Losses<'a>,
}

/// Why an ApplicationSet generates less.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The set is not there.
    Removed,
    /// The template calls its Applications something else; the index of the generator whose template that is.
    Name(usize),
    /// The Secret of this cluster changed or left, and the generators are the same.
    Secret(String),
    /// The generators are others.
    Generators,
    /// The generators are the same, and find other folders, files or answers.
    Found,
}

impl Shrunk<'_> {
    /// Whether nobody can tell which Applications go with a set that goes.
    pub fn is_unknown(&self) -> bool {
        self.reason == Reason::Removed && self.base.outcome == SetOutcome::Unknown && self.takes_along()
    }

    /// Whether a set that is deleted takes its Applications along: a policy keeps them, if a finalizer makes it hold.
    fn takes_along(&self) -> bool {
        let base = self.base;
        let finalizers = base.manifest.node().at(&["metadata", "finalizers"]);
        let mut finalizers =
            finalizers.into_iter().flat_map(|list| list.items()).filter_map(|item| item.as_str());
        base.changed_by.is_none() && (base.sync.deletes() || !finalizers.any(cascades))
    }

    /// The Applications by name, the first of them.
    pub fn names(&self) -> String {
        list_names(&self.apps)
    }

    /// Whether an Application goes with what it deployed, and nobody here can tell what that is.
    pub fn hides(&self) -> bool {
        self.apps.iter().any(|app| app.outcome != inventory::Outcome::Rendered && app.application.cascades())
    }

    /// What it does to the objects: `deletes 3 objects …`, `leaves … behind`.
    pub fn harm(&self) -> String {
        match (self.lost.is_empty(), self.hides()) {
            (false, false) => format!("deletes {}", self.lost.told()),
            (false, true) => {
                format!("deletes {}, and what else it deployed is not known here", self.lost.told())
            }
            (true, true) => "deletes what was deployed, which is not known here".to_owned(),
            (true, false) => format!("leaves {} behind", self.left.told()),
        }
    }
}

/// Every set that loses Applications with what they deploy, in order of base.
pub(super) fn shrunk<'a>(change: &Change<'a>) -> Vec<Shrunk<'a>> {
    let mut found = removed(change);
    let mut groups: HashMap<(usize, usize, Reason), Vec<&Gone<'a>>> = HashMap::new();
    let meant = |gone: &&Gone<'_>| gone.row.is_some_and(|row| change.is_acknowledged(row));
    for gone in change.gone().iter().filter(|gone| gone.is_deleted() && !meant(gone)) {
        let (Why::NotGenerated(base, head), Parent::Set { set, member }) = (gone.why, &gone.app.parent)
        else {
            continue;
        };
        let reason = reason(change, base, head, *member);
        // The first generator orders the groups of one set.
        groups.entry((*set, base.members[*member].provenance.generator, reason)).or_default().push(gone);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|((set, generator, reason), _)| (*set, *generator, rank(reason)));
    for ((set, _, reason), gone) in groups {
        let base = &change.base.sets[set];
        found.push(of(
            change,
            base,
            change.head_of_set(base),
            reason,
            gone.iter().map(|gone| gone.app).collect(),
        ));
    }
    found.retain(|set| !set.lost.is_empty() || !set.left.is_empty() || set.hides() || set.is_unknown());
    found
}

fn rank(reason: &Reason) -> (usize, String) {
    match reason {
        Reason::Removed => (0, String::new()),
        Reason::Name(generator) => (1, generator.to_string()),
        Reason::Secret(cluster) => (2, cluster.clone()),
        Reason::Generators => (3, String::new()),
        Reason::Found => (4, String::new()),
    }
}

/// Sets that are deleted and not with the Application that renders them, and what they generated.
fn removed<'a>(change: &Change<'a>) -> Vec<Shrunk<'a>> {
    let left = change.base.sets.iter().filter(|set| change.head_of_set(set).is_none());
    let deleted = left.filter(|set| {
        let with_parent = match set.parent {
            Parent::Application(parent) => change.head_of(&change.base.applications[parent]).is_none(),
            _ => false,
        };
        let row = change.row(&set.home, &set.key());
        !with_parent && row.is_some_and(|row| matches!(row.outcome, Outcome::Pruned | Outcome::Cascaded))
    });
    deleted
        .map(|set| {
            let apps = set.applied().map(|id| &change.base.applications[id]).collect();
            of(change, set, None, Reason::Removed, apps)
        })
        .collect()
}

fn of<'a>(
    change: &Change<'a>,
    base: &'a Set,
    head: Option<&'a Set>,
    reason: Reason,
    apps: Vec<&'a App>,
) -> Shrunk<'a> {
    let names: HashSet<&str> = apps.iter().map(|app| &*app.id).collect();
    let gone = change.gone().iter().filter(|gone| names.contains(&*gone.app.id));
    let successors = gone.filter_map(|gone| Some(gone.successor?.id.clone())).collect();
    let rows = || apps.iter().flat_map(|app| change.rows_of(&app.id));
    let mut seen: HashSet<*const Row> = HashSet::new();
    let lost: Vec<&Row> = apps.iter().flat_map(|app| change.fallout(app).into_rows()).collect();
    let lost = Losses::all(lost.into_iter().filter(|row| seen.insert(std::ptr::from_ref(*row))));
    let left = Losses::orphans(rows());
    Shrunk { base, head, reason, apps, successors, lost, left }
}

fn reason(change: &Change<'_>, base: &Set, head: &Set, member: usize) -> Reason {
    let provenance = &base.members[member].provenance;
    let spec = |set: &Set, path: &[&str]| set.manifest.node().at(path).map(|node| node.to_json());
    let generators = |set: &Set| spec(set, &["spec", "generators"]);
    let same = generators(base) == generators(head);
    if name(base, provenance.generator) != name(head, provenance.generator) {
        return Reason::Name(provenance.generator);
    }
    if !same {
        return Reason::Generators;
    }
    let clusters = provenance.produced.iter().filter_map(|produced| match &produced.by {
        By::Cluster(name) => Some(name),
        _ => None,
    });
    let mut clusters = clusters.filter(|name| cluster(change.base, name) != cluster(change.head, name));
    clusters.next().map_or(Reason::Found, |name| Reason::Secret(name.clone()))
}

fn cluster<'a>(inventory: &'a crate::inventory::Inventory, name: &str) -> Option<&'a Cluster> {
    inventory.clusters.iter().find(|cluster| cluster.name == name)
}

/// The template of the name of the Applications that an entry of `spec.generators` makes.
fn name(set: &Set, generator: usize) -> Option<String> {
    let node = set.manifest.node();
    let entry = node.at(&["spec", "generators"]).and_then(|entries| entries.items().nth(generator));
    let own = entry.into_iter().flat_map(|entry| entry.entries()).find_map(|kind| {
        let name = kind.value.at(&["template", "metadata", "name"])?.as_str()?;
        (!name.is_empty()).then(|| name.to_owned())
    });
    own.or_else(|| Some(node.at(&["spec", "template", "metadata", "name"])?.as_str()?.to_owned()))
}

/// The folders and files that made these Applications and do so no more, the first of them.
pub fn made_from(shrunk: &Shrunk<'_>) -> String {
    let made_by = shrunk.apps.iter().filter_map(|app| match app.parent {
        Parent::Set { member, .. } => Some(&shrunk.base.members[member].provenance),
        _ => None,
    });
    let by = made_by.flat_map(|provenance| &provenance.produced).filter_map(|produced| match &produced.by {
        By::Folder(path) | By::File(path, _) => Some(format!("`{path}`")),
        By::Element(_) | By::Cluster(_) | By::Clusters | By::Answer(_) => None,
    });
    let mut seen = HashSet::new();
    let paths: Vec<String> = by.filter(|path| seen.insert(path.clone())).collect();
    let more = paths.len().saturating_sub(NAMED);
    list(paths.into_iter().take(NAMED).collect(), more)
}
