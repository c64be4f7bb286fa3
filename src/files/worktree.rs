//! A working directory as a tree.

use super::objects::Objects;
use super::tree::{Listing, Place};
use super::{EntryKind, Error, Tree, git};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::borrow::Cow;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

impl Tree {
    /// The folder at `path` as it is now.
    ///
    /// In a git repository: what Argo CD would see of this folder after everything were committed and pushed,
    /// so tracked and untracked files without the ignored and the deleted ones, and files that a sparse
    /// checkout leaves out. Elsewhere, and in a folder that git ignores as a whole: every file. `.git` never.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let kind = fs::metadata(path).map_err(|source| read_error(path, source))?;
        if !kind.is_dir() {
            return Err(Error::NotAFolder { path: path.display().to_string() });
        }
        let names = if lies_in_repository(path)? { git_names(path)? } else { None };
        let Some(names) = names else {
            return Ok(Self::build(walk(path)?, None, Some(path.to_owned())));
        };
        let (listing, objects) = list(path, &names)?;
        Ok(Self::build(listing, objects, Some(path.to_owned())))
    }
}

/// Whether a `.git` stands in this folder or above it; git is asked only then.
fn lies_in_repository(path: &Path) -> Result<bool, Error> {
    let path = fs::canonicalize(path).map_err(|source| read_error(path, source))?;
    Ok(path.ancestors().any(|folder| folder.join(".git").exists()))
}

/// The answer of `git ls-files`; None where git finds that there is no repository after all, and for a folder
/// that it knows nothing of.
fn git_names(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    let arguments = ["ls-files", "-z", "-t", "--stage", "--cached", "--others", "--exclude-standard"];
    match git::run(path, false, &arguments)?.output("list the files", path) {
        Ok(names) if names.is_empty() && !path.join(".git").exists() => Ok(None),
        Err(Error::NoRepository { .. }) => Ok(None),
        other => other.map(Some),
    }
}

/// What a line of `git ls-files -z -t --stage --cached --others` says.
struct Line<'a> {
    /// `S`: kept out of the working directory by a sparse checkout.
    sparse: bool,
    /// Of an index entry; None for an untracked file.
    object: Option<&'a str>,
    submodule: bool,
    link: bool,
    name: &'a [u8],
}

fn parse(line: &[u8]) -> Option<Line<'_>> {
    let (tag, rest) = (*line.first()?, line.get(2..)?);
    if tag == b'?' {
        // A repository that is not a submodule yet ends in a slash.
        let (name, submodule) = rest.strip_suffix(b"/").map_or((rest, false), |name| (name, true));
        return Some(Line { sparse: false, object: None, submodule, link: false, name });
    }
    let tab = memchr::memchr(b'\t', rest)?;
    let mut words = std::str::from_utf8(&rest[..tab]).ok()?.split(' ');
    let (mode, object) = (words.next()?, words.next()?);
    Some(Line {
        sparse: tag == b'S' || tag == b's',
        object: Some(object),
        submodule: mode == "160000",
        link: mode == "120000",
        name: &rest[tab + 1..],
    })
}

fn list(root: &Path, names: &[u8]) -> Result<(Listing, Option<Objects>), Error> {
    let mut folders = Folders { root, real: FxHashMap::default() };
    let mut named: Vec<Named<'_>> = Vec::new();
    let mut sparse: Vec<Line<'_>> = Vec::new();
    for line in names.split(|byte| *byte == 0).filter_map(parse) {
        if line.sparse && !line.submodule {
            sparse.push(line);
            continue;
        }
        let name = Cow::Borrowed(line.name);
        let Ok(path) = std::str::from_utf8(line.name) else {
            named.push(Named { name, file: None, submodule: false });
            continue;
        };
        if folders.is_real(parent(path)) {
            named.push(Named { name, file: Some(root.join(path)), submodule: line.submodule });
        }
    }
    let mut listing = looked_at(named)?;
    if sparse.is_empty() {
        return Ok((listing, None));
    }
    let objects = Objects::new(root, false);
    let sizes = objects.sizes(sparse.iter().map(|line| line.object.unwrap_or_default()))?;
    for (line, size) in sparse.iter().zip(sizes) {
        let Some(object) = line.object else { continue };
        listing.add(line.name, |path| {
            if line.link {
                let target = objects.read(object, path)?;
                let target = String::from_utf8_lossy(&target).into_owned().into();
                return Ok(Some((EntryKind::Link(target), Place::Nowhere)));
            }
            Ok(Some((EntryKind::File(size), Place::Object(object.into()))))
        })?;
    }
    Ok((listing, Some(objects)))
}

