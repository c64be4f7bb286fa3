//! billhook reads a GitOps repository, works out what Argo CD would deploy from it, and judges that.
//!
//! Data moves one way; each room takes what the room before it made and never reaches back.
//! `tests/architecture.rs` holds the floors.

#![warn(missing_docs)]

/// Bytes and positions: trees of files (working directory, git revision, memory), spans, lines.
pub mod files;
/// Text to nodes that know their span and comments; Kubernetes' typing; edits that keep formatting.
pub mod yaml;
/// The four glob dialects of Argo CD.
pub mod glob;
/// Go's text/template with the functions its callers hand it; knows nothing of Argo CD.
pub mod gotemplate;
/// Argo CD's vocabulary as types.
pub mod model;
/// Findings, labels, severities, fixes: what a judgement is made of.
pub mod finding;
/// One source to manifests.
pub mod render;
/// Which files matter, and what kind of thing each one is.
pub mod discover;
/// ApplicationSets into Applications: generators, parameters, templates, policies.
pub mod appset;
/// Every resource that would exist, per cluster and Application, with indexes.
pub mod inventory;
/// What a merge does to every object: two inventories in, one outcome for each object out.
pub mod forecast;
/// Our configuration file and the inline suppressions.
pub mod config;
/// Judgement: one file per rule.
pub mod rules;
/// Which fixes are made, and the texts they make.
pub mod fix;
/// One file per output format.
pub mod report;
/// Arguments, exit codes, one file per command.
pub mod cli;
