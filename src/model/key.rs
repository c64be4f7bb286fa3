use std::fmt;
use std::sync::Arc;

/// API group and kind.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupKind {
    /// API group; `""` is the core group.
    pub group: Arc<str>,
    /// Kind, case-sensitive.
    pub kind: Arc<str>,
}

/// Namespaces that every cluster has.
pub const GIVEN_NAMESPACES: &[&str] = &["default", "kube-system", "kube-public", "kube-node-lease"];

/// What Argo CD identifies an object by: the API version is not part of it.
///
/// Follows `ResourceKey` in `gitops-engine/pkg/utils/kube/kube.go`. The order is by group, kind, namespace, name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct ResourceKey {
    /// API group; `""` is the core group.
    pub group: Arc<str>,
    /// Kind, case-sensitive.
    pub kind: Arc<str>,
    /// Namespace; `""` for cluster-scoped objects and where none is known.
    pub namespace: Arc<str>,
    /// Name; `""` where the manifest has none that is a string.
    pub name: Arc<str>,
}

impl ResourceKey {
    /// The key of an object of Argo CD's own kinds.
    pub fn of_argo(kind: &str, namespace: &Arc<str>, name: &Arc<str>) -> Self {
        Self {
            group: "argoproj.io".into(),
            kind: kind.into(),
            namespace: Arc::clone(namespace),
            name: Arc::clone(name),
        }
    }

    /// The key of a Namespace.
    pub fn of_namespace(name: &Arc<str>) -> Self {
        Self { group: "".into(), kind: "Namespace".into(), namespace: "".into(), name: Arc::clone(name) }
    }

    /// Whether this is of the given group and kind.
    pub fn is(&self, group: &str, kind: &str) -> bool {
        *self.kind == *kind && *self.group == *group
    }

    /// As Argo CD writes it in its conditions: `group/Kind/namespace/name`.
    pub fn argo(&self) -> String {
        format!("{}/{}/{}/{}", self.group, self.kind, self.namespace, self.name)
    }
}

/// For people: `Kind namespace/name`, or `Kind name` without a namespace.
impl fmt::Display for ResourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.name.is_empty() { "(no name)" } else { &self.name };
        match &*self.namespace {
            "" => write!(f, "{} {name}", self.kind),
            namespace => write!(f, "{} {namespace}/{name}", self.kind),
        }
    }
}

/// The group of an `apiVersion`: what stands before the slash, `""` without one.
///
/// Follows `schema.ParseGroupVersion` of apimachinery, by which a text with two slashes has no group.
pub fn group_of(api_version: &str) -> &str {
    match api_version.split_once('/') {
        Some((group, version)) if !version.contains('/') => group,
        _ => "",
    }
}

/// The version of an `apiVersion`: what stands behind the slash, or all of it.
pub fn version_of(api_version: &str) -> &str {
    match api_version.split_once('/') {
        Some((_, version)) if !version.contains('/') => version,
        Some(_) => "",
        None => api_version,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn api_versions() {
        for (text, group, version) in
            [("v1", "", "v1"), ("apps/v1", "apps", "v1"), ("", "", ""), ("a/b/c", "", ""), ("/v1", "", "v1")]
        {
            assert_eq!((group_of(text), version_of(text)), (group, version), "{text}");
        }
    }
}
