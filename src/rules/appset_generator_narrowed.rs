//! BH417. Meaning, rationale and examples: `rules/BH417-appset-generator-narrowed.md`.

use super::change::{Reason, Shrunk};
use super::generated;
use crate::rules::{Change, Check, Context, Rule};

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH417-appset-generator-narrowed.md"),
    check: Check::Change(check),
};

const GENERATORS: &[&str] = &["spec", "generators"];

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    for shrunk in generated::by_reason(change, |reason| *reason == Reason::Generators) {
        tell(shrunk, cx);
    }
}

fn tell(shrunk: &Shrunk<'_>, cx: &mut Context<'_>) {
    let Some(set) = shrunk.head else { return };
    let message =
        format!("the generators of `{}` yield {} no more, which {}", set.id, shrunk.names(), shrunk.harm());
    let help = match shrunk.successors.as_slice() {
        [] => generated::remove(shrunk, "narrow the generators"),
        [new, ..] => {
            generated::rename(shrunk, &format!("keep the names: `{new}` deploys the same"), "change them")
        }
    };
    generated::report(cx, set, shrunk, set.manifest.location_at(GENERATORS), message)
        .see(shrunk.base.manifest.location_at(GENERATORS).in_base(), "the generators of base")
        .help(help);
}
