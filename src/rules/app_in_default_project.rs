//! BH206. Meaning, rationale and examples: `rules/BH206-app-in-default-project.md`.

use super::sets;
use super::{Check, Context, Rule};
use crate::inventory::{App, Inventory, Set};
use crate::model::Project;
use std::collections::BTreeMap;

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH206-app-in-default-project.md"),
    check: Check::Inventory(check),
};

const DEFAULT: &str = "default";
const BECAUSE: &str = "unless somebody changed it, this project permits every repository, cluster, namespace and kind, so no mistake is held up by it";
const HELP: &str = "give it a project that permits what it needs and no more";

/// What has a project.
enum Subject<'a> {
    App(&'a App),
    Set(&'a Set),
}

fn check(cx: &mut Context<'_>) {
    let inventory = cx.inventory;
    let apps = inventory.applications.iter().filter(|app| is_workload(app, inventory));
    let apps = apps.map(|app| (app.instance, app.application.spec.project_name(), Subject::App(app)));
    let sets = sets::judged(inventory).into_iter();
    let sets = sets.filter_map(|set| Some((set.instance, project(set)?, Subject::Set(set))));
    let mut instances: BTreeMap<usize, (usize, Vec<Subject<'_>>)> = BTreeMap::new();
    for (instance, project, subject) in apps.chain(sets) {
        let (elsewhere, here) = instances.entry(instance).or_default();
        match project {
            DEFAULT => here.push(subject),
            _ => *elsewhere += 1,
        }
    }
    for (instance, (elsewhere, here)) in instances {
        // Where most are in it, it is the project of this repository.
        if elsewhere > 0 && here.len() <= elsewhere && is_open(instance, inventory) {
            here.iter().for_each(|subject| report(subject, cx));
        }
    }
}

fn report(subject: &Subject<'_>, cx: &mut Context<'_>) {
    let report = match subject {
        Subject::App(app) => {
            let message = format!("`{}` is in the project `{DEFAULT}`", app.id);
            cx.report_app(app, &["spec", "project"], message)
        }
        Subject::Set(set) => {
            if sets::may_be_patched(cx.inventory, set, &["project"]) {
                return;
            }
            let place = set.manifest.location_at(&["spec", "template", "spec", "project"]);
            let message =
                format!("the Applications of `{}` are in the project `{DEFAULT}`", set.manifest.name());
            cx.report_set(set, place, message)
        }
    };
    report.because(BECAUSE).help(HELP).group(format!("Applications are in the project `{DEFAULT}`"));
}

/// What the template of a set writes; None where nothing is written.
fn project(set: &Set) -> Option<&str> {
    set.manifest.node().at(&["spec", "template", "spec", "project"]).map(|node| node.text())
}

/// Whether an Application deploys what teams run. What deploys Applications or Argo CD itself is the administrator's, and
/// mostly stays in the first project there is.
fn is_workload(app: &App, inventory: &Inventory) -> bool {
    let to = &app.application.spec.destination.namespace;
    let beside_argo = app.cluster == app.home
        && (*to == inventory.settings(app).namespace || **to == *app.application.namespace);
    let is_argo = |key: &crate::model::ResourceKey| {
        *key.group == *"argoproj.io" && matches!(&*key.kind, "Application" | "ApplicationSet" | "AppProject")
    };
    sets::is_judged_itself(app) && !beside_argo && !app.targets.list.iter().any(|target| is_argo(&target.key))
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
