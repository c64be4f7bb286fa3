//! BH311. Meaning, rationale and examples: `rules/BH311-reclaim-delete.md`.

use crate::inventory::{App, ResourceId};
use crate::render::Target;
use crate::rules::{Check, Context, Rule};
use crate::yaml::Node;
use hashbrown::HashMap;
use std::sync::Arc;

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH311-reclaim-delete.md"), check: Check::Inventory(check) };

/// Instance, cluster and name of a storage class.
type Class = (usize, Arc<str>, String);

fn check(cx: &mut Context<'_>) {
    let inventory = cx.inventory;
    let mut classes: HashMap<Class, Vec<ResourceId>> = HashMap::new();
    for id in inventory.resources() {
        let (app, target) = (inventory.app(id), inventory.target(id));
        for class in used(target) {
            classes.entry((app.instance, Arc::clone(&app.cluster), class)).or_default().push(id);
        }
    }
    for id in inventory.resources() {
        let (app, target) = (inventory.app(id), inventory.target(id));
        if target.key.is("storage.k8s.io", "StorageClass") {
            let class = (app.instance, Arc::clone(&app.cluster), target.key.name.to_string());
            if let Some(users) = classes.get(&class) {
                class_of(app, target, users, cx);
            }
        }
    }
}

/// The storage classes that an object names for its claims.
fn used(target: &Target) -> Vec<String> {
    let spec = target.manifest.node().get("spec");
    let class = |spec: Node<'_>| spec.get("storageClassName")?.as_str().map(str::to_owned);
    match &*target.key.kind {
        "PersistentVolumeClaim" if target.key.group.is_empty() => spec.and_then(class).into_iter().collect(),
        "StatefulSet" if *target.key.group == *"apps" => {
            let templates = spec.and_then(|spec| spec.get("volumeClaimTemplates")).into_iter();
            let specs = templates.flat_map(Node::items).filter_map(|template| template.get("spec"));
            specs.filter_map(class).collect()
        }
        _ => Vec::new(),
    }
}

fn class_of(app: &App, target: &Target, users: &[ResourceId], cx: &mut Context<'_>) {
    let policy = target.manifest.node().get("reclaimPolicy");
    let word = match policy.map(|policy| policy.text()) {
        None | Some("") => "is not set, which means `Delete`",
        Some("Delete") => "is `Delete`",
        Some(_) => return,
    };
    let inventory = cx.inventory;
    let Some(first) = users.first() else { return };
    let (user, key) = (inventory.target(*first), inventory.target(*first).key.clone());
    let more = match users.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let message =
        format!("the reclaim policy of `{}` {word}, and `{key}`{more} keeps data on it", target.key);
    cx.report(target.manifest.location_at(&["reclaimPolicy"]), message)
        .about(app, target)
        .see(user.manifest.location(), "keeps data on it")
        .because("with the claim the volume goes, at once and for good; with `Retain` it can be bound again")
        .help("make a class with `reclaimPolicy: Retain` for what must last: a class cannot be changed, and volumes that exist need a patch");
}
