//! BH412. Meaning, rationale and examples: `rules/BH412-protection-removed.md`.

use super::change::{Pair, list, steps};
use crate::files::Location;
use crate::forecast::{Outcome, Row};
use crate::inventory::{App, Set};
use crate::model::{Manifest, Version};
use crate::model::{SYNC_OPTIONS, SyncOptions, cascades, protection, protections};
use crate::rules::{Change, Check, Context, Rule};
use hashbrown::HashSet;

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH412-protection-removed.md"), check: Check::Change(check) };

const OPTIONS: &[&str] = &["spec", "syncPolicy", "syncOptions"];
const GUARD: &str = "FailOnSharedResource=true";

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    let stays = |row: &&Row| matches!(row.outcome, Outcome::Updated | Outcome::Adopted);
    for row in change.forecast.rows.iter().filter(stays) {
        of_object(row, cx);
    }
    // What one template makes is told once.
    let mut told: HashSet<Location> = HashSet::new();
    for Pair { base, head } in &change.apps {
        if let (Some(base), Some(head)) = (base, head) {
            of_application(base, head, &mut told, cx);
        }
    }
    for base in &change.base.sets {
        if let Some(head) = change.head_of_set(base) {
            of_set(base, head, cx);
        }
    }
}

/// An option on the object itself.
fn of_object(row: &Row, cx: &mut Context<'_>) {
    let (Some(base), Some(head)) = (&row.base, &row.head) else { return };
    if head.kind() != &*row.key.kind {
        return; // The Application that does not have it any more.
    }
    let own = |manifest: &Manifest| protections(manifest, &SyncOptions::default(), Version::DEFAULT);
    let (before, after) = (own(base), own(head));
    let what = match (after.prune < before.prune, after.delete < before.delete) {
        (true, true) => "pruning and deletion",
        (true, false) => "pruning",
        (false, true) => "deletion with its Application",
        (false, false) => return,
    };
    let annotation = ["metadata", "annotations", SYNC_OPTIONS];
    cx.report(head.location_at(&annotation), format!("{} is not protected against {what} any more", row.key))
        .row(row)
        .because("the next merge that takes it away deletes it")
        .see(base.location_at(&annotation).in_base(), "the protection that base has")
        .help("keep the option; if the object is to go next, say so where this is reviewed");
}

/// Options of an Application.
fn of_application(base: &App, head: &App, told: &mut HashSet<Location>, cx: &mut Context<'_>) {
    let (before, after) = (base.application.spec.sync_options(), head.application.spec.sync_options());
    let none = SyncOptions::default();
    let weaker = |action: &str| protection(action, &none, &after) < protection(action, &none, &before);
    let mut gone: Vec<String> = ["Prune", "Delete"]
        .into_iter()
        .filter(|action| weaker(action))
        .filter_map(|action| Some(format!("`{action}={}`", before.value(action)?)))
        .collect();
    if before.has(GUARD) && !after.has(GUARD) {
        gone.push(format!("`{GUARD}`"));
    }
    let place = head.application.manifest.location_at(OPTIONS);
    if gone.is_empty() || !told.insert(place.clone()) {
        return;
    }
    let only_guard = gone.len() == 1 && before.has(GUARD) && !after.has(GUARD);
    let because = match only_guard {
        true => {
            "it takes over objects that another Application deployed, and deletes them when it drops them"
        }
        false => "the option held for everything that the Application deploys",
    };
    cx.report(place, format!("`{}` loses {}", head.id, list(gone, 0)))
        .application_object(head)
        .because(because)
        .see(base.application.manifest.location_at(OPTIONS).in_base(), "the options of base")
        .help("keep it, or put it on the objects that need it before");
}

/// What keeps an ApplicationSet from deleting.
fn of_set(base: &Set, head: &Set, cx: &mut Context<'_>) {
    let (Some(before), Some(after)) = (&base.admitted, &head.admitted) else { return };
    let finalizer = |set: &Set| {
        let list = set.manifest.node().at(&["metadata", "finalizers"]);
        list.into_iter().flat_map(|list| list.items()).filter_map(|item| item.as_str()).any(cascades)
    };
    let policy = ["spec", "syncPolicy"];
    let (what, path, because): (_, &[&str], _) = match () {
        () if before.preserves_resources() && !after.preserves_resources() => (
            "`preserveResourcesOnDeletion`".to_owned(),
            &policy,
            "its Applications get the finalizer, and take what they deployed along when they are not generated any more",
        ),
        () if !base.sync.deletes() && head.sync.deletes() => (
            "the policy that keeps Applications".to_owned(),
            &policy,
            "an Application that is not generated any more is deleted, those that were kept until now at once",
        ),
        () if !base.sync.deletes() && finalizer(base) && !finalizer(head) => (
            "its finalizer".to_owned(),
            &["metadata", "finalizers"],
            "its policy does not hold when the set itself is deleted: the Applications go with it",
        ),
        () => return,
    };
    cx.report_set(head, head.manifest.location_at(path), format!("`{}` loses {what}", head.id))
        .because(because)
        .see(base.manifest.location_at(path).in_base(), "what base has")
        .help(format!("keep it in {}", steps::file(&head.manifest)));
}
