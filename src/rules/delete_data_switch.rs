//! BH308. Meaning, rationale and examples: `rules/BH308-delete-data-switch.md`.

use super::options::edit_node;
use super::{Check, Context, Rule};
use crate::finding::FixKind;
use crate::inventory::{App, ResourceId};
use crate::model::{GroupKind, Manifest, ResourceKey, holds_data};
use crate::render::Target;
use crate::yaml::{Entry, Node};
use serde_json::{Value, json};

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH308-delete-data-switch.md"), check: Check::Resource(check) };

/// A field by which an operator is told to delete data.
struct Switch {
    /// How the API group ends.
    group: &'static str,
    /// The name of the field, anywhere below `spec`.
    field: &'static str,
    /// The values that delete, as text.
    values: &'static [&'static str],
    /// What to write in place of them; `null` where nobody can say.
    instead: fn() -> Value,
}

const SWITCHES: &[Switch] = &[
    Switch { group: "kafka.strimzi.io", field: "deleteClaim", values: &["true"], instead: || json!(false) },
    Switch {
        group: ".crossplane.io",
        field: "deletionPolicy",
        values: &["Delete"],
        instead: || json!("Orphan"),
    },
    Switch {
        group: ".upbound.io",
        field: "deletionPolicy",
        values: &["Delete"],
        instead: || json!("Orphan"),
    },
    Switch {
        group: "elasticsearch.k8s.elastic.co",
        field: "volumeClaimDeletePolicy",
        values: &["DeleteOnScaledownAndClusterDeletion"],
        instead: || json!("DeleteOnScaledownOnly"),
    },
    Switch {
        group: "operator.victoriametrics.com",
        field: "removePvcAfterDelete",
        values: &["true"],
        instead: || json!(false),
    },
    Switch {
        group: "pingcap.com",
        field: "pvReclaimPolicy",
        values: &["Delete"],
        instead: || json!("Retain"),
    },
    Switch {
        group: "kubedb.com",
        field: "terminationPolicy",
        values: KUBEDB,
        instead: || json!("DoNotTerminate"),
    },
    Switch {
        group: "kubedb.com",
        field: "deletionPolicy",
        values: KUBEDB,
        instead: || json!("DoNotTerminate"),
    },
    Switch {
        group: "apps.kubeblocks.io",
        field: "terminationPolicy",
        values: KUBEDB,
        instead: || json!("DoNotTerminate"),
    },
    Switch {
        group: "ceph.rook.io",
        field: "confirmation",
        values: &["yes-really-destroy-data"],
        instead: || json!(""),
    },
];

const KUBEDB: &[&str] = &["Delete", "WipeOut"];

fn check(_: ResourceId, app: &App, target: &Target, cx: &mut Context<'_>) {
    if target.key.group.is_empty() || target.key.is("apps", "StatefulSet") {
        return;
    }
    for switch in
        SWITCHES.iter().filter(|switch| concerns(switch, &target.key, &target.manifest, &cx.options.stateful))
    {
        let spec = target.manifest.node().get("spec");
        let fields: Vec<Entry<'_>> =
            spec.into_iter().flat_map(Node::subtree).flat_map(Node::entries).collect();
        for entry in fields.iter().filter(|entry| is_on(switch, entry)) {
            let (field, value) = (switch.field, entry.value.text());
            let instead = (switch.instead)();
            let fix = edit_node(&target.manifest, entry.value, &instead, cx.inventory);
            let place = target.manifest.locate(entry.span());
            cx.report(place, format!("`{}` deletes its data when it goes: `{field}: {value}`", target.key))
                .about(app, target)
                .because("whatever removes the object, a lost line or a renamed Application, then removes the data too, past every reclaim policy")
                .help(format!("write `{field}: {instead}`, merge it, and wait for the sync before anything removes the object"))
                .fix(FixKind::Safe, fix);
        }
    }
    finalizers(app, target, cx);
}

/// Whether a switch is one of this kind; kinds of cloud services only where they hold data.
fn concerns(switch: &Switch, key: &ResourceKey, manifest: &Manifest, stateful: &[GroupKind]) -> bool {
    match switch.group.starts_with('.') {
        true => key.group.ends_with(switch.group) && holds_data(&key.group, manifest, stateful),
        false => *key.group == *switch.group,
    }
}

fn is_on(switch: &Switch, entry: &Entry<'_>) -> bool {
    *entry.key == *switch.field && !entry.value.is_map() && switch.values.contains(&entry.value.text())
}

/// Percona's operators delete claims for a finalizer of the object.
fn finalizers(app: &App, target: &Target, cx: &mut Context<'_>) {
    if !target.key.group.ends_with("percona.com") {
        return;
    }
    let list = target.manifest.node().at(&["metadata", "finalizers"]);
    let deletes = |name: &str| name.contains("delete-") && name.ends_with("-pvc");
    let Some(item) = list.into_iter().flat_map(Node::items).find(|item| item.as_str().is_some_and(deletes))
    else {
        return;
    };
    let message = format!("`{}` deletes its data when it goes: finalizer `{}`", target.key, item.text());
    cx.report(target.manifest.location_of(item), message)
        .about(app, target)
        .because("the operator deletes the claims before it takes this finalizer off")
        .help("take the finalizer out, merge it, and wait for the sync before anything removes the object");
}
