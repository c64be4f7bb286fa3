//! What kustomizations may change of an object that stands in the tree.

use crate::inventory::Inventory;
use crate::model::Manifest;
use crate::render::{Parsed, clean, is_kustomization, join};
use crate::yaml::{File, Node};
use regex::Regex;

/// What changes objects without naming them; where such a thing speaks of a field, any object may be meant.
const ANYTHING: &[&str] = &["transformers", "replacements", "vars", "configurations"];

/// Whether some kustomization has a patch that may be for this object and that speaks of one of these words.
pub(super) fn may_change(inventory: &Inventory, object: &Manifest, words: &[&str]) -> bool {
    let patches = Patches { inventory, object, words };
    inventory.parts.iter().any(|(path, parsed)| {
        let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
        let roots = || parsed.file.documents().iter().filter_map(|document| document.root().ok());
        is_kustomization(name) && roots().any(|root| patches.of(dir, parsed.file.node(root), parsed))
    })
}

struct Patches<'a> {
    inventory: &'a Inventory,
    object: &'a Manifest,
    words: &'a [&'a str],
}

impl Patches<'_> {
    fn of(&self, dir: &str, kustomization: Node<'_>, parsed: &Parsed) -> bool {
        let list = |key: &str| kustomization.get(key).into_iter().flat_map(Node::items);
        let transforms =
            ANYTHING.iter().any(|key| kustomization.get(key).is_some_and(|list| !list.is_empty()));
        let inline = |item: Node<'_>| item.as_str().is_some_and(|text| self.by_itself(dir, text));
        ["patches", "patchesJson6902"].into_iter().flat_map(list).any(|item| self.patch(dir, item))
            || list("patchesStrategicMerge").any(inline)
            || transforms && (self.speaks(parsed.file.text()) || self.transformers_speak(dir, kustomization))
    }

    /// An entry of `patches`: a target, and a patch that is written there or in a file.
    fn patch(&self, dir: &str, item: Node<'_>) -> bool {
        let text = match (item.get("patch").and_then(Node::as_str), item.get("path").and_then(Node::as_str)) {
            (Some(text), _) => text.to_owned(),
            (None, Some(path)) => match self.file(dir, path) {
                Some(text) => text,
                None => return true,
            },
            (None, None) => return false,
        };
        match item.get("target") {
            Some(target) => self.is_target(target) && self.speaks(&text),
            None => self.is_for_it(&text) && self.speaks(&text),
        }
    }

    /// An entry of `patchesStrategicMerge`: a file, or the patch itself.
    fn by_itself(&self, dir: &str, entry: &str) -> bool {
        let text = if entry.contains('\n') { Some(entry.to_owned()) } else { self.file(dir, entry) };
        text.is_none_or(|text| self.is_for_it(&text) && self.speaks(&text))
    }

    fn transformers_speak(&self, dir: &str, kustomization: Node<'_>) -> bool {
        let mut paths = ANYTHING
            .iter()
            .filter_map(|key| kustomization.get(key))
            .flat_map(Node::items)
            .filter_map(|item| item.as_str().or_else(|| item.get("path")?.as_str()));
        paths.any(|path| self.file(dir, path).is_none_or(|text| self.speaks(&text)))
    }

    fn file(&self, dir: &str, path: &str) -> Option<String> {
        let path = clean(&join(dir, path))?;
        self.inventory.text(&path).map(|text| text.to_string())
    }

    fn speaks(&self, text: &str) -> bool {
        self.words.iter().any(|word| text.contains(word))
    }

    /// Whether a `target` may be this object: its fields are regular expressions over the whole text, and names may have
    /// got a prefix on the way.
    fn is_target(&self, target: Node<'_>) -> bool {
        let fits = |key: &str, value: &str| match target.get(key).and_then(Node::as_str) {
            None | Some("") => true,
            Some(pattern) => {
                Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|pattern| pattern.is_match(value))
            }
        };
        fits("kind", self.object.kind()) && fits("name", self.object.name())
    }

    /// Whether a patch without a target is for this object: it has its kind and name.
    fn is_for_it(&self, text: &str) -> bool {
        let file = File::stream(text.into());
        file.documents().iter().any(|document| {
            document.root().is_ok_and(|root| {
                let patch = file.node(root);
                let name = patch.at(&["metadata", "name"]).and_then(|name| name.as_str());
                patch.get("kind").and_then(Node::as_str) == Some(self.object.kind())
                    && name == Some(self.object.name())
            })
        })
    }
}
