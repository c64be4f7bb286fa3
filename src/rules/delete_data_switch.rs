//! BH310. Meaning, rationale and examples: `rules/BH310-delete-data-switch.md`.

use crate::inventory::{App, ResourceId};
use crate::model::holds_data;
use crate::render::Target;
use crate::rules::{Check, Context, Rule};
use crate::yaml::Node;

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH310-delete-data-switch.md"), check: Check::Resource(check) };

/// A field by which an operator deletes data with its object: group, kind (`*` for all), way, and the value that does.
/// `[]` in a way is every item of a list.
const SWITCHES: &[(&str, &str, &[&str], &str)] = &[
    ("kafka.strimzi.io", "Kafka", &["spec", "kafka", "storage", "deleteClaim"], "true"),
    ("kafka.strimzi.io", "Kafka", &["spec", "kafka", "storage", "volumes", "[]", "deleteClaim"], "true"),
    ("kafka.strimzi.io", "Kafka", &["spec", "zookeeper", "storage", "deleteClaim"], "true"),
    ("kafka.strimzi.io", "KafkaNodePool", &["spec", "storage", "deleteClaim"], "true"),
    ("kafka.strimzi.io", "KafkaNodePool", &["spec", "storage", "volumes", "[]", "deleteClaim"], "true"),
    (
        "elasticsearch.k8s.elastic.co",
        "Elasticsearch",
        &["spec", "volumeClaimDeletePolicy"],
        "DeleteOnScaledownAndClusterDeletion",
    ),
    ("operator.victoriametrics.com", "*", &["spec", "removePvcAfterDelete"], "true"),
    ("ceph.rook.io", "CephCluster", &["spec", "cleanupPolicy", "confirmation"], "yes-really-destroy-data"),
    (
        "pxc.percona.com",
        "PerconaXtraDBCluster",
        &["metadata", "finalizers", "[]"],
        "percona.com/delete-pxc-pvc",
    ),
    ("pxc.percona.com", "PerconaXtraDBCluster", &["metadata", "finalizers", "[]"], "delete-pxc-pvc"),
    (
        "psmdb.percona.com",
        "PerconaServerMongoDB",
        &["metadata", "finalizers", "[]"],
        "percona.com/delete-psmdb-pvc",
    ),
    ("psmdb.percona.com", "PerconaServerMongoDB", &["metadata", "finalizers", "[]"], "delete-psmdb-pvc"),
    ("pgv2.percona.com", "PerconaPGCluster", &["metadata", "finalizers", "[]"], "percona.com/delete-pvc"),
];

/// What every resource of Crossplane has, in groups that end like this.
const CROSSPLANE: &[&str] = &[".crossplane.io", ".upbound.io"];

fn check(_: ResourceId, app: &App, target: &Target, cx: &mut Context<'_>) {
    let (group, kind) = (&*target.key.group, &*target.key.kind);
    let own = SWITCHES.iter().filter(|(of, kinds, ..)| *of == group && (*kinds == "*" || *kinds == kind));
    let mut found: Vec<Node<'_>> = Vec::new();
    for (.., way, value) in own {
        at(target.manifest.node(), way, &mut |node| {
            if node.text() == *value {
                found.push(node);
            }
        });
    }
    let is_crossplane = CROSSPLANE.iter().any(|end| group.ends_with(end));
    if is_crossplane && holds_data(group, &target.manifest, &cx.options.stateful) {
        at(target.manifest.node(), &["spec", "deletionPolicy"], &mut |node| {
            if node.text() == "Delete" {
                found.push(node);
            }
        });
    }
    for node in found {
        let message = format!("`{}` is set to take its data along: `{}`", target.key, node.text());
        cx.report(target.manifest.location_of(node), message)
            .about(app, target)
            .because("deleting the object, by a prune, a rename or with its Application, then deletes the volumes or the service behind it as well")
            .help("let the operator keep the data, and delete that by hand when it is meant");
    }
}

fn at<'a>(node: Node<'a>, way: &[&str], visit: &mut dyn FnMut(Node<'a>)) {
    match way {
        [] => visit(node),
        ["[]", rest @ ..] => node.items().for_each(|item| at(item, rest, visit)),
        [key, rest @ ..] => {
            if let Some(value) = node.get(key) {
                at(value, rest, visit);
            }
        }
    }
}
