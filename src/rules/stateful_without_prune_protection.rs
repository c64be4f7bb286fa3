//! BH301. Meaning, rationale and examples: `rules/BH301-stateful-without-prune-protection.md`.

use crate::finding::FixKind;
use crate::inventory::{App, Inventory, Place, ResourceId};
use crate::model::{Protection, ResourceKey, helm_keeps, holds_data, protections};
use crate::render::Target;
use crate::rules::options::annotate;
use crate::rules::{Check, Context, Rule};
use crate::yaml::Node;

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH301-stateful-without-prune-protection.md"),
    check: Check::Resource(check),
};

fn check(_: ResourceId, app: &App, target: &Target, cx: &mut Context<'_>) {
    if !app.application.prunes_automatically() || target.hooks.is_some() {
        return;
    }
    if !holds_data(&target.key.group, &target.manifest, &cx.options.stateful) {
        return;
    }
    let options = app.application.spec.sync_options();
    let found = protections(&target.manifest, &options, cx.inventory.settings(app).version);
    if found.prune != Protection::None || helm_keeps(&target.manifest) {
        return; // BH304 says that `keep` does not keep it.
    }
    if is_claim_of_a_set(app, target, cx.inventory) {
        return;
    }
    let fix = annotate(&target.manifest, &["Prune=false", "Delete=false"], cx.inventory);
    cx.report_target(app, target, format!("nothing keeps `{}` from being pruned, and it holds data", target.key))
        .because("automated sync deletes what left git, by whatever mistake it left: a renamed file, a value switched off, an Application replaced under its name")
        .help("annotate it with `argocd.argoproj.io/sync-options: Prune=false,Delete=false`, or `Prune=confirm,Delete=confirm` to be asked")
        .group(format!("`{}` prunes objects that hold data", app.id))
        .fix(FixKind::Safe, fix);
}

/// Whether a claim is one that a StatefulSet beside it would make: `<template>-<set>-<number>`.
///
/// Argo CD takes it for a child of the set and never prunes it (`gitops-engine/pkg/cache/references.go`).
fn is_claim_of_a_set(app: &App, target: &Target, inventory: &Inventory) -> bool {
    let key = &target.key;
    let Some((stem, number)) = key.name.rsplit_once('-') else { return false };
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    if !key.is("", "PersistentVolumeClaim") || !is_number {
        return false;
    }
    stem.match_indices('-').any(|(at, _)| {
        let (template, set) = (&stem[..at], &stem[at + 1..]);
        let key = ResourceKey {
            group: "apps".into(),
            kind: "StatefulSet".into(),
            namespace: key.namespace.clone(),
            name: set.into(),
        };
        let place = Place { instance: app.instance, cluster: app.cluster.clone(), key };
        inventory.at(&place).iter().any(|&id| has_template(inventory.target(id), template))
    })
}

fn has_template(set: &Target, name: &str) -> bool {
    let templates =
        set.manifest.node().at(&["spec", "volumeClaimTemplates"]).into_iter().flat_map(Node::items);
    let mut names = templates.filter_map(|template| template.at(&["metadata", "name"])?.as_str());
    names.any(|own| own == name)
}
