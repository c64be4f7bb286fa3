//! Findings that a template causes, told once instead of once for each Application that is generated from it.

use super::object;
use crate::finding::Finding;
use crate::inventory::{App, Inventory, Set};
use hashbrown::HashMap;
use std::sync::Arc;

/// How many Applications or clusters a text names.
const NAMED: usize = 3;

/// Stands for the names in which texts of one template differ; no text of a finding holds it.
const ID: &str = "`\u{0}i`";
const NAME: &str = "`\u{0}n`";
const CLUSTER: &str = "`\u{0}c`";

/// What findings of one cause have in common.
#[derive(PartialEq, Eq, Hash)]
struct Cause {
    set: Arc<str>,
    code: &'static str,
    path: Arc<str>,
    start: u32,
    texts: [String; 3],
}

/// Joins findings at the template of a set that differ in nothing but the Application and its cluster. What remains is
/// about the set. The order is kept.
pub(super) fn by_template(inventory: &Inventory, findings: Vec<Finding>) -> Vec<Finding> {
    let generated = generated(inventory);
    if generated.is_empty() {
        return findings;
    }
    let mut places: HashMap<Cause, usize> = HashMap::new();
    let mut kept: Vec<(Finding, Vec<&App>)> = Vec::new();
    for finding in findings {
        let Some((app, set)) = origin(&finding, &generated) else {
            kept.push((finding, Vec::new()));
            continue;
        };
        let texts = [&finding.message, &finding.because, &finding.help].map(|text| without_names(text, app));
        let cause = Cause {
            set: Arc::clone(&set.id),
            code: finding.code,
            path: Arc::clone(&finding.location.path),
            start: finding.location.span.start,
            texts,
        };
        let place = *places.entry(cause).or_insert(kept.len());
        match kept.get_mut(place) {
            Some((_, apps)) => apps.push(app),
            None => kept.push((finding, vec![app])),
        }
    }
    kept.into_iter().map(|(finding, apps)| joined(finding, &apps, inventory)).collect()
}

/// Generated Applications by name.
fn generated(inventory: &Inventory) -> HashMap<&Arc<str>, Vec<(&App, &Set)>> {
    let mut generated: HashMap<&Arc<str>, Vec<(&App, &Set)>> = HashMap::new();
    for app in &inventory.applications {
        if let Some((set, _)) = inventory.generated(app) {
            generated.entry(&app.id).or_default().push((app, set));
        }
    }
    generated
}

/// The Application that a finding is about, where it points at the template that the Application comes from.
fn origin<'a>(
    finding: &Finding,
    generated: &HashMap<&Arc<str>, Vec<(&'a App, &'a Set)>>,
) -> Option<(&'a App, &'a Set)> {
    let named = generated.get(finding.application.as_ref()?)?;
    named.iter().copied().find(|(app, _)| app.application.manifest.location() == finding.location)
}

fn without_names(text: &str, app: &App) -> String {
    let text =
        text.replace(&format!("`{}`", app.id), ID).replace(&format!("`{}`", app.application.name), NAME);
    match app.cluster.is_empty() {
        true => text,
        false => text.replace(&format!("`{}`", app.cluster), CLUSTER),
    }
}

/// A finding that is about all of these Applications.
fn joined(finding: Finding, apps: &[&App], inventory: &Inventory) -> Finding {
    let [first, _, ..] = apps else { return finding };
    let Some((set, _)) = inventory.generated(first) else { return finding };
    let ids = listed(apps.iter().map(|app| &*app.id));
    let names = listed(apps.iter().map(|app| &*app.application.name));
    let clusters = listed(apps.iter().map(|app| &*app.cluster));
    let with_all = |text: &str| {
        without_names(text, first).replace(ID, &ids).replace(NAME, &names).replace(CLUSTER, &clusters)
    };
    Finding {
        message: with_all(&finding.message),
        because: with_all(&finding.because),
        help: with_all(&finding.help),
        application: None,
        cluster: apps
            .iter()
            .all(|app| app.cluster == first.cluster)
            .then(|| finding.cluster.clone())
            .flatten(),
        object: Some(object(&set.key())),
        ..finding
    }
}

/// Names for a text: each once, the first few, and how many more.
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.dedup();
    let shown: Vec<String> = names.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
    match (names.len().saturating_sub(NAMED), shown.as_slice()) {
        (0, [all @ .., last]) if !all.is_empty() => format!("{} and {last}", all.join(", ")),
        (0, shown) => shown.concat(),
        (more, shown) => format!("{} and {more} more", shown.join(", ")),
    }
}
