//! What may stand in `billhook.yaml`.

use crate::config::values::{Date, Glob, Reason, parsed};
use crate::finding::Severity;
use crate::model::{Cluster, SetPolicy, Version};
use schemars::JsonSchema;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::{Deserialize, Deserializer, de};
use std::collections::BTreeMap;
use std::fmt;

/// A configuration. Everything has a default, so that nothing needs one.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[schemars(title = "billhook.yaml")]
pub struct Config {
    /// The clusters that Applications deploy to. `in-cluster` always exists.
    pub clusters: Vec<Cluster>,
    /// There are no other clusters: for cluster generators and destinations.
    pub clusters_complete: bool,
    /// The Argo CD instance that reads this repository, or a list of them, each with `roots`.
    pub argocd: Instances,
    /// Repositories, and the folders of the tree that answer for them.
    pub repositories: Vec<Repository>,
    /// What exists outside git, as plain manifests: AppProjects, cluster Secrets, CRDs, argocd-cm, namespaces.
    pub known: Vec<Known>,
    /// Files in which no Applications are looked for, as globs from the root of the tree.
    pub exclude: Vec<Glob>,
    /// Namespaces that nothing but their owner should touch.
    pub protected_namespaces: Vec<String>,
    /// How names of Applications follow from paths.
    pub naming: Vec<Naming>,
    /// Settings of rules, by code or name.
    pub rules: BTreeMap<String, RuleSettings>,
    /// Findings that are not to be told.
    pub ignore: Vec<Ignore>,
    /// What `billhook diff` fails on.
    pub diff: Diff,
}

/// One Argo CD instance, or several.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(untagged)]
pub enum Instances {
    /// With defaults.
    #[default]
    #[schemars(skip)]
    Default,
    /// The only one.
    One(Box<Instance>),
    /// Several, told apart by the files of their root Applications.
    Many(Vec<Instance>),
}

impl Instances {
    /// The instances that are written down.
    pub fn written(&self) -> &[Instance] {
        match self {
            Self::Default => &[],
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

impl<'de> Deserialize<'de> for Instances {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;
        impl<'de> de::Visitor<'de> for OneOrMany {
            type Value = Instances;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping, or a list of mappings")
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Instances, A::Error> {
                Ok(Instances::One(Box::new(Instance::deserialize(MapAccessDeserializer::new(map))?)))
            }
            fn visit_seq<A: de::SeqAccess<'de>>(self, seq: A) -> Result<Instances, A::Error> {
                Ok(Instances::Many(Vec::deserialize(SeqAccessDeserializer::new(seq))?))
            }
            fn visit_unit<E: de::Error>(self) -> Result<Instances, E> {
                Ok(Instances::Default)
            }
        }
        deserializer.deserialize_any(OneOrMany)
    }
}

/// How one Argo CD instance is set up. What its argocd-cm in the tree or in `known` says comes first.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Instance {
    /// Its version, major and minor, from 2.8 on.
    #[serde(deserialize_with = "parsed")]
    #[schemars(with = "Option<String>")]
    pub version: Option<Version>,
    /// The namespace of its control plane.
    pub namespace: Option<String>,
    /// How it ties live objects to Applications.
    pub tracking_method: Option<TrackingMethod>,
    /// What ApplicationSets may do to their Applications.
    pub application_set_policy: SetPolicy,
    /// The files of its root Applications, as globs from the root of the tree; all of them where this is empty.
    pub roots: Vec<Glob>,
}

/// How Argo CD ties live objects to Applications (`application.resourceTrackingMethod`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum TrackingMethod {
    /// By annotation.
    #[serde(rename = "annotation")]
    Annotation,
    /// By annotation, with a label for information.
    #[serde(rename = "annotation+label")]
    AnnotationAndLabel,
    /// By label.
    #[serde(rename = "label")]
    Label,
}

/// A repository and the folder that answers for it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Repository {
    /// Its address, as Applications write it.
    pub url: String,
    /// The folder, from the root of the tree; `.` is the tree itself.
    pub path: String,
    /// The branch that changes are merged into; the default branch where nobody says.
    pub branch: Option<String>,
}

