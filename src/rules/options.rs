//! Edits that write sync options where they are missing.

use crate::files::{Location, Span};
use crate::finding::Edit;
use crate::inventory::Inventory;
use crate::model::{Manifest, SYNC_OPTIONS, SyncOptions};
use crate::yaml::{Node, edit};
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
    edits(manifest, inventory, || edit::set(manifest.node(), &path, &Value::from(text)))
}

/// Adds an option to the list at `path`, a list that may not be there yet.
pub(super) fn add(manifest: &Manifest, path: &[&str], option: &str, inventory: &Inventory) -> Vec<Edit> {
    edits(manifest, inventory, || match manifest.node().at(path) {
        Some(list) if list.is_seq() => edit::push(list, &json!(option)),
        _ => edit::set(manifest.node(), path, &json!([option])),
    })
}

/// Takes options of these names off an object; the annotation goes where nothing is left of it.
pub(super) fn without(manifest: &Manifest, names: &[&str], inventory: &Inventory) -> Vec<Edit> {
    let old = manifest.annotation(SYNC_OPTIONS).unwrap_or("");
    let separator = if old.contains(", ") { ", " } else { "," };
    let own = SyncOptions::of_object(manifest);
    let is_named = |item: &&str| names.contains(&item.split('=').next().unwrap_or(item));
    let text = own.iter().filter(|item| !is_named(item)).collect::<Vec<_>>().join(separator);
    if !text.is_empty() {
        let path = ["metadata", "annotations", SYNC_OPTIONS];
        return edits(manifest, inventory, || edit::set(manifest.node(), &path, &Value::from(text)));
    }
    edits(manifest, inventory, || {
        let map = manifest.node().at(&["metadata", "annotations"])?;
        edit::delete(map, &map.entry(SYNC_OPTIONS)?)
    })
}

/// Takes one option out of the list at `path`; the list goes where nothing is left of it.
pub(super) fn drop_option(
    manifest: &Manifest,
    path: &[&str],
    option: &str,
    inventory: &Inventory,
) -> Vec<Edit> {
    let Some((key, way)) = path.split_last() else { return Vec::new() };
    let Some(map) = manifest.node().at(way) else { return Vec::new() };
    let Some(entry) = map.entry(key) else { return Vec::new() };
    let named = |item: &Node<'_>| item.as_str() == Some(option);
    edits(manifest, inventory, || match entry.value.items().find(named)? {
        _ if entry.value.len() == 1 => edit::delete(map, &entry),
        item => edit::take(entry.value, item),
    })
}

/// Writes a text in place of the value at `path`.
pub(super) fn replace(manifest: &Manifest, path: &[&str], value: &str, inventory: &Inventory) -> Vec<Edit> {
    let Some(node) = manifest.node().at(path) else { return Vec::new() };
    edit_node(manifest, node, &json!(value), inventory)
}

/// Writes a value in place of a scalar of the manifest.
pub(super) fn edit_node(
    manifest: &Manifest,
    node: Node<'_>,
    value: &Value,
    inventory: &Inventory,
) -> Vec<Edit> {
    edits(manifest, inventory, || edit::replace(node, value))
}

/// Writes the annotation `new` with this value in place of the annotation `old`.
pub(super) fn exchange(
    manifest: &Manifest,
    old: &str,
    new: &str,
    value: &str,
    inventory: &Inventory,
) -> Vec<Edit> {
    let Some(map) = manifest.node().at(&["metadata", "annotations"]) else { return Vec::new() };
    let Some(entry) = map.entry(old).filter(|_| map.get(new).is_none()) else { return Vec::new() };
    let mut all = edits(manifest, inventory, || edit::replace(entry.key_node, &json!(new)));
    let value = edits(manifest, inventory, || edit::replace(entry.value, &json!(value)));
    match (all.is_empty(), value.is_empty()) {
        (false, false) => all.extend(value),
        _ => all.clear(),
    }
    all
}

/// A change of the text of an object; nothing, and not asked for, where that does not stand in the tree as it is.
pub(super) fn edits(
    manifest: &Manifest,
    inventory: &Inventory,
    edit: impl FnOnce() -> Option<(Span, String)>,
) -> Vec<Edit> {
    let path = manifest.path();
    let is_verbatim = || inventory.documents.manifest(path).is_ok_and(|parsed| parsed.verbatim);
    if !manifest.is_written() || !is_verbatim() {
        return Vec::new();
    }
    edit()
        .map(|(span, text)| Edit { location: Location::new(path.clone(), span), text })
        .into_iter()
        .collect()
}
