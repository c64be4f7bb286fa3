//! BH419. Meaning, rationale and examples: `rules/BH419-applicationset-removed.md`.

use super::change::{Reason, Shrunk, steps};
use super::generated;
use crate::files::Location;
use crate::inventory::{Parent, Set};
use crate::rules::{Change, Check, Context, Rule};

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH419-applicationset-removed.md"), check: Check::Change(check) };

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    for shrunk in generated::by_reason(change, |reason| *reason == Reason::Removed) {
        tell(change, shrunk, cx);
    }
}

fn tell(change: &Change<'_>, shrunk: &Shrunk<'_>, cx: &mut Context<'_>) {
    let set = shrunk.base;
    let before = set.manifest.location().in_base();
    let heir = heir(change, shrunk);
    let (place, what) = match heir {
        Some(heir) => (heir.manifest.location(), format!("`{}` takes the place of `{}`", heir.id, set.id)),
        None => (
            parent(change, set).unwrap_or_else(|| before.clone()),
            format!("ApplicationSet `{}` leaves git", set.id),
        ),
    };
    let message = match shrunk.is_unknown() {
        true => format!("{what}, and with it go its Applications, which are not known here"),
        false => format!("{what}, and with it go {}, which {}", shrunk.names(), shrunk.harm()),
    };
    let then = match heir {
        Some(heir) => format!("replace it by `{}`", heir.id),
        None => "remove it".to_owned(),
    };
    let keep = steps::plan([
        format!(
            "give `{}` the finalizer `resources-finalizer.argocd.argoproj.io` and `syncPolicy.applicationsSync: \
             create-update` in {}, and wait until it is applied",
            set.id,
            steps::file(&set.manifest)
        ),
        format!("then {then}: its Applications stay, and belong to nobody"),
    ]);
    let help = match heir {
        Some(_) => format!("keep the name of the set, or in two merges: {keep}"),
        None => {
            format!("if the Applications are to stay, in two merges: {keep}; {}", lost_on_purpose(shrunk))
        }
    };
    let mut report = generated::report(cx, set, shrunk, place.clone(), message);
    if place != before {
        report = report.see(before, "what base has");
    }
    report
        .because(
            "its Applications are owned by it: Kubernetes deletes them with it, and their finalizers delete what they \
             deployed",
        )
        .help(help);
}

fn lost_on_purpose(shrunk: &Shrunk<'_>) -> String {
    format!("if all of it is to go, {}", steps::acknowledge(&shrunk.base.key()))
}

/// The set of head that generates an Application of the same name.
fn heir<'a>(change: &Change<'a>, shrunk: &Shrunk<'_>) -> Option<&'a Set> {
    let app = shrunk.apps.iter().find_map(|app| change.head_of(app))?;
    match app.parent {
        Parent::Set { set, .. } => Some(&change.head.sets[set]),
        _ => None,
    }
}

/// Where the Application stands in head that rendered the set.
fn parent(change: &Change<'_>, set: &Set) -> Option<Location> {
    let Parent::Application(parent) = set.parent else { return None };
    let parent = change.head_of(&change.base.applications[parent])?;
    Some(parent.application.manifest.location())
}
