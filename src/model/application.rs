use super::key::ResourceKey;
use super::manifest::Manifest;
use super::options::SyncOptions;
use crate::yaml;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// An Application: its identity, its spec as Argo CD reads it, and the object it was read from.
///
/// The fields of `pkg/apis/application/v1alpha1/types.go`; unknown fields are ignored, as the API server drops them.
#[derive(Clone, Debug)]
pub struct Application {
    /// `metadata.name`.
    pub name: Arc<str>,
    /// The namespace it lives in, after Argo CD filled it in.
    pub namespace: Arc<str>,
    /// Its spec.
    pub spec: ApplicationSpec,
    /// `metadata.finalizers`.
    pub finalizers: Vec<String>,
    /// `metadata.annotations`, those that are text.
    pub annotations: BTreeMap<String, String>,
    /// `metadata.labels`, those that are text.
    pub labels: BTreeMap<String, String>,
    /// The object, for positions and for what is not a field here.
    pub manifest: Manifest,
}

/// `spec` of an Application.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ApplicationSpec {
    /// AppProject; `default` where empty (see [`ApplicationSpec::project_name`]).
    #[serde(deserialize_with = "nullable")]
    pub project: String,
    /// Where to.
    #[serde(deserialize_with = "nullable")]
    pub destination: Destination,
    /// The single source; ignored when there are `sources`.
    pub source: Option<Source>,
    /// Several sources.
    #[serde(deserialize_with = "nullable")]
    pub sources: Vec<Source>,
    /// When set, only the hydrated branch counts.
    pub source_hydrator: Option<SourceHydrator>,
    /// How it is synced.
    pub sync_policy: Option<SyncPolicy>,
    /// Field differences that are not looked at.
    #[serde(deserialize_with = "nullable")]
    pub ignore_differences: Vec<Value>,
}

/// `spec.destination`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Destination {
    /// API server address.
    #[serde(deserialize_with = "nullable")]
    pub server: String,
    /// Name of a cluster.
    #[serde(deserialize_with = "nullable")]
    pub name: String,
    /// Namespace for objects that name none.
    #[serde(deserialize_with = "nullable")]
    pub namespace: String,
}

/// Why a destination names no cluster at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DestinationError {
    /// Both `name` and `server` are set.
    #[error("destination has both a name and a server")]
    Both,
    /// Neither is.
    #[error("destination has neither a name nor a server")]
    Neither,
}

/// One source of manifests.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Source {
    /// Repository address.
    #[serde(rename = "repoURL", deserialize_with = "nullable")]
    pub repo_url: String,
    /// Folder in it.
    #[serde(deserialize_with = "nullable")]
    pub path: String,
    /// Branch, tag, commit or version constraint; empty is the default branch.
    #[serde(deserialize_with = "nullable")]
    pub target_revision: String,
    /// Chart name, for Helm and OCI registries.
    #[serde(deserialize_with = "nullable")]
    pub chart: String,
    /// Name by which value files of other sources find this one.
    #[serde(rename = "ref", deserialize_with = "nullable")]
    pub reference: String,
    /// Cosmetic name.
    #[serde(deserialize_with = "nullable")]
    pub name: String,
    /// Helm options.
    pub helm: Option<Helm>,
    /// Kustomize options.
    pub kustomize: Option<Kustomize>,
    /// Options of plain folders.
    pub directory: Option<Directory>,
    /// Config management plugin.
    pub plugin: Option<Plugin>,
}

