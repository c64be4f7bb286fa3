//! The clusters generator (`applicationset/generators/cluster.go`).

use serde_json::Value as Json;

use super::{By, Context, Params, Produced};
use crate::appset::fail::{Fail, Lack};
use crate::appset::functions::normalize;
use crate::appset::selector::Selector;
use crate::appset::world::{Cluster, IN_CLUSTER, IN_CLUSTER_SERVER};
use crate::gotemplate::{Elem, List, Map, Value};

const SECRET_TYPE: (&str, &str) = ("argocd.argoproj.io/secret-type", "cluster");

/// Annotations that Argo CD and kubectl write for themselves are no parameters.
const OWN_ANNOTATIONS: [&str; 5] = [
    "argocd.argoproj.io/refresh",
    "argocd.argoproj.io/hydrate",
    "argocd.argoproj.io/tracking-id",
    "argocd.argoproj.io/installation-id",
    "kubectl.kubernetes.io/last-applied-configuration",
];

impl Context<'_> {
    pub(super) fn clusters(&self, generator: &Json, path: &str) -> Result<Vec<Params>, Fail> {
        let mut selector = generator["selector"].clone();
        if let Some(labels) = selector["matchLabels"].as_object_mut() {
            labels.remove(SECRET_TYPE.0);
        }
        let selector = Selector::parse(&selector, true)?;
        if !self.world.clusters_complete {
            return Err(Fail::unknown(
                Lack::Clusters,
                "the list of clusters is open: there may be others".to_owned(),
            ));
        }
        let produced = |name: &str| Produced { generator: path.to_owned(), by: By::Cluster(name.to_owned()) };
        let mut found = Vec::new();
        let mut has_local = false;
        for cluster in self.world.clusters_by_name() {
            let mut labels = cluster.labels.clone();
            labels.insert(SECRET_TYPE.0.to_owned(), SECRET_TYPE.1.to_owned());
            if !selector.matches(&labels) {
                continue;
            }
            if cluster.server.is_empty() {
                let reason = format!("the address of cluster `{}` is not known", cluster.name);
                return Err(Fail::unknown(Lack::Clusters, reason));
            }
            has_local |= cluster.server == IN_CLUSTER_SERVER;
            let values = self.cluster_parameters(cluster, &labels);
            self.append_values(generator, &values)?;
            found.push(Params { values, origin: vec![produced(&cluster.name)] });
        }
        if Selector::is_empty(&generator["selector"]) && !has_local {
            let values = Map::new();
            for (key, value) in [
                ("name", IN_CLUSTER),
                ("nameNormalized", IN_CLUSTER),
                ("server", IN_CLUSTER_SERVER),
                ("project", ""),
            ] {
                values.insert_str(key, Value::text(value));
            }
            self.append_values(generator, &values)?;
            found.push(Params { values, origin: vec![produced(IN_CLUSTER)] });
        }
        if generator["flatList"].as_bool() != Some(true) {
            return Ok(found);
        }
        let all = found.into_iter().map(|one| Value::Map(one.values)).collect();
        let values = Map::new();
        values.insert_str("clusters", Value::List(List::new(Elem::AnyMap, all)));
        let origin = vec![Produced { generator: path.to_owned(), by: By::Clusters }];
        Ok(vec![Params { values, origin }])
    }

    fn cluster_parameters(
        &self,
        cluster: &Cluster,
        labels: &std::collections::BTreeMap<String, String>,
    ) -> Map {
        let params = Map::new();
        params.insert_str("name", Value::text(&cluster.name));
        params.insert_str("nameNormalized", Value::text(normalize(&cluster.name)));
        params.insert_str("server", Value::text(&cluster.server));
        params.insert_str("project", Value::text(cluster.project.as_deref().unwrap_or_default()));
        let annotations =
            || cluster.annotations.iter().filter(|(key, _)| !OWN_ANNOTATIONS.contains(&key.as_str()));
        if !self.engine.is_go() {
            for (key, value) in labels {
                params.insert_str(&format!("metadata.labels.{key}"), Value::text(value));
            }
            for (key, value) in annotations() {
                params.insert_str(&format!("metadata.annotations.{key}"), Value::text(value));
            }
            return params;
        }
        let metadata = Map::new();
        let of_labels = Map::of_strings();
        labels.iter().for_each(|(key, value)| of_labels.insert_str(key, Value::text(value)));
        metadata.insert_str("labels", Value::Map(of_labels));
        if !cluster.annotations.is_empty() {
            let of_annotations = Map::of_strings();
            annotations().for_each(|(key, value)| of_annotations.insert_str(key, Value::text(value)));
            metadata.insert_str("annotations", Value::Map(of_annotations));
        }
        params.insert_str("metadata", Value::Map(metadata));
        params
    }
}
