//! BH206. Meaning, rationale and examples: `rules/BH206-app-in-default-project.md`.

use super::sets;
use super::{Check, Context, Rule};
use crate::inventory::{App, Inventory, Set};
use crate::model::Project;
use hashbrown::HashSet;

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH206-app-in-default-project.md"),
    check: Check::Inventory(check),
};

const DEFAULT: &str = "default";
const BECAUSE: &str = "unless somebody changed it, this project permits every repository, cluster, namespace and kind, so no mistake is held up by it";
const HELP: &str = "give it a project that permits what it needs and no more";

fn check(cx: &mut Context<'_>) {
    let inventory = cx.inventory;
    let divided = instances_with_projects(inventory);
    for app in inventory.applications.iter().filter(|app| divided.contains(&app.instance)) {
        if app.application.spec.project_name() == DEFAULT
            && is_workload(app, inventory)
            && is_open(app.instance, inventory)
        {
            let message = format!("`{}` is in the project `{DEFAULT}`", app.id);
            cx.report_app(app, &["spec", "project"], message)
                .because(BECAUSE)
                .help(HELP)
                .group("Applications are in the project `default`");
        }
    }
    for set in sets::judged(inventory).into_iter().filter(|set| divided.contains(&set.instance)) {
        if is_default(set) && is_open(set.instance, inventory) {
            let place = set.manifest.location_at(&["spec", "template", "spec", "project"]);
            let message =
                format!("the Applications of `{}` are in the project `{DEFAULT}`", set.manifest.name());
            if !sets::may_be_patched(inventory, set, &["project"]) {
                cx.report_set(set, place, message)
                    .because(BECAUSE)
                    .help(HELP)
                    .group("Applications are in the project `default`");
            }
        }
    }
}

/// The instances in which projects mean something: some Application or set is in another one, or there is another one.
fn instances_with_projects(inventory: &Inventory) -> HashSet<usize> {
    let apps = inventory
        .applications
        .iter()
        .filter(|app| app.is_written() && app.application.spec.project_name() != DEFAULT);
    let sets = inventory.sets.iter().filter(|set| project(set).is_some_and(|project| project != DEFAULT));
    let projects = inventory.projects.iter().filter(|owned| *owned.project.name != *DEFAULT);
    let apps = apps.map(|app| app.instance).chain(sets.map(|set| set.instance));
    apps.chain(projects.map(|owned| owned.instance)).collect()
}

/// What the template of a set writes; None where nothing is written.
fn project(set: &Set) -> Option<&str> {
    set.manifest.node().at(&["spec", "template", "spec", "project"]).map(|node| node.text())
}

fn is_default(set: &Set) -> bool {
    project(set) == Some(DEFAULT)
}

/// Whether an Application deploys what teams run. What deploys Applications or Argo CD itself is the administrator's, and
/// mostly stays in the first project there is.
fn is_workload(app: &App, inventory: &Inventory) -> bool {
    let to = &app.application.spec.destination.namespace;
    let beside_argo = app.cluster == app.home && *to == inventory.settings(app).namespace;
    let is_argo = |key: &crate::model::ResourceKey| {
        *key.group == *"argoproj.io" && matches!(&*key.kind, "Application" | "ApplicationSet" | "AppProject")
    };
    app.is_written()
        && app.changed_by.is_none()
        && !beside_argo
        && !app.targets.list.iter().any(|target| is_argo(&target.key))
}

/// Whether the project permits everything, as far as is known: the tree may narrow it down.
fn is_open(instance: usize, inventory: &Inventory) -> bool {
    let own =
        inventory.projects.iter().find(|owned| owned.instance == instance && *owned.project.name == *DEFAULT);
    own.is_none_or(|owned| permits_all(&owned.project))
}

fn permits_all(project: &Project) -> bool {
    let everywhere = |pattern: &str| pattern == "*";
    project.source_repos.iter().any(|repo| everywhere(repo))
        && project
            .destinations
            .iter()
            .any(|to| (everywhere(&to.server) || everywhere(&to.name)) && everywhere(&to.namespace))
}
