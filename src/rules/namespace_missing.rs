//! BH214. Meaning, rationale and examples: `rules/BH214-namespace-missing.md`.

use super::options;
use super::{Check, Context, Rule};
use crate::finding::FixKind;
use crate::inventory::{App, Inventory, Outcome, Place};
use crate::model::{GIVEN_NAMESPACES, ResourceKey};
use hashbrown::{HashMap, HashSet};
use std::sync::Arc;

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH214-namespace-missing.md"), check: Check::Inventory(check) };

/// Instance, cluster and name of a namespace that `CreateNamespace=true` makes.
type Created<'a> = (usize, &'a str, &'a str);

fn created(app: &App) -> Created<'_> {
    (app.instance, &app.cluster, &app.application.spec.destination.namespace)
}

fn check(cx: &mut Context<'_>) {
    let inventory = cx.inventory;
    let creates = |app: &&App| app.application.spec.sync_options().has("CreateNamespace=true");
    let created: HashSet<Created<'_>> = inventory.applications.iter().filter(creates).map(created).collect();
    let mut instances: HashMap<usize, (usize, Vec<&App>)> = HashMap::new();
    for app in inventory.applications.iter().filter(|app| super::sets::is_judged_itself(app)) {
        let (made, missing) = instances.entry(app.instance).or_default();
        match is_made(app, &created, inventory) {
            Some(true) => *made += 1,
            Some(false) => missing.push(app),
            None => (),
        }
    }
    let mut instances: Vec<_> = instances.into_iter().collect();
    instances.sort_by_key(|(instance, _)| *instance);
    for (_, (made, missing)) in instances {
        // Where most namespaces are made elsewhere, so are these.
        if made > missing.len() {
            missing.into_iter().for_each(|app| report(app, cx));
        }
    }
}

fn report(app: &App, cx: &mut Context<'_>) {
    let namespace = &app.application.spec.destination.namespace;
    let path = ["spec", "syncPolicy", "syncOptions"];
    let edits = options::add(&app.application.manifest, &path, "CreateNamespace=true", cx.inventory);
    cx.report_app(
        app,
        &["spec", "destination", "namespace"],
        format!("nothing here makes the namespace `{namespace}` of `{}`", app.id),
    )
    .because("on a cluster that is built anew the first sync fails, after its prunes were done")
    .help("add the sync option `CreateNamespace=true`, or a Namespace, as for the others")
    .fix(FixKind::Safe, edits);
}

/// Whether something of this tree makes the namespace that an Application deploys to; None where that cannot be told, or
/// needs nobody.
fn is_made(app: &App, by_option: &HashSet<Created<'_>>, inventory: &Inventory) -> Option<bool> {
    let namespace = app.application.spec.destination.namespace.as_str();
    let control_plane = app.cluster == app.home && namespace == inventory.settings(app).namespace;
    if app.outcome != Outcome::Rendered
        || namespace.is_empty()
        || GIVEN_NAMESPACES.contains(&namespace)
        || control_plane
    {
        return None;
    }
    if app.targets.list.iter().all(|target| *target.key.namespace != *namespace) {
        return None;
    }
    if by_option.contains(&created(app)) {
        return Some(true);
    }
    let key = ResourceKey::of_namespace(&namespace.into());
    let place = Place { instance: app.instance, cluster: Arc::clone(&app.cluster), key };
    Some(!inventory.at(&place).is_empty())
}