/// Which folders of the working directory are folders, and not links that took their place.
struct Folders<'a> {
    root: &'a Path,
    real: FxHashMap<String, bool>,
}

impl Folders<'_> {
    fn is_real(&mut self, folder: &str) -> bool {
        if folder.is_empty() {
            return true;
        }
        if let Some(known) = self.real.get(folder) {
            return *known;
        }
        let real = self.is_real(parent(folder))
            && fs::symlink_metadata(self.root.join(folder)).is_ok_and(|found| found.is_dir());
        self.real.insert(folder.to_owned(), real);
        real
    }
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

fn walk(root: &Path) -> Result<Listing, Error> {
    let mut named = Vec::new();
    // Sorted folder by folder, a tree is nearly in its own order.
    let inside = walkdir::WalkDir::new(root).min_depth(1).follow_root_links(true).sort_by_file_name();
    for found in inside.into_iter().filter_entry(|found| found.file_name() != ".git") {
        let found = found.map_err(|error| {
            let path = error.path().unwrap_or(root).to_owned();
            read_error(&path, error.into())
        })?;
        if found.file_type().is_dir() {
            continue;
        }
        let file = found.into_path();
        let name = name_of(file.strip_prefix(root).unwrap_or(&file)).into_owned();
        named.push(Named { name: name.into(), file: Some(file), submodule: false });
    }
    looked_at(named)
}

/// A name in the working directory that nobody has looked at yet.
struct Named<'a> {
    name: Cow<'a, [u8]>,
    /// Where it lies; None where its name is no text.
    file: Option<PathBuf>,
    submodule: bool,
}

/// What lies behind names; asking for it is most of what listing costs, so it is asked in parallel.
fn looked_at(named: Vec<Named<'_>>) -> Result<Listing, Error> {
    let look = |named: &Named<'_>| {
        let Some(file) = &named.file else { return Ok(None) };
        match fs::symlink_metadata(file) {
            Ok(found) => on_disk(file, &found, named.submodule),
            Err(error) if is_gone(&error) => Ok(None),
            Err(source) => Err(read_error(file, source)),
        }
    };
    let found: Vec<Result<_, Error>> = named.par_iter().with_min_len(64).map(look).collect();
    let mut listing = Listing::default();
    for (named, found) in named.iter().zip(found) {
        listing.add(&named.name, |_| found)?;
    }
    Ok(listing)
}

