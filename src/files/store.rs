//! Bytes kept on disk between runs, by the hash of what they were made from.

use super::disk;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A folder of entries, each a file that is written as a whole. Any number of processes may use it at once.
///
/// Nothing in it is worth an error: what cannot be read is not there, what cannot be written is not kept.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    limit: u64,
}

impl Store {
    /// The store in `folder`, which need not exist; after [`Store::tidy`] it has at most `limit` bytes.
    pub fn new(folder: PathBuf, limit: u64) -> Self {
        Self { folder, limit }
    }

    /// The entry of this name, and a note that it was used.
    pub fn get(&self, name: &str) -> Option<Vec<u8>> {
        let path = self.path(name)?;
        let bytes = disk::read_file(&path).ok()?;
        if let Ok(file) = fs::File::options().append(true).open(&path) {
            // An entry that keeps its old age is thrown away a little sooner.
            let _ = file.set_modified(SystemTime::now());
        }
        Some(bytes.to_vec())
    }

    /// Keeps an entry.
    pub fn put(&self, name: &str, bytes: &[u8]) {
        let Some(path) = self.path(name) else { return };
        if bytes.len() as u64 > self.limit / 8 {
            return;
        }
        if let Some(parent) = path.parent()
            && disk::make_folder(parent).is_ok()
        {
            // What is not kept is made again.
            let _ = disk::write_atomically(&path, bytes);
        }
    }

    /// Throws away what was not used for longest, until the limit is kept.
    pub fn tidy(&self) {
        let mut entries: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
        let folders = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        for file in folders.filter_map(|folder| fs::read_dir(folder.path()).ok()).flatten().flatten() {
            let Ok(metadata) = file.metadata() else { continue };
            if metadata.is_file() {
                let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                entries.push((used, metadata.len(), file.path()));
            }
        }
        let mut total: u64 = entries.iter().map(|(_, size, _)| size).sum();
        if total <= self.limit {
            return;
        }
        entries.sort();
        for (_, size, path) in entries {
            if total <= self.limit / 10 * 9 {
                return;
            }
            if fs::remove_file(path).is_ok() {
                total -= size;
            }
        }
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        let plain = name.len() > 2 && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        plain.then(|| Path::new(&self.folder).join(&name[..2]).join(&name[2..]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().join("deep/down"), 1000);
        assert_eq!(store.get("abcd"), None);
        store.put("abcd", b"one");
        assert_eq!(store.get("abcd").as_deref(), Some(&b"one"[..]));
        assert_eq!(store.get("ab/../../x"), None);
        store.put("large", &[0; 126]);
        assert_eq!(store.get("large"), None);
    }

    #[test]
    fn the_oldest_goes_first() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().to_owned(), 1000);
        for (age, name) in (0..20u64).map(|age| (age, format!("entry{age}"))) {
            store.put(&name, &[b'x'; 100]);
            let file = fs::File::options().append(true).open(store.path(&name).unwrap()).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1000 - age)).unwrap();
        }
        store.tidy();
        let left = (0..20).filter(|age| store.path(&format!("entry{age}")).unwrap().exists()).count();
        assert_eq!(left, 9);
        assert!(store.get("entry0").is_some());
        assert_eq!(store.get("entry19"), None);
    }
}
