//! What a merge does to every object: two inventories in, one outcome for each object out.
//!
//! The forecast plays the merge through. It starts from what base left on the clusters (`seed`), lets every Application
//! read the commit in the order that was seen to be the worst (`merge`), and looks at what is there in the end (`judge`, `rows`).
//! Each mechanism is a file of its own: whether a sync starts (`compare`), in what order it does things (`plan`), what an
//! apply does to an object (`apply`, `immutable`, `admission`), what may be pruned (`prune`), what goes along with what is
//! deleted (`deletion`), what holds that up (`holders`), how an Application ends (`rites`), and what ApplicationSets make and take away (`sets`).
//!
//! Live state is inferred from base: an option or finalizer counts if base holds it, and what head says counts once it
//! was applied. What is not known on either side stays [`Outcome::Unknown`].

mod admission;
mod apply;
mod around;
mod build;
mod cause;
mod compare;
mod danger;
mod deletion;
mod holders;
mod hooks;
mod immutable;
mod judge;
mod merge;
mod plan;
mod projects;
mod prune;
mod reasons;
mod rites;
mod rows;
mod same;
mod seed;
mod sets;
mod world;

pub use cause::Cause;
pub use danger::Danger;

use crate::inventory::{App, Inventory};
use crate::model::{GroupKind, Manifest, ResourceKey};
use serde::Serialize;
use std::sync::Arc;

/// What a merge does to one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It comes into being.
    Created,
    /// It stays, and its content or its tracking changes.
    Updated,
    /// It stays as it is.
    Unchanged,
    /// Its Application lives on and deletes it.
    Pruned,
    /// It goes with its Application, its ApplicationSet, its Namespace, its definition or its owner.
    Cascaded,
    /// It left git, yet stays, and an Application still lists it.
    Kept,
    /// It stays on its cluster, and no Application lists it any more.
    Orphaned,
    /// Another Application takes it over; it is the same object.
    Adopted,
    /// It is deleted and made anew.
    Recreated,
    /// Its deletion was asked for and does not end.
    Stuck,
    /// It should come into being and does not.
    Blocked,
    /// The repository cannot tell.
    Unknown,
}

/// What happens to one object of base or head.
#[derive(Clone, Debug)]
pub struct Row {
    /// What the merge does.
    pub outcome: Outcome,
    /// How bad that is.
    pub danger: Danger,
    /// Its Application cannot sync, or cannot do all of it.
    pub blocked: bool,
    /// Only the order in which controllers read the commit decides; the outcome is the worst that was seen.
    pub race: bool,
    /// The cluster it is on.
    pub cluster: Arc<str>,
    /// The object.
    pub key: ResourceKey,
    /// The Application (`namespace/name`) that had it last in base, else the one that has it in head.
    pub application: Option<Arc<str>>,
    /// The Application that has it in head, where that is another one.
    pub to_application: Option<Arc<str>>,
    /// Why.
    pub cause: Cause,
    /// The row of what it goes along with: its Application, ApplicationSet, Namespace, definition or owner.
    pub along: Option<usize>,
    /// What makes it so in base: the object.
    pub base: Option<Manifest>,
    /// What makes it so in head: the object, else the Application that does not have it any more.
    pub head: Option<Manifest>,
}

/// How an Application stands once the merge has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It does what head says.
    Synced,
    /// Something is left to do that no automated sync does.
    OutOfSync,
    /// It cannot sync.
    Blocked,
    /// What it deploys is not known.
    Unknown,
    /// It is gone.
    Gone,
}

/// What happens to one Application as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct ApplicationRow {
    /// `namespace/name`.
    pub id: Arc<str>,
    /// Where it deploys to after the merge; before it, where it goes.
    pub cluster: Arc<str>,
    /// What happens to the Application object.
    pub outcome: Outcome,
    /// How it stands in the end.
    pub standing: Standing,
    /// Why it does not do all that head says; empty where it does.
    pub because: String,
    /// How many objects meet each outcome, in order of outcome.
    pub counts: Vec<(Outcome, usize)>,
}

/// What a merge does.
#[derive(Clone, Debug, Default)]
pub struct Forecast {
    /// One row for every object of base or head, by cluster and key.
    pub rows: Vec<Row>,
    /// The Applications of base or head, by cluster and name.
    pub applications: Vec<ApplicationRow>,
}

/// The two sides of a merge.
pub struct Sides<'a> {
    /// What is deployed now.
    pub base: &'a Inventory,
    /// What the merge makes of the tree.
    pub head: &'a Inventory,
    /// Applications of base as head's files render them (see [`read_again`]).
    pub between: &'a [App],
    /// Kinds that hold data beyond the built-in ones.
    pub stateful: &'a [GroupKind],
}

/// The Applications of base that read head's files before their own specs change: those whose source or destination
/// is another one in head, and those that head does not have.
///
/// A commit that changes an Application and its manifests is read by both controllers; the Application itself was
/// first in every run that was recorded, and acts by its old spec.
pub fn read_again<'a>(base: &'a Inventory, head: &Inventory) -> Vec<&'a App> {
    build::read_again(base, head)
}

/// The field, as a path with dots, whose change the API server refuses when `target` is applied over what `live` made;
/// None where nothing is known against it.
pub fn refused_change(live: &Manifest, target: &Manifest) -> Option<String> {
    if live.node().raw() == target.node().raw() {
        return None;
    }
    let how = same::Comparing { tracking: crate::model::Tracking::Annotation, label: "" };
    let (old, new) = (same::effective(live, how), same::effective(target, how));
    immutable::refused(target.api_version(), target.kind(), &old, &new)
}

impl Forecast {
    /// Plays the merge through.
    pub fn new(sides: &Sides<'_>) -> Self {
        let mut world = world::World::new(sides);
        seed::plant(&mut world);
        merge::play(&mut world);
        rows::rows(&world, sides)
    }
}
