use super::key::ResourceKey;
use super::manifest::Manifest;
use super::repository::normalize_url;
use crate::glob::{Dialect, Pattern};
use crate::yaml;
use serde::Deserialize;
use std::sync::Arc;

/// Whether a project lets something happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Yes.
    Granted,
    /// No.
    Refused,
    /// Only the running instance knows.
    Unknown,
}

/// An AppProject.
#[derive(Clone, Debug)]
pub struct Project {
    /// `metadata.name`.
    pub name: Arc<str>,
    /// Repositories that Applications may read.
    pub source_repos: Vec<String>,
    /// Where they may deploy to.
    pub destinations: Vec<ProjectDestination>,
    /// Namespaced kinds that alone are permitted; None for all of them.
    pub namespace_whitelist: Option<Vec<ProjectKind>>,
    /// Namespaced kinds that are not permitted.
    pub namespace_blacklist: Vec<ProjectKind>,
    /// Cluster-scoped kinds that are permitted.
    pub cluster_whitelist: Vec<ProjectKind>,
    /// Cluster-scoped kinds that are not.
    pub cluster_blacklist: Vec<ProjectKind>,
    /// The object, for positions.
    pub manifest: Manifest,
}

/// One entry of `spec.destinations`: globs, each may begin with `!`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ProjectDestination {
    /// Of the server.
    pub server: String,
    /// Of the cluster's name.
    pub name: String,
    /// Of the namespace.
    pub namespace: String,
}

/// One entry of a list of kinds: patterns of Go's `filepath.Match`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ProjectKind {
    /// Of the API group.
    pub group: String,
    /// Of the kind.
    pub kind: String,
    /// Of the name (from 3.3, in lists of cluster-scoped kinds); empty for any.
    pub name: String,
}

impl ProjectKind {
    fn matches(&self, key: &ResourceKey) -> bool {
        let pattern = |pattern: &str, text: &str| {
            Pattern::new(Dialect::Path, pattern).is_ok_and(|pattern| pattern.matches(text))
        };
        pattern(&self.kind, &key.kind)
            && pattern(&self.group, &key.group)
            && (self.name.is_empty() || pattern(&self.name, &key.name))
    }
}

impl Project {
    /// Reads an AppProject; errors where a field has the wrong type.
    pub fn read(manifest: Manifest) -> Result<Self, yaml::de::Error> {
        #[derive(Deserialize, Default)]
        #[serde(default, rename_all = "camelCase")]
        struct Spec {
            source_repos: Option<Vec<String>>,
            destinations: Option<Vec<ProjectDestination>>,
            namespace_resource_whitelist: Option<Vec<ProjectKind>>,
            namespace_resource_blacklist: Option<Vec<ProjectKind>>,
            cluster_resource_whitelist: Option<Vec<ProjectKind>>,
            cluster_resource_blacklist: Option<Vec<ProjectKind>>,
        }
        #[derive(Deserialize)]
        struct Whole {
            #[serde(default)]
            spec: Option<Spec>,
        }
        let spec = yaml::de::from_node::<Whole>(manifest.node())?.spec.unwrap_or_default();
        Ok(Self {
            name: manifest.name().into(),
            source_repos: spec.source_repos.unwrap_or_default(),
            destinations: spec.destinations.unwrap_or_default(),
            namespace_whitelist: spec.namespace_resource_whitelist,
            namespace_blacklist: spec.namespace_resource_blacklist.unwrap_or_default(),
            cluster_whitelist: spec.cluster_resource_whitelist.unwrap_or_default(),
            cluster_blacklist: spec.cluster_resource_blacklist.unwrap_or_default(),
            manifest,
        })
    }

    /// Whether Applications of this project may read the repository.
    ///
    /// `*` stays inside one path segment; one denial (`!`) outweighs every grant. Follows `IsSourcePermitted` in
    /// `pkg/apis/application/v1alpha1/app_project_types.go`.
    pub fn permits_source(&self, url: &str) -> bool {
        let url = normalize_url(url);
        let mut granted = false;
        for pattern in &self.source_repos {
            match pattern.strip_prefix('!') {
                Some(denied) if glob(Dialect::GobwasSlash, &normalize_url(denied), &url) => return false,
                Some(_) => granted = true,
                None => {
                    granted |= pattern == "*" || glob(Dialect::GobwasSlash, &normalize_url(pattern), &url)
                }
            }
        }
        granted
    }

    /// Whether Applications of this project may hold an object of this kind, which lives in a namespace or not.
    ///
    /// Follows `IsGroupKindNamePermitted` in `app_project_types.go`: of namespaced kinds all are permitted unless a
    /// whitelist is there, of the others none unless one is.
    pub fn permits_kind(&self, key: &ResourceKey, namespaced: bool) -> bool {
        let lists = |list: &[ProjectKind]| list.iter().any(|item| item.matches(key));
        match namespaced {
            true => {
                self.namespace_whitelist.as_deref().is_none_or(lists) && !lists(&self.namespace_blacklist)
            }
            false => lists(&self.cluster_whitelist) && !lists(&self.cluster_blacklist),
        }
    }

    /// Whether Applications of this project may deploy to this server, cluster name and namespace.
    ///
    /// Follows `isDestinationMatched` in `app_project_types.go`. `Unknown` where only the other one of server and
    /// name is known and the project speaks of the one that is not.
    pub fn permits_destination(&self, server: &str, name: &str, namespace: &str) -> Permission {
        let mut granted = false;
        let mut unknown = false;
        for item in &self.destinations {
            let by_name = !name.is_empty() && matches(&item.name, name);
            let by_server = !server.is_empty() && matches(&item.server, server);
            let in_namespace = matches(&item.namespace, namespace);
            if (by_name || by_server) && in_namespace {
                granted = true;
                continue;
            }
            let denies = |pattern: &str, value: &str| pattern.starts_with('!') && !value.is_empty();
            if denies(&item.name, name) && !by_name
                || denies(&item.server, server) && !by_server && in_namespace
                || item.namespace.starts_with('!') && !in_namespace && by_server
            {
                return Permission::Refused;
            }
            unknown |= in_namespace
                && (name.is_empty() && !item.name.is_empty() || server.is_empty() && !item.server.is_empty());
        }
        match (granted, unknown) {
            (true, _) => Permission::Granted,
            (false, true) => Permission::Unknown,
            (false, false) => Permission::Refused,
        }
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    match pattern.strip_prefix('!') {
        Some(denied) => !glob(Dialect::Gobwas, denied, text),
        None => pattern == "*" || glob(Dialect::Gobwas, pattern, text),
    }
}

fn glob(dialect: Dialect, pattern: &str, text: &str) -> bool {
    Pattern::new(dialect, pattern).is_ok_and(|pattern| pattern.matches(text))
}