/// Plain manifests of what exists outside git.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Known {
    /// A file or folder, relative to this configuration.
    pub path: String,
    /// The cluster it exists on; where Argo CD lives when nobody says.
    pub cluster: Option<String>,
    /// Of the kinds in here, nothing else exists.
    #[serde(default)]
    pub complete: bool,
}

/// How names of Applications follow from paths.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Naming {
    /// The name, with placeholders such as `{app}` and `{cluster}`.
    pub application: String,
    /// The glob of the path, with the same placeholders, each for one folder.
    pub path: String,
}

/// Settings of one rule.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct RuleSettings {
    /// How bad its findings are.
    pub severity: Option<Level>,
    /// Further kinds that it looks at, where it looks at kinds.
    pub kinds: Vec<GroupKind>,
}

/// A severity, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum Level {
    /// The rule does not run.
    Off,
    /// Worth knowing.
    Note,
    /// Should be looked at.
    Warning,
    /// Stops the merge.
    Error,
}

impl Level {
    /// The severity; None for [`Level::Off`].
    pub fn severity(self) -> Option<Severity> {
        match self {
            Self::Off => None,
            Self::Note => Some(Severity::Note),
            Self::Warning => Some(Severity::Warning),
            Self::Error => Some(Severity::Error),
        }
    }
}

impl<'de> Deserialize<'de> for Level {
    /// `off` without quotes is the truth value false to YAML 1.1.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const NAMES: &[&str] = &["error", "warning", "note", "off"];
        struct Word;
        impl de::Visitor<'_> for Word {
            type Value = Level;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`error`, `warning`, `note` or `off`")
            }
            fn visit_bool<E: de::Error>(self, on: bool) -> Result<Level, E> {
                match on {
                    false => Ok(Level::Off),
                    true => Err(E::unknown_variant("true", NAMES)),
                }
            }
            fn visit_str<E: de::Error>(self, word: &str) -> Result<Level, E> {
                match word {
                    "error" => Ok(Level::Error),
                    "warning" => Ok(Level::Warning),
                    "note" => Ok(Level::Note),
                    "off" => Ok(Level::Off),
                    _ => Err(E::unknown_variant(word, NAMES)),
                }
            }
        }
        deserializer.deserialize_any(Word)
    }
}

/// An API group and a kind.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupKind {
    /// API group; the core group where it is left out.
    #[serde(default)]
    pub group: String,
    /// Kind.
    pub kind: String,
}

/// Findings that are not to be told: those of these rules for which everything that is written down here matches.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Ignore {
    /// Codes or names.
    pub rules: Vec<String>,
    /// Glob of the Application: of its name, or with a slash of `namespace/name`.
    pub application: Option<Glob>,
    /// Glob of the cluster.
    pub cluster: Option<Glob>,
    /// Glob of the object's API group.
    pub group: Option<Glob>,
    /// Glob of the object's kind.
    pub kind: Option<Glob>,
    /// Glob of the object's namespace.
    pub namespace: Option<Glob>,
    /// Glob of the object's name.
    pub name: Option<Glob>,
    /// Glob of the file, from the root of the tree.
    pub path: Option<Glob>,
    /// Why.
    pub reason: Reason,
    /// The last day it holds.
    pub until: Option<Date>,
}

/// What `billhook diff` fails on.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Diff {
    /// Dangers that fail; `[data-loss, outage, orphan, blocked]` where this is left out.
    pub fail_on: Option<Vec<Danger>>,
    /// How many objects a merge may take away.
    pub budget: Budget,
    /// How a larger budget is asked for.
    pub acknowledge: Acknowledge,
}

/// How bad it is what a merge does to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Danger {
    /// Data is gone.
    DataLoss,
    /// Something that runs stops.
    Outage,
    /// Something stays that nobody owns.
    Orphan,
    /// Something does not come into being.
    Blocked,
    /// Anything else that changes.
    Change,
}

/// How many objects a merge may take away; without limit where nothing is said.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Budget {
    /// Pruned ones.
    pub prune: Option<u32>,
    /// Ones that go with something else.
    pub cascade: Option<u32>,
}

/// How a larger budget is asked for.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Acknowledge {
    /// The label of the pull request that lifts the budget.
    pub label: Option<String>,
}
