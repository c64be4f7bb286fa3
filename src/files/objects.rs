//! Git objects, read through long-lived `git cat-file --batch` processes.

use super::tree::{Listing, Place};
use super::{EntryKind, Error, Repository, Tree, git};
use sha1::Digest;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

/// The longest target that a symbolic link can have on Linux (`PATH_MAX`).
const LONGEST_TARGET: u64 = 4095;

impl Tree {
    /// The files of a commit, read from git objects: nothing is checked out.
    ///
    /// `revision` is whatever git takes for a commit: a branch, a tag, a hash, `HEAD~2`.
    pub fn revision(repository: &Repository, revision: &str) -> Result<Self, Error> {
        Self::listed(repository, &Listed::new(repository, revision)?, None)
    }

    /// The same of what git has listed, where files that `twin` holds with the same content are read from there. It is a
    /// revision of the same repository, or its working directory.
    pub fn listed(repository: &Repository, listed: &Listed, twin: Option<Arc<Self>>) -> Result<Self, Error> {
        let root = repository.root();
        let objects = Objects::new(root, repository.is_bare());
        let lines = &listed.lines;
        let mut entries = Vec::new();
        for line in lines.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
            entries.push(parse(line).ok_or_else(|| Error::Git {
                task: "list the files",
                path: root.to_owned(),
                message: format!("it wrote `{}`", String::from_utf8_lossy(line)),
            })?);
        }
        let known = |(entry, name): &(TreeEntry<'_>, &[u8])| {
            twin.as_ref()?.size_of(std::str::from_utf8(name).ok()?, entry.object)
        };
        let known: Vec<Option<u64>> = entries.iter().map(known).collect();
        let unknown = entries.iter().zip(&known).filter(|(_, known)| known.is_none());
        let mut sizes = objects.sizes(unknown.map(|((entry, _), _)| entry.object))?.into_iter();
        let mut listing = Listing::default();
        for ((entry, name), known) in entries.into_iter().zip(known) {
            let size = known.or_else(|| sizes.next()).unwrap_or(0);
            let mut impossible = false;
            listing.add(name, |path| {
                let read = entry.read(size, &objects, path)?;
                impossible = read.is_none();
                Ok(read)
            })?;
            if impossible {
                listing.unreadable_names.push(String::from_utf8_lossy(name).into_owned());
            }
        }
        Ok(Self::build(listing, Some(objects), None).beside(twin))
    }
}

/// The files of a commit as git lists them, on their way into a tree.
pub struct Listed {
    lines: Vec<u8>,
}

impl Listed {
    /// Of whatever git takes for a commit.
    pub fn new(repository: &Repository, revision: &str) -> Result<Self, Error> {
        let commit = repository.resolve(revision)?;
        let root = repository.root();
        // Without `--long`, which dies in a partial clone.
        let arguments = ["ls-tree", "-r", "-z", "--full-tree", &commit];
        let lines = git::run(root, repository.is_bare(), &arguments)?.output("list the files", root)?;
        Ok(Self { lines })
    }
}

/// `<mode> <type> <object>`, as `git ls-tree` writes it.
struct TreeEntry<'a> {
    mode: &'a str,
    object: &'a str,
}

fn parse(line: &[u8]) -> Option<(TreeEntry<'_>, &[u8])> {
    let tab = memchr::memchr(b'\t', line)?;
    let mut words = std::str::from_utf8(&line[..tab]).ok()?.split(' ');
    let (mode, _, object) = (words.next()?, words.next()?, words.next()?);
    Some((TreeEntry { mode, object }, &line[tab + 1..]))
}

