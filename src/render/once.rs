use hashbrown::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// What is made once for each key, by whoever asks first; others wait for it.
#[derive(Debug)]
pub(super) struct Once<K, V> {
    known: Mutex<HashMap<K, Arc<OnceLock<V>>>>,
}

impl<K, V> Default for Once<K, V> {
    fn default() -> Self {
        Self { known: Mutex::default() }
    }
}

impl<K: Eq + Hash, V: Clone> Once<K, V> {
    /// What is kept under `key`, made now if nobody has. `make` must not wait for other threads of the pool, which may wait
    /// for it.
    pub(super) fn get(&self, key: K, make: impl FnOnce() -> V) -> V {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = Arc::clone(known.entry(key).or_default());
        drop(known);
        slot.get_or_init(make).clone()
    }
}
