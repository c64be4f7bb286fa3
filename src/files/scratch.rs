use super::{Error, disk};
use std::path::{Path, PathBuf};

/// The folder of Linux whose files are kept in memory: hundreds of small files that live for a moment cost next to
/// nothing there, and what they hold never reaches a disk.
const MEMORY: &str = "/dev/shm";
/// No more than this is kept in memory at once by one folder.
const MEMORY_LIMIT: u64 = 32 << 20;
/// So many folders have to find room in memory beside each other.
const BESIDE: u64 = 32;

/// A folder of one's own on disk, for programs to work in; it goes with the value.
#[derive(Debug)]
pub struct Scratch {
    folder: tempfile::TempDir,
    path: PathBuf,
}

impl Scratch {
    /// A new folder for about so many bytes, which nobody else may look into.
    ///
    /// It lies in memory where there is room, else among temporary files, as it does when `TMPDIR` names their place.
    pub fn new(bytes: u64) -> Result<Self, Error> {
        let usual = std::env::temp_dir();
        let memory = Path::new(MEMORY);
        if usual == Path::new("/tmp")
            && fits(memory, bytes)
            && let Ok(made) = Self::below(memory)
        {
            return Ok(made);
        }
        Self::below(&usual)
    }

    fn below(place: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Write { path: place.display().to_string(), source };
        let folder = tempfile::Builder::new().prefix("billhook-").tempdir_in(place).map_err(failed)?;
        let path = std::fs::canonicalize(folder.path()).map_err(failed)?;
        Ok(Self { folder, path })
    }

    /// Where it is, links followed.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes a folder in it, and those above.
    pub fn make_folder(&self, path: &str) -> Result<PathBuf, Error> {
        let folder = self.path.join(path);
        disk::make_folder(&folder)?;
        Ok(folder)
    }

    /// Puts a file into it, in place of one that is there.
    ///
    /// What stands at `path` may have been made by a program; it is replaced, not written through.
    pub fn write(&self, path: &str, bytes: &[u8]) -> Result<PathBuf, Error> {
        let file = self.path.join(path);
        let failed = |source| Error::Write { path: file.display().to_string(), source };
        if std::fs::symlink_metadata(&file).is_ok() {
            std::fs::remove_file(&file).map_err(failed)?;
        }
        disk::write_new(&file, bytes)?;
        Ok(file)
    }

    /// The bytes of a regular file in it.
    pub fn read(&self, path: &str) -> Result<std::sync::Arc<[u8]>, Error> {
        Ok(disk::read_as(&self.folder.path().join(path), path)?.into())
    }

    /// Makes a link in it.
    pub fn link(&self, path: &str, target: &Path) -> Result<(), Error> {
        let link = self.path.join(path);
        disk::make_folder_of(&link)?;
        disk::link_new(&link, &target.to_string_lossy())
    }
}

/// Whether a folder of memory has room for so many bytes, and for others that are as large.
#[cfg(target_os = "linux")]
fn fits(memory: &Path, bytes: u64) -> bool {
    let room = rustix::fs::statvfs(memory).map_or(0, |stat| stat.f_bavail.saturating_mul(stat.f_frsize));
    bytes <= (room / BESIDE).min(MEMORY_LIMIT)
}

#[cfg(not(target_os = "linux"))]
fn fits(_: &Path, _: u64) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_with_the_value() {
        let scratch = Scratch::new(1).unwrap();
        let file = scratch.write("a/b", b"one").unwrap();
        scratch.write("a/b", b"two").unwrap();
        assert_eq!(&*scratch.read("a/b").unwrap(), b"two");
        drop(scratch);
        assert!(!file.exists());
    }

    #[test]
    fn what_is_too_large_for_memory_is_on_disk() {
        let scratch = Scratch::new(MEMORY_LIMIT + 1).unwrap();
        assert!(!scratch.path().starts_with(MEMORY));
    }
}
