use super::objects::{self, Objects};
use super::{Error, Path, disk};
use hashbrown::HashMap;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path as DiskPath, PathBuf};
use std::sync::{Arc, OnceLock};

/// How many entries behind one are read with it.
const AHEAD: usize = 48;
/// How large a file may be to be read with another, in bytes.
const SMALL: u64 = 16 << 10;

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file of this many bytes.
    File(u64),
    /// A symbolic link and its target, as written.
    Link(Arc<str>),
    /// A git submodule: its content is not here.
    Submodule,
}

/// One file or link of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its path.
    pub path: Path,
    /// What it is.
    pub kind: EntryKind,
}

/// A set of files under one root: a working directory, a git revision, or memory.
///
/// Directories exist only through the files in them, as in git. Entries are in the order of Go's
/// `filepath.Walk`: names of one directory sorted bytewise, a directory's content in its place.
///
/// Contents are read when they are first asked for, from any thread, and kept. Names that are not UTF-8 are
/// left out and listed in [`Tree::unreadable_names`].
#[derive(Debug)]
pub struct Tree {
    entries: Vec<Entry>,
    /// Where the contents of `entries` begin in the store.
    first: usize,
    store: Arc<Store>,
    unreadable_names: Vec<String>,
    root: Option<PathBuf>,
    /// Which entries are links; every source of every Application asks.
    links: OnceLock<Vec<usize>>,
    /// Where what stands; every name in every kustomization asks.
    standing: Standing,
    /// A tree that has most files in common.
    twin: Option<Arc<Tree>>,
}

/// Entries and folders of a tree by path.
#[derive(Debug, Default)]
struct Standing {
    entries: HashMap<Path, usize>,
    /// The entries below each.
    folders: HashMap<Box<str>, Range<usize>>,
}

impl Standing {
    /// Of entries in walk order.
    fn of(entries: &[Entry]) -> Self {
        let mut standing = Self { entries: HashMap::with_capacity(entries.len()), ..Self::default() };
        // The folders around the last entry, outermost first, each with its first entry.
        let mut open: Vec<(&str, usize)> = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            while let Some((folder, first)) = open.pop_if(|(folder, _)| !is_below(&entry.path, folder)) {
                standing.folders.insert(folder.into(), first..index);
            }
            let inside = open.last().map_or(0, |(folder, _)| folder.len() + 1);
            let slashes = entry.path[inside..].match_indices('/').map(|(at, _)| inside + at);
            open.extend(slashes.map(|end| (&entry.path[..end], index)));
            standing.entries.insert(Path::clone(&entry.path), index);
        }
        let rest = open.into_iter().map(|(folder, first)| (folder.into(), first..entries.len()));
        standing.folders.extend(rest);
        standing
    }
}

#[derive(Debug)]
struct Store {
    contents: Vec<Arc<Content>>,
    objects: Option<Arc<Objects>>,
}

#[derive(Debug)]
struct Content {
    place: Place,
    bytes: OnceLock<Arc<[u8]>>,
    digest: OnceLock<blake3::Hash>,
    /// Whether a file of the disk is this git object.
    is_on_disk: OnceLock<bool>,
}

impl Content {
    fn new(place: Place) -> Self {
        Self { place, bytes: OnceLock::new(), digest: OnceLock::new(), is_on_disk: OnceLock::new() }
    }
}

/// What a file holds, as [`Tree::contents`] gives it.
#[derive(Clone, Debug)]
pub enum Contents {
    /// UTF-8.
    Text(Arc<str>),
    /// Nobody looked, or something else.
    Bytes(Arc<[u8]>),
}

impl Contents {
    fn bytes(&self) -> Arc<[u8]> {
        match self {
            Self::Text(text) => Arc::from(Arc::clone(text)),
            Self::Bytes(bytes) => Arc::clone(bytes),
        }
    }
}

/// Where the bytes of an entry come from.
#[derive(Debug)]
pub(super) enum Place {
    /// They were given.
    Given(Arc<[u8]>),
    /// A file on disk.
    Disk(PathBuf),
    /// A git object.
    Object(Box<str>),
    /// It has none: a link or a submodule.
    Nowhere,
}

/// What becomes of a file.
#[derive(Clone, Debug)]
pub struct Change<'a> {
    /// Its path.
    pub path: &'a Path,
    /// What it held.
    pub before: Arc<[u8]>,
    /// What it holds then.
    pub after: &'a Arc<[u8]>,
}

