//! Argo CD's vocabulary as types: what a field means to Argo CD, and nothing about whether it is wise.
//!
//! Specs are read with serde, as Argo CD reads them with Go's JSON decoder; where something stands is
//! asked of the [`Manifest`] it was read from, only when somebody reports it.

mod application;
mod cluster;
mod data;
mod exclusions;
mod fields;
mod hooks;
mod key;
mod manifest;
mod option_names;
mod options;
mod pods;
mod problem;
mod project;
mod repository;
mod scope;
mod set_policy;
mod settings;
mod structure;

pub use application::{
    Application, ApplicationSpec, Automated, Destination, DestinationError, Directory, EnvEntry, Helm,
    HelmFileParameter, HelmParameter, Jsonnet, JsonnetVar, Kustomize, ManagedNamespaceMetadata, Plugin,
    Source, SourceHydrator, SyncPolicy, cascades,
};
pub use cluster::{Cluster, Clusters, DEFAULT_KUBERNETES, IN_CLUSTER, IN_CLUSTER_SERVER};
pub use data::holds_data;
pub use exclusions::Exclusions;
pub use fields::{Content, Count, Field, fields, places};
pub use hooks::{Phase, hooks, wave};
pub use key::{GIVEN_NAMESPACES, GroupKind, ResourceKey, group_of, version_of};
pub use manifest::{Manifest, Origin, misspelt_head};
pub use option_names::{COMPARE_OPTIONS, Level, Meaning, meaning, sync_options, values_of};
pub use options::{Protection, Protections, SYNC_OPTIONS, SyncOptions, helm_keeps, protection, protections};
pub use pods::{claim_templates, claims_of, mounted_claims, pod_spec};
pub use problem::{Condition, Problem, ProblemKind, State};
pub use project::{Permission, Project, ProjectDestination, ProjectKind};
pub use repository::{normalize_url, same_repository};
pub use scope::{Scope, Scopes};
pub use set_policy::{ApplicationsSync, SetPolicy};
pub use settings::{Settings, Tracking, Version};
pub use structure::{Flaw, drop_unknown, flaws};
