//! BH313. Meaning, rationale and examples: `rules/BH313-root-app-finalizer.md`.

use super::sets;
use crate::inventory::{App, AppId, Parent};
use crate::render::Target;
use crate::rules::{Check, Context, Rule};

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH313-root-app-finalizer.md"), check: Check::Application(check) };

fn check(_: AppId, app: &App, cx: &mut Context<'_>) {
    if app.parent != Parent::Root || !sets::is_judged_itself(app) || !app.application.cascades() {
        return;
    }
    let children = app.targets.list.iter().filter(|target| is_child(target)).count();
    if children == 0 {
        return;
    }
    let what = if children == 1 { "the one below it".to_owned() } else { format!("the {children} below it") };
    cx.report_app(app, &["metadata", "finalizers"], format!("deleting `{}` deletes {what}, and what they deployed", app.id))
        .because("the finalizer deletes every Application that this one renders, and theirs delete everything else; the root is deleted by hand, in a hurry, to make it anew")
        .help("take the finalizer off the root: without it the others stay when it is deleted");
}

fn is_child(target: &Target) -> bool {
    ["Application", "ApplicationSet"].iter().any(|kind| target.key.is("argoproj.io", kind))
}
