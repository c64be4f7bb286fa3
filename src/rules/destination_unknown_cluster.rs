//! BH204. Meaning, rationale and examples: `rules/BH204-destination-unknown-cluster.md`.

use super::sets;
use super::{Check, Context, Rule, problems};
use crate::finding::Severity;
use crate::inventory::{Set, SetOutcome};
use crate::model::{Clusters, Destination, IN_CLUSTER, IN_CLUSTER_SERVER, ProblemKind};

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH204-destination-unknown-cluster.md"),
    check: Check::Inventory(check),
};

const LOST: &str = "nothing of it is synced as long as this is so, and when the Application is deleted meanwhile, what it deployed stays for ever";

/// What people write for the address of the local cluster; Argo CD compares it as text.
const LOCAL: &[&str] = &[
    "kubernetes.default.svc",
    "kubernetes.default",
    "kubernetes.default.svc.cluster.local",
    "kubernetes.svc",
    "kubernetes",
    "kubernetes.svc.default",
];

/// Why a destination names no cluster, as far as that can be told.
struct Wrong {
    message: String,
    help: String,
    /// A cluster of exactly this name or address might be known to Argo CD all the same.
    perhaps: bool,
}

fn check(cx: &mut Context<'_>) {
    problems::report(cx, ProblemKind::DestinationUnknown);
    let inventory = cx.inventory;
    for app in inventory.applications.iter().filter(|app| sets::is_judged_itself(app)) {
        let Some(wrong) = wrong(&app.application.spec.destination, &inventory.clusters) else { continue };
        let report = cx
            .report_app(app, &["spec", "destination"], wrong.message)
            .application(app)
            .because(LOST)
            .help(wrong.help);
        if wrong.perhaps {
            report.at_most(Severity::Warning);
        }
    }
    for set in sets::judged(inventory) {
        template(set, cx);
    }
}

/// A template whose destination is no cluster, for some of its Applications where these are known; else where it is
/// written out.
fn template(set: &Set, cx: &mut Context<'_>) {
    let clusters = &cx.inventory.clusters;
    let fault = |to: &Destination| missing(to, clusters).or_else(|| wrong(to, clusters));
    let (wrong, names) = match set.outcome {
        SetOutcome::Generated => {
            let found: Vec<_> = set
                .members
                .iter()
                .filter_map(|member| Some((member, fault(&sets::destination_of(member))?)))
                .collect();
            let names: Vec<&str> = found.iter().map(|(member, _)| &*member.name).collect();
            let names = if names.len() < set.members.len() {
                format!(": {}", sets::listed(&names))
            } else {
                String::new()
            };
            let Some((_, wrong)) = found.into_iter().next() else { return };
            (wrong, names)
        }
        SetOutcome::Refused | SetOutcome::Failed(_) | SetOutcome::Unknown => {
            let written = |to: &Destination| !to.name.contains("{{") && !to.server.contains("{{");
            let Some(wrong) = sets::destination(set).filter(written).as_ref().and_then(fault) else { return };
            (wrong, String::new())
        }
    };
    if sets::may_be_patched(cx.inventory, set, &["destination", "server"]) {
        return;
    }
    let place = set.manifest.location_at(&["spec", "template", "spec", "destination"]);
    let report = cx.report_set(set, place, wrong.message + &names).because(LOST).help(wrong.help);
    if wrong.perhaps {
        report.at_most(Severity::Warning);
    }
}

/// A cluster that is not among those that are known, where these are all.
fn missing(destination: &Destination, clusters: &Clusters) -> Option<Wrong> {
    let cluster = clusters.identity(destination).ok()?;
    if !clusters.complete || *cluster == *IN_CLUSTER || clusters.find(&cluster).is_some() {
        return None;
    }
    let help = match clusters.nearest(&cluster) {
        Some(near) => format!("write `{near}`, or add the cluster to those that are known"),
        None => "correct it, or add the cluster to those that are known".to_owned(),
    };
    Some(Wrong { message: format!("there is no cluster `{cluster}`"), help, perhaps: false })
}

