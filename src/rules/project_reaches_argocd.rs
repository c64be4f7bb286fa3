//! BH215. Meaning, rationale and examples: `rules/BH215-project-reaches-argocd.md`.

use super::projects::{judged, reaches};
use super::{Check, Context, Rule};
use crate::inventory::{App, Inventory, OwnedProject};
use crate::model::{IN_CLUSTER, IN_CLUSTER_SERVER};

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH215-project-reaches-argocd.md"),
    check: Check::Inventory(check),
};

fn check(cx: &mut Context<'_>) {
    let inventory = cx.inventory;
    for owned in judged(inventory) {
        let project = &owned.project;
        let control_plane = inventory.instances[owned.instance].settings.namespace.as_str();
        let by_name = project.permits_destination("", IN_CLUSTER, control_plane);
        let may = reaches(project, IN_CLUSTER_SERVER, control_plane)
            || by_name == crate::model::Permission::Granted;
        if !may || needs_it(owned, control_plane, inventory) {
            continue;
        }
        let place = project.manifest.location_at(&["spec", "destinations"]);
        let message = format!("`{}` may deploy into `{control_plane}`, and nothing of it does", project.name);
        cx.report(place, message)
            .because("whoever may write Applications and projects into that namespace is an administrator of Argo CD")
            .help(format!("add a destination that denies it: `{{server: '*', namespace: '!{control_plane}'}}`"))
            .named_as(&project.manifest, &owned.namespace);
    }
}

/// Whether an Application of the project deploys into that namespace.
fn needs_it(owned: &OwnedProject, control_plane: &str, inventory: &Inventory) -> bool {
    let own = |app: &&App| {
        app.instance == owned.instance && app.application.spec.project_name() == &*owned.project.name
    };
    let deploys = |app: &App| {
        let to = app.application.spec.destination.namespace == control_plane;
        let places = app.targets.list.iter().any(|target| *target.key.namespace == *control_plane);
        app.cluster == app.home && (to || places)
    };
    inventory.applications.iter().filter(own).any(deploys)
}