/// Entries on their way into a tree, in any order.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) found: Vec<(Entry, Place)>,
    pub(super) unreadable_names: Vec<String>,
}

impl Listing {
    /// Takes an entry whose name is known as bytes only.
    ///
    /// Left out and listed: what is not UTF-8, and what no file system could hold or git would refuse to check out.
    pub(super) fn add(
        &mut self,
        name: &[u8],
        entry: impl FnOnce(&str) -> Result<Option<(EntryKind, Place)>, Error>,
    ) -> Result<(), Error> {
        let Some(path) = std::str::from_utf8(name).ok().filter(|path| path.split('/').all(is_name)) else {
            self.unreadable_names.push(String::from_utf8_lossy(name).into_owned());
            return Ok(());
        };
        if let Some((kind, place)) = entry(path)? {
            self.found.push((Entry { path: path.into(), kind }, place));
        }
        Ok(())
    }
}

fn is_name(name: &str) -> bool {
    !matches!(name, "" | "." | ".." | ".git")
}

impl Tree {
    /// A tree made of texts, for tests and generated input. Of two files with one path the last one stays.
    pub fn memory<P: Into<Path>, B: Into<Arc<[u8]>>>(files: impl IntoIterator<Item = (P, B)>) -> Self {
        Self::memory_with_links(files, std::iter::empty::<(Path, Path)>())
    }

    /// A tree made of texts and symbolic links, each with its target.
    pub fn memory_with_links<P: Into<Path>, B: Into<Arc<[u8]>>, L: Into<Path>, T: Into<Arc<str>>>(
        files: impl IntoIterator<Item = (P, B)>,
        links: impl IntoIterator<Item = (L, T)>,
    ) -> Self {
        let files = files.into_iter().map(|(path, bytes)| {
            let bytes: Arc<[u8]> = bytes.into();
            (Entry { path: path.into(), kind: EntryKind::File(bytes.len() as u64) }, Place::Given(bytes))
        });
        let links = links.into_iter().map(|(path, target)| {
            (Entry { path: path.into(), kind: EntryKind::Link(target.into()) }, Place::Nowhere)
        });
        let found = files.chain(links).collect();
        Self::build(Listing { found, unreadable_names: Vec::new() }, None, None)
    }

    /// A tree of one file, wherever it lies; its path is its name.
    pub fn of_file(path: &DiskPath) -> Result<Self, Error> {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let Some(name) = name else {
            return Err(Error::NotAFile { path: path.display().to_string() });
        };
        Ok(Self::memory([(name, disk::read_file(path)?)]))
    }

    pub(super) fn build(listing: Listing, objects: Option<Objects>, root: Option<PathBuf>) -> Self {
        let Listing { mut found, mut unreadable_names } = listing;
        found.sort_by(|(a, _), (b, _)| walk_order(&a.path, &b.path));
        found.dedup_by(|later, earlier| {
            let same = later.0.path == earlier.0.path;
            if same {
                std::mem::swap(later, earlier);
            }
            same
        });
        // A folder that is a file or a link as well: git objects can say so, no checkout can hold it.
        let mut above: Option<Path> = None;
        found.retain(|(entry, _)| {
            let inside = above.as_deref().is_some_and(|above| is_at_or_below(&entry.path, above));
            if inside {
                unreadable_names.push(entry.path.to_string());
            } else {
                above = Some(entry.path.clone());
            }
            !inside
        });
        unreadable_names.sort();
        unreadable_names.dedup();
        let (entries, contents) = found
            .into_iter()
            .map(|(entry, place)| (entry, Arc::new(Content::new(place))))
            .unzip::<_, _, Vec<_>, Vec<_>>();
        let store = Arc::new(Store { contents, objects: objects.map(Arc::new) });
        Self::of(entries, 0, store, unreadable_names, root)
    }

    fn of(
        entries: Vec<Entry>,
        first: usize,
        store: Arc<Store>,
        unreadable_names: Vec<String>,
        root: Option<PathBuf>,
    ) -> Self {
        let standing = Standing::of(&entries);
        Self { entries, first, store, unreadable_names, root, links: OnceLock::new(), standing, twin: None }
    }

    /// The same tree; files that `twin` holds as well are read from there.
    pub(super) fn beside(self, twin: Option<Arc<Self>>) -> Self {
        Self { twin, ..self }
    }

