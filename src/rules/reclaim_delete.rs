//! BH306. Meaning, rationale and examples: `rules/BH306-reclaim-delete.md`.

use super::volumes::{Policies, Reclaim, uses};
use super::{Check, Context, Rule};
use crate::inventory::{Inventory, ResourceId};
use hashbrown::HashMap;

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH306-reclaim-delete.md"), check: Check::Inventory(check) };

fn check(cx: &mut Context<'_>) {
    let inventory = cx.inventory;
    let policies = Policies::new(inventory);
    let mut claims: HashMap<ResourceId, Vec<ResourceId>> = HashMap::new();
    for id in inventory.resources().filter(|_| policies.has_classes()) {
        let (app, target) = (inventory.app(id), inventory.target(id));
        for used in uses(&target.key, &target.manifest, &cx.options.stateful) {
            let class = policies.class_of(app.instance, &app.cluster, &used);
            if let Some(class) = class.filter(|class| class.reclaim == Reclaim::Delete) {
                claims.entry(class.at).or_default().push(id);
            }
        }
    }
    let mut classes: Vec<_> = claims.into_iter().collect();
    classes.sort_unstable_by_key(|(class, _)| *class);
    for (class, claims) in classes {
        tell_class(cx, inventory, class, &claims);
    }
    for id in inventory.resources() {
        let target = inventory.target(id);
        let policy = || target.manifest.node().at(&["spec", "persistentVolumeReclaimPolicy"])?.as_str();
        if target.key.is("", "PersistentVolume") && policy() == Some("Delete") {
            let place = target.manifest.location_at(&["spec", "persistentVolumeReclaimPolicy"]);
            cx.report(place, format!("`{}` is deleted with its claim", target.key))
                .about(inventory.app(id), target)
                .because("the reclaim policy `Delete` deletes the disk as soon as the claim is gone")
                .help("write `persistentVolumeReclaimPolicy: Retain`, which is what a PersistentVolume in git gets by default");
        }
    }
}

fn tell_class(cx: &mut Context<'_>, inventory: &Inventory, class: ResourceId, claims: &[ResourceId]) {
    let (app, target) = (inventory.app(class), inventory.target(class));
    let first = inventory.target(claims[0]);
    let such = match claims.len() {
        1 => "such as",
        _ => "among them",
    };
    let message = format!(
        "volumes of the class `{}` are deleted with their claims, {such} `{}`",
        target.key.name, first.key
    );
    let says_so = target.manifest.node().get("reclaimPolicy").is_some();
    let because = match says_so {
        true => "the reclaim policy `Delete` deletes the disk as soon as the claim is gone",
        false => {
            "a StorageClass without `reclaimPolicy` means `Delete`: the disk is deleted as soon as the claim is gone"
        }
    };
    cx.report(target.manifest.location_at(&["reclaimPolicy"]), message)
        .about(app, target)
        .see(first.manifest.location(), "it gets its volume from this class")
        .because(because)
        .help("make a class with `reclaimPolicy: Retain` for what must not be lost; the field of a class that exists cannot change");
}
