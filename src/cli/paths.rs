//! Paths as people write and read them: from the current folder.

use std::path::{Component, Path, PathBuf};

/// How paths of a tree look from the current folder.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The current folder and the root of the tree, both absolute; None where there is no one tree.
    between: Option<(PathBuf, PathBuf)>,
    /// The root of the tree, from the root of the repository around it.
    start: String,
}

impl Seen {
    /// A tree with this root, from this folder; both absolute.
    pub fn new(current: &Path, root: &Path) -> Self {
        Self { between: Some((current.to_owned(), root.to_owned())), start: String::new() }
    }

    /// Paths of several trees, each from its own root.
    pub fn unchanged() -> Self {
        Self { between: None, start: String::new() }
    }

    /// The same tree, in the repository with this root.
    pub fn within(mut self, repository: Option<&Path>) -> Self {
        let root = self.between.as_ref().map(|(_, root)| root.as_path());
        self.start = repository.zip(root).and_then(|(top, root)| below(top, root)).unwrap_or_default();
        self
    }

    /// A path of the tree, from the root of the repository around it; the path itself where there is none.
    pub fn rooted(&self, path: &str) -> String {
        match (&*self.start, path) {
            ("", path) => path.to_owned(),
            (start, "") => start.to_owned(),
            (start, path) => format!("{start}/{path}"),
        }
    }

    /// A path of the tree, from the current folder.
    pub fn path(&self, path: &str) -> String {
        match &self.between {
            Some((current, root)) => relative(current, &root.join(path)),
            None => path.to_owned(),
        }
    }
}

/// `to` as it is reached from the folder `from`; both absolute. `.` for the folder itself.
pub fn relative(from: &Path, to: &Path) -> String {
    let from: Vec<Component<'_>> = from.components().collect();
    let to: Vec<Component<'_>> = to.components().collect();
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..".to_owned(), from.len() - common);
    let down = to[common..].iter().map(|part| part.as_os_str().to_string_lossy().into_owned());
    let parts: Vec<String> = up.chain(down).collect();
    if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
}

/// A path below `root` as trees have it; None where it is not below. Both absolute.
pub fn below(root: &Path, path: &Path) -> Option<String> {
    let rest = path.strip_prefix(root).ok()?;
    let parts: Option<Vec<&str>> = rest.components().map(|part| part.as_os_str().to_str()).collect();
    Some(parts?.join("/"))
}

/// The last part of a path of a tree.
pub fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_here_to_there() {
        for (from, to, expected) in [
            ("/repo", "/repo/a/b.yaml", "a/b.yaml"),
            ("/repo/a", "/repo/a/b.yaml", "b.yaml"),
            ("/repo/c/d", "/repo/a/b.yaml", "../../a/b.yaml"),
            ("/home", "/repo/a/b.yaml", "../repo/a/b.yaml"),
            ("/repo", "/repo", "."),
            ("/repo/a", "/repo", ".."),
        ] {
            assert_eq!(relative(Path::new(from), Path::new(to)), expected, "{from} {to}");
        }
    }

    #[test]
    fn inside_a_repository() {
        for (repository, path, expected) in [
            (Some("/repo"), "a.yaml", "clusters/prod/a.yaml"),
            (Some("/repo"), "", "clusters/prod"),
            (Some("/repo/clusters/prod"), "a.yaml", "a.yaml"),
            (Some("/other"), "a.yaml", "a.yaml"),
            (None, "a.yaml", "a.yaml"),
        ] {
            let seen = Seen::new(Path::new("/"), Path::new("/repo/clusters/prod"));
            assert_eq!(
                seen.within(repository.map(Path::new)).rooted(path),
                expected,
                "{repository:?} {path}"
            );
        }
    }

    #[test]
    fn inside_a_tree() {
        for (root, path, expected) in
            [("/repo", "/repo/a/b", Some("a/b")), ("/repo", "/repo", Some("")), ("/repo", "/repos/a", None)]
        {
            assert_eq!(below(Path::new(root), Path::new(path)).as_deref(), expected, "{path}");
        }
    }
}
