//! How bad it is what a merge does to an object.

use super::Outcome;
use super::compare::Stop;
use super::same::same;
use super::world::{ControlId, End, Thing, ThingId, World};
use crate::model::{GroupKind, holds_data};
use serde::Serialize;

/// How bad it is. `Ord`: worse is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Danger {
    /// Nothing happens.
    None,
    /// Something changes.
    Change,
    /// Something does not come into being.
    Blocked,
    /// Something stays that nobody owns.
    Orphan,
    /// Something that runs, or that others need, stops.
    Outage,
    /// Data is gone.
    DataLoss,
}

/// Kinds whose end stops something: workloads, what leads to them, and what they may do.
const SERVING: &[(&str, &[&str])] = &[
    ("apps", &["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"]),
    ("batch", &["CronJob", "Job"]),
    ("", &["Pod", "ReplicationController", "Service", "ServiceAccount", "Endpoints"]),
    ("networking.k8s.io", &["Ingress", "IngressClass"]),
    (
        "gateway.networking.k8s.io",
        &["Gateway", "GatewayClass", "GRPCRoute", "HTTPRoute", "TCPRoute", "TLSRoute", "UDPRoute"],
    ),
    ("rbac.authorization.k8s.io", &["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"]),
    ("apiextensions.k8s.io", &["CustomResourceDefinition"]),
    ("argoproj.io", &["ApplicationSet", "AppProject"]),
];

/// What hangs on an object, beside itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Around {
    /// Data goes with it.
    pub data: bool,
    /// Something that runs goes with it.
    pub serving: bool,
    /// Objects of head still refer to it.
    pub referred: bool,
}

/// The danger of one row.
pub(super) fn danger(
    world: &World<'_>,
    id: ThingId,
    outcome: Outcome,
    around: Around,
    stateful: &[GroupKind],
) -> Danger {
    let thing = &world.things[id];
    match outcome {
        Outcome::Unchanged if waits(world, id) => Danger::Blocked,
        Outcome::Unchanged | Outcome::Unknown => Danger::None,
        Outcome::Created | Outcome::Updated | Outcome::Adopted | Outcome::Kept => Danger::Change,
        Outcome::Orphaned => Danger::Orphan,
        Outcome::Blocked => Danger::Blocked,
        Outcome::Recreated if runs_to_its_end(thing) && !around.data => Danger::Change,
        Outcome::Pruned | Outcome::Cascaded | Outcome::Recreated => lost(thing, around, stateful),
        Outcome::Stuck => lost(thing, around, stateful).max(Danger::Blocked),
    }
}

/// Whether head changes an object and the change does not come through: its sync fails.
fn waits(world: &World<'_>, id: ThingId) -> bool {
    let thing = &world.things[id];
    let fails = |control: &ControlId| {
        matches!(
            world.controls[*control].stop,
            Some(Stop::Refused(..) | Stop::Apply(..) | Stop::Confirm(_) | Stop::Waits(_))
        )
    };
    let (Some(base), Some(head)) = (thing.base, thing.head) else { return false };
    thing.head_apps.iter().any(fails) && !same(base, head, world.comparing(thing.instance))
}

/// Whether nobody waits for what an object runs: when it is made anew it runs again, as is mostly meant.
fn runs_to_its_end(thing: &Thing<'_>) -> bool {
    thing.key.is("batch", "Job") || thing.key.is("batch", "CronJob")
}

fn lost(thing: &Thing<'_>, around: Around, stateful: &[GroupKind]) -> Danger {
    if matches!(thing.end, Some(End::Hook(_))) {
        return Danger::Change;
    }
    let key = &thing.key;
    let manifest = thing.base.or(thing.head);
    let claim = key.is("", "PersistentVolumeClaim");
    if around.data || claim || manifest.is_some_and(|manifest| holds_data(&key.group, manifest, stateful)) {
        return Danger::DataLoss;
    }
    let serves = SERVING.iter().any(|(group, kinds)| *group == &*key.group && kinds.contains(&&*key.kind));
    // What an Application takes along is not always known.
    let cascades = key.is("argoproj.io", "Application")
        && manifest.is_some_and(|manifest| {
            let list = manifest.node().at(&["metadata", "finalizers"]);
            list.is_some_and(|list| list.items().any(|item| item.as_str().is_some_and(takes_along)))
        });
    if serves || cascades || around.serving || around.referred { Danger::Outage } else { Danger::Change }
}

fn takes_along(finalizer: &str) -> bool {
    finalizer.split('/').next() == Some("resources-finalizer.argocd.argoproj.io")
}
