//! What AppProjects permit while the merge goes on.

use super::world::{Control, View};
use crate::inventory::Inventory;
use crate::model::{Clusters, Permission, Project, ResourceKey};
use hashbrown::{HashMap, HashSet};
use std::sync::Arc;

/// The AppProjects as they are live.
#[derive(Default)]
pub(super) struct Projects<'a> {
    base: HashMap<(usize, Arc<str>), &'a Project>,
    head: HashMap<(usize, Arc<str>), &'a Project>,
    live: HashMap<(usize, Arc<str>), Option<&'a Project>>,
    /// Names that Applications of base use: such a project exists, though nobody here may define it.
    used: HashSet<(usize, Arc<str>)>,
    /// Instances whose control plane is gone.
    gone: HashSet<usize>,
    clusters: Option<&'a Clusters>,
}

impl<'a> Projects<'a> {
    /// Those of base are live.
    pub fn new(base: &'a Inventory, head: &'a Inventory, instances: &[usize]) -> Self {
        let mut projects = Self { clusters: Some(&base.clusters), ..Self::default() };
        for owned in &base.projects {
            projects.base.insert((owned.instance, Arc::clone(&owned.project.name)), &owned.project);
        }
        for owned in &head.projects {
            let name = Arc::clone(&owned.project.name);
            projects.head.insert((instances[owned.instance], name), &owned.project);
        }
        projects.live = projects.base.iter().map(|(name, project)| (name.clone(), Some(*project))).collect();
        for app in &base.applications {
            projects.used.insert((app.instance, app.application.spec.project_name().into()));
        }
        projects
    }

    /// The project of head is applied; says whether that changes one.
    pub fn apply(&mut self, instance: usize, name: &Arc<str>) {
        let key = (instance, Arc::clone(name));
        if let Some(project) = self.head.get(&key) {
            self.live.insert(key, Some(project));
        }
    }

    /// The control plane's namespace is gone, and every project with it.
    pub fn remove_all(&mut self, instance: usize) {
        self.gone.insert(instance);
    }

    /// The project is gone.
    pub fn remove(&mut self, instance: usize, name: &Arc<str>) {
        self.live.insert((instance, Arc::clone(name)), None);
    }

    fn find(&self, instance: usize, name: &str) -> Option<Option<&'a Project>> {
        self.live.get(&(instance, Arc::from(name))).copied()
    }

    /// Whether the project of this name is missing: it was deleted, or nobody ever defined or used it.
    pub fn is_missing(&self, instance: usize, name: &str) -> bool {
        match self.find(instance, name) {
            _ if self.gone.contains(&instance) => true,
            Some(project) => project.is_none(),
            None => name != "default" && !self.used.contains(&(instance, Arc::from(name))),
        }
    }

    /// Why the Application must not be synced by this spec: an InvalidSpecError (`ValidatePermissions` in
    /// `util/argo/argo.go`). A project that is not here is taken to permit everything.
    pub fn forbids(&self, control: &Control<'_>, view: &View<'_>) -> Option<String> {
        let spec = &view.application.spec;
        let name = spec.project_name();
        if self.is_missing(control.instance, name) {
            return Some(format!("AppProject `{name}` does not exist"));
        }
        let project = self.find(control.instance, name)??;
        let (server, cluster) = self.destination(view);
        let namespace = &spec.destination.namespace;
        if project.permits_destination(&server, &cluster, namespace) == Permission::Refused {
            let namespace =
                if namespace.is_empty() { String::new() } else { format!(", namespace `{namespace}`") };
            return Some(format!(
                "AppProject `{name}` does not permit the destination `{cluster}`{namespace}"
            ));
        }
        let refused =
            spec.effective_sources().into_iter().find(|source| !project.permits_source(&source.repo_url))?;
        Some(format!("AppProject `{name}` does not permit the repository `{}`", refused.repo_url))
    }

    /// Whether head's project does not let the Application sync, or hold the object, where base's does: which one
    /// counts is decided by order.
    pub fn head_forbids(&self, control: &Control<'_>, view: &View<'_>, key: &ResourceKey) -> bool {
        let name = (control.instance, Arc::from(view.application.spec.project_name()));
        if !self.base.contains_key(&name) {
            return false;
        }
        let Some(project) = self.head.get(&name) else { return true };
        let (server, cluster) = self.destination(view);
        let refuses = |namespace: &str| {
            project.permits_destination(&server, &cluster, namespace) == Permission::Refused
        };
        !project.permits_kind(key, !key.namespace.is_empty())
            || refuses(&view.application.spec.destination.namespace)
            || !key.namespace.is_empty() && refuses(&key.namespace)
    }

    /// Server and name of the cluster of an Application; both where both are known.
    fn destination(&self, view: &View<'_>) -> (String, String) {
        let cluster = &view.app.cluster;
        let known = self.clusters.and_then(|clusters| clusters.find(cluster));
        let destination = &view.application.spec.destination;
        match known {
            Some(known) => (known.server.clone(), known.name.clone()),
            None if **cluster == *crate::model::IN_CLUSTER => {
                (crate::model::IN_CLUSTER_SERVER.to_owned(), crate::model::IN_CLUSTER.to_owned())
            }
            None => (destination.server.clone(), destination.name.clone()),
        }
    }

    /// Whether the project of this spec lets the Application hold an object (`IsLiveResourcePermitted`).
    pub fn permits(&self, control: &Control<'_>, view: &View<'_>, key: &ResourceKey) -> bool {
        let name = view.application.spec.project_name();
        let Some(Some(project)) = self.find(control.instance, name) else { return true };
        let namespaced = !key.namespace.is_empty();
        if !project.permits_kind(key, namespaced) {
            return false;
        }
        let (server, cluster) = self.destination(view);
        !namespaced || project.permits_destination(&server, &cluster, &key.namespace) != Permission::Refused
    }
}
