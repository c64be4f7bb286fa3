use super::options::{Mapping, Options};
use crate::files::Tree;
use crate::model::{Application, Manifest, Problem, ProblemKind, Source, normalize_url, same_repository};
use crate::render::Documents;
use crate::yaml::Node;
use hashbrown::HashMap;
use std::borrow::Cow;
use std::sync::{Arc, Mutex, OnceLock};

/// Which tree answers for which repository and revision.
pub(super) struct Repositories<'a> {
    options: &'a Options,
    /// The address that is taken for this tree without being mapped, as soon as something tells it.
    own: OnceLock<Own>,
    revisions: Mutex<HashMap<String, Option<Found>>>,
}

/// What is taken for this tree.
struct Own {
    url: String,
    /// The branch of this tree.
    branch: Option<String>,
}

/// The files that answer for a source, and the commit they are.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) documents: Arc<Documents>,
    /// None where nobody knows.
    pub(super) commit: Option<String>,
}

impl<'a> Repositories<'a> {
    /// Settles which address is this repository: `origin` where an Application names it, else the one whose sources
    /// are mostly here.
    pub(super) fn new(options: &'a Options, applications: &[Arc<Application>], sets: &[Manifest]) -> Self {
        let written = applications.iter().flat_map(|app| app.spec.effective_sources());
        let sources: Vec<Cow<'_, Source>> =
            written.chain(sets.iter().flat_map(sources_of_set).map(Cow::Owned)).collect();
        let repositories = Self { options, own: OnceLock::new(), revisions: Mutex::default() };
        repositories.learn(&sources);
        repositories
    }

