//! What was worked out before: for the other side of a merge, or in an earlier round over the same tree.

use super::generate::Expanded;
use super::set::Set;
use crate::appset::Settings as Switches;
use crate::model::{Manifest, Origin};
use crate::yaml::{File, Node, NodeId};
use hashbrown::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// How deep generators are looked through for one that asks for a repository.
const DEEPEST: usize = 16;

/// What the inventories of one run share. Only what follows from texts that were read once for all of them is kept.
#[derive(Default)]
pub struct Memory {
    sets: Mutex<HashMap<Key, Slot>>,
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}

/// All that the Applications of a set follow from, as long as it asks for no repository.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    set: Text,
    namespace: Arc<str>,
    is_local: bool,
    switches: Switches,
    /// Clusters, projects, answers.
    around: blake3::Hash,
}

/// An object, by the text in memory that it is part of.
#[derive(Clone)]
struct Text(Manifest);

impl Text {
    fn place(&self) -> (*const File, NodeId, &Origin) {
        (self.0.node().file(), self.0.node().id(), self.0.origin())
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.place() == other.place()
    }
}

impl Eq for Text {}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let (file, node, _) = self.place();
        (file, node).hash(state);
    }
}

impl Key {
    pub(super) fn new(set: &Set, is_local: bool, switches: Switches, around: blake3::Hash) -> Self {
        let (set, namespace) = (Text(set.manifest.clone()), Arc::clone(&set.namespace));
        Self { set, namespace, is_local, switches, around }
    }
}

/// A set, as far as somebody thought of it before.
pub(super) enum Thought {
    /// It is known.
    Known(Arc<Expanded>),
    /// Nobody did; who asks has promised to.
    Mine(Promise),
    /// Another inventory is about to.
    Theirs(Slot),
}

/// Where a set is put when it is known; nothing where it does not belong to all.
#[derive(Clone, Default)]
pub(super) struct Slot(Arc<OnceLock<Option<Arc<Expanded>>>>);

/// Of one who fills a slot. It is filled with nothing where the promise is dropped.
pub(super) struct Promise(Slot);

impl Slot {
    /// What is put there in the end. Not for threads of the pool, which may have to fill it themselves.
    pub(super) fn wait(&self) -> Option<Arc<Expanded>> {
        self.0.wait().clone()
    }
}

impl Promise {
    pub(super) fn keep(self, expanded: &Arc<Expanded>) {
        // Nobody else has this promise.
        let _ = self.0.0.set(Some(Arc::clone(expanded)));
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        let _ = self.0.0.set(None);
    }
}

impl Memory {
    pub(super) fn set(&self, key: Key) -> Thought {
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        match sets.get(&key) {
            None => {
                let slot = Slot::default();
                sets.insert(key, slot.clone());
                Thought::Mine(Promise(slot))
            }
            Some(slot) => match slot.0.get() {
                Some(Some(expanded)) => Thought::Known(Arc::clone(expanded)),
                Some(None) => Thought::Mine(Promise(Slot::default())),
                None => Thought::Theirs(slot.clone()),
            },
        }
    }
}

/// Whether a generator asks for a repository, so that what is generated depends on a tree.
pub(super) fn asks_git(set: &Manifest) -> bool {
    fn within(node: Node<'_>, depth: usize) -> bool {
        depth < DEEPEST
            && (node.get("git").is_some()
                || node.entries().any(|entry| within(entry.value, depth + 1))
                || node.items().any(|item| within(item, depth + 1)))
    }
    set.node().at(&["spec", "generators"]).is_some_and(|generators| within(generators, 0))
}
