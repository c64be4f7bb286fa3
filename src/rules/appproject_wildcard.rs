//! BH216. Meaning, rationale and examples: `rules/BH216-appproject-wildcard.md`.

use super::projects::judged;
use super::{Check, Context, Rule};
use crate::model::Project;

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH216-appproject-wildcard.md"), check: Check::Inventory(check) };

fn check(cx: &mut Context<'_>) {
    for owned in judged(cx.inventory) {
        let project = &owned.project;
        if !is_open(project) {
            continue;
        }
        let place = project.manifest.location_at(&["spec", "destinations"]);
        cx.report(place, format!("`{}` permits every cluster and every namespace", project.name))
            .because("a project is what holds a wrong destination up, and this one holds up nothing: not the namespace of Argo CD, not kube-system")
            .help("name the namespaces, or deny some: `{server: '*', namespace: '!kube-system'}`")
            .named_as(&project.manifest, &owned.namespace);
    }
}

/// Whether a project permits all destinations and denies none.
fn is_open(project: &Project) -> bool {
    let all = |pattern: &str| pattern == "*";
    let denies = |pattern: &str| pattern.starts_with('!');
    project.destinations.iter().any(|to| (all(&to.server) || all(&to.name)) && all(&to.namespace))
        && !project
            .destinations
            .iter()
            .any(|to| [&to.server, &to.name, &to.namespace].into_iter().any(|text| denies(text)))
}
