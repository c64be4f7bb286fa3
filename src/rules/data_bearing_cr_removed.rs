//! BH436. Meaning, rationale and examples: `rules/BH436-data-bearing-cr-removed.md`.

use super::change::{Fate, protect_first};
use super::{Change, Check, Context, Rule};
use crate::finding::Severity;
use crate::forecast::{Outcome, Row};
use crate::model::{ResourceKey, holds_data};

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH436-data-bearing-cr-removed.md"), check: Check::Change(check) };

/// How the API group of a kind ends, and what its operator does when the object goes, by default.
const OPERATORS: &[(&str, &str, &str)] = &[
    ("postgresql.cnpg.io", "Cluster", "CloudNativePG deletes its claims with it"),
    (
        "elasticsearch.k8s.elastic.co",
        "Elasticsearch",
        "ECK deletes its claims with it, unless `volumeClaimDeletePolicy` says otherwise",
    ),
    ("rabbitmq.com", "RabbitmqCluster", "the operator deletes its claims with it"),
    (
        "postgres-operator.crunchydata.com",
        "PostgresCluster",
        "the operator deletes its claims with it, backups among them",
    ),
    ("kafka.strimzi.io", "KafkaTopic", "the operator deletes the topic and every message in it"),
    ("kafka.strimzi.io", "Kafka", "the claims stay unless `deleteClaim` is set, but every broker goes"),
    ("cluster.x-k8s.io", "Cluster", "Cluster API deletes the machines, control plane included"),
    ("cdi.kubevirt.io", "DataVolume", "its claim goes with it"),
    (
        ".crossplane.io",
        "",
        "Crossplane deletes the real thing at the provider, unless `deletionPolicy` says `Orphan`",
    ),
    (
        ".upbound.io",
        "",
        "Crossplane deletes the real thing at the provider, unless `deletionPolicy` says `Orphan`",
    ),
    (
        ".services.k8s.aws",
        "",
        "the controller deletes the real thing in AWS, unless `services.k8s.aws/deletion-policy` says `retain`",
    ),
    (
        ".cnrm.cloud.google.com",
        "",
        "Config Connector deletes the real thing, unless `cnrm.cloud.google.com/deletion-policy` says `abandon`",
    ),
];

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    for row in &change.forecast.rows {
        let Some(manifest) = &row.base else { continue };
        let core = row.key.group.is_empty() || row.key.is("apps", "StatefulSet");
        if core || !holds_data(&row.key.group, manifest, &cx.options.stateful) {
            continue;
        }
        let fate = change.fate(row);
        let by_hand = fate == Some(Fate::ByHand);
        let told = change.is_moved(row) || change.is_renamed(row);
        if (fate == Some(Fate::Pruned) || by_hand) && !told {
            tell(cx, row, by_hand);
        }
    }
}

fn tell(cx: &mut Context<'_>, row: &Row, by_hand: bool) {
    let when = match row.outcome {
        _ if by_hand => "is deleted by the next sync with prune",
        Outcome::Stuck => "is deleted as soon as nothing holds it",
        _ => "is deleted",
    };
    let report = cx
        .report_row(row, format!("`{}` {when}, and the {} it stands for", row.key, stands_for(&row.key)))
        .because(operator(&row.key))
        .help(format!("in two merges: (1) {}; switch on what makes its operator keep the data, and back it up; (2) merge this change, by which it then stays until you delete it by hand", protect_first(row)));
    if by_hand {
        report.at_most(Severity::Warning);
    }
}

fn stands_for(key: &ResourceKey) -> &'static str {
    match &*key.kind {
        "KafkaTopic" => "topic",
        "Queue" | "Stream" => "queue",
        "Bucket" | "StorageBucket" | "ObjectBucketClaim" | "ObjectStore" | "CouchbaseBucket" => "bucket",
        "VirtualMachine" => "machine",
        "DataVolume" | "Volume" | "FileSystem" => "disk",
        "Cluster" if &*key.group == "cluster.x-k8s.io" => "cluster",
        _ if &*key.group == "ceph.rook.io" || &*key.group == "minio.min.io" => "storage",
        _ => "database",
    }
}

fn operator(key: &ResourceKey) -> String {
    let known = OPERATORS.iter().find(|(group, kind, _)| {
        let of_group =
            if group.starts_with('.') { key.group.ends_with(group) } else { *key.group == **group };
        of_group && (kind.is_empty() || *key.kind == **kind)
    });
    match known {
        Some((_, _, does)) => format!("it left git, and {does}"),
        None => "it left git, and its operator tears down what it stands for; what becomes of the data is up to that operator".to_owned(),
    }
}
