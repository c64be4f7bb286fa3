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

impl Project {
    /// Reads an AppProject; errors where a field has the wrong type.
    pub fn read(manifest: Manifest) -> Result<Self, yaml::de::Error> {
        #[derive(Deserialize, Default)]
        #[serde(default, rename_all = "camelCase")]
        struct Spec {
            source_repos: Option<Vec<String>>,
            destinations: Option<Vec<ProjectDestination>>,
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