impl TreeEntry<'_> {
    /// None for a link that no file system can hold.
    fn read(&self, size: u64, objects: &Objects, path: &str) -> Result<Option<(EntryKind, Place)>, Error> {
        Ok(match self.mode {
            "160000" => Some((EntryKind::Submodule, Place::Nowhere)),
            "120000" if size > LONGEST_TARGET => None,
            "120000" => {
                let target = objects.read(self.object, path)?;
                Some((EntryKind::Link(String::from_utf8_lossy(&target).into()), Place::Nowhere))
            }
            // An object that is missing is an error when it is read, and only then.
            _ => Some((EntryKind::File(size), Place::Object(self.object.into()))),
        })
    }
}

/// The objects of one repository. As many git processes run as threads read at once.
pub(super) struct Objects {
    root: PathBuf,
    bare: bool,
    idle: Mutex<Vec<Reader>>,
}

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Objects").field("root", &self.root).finish_non_exhaustive()
    }
}

impl Objects {
    /// Of the repository around `root`, or, with `bare`, of the one at `root`. No process starts before it is needed.
    pub(super) fn new(root: &Path, bare: bool) -> Self {
        Self { root: root.to_owned(), bare, idle: Mutex::default() }
    }

    /// The bytes of a blob; `path` is for the error.
    pub(super) fn read(&self, object: &str, path: &str) -> Result<Arc<[u8]>, Error> {
        self.read_with(object, path, &[]).map(|(bytes, _)| bytes)
    }

