use crate::glob::{Dialect, Pattern};
use serde::Deserialize;

/// Which kinds Argo CD leaves alone: `resource.exclusions` and `resource.inclusions` of argocd-cm, and its own.
///
/// Follows `util/settings/resources_filter.go` and `filtered_resource.go`.
#[derive(Clone, Debug, Default)]
pub struct Exclusions {
    excluded: Vec<Entry>,
    included: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    groups: Vec<Option<Pattern>>,
    kinds: Vec<String>,
    clusters: Vec<Option<Pattern>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    #[serde(default)]
    api_groups: Vec<String>,
    #[serde(default)]
    kinds: Vec<String>,
    #[serde(default)]
    clusters: Vec<String>,
}

/// What the argocd-cm that Argo CD ships since 3.0 excludes (`manifests/base/config/argocd-cm.yaml`).
const SHIPPED: &[(&[&str], &[&str])] = &[
    (&["", "discovery.k8s.io"], &["Endpoints", "EndpointSlice"]),
    (&["coordination.k8s.io"], &["Lease"]),
    (
        &["authentication.k8s.io", "authorization.k8s.io"],
        &[
            "SelfSubjectReview",
            "TokenReview",
            "LocalSubjectAccessReview",
            "SelfSubjectAccessReview",
            "SelfSubjectRulesReview",
            "SubjectAccessReview",
        ],
    ),
    (&["certificates.k8s.io"], &["CertificateSigningRequest"]),
    (&["cert-manager.io"], &["CertificateRequest"]),
    (&["cilium.io"], &["CiliumIdentity", "CiliumEndpoint", "CiliumEndpointSlice"]),
    (
        &["kyverno.io", "reports.kyverno.io", "wgpolicyk8s.io"],
        &[
            "PolicyReport",
            "ClusterPolicyReport",
            "EphemeralReport",
            "ClusterEphemeralReport",
            "AdmissionReport",
            "ClusterAdmissionReport",
            "BackgroundScanReport",
            "ClusterBackgroundScanReport",
            "UpdateRequest",
        ],
    ),
];

impl Exclusions {
    /// Those of the argocd-cm that Argo CD ships.
    pub fn shipped() -> Self {
        let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        let excluded = SHIPPED
            .iter()
            .map(|(groups, kinds)| Written {
                api_groups: owned(groups),
                kinds: owned(kinds),
                clusters: vec![],
            })
            .map(Entry::new)
            .collect();
        Self { excluded, included: Vec::new() }
    }

    /// Replaces the exclusions by the list of a `resource.exclusions` text, which is YAML.
    ///
    /// A text that is no such list is an error, as it keeps Argo CD from starting.
    pub fn exclude(&mut self, text: &str) -> Result<(), crate::yaml::de::Error> {
        self.excluded = entries(text)?;
        Ok(())
    }

    /// Replaces the inclusions likewise.
    pub fn include(&mut self, text: &str) -> Result<(), crate::yaml::de::Error> {
        self.included = entries(text)?;
        Ok(())
    }

    /// Whether Argo CD leaves objects of this kind alone on the cluster with this server. Exclusion beats inclusion.
    pub fn covers(&self, group: &str, kind: &str, server: &str) -> bool {
        if built_in(group, kind) || self.excluded.iter().any(|entry| entry.matches(group, kind, server)) {
            return true;
        }
        let mut included = self.included.iter().filter(|entry| entry.applies_to(server)).peekable();
        included.peek().is_some() && !included.any(|entry| entry.matches(group, kind, server))
    }
}

/// What no setting changes.
fn built_in(group: &str, kind: &str) -> bool {
    match group {
        "events.k8s.io" | "metrics.k8s.io" => true,
        "" => kind == "Event",
        "coordination.k8s.io" => kind == "Lease",
        _ => false,
    }
}

fn entries(text: &str) -> Result<Vec<Entry>, crate::yaml::de::Error> {
    let written: Option<Vec<Written>> = crate::yaml::de::from_str(text)?;
    Ok(written.unwrap_or_default().into_iter().map(Entry::new).collect())
}

impl Entry {
    fn new(written: Written) -> Self {
        Self {
            groups: patterns(&written.api_groups),
            kinds: written.kinds,
            clusters: patterns(&written.clusters),
        }
    }

    fn applies_to(&self, cluster: &str) -> bool {
        matches_any(&self.clusters, cluster)
    }

    fn matches(&self, group: &str, kind: &str, cluster: &str) -> bool {
        matches_any(&self.groups, group)
            && (self.kinds.is_empty() || self.kinds.iter().any(|own| own == "*" || own == kind))
            && self.applies_to(cluster)
    }
}

/// The patterns, None for one that does not compile: it matches nothing in Argo CD.
fn patterns(texts: &[String]) -> Vec<Option<Pattern>> {
    texts.iter().map(|text| Pattern::new(Dialect::Gobwas, text).ok()).collect()
}

/// An empty list matches everything.
fn matches_any(patterns: &[Option<Pattern>], text: &str) -> bool {
    patterns.is_empty() || patterns.iter().flatten().any(|pattern| pattern.matches(text))
}
