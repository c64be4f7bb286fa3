//! What BH416 to BH419 and BH422 share: how a set that loses Applications is reported, and what to do about it.

use super::change::{Reason, Shrunk, steps};
use crate::files::Location;
use crate::finding::Severity;
use crate::inventory::Set;
use crate::rules::{Change, Context, Report};

/// The sets that lose Applications for the reason that a rule is about.
pub(super) fn by_reason<'c, 'a>(
    change: &'c Change<'a>,
    is_mine: impl Fn(&Reason) -> bool + 'c,
) -> impl Iterator<Item = &'c Shrunk<'a>> {
    change.shrunk().iter().filter(move |set| is_mine(&set.reason))
}

/// Reports on a set that loses Applications: a warning where their objects stay.
pub(super) fn report<'c>(
    cx: &'c mut Context<'_>,
    set: &Set,
    shrunk: &Shrunk<'_>,
    place: Location,
    message: String,
) -> Report<'c> {
    let report = cx.report(place, message).object(&set.key()).because(because(shrunk));
    if stays(shrunk) { report.at_most(Severity::Warning) } else { report }
}

/// Whether what the Applications deployed stays where it is.
fn stays(shrunk: &Shrunk<'_>) -> bool {
    match shrunk.is_unknown() {
        true => shrunk.base.admitted.as_ref().is_some_and(|set| set.preserves_resources()),
        false => shrunk.lost.is_empty() && !shrunk.hides(),
    }
}

fn because(shrunk: &Shrunk<'_>) -> String {
    match stays(shrunk) {
        false => "an Application that is not generated any more is deleted, and its finalizer deletes everything that it \
                  deployed; nothing guards against an empty result"
            .to_owned(),
        true => "an Application that is not generated any more is deleted; what it deployed runs on and is updated by \
                 nobody"
            .to_owned(),
    }
}

/// How to let Applications go without their objects, and have them again under other names.
pub(super) fn rename(shrunk: &Shrunk<'_>, keep: &str, then: &str) -> String {
    format!(
        "{keep}, or in two merges: {}",
        steps::plan([preserve(shrunk), format!("then {then}; the new Applications take the objects over")])
    )
}

/// How to keep Applications, to let them go alone, and to let all of it go.
pub(super) fn remove(shrunk: &Shrunk<'_>, then: &str) -> String {
    let id = &shrunk.base.id;
    let mut meant =
        shrunk.apps.first().map(|app| steps::acknowledge(&app.application.key())).unwrap_or_default();
    if shrunk.apps.len() > 1 {
        meant.push_str(" for each");
    }
    format!(
        "if the Applications are to stay, set `syncPolicy.applicationsSync: create-update` on `{id}` in a merge before this; \
         if only what they deployed is to stay, in two merges: {}; if all of it is to go, {meant}",
        steps::plan([preserve(shrunk), format!("then {then}")]),
    )
}

fn preserve(shrunk: &Shrunk<'_>) -> String {
    format!(
        "set `syncPolicy.preserveResourcesOnDeletion: true` on `{}` in {}, and wait until its Applications have no finalizer",
        shrunk.base.id,
        steps::file(&shrunk.base.manifest)
    )
}
