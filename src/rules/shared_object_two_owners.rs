//! BH106. Meaning, rationale and examples: `rules/BH106-shared-object-two-owners.md`.

use super::owners::{self, Shared};
use crate::finding::Severity;
use crate::inventory::Inventory;
use crate::model::ResourceKey;
use crate::rules::{Check, Context, Rule};

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH106-shared-object-two-owners.md"),
    check: Check::Inventory(check),
};

fn check(cx: &mut Context<'_>) {
    let inventory = cx.inventory;
    for shared in owners::shared(inventory) {
        let key = &shared.place.key;
        let definition = is_definition(key);
        if has_own_rule(key) || definition && are_equal(&shared, inventory) {
            continue;
        }
        let (app, target) = (inventory.app(shared.last()), inventory.target(shared.last()));
        let (place, label) = shared.first(inventory);
        let names = shared.names(inventory);
        let what = if definition { "different versions of the same definitions" } else { "the same objects" };
        let report = cx
            .report_target(app, target, format!("`{key}` is rendered by {names}"))
            .see(place, label)
            .group(format!("{names} render {what}"));
        match definition {
            true => report
                .because("each sync overwrites what the other Application applied, so the served versions depend on who came last")
                .help("leave the CustomResourceDefinition to one Application")
                .at_most(Severity::Warning),
            false => report
                .because("the Application that synced last owns the object: when it drops it or is deleted, the object goes although the other one still wants it")
                .help("leave it to one Application, or move it to a third; `FailOnSharedResource=true` keeps the second one from taking it over"),
        };
    }
}

/// Applications and Namespaces: `application-name-collision` and `namespace-two-owners` say more.
fn has_own_rule(key: &ResourceKey) -> bool {
    key.is("argoproj.io", "Application") || key.is("", "Namespace")
}

/// Argo CD does not track CustomResourceDefinitions, so nobody prunes or claims them.
fn is_definition(key: &ResourceKey) -> bool {
    key.is("apiextensions.k8s.io", "CustomResourceDefinition")
}

fn are_equal(shared: &Shared<'_>, inventory: &Inventory) -> bool {
    let mut bodies = shared.owners.iter().map(|&id| inventory.target(id).manifest.node().to_json());
    let first = bodies.next();
    bodies.all(|body| Some(body) == first)
}
