//! BH103. Meaning, rationale and examples: `rules/BH103-application-name-collision.md`.

use super::owners;
use crate::finding::Severity;
use crate::inventory::{App, AppId, Inventory, Parent};
use crate::rules::{Check, Context, Rule};
use hashbrown::HashMap;

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH103-application-name-collision.md"),
    check: Check::Inventory(check),
};

fn check(cx: &mut Context<'_>) {
    rendered_twice(cx);
    written_twice(cx);
}

/// Two Applications render one.
fn rendered_twice(cx: &mut Context<'_>) {
    let inventory = cx.inventory;
    let applications = |shared: &owners::Shared<'_>| shared.place.key.is("argoproj.io", "Application");
    for shared in owners::shared(inventory).into_iter().filter(applications) {
        let key = &shared.place.key;
        let (parent, target) = (inventory.app(shared.last()), inventory.target(shared.last()));
        let (place, label) = shared.first(inventory);
        let names = shared.names(inventory);
        cx.report_target(parent, target, format!("`{}/{}` is rendered by {names}", key.namespace, key.name))
            .see(place, label)
            .because("there is one Application of this name: each parent overwrites what the other applied, and when one of them drops it, it is pruned for both, with everything it deployed if it has the finalizer")
            .help("give each Application a name of its own, such as one with the team or cluster in front, or let one parent render it");
    }
}

/// Two files of one folder are one Application, and nobody renders either.
fn written_twice(cx: &mut Context<'_>) {
    let inventory = cx.inventory;
    for (first, last, app) in roots_of_one_name(inventory) {
        let before = &inventory.applications[first].application.manifest;
        let manifest = &app.application.manifest;
        let equal = before.node().to_json() == manifest.node().to_json();
        let report = cx
            .report(manifest.location(), format!("two Applications are `{}`", app.id))
            .application(&inventory.applications[last])
            .see(manifest.location(), "the last one wins when both are applied")
            .see(before.location(), "the first one")
            .because("there is one Application of this name: whichever is applied last is the one that counts, and what the other one had deployed is pruned")
            .help("rename one of them");
        if equal {
            report.at_most(Severity::Warning);
        }
    }
}

/// Whether an Application is applied by hand, as it stands here.
fn is_known_root(app: &App) -> bool {
    app.parent == Parent::Root && app.changed_by.is_none()
}

/// Roots with the name of an earlier one in the same folder, and that earlier one.
fn roots_of_one_name(inventory: &Inventory) -> Vec<(AppId, AppId, &App)> {
    let mut known = HashMap::new();
    let mut found = Vec::new();
    for (id, app) in inventory.applications.iter().enumerate().filter(|(_, app)| is_known_root(app)) {
        let folder = app.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        match known.entry((app.instance, folder, &app.id)) {
            hashbrown::hash_map::Entry::Occupied(first) => found.push((*first.get(), id, app)),
            hashbrown::hash_map::Entry::Vacant(new) => {
                new.insert(id);
            }
        }
    }
    found
}
