//! What rules about AppProjects share.

use crate::inventory::{Inventory, OwnedProject};
use crate::model::{Permission, Project};
use crate::yaml::Node;
use hashbrown::HashSet;

/// The projects to judge: a file that Kustomize reads stands for itself too, and counts once; where Kustomize changes it,
/// what comes of it counts.
pub(super) fn judged(inventory: &Inventory) -> Vec<&OwnedProject> {
    let place = |owned: &OwnedProject| (owned.project.manifest.path().clone(), owned.project.name.clone());
    let is_written = |owned: &&OwnedProject| owned.project.manifest.is_written();
    let all = || inventory.projects.iter();
    let written: HashSet<_> = all().filter(is_written).map(place).collect();
    let rendered: HashSet<_> = all().filter(|owned| !is_written(owned)).map(place).collect();
    let changes =
        |owned: &OwnedProject| inventory.kustomizations.changing(owned.project.manifest.path()).is_some();
    let counts = |owned: &&OwnedProject| match is_written(owned) {
        true => !changes(owned) || !rendered.contains(&place(owned)),
        false => changes(owned) || !written.contains(&place(owned)),
    };
    all().filter(counts).collect()
}

/// Whether Applications of a project may deploy into this namespace of the cluster with this address.
pub(super) fn reaches(project: &Project, server: &str, namespace: &str) -> bool {
    project.permits_destination(server, "", namespace) == Permission::Granted
}

/// Whether a project may create every kind that is not in a namespace (`clusterResourceWhitelist`), and nothing is denied.
pub(super) fn all_kinds(project: &Project) -> bool {
    let spec = project.manifest.node().get("spec");
    let list = |key: &str| spec.and_then(|spec| spec.get(key)).into_iter().flat_map(Node::items);
    let is_all = |item: Node<'_>| {
        ["group", "kind"].iter().all(|key| item.get(key).and_then(Node::as_str) == Some("*"))
            && item.get("name").is_none()
    };
    list("clusterResourceWhitelist").any(is_all) && list("clusterResourceBlacklist").next().is_none()
}

/// Whether every destination of a project names its namespaces, by more than `*` or a denial.
pub(super) fn is_narrow(project: &Project) -> bool {
    let open = |namespace: &str| namespace == "*" || namespace.starts_with('!');
    !project.destinations.is_empty() && project.destinations.iter().all(|to| !open(&to.namespace))
}
