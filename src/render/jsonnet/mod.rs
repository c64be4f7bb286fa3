//! Jsonnet as Argo CD evaluates it: go-jsonnet 0.22 without native functions.
//!
//! The engine is jrsonnet. It has neither a time nor a memory limit, and its input comes from pull
//! requests, so it runs in a child process of the same program ([`serve`]) that [`Pool`] ends when a
//! limit is hit. The worker reads no file itself: it asks for each import, and the pool answers from
//! the [`Tree`](crate::files::Tree), which may be a git revision. Where the two engines differ:
//! `tests/conformance/jsonnet/KNOWN.md`.

use crate::files::{Location, Path};

mod engine;
mod escapes;
mod imports;
mod manifests;
mod pool;
mod protocol;
mod std_lib;
mod worker;

pub use imports::library_paths;
pub(super) use manifests::Evaluator;
pub use pool::{Limits, Pool};
pub use protocol::Variable;
pub use worker::serve;

/// The argument by which the program is told to be a worker; the memory limit in bytes follows.
pub const COMMAND: &str = "__jsonnet";

/// What one evaluation gets from the Application, with `$` already substituted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    /// `directory.jsonnet.extVars`.
    pub ext_vars: Vec<Variable>,
    /// `directory.jsonnet.tlas`.
    pub tlas: Vec<Variable>,
    /// The app path and behind it `directory.jsonnet.libs`; the last is searched first. See [`library_paths`].
    pub lib_paths: Vec<Path>,
}

/// What an evaluation gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluation {
    /// The value as JSON in one line.
    pub json: String,
    /// Every file that was read, the entry among them; sorted.
    pub read: Vec<Path>,
    /// Paths at which an import was looked for in vain; sorted. A file there could change the result.
    pub absent: Vec<Path>,
}

/// Why there is no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What the failure says about Argo CD.
    pub kind: ErrorKind,
    /// What went wrong, as a sentence.
    pub message: String,
    /// Where, as near as the engine tells; the whole entry file where it tells nothing.
    pub location: Option<Location>,
    /// The lines of the trace, innermost first.
    pub trace: Vec<Frame>,
}

/// What a failure says about Argo CD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The evaluation fails in Argo CD too.
    Evaluation,
    /// An import leaves the tree; Argo CD refuses it too (`confinedImporter` of `repository.go`).
    Refused,
    /// A limit of ours was hit; Argo CD has none, so nothing can be said.
    Limit,
    /// The worker could not be started or broke; nothing can be said.
    Worker,
}

/// One line of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Where; None in code that is in no file.
    pub location: Option<Location>,
    /// What was being done.
    pub description: String,
}
