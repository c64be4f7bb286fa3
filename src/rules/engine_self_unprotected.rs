//! BH310. Meaning, rationale and examples: `rules/BH310-engine-self-unprotected.md`.

use super::{Check, Context, Rule};
use crate::inventory::{App, AppId};
use crate::model::{Protection, Settings, protections};
use crate::render::Target;

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH310-engine-self-unprotected.md"),
    check: Check::Application(check),
};

fn check(_: AppId, app: &App, cx: &mut Context<'_>) {
    let settings = cx.inventory.settings(app);
    if !app.is_written() || !app.application.cascades() || app.cluster != app.home {
        return;
    }
    let Some(controller) = app.targets.list.iter().find(|target| is_controller(target, settings)) else {
        return;
    };
    let options = app.application.spec.sync_options();
    let goes = |target: &&Target| {
        protections(&target.manifest, &options, settings.version).delete == Protection::None
    };
    let vital: Vec<&Target> =
        app.targets.list.iter().filter(|target| is_vital(target, settings)).filter(goes).collect();
    let Some(first) = vital.first() else { return };
    let rest = match vital.len() {
        1 => String::new(),
        more => format!(" and {} more of its vital parts", more - 1),
    };
    let message = format!("deleting `{}` deletes Argo CD: `{}`{rest}", app.id, first.key);
    cx.report_app(app, &["metadata", "finalizers"], message)
        .see(controller.manifest.location(), "the controller that would have to finish the deletion")
        .because("the finalizer makes Argo CD delete its own controller and settings; the deletions it leaves half done go on when it is installed again, workloads included")
        .help("take the finalizer off, in git and on the live Application, or annotate the controller, `argocd-cm`, `argocd-secret` and the Namespace with `argocd.argoproj.io/sync-options: Prune=false,Delete=false`");
}

/// Whether an object is the application controller of this very instance.
fn is_controller(target: &Target, settings: &Settings) -> bool {
    let key = &target.key;
    let runs = key.is("apps", "StatefulSet") || key.is("apps", "Deployment");
    let labelled = || {
        let name = target.manifest.label("app.kubernetes.io/name");
        let part = target.manifest.label("app.kubernetes.io/component");
        name == Some("argocd-application-controller") || part == Some("application-controller")
    };
    runs && *key.namespace == *settings.namespace
        && (key.name.ends_with("argocd-application-controller") || (of_engine(target) && labelled()))
}

fn of_engine(target: &Target) -> bool {
    target.manifest.label("app.kubernetes.io/part-of") == Some("argocd")
}

/// What Argo CD cannot lose and live.
fn is_vital(target: &Target, settings: &Settings) -> bool {
    let key = &target.key;
    let named = match (&*key.group, &*key.kind) {
        ("", "Namespace") => return *key.name == *settings.namespace,
        ("", "ConfigMap") => &*key.name == "argocd-cm",
        ("", "Secret") => &*key.name == "argocd-secret",
        _ => is_controller(target, settings),
    };
    named && *key.namespace == *settings.namespace
}