/// `source.helm`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Helm {
    /// Value files, in order.
    #[serde(deserialize_with = "nullable")]
    pub value_files: Vec<String>,
    /// `--set` and `--set-string`.
    #[serde(deserialize_with = "nullable")]
    pub parameters: Vec<HelmParameter>,
    /// Release name; the Application's where empty.
    #[serde(deserialize_with = "nullable")]
    pub release_name: String,
    /// Values as text.
    #[serde(deserialize_with = "nullable")]
    pub values: String,
    /// `--set-file`.
    #[serde(deserialize_with = "nullable")]
    pub file_parameters: Vec<HelmFileParameter>,
    /// Empty, `v3` or `v4`; anything else is an error.
    #[serde(deserialize_with = "nullable")]
    pub version: String,
    /// Pass credentials to other hosts.
    #[serde(deserialize_with = "nullable")]
    pub pass_credentials: bool,
    /// Leave out value files that are missing.
    #[serde(deserialize_with = "nullable")]
    pub ignore_missing_value_files: bool,
    /// Leave out `crds/`.
    #[serde(deserialize_with = "nullable")]
    pub skip_crds: bool,
    /// Values as an object; replaces `values`.
    pub values_object: Option<Value>,
    /// Namespace of the release; the destination's where empty.
    #[serde(deserialize_with = "nullable")]
    pub namespace: String,
    /// Kubernetes version for templates.
    #[serde(deserialize_with = "nullable")]
    pub kube_version: String,
    /// API versions for templates.
    #[serde(deserialize_with = "nullable")]
    pub api_versions: Vec<String>,
    /// Leave out tests.
    #[serde(deserialize_with = "nullable")]
    pub skip_tests: bool,
    /// Do not check values against the chart's schema.
    #[serde(deserialize_with = "nullable")]
    pub skip_schema_validation: bool,
}

/// One Helm parameter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HelmParameter {
    /// Path of the value.
    #[serde(deserialize_with = "nullable")]
    pub name: String,
    /// The value.
    #[serde(deserialize_with = "nullable")]
    pub value: String,
    /// `--set-string`.
    #[serde(deserialize_with = "nullable")]
    pub force_string: bool,
}

/// One Helm parameter that is read from a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HelmFileParameter {
    /// Path of the value.
    #[serde(deserialize_with = "nullable")]
    pub name: String,
    /// The file.
    #[serde(deserialize_with = "nullable")]
    pub path: String,
}

/// `source.kustomize`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Kustomize {
    /// `edit set nameprefix`.
    #[serde(deserialize_with = "nullable")]
    pub name_prefix: String,
    /// `edit set namesuffix`.
    #[serde(deserialize_with = "nullable")]
    pub name_suffix: String,
    /// `edit set image`.
    #[serde(deserialize_with = "nullable")]
    pub images: Vec<String>,
    /// `edit add label`.
    #[serde(deserialize_with = "nullable")]
    pub common_labels: BTreeMap<String, String>,
    /// Which kustomize; only configured ones.
    #[serde(deserialize_with = "nullable")]
    pub version: String,
    /// `edit add annotation`.
    #[serde(deserialize_with = "nullable")]
    pub common_annotations: BTreeMap<String, String>,
    /// `--force` for labels.
    #[serde(deserialize_with = "nullable")]
    pub force_common_labels: bool,
    /// `--force` for annotations.
    #[serde(deserialize_with = "nullable")]
    pub force_common_annotations: bool,
    /// `edit set namespace`.
    #[serde(deserialize_with = "nullable")]
    pub namespace: String,
    /// Substitute variables in annotations.
    #[serde(deserialize_with = "nullable")]
    pub common_annotations_envsubst: bool,
    /// `edit set replicas`: `{name, count}`.
    #[serde(deserialize_with = "nullable")]
    pub replicas: Vec<Value>,
    /// Appended to `patches`.
    #[serde(deserialize_with = "nullable")]
    pub patches: Vec<Value>,
    /// `edit add component`.
    #[serde(deserialize_with = "nullable")]
    pub components: Vec<String>,
    /// Drop components whose folder is missing.
    #[serde(deserialize_with = "nullable")]
    pub ignore_missing_components: bool,
    /// `--without-selector`.
    #[serde(deserialize_with = "nullable")]
    pub label_without_selector: bool,
    /// Kubernetes version for Helm charts.
    #[serde(deserialize_with = "nullable")]
    pub kube_version: String,
    /// API versions for Helm charts.
    #[serde(deserialize_with = "nullable")]
    pub api_versions: Vec<String>,
    /// `--include-templates`.
    #[serde(deserialize_with = "nullable")]
    pub label_include_templates: bool,
}

