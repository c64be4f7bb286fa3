//! ApplicationSets of an inventory, and what becomes of each Application that they generate.

use super::{AppId, Inventory, Parent};
use crate::appset::{ApplicationSet, Produced, Step};
use crate::files::{Location, Path};
use crate::model::{ApplicationsSync, Manifest, Problem, ProblemKind, ResourceKey};
use std::sync::Arc;

/// Index of an ApplicationSet in [`super::Inventory::sets`].
pub type SetId = usize;

/// One ApplicationSet and what it generates.
#[derive(Debug)]
pub struct Set {
    /// The object, as text says it.
    pub manifest: Manifest,
    /// `namespace/name`.
    pub id: Arc<str>,
    /// The namespace it lives in, which is also that of its Applications.
    pub namespace: Arc<str>,
    /// Who makes it exist: nobody here, or an Application.
    pub parent: Parent,
    /// Index of its Argo CD instance.
    pub instance: usize,
    /// The cluster that it lives on.
    pub home: Arc<str>,
    /// The kustomization that changes or completes this set: what stands in the tree is not what is deployed, and nothing
    /// is generated from it.
    pub changed_by: Option<Path>,
    /// The set as the API server stores it; None where it refuses it, or where nobody knows what it is given.
    pub admitted: Option<Arc<ApplicationSet>>,
    /// What the controller does to its Applications: what the set asks for, as far as the controller lets it.
    pub sync: ApplicationsSync,
    /// How far generating came.
    pub outcome: SetOutcome,
    /// Every Application that comes out, in order of generators and parameters, those that never come to be
    /// included; empty unless the outcome is [`SetOutcome::Generated`].
    pub members: Vec<Member>,
    /// What the API server, the controller or this program says of it.
    pub problems: Vec<Problem>,
}

/// How far an ApplicationSet came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SetOutcome {
    /// Its Applications are known; there may be none, and then Argo CD deletes all it owns.
    Generated,
    /// The API server refuses the set: what was stored before stays as it is.
    Refused,
    /// The controller meets an error: it creates, updates and deletes nothing.
    Failed(Step),
    /// The repository alone does not tell: its Applications are neither there nor gone.
    Unknown,
}

/// One Application that a set generates.
#[derive(Debug)]
pub struct Member {
    /// The whole object as it comes out of the controller, without owner references; it points at the template.
    pub manifest: Manifest,
    /// `metadata.name`.
    pub name: Arc<str>,
    /// What made it.
    pub provenance: Provenance,
    /// What becomes of it.
    pub fate: Fate,
}

/// What made a generated Application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// The index of the entry of `spec.generators`.
    pub generator: usize,
    /// What produced its parameters: one step for a plain generator, one for each child of a combined one, outermost
    /// and first child first; empty for an element without parameters.
    pub produced: Vec<Produced>,
}

/// What becomes of a generated Application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is created or updated: this one of [`super::Inventory::applications`].
    Applied(AppId),
    /// The set generates its name more than once: none of them is created, updated or deleted.
    Twice,
    /// The controller sets it aside, because its AppProject does not exist or its destination does not resolve: neither
    /// created, nor updated, nor deleted.
    Invalid(String),
    /// The API server refuses it. All others are applied, and nothing of the set is deleted in that round.
    Rejected(String),
    /// Another ApplicationSet owns the Application of this name, so the controller refuses to touch it; nothing of
    /// the set is deleted in that round. It is among [`super::Inventory::replaced`].
    Owned(SetId),
    /// It is not followed: a limit was reached, or it stands above its own set.
    Left,
}

impl Set {
    /// The Application of a member, where it comes to be.
    pub fn applied(&self) -> impl Iterator<Item = AppId> + '_ {
        self.members.iter().filter_map(|member| match member.fate {
            Fate::Applied(id) => Some(id),
            _ => None,
        })
    }

    /// Its key.
    pub fn key(&self) -> ResourceKey {
        ResourceKey::of_argo("ApplicationSet", &self.namespace, &self.manifest.name().into())
    }

    /// Where the name of its Applications is written: the template's `metadata.name`, that of the generator's own
    /// template where the entry has one.
    pub fn template(&self, generator: usize) -> Location {
        template(&self.manifest, generator)
    }
}

impl Inventory {
    /// Why a generated Application does not come to be; None where it does, or where a limit is the reason.
    pub fn aside(&self, member: &Member) -> Option<Problem> {
        let name = &member.name;
        let (kind, message) = match &member.fate {
            Fate::Applied(_) | Fate::Left => return None,
            Fate::Twice => (
                ProblemKind::GeneratedTwice,
                format!("the Application `{name}` is generated more than once: Argo CD leaves it alone"),
            ),
            Fate::Invalid(reason) => (
                ProblemKind::GeneratedRefused,
                format!("Argo CD leaves the Application `{name}` alone: {reason}"),
            ),
            Fate::Rejected(reason) => (
                ProblemKind::GeneratedRefused,
                format!("the API server refuses the Application `{name}`: {reason}"),
            ),
            Fate::Owned(owner) => (
                ProblemKind::GeneratedTwice,
                format!(
                    "the Application `{name}` belongs to ApplicationSet `{}`: Argo CD leaves it alone",
                    self.sets[*owner].id
                ),
            ),
        };
        Some(Problem::refused(kind, message).at(member.manifest.location()))
    }
}

pub(super) fn template(manifest: &Manifest, generator: usize) -> Location {
    let generators = manifest.node().at(&["spec", "generators"]);
    let entry = generators.and_then(|generators| generators.items().nth(generator));
    let own = entry.into_iter().flat_map(|entry| entry.entries()).find_map(|kind| {
        let name = kind.value.at(&["template", "metadata"])?.entry("name")?;
        name.value.as_str().is_some_and(|name| !name.is_empty()).then(|| name.span())
    });
    match own {
        Some(span) => manifest.locate(span),
        None => manifest.location_at(&["spec", "template", "metadata", "name"]),
    }
}
