//! The shape of an ApplicationSet and of the Application it holds: what the CustomResourceDefinitions of
//! Argo CD 3.5 allow and how its Go types (`pkg/apis/application/v1alpha1`) write what they read.

/// What may stand in a field.
#[derive(Clone, Copy)]
pub(super) enum Type {
    Text,
    Int,
    Bool,
    IntOrText,
    /// Anything, kept as it is (`x-kubernetes-preserve-unknown-fields`).
    Json,
    List(&'static Type),
    Map(&'static Type),
    Struct(&'static Struct),
    /// One of these words.
    Word(&'static [&'static str]),
}

/// What becomes of a field that is empty.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// Not written when empty.
    Omitted,
    /// Written whenever it was given, empty or not: a pointer in Go.
    Kept,
    /// Always written, and the CustomResourceDefinition demands it.
    Required,
    /// Always written, but not demanded.
    Written,
    /// Demanded, but not written when it was not given: a pointer in Go.
    Demanded,
}

pub(super) struct Field {
    pub name: &'static str,
    pub of: Type,
    pub presence: Presence,
}

pub(super) struct Struct {
    pub name: &'static str,
    pub fields: &'static [Field],
}

impl Struct {
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

const fn omitted(name: &'static str, of: Type) -> Field {
    Field { name, of, presence: Presence::Omitted }
}

const fn kept(name: &'static str, of: Type) -> Field {
    Field { name, of, presence: Presence::Kept }
}

const fn required(name: &'static str, of: Type) -> Field {
    Field { name, of, presence: Presence::Required }
}

const fn written(name: &'static str, of: Type) -> Field {
    Field { name, of, presence: Presence::Written }
}

const fn demanded(name: &'static str, of: Type) -> Field {
    Field { name, of, presence: Presence::Demanded }
}

const TEXTS: Type = Type::List(&Type::Text);
const TEXT_MAP: Type = Type::Map(&Type::Text);

macro_rules! structs {
    ($($name:ident = [$($field:expr),* $(,)?];)*) => {
        $(pub(super) static $name: Struct = Struct { name: stringify!($name), fields: &[$($field),*] };)*
    };
}

use Type::{Bool, Int, IntOrText, Json, List, Map, Text, Word};

const fn of(of: &'static Struct) -> Type {
    Type::Struct(of)
}

structs! {
    APPLICATION = [
        omitted("apiVersion", Text),
        omitted("kind", Text),
        required("metadata", of(&METADATA)),
        required("spec", of(&APPLICATION_SPEC)),
        kept("operation", of(&OPERATION)),
        kept("status", of(&STATUS)),
    ];
    OPERATION = [
        kept("sync", of(&SYNC_OPERATION)),
        written("initiatedBy", of(&INITIATOR)),
        omitted("info", List(&of(&NAME_VALUE))),
        written("retry", of(&RETRY)),
    ];
    SYNC_OPERATION = [
        omitted("revision", Text),
        omitted("prune", Bool),
        omitted("dryRun", Bool),
        kept("syncStrategy", Json),
        omitted("resources", List(&Json)),
        kept("source", of(&SOURCE)),
        omitted("manifests", TEXTS),
        omitted("syncOptions", TEXTS),
        omitted("sources", List(&of(&SOURCE))),
        omitted("revisions", TEXTS),
        omitted("autoHealAttemptsCount", Int),
    ];
    INITIATOR = [omitted("username", Text), omitted("automated", Bool)];
    STATUS = [
        omitted("resources", List(&Json)),
        written("sync", of(&SYNC_STATUS)),
        written("health", of(&HEALTH)),
        omitted("history", List(&Json)),
        omitted("conditions", List(&Json)),
        kept("reconciledAt", Json),
        kept("operationState", Json),
        kept("observedAt", Json),
        omitted("sourceType", Text),
        written("summary", of(&SUMMARY)),
        omitted("resourceHealthSource", Text),
        omitted("sourceTypes", TEXTS),
        omitted("controllerNamespace", Text),
        written("sourceHydrator", of(&HYDRATOR_STATUS)),
    ];
    SYNC_STATUS = [
        written("status", Text),
        written("comparedTo", of(&COMPARED_TO)),
        omitted("revision", Text),
        omitted("revisions", TEXTS),
    ];
    COMPARED_TO = [
        written("source", of(&SOURCE)),
        written("destination", of(&DESTINATION)),
        omitted("sources", List(&of(&SOURCE))),
        omitted("ignoreDifferences", List(&of(&IGNORE_DIFFERENCE))),
    ];
    HEALTH = [omitted("status", Text), omitted("message", Text), kept("lastTransitionTime", Json)];
    SUMMARY = [omitted("externalURLs", TEXTS), omitted("images", TEXTS), omitted("isAppOfApps", Bool)];
    HYDRATOR_STATUS = [
        kept("lastSuccessfulOperation", Json),
        kept("currentOperation", Json),
        omitted("lastComparedDryRevision", Text),
    ];
    METADATA = [
        omitted("name", Text),
        omitted("generateName", Text),
        omitted("namespace", Text),
        omitted("selfLink", Text),
        omitted("uid", Text),
        omitted("resourceVersion", Text),
        omitted("generation", Int),
        kept("creationTimestamp", Json),
        kept("deletionTimestamp", Json),
        kept("deletionGracePeriodSeconds", Int),
        omitted("labels", TEXT_MAP),
        omitted("annotations", TEXT_MAP),
        omitted("ownerReferences", List(&Json)),
        omitted("finalizers", TEXTS),
        omitted("managedFields", List(&Json)),
    ];
    APPLICATION_SPEC = [
        kept("source", of(&SOURCE)),
        required("destination", of(&DESTINATION)),
        required("project", Text),
        kept("syncPolicy", of(&SYNC_POLICY)),
        omitted("ignoreDifferences", List(&of(&IGNORE_DIFFERENCE))),
        omitted("info", List(&of(&NAME_VALUE))),
        kept("revisionHistoryLimit", Int),
        omitted("sources", List(&of(&SOURCE))),
        kept("sourceHydrator", of(&SOURCE_HYDRATOR)),
    ];
    SOURCE = [
        required("repoURL", Text),
        omitted("path", Text),
        omitted("targetRevision", Text),
        kept("helm", of(&HELM)),
        kept("kustomize", of(&KUSTOMIZE)),
        kept("directory", of(&DIRECTORY)),
        kept("plugin", of(&SOURCE_PLUGIN)),
        omitted("chart", Text),
        omitted("ref", Text),
        omitted("name", Text),
        omitted("tagPrefix", Text),
    ];
    HELM = [
        omitted("valueFiles", TEXTS),
        omitted("parameters", List(&of(&HELM_PARAMETER))),
        omitted("releaseName", Text),
        omitted("values", Text),
        omitted("fileParameters", List(&of(&HELM_FILE_PARAMETER))),
        omitted("version", Text),
        omitted("passCredentials", Bool),
        omitted("ignoreMissingValueFiles", Bool),
        omitted("skipCrds", Bool),
        kept("valuesObject", Json),
        omitted("namespace", Text),
        omitted("kubeVersion", Text),
        omitted("apiVersions", TEXTS),
        omitted("skipTests", Bool),
        omitted("skipSchemaValidation", Bool),
    ];
    HELM_PARAMETER = [omitted("name", Text), omitted("value", Text), omitted("forceString", Bool)];
    HELM_FILE_PARAMETER = [omitted("name", Text), omitted("path", Text)];
    KUSTOMIZE = [
        omitted("namePrefix", Text),
        omitted("nameSuffix", Text),
        omitted("images", TEXTS),
        omitted("commonLabels", TEXT_MAP),
        omitted("version", Text),
        omitted("commonAnnotations", TEXT_MAP),
        omitted("forceCommonLabels", Bool),
        omitted("forceCommonAnnotations", Bool),
        omitted("namespace", Text),
        omitted("commonAnnotationsEnvsubst", Bool),
        omitted("replicas", List(&of(&KUSTOMIZE_REPLICA))),
        omitted("patches", List(&of(&KUSTOMIZE_PATCH))),
        omitted("components", TEXTS),
        omitted("ignoreMissingComponents", Bool),
        omitted("labelWithoutSelector", Bool),
        omitted("kubeVersion", Text),
        omitted("apiVersions", TEXTS),
        omitted("labelIncludeTemplates", Bool),
    ];
    KUSTOMIZE_REPLICA = [required("name", Text), required("count", IntOrText)];
    KUSTOMIZE_PATCH = [
        omitted("path", Text),
        omitted("patch", Text),
        kept("target", of(&KUSTOMIZE_TARGET)),
        omitted("options", Map(&Bool)),
    ];
    KUSTOMIZE_TARGET = [
        omitted("group", Text),
        omitted("version", Text),
        omitted("kind", Text),
        omitted("name", Text),
        omitted("namespace", Text),
        omitted("annotationSelector", Text),
        omitted("labelSelector", Text),
    ];
    DIRECTORY = [
        omitted("recurse", Bool),
        omitted("jsonnet", of(&JSONNET)),
        omitted("exclude", Text),
        omitted("include", Text),
    ];
    JSONNET = [
        omitted("extVars", List(&of(&JSONNET_VARIABLE))),
        omitted("tlas", List(&of(&JSONNET_VARIABLE))),
        omitted("libs", TEXTS),
    ];
    JSONNET_VARIABLE = [required("name", Text), required("value", Text), omitted("code", Bool)];
    SOURCE_PLUGIN = [
        omitted("name", Text),
        omitted("env", List(&of(&NAME_VALUE))),
        omitted("parameters", List(&of(&PLUGIN_PARAMETER))),
    ];
    NAME_VALUE = [required("name", Text), required("value", Text)];
    PLUGIN_PARAMETER = [omitted("name", Text), kept("string", Text), kept("map", TEXT_MAP), kept("array", TEXTS)];
    DESTINATION = [omitted("server", Text), omitted("namespace", Text), omitted("name", Text)];
    SYNC_POLICY = [
        kept("automated", of(&AUTOMATED)),
        omitted("syncOptions", TEXTS),
        kept("retry", of(&RETRY)),
        kept("managedNamespaceMetadata", of(&NAMESPACE_METADATA)),
    ];
    AUTOMATED = [kept("prune", Bool), kept("selfHeal", Bool), kept("allowEmpty", Bool), kept("enabled", Bool)];
    RETRY = [omitted("limit", Int), kept("backoff", of(&BACKOFF)), omitted("refresh", Bool)];
    BACKOFF = [omitted("duration", Text), kept("factor", Int), omitted("maxDuration", Text)];
    NAMESPACE_METADATA = [omitted("labels", TEXT_MAP), omitted("annotations", TEXT_MAP)];
    IGNORE_DIFFERENCE = [
        omitted("group", Text),
        required("kind", Text),
        omitted("name", Text),
        omitted("namespace", Text),
        omitted("jsonPointers", TEXTS),
        omitted("jqPathExpressions", TEXTS),
        omitted("managedFieldsManagers", TEXTS),
    ];
    SOURCE_HYDRATOR = [
        required("drySource", of(&DRY_SOURCE)),
        required("syncSource", of(&SYNC_SOURCE)),
        kept("hydrateTo", of(&HYDRATE_TO)),
    ];
    DRY_SOURCE = [
        required("repoURL", Text),
        required("targetRevision", Text),
        required("path", Text),
        kept("helm", of(&HELM)),
        kept("kustomize", of(&KUSTOMIZE)),
        kept("directory", of(&DIRECTORY)),
        kept("plugin", of(&SOURCE_PLUGIN)),
    ];
    SYNC_SOURCE = [required("targetBranch", Text), required("path", Text), omitted("repoURL", Text)];
    HYDRATE_TO = [required("targetBranch", Text)];

    APPLICATION_SET = [
        omitted("apiVersion", Text),
        omitted("kind", Text),
        required("metadata", Json),
        required("spec", of(&SET_SPEC)),
        kept("status", Json),
    ];
    SET_SPEC = [
        omitted("goTemplate", Bool),
        required("generators", List(&of(&GENERATOR))),
        required("template", of(&TEMPLATE)),
        kept("syncPolicy", of(&SET_SYNC_POLICY)),
        kept("strategy", of(&STRATEGY)),
        kept("preservedFields", of(&PRESERVED_FIELDS)),
        omitted("goTemplateOptions", TEXTS),
        omitted("applyNestedSelectors", Bool),
        omitted("ignoreApplicationDifferences", List(&of(&SET_IGNORE_DIFFERENCE))),
        kept("templatePatch", Text),
    ];
    SET_SYNC_POLICY = [
        omitted("preserveResourcesOnDeletion", Bool),
        kept("applicationsSync", Word(&["create-only", "create-update", "create-delete", "sync"])),
    ];
    STRATEGY = [omitted("type", Text), kept("rollingSync", of(&ROLLING_SYNC)), omitted("deletionOrder", Text)];
    ROLLING_SYNC = [omitted("steps", List(&of(&ROLLING_STEP)))];
    ROLLING_STEP = [omitted("matchExpressions", List(&of(&STEP_MATCH))), kept("maxUpdate", IntOrText)];
    STEP_MATCH = [omitted("key", Text), omitted("operator", Text), omitted("values", TEXTS)];
    PRESERVED_FIELDS = [omitted("annotations", TEXTS), omitted("labels", TEXTS)];
    SET_IGNORE_DIFFERENCE =
        [omitted("name", Text), omitted("jsonPointers", TEXTS), omitted("jqPathExpressions", TEXTS)];
    TEMPLATE = [required("metadata", of(&TEMPLATE_METADATA)), required("spec", of(&APPLICATION_SPEC))];
    TEMPLATE_METADATA = [
        omitted("name", Text),
        omitted("namespace", Text),
        omitted("labels", TEXT_MAP),
        omitted("annotations", TEXT_MAP),
        omitted("finalizers", TEXTS),
    ];

    GENERATOR = [
        kept("list", of(&LIST)),
        kept("clusters", of(&CLUSTERS)),
        kept("git", of(&GIT)),
        kept("scmProvider", of(&SCM)),
        kept("clusterDecisionResource", of(&DECISION)),
        kept("pullRequest", of(&PULL)),
        kept("matrix", of(&MATRIX)),
        kept("merge", of(&MERGE)),
        kept("selector", of(&SELECTOR)),
        kept("plugin", of(&PLUGIN)),
    ];
    NESTED = [
        kept("list", of(&LIST)),
        kept("clusters", of(&CLUSTERS)),
        kept("git", of(&GIT)),
        kept("scmProvider", of(&SCM)),
        kept("clusterDecisionResource", of(&DECISION)),
        kept("pullRequest", of(&PULL)),
        kept("matrix", Json),
        kept("merge", Json),
        kept("selector", of(&SELECTOR)),
        kept("plugin", of(&PLUGIN)),
    ];
    SELECTOR = [omitted("matchExpressions", List(&of(&EXPRESSION))), omitted("matchLabels", TEXT_MAP)];
    EXPRESSION = [required("key", Text), required("operator", Text), omitted("values", TEXTS)];
    LIST = [omitted("elements", List(&Json)), omitted("template", of(&TEMPLATE)), omitted("elementsYaml", Text)];
    CLUSTERS = [
        omitted("selector", of(&SELECTOR)),
        omitted("template", of(&TEMPLATE)),
        omitted("values", TEXT_MAP),
        omitted("flatList", Bool),
    ];
    GIT = [
        required("repoURL", Text),
        omitted("directories", List(&of(&GIT_ITEM))),
        omitted("files", List(&of(&GIT_ITEM))),
        required("revision", Text),
        kept("requeueAfterSeconds", Int),
        omitted("template", of(&TEMPLATE)),
        omitted("pathParamPrefix", Text),
        omitted("values", TEXT_MAP),
    ];
    GIT_ITEM = [required("path", Text), omitted("exclude", Bool)];
    MATRIX = [required("generators", List(&of(&NESTED))), omitted("template", of(&TEMPLATE))];
    MERGE = [
        required("generators", List(&of(&NESTED))),
        required("mergeKeys", TEXTS),
        omitted("template", of(&TEMPLATE)),
    ];
    TERMINAL = [
        kept("list", of(&LIST)),
        kept("clusters", of(&CLUSTERS)),
        kept("git", of(&GIT)),
        kept("scmProvider", of(&SCM)),
        kept("clusterDecisionResource", of(&DECISION)),
        kept("pullRequest", of(&PULL)),
        kept("plugin", of(&PLUGIN)),
        kept("selector", of(&SELECTOR)),
    ];
    NESTED_MATRIX = [required("generators", List(&of(&TERMINAL)))];
    NESTED_MERGE = [required("generators", List(&of(&TERMINAL))), required("mergeKeys", TEXTS)];
    PLUGIN = [
        required("configMapRef", of(&PLUGIN_REF)),
        omitted("input", of(&PLUGIN_INPUT)),
        kept("requeueAfterSeconds", Int),
        omitted("template", of(&TEMPLATE)),
        omitted("values", TEXT_MAP),
    ];
    PLUGIN_REF = [required("name", Text)];
    PLUGIN_INPUT = [omitted("parameters", Map(&Json))];
    DECISION = [
        required("configMapRef", Text),
        omitted("name", Text),
        kept("requeueAfterSeconds", Int),
        omitted("labelSelector", of(&SELECTOR)),
        omitted("template", of(&TEMPLATE)),
        omitted("values", TEXT_MAP),
    ];
    SCM = [
        kept("github", of(&SCM_GITHUB)),
        kept("gitlab", of(&SCM_GITLAB)),
        kept("bitbucket", of(&SCM_BITBUCKET)),
        kept("bitbucketServer", of(&SCM_BITBUCKET_SERVER)),
        kept("gitea", of(&SCM_GITEA)),
        kept("azureDevOps", of(&SCM_AZURE)),
        omitted("filters", List(&of(&SCM_FILTER))),
        omitted("cloneProtocol", Text),
        kept("requeueAfterSeconds", Int),
        omitted("template", of(&TEMPLATE)),
        omitted("values", TEXT_MAP),
        kept("awsCodeCommit", of(&SCM_AWS)),
    ];
    SCM_FILTER = [
        kept("repositoryMatch", Text),
        omitted("pathsExist", TEXTS),
        omitted("pathsDoNotExist", TEXTS),
        kept("labelMatch", Text),
        kept("branchMatch", Text),
    ];
    SECRET_REF = [required("secretName", Text), required("key", Text)];
    CONFIG_MAP_REF = [required("configMapName", Text), required("key", Text)];
    BASIC_AUTH = [required("username", Text), demanded("passwordRef", of(&SECRET_REF))];
    BEARER_TOKEN = [demanded("tokenRef", of(&SECRET_REF))];
    SCM_GITHUB = [
        required("organization", Text),
        omitted("api", Text),
        kept("tokenRef", of(&SECRET_REF)),
        omitted("appSecretName", Text),
        omitted("allBranches", Bool),
        omitted("excludeArchivedRepos", Bool),
    ];
    SCM_GITLAB = [
        required("group", Text),
        omitted("includeSubgroups", Bool),
        omitted("api", Text),
        kept("tokenRef", of(&SECRET_REF)),
        omitted("allBranches", Bool),
        omitted("insecure", Bool),
        kept("includeSharedProjects", Bool),
        omitted("topic", Text),
        kept("caRef", of(&CONFIG_MAP_REF)),
        omitted("includeArchivedRepos", Bool),
    ];
    SCM_BITBUCKET = [
        required("owner", Text),
        required("user", Text),
        demanded("appPasswordRef", of(&SECRET_REF)),
        omitted("allBranches", Bool),
    ];
    SCM_BITBUCKET_SERVER = [
        required("project", Text),
        required("api", Text),
        kept("basicAuth", of(&BASIC_AUTH)),
        omitted("allBranches", Bool),
        kept("bearerToken", of(&BEARER_TOKEN)),
        omitted("insecure", Bool),
        kept("caRef", of(&CONFIG_MAP_REF)),
    ];
    SCM_GITEA = [
        required("owner", Text),
        required("api", Text),
        kept("tokenRef", of(&SECRET_REF)),
        omitted("allBranches", Bool),
        omitted("insecure", Bool),
        omitted("excludeArchivedRepos", Bool),
    ];
    SCM_AZURE = [
        required("organization", Text),
        omitted("api", Text),
        required("teamProject", Text),
        demanded("accessTokenRef", of(&SECRET_REF)),
        omitted("allBranches", Bool),
    ];
    SCM_AWS = [
        omitted("tagFilters", List(&of(&TAG_FILTER))),
        omitted("role", Text),
        omitted("region", Text),
        omitted("allBranches", Bool),
    ];
    TAG_FILTER = [required("key", Text), omitted("value", Text)];
    PULL = [
        kept("github", of(&PULL_GITHUB)),
        kept("gitlab", of(&PULL_GITLAB)),
        kept("gitea", of(&PULL_GITEA)),
        kept("bitbucketServer", of(&PULL_BITBUCKET_SERVER)),
        omitted("filters", List(&of(&PULL_FILTER))),
        kept("requeueAfterSeconds", Int),
        omitted("template", of(&TEMPLATE)),
        kept("bitbucket", of(&PULL_BITBUCKET)),
        kept("azuredevops", of(&PULL_AZURE)),
        omitted("values", TEXT_MAP),
        omitted("continueOnRepoNotFoundError", Bool),
    ];
    PULL_FILTER = [kept("branchMatch", Text), kept("targetBranchMatch", Text), kept("titleMatch", Text)];
    PULL_GITHUB = [
        required("owner", Text),
        required("repo", Text),
        omitted("api", Text),
        kept("tokenRef", of(&SECRET_REF)),
        omitted("appSecretName", Text),
        omitted("labels", TEXTS),
    ];
    PULL_GITLAB = [
        required("project", Text),
        omitted("api", Text),
        kept("tokenRef", of(&SECRET_REF)),
        omitted("labels", TEXTS),
        omitted("pullRequestState", Text),
        omitted("insecure", Bool),
        kept("caRef", of(&CONFIG_MAP_REF)),
    ];
    PULL_GITEA = [
        required("owner", Text),
        required("repo", Text),
        required("api", Text),
        kept("tokenRef", of(&SECRET_REF)),
        omitted("insecure", Bool),
        omitted("labels", TEXTS),
    ];
    PULL_BITBUCKET_SERVER = [
        required("project", Text),
        required("repo", Text),
        required("api", Text),
        kept("basicAuth", of(&BASIC_AUTH)),
        kept("bearerToken", of(&BEARER_TOKEN)),
        omitted("insecure", Bool),
        kept("caRef", of(&CONFIG_MAP_REF)),
    ];
    PULL_BITBUCKET = [
        required("owner", Text),
        required("repo", Text),
        omitted("api", Text),
        kept("basicAuth", of(&BASIC_AUTH)),
        kept("bearerToken", of(&BEARER_TOKEN)),
    ];
    PULL_AZURE = [
        required("organization", Text),
        required("project", Text),
        required("repo", Text),
        omitted("api", Text),
        kept("tokenRef", of(&SECRET_REF)),
        omitted("labels", TEXTS),
    ];
}
