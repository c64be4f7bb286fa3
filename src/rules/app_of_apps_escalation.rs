//! BH217. Meaning, rationale and examples: `rules/BH217-app-of-apps-escalation.md`.

use super::{Check, Context, Rule};
use crate::inventory::{App, AppId, Parent};
use crate::model::{IN_CLUSTER, IN_CLUSTER_SERVER, Permission, Project};

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH217-app-of-apps-escalation.md"),
    check: Check::Application(check),
};

fn check(_: AppId, app: &App, cx: &mut Context<'_>) {
    let Parent::Application(parent) = app.parent else { return };
    let inventory = cx.inventory;
    let parent = &inventory.applications[parent];
    let Some(above) = inventory.project(parent) else { return };
    let (own, theirs) = (app.application.spec.project_name(), parent.application.spec.project_name());
    if own == theirs || permits(above, app) != Permission::Refused {
        return;
    }
    cx.report_app(app, &["spec", "project"], format!("`{}` gets from the project `{own}` what `{theirs}` of `{}` does not permit", app.id, parent.id))
        .see(above.manifest.location_at(&["spec", "destinations"]), "what the parent may")
        .because("whoever may change what the parent renders chooses the project of what is rendered, and with it the rights")
        .help("let an Application of the platform render it");
}

/// Whether a project permits the destination of an Application.
fn permits(project: &Project, app: &App) -> Permission {
    let to = &app.application.spec.destination;
    if app.cluster == app.home {
        let by_server = project.permits_destination(IN_CLUSTER_SERVER, IN_CLUSTER, &to.namespace);
        return by_server;
    }
    project.permits_destination(to.server.trim_end_matches('/'), &to.name, &to.namespace)
}
