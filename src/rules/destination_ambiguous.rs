//! BH203. Meaning, rationale and examples: `rules/BH203-destination-ambiguous.md`.

use super::sets;
use super::{Check, Context, Rule, problems};
use crate::inventory::Set;
use crate::model::{DestinationError, ProblemKind};

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH203-destination-ambiguous.md"), check: Check::Inventory(check) };

fn check(cx: &mut Context<'_>) {
    problems::report(cx, ProblemKind::DestinationAmbiguous);
    for set in sets::judged(cx.inventory) {
        template(set, cx);
    }
}

/// A template whose destination is wrong whatever the parameters are.
fn template(set: &Set, cx: &mut Context<'_>) {
    let Some(destination) = sets::destination(set) else { return };
    let error = match (destination.name.as_str(), destination.server.as_str()) {
        ("", "") => DestinationError::Neither,
        (name, server) if sets::is_never_empty(name) && sets::is_never_empty(server) => {
            DestinationError::Both
        }
        _ => return,
    };
    if sets::may_be_patched(cx.inventory, set, &["destination", "server"]) {
        return;
    }
    let place = set.manifest.location_at(&["spec", "template", "spec", "destination"]);
    cx.report_set(set, place, error.to_string())
        .because("Argo CD sets aside every Application that this template makes: neither created, nor updated, nor deleted")
        .help("name one cluster, by `server` or by `name`");
}
