//! Which Applications render the same object, as far as both can be on the cluster at once.

use crate::files::Location;
use crate::inventory::{App, Inventory, Place, ResourceId};
use crate::model::{Phase, ResourceKey};
use crate::render::Target;
use hashbrown::{HashMap, HashSet};

/// One object and the Applications that render it; there are at least two.
pub(super) struct Shared<'a> {
    /// Where the object lives.
    pub place: &'a Place,
    /// One object of each Application, in order.
    pub owners: Vec<ResourceId>,
    /// How many more there are, which nobody looked at.
    beyond: usize,
}

impl Shared<'_> {
    /// The object of the last Application, which reports point at.
    pub(super) fn last(&self) -> ResourceId {
        self.owners[self.owners.len() - 1]
    }

    /// Where the first Application renders it, and what to say there.
    pub(super) fn first(&self, inventory: &Inventory) -> (Location, String) {
        let first = self.owners[0];
        let place = inventory.target(first).manifest.location();
        let label = match place == inventory.target(self.last()).manifest.location() {
            true => "all of them read it from here".to_owned(),
            false => format!("`{}` renders it here", inventory.app(first).id),
        };
        (place, label)
    }

    /// The names of the Applications for a message: of many, the first two and how many more.
    pub(super) fn names(&self, inventory: &Inventory) -> String {
        let names: Vec<String> =
            self.owners.iter().map(|&id| format!("`{}`", inventory.app(id).id)).collect();
        match names.as_slice() {
            [a, b] => format!("{a} and {b}"),
            [a, b, c] => format!("{a}, {b} and {c}"),
            [a, b, rest @ ..] => format!("{a}, {b} and {} more", rest.len() + self.beyond),
            _ => names.concat(),
        }
    }
}

/// Every object that several Applications deploy to one cluster, in order of key.
///
/// Trees of roots that mostly deploy the same objects are taken as alternatives, of which a cluster has one.
pub(super) fn shared(inventory: &Inventory) -> Vec<Shared<'_>> {
    let mut shared: Vec<Shared<'_>> = inventory
        .shared()
        .into_iter()
        .filter(|(place, _)| !place.cluster.is_empty() && !place.key.name.is_empty())
        .map(|(place, ids)| owners(inventory, place, ids))
        .filter(|shared| shared.owners.len() > 1)
        .collect();
    let branches = Branches::new(inventory, &shared);
    for one in &mut shared {
        one.owners = branches.together(&one.owners);
    }
    shared.retain(|shared| shared.owners.len() > 1);
    shared
}

/// The real Applications that apply an object, as far as anybody would read their names.
fn owners<'a>(inventory: &Inventory, place: &'a Place, ids: &[ResourceId]) -> Shared<'a> {
    let (mut owners, mut beyond) = (Vec::<ResourceId>::new(), 0);
    let applied = |id: &ResourceId| inventory.app(*id).is_written() && is_applied(inventory.target(*id));
    for id in ids.iter().copied().filter(applied) {
        let app = inventory.app(id);
        if owners.len() == MANY {
            beyond += 1;
        } else if !owners.iter().any(|&owner| is_same(inventory.app(owner), app)) {
            owners.push(id);
        }
    }
    Shared { place, owners, beyond }
}

/// Whether two Applications are one object of one cluster, whatever their manifests say.
fn is_same(a: &App, b: &App) -> bool {
    a.instance == b.instance && a.home == b.home && a.id == b.id
}

/// Whether a sync applies this object: a hook of no phase, or of a deletion alone, is never applied by one.
pub(super) fn is_applied(target: &Target) -> bool {
    target.hooks.as_ref().is_none_or(|phases| {
        let syncs = [Phase::PreSync, Phase::Sync, Phase::PostSync, Phase::SyncFail];
        phases.iter().any(|phase| syncs.contains(phase))
    })
}

