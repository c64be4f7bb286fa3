//! billhook reads a GitOps repository, works out what Argo CD would deploy from it, and judges that.
//!
//! Data moves one way; each room takes what the room before it made and never reaches back.
//! `tests/architecture.rs` holds the floors.

/// ApplicationSets into Applications: generators, parameters, templates, policies.
pub mod appset;
/// Arguments, exit codes, one file per command.
pub mod cli;
/// Our configuration file and the inline suppressions.
pub mod config;
/// Which files matter, and what kind of thing each one is.
pub mod discover;
/// Bytes and positions: trees of files (working directory, git revision, memory), spans, lines.
pub mod files;
/// Findings, labels, severities, fixes: what a judgement is made of.
pub mod finding;
/// The four glob dialects of Argo CD.
pub mod glob;
/// Go's text/template with the functions its callers hand it; knows nothing of Argo CD.
pub mod gotemplate;
/// Every resource that would exist, per cluster and Application, with indexes.
pub mod inventory;
/// Argo CD's vocabulary as types.
pub mod model;
/// One source to manifests.
pub mod render;
/// One file per output format.
pub mod report;
/// Judgement: one file per rule.
pub mod rules;
/// Text to nodes that know their span and comments; Kubernetes' typing; edits that keep formatting.
pub mod yaml;
