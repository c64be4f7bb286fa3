//! BH416. Meaning, rationale and examples: `rules/BH416-appset-generated-app-removed.md`.

use super::change::{Reason, Shrunk, made_from};
use super::generated;
use crate::rules::{Change, Check, Context, Rule};

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH416-appset-generated-app-removed.md"),
    check: Check::Change(check),
};

const GENERATORS: &[&str] = &["spec", "generators"];

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    for shrunk in generated::by_reason(change, |reason| *reason == Reason::Found) {
        tell(shrunk, cx);
    }
}

fn tell(shrunk: &Shrunk<'_>, cx: &mut Context<'_>) {
    let Some(set) = shrunk.head else { return };
    let from = made_from(shrunk);
    let from = if from.is_empty() { String::new() } else { format!(" from {from}") };
    let message =
        format!("`{}` does not generate {}{from} any more, and {}", set.id, shrunk.names(), shrunk.harm());
    let help = match shrunk.successors.as_slice() {
        [] => generated::remove(shrunk, "remove what they are generated from"),
        [new, ..] => {
            generated::rename(shrunk, &format!("keep the names: `{new}` deploys the same"), "rename")
        }
    };
    generated::report(cx, set, shrunk, set.manifest.location_at(GENERATORS), message).help(help);
}