    /// The size of the file at `path`, if it is this git object.
    pub(super) fn size_of(&self, path: &str, object: &str) -> Option<u64> {
        match (&self.entry(path)?.kind, self.place(path)?) {
            (EntryKind::File(size), Place::Object(own)) if **own == *object => Some(*size),
            _ => None,
        }
    }

    /// The twin, if the file at `path` is there, and its hash says that it holds the same.
    fn shared(&self, path: &str, index: usize) -> Option<&Self> {
        let twin = self.twin.as_deref()?;
        let content = &self.store.contents[self.first + index];
        let Place::Object(object) = &content.place else { return None };
        let other = twin.index(path)?;
        let same = match &twin.store.contents[twin.first + other].place {
            Place::Object(theirs) => object == theirs,
            Place::Disk(_) if twin.entries[other].kind == self.entries[index].kind => {
                let is_it = || twin.read(path).is_ok_and(|bytes| objects::id(&bytes, object) == **object);
                *content.is_on_disk.get_or_init(is_it)
            }
            Place::Disk(_) | Place::Given(_) | Place::Nowhere => false,
        };
        same.then_some(twin)
    }

    /// Every entry, in walk order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The symbolic links, in walk order.
    pub(super) fn links(&self) -> impl Iterator<Item = &Entry> {
        let is_link = |entry: &Entry| matches!(entry.kind, EntryKind::Link(_));
        let indices =
            self.entries.iter().enumerate().filter(|(_, entry)| is_link(entry)).map(|(index, _)| index);
        self.links.get_or_init(|| indices.collect()).iter().map(|&index| &self.entries[index])
    }

    /// The entry at exactly this path.
    pub fn entry(&self, path: &str) -> Option<&Entry> {
        self.entries.get(self.index(path)?)
    }

    /// The entries at or below the directory `dir` (`""` is the root), in walk order.
    pub fn below(&self, dir: &str) -> &[Entry] {
        &self.entries[self.range(dir)]
    }

    /// Whether `dir` is a directory: the root, or a prefix of some entry's path.
    pub fn is_dir(&self, dir: &str) -> bool {
        dir.is_empty() || self.standing.folders.contains_key(dir)
    }

    /// The bytes of the regular file at `path`; links are not followed (see [`Tree::resolve`]).
    ///
    /// An error for whatever is not a regular file, cannot be opened, or has 4 GiB or more.
    pub fn read(&self, path: &str) -> Result<Arc<[u8]>, Error> {
        Ok(self.contents(path)?.bytes())
    }

    /// As [`Tree::read`]. Where this is the first to read a file of the disk that is UTF-8, it is text, which shares its
    /// memory with the bytes that are kept.
    pub fn contents(&self, path: &str) -> Result<Contents, Error> {
        let Some(index) = self.index(path) else {
            return Err(Error::Missing { path: path.into() });
        };
        let EntryKind::File(size) = self.entries[index].kind else {
            return Err(Error::NotAFile { path: path.into() });
        };
        let content = &self.store.contents[self.first + index];
        if let Some(bytes) = content.bytes.get() {
            return Ok(Contents::Bytes(bytes.clone()));
        }
        if let Some(twin) = self.shared(path, index) {
            return twin.contents(path);
        }
        if size > u64::from(u32::MAX) {
            return Err(Error::TooLarge { path: path.into(), size });
        }
        let read = match (&content.place, &self.store.objects) {
            (Place::Given(bytes), _) => Contents::Bytes(bytes.clone()),
            (Place::Disk(file), _) => match String::from_utf8(disk::read_as(file, path)?) {
                Ok(text) => Contents::Text(text.into()),
                Err(error) => Contents::Bytes(error.into_bytes().into()),
            },
            (Place::Object(object), Some(objects)) => {
                let near = self.near(index);
                let names: Vec<&str> = near.iter().map(|(object, _)| *object).collect();
                let (bytes, others) = objects.read_with(object, path, &names)?;
                for ((_, content), bytes) in near.iter().zip(others) {
                    content.bytes.get_or_init(|| bytes);
                }
                Contents::Bytes(bytes)
            }
            (Place::Object(_), None) | (Place::Nowhere, _) => {
                return Err(Error::NotAFile { path: path.into() });
            }
        };
        content.bytes.get_or_init(|| read.bytes());
        Ok(read)
    }

