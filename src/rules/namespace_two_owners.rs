//! BH107. Meaning, rationale and examples: `rules/BH107-namespace-two-owners.md`.

use super::owners;
use crate::finding::Severity;
use crate::model::{Protection, protections};
use crate::rules::{Check, Context, Rule};

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH107-namespace-two-owners.md"), check: Check::Inventory(check) };

fn check(cx: &mut Context<'_>) {
    let inventory = cx.inventory;
    for shared in owners::shared(inventory).into_iter().filter(|shared| shared.place.key.is("", "Namespace"))
    {
        let (app, target) = (inventory.app(shared.last()), inventory.target(shared.last()));
        let (place, label) = shared.first(inventory);
        let names = shared.names(inventory);
        let is_safe = shared.owners.iter().all(|&owner| {
            let app = inventory.app(owner);
            let options = app.application.spec.sync_options();
            let found =
                protections(&inventory.target(owner).manifest, &options, inventory.settings(app).version);
            found.prune != Protection::None && found.delete != Protection::None
        });
        let report = cx
            .report_target(app, target, format!("`{}` is rendered by {names}", shared.place.key))
            .see(place, label);
        match is_safe {
            true => report
                .because("each Application overwrites the labels and annotations that the other applied")
                .help("leave the Namespace to one Application")
                .at_most(Severity::Warning),
            false => report
                .because("the Application that synced last owns the Namespace: when it drops it or is deleted, everything in the namespace goes, whoever deployed it")
                .help("leave the Namespace to one Application, with `Prune=false,Delete=false` on it, or to `CreateNamespace=true` in all of them"),
        };
    }
}
