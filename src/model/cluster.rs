use super::application::{Destination, DestinationError};
use crate::yaml;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Name of the cluster that Argo CD runs in.
pub const IN_CLUSTER: &str = "in-cluster";
/// Its API server, as Applications write it.
pub const IN_CLUSTER_SERVER: &str = "https://kubernetes.default.svc";

/// The Kubernetes version that is assumed where nobody says.
pub const DEFAULT_KUBERNETES: &str = "1.36.1";

/// One destination cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// Its API server; may be empty.
    pub server: String,
    /// Other addresses of the same cluster.
    pub servers: Vec<String>,
    /// Kubernetes version; empty is the default.
    pub kubernetes: String,
    /// What templates may know beyond the built-in table: `group/version/Kind`.
    #[serde(rename = "apiVersions")]
    pub api_versions: Vec<String>,
    /// Labels of its Secret.
    pub labels: BTreeMap<String, String>,
    /// Annotations of its Secret.
    pub annotations: BTreeMap<String, String>,
    /// Project it belongs to.
    pub project: String,
    /// Name of its Secret.
    pub secret: String,
}

/// The clusters that are known, and whether there are others.
#[derive(Clone, Debug, Default)]
pub struct Clusters {
    list: Vec<Cluster>,
    /// No others exist.
    pub complete: bool,
}

impl Clusters {
    /// These clusters; `complete` when there are no others.
    pub fn new(list: Vec<Cluster>, complete: bool) -> Self {
        Self { list, complete }
    }

    /// The clusters that somebody named.
    pub fn iter(&self) -> impl Iterator<Item = &Cluster> {
        self.list.iter()
    }

    /// Adds a cluster as its Secret describes it. Of one that is listed under that name already, by hand or by the same
    /// Secret, what the Secret says comes first; the fields on which both speak and differ are told.
    pub fn add(&mut self, secret: Cluster) -> Vec<&'static str> {
        let same = |known: &&mut Cluster| {
            known.name == secret.name && (known.secret.is_empty() || known.secret == secret.secret)
        };
        let Some(known) = self.list.iter_mut().find(same) else {
            self.list.push(secret);
            return Vec::new();
        };
        let mut differ = Vec::new();
        let mut text = |field: &'static str, own: &mut String, new: String| {
            if !own.is_empty() && !new.is_empty() && *own != new {
                differ.push(field);
            }
            if !new.is_empty() {
                *own = new;
            }
        };
        text("server", &mut known.server, secret.server);
        text("project", &mut known.project, secret.project);
        text("secret", &mut known.secret, secret.secret);
        for (field, own, new) in [
            ("labels", &mut known.labels, secret.labels),
            ("annotations", &mut known.annotations, secret.annotations),
        ] {
            if own.iter().any(|(key, value)| new.get(key) != Some(value)) {
                differ.push(field);
            }
            *own = new;
        }
        differ
    }

    /// The cluster with this name or address.
    pub fn find(&self, name_or_server: &str) -> Option<&Cluster> {
        let server = name_or_server.trim_end_matches('/');
        self.list
            .iter()
            .find(|cluster| cluster.name == name_or_server)
            .or_else(|| self.list.iter().find(|cluster| cluster.has_server(server)))
    }

    /// The name or address of a known cluster, the local one among them, that this one was probably meant to be.
    pub fn nearest(&self, name_or_server: &str) -> Option<&str> {
        let local = if name_or_server.contains("://") { IN_CLUSTER_SERVER } else { IN_CLUSTER };
        let own = self.list.iter().map(|cluster| match name_or_server.contains("://") {
            true => cluster.server.as_str(),
            false => cluster.name.as_str(),
        });
        let known: Vec<&str> = own.filter(|known| !known.is_empty()).chain([local]).collect();
        yaml::nearest(name_or_server, &known)
            .filter(|near| strsim::damerau_levenshtein(near, name_or_server) <= 2)
    }

    /// One identity for a destination, by which objects of one cluster meet: the name of a known cluster,
    /// `in-cluster`, else the name or server as written (without trailing slashes).
    ///
    /// `Err` where the destination names none. Follows `GetDestinationServer` in `util/argo/argo.go`.
    pub fn identity(&self, destination: &Destination) -> Result<Arc<str>, DestinationError> {
        destination.checked()?;
        if !destination.name.is_empty() {
            return Ok(self.by_name(&destination.name));
        }
        let server = destination.server.trim_end_matches('/');
        if let Some(cluster) = self.list.iter().find(|cluster| cluster.has_server(server)) {
            return Ok(cluster.identity());
        }
        Ok(if server == IN_CLUSTER_SERVER { IN_CLUSTER.into() } else { server.into() })
    }

    fn by_name(&self, name: &str) -> Arc<str> {
        match self.list.iter().find(|cluster| cluster.name == name) {
            Some(cluster) => cluster.identity(),
            None => name.into(),
        }
    }
}

impl Cluster {
    fn has_server(&self, server: &str) -> bool {
        let same = |own: &String| !own.is_empty() && own.trim_end_matches('/') == server;
        same(&self.server) || self.servers.iter().any(same)
    }

    /// A Secret may give the local cluster another name; it stays the local one.
    fn identity(&self) -> Arc<str> {
        if self.has_server(IN_CLUSTER_SERVER) { IN_CLUSTER.into() } else { self.name.as_str().into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_come_first() {
        let labels = |value: &str| BTreeMap::from([("env".to_owned(), value.to_owned())]);
        let cluster = |server: &str, secret: &str, env: &str| Cluster {
            name: "prod".into(),
            server: server.into(),
            secret: secret.into(),
            labels: labels(env),
            ..Cluster::default()
        };
        let listed = Cluster { kubernetes: "1.30".into(), ..cluster("https://old.example", "", "test") };
        let mut clusters = Clusters::new(vec![listed], true);
        let differ = clusters.add(cluster("https://prod.example", "a", "prod"));
        assert_eq!(differ, ["server", "labels"]);
        let known = clusters.find("prod").expect("it is listed");
        assert_eq!((known.kubernetes.as_str(), known.server.as_str()), ("1.30", "https://prod.example"));
        assert_eq!(known.labels, labels("prod"));
        assert!(clusters.add(cluster("https://other.example", "b", "prod")).is_empty());
        assert_eq!(clusters.iter().count(), 2, "two Secrets of one name stay two");
    }

    #[test]
    fn one_identity() {
        let clusters = Clusters::new(
            vec![
                Cluster { name: "prod".into(), server: "https://prod.example/".into(), ..Cluster::default() },
                Cluster { name: "home".into(), server: IN_CLUSTER_SERVER.into(), ..Cluster::default() },
            ],
            false,
        );
        for (name, server, expected) in [
            ("prod", "", Ok("prod")),
            ("", "https://prod.example", Ok("prod")),
            ("", "https://prod.example//", Ok("prod")),
            ("", IN_CLUSTER_SERVER, Ok("in-cluster")),
            ("in-cluster", "", Ok("in-cluster")),
            ("home", "", Ok("in-cluster")),
            ("other", "", Ok("other")),
            ("", "https://other.example/", Ok("https://other.example")),
            ("", "", Err(DestinationError::Neither)),
            ("a", "b", Err(DestinationError::Both)),
        ] {
            let destination =
                Destination { name: name.into(), server: server.into(), namespace: String::new() };
            let identity = clusters.identity(&destination);
            assert_eq!(identity.as_deref(), expected.as_ref().map(|name| *name), "{name} {server}");
        }
    }
}