    /// Manifests behind an entry that is one, small and not read yet: whoever reads one reads them all, one after another.
    fn near(&self, index: usize) -> Vec<(&str, &Content)> {
        let is_manifest =
            |entry: &Entry| [".yaml", ".yml", ".json"].iter().any(|end| entry.path.ends_with(end));
        if !is_manifest(&self.entries[index]) {
            return Vec::new();
        }
        let behind = self.entries.iter().enumerate().skip(index + 1).take(AHEAD);
        let is_small = |entry: &Entry| matches!(entry.kind, EntryKind::File(size) if size <= SMALL);
        let wanted = behind.filter(|(_, entry)| is_manifest(entry) && is_small(entry));
        let unread = wanted.filter_map(|(index, entry)| {
            let content = &*self.store.contents[self.first + index];
            match &content.place {
                Place::Object(object)
                    if content.bytes.get().is_none() && self.shared(&entry.path, index).is_none() =>
                {
                    Some((&**object, content))
                }
                _ => None,
            }
        });
        unread.collect()
    }

    /// Whether the regular file at `path` is here and in `other` with the same content.
    pub fn has_same_file(&self, other: &Self, path: &str) -> bool {
        let is_twin =
            |one: &Self, two: &Self| one.twin.as_deref().is_some_and(|twin| std::ptr::eq(twin, two));
        let shares = |one: &Self, two: &Self| {
            let index = one.index(path).filter(|_| is_twin(one, two));
            index.is_some_and(|index| one.shared(path, index).is_some())
        };
        match (self.place(path), other.place(path)) {
            (Some(Place::Object(one)), Some(Place::Object(two))) => one == two,
            (Some(_), Some(_)) if shares(self, other) || shares(other, self) => true,
            (Some(_), Some(_)) => match (self.read(path), other.read(path)) {
                (Ok(one), Ok(two)) => one == two,
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether `other` has files, links and submodules at the same paths, links with the same targets.
    pub fn has_same_names(&self, other: &Self) -> bool {
        let same = |(one, two): (&Entry, &Entry)| {
            let alike = matches!((&one.kind, &two.kind), (EntryKind::File(_), EntryKind::File(_)));
            one.path == two.path && (alike || one.kind == two.kind)
        };
        self.entries.len() == other.entries.len() && self.entries.iter().zip(&other.entries).all(same)
    }

    /// The BLAKE3 hash of the bytes of the regular file at `path`; errors as of [`Tree::read`].
    pub fn digest(&self, path: &str) -> Result<blake3::Hash, Error> {
        let index = self.index(path);
        if let Some(twin) = index.and_then(|index| self.shared(path, index)) {
            return twin.digest(path);
        }
        let known = index.map(|index| &self.store.contents[self.first + index].digest);
        if let Some(digest) = known.and_then(OnceLock::get) {
            return Ok(*digest);
        }
        let digest = blake3::hash(&self.read(path)?);
        Ok(known.map_or(digest, |known| *known.get_or_init(|| digest)))
    }

    /// The folder `dir` as a tree of its own, which shares the contents that were read already.
    ///
    /// None where `dir` is no directory. Links that lead out of `dir` leave the new tree.
    pub fn sub(&self, dir: &str) -> Option<Self> {
        if !self.is_dir(dir) {
            return None;
        }
        let inside = |path: &str| match dir {
            "" => Some(path.to_owned()),
            _ => Some(path.strip_prefix(dir)?.strip_prefix('/')?.to_owned()),
        };
        let mut range = self.range(dir);
        if self.entries.get(range.start).is_some_and(|entry| *entry.path == *dir) {
            range.start += 1;
        }
        let entries = self.entries[range.clone()]
            .iter()
            .filter_map(|entry| Some(Entry { path: inside(&entry.path)?.into(), kind: entry.kind.clone() }));
        let names = self.unreadable_names.iter().filter_map(|name| inside(name)).collect();
        let root = self.root.as_ref().map(|root| if dir.is_empty() { root.clone() } else { root.join(dir) });
        Some(Self::of(entries.collect(), self.first + range.start, self.store.clone(), names, root))
    }

    /// This tree with other contents in some of its regular files; everything else is shared with it.
    ///
    /// What is no regular file of it is passed over. [`Tree::replace`] writes such contents to disk.
    pub fn with(&self, contents: &BTreeMap<Path, Arc<[u8]>>) -> Self {
        let own = self.first..self.first + self.entries.len();
        let (mut entries, mut all) = (self.entries.clone(), self.store.contents[own].to_vec());
        for (path, bytes) in contents {
            let Some(index) = self.index(path) else { continue };
            if let EntryKind::File(size) = &mut entries[index].kind {
                *size = bytes.len() as u64;
                all[index] = Arc::new(Content::new(Place::Given(bytes.clone())));
            }
        }
        let store = Arc::new(Store { contents: all, objects: self.store.objects.clone() });
        let (unreadable_names, root) = (self.unreadable_names.clone(), self.root.clone());
        Self::of(entries, 0, store, unreadable_names, root)
    }

    /// Of files that hold other contents there: path, what is read here, and what there.
    pub fn changes<'c>(&self, contents: &'c BTreeMap<Path, Arc<[u8]>>) -> Result<Vec<Change<'c>>, Error> {
        let change = |(path, after): (&'c Path, &'c Arc<[u8]>)| {
            let before = self.read(path)?;
            Ok((before != *after).then_some(Change { path, before, after }))
        };
        contents.iter().filter_map(|content| change(content).transpose()).collect()
    }

    /// Puts these contents into regular files on disk, if each still holds what was read from it.
    ///
    /// All are looked at before the first is written; each is replaced whole. An error for a file that changed, is
    /// read-only, is not on disk, or that a link put outside of this tree.
    pub fn replace(&self, contents: &BTreeMap<Path, Arc<[u8]>>) -> Result<(), Error> {
        let mut files = Vec::new();
        for (path, bytes) in contents {
            let place = self.index(path).map(|index| &self.store.contents[self.first + index].place);
            let (Some(Place::Disk(file)), Some(root)) = (place, &self.root) else {
                return Err(Error::NotOnDisk { path: path.to_string() });
            };
            disk::check_replaceable(root, file, path, &self.read(path)?)?;
            files.push((file, bytes));
        }
        files.into_iter().try_for_each(|(file, bytes)| disk::write_atomically(file, bytes))
    }

    /// Names that are left out because they are not UTF-8, or because no checkout could hold them; made readable.
    pub fn unreadable_names(&self) -> &[String] {
        &self.unreadable_names
    }

    /// The folder on disk that this tree was opened at; None for a revision and for memory.
    pub fn root(&self) -> Option<&DiskPath> {
        self.root.as_deref()
    }

    /// Writes the entries at or below `dir` into the folder `to`, links as links, where programs can read them.
    ///
    /// Paths stay relative to the root of the tree. Links are written as they are, so a caller that does not
    /// want them to lead out asks [`Tree::out_of_bounds_links`] first. Submodules become empty folders.
    pub fn export(&self, dir: &str, to: &DiskPath) -> Result<(), Error> {
        self.export_entries(self.below(dir).iter().map(|entry| &*entry.path), to)
    }

    /// As [`Tree::export`], for the entries at exactly these paths; where there is none, nothing is written.
    pub fn export_entries<'a>(
        &self,
        paths: impl IntoIterator<Item = &'a str>,
        to: &DiskPath,
    ) -> Result<(), Error> {
        // Links come last, so that nothing can be written through one.
        let mut links = Vec::new();
        for entry in paths.into_iter().filter_map(|path| self.entry(path)) {
            let file = to.join(&*entry.path);
            match &entry.kind {
                EntryKind::File(_) => disk::write_new(&file, &self.read(&entry.path)?)?,
                EntryKind::Link(target) => {
                    disk::make_folder_of(&file)?;
                    links.push((file, target));
                }
                EntryKind::Submodule => disk::make_folder(&file)?,
            }
        }
        links.iter().try_for_each(|(link, target)| disk::link_new(link, target))
    }

