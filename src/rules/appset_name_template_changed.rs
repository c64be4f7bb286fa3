//! BH418. Meaning, rationale and examples: `rules/BH418-appset-name-template-changed.md`.

use super::change::{Reason, Shrunk};
use super::generated;
use crate::rules::{Change, Check, Context, Rule};

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH418-appset-name-template-changed.md"),
    check: Check::Change(check),
};

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    for shrunk in generated::by_reason(change, |reason| matches!(reason, Reason::Name(_))) {
        tell(shrunk, cx);
    }
}

fn tell(shrunk: &Shrunk<'_>, cx: &mut Context<'_>) {
    let (Some(set), Reason::Name(generator)) = (shrunk.head, &shrunk.reason) else { return };
    let message = format!(
        "`{}` gives its Applications other names: {} go, which {}",
        set.id,
        shrunk.names(),
        shrunk.harm()
    );
    generated::report(cx, set, shrunk, set.template(*generator), message)
        .see(shrunk.base.template(*generator).in_base(), "the names of base")
        .help(generated::rename(shrunk, "keep the names", "change the name in the template"));
}
