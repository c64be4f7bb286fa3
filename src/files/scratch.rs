use super::{Error, disk};
use std::path::{Path, PathBuf};

/// A folder of one's own on disk, for programs to work in; it goes with the value.
#[derive(Debug)]
pub struct Scratch {
    folder: tempfile::TempDir,
    path: PathBuf,
}

impl Scratch {
    /// A new folder, which nobody else may look into.
    pub fn new() -> Result<Self, Error> {
        let failed = |source| Error::Write { path: std::env::temp_dir().display().to_string(), source };
        let folder = tempfile::Builder::new().prefix("billhook-").tempdir().map_err(failed)?;
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
        disk::read_as(&self.folder.path().join(path), path)
    }

    /// Makes a link in it.
    pub fn link(&self, path: &str, target: &Path) -> Result<(), Error> {
        let link = self.path.join(path);
        disk::make_folder_of(&link)?;
        disk::link_new(&link, &target.to_string_lossy())
    }
}
