//! BH523. Meaning, rationale and examples: `rules/BH523-null-value-override.md`.

use crate::files::{Location, Path, Span};
use crate::finding::Severity;
use crate::inventory::{App, Inventory};
use crate::render::{Chart, Recipe, join};
use crate::rules::{Check, Context, Rule};
use crate::yaml::{File, Node};
use std::collections::BTreeSet;
use std::sync::Arc;

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH523-null-value-override.md"), check: Check::Inventory(check) };

/// Deeper than any values go.
const MAX_DEPTH: usize = 64;

/// Values that one file, or the Application itself, lays over those of the chart.
struct Layer {
    file: Arc<File>,
    /// Where it stands; None for values in the Application.
    path: Option<Path>,
}

/// A null over a table of the chart.
struct Null {
    at: Vec<String>,
    span: Span,
    /// Nothing is written behind the key.
    bare: bool,
}

fn check(cx: &mut Context<'_>) {
    let inventory = cx.inventory;
    let mut told = BTreeSet::new();
    for app in inventory.applications.iter().filter(|app| app.changed_by.is_none()) {
        for (index, recipe) in app.recipes.iter().enumerate() {
            let Some(Recipe::Helm(chart)) = recipe else { continue };
            let Some(defaults) = defaults(chart, inventory).filter(|_| app.here.get(index) == Some(&true))
            else {
                continue;
            };
            let Some(layers) = layers(chart, inventory) else { continue };
            for (level, layer) in layers.iter().enumerate() {
                let mut nulls = Vec::new();
                walk(layer.root(), defaults.root(), &mut Vec::new(), &mut nulls);
                for null in nulls.into_iter().filter(|null| !is_set(&null.at, &layers[level + 1..], chart)) {
                    let location = place(app, layer, &null);
                    if told.insert((location.clone(), null.at.clone())) {
                        report(app, location, &null, chart, cx);
                    }
                }
            }
        }
    }
}

impl Layer {
    fn of_file(path: &str, inventory: &Inventory) -> Option<Self> {
        let path = inventory.documents.tree().resolve(path).ok()??;
        let parsed = inventory.documents.manifest(&path).ok().filter(|parsed| parsed.verbatim)?;
        let only = parsed.file.documents();
        (only.len() == 1 && only[0].root().is_ok())
            .then(|| Self { file: Arc::clone(&parsed.file), path: Some(path) })
    }

    fn root(&self) -> Option<Node<'_>> {
        Some(self.file.node(self.file.documents().first()?.root().ok()?))
    }
}

/// The chart's own values.
fn defaults(chart: &Chart, inventory: &Inventory) -> Option<Layer> {
    Layer::of_file(&join(&chart.folder, "values.yaml"), inventory)
}

/// Everything that is laid over them, in order; None where some of it cannot be read here.
fn layers(chart: &Chart, inventory: &Inventory) -> Option<Vec<Layer>> {
    let own = join(&chart.folder, "values.yaml");
    let mut layers = Vec::new();
    for place in chart.value_files.iter().filter(|place| place.tree != 0 || place.path != own) {
        if place.tree != 0 {
            return None;
        }
        layers.push(Layer::of_file(&place.path, inventory)?);
    }
    if let Some(values) = &chart.values {
        let file = Arc::new(File::single(values.as_str().into()));
        file.documents().first()?.root().ok()?;
        layers.push(Layer { file, path: None });
    }
    Some(layers)
}

fn walk(over: Option<Node<'_>>, table: Option<Node<'_>>, at: &mut Vec<String>, found: &mut Vec<Null>) {
    let (Some(over), Some(table)) = (over, table) else { return };
    if at.len() > MAX_DEPTH || !table.is_map() {
        return;
    }
    for entry in over.entries() {
        let Some(default) = table.get(&entry.key).filter(|default| default.is_map() && !default.is_empty())
        else {
            continue;
        };
        at.push(entry.key.to_string());
        if entry.value.is_null() {
            let bare = entry.value.raw().is_empty();
            found.push(Null { at: at.clone(), span: entry.key_node.span(), bare });
        } else {
            walk(Some(entry.value), Some(default), at, found);
        }
        at.pop();
    }
}

/// Whether something that comes later gives the key a value after all.
fn is_set(at: &[String], later: &[Layer], chart: &Chart) -> bool {
    let path: Vec<&str> = at.iter().map(String::as_str).collect();
    let dotted = path.join(".");
    let mut parameters = chart.set.keys().chain(chart.set_string.keys()).chain(chart.set_file.keys());
    later
        .iter()
        .any(|layer| layer.root().and_then(|root| root.at(&path)).is_some_and(|value| !value.is_null()))
        || parameters.any(|name| name.starts_with(&dotted))
}

fn place(app: &App, layer: &Layer, null: &Null) -> Location {
    match &layer.path {
        Some(path) => Location::new(path.clone(), null.span),
        None if app.application.spec.has_multiple_sources() => {
            app.application.manifest.location_at(&["spec", "sources"])
        }
        None => {
            let object = app.application.manifest.node().at(&["spec", "source", "helm", "valuesObject"]);
            let field = if object.is_some() { "valuesObject" } else { "values" };
            app.application.manifest.location_at(&["spec", "source", "helm", field])
        }
    }
}

fn report(app: &App, location: Location, null: &Null, chart: &Chart, cx: &mut Context<'_>) {
    let (key, folder) = (null.at.join("."), &chart.folder);
    let message = match null.bare {
        true => {
            format!("`{key}` has no value, and takes away the table that `{folder}/values.yaml` has for it")
        }
        false => format!("`{key}: null` takes away the table that `{folder}/values.yaml` has for it"),
    };
    let report = cx
        .report(location, message)
        .application(app)
        .because("Helm deletes a key that is set to null; how far down it does so changed between versions, and with Argo CD's own")
        .help("take the key out to keep the chart's values, or write the values that are meant");
    if !null.bare {
        report.at_most(Severity::Note);
    }
}
