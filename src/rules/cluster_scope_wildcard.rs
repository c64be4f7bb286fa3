//! BH211. Meaning, rationale and examples: `rules/BH211-cluster-scope-wildcard.md`.

use super::projects::{all_kinds, is_narrow, judged};
use super::{Check, Context, Rule};
use crate::finding::Severity;

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH211-cluster-scope-wildcard.md"),
    check: Check::Inventory(check),
};

fn check(cx: &mut Context<'_>) {
    let inventory = cx.inventory;
    let narrow: Vec<_> = judged(inventory).into_iter().filter(|owned| is_narrow(&owned.project)).collect();
    for owned in narrow.iter().filter(|owned| all_kinds(&owned.project)) {
        let project = &owned.project;
        let others = narrow.iter().filter(|other| other.instance == owned.instance);
        let is_custom = narrow.len() > 1 && others.into_iter().all(|other| all_kinds(&other.project));
        let place = project.manifest.location_at(&["spec", "clusterResourceWhitelist"]);
        let message = format!(
            "`{}` is held to some namespaces, and may create every object of the cluster",
            project.name
        );
        let report = cx
            .report(place, message)
            .see(project.manifest.location_at(&["spec", "destinations"]), "held to these")
            .because("a ClusterRoleBinding, a webhook or a Namespace reaches beyond any namespace")
            .help("list the kinds that its Applications need")
            .group("projects are held to some namespaces, and may create every object of the cluster")
            .named_as(&project.manifest, &owned.namespace);
        if is_custom {
            report.at_most(Severity::Warning);
        }
    }
}
