//! Value files: which ones Helm is given, in which order.

use crate::files::{EntryKind, Tree};
use crate::glob::{Dialect, Pattern};
use crate::model::{Helm, Problem, ProblemKind};
use crate::render::path::{Folder, clean, join};
use crate::render::recipe::Place;
use crate::render::{Request, Trees};
use std::collections::BTreeSet;

/// How many links a path may be, one behind another (`resolveSymbolicLinkRecursive` in `util/io/path/resolved.go`).
const LINKS: usize = 10;

/// The value files of one source.
pub(super) struct Files<'a> {
    pub(super) folder: &'a Folder,
    pub(super) request: &'a Request<'a>,
}

impl Files<'_> {
    /// The value files in order, globs expanded, each one once.
    ///
    /// Follows `getResolvedValueFiles` in `reposerver/repository/repository.go`.
    ///
    /// One that is left out while another of almost its name lies beside it is a warning in `problems`.
    pub(super) fn resolve(
        &self,
        helm: &Helm,
        trees: &Trees<'_>,
        problems: &mut Vec<Problem>,
    ) -> Result<Vec<Place>, Problem> {
        let mut explicit = BTreeSet::new();
        for raw in &helm.value_files {
            if let Ok(place) = self.place(raw, trees)
                && !is_glob(&place.path)
            {
                explicit.insert(place);
            }
        }
        let mut files: Vec<Place> = Vec::new();
        let mut add = |place: Place| {
            if !files.contains(&place) {
                files.push(place);
            }
        };
        for raw in &helm.value_files {
            let place = self.place(raw, trees)?;
            let tree = trees.tree(place.tree);
            if is_glob(&place.path) {
                let matches = matches(tree, &place, raw)?;
                if matches.is_empty() && !helm.ignore_missing_value_files {
                    return Err(missing(format!("no value file matches `{raw}`")));
                }
                matches.into_iter().filter(|place| !explicit.contains(place)).for_each(&mut add);
            } else if exists(tree, &place.path, raw)? {
                add(place);
            } else if !helm.ignore_missing_value_files {
                return Err(missing(format!("the value file `{raw}` does not exist")));
            } else if let Some(beside) = beside(tree, &place.path) {
                problems.push(left_out(raw, &beside));
            }
        }
        files.iter().try_for_each(|place| regular(trees.tree(place.tree), place))?;
        Ok(files)
    }

    /// The file of a file parameter.
    pub(super) fn parameter(&self, raw: &str, trees: &Trees<'_>) -> Result<Place, Problem> {
        let place = self.place(raw, trees)?;
        if !exists(trees.tree(place.tree), &place.path, raw)? {
            return Err(missing(format!("the file `{raw}` of a file parameter does not exist")));
        }
        regular(trees.tree(place.tree), &place)?;
        Ok(place)
    }

    fn place(&self, raw: &str, trees: &Trees<'_>) -> Result<Place, Problem> {
        let environment = &self.request.environment;
        if let Some(reference) = self.request.references.named_by(raw) {
            let tree = trees.referenced(reference)?;
            let rest = raw.split_once('/').map_or(String::new(), |(_, rest)| format!("/{rest}"));
            return self.located(&environment.substitute(&rest), tree, "", trees.tree(tree));
        }
        self.located(&environment.substitute(raw), 0, &self.folder.path, trees.tree(0))
    }

    /// Follows `ResolveValueFilePathOrUrl` in `util/io/path/resolved.go`.
    fn located(&self, file: &str, tree: usize, dir: &str, files: &Tree) -> Result<Place, Problem> {
        if let Some(scheme) = scheme(file) {
            return Err(match self.request.settings.allows_value_files_from(scheme) {
                true => Problem::unknown(
                    ProblemKind::NotRendered,
                    format!("the value file `{file}` comes from the network"),
                )
                .help("put the file into the repository to have the chart rendered"),
                false => Problem::fails(
                    ProblemKind::RenderFailed,
                    format!("the value file `{file}` has a scheme that Argo CD does not allow"),
                )
                .help("`helm.valuesFileSchemes` in argocd-cm names the schemes that are allowed"),
            });
        }
        let leaves = || {
            let message = format!("the value file `{file}` leaves the repository");
            Problem::fails(ProblemKind::RenderFailed, message)
        };
        let joined = if file.starts_with('/') { file.to_owned() } else { join(dir, file) };
        let mut path = clean(&joined).ok_or_else(leaves)?;
        for _ in 0..LINKS {
            let Some(EntryKind::Link(target)) = files.entry(&path).map(|entry| &entry.kind) else { break };
            if target.starts_with('/') {
                return Err(leaves());
            }
            let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
            path = clean(&join(parent, target)).ok_or_else(leaves)?;
        }
        if path.is_empty() {
            return Err(leaves());
        }
        Ok(Place { tree, path: path.to_string() })
    }
}