    /// Settles it by these sources, where nothing did before: a set that names its folders by parameters tells only once
    /// it is expanded.
    pub(super) fn learn(&self, sources: &[Cow<'_, Source>]) {
        if self.own.get().is_some() {
            return;
        }
        let guess = || if self.options.guess { own(self.options, sources) } else { None };
        if let Some(url) = self.options.address.clone().or_else(guess) {
            let branch = self.options.branch.clone().or_else(|| usual_branch(sources, &url));
            self.own.get_or_init(|| Own { url, branch });
        }
    }

    /// The address that is taken for this tree, and its branch.
    pub(super) fn own(&self) -> (Option<String>, Option<String>) {
        let own = self.own.get();
        let branch = own.and_then(|own| own.branch.clone());
        (own.map(|own| own.url.clone()), branch.or_else(|| self.options.branch.clone()))
    }

    /// The files of a source.
    pub(super) fn find(&self, source: &Source) -> Result<Found, Problem> {
        let revision = source.target_revision.as_str();
        let all = self.options.repositories.iter();
        let of_source: Vec<&Mapping> =
            all.filter(|one| same_repository(&one.url, &source.repo_url)).collect();
        let exact = |mapping: &&&Mapping| {
            let only = mapping.revision.as_deref();
            only == Some(revision) || only == Some("HEAD") && revision.is_empty()
        };
        let answers = |mapping: &&&Mapping| {
            mapping.revision.is_none()
                && mapping.branch.as_ref().is_none_or(|branch| follows(revision, Some(branch)))
        };
        let found = of_source.iter().find(exact).or_else(|| of_source.iter().find(answers));
        if let Some(mapping) = found {
            let commit = commit_named(revision).or_else(|| self.commit_of(mapping));
            return Ok(Found { documents: Arc::clone(&mapping.documents), commit });
        }
        // A folder that answers for one revision leaves the others to this tree.
        let mapped = of_source.iter().any(|mapping| mapping.revision.is_none());
        let mut seen = !of_source.is_empty();
        if !mapped && self.is_own(&source.repo_url) {
            if follows(revision, self.own.get().and_then(|own| own.branch.as_deref())) {
                let documents = Arc::clone(&self.options.documents);
                return Ok(Found { documents, commit: self.options.commit.clone() });
            }
            seen = true;
        }
        if seen {
            return self.revision(source);
        }
        let message = format!("the repository `{}` is not here", source.repo_url);
        Err(Problem::unknown(ProblemKind::RepositoryUnknown, message)
            .help(format!("give a checkout of it: `--repository {}=DIR`", source.repo_url)))
    }

    /// The commit of a mapped folder: one that the same folder is mapped to by its full hash.
    fn commit_of(&self, mapping: &Mapping) -> Option<String> {
        let root = mapping.documents.tree().root();
        let twins = self.options.repositories.iter().filter(|other| {
            same_repository(&other.url, &mapping.url) && other.documents.tree().root() == root
        });
        twins.filter_map(|twin| commit_named(twin.revision.as_deref()?)).next()
    }

    fn is_own(&self, url: &str) -> bool {
        self.own.get().is_some_and(|own| place(&own.url) == place(url))
    }

    /// Another revision of this repository, from git where it is there.
    fn revision(&self, source: &Source) -> Result<Found, Problem> {
        let revision = &source.target_revision;
        let read = || {
            let repository = self.options.repository.as_ref().filter(|_| self.is_own(&source.repo_url))?;
            let commit = repository.target_revision(revision).ok()?;
            let documents = Documents::new(Arc::new(Tree::revision(repository, &commit).ok()?));
            Some(Found { documents: Arc::new(documents), commit: Some(commit) })
        };
        let known = match self.revisions.lock() {
            Ok(mut revisions) => revisions.entry(revision.clone()).or_insert_with(read).clone(),
            Err(_) => read(),
        };
        known.ok_or_else(|| {
            let message = format!("revision `{revision}` of `{}` is not here", source.repo_url);
            Problem::unknown(ProblemKind::RepositoryUnknown, message)
                .help(format!("give a checkout of it: `--repository {}@{revision}=DIR`", source.repo_url))
        })
    }
}

/// The repositories that a set names, with the part of each path that is no pattern and no template.
fn sources_of_set(set: &Manifest) -> Vec<Source> {
    let mut found = Vec::new();
    if let Some(spec) = set.node().get("spec") {
        add_sources(spec, 0, &mut found);
    }
    found
}

/// How deep generators and templates of a set are looked through.
const DEEPEST: usize = 12;

fn add_sources(node: Node<'_>, depth: usize, found: &mut Vec<Source>) {
    if depth > DEEPEST {
        return;
    }
    let text = |key: &str| node.get(key).and_then(Node::as_str).unwrap_or("");
    let url = text("repoURL");
    if !url.is_empty() && !url.contains("{{") {
        let lists = ["directories", "files"].into_iter().filter_map(|list| node.get(list));
        let patterns = lists.flat_map(Node::items).filter_map(|item| item.get("path")?.as_str());
        let revision = ["targetRevision", "revision"].into_iter().map(text).find(|text| !text.is_empty());
        let revision = revision.filter(|revision| !revision.contains("{{")).unwrap_or_default();
        found.extend(patterns.chain([text("path")]).map(|path| Source {
            repo_url: url.to_owned(),
            path: fixed(path).to_owned(),
            target_revision: revision.to_owned(),
            chart: text("chart").to_owned(),
            ..Source::default()
        }));
    }
    node.entries().for_each(|entry| add_sources(entry.value, depth + 1, found));
    node.items().for_each(|item| add_sources(item, depth + 1, found));
}

/// The folders of a path before its first pattern or template.
fn fixed(path: &str) -> &str {
    let end = path.find(['*', '?', '[', '{', '\\']);
    match end {
        Some(end) => path[..end].rfind('/').map_or("", |slash| &path[..slash]),
        None => path,
    }
}

/// A revision that is a commit by its full hash.
fn commit_named(revision: &str) -> Option<String> {
    let full = revision.len() == 40 && revision.bytes().all(|byte| byte.is_ascii_hexdigit());
    full.then(|| revision.to_owned())
}

/// Whether a target revision follows the branch that is merged into.
fn follows(revision: &str, branch: Option<&str>) -> bool {
    if matches!(revision, "" | "HEAD") {
        return true;
    }
    let short = revision.strip_prefix("refs/heads/").unwrap_or(revision);
    branch == Some(short)
}

fn own(options: &Options, sources: &[Cow<'_, Source>]) -> Option<String> {
    let mapped = |url: &str| {
        let mut mappings = options.repositories.iter().filter(|mapping| mapping.revision.is_none());
        mappings.any(|mapping| same_repository(&mapping.url, url))
    };
    if let Some(origin) = &options.origin
        && sources.iter().any(|source| place(&source.repo_url) == place(origin))
    {
        return Some(origin.clone());
    }
    let mut votes: HashMap<String, (usize, usize, &str)> = HashMap::new();
    for (order, source) in sources.iter().enumerate() {
        let here = source.chart.is_empty() && options.documents.tree().is_dir(source.path.trim_matches('/'));
        if here && !source.path.is_empty() && !mapped(&source.repo_url) {
            votes.entry(place(&source.repo_url)).or_insert((0, order, &source.repo_url)).0 += 1;
        }
    }
    let best = votes.into_values().max_by_key(|(count, order, _)| (*count, std::cmp::Reverse(*order)));
    best.map(|(.., url)| url.to_owned())
}

/// The branch that most sources of a repository name, for trees outside git.
fn usual_branch(sources: &[Cow<'_, Source>], own: &str) -> Option<String> {
    let mut votes: HashMap<&str, (usize, usize)> = HashMap::new();
    for (order, source) in sources.iter().enumerate() {
        let revision = source.target_revision.as_str();
        if place(&source.repo_url) == place(own) && !matches!(revision, "" | "HEAD") {
            votes.entry(revision).or_insert((0, order)).0 += 1;
        }
    }
    let best = votes.into_iter().max_by_key(|(_, (count, order))| (*count, std::cmp::Reverse(*order)));
    best.map(|(revision, _)| revision.strip_prefix("refs/heads/").unwrap_or(revision).to_owned())
}

/// Host and path of an address: people clone by ssh what Argo CD reads by https.
fn place(url: &str) -> String {
    let url = normalize_url(url);
    let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    let rest = rest.split_once('@').filter(|(user, _)| !user.contains('/')).map_or(rest, |(_, rest)| rest);
    rest.trim_end_matches('/').trim_end_matches(".git").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_place_however_it_is_cloned() {
        for url in [
            "https://github.com/org/repo",
            "https://github.com/Org/Repo.git",
            "git@github.com:org/repo.git",
            "ssh://git@github.com/org/repo",
            "https://user:token@github.com/org/repo/",
        ] {
            assert_eq!(place(url), "github.com/org/repo", "{url}");
        }
    }

    #[test]
    fn following() {
        for (revision, branch, expected) in [
            ("", None, true),
            ("HEAD", Some("main"), true),
            ("main", Some("main"), true),
            ("refs/heads/main", Some("main"), true),
            ("main", None, false),
            ("v1.2", Some("main"), false),
        ] {
            assert_eq!(follows(revision, branch), expected, "{revision} {branch:?}");
        }
    }
}
