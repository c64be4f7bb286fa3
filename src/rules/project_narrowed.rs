//! BH421. Meaning, rationale and examples: `rules/BH421-project-narrowed.md`.

use super::change::{Losses, list_names, steps};
use crate::forecast::Row;
use crate::inventory::{App, Inventory};
use crate::model::{IN_CLUSTER, IN_CLUSTER_SERVER, Permission, Project, ResourceKey};
use crate::rules::{Change, Check, Context, Rule};
use hashbrown::HashMap;

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH421-project-narrowed.md"), check: Check::Change(check) };

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    let mut narrowed: HashMap<(usize, &str), (&Project, &Project)> = HashMap::new();
    for owned in &change.base.projects {
        if let Some(head) = change.head_of_project(owned)
            && head.manifest.node().to_json() != owned.project.manifest.node().to_json()
        {
            narrowed.insert((owned.instance, &owned.project.name), (&owned.project, head));
        }
    }
    if narrowed.is_empty() {
        return;
    }
    let mut users: HashMap<(usize, &str), Vec<&App>> = HashMap::new();
    for app in change.base.applications.iter().filter(|app| app.is_written()) {
        users.entry((app.instance, app.application.spec.project_name())).or_default().push(app);
    }
    for owned in &change.base.projects {
        let name = (owned.instance, &*owned.project.name);
        if let (Some((base, head)), Some(users)) = (narrowed.get(&name), users.get(&name)) {
            tell(change, base, head, users, cx);
        }
    }
}

/// The objects of base that base's project permits and head's does not.
fn tell(change: &Change<'_>, base: &Project, head: &Project, users: &[&App], cx: &mut Context<'_>) {
    let mut shut_out: Vec<&Row> = Vec::new();
    let mut refused: Vec<&App> = Vec::new();
    for app in users {
        let place = destination(change.base, app);
        let spec = &app.application.spec;
        let sources = spec.effective_sources();
        let may = |project: &Project| {
            project.permits_destination(&place.0, &place.1, &spec.destination.namespace)
                != Permission::Refused
                && sources.iter().all(|source| project.permits_source(&source.repo_url))
        };
        if may(base) && !may(head) {
            refused.push(app);
            continue;
        }
        let permits = |project: &Project, key: &ResourceKey| {
            let namespaced = !key.namespace.is_empty();
            project.permits_kind(key, namespaced)
                && (!namespaced
                    || project.permits_destination(&place.0, &place.1, &key.namespace) != Permission::Refused)
        };
        let out = app
            .targets
            .list
            .iter()
            .filter(|target| permits(base, &target.key) && !permits(head, &target.key));
        shut_out.extend(out.filter_map(|target| change.row(&app.cluster, &target.key)));
    }
    let spec = head.manifest.location_at(&["spec"]);
    let before = base.manifest.location_at(&["spec"]).in_base();
    let name = &head.name;
    if !refused.is_empty() {
        let message = format!("AppProject `{name}` refuses {}, which it permitted", list_names(&refused));
        cx.report(spec.clone(), message)
            .because("an Application that its project refuses neither syncs nor prunes, and what it deployed stays as it is")
            .see(before.clone(), "what base permits")
            .help("permit it still, or move or remove the Applications in a merge before this");
    }
    if !shut_out.is_empty() {
        let out = Losses::all(shut_out);
        let message =
            format!("AppProject `{name}` permits no more what its Applications have: {}", out.told());
        cx.report(spec, message)
            .because(
                "a live object that the project does not permit is invisible to Argo CD: it is not updated, not pruned, and \
                 not deleted with its Application",
            )
            .see(before, "what base permits")
            .help(format!(
                "in two merges: {}",
                steps::plan([
                    "take the objects out of the Applications, and wait until they are pruned".to_owned(),
                    format!("then narrow `{name}`"),
                ])
            ));
    }
}

/// Server and name of the cluster that an Application deploys to, as far as they are known.
fn destination(inventory: &Inventory, app: &App) -> (String, String) {
    let destination = &app.application.spec.destination;
    match inventory.clusters.find(&app.cluster) {
        Some(known) => (known.server.clone(), known.name.clone()),
        None if &*app.cluster == IN_CLUSTER => (IN_CLUSTER_SERVER.to_owned(), IN_CLUSTER.to_owned()),
        None => (destination.server.clone(), destination.name.clone()),
    }
}
