//! What `inventory`, `apps` and `render` print: one line for each object, Application or manifest.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// An object as Argo CD identifies it; `""` where a part is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub struct Key<'a> {
    /// API group; `""` is the core group.
    pub group: &'a str,
    /// Kind.
    pub kind: &'a str,
    /// Namespace; `""` for cluster-scoped objects.
    pub namespace: &'a str,
    /// Name.
    pub name: &'a str,
}

/// The line of the repository something comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Origin<'a> {
    /// The file, from the root of the tree.
    pub path: &'a str,
    /// The line, from 1; null where only the file is known.
    pub line: Option<u32>,
}

/// How sure it is that something does not work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Argo CD refuses too.
    Fails,
    /// billhook or the repository cannot tell: no network, no such repository, a program is missing.
    Unknown,
    /// Argo CD warns and goes on.
    Warning,
}

/// What could not be read, rendered or resolved, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Problem<'a> {
    /// Whose fault it is.
    pub state: State,
    /// The rule that tells of it, `BH` and three digits.
    pub code: &'a str,
    /// What happened.
    pub message: Cow<'a, str>,
    /// The file that is to blame, from the root of the tree.
    pub path: Option<Cow<'a, str>>,
    /// The line in it, from 1.
    pub line: Option<u32>,
    /// The condition that Argo CD puts on the Application, such as `ComparisonError`.
    pub condition: Option<&'a str>,
    /// What would make it work, for people; `""` where nobody knows.
    #[serde(skip)]
    #[schemars(skip)]
    pub help: Cow<'a, str>,
}

/// A problem and what it befalls.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Unknown<'a> {
    /// The Application (`namespace/name`), where it befalls one.
    pub application: Option<Cow<'a, str>>,
    /// The ApplicationSet (`namespace/name`), where it befalls one.
    pub applicationset: Option<Cow<'a, str>>,
    /// The problem.
    #[serde(flatten)]
    pub problem: Problem<'a>,
}

/// One line of `inventory --format ndjson`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum InventoryLine<'a> {
    /// An object that would exist.
    Object {
        /// Where: the name in the configuration, else the destination's name or server; `in-cluster` is the local one.
        cluster: &'a str,
        /// Who deploys it, `namespace/name`.
        application: &'a str,
        /// The object.
        key: Key<'a>,
        /// Its API version, without the group.
        version: &'a str,
        /// The line that makes it.
        origin: Option<Origin<'a>>,
        /// The Applications and ApplicationSets that led to its Application, outermost first.
        via: Vec<&'a str>,
    },
    /// Something that keeps objects of an Application from being known.
    Problem {
        /// The Application, `namespace/name`.
        application: &'a str,
        /// What is wrong.
        problem: Problem<'a>,
    },
}

/// One step on the way to a generated Application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Cause<'a> {
    /// The generator, such as `spec.generators[0].matrix.generators[1].git`.
    pub generator: &'a str,
    /// What of it.
    pub by: CauseKind,
    /// Its path or name, where it has one.
    pub name: Option<&'a str>,
    /// Its number, from 0, where it has one: of an element, of an object in a file, of an answer.
    pub index: Option<usize>,
}

/// What of a generator makes parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CauseKind {
    /// An element of a list.
    Element,
    /// A folder of a repository.
    Folder,
    /// An object in a file of a repository.
    File,
    /// A cluster.
    Cluster,
    /// All clusters at once.
    Clusters,
    /// An answer of a service.
    Answer,
}

/// One line of `apps --format ndjson`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum AppLine<'a> {
    /// An Application that would exist.
    Application {
        /// Its `namespace/name`, for people; machines read it in the object.
        #[serde(skip)]
        name: &'a str,
        /// The whole object, as generated: finalizers stamped, no owner references.
        #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
        application: Box<RawValue>,
        /// Where it deploys to.
        cluster: &'a str,
        /// What made it: `namespace/name` of an Application, or `ApplicationSet namespace/name`; null for a root.
        parent: Option<&'a str>,
        /// The line it is written on, or where the template names it.
        origin: Option<Origin<'a>>,
        /// What made the parameters of a generated one: one step for each generator that has a part in it.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        cause: Vec<Cause<'a>>,
    },
    /// An ApplicationSet that cannot be told.
    Problem {
        /// The ApplicationSet, `namespace/name`.
        applicationset: &'a str,
        /// What is wrong.
        problem: Problem<'a>,
    },
}

/// One line of `render --format ndjson`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum RenderLine<'a> {
    /// A manifest as Argo CD compares it.
    Manifest {
        /// Who deploys it, `namespace/name`.
        application: &'a str,
        /// Which of its sources, from 0.
        source: usize,
        /// The object.
        key: Key<'a>,
        /// Its API version, without the group.
        version: &'a str,
        /// null: not a hook. Else its phases; none: a hook that Argo CD never applies.
        hooks: Option<Vec<&'a str>>,
        /// The sync wave that counts.
        wave: i64,
        /// The object itself.
        #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
        manifest: Box<RawValue>,
        /// The line that makes it.
        origin: Option<Origin<'a>>,
    },
    /// Something that keeps manifests of an Application from being known.
    Problem {
        /// The Application, `namespace/name`.
        application: &'a str,
        /// Which of its sources, from 0; null for the Application as a whole.
        source: Option<usize>,
        /// What is wrong.
        problem: Problem<'a>,
    },
}
