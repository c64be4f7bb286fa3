//! The few places that open files by their path on disk.

use super::Error;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// The bytes of a file that a person named: a configuration, a manifest, recorded answers.
///
/// Pipes and other things that are no regular file can be read too, as in `--config <(…)`.
pub fn read_file(path: &Path) -> Result<Arc<[u8]>, Error> {
    let read = || {
        let mut bytes = Vec::new();
        File::open(path)?.take(u64::from(u32::MAX) + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    Ok(finish(read(), &path.display().to_string())?.into())
}

/// As [`read_file`]; None where there is nothing at `path`.
pub fn read_file_if_any(path: &Path) -> Result<Option<Arc<[u8]>>, Error> {
    match read_file(path) {
        Err(Error::Read { source, .. })
            if matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            Ok(None)
        }
        other => other.map(Some),
    }
}

/// Where `path` really is: absolute, links followed. An error where nothing is.
pub fn real_path(path: &Path) -> Result<PathBuf, Error> {
    fs::canonicalize(path).map_err(|source| Error::Read { path: path.display().to_string(), source })
}

/// Whether a folder stands at `path`. An error where nothing is.
pub fn is_folder(path: &Path) -> Result<bool, Error> {
    let kind =
        fs::metadata(path).map_err(|source| Error::Read { path: path.display().to_string(), source })?;
    Ok(kind.is_dir())
}

/// Puts `bytes` into the file at `path`, whole or not at all, with the permissions that it had.
///
/// A link is written through: what it points to is replaced.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let write = |file: &mut File| {
        if let Ok(old) = fs::metadata(&real) {
            file.set_permissions(old.permissions())?;
        }
        file.write_all(bytes)?;
        file.sync_all()
    };
    replace(&real, write).map_err(|source| Error::Write { path: path.display().to_string(), source })
}

/// Puts `bytes` into the file at `path`, in place of whatever is there. Readers see the old bytes or the new ones; after a
/// loss of power the file may hold neither.
pub(super) fn write_in_place(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(path, |file| file.write_all(bytes))
}

fn replace(path: &Path, write: impl Fn(&mut File) -> io::Result<()>) -> io::Result<()> {
    let (mut file, beside) = create_beside(path)?;
    let written = write(&mut file).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_file(&beside);
    }
    written
}

fn create_beside(path: &Path) -> io::Result<(File, PathBuf)> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
    let mut attempt = 0;
    loop {
        let beside = path.with_file_name(format!(".{name}.{}-{attempt}", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).open(&beside) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < 100 => attempt += 1,
            made => return Ok((made?, beside)),
        }
    }
}

/// What changes when the file at `path` is replaced: its size and when it was written.
pub fn stamp(path: &Path) -> String {
    let written =
        |metadata: &fs::Metadata| metadata.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok();
    match fs::metadata(path) {
        Ok(metadata) => format!("{} {:?}", metadata.len(), written(&metadata)),
        Err(_) => String::new(),
    }
}

/// Whether `file`, which a tree at `root` calls `path`, may be replaced: it still holds `read`, lies where the tree has it,
/// and may be written.
pub(super) fn check_replaceable(root: &Path, file: &Path, path: &str, read: &[u8]) -> Result<(), Error> {
    if *read_as(file, path)? != *read {
        return Err(Error::Changed { path: path.into() });
    }
    let (real, expected) = (real_path(file)?, real_path(root)?.join(path));
    if real != expected {
        return Err(Error::LeavesTree { link: path.into(), target: real.display().to_string() });
    }
    let kind = fs::metadata(file).map_err(|source| Error::Read { path: path.into(), source })?;
    if kind.permissions().readonly() {
        return Err(Error::ReadOnly { path: path.into() });
    }
    Ok(())
}

/// The bytes of a regular file of a tree, where it is called `path`.
pub(super) fn read_as(file: &Path, path: &str) -> Result<Vec<u8>, Error> {
    // A tree is listed before it is read; a link or a pipe that took the place of a file is not opened.
    let kind = fs::symlink_metadata(file).map_err(|source| Error::Read { path: path.into(), source })?;
    if !kind.is_file() {
        return Err(Error::NotAFile { path: path.into() });
    }
    let read = || {
        let mut bytes = Vec::with_capacity(usize::try_from(kind.len()).unwrap_or(0).min(1 << 24));
        File::open(file)?.take(u64::from(u32::MAX) + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    finish(read(), path)
}

fn finish(read: io::Result<Vec<u8>>, path: &str) -> Result<Vec<u8>, Error> {
    let bytes = read.map_err(|source| Error::Read { path: path.into(), source })?;
    if bytes.len() > u32::MAX as usize {
        return Err(Error::TooLarge { path: path.into(), size: bytes.len() as u64 });
    }
    Ok(bytes)
}

/// Makes a file that is not there yet, and the folders above it. An error where anything is.
pub fn write_new(file: &Path, bytes: &[u8]) -> Result<(), Error> {
    make_folder_of(file)?;
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(file)
        .and_then(|mut file| file.write_all(bytes))
        .map_err(|source| Error::Write { path: file.display().to_string(), source })
}

/// Makes a symbolic link; the folder it lies in is there.
pub(super) fn link_new(link: &Path, target: &str) -> Result<(), Error> {
    #[cfg(unix)]
    let made = std::os::unix::fs::symlink(target, link);
    #[cfg(windows)]
    let made = std::os::windows::fs::symlink_file(target, link);
    made.map_err(|source| Error::Write { path: link.display().to_string(), source })
}

/// Makes the folder that `file` lies in.
pub(super) fn make_folder_of(file: &Path) -> Result<(), Error> {
    file.parent().map_or(Ok(()), make_folder)
}

/// Makes a folder and those above it.
pub fn make_folder(folder: &Path) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(|source| Error::Write { path: folder.display().to_string(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_file_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.yaml");
        assert_eq!(read_file_if_any(&path).unwrap(), None);
        assert_eq!(read_file_if_any(&path.join("y")).unwrap(), None);
        assert!(matches!(read_file(&path), Err(Error::Read { .. })));
        write_new(&path, b"a: 1\n").unwrap();
        assert_eq!(&*read_file(&path).unwrap(), b"a: 1\n");
        assert_eq!(read_file_if_any(&path.join("y")).unwrap(), None);
        assert!(read_file_if_any(folder.path()).is_err());
    }

    #[test]
    fn a_file_is_replaced_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.yaml");
        write_atomically(&path, b"one").unwrap();
        write_atomically(&path, b"two").unwrap();
        assert_eq!(&*read_file(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
        assert!(write_atomically(&folder.path().join("no/folder"), b"x").is_err());
        assert!(write_atomically(folder.path(), b"x").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn replacing_keeps_permissions_and_links() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("x.sh"), folder.path().join("link"));
        write_new(&path, b"one").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o750)).unwrap();
        link_new(&link, "x.sh").unwrap();
        write_atomically(&link, b"two").unwrap();
        assert_eq!(&*read_file(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o750);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }
}