    fn place(&self, path: &str) -> Option<&Place> {
        Some(&self.store.contents[self.first + self.index(path)?].place)
    }

    fn index(&self, path: &str) -> Option<usize> {
        self.standing.entries.get(path).copied()
    }

    fn range(&self, dir: &str) -> Range<usize> {
        if dir.is_empty() {
            return 0..self.entries.len();
        }
        let alone = || self.index(dir).map(|index| index..index + 1);
        self.standing.folders.get(dir).cloned().or_else(alone).unwrap_or(0..0)
    }
}

fn is_below(path: &str, dir: &str) -> bool {
    path.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/'))
}

fn is_at_or_below(path: &str, dir: &str) -> bool {
    path == dir || is_below(path, dir)
}

/// The order of Go's `filepath.Walk`: the separator sorts before every byte that a name can have.
fn walk_order(a: &str, b: &str) -> Ordering {
    let rank = |byte: &u8| if *byte == b'/' { 0 } else { u16::from(*byte) + 1 };
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let shared = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    a.get(shared).map(rank).cmp(&b.get(shared).map(rank))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(entries: &[Entry]) -> Vec<&str> {
        entries.iter().map(|entry| &*entry.path).collect()
    }

    fn tree(paths: &[&str]) -> Tree {
        Tree::memory(paths.iter().map(|path| (*path, path.as_bytes())))
    }

    #[test]
    fn entries_are_in_walk_order() {
        let tree =
            tree(&["b", "a.yaml", "a/z", "a/b/c", "a-b/x", "A", "a/b.yaml", "a/.hidden", "é", "a/b-/d"]);
        let expected = ["A", "a/.hidden", "a/b/c", "a/b-/d", "a/b.yaml", "a/z", "a-b/x", "a.yaml", "b", "é"];
        assert_eq!(paths(tree.entries()), expected);
    }

    #[test]
    fn a_directory_is_what_lies_below_it() {
        let tree = tree(&["a.yaml", "a/b/c", "a/d", "ab/e", "z"]);
        for (dir, is_dir, below) in [
            ("", true, &["a/b/c", "a/d", "a.yaml", "ab/e", "z"][..]),
            ("a", true, &["a/b/c", "a/d"]),
            ("a/b", true, &["a/b/c"]),
            ("ab", true, &["ab/e"]),
            ("a/d", false, &["a/d"]),
            ("z", false, &["z"]),
            ("a/", false, &[]),
            ("nowhere", false, &[]),
            ("a/b/c/d", false, &[]),
        ] {
            assert_eq!(tree.is_dir(dir), is_dir, "{dir}");
            assert_eq!(paths(tree.below(dir)), below, "{dir}");
        }
    }

    #[test]
    fn files_are_read_and_nothing_else() {
        let tree = Tree::memory_with_links([("a/x", "text".as_bytes())], [("l", "a/x")]);
        assert_eq!(&*tree.read("a/x").unwrap(), b"text");
        assert!(Arc::ptr_eq(&tree.read("a/x").unwrap(), &tree.read("a/x").unwrap()));
        assert!(matches!(tree.read("l"), Err(Error::NotAFile { .. })));
        assert!(matches!(tree.read("a"), Err(Error::Missing { .. })));
        assert_eq!(tree.entry("a/x").unwrap().kind, EntryKind::File(4));
        assert_eq!(tree.entry("l").unwrap().kind, EntryKind::Link("a/x".into()));
        assert_eq!(tree.entry("a"), None);
    }

    #[test]
    fn of_two_files_with_one_path_the_last_one_stays() {
        let tree = Tree::memory([("a", "one".as_bytes()), ("b", b""), ("a", b"two")]);
        assert_eq!(paths(tree.entries()), ["a", "b"]);
        assert_eq!(&*tree.read("a").unwrap(), b"two");
    }

    #[test]
    fn a_folder_can_be_a_tree_of_its_own() {
        let tree = tree(&["a/b/c", "a/b.yaml", "ab", "z"]);
        let sub = tree.sub("a").unwrap();
        assert_eq!(paths(sub.entries()), ["b/c", "b.yaml"]);
        assert_eq!(&*sub.read("b.yaml").unwrap(), b"a/b.yaml");
        assert_eq!(&*sub.sub("b").unwrap().read("c").unwrap(), b"a/b/c");
        assert_eq!(tree.sub("").unwrap().entries(), tree.entries());
        assert!(tree.sub("z").is_none());
        assert!(tree.sub("nowhere").is_none());
    }

    #[test]
    fn contents_can_be_others() {
        let tree = Tree::memory_with_links([("a/x", *b"one"), ("b", *b"two")], [("l", "b")]);
        let other = |path: &str| (Path::from(path), Arc::from(&b"three"[..]));
        let changed = tree.sub("a").unwrap().with(&[other("x"), other("y")].into());
        assert_eq!(&*changed.read("x").unwrap(), b"three");
        assert_eq!(changed.entry("x").unwrap().kind, EntryKind::File(5));
        assert_eq!(paths(changed.entries()), ["x"]);
        let changed = tree.with(&[other("b"), other("l")].into());
        assert_eq!(
            (&*changed.read("a/x").unwrap(), &*changed.read("b").unwrap()),
            (&b"one"[..], &b"three"[..])
        );
        assert_eq!(&*changed.sub("a").unwrap().read("x").unwrap(), b"one");
        assert!(changed.read("l").is_err());
        assert_eq!(&*tree.read("b").unwrap(), b"two");
        assert!(matches!(tree.replace(&[other("b")].into()), Err(Error::NotOnDisk { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn files_are_replaced_where_they_were_read() {
        use std::fs;
        use std::os::unix::fs::{PermissionsExt, symlink};
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let root = folder.path();
        for path in ["a/x", "b/x", "c", "d", "e"] {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), "old").unwrap();
        }
        let tree = Tree::open(root).unwrap();
        let new = |paths: &[&str]| -> BTreeMap<Path, Arc<[u8]>> {
            paths.iter().map(|path| (Path::from(*path), Arc::from(&b"new"[..]))).collect()
        };
        for path in ["a/x", "b/x", "c", "d", "e"] {
            tree.read(path).unwrap();
        }
        tree.replace(&new(&["a/x"])).unwrap();
        assert_eq!(fs::read(root.join("a/x")).unwrap(), b"new");
        fs::rename(root.join("b"), outside.path().join("b")).unwrap();
        symlink(outside.path().join("b"), root.join("b")).unwrap();
        assert!(matches!(tree.replace(&new(&["b/x"])), Err(Error::LeavesTree { .. })));
        fs::write(root.join("c"), "other").unwrap();
        assert!(matches!(tree.replace(&new(&["c", "e"])), Err(Error::Changed { .. })));
        fs::set_permissions(root.join("d"), fs::Permissions::from_mode(0o444)).unwrap();
        assert!(matches!(tree.replace(&new(&["d", "e"])), Err(Error::ReadOnly { .. })));
        fs::remove_file(root.join("e")).unwrap();
        symlink("c", root.join("e")).unwrap();
        assert!(matches!(tree.replace(&new(&["e"])), Err(Error::NotAFile { .. })));
        assert_eq!(fs::read(outside.path().join("b/x")).unwrap(), b"old");
        assert_eq!(fs::read(root.join("c")).unwrap(), b"other");
        assert_eq!(fs::read(root.join("d")).unwrap(), b"old");
    }

    #[test]
    fn names_that_no_checkout_could_hold_are_listed() {
        let mut listing = Listing::default();
        let odd: [&[u8]; 7] =
            [b"a/../b", b"/abs", b"a//b", b".git/config", b"x/.git", b"caf\xe9.yaml", b"./a"];
        for name in odd.into_iter().chain([&b"fine.yaml"[..], b".github/x", b"a.git/x"]) {
            listing.add(name, |_| Ok(Some((EntryKind::File(0), Place::Given(Arc::from([])))))).unwrap();
        }
        let tree = Tree::build(listing, None, None);
        assert_eq!(paths(tree.entries()), [".github/x", "a.git/x", "fine.yaml"]);
        assert_eq!(tree.unreadable_names().len(), odd.len());
        assert!(tree.unreadable_names().contains(&"caf\u{fffd}.yaml".to_owned()));
    }

    #[test]
    fn a_folder_that_is_a_link_as_well_is_listed() {
        let tree = Tree::memory_with_links([("a/b", *b"x"), ("a-b", *b"y")], [("a", "/etc")]);
        assert_eq!(paths(tree.entries()), ["a", "a-b"]);
        assert_eq!(tree.unreadable_names(), ["a/b"]);
    }

    #[test]
    fn a_tree_can_be_written_to_disk() {
        let folder = tempfile::tempdir().unwrap();
        let tree = Tree::memory_with_links(
            [("a/x.yaml", "x".as_bytes()), ("b/y", b"\xff\x00")],
            [("a/link", "../b/y")],
        );
        tree.export("", folder.path()).unwrap();
        let back = Tree::open(folder.path()).unwrap();
        assert_eq!(back.entries(), tree.entries());
        assert_eq!(back.read("b/y").unwrap(), tree.read("b/y").unwrap());
        assert!(tree.export("a", folder.path()).is_err(), "nothing is overwritten");
    }
}