fn missing(message: String) -> Problem {
    Problem::fails(ProblemKind::ValuesFileMissing, message)
        .help("add the file, correct the path, or set `ignoreMissingValueFiles`")
}

fn left_out(raw: &str, beside: &str) -> Problem {
    let message = format!("the value file `{raw}` does not exist and is left out, beside it lies `{beside}`");
    Problem::warning(ProblemKind::ValuesFileMissing, message, None)
        .help(format!("name `{beside}`, or remove the entry: the chart renders without these values"))
}

/// The name of a file beside a missing one that is almost the same.
fn beside(tree: &Tree, path: &str) -> Option<String> {
    let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
    let skip = join(dir, "").len();
    let names = tree.below(dir).iter().filter_map(|entry| entry.path.get(skip..));
    let mut near = names.filter(|own| !own.contains('/') && strsim::damerau_levenshtein(own, name) == 1);
    near.next().map(str::to_owned)
}

fn is_glob(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

/// The scheme of an address; paths have none.
fn scheme(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once(':')?;
    let valid = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    valid.then_some(scheme)
}

/// Files and folders that match, in walk order (`FilepathGlob` of doublestar).
fn matches(tree: &Tree, place: &Place, raw: &str) -> Result<Vec<Place>, Problem> {
    let Ok(pattern) = Pattern::new(Dialect::Doublestar, &place.path) else {
        return Err(Problem::fails(ProblemKind::RenderFailed, format!("the glob `{raw}` is malformed")));
    };
    let literal = place.path.find(['*', '?', '[', '{']).unwrap_or(0);
    let dir = place.path[..literal].rsplit_once('/').map_or("", |(dir, _)| dir);
    let real = tree.resolve(dir).map_err(|error| outside(raw, &error))?;
    let Some(real) = real else { return Ok(Vec::new()) };
    let skip = join(&real, "").len();
    let mut found = Vec::new();
    let mut folders: BTreeSet<&str> = BTreeSet::new();
    for entry in tree.below(&real) {
        let Some(inside) = entry.path.get(skip..) else { continue };
        let ends = inside.match_indices('/').map(|(at, _)| at).chain([inside.len()]);
        for end in ends {
            let path = join(dir, &inside[..end]);
            let new = end == inside.len() || folders.insert(&inside[..end]);
            if new && pattern.matches(&path) {
                tree.resolve(&path).map_err(|error| outside(raw, &error))?;
                found.push(Place { tree: place.tree, path });
            }
        }
    }
    Ok(found)
}

fn exists(tree: &Tree, path: &str, raw: &str) -> Result<bool, Problem> {
    Ok(tree.resolve(path).map_err(|error| outside(raw, &error))?.is_some())
}

fn outside(raw: &str, error: &crate::files::Error) -> Problem {
    Problem::fails(ProblemKind::RenderFailed, format!("the value file `{raw}` cannot be used: {error}"))
}

/// Helm reads regular files, links followed.
fn regular(tree: &Tree, place: &Place) -> Result<(), Problem> {
    let path = &place.path;
    let real = tree.resolve(path).map_err(|error| outside(path, &error))?;
    match real.and_then(|real| tree.entry(&real)).map(|entry| &entry.kind) {
        Some(EntryKind::File(_)) => Ok(()),
        _ => Err(Problem::fails(
            ProblemKind::RenderFailed,
            format!("the value file `{path}` is no regular file"),
        )),
    }
}
