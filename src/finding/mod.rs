//! What a judgement is made of. Knows nothing of Argo CD.

use crate::files::Location;
use std::sync::Arc;

/// How bad a finding is. `Ord`: worse is greater.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Should be looked at.
    Warning,
    /// Stops the merge.
    Error,
}

/// The object a finding is about, as Argo CD identifies it: no version; empty text where a part is missing.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema)]
pub struct Object {
    /// API group; `""` is the core group.
    pub group: Arc<str>,
    /// Kind.
    pub kind: Arc<str>,
    /// Namespace; `""` for cluster-scoped objects.
    pub namespace: Arc<str>,
    /// Name.
    pub name: Arc<str>,
}

/// A second place that belongs to a finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    /// Where.
    pub location: Location,
    /// What is there.
    pub message: String,
}

/// Whether a fix may be applied without a person looking at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FixKind {
    /// Keeps the meaning, or adds only what the finding asks for.
    Safe,
    /// A person must look.
    Unsafe,
}

/// Replaces the text at a location; an empty span inserts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// What is replaced.
    pub location: Location,
    /// By what.
    pub text: String,
}

/// A set of edits that together cure a finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fix {
    /// Whether it is safe.
    pub kind: FixKind,
    /// Non-overlapping edits.
    pub edits: Vec<Edit>,
}

/// One judgement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Rule code, `BH` and three digits.
    pub code: &'static str,
    /// Rule name, such as `duplicate-object`.
    pub name: &'static str,
    /// How bad, after configuration.
    pub severity: Severity,
    /// What is wrong: a fragment with the user's own names in backticks, no full stop.
    pub message: String,
    /// Why it matters: the mechanism in one sentence, or empty.
    pub because: String,
    /// What to do, or empty.
    pub help: String,
    /// Where it starts.
    pub location: Location,
    /// Application (`namespace/name`) that made the object, where there is one.
    pub application: Option<Arc<str>>,
    /// Cluster the object lives on, where there is one.
    pub cluster: Option<Arc<str>>,
    /// The object.
    pub object: Option<Object>,
    /// Further places. One at exactly `location` says what stands there.
    pub related: Vec<Label>,
    /// A mechanical cure.
    pub fix: Option<Fix>,
    /// Findings of one rule with the same text here are told together in text output, and this text is their heading
    /// (one cause, many objects); usually empty.
    pub group: String,
}
