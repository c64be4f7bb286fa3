//! BH210. Meaning, rationale and examples: `rules/BH210-source-namespaces-privileged.md`.

use super::projects::{all_kinds, judged, reaches};
use super::{Check, Context, Rule};
use crate::model::IN_CLUSTER_SERVER;
use crate::yaml::Node;

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH210-source-namespaces-privileged.md"),
    check: Check::Inventory(check),
};

fn check(cx: &mut Context<'_>) {
    let inventory = cx.inventory;
    for owned in judged(inventory) {
        let project = &owned.project;
        let control_plane = inventory.instances[owned.instance].settings.namespace.as_str();
        let Some(entry) = project.manifest.node().get("spec").and_then(|spec| spec.entry("sourceNamespaces"))
        else {
            continue;
        };
        let theirs = |item: Node<'_>| item.as_str().is_some_and(|namespace| namespace != control_plane);
        if !entry.value.items().any(theirs) {
            continue;
        }
        let right = match () {
            () if reaches(project, IN_CLUSTER_SERVER, control_plane) => {
                format!("deploy into `{control_plane}`, the namespace of Argo CD")
            }
            () if all_kinds(project) => "create any object of the cluster".to_owned(),
            () => continue,
        };
        let message =
            format!("Applications of other namespaces may use `{}`, which may {right}", project.name);
        cx.report(project.manifest.locate(entry.key_node.span()), message)
            .because("whoever may create an Application in one of these namespaces has all the rights of the project")
            .help("make a project for each tenant, with the namespaces and kinds that it needs")
            .named_as(&project.manifest, &owned.namespace);
    }
}