/// `source.directory`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Directory {
    /// Read the whole subtree.
    #[serde(deserialize_with = "nullable")]
    pub recurse: bool,
    /// Options of jsonnet files.
    #[serde(deserialize_with = "nullable")]
    pub jsonnet: Jsonnet,
    /// Glob of files to leave out.
    #[serde(deserialize_with = "nullable")]
    pub exclude: String,
    /// Glob of files to read.
    #[serde(deserialize_with = "nullable")]
    pub include: String,
}

/// `source.directory.jsonnet`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Jsonnet {
    /// External variables.
    #[serde(deserialize_with = "nullable")]
    pub ext_vars: Vec<JsonnetVar>,
    /// Top-level arguments.
    #[serde(deserialize_with = "nullable")]
    pub tlas: Vec<JsonnetVar>,
    /// Library folders, from the repository's root.
    #[serde(deserialize_with = "nullable")]
    pub libs: Vec<String>,
}

/// One external variable or top-level argument.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JsonnetVar {
    /// Its name.
    #[serde(deserialize_with = "nullable")]
    pub name: String,
    /// Its value.
    #[serde(deserialize_with = "nullable")]
    pub value: String,
    /// Whether the value is jsonnet rather than text.
    #[serde(deserialize_with = "nullable")]
    pub code: bool,
}

/// `source.plugin`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Plugin {
    /// Name; empty asks the plugins which one wants it.
    #[serde(deserialize_with = "nullable")]
    pub name: String,
    /// Environment.
    #[serde(deserialize_with = "nullable")]
    pub env: Vec<EnvEntry>,
    /// Parameters.
    #[serde(deserialize_with = "nullable")]
    pub parameters: Vec<Value>,
}

/// One variable of a plugin's environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EnvEntry {
    /// Its name.
    #[serde(deserialize_with = "nullable")]
    pub name: String,
    /// Its value.
    #[serde(deserialize_with = "nullable")]
    pub value: String,
}

/// `spec.sourceHydrator`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SourceHydrator {
    /// What is rendered.
    #[serde(deserialize_with = "nullable")]
    pub dry_source: Source,
    /// What is synced.
    #[serde(deserialize_with = "nullable")]
    pub sync_source: SyncSource,
    /// Where hydrated manifests wait to be promoted.
    pub hydrate_to: Option<HydrateTo>,
}

/// `spec.sourceHydrator.syncSource`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SyncSource {
    /// Repository; the dry source's where empty.
    #[serde(rename = "repoURL", deserialize_with = "nullable")]
    pub repo_url: String,
    /// Branch of hydrated manifests.
    #[serde(deserialize_with = "nullable")]
    pub target_branch: String,
    /// Folder in it.
    #[serde(deserialize_with = "nullable")]
    pub path: String,
}

/// `spec.sourceHydrator.hydrateTo`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HydrateTo {
    /// Branch.
    #[serde(deserialize_with = "nullable")]
    pub target_branch: String,
}

/// `spec.syncPolicy`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SyncPolicy {
    /// Present: synced automatically, unless `enabled` is false.
    pub automated: Option<Automated>,
    /// Sync options, each compared as a whole.
    #[serde(deserialize_with = "nullable")]
    pub sync_options: Vec<String>,
    /// Metadata of a namespace made by CreateNamespace.
    pub managed_namespace_metadata: Option<ManagedNamespaceMetadata>,
}

/// `spec.syncPolicy.automated`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Automated {
    /// Delete what left git.
    #[serde(deserialize_with = "nullable")]
    pub prune: bool,
    /// Sync again when the cluster drifts.
    #[serde(deserialize_with = "nullable")]
    pub self_heal: bool,
    /// Allow to prune everything.
    #[serde(deserialize_with = "nullable")]
    pub allow_empty: bool,
    /// Absent is on (from 3.1).
    pub enabled: Option<bool>,
}

/// `spec.syncPolicy.managedNamespaceMetadata`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ManagedNamespaceMetadata {
    /// Labels.
    #[serde(deserialize_with = "nullable")]
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    #[serde(deserialize_with = "nullable")]
    pub annotations: BTreeMap<String, String>,
}

/// `null` leaves the zero value, as Go's JSON decoder does.
fn nullable<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

