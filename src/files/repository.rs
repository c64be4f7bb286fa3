//! A git repository: its root, branches and commits.

use super::{Error, git};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

/// A git repository on disk. Reading from it executes nothing and fetches nothing.
#[derive(Debug)]
pub struct Repository {
    root: PathBuf,
    bare: bool,
    references: OnceLock<BTreeMap<String, Reference>>,
    origin_url: OnceLock<Option<String>>,
    /// Hashes of commits that were asked for; they are known to be there.
    commits: Mutex<BTreeSet<String>>,
}

#[derive(Debug)]
struct Reference {
    commit: String,
    /// The reference that this one stands for.
    target: Option<String>,
}

/// A branch by its name and the reference that holds it here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// Its name, such as `main`.
    pub name: String,
    /// What to look it up by: `refs/remotes/origin/main` or `refs/heads/main`.
    pub reference: String,
}

impl Repository {
    /// The repository that `path` lies in, or is (a bare one); None where there is none.
    pub fn around(path: &Path) -> Result<Option<Self>, Error> {
        let bare = ["HEAD", "objects", "refs"].iter().all(|name| path.join(name).exists());
        let arguments = if bare { ["rev-parse", "--git-dir"] } else { ["rev-parse", "--show-toplevel"] };
        let found = match git::run(path, bare, &arguments)?.output("find the repository", path) {
            Ok(found) => found,
            Err(Error::NoRepository { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let root = if bare { path.to_owned() } else { PathBuf::from(line(&found)) };
        let (references, origin_url, commits) = Default::default();
        Ok(Some(Self { root, bare, references, origin_url, commits }))
    }

    /// Where its working directory begins; of a bare one, the repository itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether it has no working directory.
    pub fn is_bare(&self) -> bool {
        self.bare
    }

    /// The hash of the commit that git understands by `revision`: a branch, a tag, a hash, `HEAD~2`.
    pub fn resolve(&self, revision: &str) -> Result<String, Error> {
        let not_found = || self.not_found(revision);
        // Git would take it for an option, or for several.
        if revision.is_empty() || revision.starts_with('-') || revision.contains(['\0', '\n']) {
            return Err(not_found());
        }
        let commits = || self.commits.lock().unwrap_or_else(PoisonError::into_inner);
        if commits().contains(revision) {
            return Ok(revision.to_owned());
        }
        let commit = format!("{revision}^{{commit}}");
        let answer = self.git(&["rev-parse", "--verify", "--quiet", &commit])?;
        match answer.output("resolve a revision", &self.root) {
            Ok(commit) => {
                commits().insert(line(&commit));
                Ok(line(&commit))
            }
            Err(Error::Git { .. }) => Err(not_found()),
            Err(error) => Err(error),
        }
    }

    /// The commit that Argo CD would read for a `targetRevision`, as far as it is a name: a hash, or a branch or
    /// tag by its short or full name (semantics of `lsRemote` in Argo CD's `util/git/client.go`).
    ///
    /// Branches of `origin` come before local ones, because Argo CD sees only what was pushed. Empty and
    /// `HEAD` are the default branch.
    pub fn target_revision(&self, revision: &str) -> Result<String, Error> {
        let references = self.references()?;
        if matches!(revision, "" | "HEAD") {
            let branch = self.default_branch()?;
            let found = branch.and_then(|branch| references.get(&branch.reference));
            return found.map(|found| found.commit.clone()).ok_or_else(|| self.not_found("HEAD"));
        }
        let short = revision.strip_prefix("refs/heads/").unwrap_or(revision);
        let names = [
            format!("refs/remotes/origin/{short}"),
            format!("refs/heads/{short}"),
            format!("refs/tags/{}", revision.strip_prefix("refs/tags/").unwrap_or(revision)),
            revision.to_owned(),
        ];
        if let Some(found) = names.iter().find_map(|name| references.get(name)) {
            return Ok(found.commit.clone());
        }
        let is_hash =
            (7..=64).contains(&revision.len()) && revision.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hash { self.resolve(revision) } else { Err(self.not_found(revision)) }
    }

    /// The names of all tags, sorted bytewise; which of them a version range means is for the caller to say.
    pub fn tags(&self) -> Result<Vec<&str>, Error> {
        Ok(self.references()?.keys().filter_map(|name| name.strip_prefix("refs/tags/")).collect())
    }

    /// The branch that is checked out; None with a detached HEAD.
    pub fn current_branch(&self) -> Result<Option<String>, Error> {
        let answer = self.git(&["symbolic-ref", "--quiet", "--short", "HEAD"])?;
        if answer.code(1) {
            return Ok(None);
        }
        answer.output("find the branch", &self.root).map(|name| Some(line(&name)))
    }

    /// The branch that changes are merged into: what `origin/HEAD` says, else `main`, else `master`.
    ///
    /// None where there is none of them, as in a shallow clone of one feature branch.
    pub fn default_branch(&self) -> Result<Option<Branch>, Error> {
        let references = self.references()?;
        let head = references.get("refs/remotes/origin/HEAD").and_then(|head| head.target.clone());
        let named = ["main", "master"]
            .into_iter()
            .flat_map(|name| [format!("refs/remotes/origin/{name}"), format!("refs/heads/{name}")]);
        let reference = head.into_iter().chain(named).find(|name| references.contains_key(name));
        Ok(reference.and_then(|reference| {
            let name = ["refs/remotes/origin/", "refs/heads/"]
                .iter()
                .find_map(|above| reference.strip_prefix(above))?;
            Some(Branch { name: name.to_owned(), reference })
        }))
    }

    /// The URL of the remote `origin` as it is configured, without user and password.
    pub fn origin_url(&self) -> Result<Option<String>, Error> {
        if let Some(known) = self.origin_url.get() {
            return Ok(known.clone());
        }
        let answer = self.git(&["config", "--get", "remote.origin.url"])?;
        let url = match answer.code(1) {
            true => None,
            false => Some(without_secrets(&line(&answer.output("find the remote", &self.root)?))),
        };
        Ok(self.origin_url.get_or_init(|| url).clone())
    }

    /// The commit where two revisions parted; None where they share no history, or a shallow clone lacks it.
    pub fn merge_base(&self, one: &str, other: &str) -> Result<Option<String>, Error> {
        let (one, other) = (self.resolve(one)?, self.resolve(other)?);
        let answer = self.git(&["merge-base", &one, &other])?;
        if answer.code(1) {
            return Ok(None);
        }
        answer.output("find the merge base", &self.root).map(|commit| Some(line(&commit)))
    }

    /// The trailers of this name in the messages of the commits that `head` has and `base` does not, the newest commit
    /// first: commit and text.
    pub fn trailers(&self, base: &str, head: &str, name: &str) -> Result<Vec<(String, String)>, Error> {
        let range = format!("{}..{}", self.resolve(base)?, self.resolve(head)?);
        let format = format!("--format=%x1e%H%x1f%(trailers:key={name},valueonly,unfold,separator=%x1f)");
        let arguments = ["log", "--no-show-signature", "--encoding=UTF-8", &format, &range, "--"];
        let found = self.git(&arguments)?.output("read the commit messages", &self.root)?;
        let found = String::from_utf8_lossy(&found);
        let mut trailers = Vec::new();
        for commit in found.split('\u{1e}') {
            let mut parts = commit.split('\u{1f}').map(str::trim);
            let hash = parts.next().unwrap_or("").to_owned();
            trailers
                .extend(parts.filter(|text| !text.is_empty()).map(|text| (hash.clone(), text.to_owned())));
        }
        Ok(trailers)
    }

    /// Whether history was cut off when it was cloned.
    pub fn is_shallow(&self) -> Result<bool, Error> {
        let answer = self.git(&["rev-parse", "--is-shallow-repository"])?;
        Ok(line(&answer.output("read", &self.root)?) == "true")
    }

    fn references(&self) -> Result<&BTreeMap<String, Reference>, Error> {
        if let Some(known) = self.references.get() {
            return Ok(known);
        }
        // Of an annotated tag the commit it names.
        let format = "--format=%(refname)%09%(objectname)%09%(*objectname)%09%(symref)";
        let lines = self.git(&["for-each-ref", format])?.output("list the branches", &self.root)?;
        let lines = String::from_utf8_lossy(&lines);
        let references = lines.lines().filter_map(|line| {
            let mut words = line.split('\t');
            let (name, object, peeled, target) = (words.next()?, words.next()?, words.next()?, words.next()?);
            let commit = if peeled.is_empty() { object } else { peeled }.to_owned();
            let target = (!target.is_empty()).then(|| target.to_owned());
            Some((name.to_owned(), Reference { commit, target }))
        });
        let references = references.collect();
        Ok(self.references.get_or_init(|| references))
    }

    fn not_found(&self, revision: &str) -> Error {
        let shallow = self.is_shallow().unwrap_or(false);
        Error::NoRevision { revision: revision.into(), path: self.root.clone(), shallow }
    }

    fn git(&self, arguments: &[&str]) -> Result<git::Answer, Error> {
        git::run(&self.root, self.bare, arguments)
    }
}

fn line(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    text.strip_suffix('\n').unwrap_or(&text).trim_end_matches('\r').to_owned()
}

fn without_secrets(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://").filter(|(scheme, _)| scheme.starts_with("http")) else {
        return url.to_owned();
    };
    let host = rest.split('/').next().unwrap_or(rest);
    let secret = host.rfind('@').map_or(0, |at| at + 1);
    format!("{scheme}://{}", &rest[secret..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Tree;
    use crate::files::tests::{Clone, git};

    fn open(root: &Path) -> Repository {
        Repository::around(root).unwrap().unwrap()
    }

    #[test]
    fn a_repository_is_found_from_inside() {
        let clone = Clone::new(&[("a/b/x.yaml", "x")]);
        let root = std::fs::canonicalize(clone.root()).unwrap();
        assert_eq!(open(&root.join("a/b")).root(), root);
        let empty = tempfile::tempdir().unwrap();
        assert!(Repository::around(empty.path()).unwrap().is_none());
    }

    #[test]
    fn revisions_become_commits() {
        let clone = Clone::new(&[("x.yaml", "1")]);
        let first = git(clone.root(), &["rev-parse", "HEAD"]);
        git(clone.root(), &["tag", "-a", "v1", "-m", "one"]);
        let second = clone.commit(&[("x.yaml", "2")]);
        let repository = open(clone.root());
        for (revision, expected) in [
            ("HEAD", &second),
            ("main", &second),
            ("HEAD~1", &first),
            ("v1", &first),
            (&first[..8], &first),
            ("refs/heads/main", &second),
        ] {
            assert_eq!(&repository.resolve(revision).unwrap(), expected, "{revision}");
        }
        for revision in
            ["", "nope", "--all", "-h", "HEAD~9", "x.yaml", "HEAD\nmain", "HEAD:x.yaml", &"0".repeat(40)]
        {
            let error = repository.resolve(revision).unwrap_err();
            assert!(error.to_string().starts_with("revision not found: `"), "{revision}: {error}");
            assert!(matches!(error, Error::NoRevision { shallow: false, .. }), "{revision}");
        }
    }

    #[test]
    fn target_revisions_are_looked_up_as_argo_cd_does() {
        let clone = Clone::new(&[("x.yaml", "1")]);
        let first = git(clone.root(), &["rev-parse", "HEAD"]);
        git(clone.root(), &["tag", "-a", "v1", "-m", "one"]);
        git(clone.root(), &["branch", "release/1"]);
        let second = clone.commit(&[("x.yaml", "2")]);
        git(clone.root(), &["update-ref", "refs/remotes/origin/main", &first]);
        let repository = open(clone.root());
        for (revision, expected) in [
            ("", Some(&first)),
            ("HEAD", Some(&first)),
            ("main", Some(&first)),
            ("refs/heads/main", Some(&first)),
            ("v1", Some(&first)),
            ("refs/tags/v1", Some(&first)),
            ("release/1", Some(&first)),
            (&second, Some(&second)),
            (&second[..7], Some(&second)),
            ("HEAD~1", None),
            ("main^{/change}", None),
            ("nope", None),
        ] {
            assert_eq!(repository.target_revision(revision).ok().as_ref(), expected, "{revision}");
        }
        assert_eq!(repository.tags().unwrap(), ["v1"]);
    }

    #[test]
    fn branches_are_told_apart() {
        let clone = Clone::new(&[("x.yaml", "1")]);
        let root = clone.root();
        let branch =
            |name: &str, reference: &str| Some(Branch { name: name.into(), reference: reference.into() });
        assert_eq!(open(root).current_branch().unwrap().as_deref(), Some("main"));
        assert_eq!(open(root).default_branch().unwrap(), branch("main", "refs/heads/main"));
        git(root, &["checkout", "-q", "-b", "topic"]);
        git(root, &["branch", "-m", "main", "trunk"]);
        assert_eq!(open(root).current_branch().unwrap().as_deref(), Some("topic"));
        assert_eq!(open(root).default_branch().unwrap(), None);
        git(root, &["update-ref", "refs/remotes/origin/team/trunk", "trunk"]);
        git(root, &["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/team/trunk"]);
        let expected = branch("team/trunk", "refs/remotes/origin/team/trunk");
        assert_eq!(open(root).default_branch().unwrap(), expected);
        git(root, &["checkout", "-q", "--detach"]);
        assert_eq!(open(root).current_branch().unwrap(), None);
    }

    #[test]
    fn the_merge_base_is_where_branches_part() {
        let clone = Clone::new(&[("x.yaml", "1")]);
        let root = clone.root();
        let parted = git(root, &["rev-parse", "HEAD"]);
        git(root, &["checkout", "-q", "-b", "topic"]);
        clone.commit(&[("x.yaml", "2")]);
        git(root, &["checkout", "-q", "main"]);
        clone.commit(&[("y.yaml", "3")]);
        git(root, &["checkout", "-q", "--orphan", "other"]);
        clone.commit(&[("z.yaml", "4")]);
        let repository = open(root);
        assert_eq!(repository.merge_base("main", "topic").unwrap(), Some(parted));
        assert_eq!(repository.merge_base("main", "other").unwrap(), None);
        assert!(repository.merge_base("main", "nope").is_err());
    }

    #[test]
    fn trailers_are_read_from_what_is_merged() {
        let clone = Clone::new(&[("x.yaml", "1")]);
        let root = clone.root();
        let message = |text: &str| git(root, &["commit", "-q", "--allow-empty", "-m", text]);
        message("before\n\nSays: nobody");
        let base = git(root, &["rev-parse", "HEAD"]);
        message("one\n\nSays: apps/Deployment shop/web\nsays: Namespace\n  shop\nOther: x");
        message("two\n\nSays: in the middle of the text\n\nthe end");
        let found = open(root).trailers(&base, "HEAD", "Says").unwrap();
        let texts: Vec<&str> = found.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, ["apps/Deployment shop/web", "Namespace shop"]);
        assert_eq!(found[0].0, git(root, &["rev-parse", "HEAD~1"]));
    }

    #[test]
    fn the_url_of_origin_holds_no_secrets() {
        let clone = Clone::new(&[("x.yaml", "1")]);
        assert_eq!(open(clone.root()).origin_url().unwrap(), None);
        for (url, expected) in [
            ("https://git.example/org/repo.git", "https://git.example/org/repo.git"),
            ("https://user:token@git.example/org/repo@2.git", "https://git.example/org/repo@2.git"),
            ("git@git.example:org/repo.git", "git@git.example:org/repo.git"),
            ("ssh://git@git.example/org/repo", "ssh://git@git.example/org/repo"),
        ] {
            git(clone.root(), &["config", "remote.origin.url", url]);
            assert_eq!(open(clone.root()).origin_url().unwrap().as_deref(), Some(expected));
        }
    }

    #[test]
    fn bare_and_shallow_clones_are_read() {
        let origin = Clone::new(&[("x.yaml", "1")]);
        origin.commit(&[("x.yaml", "2")]);
        let folder = tempfile::tempdir().unwrap();
        let url = format!("file://{}", origin.root().display());
        git(folder.path(), &["clone", "-q", "--bare", &url, "bare"]);
        git(folder.path(), &["clone", "-q", "--depth", "1", &url, "shallow"]);
        let bare = open(&folder.path().join("bare"));
        assert!(bare.is_bare());
        assert_eq!(&*Tree::revision(&bare, "main~1").unwrap().read("x.yaml").unwrap(), b"1");
        let shallow = open(&folder.path().join("shallow"));
        let error = shallow.resolve("main~1").unwrap_err();
        assert!(matches!(error, Error::NoRevision { shallow: true, .. }));
        assert!(error.help().unwrap().contains("fetch-depth: 0"));
    }

    #[test]
    fn a_bare_repository_inside_a_tree_is_not_taken_for_one() {
        let clone = Clone::new(&[("x.yaml", "1")]);
        let inner = clone.root().join("vendor");
        std::fs::create_dir(&inner).unwrap();
        git(&inner, &["init", "-q", "--bare", "."]);
        git(&inner, &["config", "core.fsmonitor", "false"]);
        let tree = Tree::open(&inner.join("refs")).unwrap();
        assert!(tree.entries().is_empty());
        let tree = Tree::open(clone.root()).unwrap();
        assert!(tree.entry("vendor/HEAD").is_some());
    }
}
