//! BH521. Meaning, rationale and examples: `rules/BH521-values-file-missing.md`.

use super::problems;
use crate::files::EntryKind;
use crate::inventory::{App, Inventory};
use crate::model::{ProblemKind, Source};
use crate::render::{clean, join};
use crate::rules::{Check, Context, Rule};
use std::collections::BTreeSet;

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH521-values-file-missing.md"), check: Check::Inventory(check) };

fn check(cx: &mut Context<'_>) {
    problems::report(cx, ProblemKind::ValuesFileMissing);
    let inventory = cx.inventory;
    let named: BTreeSet<String> =
        inventory.applications.iter().flat_map(|app| listed(app).into_iter().map(|(_, path)| path)).collect();
    for app in inventory.applications.iter().filter(|app| app.changed_by.is_none()) {
        let tolerant = listed(app).into_iter().filter(|((_, source), _)| {
            source.helm.as_ref().is_some_and(|helm| helm.ignore_missing_value_files)
        });
        for ((raw, _), path) in tolerant {
            if let Some(meant) = meant(&path, &named, inventory) {
                report(app, &raw, meant, cx);
            }
        }
    }
}

/// The value files of an Application that would stand in this tree: as written, with their source, and where.
fn listed(app: &App) -> Vec<((String, Source), String)> {
    let sources = app.application.spec.effective_sources();
    let mut found = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        for raw in source.helm.iter().flat_map(|helm| &helm.value_files) {
            let (tree, folder, rest) = match raw.strip_prefix('$').and_then(|raw| raw.split_once('/')) {
                Some((name, rest)) => {
                    let Some(tree) = sources.iter().position(|source| source.reference == name) else {
                        continue;
                    };
                    (tree, "", rest)
                }
                None => (index, source.path.as_str(), raw.as_str()),
            };
            let is_here = app.here.get(tree) == Some(&true) && (tree != index || source.chart.is_empty());
            if !is_here || rest.contains(['$', '*', '?', '[', ':']) {
                continue;
            }
            let joined = if rest.starts_with('/') { rest.to_owned() } else { join(folder, rest).to_string() };
            if let Some(path) = clean(joined.trim_start_matches('/')) {
                found.push(((raw.clone(), source.clone().into_owned()), path.to_string()));
            }
        }
    }
    found
}

/// The file beside a missing one that it was renamed to: the same words, and no Application reads it.
fn meant(path: &str, named: &BTreeSet<String>, inventory: &Inventory) -> Option<String> {
    let tree = inventory.documents.tree();
    if !matches!(tree.resolve(path), Ok(None)) {
        return None;
    }
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let beside = tree.below(folder).iter().filter(|entry| matches!(entry.kind, EntryKind::File(_)));
    let mut near = beside.filter_map(|entry| {
        let (other, own) = entry.path.rsplit_once('/').unwrap_or(("", &entry.path));
        let same = other == folder && words(own) == words(name) && !named.contains(&*entry.path);
        same.then(|| entry.path.to_string())
    });
    near.next().filter(|_| near.next().is_none())
}

/// A name without what people mix up: case, separators, and the two endings of YAML.
fn words(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    let stem = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml"));
    let plain = |text: &str| text.replace(['.', '-', '_'], "");
    stem.map_or_else(|| plain(&name), |stem| format!("{}.yaml", plain(stem)))
}

fn report(app: &App, raw: &str, meant: String, cx: &mut Context<'_>) {
    let name = meant.rsplit('/').next().unwrap_or(&meant).to_owned();
    let spec = &app.application.manifest;
    let path: &[&str] = match app.application.spec.has_multiple_sources() {
        true => &["spec", "sources"],
        false => &["spec", "source", "helm", "valueFiles"],
    };
    cx.report(spec.location_at(path), format!("the value file `{raw}` does not exist; `{name}` beside it is read by no Application"))
        .application(app)
        .because("with `ignoreMissingValueFiles` Argo CD leaves a missing file out and deploys what the chart has by itself")
        .help(format!("name `{name}`, or take the file off the list"));
}