impl Application {
    /// Reads an Application; its namespace is `namespace` where the manifest names none.
    ///
    /// Errors where Go's decoder would refuse a field's type.
    pub fn read(manifest: Manifest, namespace: &str) -> Result<Self, yaml::de::Error> {
        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct Whole {
            #[serde(deserialize_with = "nullable")]
            metadata: Metadata,
            #[serde(deserialize_with = "nullable")]
            spec: ApplicationSpec,
        }
        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct Metadata {
            #[serde(deserialize_with = "nullable")]
            name: String,
            #[serde(deserialize_with = "nullable")]
            namespace: String,
            #[serde(deserialize_with = "nullable")]
            finalizers: Vec<String>,
            #[serde(deserialize_with = "nullable")]
            annotations: BTreeMap<String, String>,
            #[serde(deserialize_with = "nullable")]
            labels: BTreeMap<String, String>,
        }
        let Whole { metadata, spec } = yaml::de::from_node(manifest.node())?;
        let own = if metadata.namespace.is_empty() { namespace } else { &metadata.namespace };
        Ok(Self {
            name: metadata.name.as_str().into(),
            namespace: own.into(),
            spec,
            finalizers: metadata.finalizers,
            annotations: metadata.annotations,
            labels: metadata.labels,
            manifest,
        })
    }

    /// `namespace/name`, as reports name it.
    pub fn id(&self) -> Arc<str> {
        format!("{}/{}", self.namespace, self.name).into()
    }

    /// The name that tracking uses: without prefix in the control plane's namespace, else `namespace_name`.
    ///
    /// `InstanceName` in `pkg/apis/application/v1alpha1/types.go`.
    pub fn instance_name(&self, control_plane: &str) -> String {
        if self.namespace.is_empty() || *self.namespace == *control_plane {
            return self.name.to_string();
        }
        format!("{}_{}", self.namespace, self.name)
    }

    /// The key of the Application object.
    pub fn key(&self) -> ResourceKey {
        ResourceKey::of_argo("Application", &self.namespace, &self.name)
    }

    /// Whether deleting this Application deletes what it deployed (`CascadedDeletion` in `types.go`).
    pub fn cascades(&self) -> bool {
        self.finalizers.iter().any(|finalizer| cascades(finalizer))
    }

    /// Whether automated sync is on, and prunes.
    pub fn prunes_automatically(&self) -> bool {
        self.spec.automated().is_some_and(|automated| automated.prune)
    }
}

/// Whether an Application with this finalizer takes what it deployed with it (`isPropagationPolicyFinalizer` and
/// `CascadedDeletion` in `types.go`).
pub fn cascades(finalizer: &str) -> bool {
    matches!(
        finalizer,
        "resources-finalizer.argocd.argoproj.io"
            | "resources-finalizer.argocd.argoproj.io/foreground"
            | "resources-finalizer.argocd.argoproj.io/background"
    )
}

impl ApplicationSpec {
    /// The project's name; `default` where none is given.
    pub fn project_name(&self) -> &str {
        if self.project.is_empty() { "default" } else { &self.project }
    }

    /// Whether `sources` count (`HasMultipleSources`).
    pub fn has_multiple_sources(&self) -> bool {
        self.source_hydrator.is_none() && !self.sources.is_empty()
    }

    /// The sources that count, in order: the hydrated one, else `sources`, else `source` (`GetSources`).
    pub fn effective_sources(&self) -> Vec<Cow<'_, Source>> {
        if let Some(hydrator) = &self.source_hydrator {
            return vec![Cow::Owned(hydrator.synced())];
        }
        if self.sources.is_empty() {
            return self.source.iter().map(Source::normalized).collect();
        }
        self.sources.iter().map(Source::normalized).collect()
    }

    /// The automated policy, when it is on (`IsAutomatedSyncEnabled`).
    pub fn automated(&self) -> Option<&Automated> {
        let automated = self.sync_policy.as_ref()?.automated.as_ref()?;
        (automated.enabled != Some(false)).then_some(automated)
    }

    /// The Application's own sync options.
    pub fn sync_options(&self) -> SyncOptions<'_> {
        SyncOptions::of_application(self.sync_policy.as_ref().map_or(&[][..], |policy| &policy.sync_options))
    }

    /// What Argo CD says of the spec alone: the text of the InvalidSpecError that stops every sync.
    ///
    /// Follows `ValidatePermissions` in `util/argo/argo.go`, without the project's permissions.
    pub fn invalid(&self) -> Option<String> {
        if let Some(hydrator) = &self.source_hydrator {
            return hydrator.invalid();
        }
        let multiple = self.has_multiple_sources();
        let sources =
            if multiple { self.sources.clone() } else { vec![self.source.clone().unwrap_or_default()] };
        sources.iter().find_map(|source| source.invalid(multiple))
    }
}

