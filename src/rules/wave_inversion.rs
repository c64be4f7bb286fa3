//! BH509. Meaning, rationale and examples: `rules/BH509-wave-inversion.md`.

use super::pods::{self, Reference};
use crate::finding::Severity;
use crate::inventory::{App, AppId};
use crate::render::Target;
use crate::rules::{Check, Context, Rule};
use hashbrown::HashMap;

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH509-wave-inversion.md"), check: Check::Application(check) };

/// Kind, namespace and name of an object.
type Name<'a> = (&'a str, &'a str, &'a str);

fn check(_: AppId, app: &App, cx: &mut Context<'_>) {
    let ordinary = || app.targets.list.iter().filter(|target| target.hooks.is_none());
    if ordinary().all(|target| target.wave == 0) {
        return;
    }
    let mut objects: HashMap<Name<'_>, &Target> = HashMap::new();
    for target in ordinary().filter(|target| target.key.group.is_empty() || is_project(target)) {
        objects.insert((&target.key.kind, &target.key.namespace, &target.key.name), target);
    }
    for target in ordinary() {
        for Reference { kind, name } in needs(target) {
            let Some(needed) = objects.get(&(kind, &*target.key.namespace, &*name)) else { continue };
            if needed.wave > target.wave {
                report(app, target, needed, cx);
            }
        }
    }
}

fn is_project(target: &Target) -> bool {
    target.key.is("argoproj.io", "AppProject")
}

/// What an object needs to become healthy.
fn needs(target: &Target) -> Vec<Reference> {
    if target.key.is("argoproj.io", "Application") {
        let project = target.manifest.node().at(&["spec", "project"]).and_then(|project| project.as_str());
        return project.map(|name| Reference { kind: "AppProject", name: name.into() }).into_iter().collect();
    }
    pods::template(&target.key, &target.manifest).map(pods::references).unwrap_or_default()
}

fn report(app: &App, target: &Target, needed: &Target, cx: &mut Context<'_>) {
    let message = format!(
        "`{}` needs `{}`, which comes in a later wave: {} after {}",
        target.key, needed.key, needed.wave, target.wave
    );
    let report = cx
        .report_target(app, target, message)
        .see(needed.manifest.location(), "this comes later")
        .because("a wave begins when everything before it is healthy; this never is, so on a new cluster the sync never gets on, and pruning goes the other way round")
        .help("give what is needed the same wave or an earlier one");
    if !is_project(needed) {
        report.at_most(Severity::Warning);
    }
}
