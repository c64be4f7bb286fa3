use crate::files::{EntryKind, Path, Tree};
use crate::model::{Problem, ProblemKind};
use std::sync::Arc;

/// The folder that a source names.
pub(super) struct Folder {
    /// As the source names it, without `.` and `..`.
    pub path: Path,
    /// Where it really is, links followed; the root is `""`.
    pub real: Path,
    /// The path itself is a symbolic link. Argo CD's walks do not follow that one, so a plain folder has nothing in it.
    pub is_link: bool,
}

/// Finds the folder of a source, as `Path` in `util/app/path/path.go` does.
pub(super) fn folder(tree: &Tree, path: &str) -> Result<Folder, Problem> {
    let fails = |message: String| Problem::fails(ProblemKind::SourcePathMissing, message);
    if path.starts_with('/') {
        return Err(fails(format!("the source path `{path}` is absolute"))
            .help("write it relative to the repository's root"));
    }
    let Some(clean) = clean(path) else {
        return Err(fails(format!("the source path `{path}` leaves the repository")));
    };
    let real = tree.resolve(&clean).map_err(|error| fails(format!("the source path `{path}`: {error}")))?;
    let Some(real) = real else {
        return Err(missing(path));
    };
    match tree.entry(&real).map(|entry| &entry.kind) {
        None if tree.is_dir(&real) => Ok(Folder { is_link: is_link(tree, &clean), path: clean, real }),
        None => Err(missing(path)),
        Some(EntryKind::Submodule) => {
            let message = format!("the source path `{path}` is a submodule, which is not here");
            Err(Problem::unknown(ProblemKind::RepositoryUnknown, message))
        }
        Some(_) => Err(fails(format!("the source path `{path}` is not a folder"))),
    }
}

fn missing(path: &str) -> Problem {
    Problem::fails(ProblemKind::SourcePathMissing, format!("the source path `{path}` does not exist"))
        .help("correct the path or add the folder; to retire the workload, remove the Application")
}

/// Whether the last part of a path is a link itself, links above it followed.
fn is_link(tree: &Tree, path: &str) -> bool {
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
    let Ok(Some(parent)) = tree.resolve(parent) else {
        return false;
    };
    let own = join(&parent, name);
    matches!(tree.entry(&own).map(|entry| &entry.kind), Some(EntryKind::Link(_)))
}

/// A path relative to the root, with `.` and `..` resolved textually (Go's `filepath.Join`); None where it leaves.
pub fn clean(path: &str) -> Option<Arc<str>> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/").into())
}

/// `dir/name`, or `name` at the root.
pub fn join(dir: &str, name: &str) -> String {
    if dir.is_empty() { name.to_owned() } else { format!("{dir}/{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleaned() {
        for (path, expected) in [
            (".", Some("")),
            ("a/./b/", Some("a/b")),
            ("a/../b", Some("b")),
            ("..", None),
            ("a/../../b", None),
        ] {
            assert_eq!(clean(path).as_deref(), expected, "{path}");
        }
    }
}