impl Destination {
    /// The server or name that counts: a server without its trailing slashes, or a name.
    pub fn checked(&self) -> Result<(), DestinationError> {
        match (self.name.is_empty(), self.server.is_empty()) {
            (false, false) => Err(DestinationError::Both),
            (true, true) => Err(DestinationError::Neither),
            _ => Ok(()),
        }
    }
}

impl SourceHydrator {
    /// The source that is synced: a plain folder on the target branch (`GetSyncSource`).
    pub fn synced(&self) -> Source {
        let repo_url = match self.sync_source.repo_url.as_str() {
            "" => self.dry_source.repo_url.clone(),
            own => own.to_owned(),
        };
        Source {
            repo_url,
            path: self.sync_source.path.clone(),
            target_revision: self.sync_source.target_branch.clone(),
            ..Source::default()
        }
    }

    fn invalid(&self) -> Option<String> {
        let required = [
            (&self.dry_source.repo_url, "drySource.repoURL"),
            (&self.dry_source.target_revision, "drySource.targetRevision"),
            (&self.dry_source.path, "drySource.path"),
            (&self.sync_source.target_branch, "syncSource.targetBranch"),
            (&self.sync_source.path, "syncSource.path"),
        ];
        if let Some((_, field)) = required.iter().find(|(value, _)| value.is_empty()) {
            return Some(format!("`spec.sourceHydrator.{field}` is missing"));
        }
        let waits = self.hydrate_to.as_ref().is_some_and(|to| to.target_branch.is_empty());
        waits.then(|| "`spec.sourceHydrator.hydrateTo.targetBranch` is missing".to_owned())
    }
}

impl Source {
    /// Without blocks that say nothing, as the controller stores it (`NormalizeSource` in `util/argo/argo.go`).
    pub fn normalized(&self) -> Cow<'_, Self> {
        let kustomize = self.kustomize.as_ref().is_some_and(Kustomize::is_zero);
        let helm = self.helm.as_ref().is_some_and(Helm::is_zero);
        let directory = self.directory.as_ref().is_some_and(|block| *block == Directory::default());
        if !(kustomize || helm || directory) {
            return Cow::Borrowed(self);
        }
        let mut source = self.clone();
        source.kustomize = source.kustomize.filter(|_| !kustomize);
        source.helm = source.helm.filter(|_| !helm);
        source.directory = source.directory.filter(|_| !directory);
        Cow::Owned(source)
    }

    /// Whether it only lends its files to others (`IsRef` with neither path nor chart).
    pub fn only_reference(&self) -> bool {
        !self.reference.is_empty() && self.path.is_empty() && self.chart.is_empty()
    }

    /// Whether it is an OCI artifact (`IsOCI`).
    pub fn is_oci(&self) -> bool {
        self.repo_url.starts_with("oci://")
    }

    fn invalid(&self, multiple: bool) -> Option<String> {
        if self.repo_url.is_empty() {
            return Some("a source needs a `repoURL`".to_owned());
        }
        let lends = multiple && !self.reference.is_empty();
        if self.path.is_empty() && self.chart.is_empty() && !lends {
            return Some("a source needs a `path` or a `chart`".to_owned());
        }
        let unpinned = !self.chart.is_empty() && self.target_revision.is_empty();
        unpinned.then(|| "a source with a `chart` needs a `targetRevision`".to_owned())
    }
}

impl Helm {
    /// Whether Argo CD drops the block as empty (`IsZero`).
    fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

impl Kustomize {
    /// Whether Argo CD drops the block as empty (`IsZero`).
    fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}
