use super::key::GroupKind;
use hashbrown::HashMap;
use std::sync::{Arc, LazyLock};

/// Whether objects of a kind live in a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// In a namespace.
    Namespaced,
    /// In none.
    Cluster,
    /// Nobody said; Argo CD takes such kinds as namespaced (`IsNamespacedOrUnknown`).
    Unknown,
}

/// Scopes of the built-in kinds (`kubernetes.tsv`) and of the custom ones that are known on one cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes {
    custom: HashMap<GroupKind, (Scope, Vec<Arc<str>>)>,
}

struct BuiltIn {
    scope: Scope,
    versions: Vec<&'static str>,
}

static BUILT_IN: LazyLock<HashMap<(&'static str, &'static str), BuiltIn>> = LazyLock::new(|| {
    include_str!("kubernetes.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let mut fields = line.split('\t');
            let (group, kind) = (fields.next()?, fields.next()?);
            let scope = if fields.next()? == "cluster" { Scope::Cluster } else { Scope::Namespaced };
            let versions = fields.next()?.split(',').collect();
            Some(((group, kind), BuiltIn { scope, versions }))
        })
        .collect()
});

impl Scopes {
    /// The scope of a kind; of any version of it.
    ///
    /// Argo CD asks the destination cluster's discovery (`gitops-engine/pkg/cache/cluster.go`, `IsNamespaced`);
    /// kinds that Kubernetes no longer serves are unknown there, and here.
    pub fn of(&self, group: &str, kind: &str) -> Scope {
        if let Some(built_in) = BUILT_IN.get(&(group, kind)) {
            return built_in.scope;
        }
        if self.custom.is_empty() {
            return Scope::Unknown;
        }
        let key = GroupKind { group: group.into(), kind: kind.into() };
        self.custom.get(&key).map_or(Scope::Unknown, |(scope, _)| *scope)
    }

    /// Adds a custom kind with the versions it is served in, as a CustomResourceDefinition declares it.
    pub fn add(&mut self, kind: GroupKind, scope: Scope, versions: Vec<Arc<str>>) {
        self.custom.insert(kind, (scope, versions));
    }

    /// Notes that a cluster serves `group/version/Kind`, of which nobody said the scope.
    pub fn serve(&mut self, text: &str) {
        let mut parts = text.split('/');
        if let (Some(group), Some(version), Some(kind), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        {
            let key = GroupKind { group: group.into(), kind: kind.into() };
            self.custom.entry(key).or_insert((Scope::Unknown, Vec::new())).1.push(version.into());
        }
    }

    /// Every `group/version` and `group/version/Kind` that is served, sorted: Helm's `--api-versions`.
    pub fn api_versions(&self) -> Vec<String> {
        let mut all = std::collections::BTreeSet::new();
        let mut add = |group: &str, kind: &str, version: &str| {
            let group_version =
                if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
            all.insert(format!("{group_version}/{kind}"));
            all.insert(group_version);
        };
        for ((group, kind), built_in) in BUILT_IN.iter() {
            built_in.versions.iter().for_each(|version| add(group, kind, version));
        }
        for (kind, (_, versions)) in &self.custom {
            versions.iter().for_each(|version| add(&kind.group, &kind.kind, version));
        }
        all.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_and_custom() {
        let mut scopes = Scopes::default();
        let widget = GroupKind { group: "example.com".into(), kind: "Widget".into() };
        scopes.add(widget, Scope::Cluster, vec!["v1".into()]);
        for (group, kind, expected) in [
            ("", "Namespace", Scope::Cluster),
            ("", "ConfigMap", Scope::Namespaced),
            ("apps", "Deployment", Scope::Namespaced),
            ("extensions", "Deployment", Scope::Unknown),
            ("policy", "PodSecurityPolicy", Scope::Unknown),
            ("argoproj.io", "Application", Scope::Namespaced),
            ("example.com", "Widget", Scope::Cluster),
            ("example.com", "Gadget", Scope::Unknown),
        ] {
            assert_eq!(scopes.of(group, kind), expected, "{group}/{kind}");
        }
        assert!(scopes.api_versions().contains(&"example.com/v1/Widget".to_owned()));
    }
}
