//! BH526. Meaning, rationale and examples: `rules/BH526-api-removed.md`.

use crate::finding::Severity;
use crate::inventory::{App, ResourceId};
use crate::model::DEFAULT_KUBERNETES;
use crate::render::Target;
use crate::rules::{Check, Context, Rule};

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH526-api-removed.md"), check: Check::Resource(check) };

/// API versions that Kubernetes no longer serves: version, kinds, the minor release without it, what took its place
/// (<https://kubernetes.io/docs/reference/using-api/deprecation-guide/>).
const REMOVED: &[(&str, &[&str], u32, &str)] = &[
    ("extensions/v1beta1", &["DaemonSet", "Deployment", "ReplicaSet"], 16, "apps/v1"),
    ("extensions/v1beta1", &["NetworkPolicy"], 16, "networking.k8s.io/v1"),
    ("extensions/v1beta1", &["Ingress"], 22, "networking.k8s.io/v1"),
    ("apps/v1beta1", &["Deployment", "ReplicaSet", "StatefulSet"], 16, "apps/v1"),
    ("apps/v1beta2", &["DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"], 16, "apps/v1"),
    (
        "admissionregistration.k8s.io/v1beta1",
        &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"],
        22,
        "admissionregistration.k8s.io/v1",
    ),
    ("apiextensions.k8s.io/v1beta1", &["CustomResourceDefinition"], 22, "apiextensions.k8s.io/v1"),
    ("apiregistration.k8s.io/v1beta1", &["APIService"], 22, "apiregistration.k8s.io/v1"),
    ("certificates.k8s.io/v1beta1", &["CertificateSigningRequest"], 22, "certificates.k8s.io/v1"),
    ("coordination.k8s.io/v1beta1", &["Lease"], 22, "coordination.k8s.io/v1"),
    ("networking.k8s.io/v1beta1", &["Ingress", "IngressClass"], 22, "networking.k8s.io/v1"),
    (
        "rbac.authorization.k8s.io/v1beta1",
        &["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"],
        22,
        "rbac.authorization.k8s.io/v1",
    ),
    ("scheduling.k8s.io/v1beta1", &["PriorityClass"], 22, "scheduling.k8s.io/v1"),
    (
        "storage.k8s.io/v1beta1",
        &["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"],
        22,
        "storage.k8s.io/v1",
    ),
    ("batch/v1beta1", &["CronJob"], 25, "batch/v1"),
    ("discovery.k8s.io/v1beta1", &["EndpointSlice"], 25, "discovery.k8s.io/v1"),
    ("autoscaling/v2beta1", &["HorizontalPodAutoscaler"], 25, "autoscaling/v2"),
    ("policy/v1beta1", &["PodDisruptionBudget"], 25, "policy/v1"),
    ("policy/v1beta1", &["PodSecurityPolicy"], 25, ""),
    ("node.k8s.io/v1beta1", &["RuntimeClass"], 25, "node.k8s.io/v1"),
    ("autoscaling/v2beta2", &["HorizontalPodAutoscaler"], 26, "autoscaling/v2"),
    (
        "flowcontrol.apiserver.k8s.io/v1beta1",
        &["FlowSchema", "PriorityLevelConfiguration"],
        26,
        "flowcontrol.apiserver.k8s.io/v1",
    ),
    ("storage.k8s.io/v1beta1", &["CSIStorageCapacity"], 27, "storage.k8s.io/v1"),
    (
        "flowcontrol.apiserver.k8s.io/v1beta2",
        &["FlowSchema", "PriorityLevelConfiguration"],
        29,
        "flowcontrol.apiserver.k8s.io/v1",
    ),
    (
        "flowcontrol.apiserver.k8s.io/v1beta3",
        &["FlowSchema", "PriorityLevelConfiguration"],
        32,
        "flowcontrol.apiserver.k8s.io/v1",
    ),
];

fn check(_: ResourceId, app: &App, target: &Target, cx: &mut Context<'_>) {
    let (version, kind) = (target.manifest.api_version(), target.manifest.kind());
    let removed = REMOVED.iter().find(|(of, kinds, ..)| *of == version && kinds.contains(&kind));
    let Some((.., since, successor)) = removed else { return };
    let stated = cx.inventory.clusters.find(&app.cluster).map_or("", |cluster| &cluster.kubernetes);
    let kubernetes = if stated.is_empty() { DEFAULT_KUBERNETES } else { stated };
    if minor(kubernetes).is_none_or(|minor| minor < *since) {
        return;
    }
    let is_stated = !stated.is_empty();
    let help = match *successor {
        "" => "there is no successor: take it out".to_owned(),
        successor => format!("write `apiVersion: {successor}`; some fields have other names there"),
    };
    let message =
        format!("Kubernetes 1.{since} and later do not serve `{version}` of {kind} `{}`", target.key.name);
    let report = cx
        .report(target.manifest.location_at(&["apiVersion"]), message)
        .about(app, target)
        .because("one kind that the cluster does not know stops the whole sync: nothing of the Application is applied or pruned")
        .help(help);
    if !is_stated {
        report.at_most(Severity::Warning);
    }
}

/// The second part of `1.29` or `v1.29.3`.
fn minor(version: &str) -> Option<u32> {
    let (major, rest) = version.trim_start_matches('v').split_once('.')?;
    let digits = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
    (major == "1").then(|| rest[..digits].parse().ok())?
}
