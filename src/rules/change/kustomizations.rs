//! Kustomizations that both sides have, and what changed in them.

use crate::files::{Location, Path};
use crate::inventory::Inventory;
use crate::model::{Manifest, Origin};
use crate::render::{clean, is_kustomization, join};
use hashbrown::HashMap;
use std::sync::Arc;

/// One kustomization on both sides.
pub struct Kustomization {
    /// Its file.
    pub path: Path,
    /// As base has it.
    pub base: Manifest,
    /// As head has it.
    pub head: Manifest,
}

/// Lists by which a kustomization names resources.
const LISTS: &[&str] = &["resources", "bases", "components"];

/// Every kustomization that both sides have and that differs.
pub(super) fn changed(base: &Inventory, head: &Inventory) -> Vec<Kustomization> {
    let after: HashMap<&str, Manifest> = all(head).map(|(path, manifest)| (&**path, manifest)).collect();
    let both = all(base).filter_map(|(path, manifest)| {
        let head = after.get(&**path)?;
        let same = manifest.node().raw() == head.node().raw();
        (!same).then(|| Kustomization { path: Path::clone(path), base: manifest, head: head.clone() })
    });
    both.collect()
}

fn all(inventory: &Inventory) -> impl Iterator<Item = (&Path, Manifest)> {
    let files = inventory.parts.iter().filter(|(path, _)| {
        let name = path.rsplit('/').next().unwrap_or(path);
        is_kustomization(name)
    });
    files.filter_map(|(path, parsed)| {
        let root = parsed.file.documents().first()?.root().ok()?;
        let origin = match parsed.verbatim {
            true => Origin::Written(Path::clone(path)),
            false => Origin::Rendered(Location::head(Path::clone(path))),
        };
        Some((path, Manifest::new(Arc::clone(&parsed.file), root, Arc::new(origin))))
    })
}

/// A file or folder that a kustomization names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The list it stands in.
    pub list: &'static str,
    /// As written.
    pub text: String,
    /// From the root of the tree.
    pub path: Path,
    /// Where it stands.
    pub place: Location,
}

/// The files and folders of the tree that a kustomization names.
pub fn entries(kustomization: &Manifest) -> Vec<Entry> {
    let path = kustomization.path();
    let dir = path.rsplit_once('/').map_or("", |(dir, _)| dir);
    let named = LISTS.iter().flat_map(|list| {
        let items = kustomization.node().get(list).into_iter().flat_map(|node| node.items());
        items.map(move |item| (*list, item))
    });
    let within = named.filter_map(|(list, item)| {
        let text = item.as_str()?;
        let path = clean(&join(dir, text))?;
        Some(Entry { list, text: text.to_owned(), path, place: kustomization.location_of(item) })
    });
    within.collect()
}
