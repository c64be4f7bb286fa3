//! Bytes kept on disk between runs, by the hash of what they were made from.

use super::disk;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How long a note that an entry was used is good enough.
const RECENT: Duration = Duration::from_secs(3600);

/// A folder of entries, each a file that is written as a whole and begins with a hash of its name and its content. Any
/// number of processes may use it at once.
///
/// Nothing in it is worth an error: what cannot be read or was damaged is not there, what cannot be written is not kept.
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
        let entry = disk::read_file(&path).ok()?;
        let (seal, bytes) = entry.split_at_checked(blake3::OUT_LEN)?;
        if seal != sealed(name, bytes).as_bytes() {
            return None;
        }
        touch(&path);
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
            let entry = [sealed(name, bytes).as_bytes(), bytes].concat();
            // What is not kept is made again.
            let _ = disk::write_in_place(&path, &entry);
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

fn sealed(name: &str, bytes: &[u8]) -> blake3::Hash {
    blake3::Hasher::new().update(name.as_bytes()).update(&[0]).update(bytes).finalize()
}

/// Notes that an entry was used. One whose age is not known to be old keeps it and is thrown away a little sooner.
fn touch(path: &Path) {
    let now = SystemTime::now();
    let used = fs::metadata(path).and_then(|metadata| metadata.modified());
    if used.is_ok_and(|used| now.duration_since(used).is_ok_and(|age| age > RECENT))
        && let Ok(file) = fs::File::options().append(true).open(path)
    {
        let _ = file.set_modified(now);
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
    fn a_damaged_entry_is_not_there_and_can_be_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().to_owned(), 1 << 20);
        store.put("abcd", b"the bytes that were kept");
        let file = store.path("abcd").unwrap();
        let whole = fs::read(&file).unwrap();
        let flipped = whole.iter().enumerate().map(|(at, byte)| if at == 40 { byte ^ 1 } else { *byte });
        let other = {
            store.put("abef", b"the bytes of another");
            fs::read(store.path("abef").unwrap()).unwrap()
        };
        for damaged in [vec![], whole[..10].to_vec(), whole[..50].to_vec(), flipped.collect(), other] {
            fs::write(&file, damaged).unwrap();
            assert_eq!(store.get("abcd"), None);
            store.put("abcd", b"the bytes that were kept");
            assert_eq!(store.get("abcd").as_deref(), Some(&b"the bytes that were kept"[..]));
        }
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        assert_eq!(store.get("abcd"), None);
        store.put("abcd", b"a folder is in the way");
        assert_eq!(store.get("abcd"), None);
    }

    /// Threads share nothing but the folder, as processes do.
    #[test]
    fn many_write_read_and_tidy_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let body = |number: usize| format!("{number} ").repeat(200 + number);
        let found = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for seed in 0..8 {
                let (folder, found) = (folder.path().to_owned(), &found);
                scope.spawn(move || {
                    for turn in 0..200 {
                        let store = Store::new(folder.clone(), 40_000);
                        let number = (seed * 7 + turn * 13) % 50;
                        let name = format!("entry{number}");
                        match store.get(&name) {
                            Some(bytes) => {
                                assert_eq!(bytes, body(number).into_bytes(), "never half an entry");
                                found.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                            }
                            None => store.put(&name, body(number).as_bytes()),
                        }
                        if turn % 10 == 0 {
                            store.tidy();
                        }
                    }
                });
            }
        });
        assert!(found.into_inner() > 100, "entries are found again");
        Store::new(folder.path().to_owned(), 40_000).tidy();
        let files = walkdir::WalkDir::new(folder.path()).into_iter().flatten();
        let files: Vec<_> = files.filter(|file| file.file_type().is_file()).collect();
        let total: u64 = files.iter().map(|file| file.metadata().unwrap().len()).sum();
        assert!(total <= 40_000, "{total} bytes are kept");
        let left = files.iter().filter(|file| file.file_name().to_string_lossy().starts_with('.')).count();
        assert_eq!(left, 0, "nothing half written is left");
    }

    #[test]
    fn the_oldest_goes_first() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().to_owned(), 1000);
        for (age, name) in (0..20u64).map(|age| (age, format!("entry{age}"))) {
            store.put(&name, &[b'x'; 100 - blake3::OUT_LEN]);
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