    /// The same, and the bytes of further blobs up to the first that is not here, asked for in one go: to wait for git once for each
    /// file takes longer than to read it.
    pub(super) fn read_with(
        &self,
        object: &str,
        path: &str,
        more: &[&str],
    ) -> Result<(Arc<[u8]>, Vec<Arc<[u8]>>), Error> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut reader = match idle {
            Some(reader) => reader,
            None => Reader::start(&self.root, self.bare)?,
        };
        // A reader that failed is not used again: what it would say next is not known.
        let read_error = |source| Error::Read { path: path.into(), source };
        reader.ask(object, more).map_err(read_error)?;
        match reader.answer().map_err(read_error)? {
            Blob::Here(bytes) => {
                let mut others = Vec::with_capacity(more.len());
                for _ in more {
                    match reader.answer() {
                        Ok(Blob::Here(bytes)) => others.push(bytes),
                        // Each is asked for again by whoever needs it, and then it is told what is wrong.
                        Ok(Blob::Missing | Blob::TooLarge(_)) | Err(_) => return Ok((bytes, others)),
                    }
                }
                self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
                Ok((bytes, others))
            }
            Blob::TooLarge(size) => Err(Error::TooLarge { path: path.into(), size }),
            Blob::Missing => Err(Error::NoObject { path: path.into(), object: object.into() }),
        }
    }

    /// The sizes of objects, in the order that they were asked for; 0 of one that is missing.
    pub(super) fn sizes<'a>(&self, objects: impl Iterator<Item = &'a str>) -> Result<Vec<u64>, Error> {
        let list: String = objects.flat_map(|object| [object, "\n"]).collect();
        if list.is_empty() {
            return Ok(Vec::new());
        }
        let mut command = git::command(&self.root, self.bare);
        command.args(["cat-file", "--batch-check=%(objectsize)", "--buffer"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().map_err(|source| no_git(&self.root, source))?;
        let mut asks = process.stdin.take().expect("stdin is piped");
        let count = memchr::memchr_iter(b'\n', list.as_bytes()).count();
        let output = std::thread::scope(|scope| {
            scope.spawn(move || asks.write_all(list.as_bytes()));
            process.wait_with_output()
        });
        let output = output.map_err(|source| no_git(&self.root, source))?;
        let sizes = String::from_utf8_lossy(&output.stdout);
        let sizes = sizes.lines().map(|line| line.parse().unwrap_or(0));
        Ok(sizes.chain(std::iter::repeat(0)).take(count).collect())
    }
}

fn no_git(root: &Path, source: io::Error) -> Error {
    Error::NoGit { path: root.to_owned(), source }
}

/// The name of a blob with these bytes, by the hash that made `like`.
pub(super) fn id(bytes: &[u8], like: &str) -> String {
    fn of<D: Digest>(bytes: &[u8]) -> String {
        let digest = D::new().chain_update(format!("blob {}\0", bytes.len())).chain_update(bytes).finalize();
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
    // Repositories name their objects by one of two hashes (`extensions.objectFormat`).
    if like.len() == 64 { of::<sha2::Sha256>(bytes) } else { of::<sha1::Sha1>(bytes) }
}

enum Blob {
    Here(Arc<[u8]>),
    TooLarge(u64),
    Missing,
}

/// One `git cat-file --batch`.
struct Reader {
    process: Child,
    asks: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Reader {
    fn start(root: &Path, bare: bool) -> Result<Self, Error> {
        let mut command = git::command(root, bare);
        command
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut process = command.spawn().map_err(|source| no_git(root, source))?;
        let asks = process.stdin.take();
        let answers = BufReader::new(process.stdout.take().expect("stdout is piped"));
        Ok(Self { process, asks, answers })
    }

    /// Asks for objects; no more than fit into a pipe, as nobody reads the answers meanwhile.
    fn ask(&mut self, object: &str, more: &[&str]) -> io::Result<()> {
        let asks = self.asks.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        let lines: String = std::iter::once(&object).chain(more).flat_map(|object| [*object, "\n"]).collect();
        asks.write_all(lines.as_bytes())?;
        asks.flush()
    }

    fn answer(&mut self) -> io::Result<Blob> {
        let mut header = String::new();
        self.answers.read_line(&mut header)?;
        // `<object> blob <size>`, `<object> missing`; nothing when a fetch was tried and refused.
        let mut words = header.split_ascii_whitespace().skip(1);
        if words.next() != Some("blob") {
            return Ok(Blob::Missing);
        }
        let size: u64 = words.next().and_then(|size| size.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
        if size > u64::from(u32::MAX) {
            return Ok(Blob::TooLarge(size));
        }
        let mut bytes = Vec::with_capacity(size as usize + 1);
        (&mut self.answers).take(size + 1).read_to_end(&mut bytes)?;
        if bytes.pop() != Some(b'\n') || bytes.len() as u64 != size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(Blob::Here(bytes.into()))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // It ends by itself when there is nobody to ask it, unless it is in the middle of an answer.
        drop(self.asks.take());
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::files::tests::{Clone, git};
    use std::os::unix::fs::symlink;

    fn revision(root: &Path, revision: &str) -> Result<Tree, Error> {
        Tree::revision(&Repository::around(root)?.expect("a repository"), revision)
    }

    fn paths(tree: &Tree) -> Vec<&str> {
        tree.entries().iter().map(|entry| &*entry.path).collect()
    }

    #[test]
    fn a_revision_is_read_from_objects() {
        let clone = Clone::new(&[("app/x.yaml", "one"), ("a.yaml", ""), ("with space\tand tab", "t")]);
        symlink("../a.yaml", clone.root().join("app/link")).unwrap();
        git(clone.root(), &["add", "."]);
        let first = git(clone.root(), &["rev-parse", "HEAD"]);
        clone.commit(&[("app/x.yaml", "two\r\n\0")]);
        std::fs::remove_dir_all(clone.root().join("app")).unwrap();
        let head = revision(clone.root(), "main").unwrap();
        assert_eq!(paths(&head), ["a.yaml", "app/link", "app/x.yaml", "with space\tand tab"]);
        assert_eq!(&*head.read("app/x.yaml").unwrap(), b"two\r\n\0");
        assert_eq!(&*head.read("a.yaml").unwrap(), b"");
        assert_eq!(head.entry("app/x.yaml").unwrap().kind, EntryKind::File(6));
        assert_eq!(head.resolve("app/link").unwrap().as_deref(), Some("a.yaml"));
        assert_eq!(head.root(), None);
        let base = revision(&clone.root().join(".git").join(".."), &first).unwrap();
        assert_eq!(paths(&base), ["a.yaml", "app/x.yaml", "with space\tand tab"]);
        assert_eq!(&*base.read("app/x.yaml").unwrap(), b"one");
        assert_eq!(&*base.sub("app").unwrap().read("x.yaml").unwrap(), b"one");
    }

    #[test]
    fn many_threads_read_at_once() {
        use rayon::prelude::*;
        let files: Vec<(String, String)> = (0..200).map(|i| (format!("f{i}"), "x".repeat(i * 37))).collect();
        let files: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let clone = Clone::new(&files);
        let tree = revision(clone.root(), "HEAD").unwrap();
        files.par_iter().for_each(|(path, text)| {
            assert_eq!(&*tree.read(path).unwrap(), text.as_bytes(), "{path}");
        });
    }

    #[test]
    fn hostile_trees_are_only_data() {
        let clone = Clone::new(&[("x.yaml", "x")]);
        let root = clone.root();
        let blob = git(root, &["hash-object", "-w", "x.yaml"]);
        std::fs::write(root.join("long"), "a".repeat(5000)).unwrap();
        let long = git(root, &["hash-object", "-w", "long"]);
        let object = |hash: &str| {
            (0..hash.len())
                .step_by(2)
                .map(|i| u8::from_str_radix(&hash[i..i + 2], 16).unwrap())
                .collect::<Vec<u8>>()
        };
        let mut tree = Vec::new();
        for (mode, name, hash) in [
            ("100644", &b".."[..], &blob),
            ("100644", b".git", &blob),
            ("100644", b"a/../../b", &blob),
            ("100644", b"caf\xe9", &blob),
            ("120000", b"endless", &long),
            ("100644", b"gone", &"1".repeat(40)),
            ("160000", b"module", &"2".repeat(40)),
            ("120000", b"out", &blob),
            ("100644", b"out", &blob),
        ] {
            tree.extend_from_slice(format!("{mode} ").as_bytes());
            tree.extend_from_slice(name);
            tree.push(0);
            tree.extend(object(hash));
        }
        std::fs::write(root.join("tree"), tree).unwrap();
        let tree = git(root, &["hash-object", "-w", "-t", "tree", "--literally", "tree"]);
        let commit = git(root, &["commit-tree", "-m", "hostile", &tree]);
        let tree = revision(root, &commit).unwrap();
        assert_eq!(paths(&tree), ["gone", "module", "out"]);
        assert_eq!(tree.unreadable_names(), ["..", ".git", "a/../../b", "caf\u{fffd}", "endless"]);
        assert!(matches!(tree.read("gone"), Err(Error::NoObject { .. })));
        assert_eq!(tree.entry("module").unwrap().kind, EntryKind::Submodule);
    }

    #[test]
    fn a_partial_clone_fetches_nothing() {
        let origin = Clone::new(&[("x.yaml", "old")]);
        origin.commit(&[("x.yaml", "new")]);
        git(origin.root(), &["config", "uploadpack.allowFilter", "true"]);
        let folder = tempfile::tempdir().unwrap();
        let url = format!("file://{}", origin.root().display());
        git(folder.path(), &["clone", "-q", "--filter=blob:none", &url, "c"]);
        let root = folder.path().join("c");
        let witness = root.join("executed");
        git(
            &root,
            &["config", "remote.origin.uploadpack", &format!("touch {}; git-upload-pack", witness.display())],
        );
        let base = revision(&root, "HEAD~1").unwrap();
        assert_eq!(paths(&base), ["x.yaml"]);
        assert!(matches!(base.read("x.yaml"), Err(Error::NoObject { .. })));
        assert_eq!(&*revision(&root, "HEAD").unwrap().read("x.yaml").unwrap(), b"new");
        assert!(!witness.exists());
    }
}