/// The entry for what lies at `file`; None for what git would not store: folders, pipes, devices.
fn on_disk(file: &Path, found: &Metadata, submodule: bool) -> Result<Option<(EntryKind, Place)>, Error> {
    let kind = found.file_type();
    if kind.is_file() {
        return Ok(Some((EntryKind::File(found.len()), Place::Disk(file.to_owned()))));
    }
    if kind.is_symlink() {
        let target = fs::read_link(file).map_err(|source| read_error(file, source))?;
        return Ok(Some((EntryKind::Link(target.to_string_lossy().into()), Place::Nowhere)));
    }
    Ok((kind.is_dir() && submodule).then_some((EntryKind::Submodule, Place::Nowhere)))
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn read_error(path: &Path, source: io::Error) -> Error {
    Error::Read { path: path.display().to_string(), source }
}

/// A relative path as git would write it.
fn name_of(path: &Path) -> Cow<'_, [u8]> {
    let name = path.as_os_str().as_encoded_bytes();
    if std::path::MAIN_SEPARATOR == '/' {
        return name.into();
    }
    name.iter().map(|byte| if *byte == b'\\' { b'/' } else { *byte }).collect()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::files::tests::{Clone, git};
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    fn paths(tree: &Tree) -> Vec<&str> {
        tree.entries().iter().map(|entry| &*entry.path).collect()
    }

    #[test]
    fn outside_git_every_file_counts() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("a/b")).unwrap();
        fs::create_dir_all(root.join("a/.git")).unwrap();
        for file in ["a/b/c.yaml", "a.yaml", ".gitignore", "a/.git/config", ".hidden"] {
            fs::write(root.join(file), file).unwrap();
        }
        symlink("../../out", root.join("a/link")).unwrap();
        symlink("b", root.join("a/dir")).unwrap();
        fs::write(root.join(std::ffi::OsStr::from_bytes(b"caf\xe9.yaml")), "x").unwrap();
        let tree = Tree::open(root).unwrap();
        assert_eq!(paths(&tree), [".gitignore", ".hidden", "a/b/c.yaml", "a/dir", "a/link", "a.yaml"]);
        assert_eq!(tree.entry("a/dir").unwrap().kind, EntryKind::Link("b".into()));
        assert_eq!(tree.entry("a.yaml").unwrap().kind, EntryKind::File(6));
        assert_eq!(&*tree.read("a/b/c.yaml").unwrap(), b"a/b/c.yaml");
        assert_eq!(tree.unreadable_names(), ["caf\u{fffd}.yaml"]);
        assert_eq!(tree.root(), Some(root));
    }

    #[test]
    fn what_is_no_folder_is_said() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("x"), "x").unwrap();
        assert!(matches!(Tree::open(&folder.path().join("x")), Err(Error::NotAFolder { .. })));
        assert!(matches!(Tree::open(&folder.path().join("y")), Err(Error::Read { .. })));
    }

    #[test]
    fn in_git_the_files_of_the_next_push_count() {
        let clone = Clone::new(&[
            (".gitignore", "ignored\nout/\n"),
            ("app/x.yaml", "x"),
            ("app/deleted.yaml", "d"),
            ("app/became-folder", "f"),
            ("app/forced/ignored", "tracked all the same"),
            ("real/y.yaml", "y"),
        ]);
        let root = clone.root();
        fs::remove_file(root.join("app/deleted.yaml")).unwrap();
        fs::remove_file(root.join("app/became-folder")).unwrap();
        fs::create_dir_all(root.join("app/became-folder/in")).unwrap();
        fs::create_dir_all(root.join("out")).unwrap();
        fs::create_dir_all(root.join("nested/.git")).unwrap();
        for file in ["app/new.yaml", "ignored", "out/z.yaml", "app/became-folder/in/w"] {
            fs::write(root.join(file), "new").unwrap();
        }
        fs::write(root.join("app/x.yaml"), "changed").unwrap();
        let tree = Tree::open(root).unwrap();
        assert_eq!(
            paths(&tree),
            [
                ".gitignore",
                "app/became-folder/in/w",
                "app/forced/ignored",
                "app/new.yaml",
                "app/x.yaml",
                "real/y.yaml"
            ]
        );
        assert_eq!(&*tree.read("app/x.yaml").unwrap(), b"changed");
        let app = Tree::open(&root.join("app")).unwrap();
        assert_eq!(paths(&app), ["became-folder/in/w", "forced/ignored", "new.yaml", "x.yaml"]);
        let ignored = Tree::open(&root.join("out")).unwrap();
        assert_eq!(paths(&ignored), ["z.yaml"], "a folder that git ignores is read as it is");
    }

    #[test]
    fn a_folder_that_became_a_link_is_not_followed() {
        let elsewhere = tempfile::tempdir().unwrap();
        fs::write(elsewhere.path().join("y.yaml"), "secret").unwrap();
        let clone = Clone::new(&[("real/y.yaml", "y"), ("z.yaml", "z")]);
        let root = clone.root();
        fs::remove_dir_all(root.join("real")).unwrap();
        symlink(elsewhere.path(), root.join("real")).unwrap();
        let tree = Tree::open(root).unwrap();
        assert_eq!(paths(&tree), ["real", "z.yaml"]);
        assert!(tree.read("real/y.yaml").is_err());
    }

    #[test]
    fn a_file_that_becomes_a_link_behind_our_back_is_not_opened() {
        let clone = Clone::new(&[("x.yaml", "x")]);
        let tree = Tree::open(clone.root()).unwrap();
        fs::remove_file(clone.root().join("x.yaml")).unwrap();
        symlink("/etc/hostname", clone.root().join("x.yaml")).unwrap();
        assert!(matches!(tree.read("x.yaml"), Err(Error::NotAFile { .. })));
    }

    #[test]
    fn a_sparse_checkout_is_whole() {
        let clone = Clone::new(&[("in/x.yaml", "x"), ("left-out/y.yaml", "yes")]);
        let root = clone.root();
        symlink("y.yaml", root.join("left-out/link")).unwrap();
        git(root, &["add", "."]);
        git(root, &["commit", "-q", "-m", "link"]);
        git(root, &["sparse-checkout", "set", "in"]);
        assert!(!root.join("left-out/y.yaml").exists());
        let tree = Tree::open(root).unwrap();
        assert_eq!(paths(&tree), ["in/x.yaml", "left-out/link", "left-out/y.yaml"]);
        assert_eq!(tree.entry("left-out/y.yaml").unwrap().kind, EntryKind::File(3));
        assert_eq!(&*tree.read("left-out/y.yaml").unwrap(), b"yes");
        assert_eq!(tree.resolve("left-out/link").unwrap().as_deref(), Some("left-out/y.yaml"));
    }

    #[test]
    fn a_submodule_is_an_entry_without_content() {
        let clone = Clone::new(&[("x.yaml", "x")]);
        let commit = git(clone.root(), &["rev-parse", "HEAD"]);
        let cache = format!("160000,{commit},vendor/lib");
        git(clone.root(), &["update-index", "--add", "--cacheinfo", &cache]);
        fs::create_dir_all(clone.root().join("vendor/lib")).unwrap();
        let tree = Tree::open(clone.root()).unwrap();
        assert_eq!(paths(&tree), ["vendor/lib", "x.yaml"]);
        assert_eq!(tree.entry("vendor/lib").unwrap().kind, EntryKind::Submodule);
        assert!(tree.read("vendor/lib").is_err());
    }

    #[test]
    fn nothing_that_a_repository_names_is_executed() {
        let clone = Clone::new(&[("x.yaml", "x")]);
        let (root, witness) = (clone.root(), clone.root().join("executed"));
        let script = format!("#!/bin/sh\ntouch {}\ncat\n", witness.display());
        let evil = root.join(".git/evil");
        fs::write(&evil, script).unwrap();
        git(root, &["config", "user.useless", "x"]);
        fs::set_permissions(&evil, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        for key in
            ["core.fsmonitor", "core.pager", "filter.evil.clean", "filter.evil.smudge", "diff.evil.textconv"]
        {
            git(root, &["config", key, &evil.display().to_string()]);
        }
        fs::write(root.join(".gitattributes"), "* filter=evil diff=evil\n").unwrap();
        fs::write(root.join("x.yaml"), "changed").unwrap();
        let tree = Tree::open(root).unwrap();
        assert_eq!(&*tree.read("x.yaml").unwrap(), b"changed");
        let repository = crate::files::Repository::around(root).unwrap().unwrap();
        let head = Tree::revision(&repository, "HEAD").unwrap();
        assert_eq!(&*head.read("x.yaml").unwrap(), b"x");
        assert!(!witness.exists());
    }
}
