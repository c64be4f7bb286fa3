//! BH430. Meaning, rationale and examples: `rules/BH430-manifest-unreferenced.md`.

use super::change::{Entry, Fate, Kustomization, Losses, entries, is_in_head};
use super::options::add;
use super::{Change, Check, Context, Rule, pvc_removed};
use crate::files::EntryKind;
use crate::finding::{FixKind, Severity};
use crate::forecast::Row;
use crate::inventory::Inventory;
use hashbrown::{HashMap, HashSet};

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH430-manifest-unreferenced.md"), check: Check::Change(check) };

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    let dropped: Vec<(&Kustomization, Entry)> = change
        .kustomizations()
        .iter()
        .flat_map(|own| {
            let after: HashSet<_> = entries(&own.head).into_iter().map(|entry| entry.path).collect();
            entries(&own.base)
                .into_iter()
                .filter(move |entry| !after.contains(&entry.path))
                .map(move |entry| (own, entry))
        })
        .filter(|(_, entry)| is_left(change, entry))
        .collect();
    if dropped.is_empty() {
        return;
    }
    let mut leaving: HashMap<&str, Vec<&Row>> = HashMap::new();
    for row in change.forecast.rows.iter().filter(|row| !is_in_head(row)) {
        if let Some(manifest) = &row.base {
            leaving.entry(manifest.path()).or_default().push(row);
        }
    }
    for (kustomization, entry) in dropped {
        let files = files(change.base, &entry.path);
        let rows: Vec<&Row> =
            files.iter().filter_map(|file| leaving.get(&**file)).flatten().copied().collect();
        tell(change, cx, kustomization, &entry, &rows);
    }
}

/// Whether what an entry names is still there as it was, and nothing else in head names it.
fn is_left(change: &Change<'_>, entry: &Entry) -> bool {
    let (base, head) = (change.base.documents.tree(), change.head.documents.tree());
    let path = &entry.path;
    if change.head.kustomizations.names(path) || is_source(change.head, path) {
        return false;
    }
    match head.entry(path).map(|entry| &entry.kind) {
        Some(EntryKind::File(_)) => base.has_same_file(head, path),
        _ => change.head.kustomizations.is_folder(path),
    }
}

/// Whether an Application reads a folder by itself.
fn is_source(inventory: &Inventory, folder: &str) -> bool {
    let sources = inventory.applications.iter().flat_map(|app| app.application.spec.effective_sources());
    sources.into_iter().any(|source| crate::render::clean(&source.path).is_some_and(|path| *path == *folder))
}

/// The files that Kustomize reads for an entry: itself, or everything that the kustomizations from there on name.
fn files(inventory: &Inventory, path: &str) -> Vec<String> {
    let mut seen: HashSet<String> = HashSet::new();
    let mut open = vec![path.to_owned()];
    let mut found = Vec::new();
    while let Some(path) = open.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        match inventory.kustomizations.is_folder(&path) {
            true => open.extend(inventory.kustomizations.resources(&path).map(str::to_owned)),
            false => found.push(path),
        }
    }
    found.sort();
    found
}

fn tell<'a>(change: &Change<'a>, cx: &mut Context<'_>, own: &Kustomization, entry: &Entry, rows: &[&'a Row]) {
    let known: Vec<&Row> = rows
        .iter()
        .copied()
        .filter(|row| change.fate(row).is_some_and(|fate| fate != Fate::Unknown))
        .collect();
    let going = known.iter().copied().filter(|row| change.fate(row).is_some_and(Fate::ends)).collect();
    let going = Losses::all(change.with_inside(going));
    let all = Losses::all(known);
    let Some(worst) = going.worst().or(all.worst()) else { return };
    if rows.iter().all(|row| pvc_removed::is_replaced(change, row)) {
        return; // BH438 tells where the data has to go.
    }
    let certain = rows.iter().any(|row| matches!(change.fate(row), Some(Fate::Pruned | Fate::Taken)));
    let place = match own.head.node().get(entry.list) {
        Some(_) => own.head.location_at(&[entry.list]),
        None => own.head.location(),
    };
    let consequence = match (certain, going.is_empty()) {
        (true, _) => format!("{} deleted", are(&going)),
        (false, false) => format!("the next sync with prune deletes {}", going.told()),
        (false, true) => format!("{} left behind", are(&all)),
    };
    let message = format!("nothing names `{}` any more: {consequence}", entry.path);
    let list = entry.list;
    let fix = add(&own.head, &[list], &entry.text, change.head);
    let report = cx
        .report(place, message)
        .row(worst)
        .telling(if going.is_empty() { all.rows() } else { going.rows() })
        .because(format!("`{}` is still there, as it was, so the change shows no deletion; but no build holds what is in it any more{}", entry.path, change.disk(worst)))
        .help(format!("put `- {}` back into `{list}`, or delete `{}` too, so that the change says what it does", entry.text, entry.path))
        .see(entry.place.clone().in_base(), "named here before")
        .fix(FixKind::Safe, fix);
    if !certain {
        report.at_most(Severity::Warning);
    }
}

fn are(losses: &Losses<'_>) -> String {
    match losses.count() {
        1 => format!("{} is", losses.told()),
        _ => format!("{} are", losses.told()),
    }
}
