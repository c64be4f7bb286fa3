//! BH411. Meaning, rationale and examples: `rules/BH411-protection-too-late.md`.

use super::change::{Losses, Why, is_lost, steps};
use crate::files::Location;
use crate::forecast::Row;
use crate::inventory::{App, Set};
use crate::model::{Manifest, Protection, SYNC_OPTIONS, SyncOptions, Version, protections};
use crate::rules::{Change, Check, Context, Rule};

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH411-protection-too-late.md"), check: Check::Change(check) };

/// What deletes an object that its own options can hold back.
const HELD_BACK: &[&str] = &["prune", "application-deleted", "not-generated"];

const SYNC_POLICY: &[&str] = &["spec", "syncPolicy"];
const SET_POLICY: &[&str] = &["spec", "syncPolicy", "preserveResourcesOnDeletion"];

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    for row in change.lost().filter(|row| HELD_BACK.contains(&row.cause.code)) {
        of_object(change, row, cx);
    }
    for pair in &change.apps {
        if let (Some(base), Some(head)) = (pair.base, pair.head) {
            of_application(change, base, head, cx);
        }
    }
    let mut known = Vec::new();
    for gone in change.gone().iter().filter(|gone| gone.is_deleted()) {
        if let Why::NotGenerated(base, head) = gone.why
            && !known.contains(&&head.id)
        {
            known.push(&head.id);
            of_set(change, base, head, cx);
        }
    }
}

/// An option on the object itself, in the merge that takes the object away.
fn of_object(change: &Change<'_>, row: &Row, cx: &mut Context<'_>) {
    let Some(base) = &row.base else { return };
    let none = SyncOptions::default();
    let version =
        change.base.instances.first().map_or(Version::DEFAULT, |instance| instance.settings.version);
    let before = protections(base, &none, version);
    let is_object =
        |manifest: &&Manifest| manifest.kind() == &*row.key.kind && manifest.name() == &*row.key.name;
    let in_head = row.head.as_ref().filter(is_object).or_else(|| change.written(row));
    let Some(head) = in_head else { return };
    let after = protections(head, &none, version);
    let deleted_with_application = row.cause.code == "application-deleted";
    let (was, is) = match deleted_with_application {
        true => (before.delete, after.delete),
        false => (before.prune, after.prune),
    };
    if was != Protection::None || is == Protection::None {
        return;
    }
    let option = SyncOptions::of_object(head);
    let option = option.iter().collect::<Vec<_>>().join(",");
    let option = if option.is_empty() { "helm.sh/resource-policy: keep".to_owned() } else { option };
    let message = format!("`{option}` comes in the merge that takes {} away, and comes too late", row.key);
    cx.report(head.location_at(&["metadata", "annotations", SYNC_OPTIONS]), message)
        .row(row)
        .because(format!("Argo CD asks the live object, which does not have the option yet, and never gets it from git any more{}", change.disk(row)))
        .see(base.location().in_base(), "without it in base")
        .help(split(row.application.as_deref(), &format!("the option on {}", row.key), "take it away"));
}

/// Two merges: what protects, then what removes.
fn split(application: Option<&str>, first: &str, then: &str) -> String {
    format!(
        "in two merges: {}",
        steps::plan([
            format!("merge {first} alone, and {}", steps::until_synced(application)),
            format!("then {then}"),
        ])
    )
}

/// A policy of the Application that would have stopped the prune.
fn of_application(change: &Change<'_>, base: &App, head: &App, cx: &mut Context<'_>) {
    if !base.application.prunes_automatically() {
        return;
    }
    let option = prune_option(head)
        .filter(|value| Some(*value) != prune_option(base) && matches!(*value, "false" | "confirm"));
    let switched_off = !head.application.prunes_automatically();
    let what = match (option, switched_off) {
        (_, true) => "prune is switched off".to_owned(),
        (Some(value), false) => format!("`Prune={value}` is set"),
        (None, false) => return,
    };
    let pruned = change.rows_of(&base.id).filter(|row| is_lost(row) && row.cause.code == "prune");
    let lost = Losses::all(pruned);
    if lost.is_empty() {
        return;
    }
    let message = format!(
        "{what} for `{}` in the merge that takes {} away, which comes too late",
        head.id,
        lost.told()
    );
    cx.report_app(head, SYNC_POLICY, message)
        .application_object(head)
        .because(
            "the Application reads the commit by its old policy before its parent has given it the new one",
        )
        .see(policy(base), "the policy that holds until then")
        .help(format!(
            "in two merges: {}",
            steps::plan([
                format!(
                    "merge the policy of `{}` alone, and {}",
                    head.id,
                    steps::until_parent(change.head, head)
                ),
                "then take the manifests away".to_owned(),
            ])
        ));
}

fn prune_option(app: &App) -> Option<&str> {
    app.application.spec.sync_options().value("Prune")
}

fn policy(app: &App) -> Location {
    app.application.manifest.location_at(SYNC_POLICY).in_base()
}

/// `preserveResourcesOnDeletion`, in the merge that takes Applications out of the set.
fn of_set(change: &Change<'_>, base: &Set, head: &Set, cx: &mut Context<'_>) {
    let preserves = |set: &Set| set.admitted.as_ref().is_some_and(|set| set.preserves_resources());
    if preserves(base) || !preserves(head) {
        return;
    }
    let of_set = change.gone().iter().filter(|gone| {
        matches!(gone.why, Why::NotGenerated(_, set) if set.id == head.id) && gone.is_deleted()
    });
    let lost: Vec<&Row> =
        of_set.flat_map(|gone| change.rows_of(&gone.app.id).filter(|row| is_lost(row))).collect();
    let lost = Losses::all(lost);
    if lost.is_empty() {
        return;
    }
    let message = format!(
        "`preserveResourcesOnDeletion` of `{}` comes in the merge that takes Applications out of it, too late for {}",
        head.id,
        lost.told()
    );
    cx.report_set(head, head.manifest.location_at(SET_POLICY), message)
        .because("the finalizer is on the live Applications, and one that is not generated any more is not updated before it is deleted")
        .help(format!(
            "in two merges: {}",
            steps::plan([
                format!(
                    "merge `preserveResourcesOnDeletion` alone, and wait until no Application of `{}` has a finalizer",
                    head.id
                ),
                "then take the Applications out".to_owned(),
            ])
        ));
}
