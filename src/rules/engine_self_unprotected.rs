//! BH312. Meaning, rationale and examples: `rules/BH312-engine-self-unprotected.md`.

use super::sets;
use crate::inventory::{App, AppId};
use crate::render::Target;
use crate::rules::{Check, Context, Rule};

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH312-engine-self-unprotected.md"),
    check: Check::Application(check),
};

fn check(_: AppId, app: &App, cx: &mut Context<'_>) {
    if !sets::is_judged_itself(app) || !app.application.cascades() || app.cluster != app.home {
        return;
    }
    let Some(engine) = app.targets.list.iter().find(|target| is_controller(target)) else { return };
    let place = engine.manifest.location();
    cx.report_app(app, &["metadata", "finalizers"], format!("deleting `{}` deletes Argo CD", app.id))
        .see(place, "the controller that would have to carry the deletion out")
        .because("the finalizer makes the controller delete what the Application deployed, itself among it: it stops half way, and nothing is left to finish or to repair it")
        .help("take the finalizer off the Application that deploys Argo CD");
}

/// The application controller, by its name or its label.
fn is_controller(target: &Target) -> bool {
    let workload = target.key.is("apps", "StatefulSet") || target.key.is("apps", "Deployment");
    let name = "argocd-application-controller";
    workload && (*target.key.name == *name || target.manifest.label("app.kubernetes.io/name") == Some(name))
}
