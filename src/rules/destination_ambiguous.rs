//! BH203. Meaning, rationale and examples: `rules/BH203-destination-ambiguous.md`.

use super::sets;
use super::{Check, Context, Rule, problems};
use crate::inventory::{Member, Set, SetOutcome};
use crate::model::{DestinationError, ProblemKind};

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH203-destination-ambiguous.md"), check: Check::Inventory(check) };

fn check(cx: &mut Context<'_>) {
    problems::report(cx, ProblemKind::DestinationAmbiguous);
    for set in sets::judged(cx.inventory) {
        template(set, cx);
    }
}

/// A template whose destination is wrong: for some of its Applications where these are known, else whatever the
/// parameters are.
fn template(set: &Set, cx: &mut Context<'_>) {
    let (error, message) = match set.outcome {
        SetOutcome::Generated => {
            let wrong = |member: &&Member| sets::destination_of(member).checked().is_err();
            let members: Vec<&Member> = set.members.iter().filter(wrong).collect();
            let Some(first) = members.first() else { return };
            let Err(error) = sets::destination_of(first).checked() else { return };
            let names: Vec<&str> = members.iter().map(|member| &*member.name).collect();
            (error, format!("{error}: {}", sets::listed(&names)))
        }
        SetOutcome::Refused | SetOutcome::Failed(_) | SetOutcome::Unknown => {
            let Some(destination) = sets::destination(set) else { return };
            let error = match (destination.name.as_str(), destination.server.as_str()) {
                ("", "") => DestinationError::Neither,
                (a, b) if sets::is_never_empty(a) && sets::is_never_empty(b) => DestinationError::Both,
                _ => return,
            };
            (error, error.to_string())
        }
    };
    if sets::may_be_patched(cx.inventory, set, &["destination", "server"]) {
        return;
    }
    let place = set.manifest.location_at(&["spec", "template", "spec", "destination"]);
    let help = match error {
        DestinationError::Both => "keep the name or the server",
        DestinationError::Neither => "name one cluster, by `server` or by `name`",
    };
    cx.report_set(set, place, message)
        .because("Argo CD sets aside every Application with such a destination: neither created, nor updated, nor deleted")
        .help(help);
}
