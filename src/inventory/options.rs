use super::known::Known;
use super::memory::Memory;
use super::observer::Observer;
use crate::files::Repository;
use crate::model::{Clusters, Scopes, SetPolicy, Tracking, Version};
use crate::render::{Documents, Engines};
use globset::GlobSet;
use hashbrown::HashMap;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What an inventory is made from: the tree, and what is known beside it.
pub struct Options {
    /// The tree.
    pub documents: Arc<Documents>,
    /// The git repository the tree belongs to, for other revisions of it.
    pub repository: Option<Arc<Repository>>,
    /// Address of `origin`.
    pub origin: Option<String>,
    /// The branch that is merged into; None where nobody knows.
    pub branch: Option<String>,
    /// The commit that the tree is, or is based on; None outside git.
    pub commit: Option<String>,
    /// Repositories and the trees that answer for them.
    pub repositories: Vec<Mapping>,
    /// Whether addresses that are not mapped may be taken for this tree, by `origin` or by majority.
    pub guess: bool,
    /// The address that is taken for this tree, where another inventory settled that.
    pub address: Option<String>,
    /// Files that are left out of discovery.
    pub exclude: GlobSet,
    /// Argo CD instances; empty stands for one with defaults.
    pub instances: Vec<InstanceOptions>,
    /// Clusters.
    pub clusters: Clusters,
    /// What exists outside the tree.
    pub known: Vec<Known>,
    /// Recorded answers of the services that generators ask, by generator; None where nothing was recorded.
    pub answers: Option<serde_json::Value>,
    /// Whether CustomResourceDefinitions that Applications of the tree render count for the scope of kinds.
    pub rendered_definitions: bool,
    /// The scopes of custom kinds on each cluster, where another inventory decides them.
    pub scopes: Option<HashMap<Arc<str>, Scopes>>,
    /// Alternatives side by side that another inventory has; two inventories that are compared have the same ones.
    pub apart: BTreeSet<(String, String)>,
    /// Programs; two inventories that share them render once what is equal in both.
    pub engines: Arc<Engines>,
    /// What was worked out before; two inventories that share it do that once.
    pub memory: Arc<Memory>,
    /// Hears how rendering goes.
    pub observer: Arc<dyn Observer>,
    /// Follow only this object, and discover nothing: path of a file and its text.
    pub only: Option<Arc<Documents>>,
}

/// One repository address and the tree that answers for it.
pub struct Mapping {
    /// The address.
    pub url: String,
    /// The only revision it answers for; None for every one.
    pub revision: Option<String>,
    /// The branch of it that is merged into; None for the default one.
    pub branch: Option<String>,
    /// The tree.
    pub documents: Arc<Documents>,
}

/// One Argo CD instance as the configuration has it.
#[derive(Clone, Debug, Default)]
pub struct InstanceOptions {
    /// Its version.
    pub version: Option<Version>,
    /// The namespace of its control plane.
    pub namespace: Option<String>,
    /// How it tracks.
    pub tracking: Option<Tracking>,
    /// The flags of its ApplicationSet controller.
    pub set_policy: SetPolicy,
    /// Which roots belong to it; None for all.
    pub roots: Option<GlobSet>,
    /// The globs as written, to name the instance by.
    pub scope: String,
}

impl Options {
    /// A tree by itself, with everything else as when there is no configuration.
    pub fn new(documents: Arc<Documents>) -> Self {
        Self {
            documents,
            repository: None,
            origin: None,
            branch: None,
            commit: None,
            repositories: Vec::new(),
            guess: true,
            address: None,
            exclude: GlobSet::empty(),
            instances: Vec::new(),
            clusters: Clusters::default(),
            known: Vec::new(),
            answers: None,
            rendered_definitions: true,
            scopes: None,
            apart: BTreeSet::new(),
            engines: Arc::default(),
            memory: Arc::default(),
            observer: Arc::new(()),
            only: None,
        }
    }
}
