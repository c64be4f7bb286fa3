//! Edits that write sync options where they are missing.

use crate::files::{Location, Span};
use crate::finding::Edit;
use crate::inventory::Inventory;
use crate::model::{Manifest, SYNC_OPTIONS, SyncOptions};
use crate::yaml::edit;
use serde_json::{Value, json};

/// Gives an object these sync options, `name=value` each; an option of the same name is replaced, others stay.
///
/// Empty where the text of the object does not stand in the tree as it is, or cannot be changed in place.
pub(super) fn annotate(manifest: &Manifest, options: &[&str], inventory: &Inventory) -> Vec<Edit> {
    let old = manifest.annotation(SYNC_OPTIONS).unwrap_or("");
    let separator = if old.contains(", ") { ", " } else { "," };
    let name = |option: &str| option.split('=').next().map(str::to_owned);
    let own = SyncOptions::of_object(manifest);
    let kept = own.iter().filter(|item| options.iter().all(|option| name(option) != name(item)));
    let text = kept.chain(options.iter().copied()).collect::<Vec<_>>().join(separator);
    let path = ["metadata", "annotations", SYNC_OPTIONS];
    edits(manifest, edit::set(manifest.node(), &path, &Value::from(text)), inventory)
}

/// Adds an option to the list at `path`, a list that may not be there yet.
pub(super) fn add(manifest: &Manifest, path: &[&str], option: &str, inventory: &Inventory) -> Vec<Edit> {
    let edit = match manifest.node().at(path) {
        Some(list) if list.is_seq() => edit::push(list, &json!(option)),
        _ => edit::set(manifest.node(), path, &json!([option])),
    };
    edits(manifest, edit, inventory)
}

/// A change of the text of an object; nothing where that does not stand in the tree as it is.
pub(super) fn edits(manifest: &Manifest, edit: Option<(Span, String)>, inventory: &Inventory) -> Vec<Edit> {
    let path = manifest.path();
    let is_verbatim = || inventory.documents.manifest(path).is_ok_and(|parsed| parsed.verbatim);
    if !manifest.is_written() || !is_verbatim() {
        return Vec::new();
    }
    edit.map(|(span, text)| Edit { location: Location::new(path.clone(), span), text }).into_iter().collect()
}
