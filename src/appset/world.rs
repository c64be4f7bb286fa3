//! What generators see besides the set itself: repositories, clusters, projects and recorded answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::files::Tree;

/// The address of the cluster that Argo CD runs in.
pub const IN_CLUSTER_SERVER: &str = "https://kubernetes.default.svc";

/// The name of the cluster that Argo CD runs in.
pub const IN_CLUSTER: &str = "in-cluster";

/// A repository at a revision.
pub enum Repository {
    /// These files.
    Here(Arc<Tree>),
    /// Argo CD cannot reach it, or it has no such revision.
    Missing(String),
    /// It is not here; the reason says why.
    Unknown(String),
}

/// A cluster as its Secret describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cluster {
    /// The name of the Secret, when known; of Secrets with an equal cluster name the last one counts.
    pub secret: Option<String>,
    /// The name of the cluster.
    pub name: String,
    /// The address of its API server.
    pub server: String,
    /// The labels of the Secret, without the one that makes it a cluster Secret.
    pub labels: BTreeMap<String, String>,
    /// The annotations of the Secret.
    pub annotations: BTreeMap<String, String>,
    /// The project that the cluster belongs to.
    pub project: Option<String>,
}

/// Names of things, and whether there are others.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The names.
    pub names: Vec<String>,
    /// Whether these are all.
    pub complete: bool,
}

/// Switches of the controller and the repo-server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Settings {
    /// `--enable-new-git-file-globbing`
    pub new_git_file_globbing: bool,
    /// `--include-hidden-directories`
    pub include_hidden_directories: bool,
}

/// What generators see besides the set itself.
pub struct World<'a> {
    /// Finds a repository by its URL and a revision, both as written.
    pub repositories: &'a dyn Fn(&str, &str) -> Repository,
    /// The clusters, sorted in whatever way.
    pub clusters: &'a [Cluster],
    /// Whether there are no other clusters than these and the one Argo CD runs in.
    pub clusters_complete: bool,
    /// The AppProjects.
    pub projects: &'a Known,
    /// Recorded answers of services, by generator: `scmProvider`, `pullRequest`, `plugin`,
    /// `clusterDecisionResource`. `None` when nothing was recorded.
    pub answers: Option<&'a Json>,
    /// Switches of the controller.
    pub settings: Settings,
}

impl World<'_> {
    /// The clusters that generators list: one for each name, the last Secret of a name wins.
    pub(super) fn clusters_by_name(&self) -> Vec<&Cluster> {
        let mut sorted: Vec<&Cluster> = self.clusters.iter().collect();
        sorted.sort_by(|a, b| a.secret.cmp(&b.secret));
        let by_name: BTreeMap<&str, &Cluster> =
            sorted.into_iter().map(|cluster| (cluster.name.as_str(), cluster)).collect();
        by_name.into_values().collect()
    }
}