/// What is wrong with a destination although there may be clusters that are not known.
fn wrong(destination: &Destination, clusters: &Clusters) -> Option<Wrong> {
    destination.checked().ok()?;
    if clusters.complete {
        return None; // Then it is known whether there is such a cluster.
    }
    let (name, server) = (destination.name.as_str(), destination.server.trim_end_matches('/'));
    let known = |text: &str| clusters.find(text);
    if !name.is_empty() {
        let swapped = known(name).filter(|cluster| cluster.name != name);
        let slip = || name != IN_CLUSTER && squeezed(name) == squeezed(IN_CLUSTER);
        return match swapped {
            Some(cluster) => Some(Wrong {
                message: format!("`{name}` is the address of a cluster, and stands as its name"),
                help: format!("write `name: {}` or `server: {name}`", cluster.name),
                perhaps: false,
            }),
            None if known(name).is_none() && slip() => Some(Wrong {
                message: format!(
                    "there is hardly a cluster `{name}`: the local one is called `{IN_CLUSTER}`"
                ),
                help: format!("write `name: {IN_CLUSTER}`"),
                perhaps: true,
            }),
            None => None,
        };
    }
    if known(server).is_some_and(|cluster| cluster.name == server && cluster.server != server)
        || server == IN_CLUSTER
    {
        return Some(Wrong {
            message: format!("`{server}` is the name of a cluster, and stands as its address"),
            help: format!("write `name: {server}`"),
            perhaps: false,
        });
    }
    let (scheme, host) = server.split_once("://").unwrap_or(("", server));
    let host = host.strip_suffix(":443").unwrap_or(host).to_ascii_lowercase();
    let is_local = matches!(scheme, "" | "http" | "https") && LOCAL.contains(&host.as_str());
    (is_local && server != IN_CLUSTER_SERVER && known(server).is_none()).then(|| Wrong {
        message: format!("`{server}` is not how Argo CD calls the local cluster"),
        help: format!("write `server: {IN_CLUSTER_SERVER}`: addresses are compared as text"),
        perhaps: true,
    })
}

/// Letters only, in lower case.
fn squeezed(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Tree;
    use crate::inventory::{self, Inventory};
    use crate::model::Cluster;
    use crate::render::Documents;
    use crate::rules;
    use std::sync::Arc;

    #[test]
    fn destinations_that_cannot_be() {
        let prod =
            Cluster { name: "prod".into(), server: "https://prod.example".into(), ..Cluster::default() };
        let clusters = Clusters::new(vec![prod], false);
        for (name, server, expected) in [
            ("in-cluster", "", None),
            ("", IN_CLUSTER_SERVER, None),
            ("", "https://kubernetes.default.svc/", None),
            ("prod", "", None),
            ("", "https://prod.example/", None),
            ("prod-2", "", None),
            ("", "https://other.example", None),
            ("", "10.0.0.1:6443", None),
            ("cluster-in", "", None),
            ("incluster", "", Some(true)),
            ("In_Cluster", "", Some(true)),
            ("", "in-cluster", Some(false)),
            ("", "prod", Some(false)),
            ("https://prod.example", "", Some(false)),
            ("", "http://kubernetes.default.svc", Some(true)),
            ("", "https://kubernetes.default.svc.cluster.local", Some(true)),
            ("", "https://kubernetes.default.svc:443", Some(true)),
            ("", "kubernetes.default.svc", Some(true)),
            ("a", "b", None),
        ] {
            let destination =
                Destination { name: name.into(), server: server.into(), namespace: String::new() };
            let found = wrong(&destination, &clusters).map(|wrong| wrong.perhaps);
            assert_eq!(found, expected, "{name} {server}");
        }
    }

    #[test]
    fn all_clusters_are_known() {
        let text = |kind: &str, destination: &str| {
            let spec = format!(
                "{{project: p, source: {{repoURL: https://git.example/r.git, path: x}}, destination: {destination}}}"
            );
            let spec = match kind {
                "Application" => spec,
                _ => format!(
                    "{{generators: [{{list: {{elements: [{{a: b}}]}}}}], template: {{metadata: {{name: s}}, spec: {spec}}}}}"
                ),
            };
            format!(
                "apiVersion: argoproj.io/v1alpha1\nkind: {kind}\nmetadata: {{name: a, namespace: argocd}}\nspec: {spec}\n"
            )
        };
        for (destination, expected) in [
            ("{name: prod}", None),
            ("{server: 'https://prod.example/'}", None),
            ("{name: in-cluster}", None),
            ("{name: prot}", Some("write `prod`, or add the cluster to those that are known")),
            (
                "{server: 'https://far.example'}",
                Some("correct it, or add the cluster to those that are known"),
            ),
        ] {
            for kind in ["Application", "ApplicationSet"] {
                let text = text(kind, destination);
                let tree = Tree::memory([("a.yaml", text.as_bytes())]);
                let prod = Cluster {
                    name: "prod".into(),
                    server: "https://prod.example".into(),
                    ..Cluster::default()
                };
                let inventory = Inventory::load(&inventory::Options {
                    clusters: Clusters::new(vec![prod], true),
                    ..inventory::Options::new(Arc::new(Documents::new(Arc::new(tree))))
                });
                let only = rules::Options { only: Some(vec!["BH204"]), ..rules::Options::default() };
                let found = rules::judge(&inventory, &only);
                let help: Vec<&str> = found.iter().map(|finding| finding.help.as_str()).collect();
                assert_eq!(help, Vec::from_iter(expected), "{kind} {destination}");
            }
        }
    }
}