/// The places in the tree where roots part, and how much of what they deploy is the same.
struct Branches<'a> {
    /// The file of the root above each Application.
    roots: Vec<&'a str>,
    /// What the roots below a folder, or in a file, deploy.
    all: HashMap<&'a str, Count>,
    /// What two branches have in common.
    common: HashMap<(&'a str, &'a str), Count>,
}

/// So many objects, and so many Applications among them.
#[derive(Clone, Copy, Default)]
struct Count {
    objects: usize,
    applications: usize,
}

/// How many owners of one object are looked at.
const MANY: usize = 50;

/// What alternatives have in common at least, besides being more than half of one of them.
const LEAST: Count = Count { objects: 5, applications: 2 };

impl Count {
    fn add(&mut self, key: &ResourceKey) {
        self.objects += 1;
        self.applications += usize::from(key.is("argoproj.io", "Application"));
    }
}

impl<'a> Branches<'a> {
    fn new(inventory: &'a Inventory, shared: &[Shared<'_>]) -> Self {
        let roots: Vec<&str> =
            (0..inventory.applications.len()).map(|app| &**inventory.root(app).path()).collect();
        let mut branches = Self { roots, all: HashMap::new(), common: HashMap::new() };
        for (id, app) in inventory.applications.iter().enumerate() {
            let root = branches.roots[id];
            let ends = root.match_indices('/').map(|(at, _)| at).chain([root.len()]);
            for branch in ends.map(|end| &root[..end]) {
                let count = branches.all.entry(branch).or_default();
                app.targets.list.iter().for_each(|target| count.add(&target.key));
            }
        }
        for one in shared {
            for pair in branches.partings(&one.owners) {
                branches.common.entry(pair).or_default().add(&one.place.key);
            }
        }
        branches
    }

    /// Where the roots of some objects part, each pair of branches once.
    fn partings(&self, owners: &[ResourceId]) -> HashSet<(&'a str, &'a str)> {
        let pairs = |(index, &a): (usize, &ResourceId)| {
            owners[index + 1..].iter().filter_map(move |&b| self.parting(a, b))
        };
        owners.iter().enumerate().flat_map(pairs).collect()
    }

    /// The folders or files in which the roots of two objects part; None where they have one root file.
    fn parting(&self, a: ResourceId, b: ResourceId) -> Option<(&'a str, &'a str)> {
        let (a, b) = (self.roots[a.app as usize], self.roots[b.app as usize]);
        let same = a.split('/').zip(b.split('/')).take_while(|(a, b)| a == b);
        let at: usize = same.map(|(part, _)| part.len() + 1).sum();
        let branch = |path: &'a str| {
            let rest = path.get(at..)?;
            Some(&path[..at + rest.find('/').unwrap_or(rest.len())])
        };
        let pair = (branch(a)?, branch(b)?);
        Some(if pair.0 <= pair.1 { pair } else { (pair.1, pair.0) })
    }

    /// Whether the roots of two objects are alternatives to each other: most of what one deploys, the other does too.
    fn are_alternatives(&self, a: ResourceId, b: ResourceId) -> bool {
        let Some(pair) = self.parting(a, b) else { return false };
        let all = |branch| self.all.get(branch).copied().unwrap_or_default();
        let (a, b) = (all(pair.0), all(pair.1));
        let common = self.common.get(&pair).copied().unwrap_or_default();
        let most = |common: usize, least: usize, smaller: usize| common >= least && common * 2 > smaller;
        most(common.objects, LEAST.objects, a.objects.min(b.objects))
            || most(common.applications, LEAST.applications, a.applications.min(b.applications))
    }

    /// The first owners that can be there at once.
    fn together(&self, owners: &[ResourceId]) -> Vec<ResourceId> {
        for start in 0..owners.len() {
            let mut chosen = vec![owners[start]];
            for &owner in &owners[start + 1..] {
                if !chosen.iter().any(|&other| self.are_alternatives(other, owner)) {
                    chosen.push(owner);
                }
            }
            if chosen.len() > 1 {
                return chosen;
            }
        }
        Vec::new()
    }
}
