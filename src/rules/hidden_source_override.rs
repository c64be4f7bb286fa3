//! BH522. Meaning, rationale and examples: `rules/BH522-hidden-source-override.md`.

use crate::files::{Location, Path};
use crate::inventory::{App, Inventory};
use crate::render::{clean, join};
use crate::rules::document::all_of;
use crate::rules::{Check, Context, Rule};
use crate::yaml::{Entry, Node};
use std::collections::BTreeSet;

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH522-hidden-source-override.md"),
    check: Check::Inventory(check),
};

/// Argo CD takes these from the Application whatever the file says.
const KEPT: &[&str] = &["repoURL", "path", "chart", "targetRevision"];

fn check(cx: &mut Context<'_>) {
    let inventory = cx.inventory;
    let mut told = BTreeSet::new();
    for app in inventory.applications.iter().filter(|app| app.is_written()) {
        for path in files(app, inventory).filter(|path| inventory.documents.tree().entry(path).is_some()) {
            if told.insert(path.clone()) {
                file(&path.as_str().into(), app, cx);
            }
        }
    }
}

/// The files that Argo CD merges over the sources of an Application, if they are there.
fn files(app: &App, inventory: &Inventory) -> impl Iterator<Item = String> {
    let instance = app.application.instance_name(&inventory.settings(app).namespace);
    let sources = app.application.spec.effective_sources().into_iter().enumerate();
    let read = sources.filter(|(index, _)| {
        app.here.get(*index) == Some(&true) && app.tools.get(*index).is_some_and(Option::is_some)
    });
    let folders = read.filter_map(|(_, source)| Some(clean(&source.path)?.to_string()));
    folders.flat_map(move |folder| {
        [".argocd-source.yaml".to_owned(), format!(".argocd-source-{instance}.yaml")]
            .map(|name| join(&folder, &name).to_string())
    })
}

fn file(path: &Path, app: &App, cx: &mut Context<'_>) {
    let Ok(parsed) = cx.inventory.documents.manifest(path) else { return };
    let Some(Ok(root)) = parsed.file.documents().first().map(|document| document.root()) else { return };
    let mut changes: Vec<(String, Entry<'_>)> = Vec::new();
    for entry in parsed.file.node(root).entries().filter(|entry| !KEPT.contains(&&*entry.key)) {
        match &*entry.key {
            "helm" | "kustomize" => {
                changes.extend(entry.value.entries().filter_map(|inner| change(&entry.key, inner)));
            }
            key => changes.push((key.to_owned(), entry)),
        }
    }
    let Some((_, first)) = changes.first() else { return };
    let place = if parsed.verbatim { first.key_node.span() } else { crate::files::Span::default() };
    let names: Vec<&str> = changes.iter().map(|(name, _)| name.as_str()).collect();
    let message = format!("`{path}` changes {} of `{}`, unseen by the Application", all_of(&names), app.id);
    cx.report(Location::new(path.clone(), place), message)
        .application(app)
        .because("Argo CD merges this file over the source, and a dot file is easily passed over in review")
        .help("write it into the Application")
        .see(app.application.manifest.location(), "the Application");
}

/// What a field of a block changes, beyond images.
fn change<'a>(block: &str, entry: Entry<'a>) -> Option<(String, Entry<'a>)> {
    let name = format!("{block}.{}", entry.key);
    match name.as_str() {
        "kustomize.images" => None,
        "helm.parameters" => {
            let names = entry.value.items().filter_map(|item| item.get("name").and_then(Node::as_str));
            let other: Vec<&str> = names.filter(|name| !is_image(name)).collect();
            (!other.is_empty()).then(|| (other.join(", "), entry))
        }
        _ => Some((name, entry)),
    }
}

fn is_image(parameter: &str) -> bool {
    let name = parameter.to_ascii_lowercase();
    name.contains("image") || name.ends_with("tag")
}
