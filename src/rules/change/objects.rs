//! What the rules about single objects ask of a merge, each worked out once and only when it is asked.

use super::{Change, Fate, Kustomization, Move, Pair, Twin, is_lost, kustomizations, moves, twins};
use crate::files::Path;
use crate::forecast::{Outcome, Row};
use crate::inventory::App;
use crate::model::{GroupKind, Manifest, ResourceKey};
use crate::render::Tool;
use crate::rules::volumes::Policies;
use hashbrown::{HashMap, HashSet};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// What was worked out.
#[derive(Default)]
pub(super) struct Objects<'a> {
    pairs: OnceLock<HashMap<&'a str, Pair<'a>>>,
    by_kind: OnceLock<HashMap<&'a str, Vec<&'a Row>>>,
    moves: OnceLock<Vec<Move<'a>>>,
    twins: OnceLock<Vec<Twin<'a>>>,
    policies: OnceLock<Policies>,
    kustomizations: OnceLock<Vec<Kustomization>>,
    left: OnceLock<BTreeMap<Path, Vec<&'a Row>>>,
}

impl<'a> Change<'a> {
    /// The Application of this `namespace/name`; of several Argo CD instances that have one, the first.
    pub fn pair(&self, application: &str) -> Option<Pair<'a>> {
        let pairs = self.objects.pairs.get_or_init(|| {
            let mut pairs = HashMap::with_capacity(self.apps.len());
            for pair in &self.apps {
                if let Some(app) = pair.base.or(pair.head) {
                    pairs.entry(&*app.id).or_insert(*pair);
                }
            }
            pairs
        });
        pairs.get(application).copied()
    }

    /// The number in base of the Argo CD instance that an object belongs to.
    pub fn instance_of(&self, row: &Row) -> usize {
        let app = row.application.as_ref().and_then(|id| self.pair(id)?.base);
        app.map_or(0, |app| app.instance)
    }

    /// What becomes of every object of a kind, in order of cluster and key.
    pub fn of_kind(&self, group: &str, kind: &str) -> impl Iterator<Item = &'a Row> {
        let by_kind = self.objects.by_kind.get_or_init(|| {
            let mut by_kind: HashMap<&str, Vec<&Row>> = HashMap::new();
            for row in &self.forecast.rows {
                by_kind.entry(&*row.key.kind).or_default().push(row);
            }
            by_kind
        });
        let rows = by_kind.get(kind).into_iter().flatten().copied();
        rows.filter(move |row| *row.key.group == *group)
    }

    /// What becomes of the Namespace that an object is in, where it is in git.
    pub fn namespace_of(&self, row: &Row) -> Option<&'a Row> {
        let name = &row.key.namespace;
        self.row(&row.cluster, &ResourceKey::of_namespace(name)).filter(|_| !name.is_empty())
    }

    /// What becomes of everything in the namespace of an object, itself included.
    pub fn beside(&self, row: &Row) -> impl Iterator<Item = &'a Row> {
        let on_cluster = self.index().in_namespace.get(&*row.cluster);
        on_cluster.and_then(|names| names.get(&*row.key.namespace)).into_iter().flatten().copied()
    }

    /// Whether an object is deleted, or its deletion asked for.
    pub fn is_gone(&self, cluster: &str, key: &ResourceKey) -> bool {
        self.row(cluster, key).is_some_and(|row| is_lost(row) || row.outcome == Outcome::Stuck)
    }

    /// What moves from one namespace to another.
    pub fn moves(&self) -> &[Move<'a>] {
        self.objects.moves.get_or_init(|| moves::moves(self.forecast))
    }

    /// Whether an object that left its namespace comes in another one, in the same Application.
    pub fn is_moved(&self, row: &Row) -> bool {
        let own = |way: &&Move<'a>| {
            Some(way.application) == row.application.as_deref() && *way.from == *row.key.namespace
        };
        self.moves().iter().filter(own).any(|way| way.pairs.iter().any(|(old, _)| std::ptr::eq(*old, row)))
    }

    /// Whether a move follows the destination namespace of its Application.
    pub fn is_by_destination(&self, way: &Move<'_>) -> bool {
        let pair = self.pair(way.application);
        let sides = pair.and_then(|pair| Some((pair.base?, pair.head?)));
        let of = |app: &'a App| app.application.spec.destination.namespace.as_str();
        sides.is_some_and(|(base, head)| of(base) == way.from && of(head) == way.to)
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

    /// What becomes of the disk behind a claim, as the end of a sentence; empty for anything else.
    pub fn disk(&self, row: &Row) -> String {
        if !row.key.is("", "PersistentVolumeClaim") {
            return String::new();
        }
        let told = self.policies().told(self.instance_of(row), &row.cluster, &row.key, row.base.as_ref());
        format!("; {told}")
    }

    /// The kustomizations that both sides have and that differ.
    pub fn kustomizations(&self) -> &[Kustomization] {
        self.objects.kustomizations.get_or_init(|| kustomizations::changed(self.base, self.head))
    }

    /// What holds data and gets another name; `stateful` are kinds that hold data beyond the built-in ones.
    pub fn renamed(&self, stateful: &[GroupKind]) -> &[Twin<'a>] {
        self.objects.twins.get_or_init(|| twins::twins(self.forecast, stateful))
    }

    /// Whether an object that holds data comes under another name.
    pub fn is_renamed(&self, row: &Row, stateful: &[GroupKind]) -> bool {
        self.renamed(stateful).iter().any(|twin| std::ptr::eq(twin.old, row))
    }

    /// What base says of the volumes behind claims.
    pub fn policies(&self) -> &Policies {
        self.objects.policies.get_or_init(|| Policies::new(self.base))
    }

    /// The files of plain manifests from which objects leave git, in order of path, and those objects.
    ///
    /// Objects of which nobody can tell what becomes of them are left out.
    pub fn left_files(&self) -> &BTreeMap<Path, Vec<&'a Row>> {
        self.objects.left.get_or_init(|| {
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
}
