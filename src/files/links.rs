//! Symbolic links: followed inside a tree, never out of it.

use super::{Entry, EntryKind, Error, Path, Tree};

/// How many links one path may lead through; the limit of Linux (`MAXSYMLINKS`).
const CHAIN: usize = 40;

impl Tree {
    /// Follows every symbolic link in `path` (also those higher up) inside the tree.
    ///
    /// `Ok(None)`: nothing stands there (dangling). `Err`: a link is absolute, leaves the tree, or the chain is too long.
    pub fn resolve(&self, path: &str) -> Result<Option<Path>, Error> {
        if self.entry(path).is_some_and(|entry| matches!(entry.kind, EntryKind::File(_)))
            && !self.has_links_above(path)
        {
            return Ok(Some(path.into()));
        }
        let mut at = String::new();
        let mut ahead: Vec<&str> = path.split('/').rev().collect();
        let mut followed = 0;
        // The link that the name in hand came from, for the error.
        let mut link = (path, path);
        while let Some(name) = ahead.pop() {
            match name {
                "" | "." => continue,
                ".." => {
                    let Some(parent) = parent(&at) else {
                        return Err(Error::LeavesTree { link: link.0.into(), target: link.1.into() });
                    };
                    at.truncate(parent.len());
                    continue;
                }
                _ => (),
            }
            if !at.is_empty() {
                at.push('/');
            }
            at.push_str(name);
            match self.entry(&at) {
                Some(Entry { path: found, kind: EntryKind::Link(target) }) => {
                    followed += 1;
                    if followed > CHAIN {
                        return Err(Error::TooManyLinks { path: path.into() });
                    }
                    if target.starts_with('/') {
                        return Err(Error::AbsoluteLink {
                            link: (&**found).into(),
                            target: (&**target).into(),
                        });
                    }
                    link = (found, target);
                    at.truncate(parent(&at).map_or(0, str::len));
                    ahead.extend(target.split('/').rev());
                }
                Some(_) if ahead.iter().any(|name| !name.is_empty()) => return Ok(None),
                Some(_) => (),
                None if self.is_dir(&at) => (),
                None => return Ok(None),
            }
        }
        Ok(Some(at.into()))
    }

    /// The links that are absolute or lead out of the tree on their way, in walk order.
    ///
    /// Argo CD generates nothing from a repository that holds one, wherever it lies
    /// (`util/app/path/path.go`, `CheckOutOfBoundsSymlinks`: by the text of the target alone, so a link
    /// that goes out and comes back in counts, and one that is dangling inside does not).
    pub fn out_of_bounds_links(&self) -> impl Iterator<Item = &Entry> {
        self.links().filter(|entry| match &entry.kind {
            EntryKind::Link(target) => leaves(&entry.path, target),
            EntryKind::File(_) | EntryKind::Submodule => false,
        })
    }

    fn has_links_above(&self, path: &str) -> bool {
        let mut dir = path;
        while let Some(up) = parent(dir) {
            if up.is_empty() {
                return false;
            }
            if self.entry(up).is_some() {
                return true;
            }
            dir = up;
        }
        false
    }
}

/// The folder that holds `path`: `""` is the root, which has none.
fn parent(path: &str) -> Option<&str> {
    if path.is_empty() {
        return None;
    }
    Some(path.rsplit_once('/').map_or("", |(parent, _)| parent))
}

fn leaves(link: &str, target: &str) -> bool {
    if target.starts_with('/') {
        return true;
    }
    let mut depth = link.matches('/').count();
    for part in target.split('/') {
        match part {
            "" | "." => (),
            ".." if depth == 0 => return true,
            ".." => depth -= 1,
            _ => depth += 1,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(links: &[(&str, &str)]) -> Tree {
        let files = ["app/x.yaml", "shared/y.yaml", "shared/deep/z.yaml", "top.yaml"];
        Tree::memory_with_links(files.map(|path| (path, path.as_bytes())), links.iter().copied())
    }

    #[test]
    fn links_are_followed_inside_the_tree() {
        let tree = tree(&[
            ("app/link.yaml", "../shared/y.yaml"),
            ("app/again.yaml", "./link.yaml"),
            ("app/dir", "../shared"),
            ("app/dangling", "nowhere.yaml"),
            ("app/through-file", "x.yaml/y"),
            ("app/slash", "../shared/deep/"),
            ("top", "."),
            ("app/up-from-link", "dir/../top.yaml"),
            ("app/gone/up", "nothing/../x.yaml"),
        ]);
        for (path, expected) in [
            ("app/x.yaml", Some("app/x.yaml")),
            ("app/link.yaml", Some("shared/y.yaml")),
            ("app/again.yaml", Some("shared/y.yaml")),
            ("app/dir", Some("shared")),
            ("app/dir/deep/z.yaml", Some("shared/deep/z.yaml")),
            ("app/dir/nope", None),
            ("app/dangling", None),
            ("app/through-file", None),
            ("app/slash/z.yaml", Some("shared/deep/z.yaml")),
            ("top/top/app/x.yaml", Some("app/x.yaml")),
            ("top", Some("")),
            ("", Some("")),
            ("app", Some("app")),
            ("app/up-from-link", Some("top.yaml")),
            ("app/x.yaml/more", None),
            ("nowhere", None),
        ] {
            assert_eq!(tree.resolve(path).unwrap().as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn links_do_not_lead_out() {
        let tree = tree(&[
            ("out", "../x"),
            ("app/out", "../../x"),
            ("app/back", "../../tree/top.yaml"),
            ("app/abs", "/etc/passwd"),
            ("app/to-abs", "abs"),
            ("loop", "loop"),
            ("ping", "pong"),
            ("pong", "ping"),
            ("dir", ".."),
        ]);
        for (path, expected) in [
            ("out", "`out` leaves the tree: `../x`"),
            ("app/out", "`app/out` leaves the tree: `../../x`"),
            ("app/back", "`app/back` leaves the tree: `../../tree/top.yaml`"),
            ("app/abs", "the symbolic link `app/abs` is absolute: `/etc/passwd`"),
            ("app/to-abs", "the symbolic link `app/abs` is absolute: `/etc/passwd`"),
            ("loop", "too many symbolic links in `loop`"),
            ("ping", "too many symbolic links in `ping`"),
            ("dir/app/x.yaml", "`dir` leaves the tree: `..`"),
            ("app/../../x", "`app/../../x` leaves the tree: `app/../../x`"),
        ] {
            assert_eq!(tree.resolve(path).unwrap_err().to_string(), expected, "{path}");
        }
        let bad: Vec<&str> = tree.out_of_bounds_links().map(|entry| &*entry.path).collect();
        assert_eq!(bad, ["app/abs", "app/back", "app/out", "dir", "out"]);
    }

    #[test]
    fn a_chain_has_forty_links_at_most() {
        let chain = |length: usize| {
            let links = (0..length).map(|i| (format!("l{i}"), format!("l{}", i + 1)));
            let files = [(format!("l{length}"), *b"end")];
            Tree::memory_with_links(files, links)
        };
        assert_eq!(chain(40).resolve("l0").unwrap().as_deref(), Some("l40"));
        assert!(chain(41).resolve("l0").is_err());
    }

    #[test]
    fn hostile_targets_end_soon() {
        let wide = "a/".repeat(100_000);
        let tree = Tree::memory_with_links(
            [("x", *b"x")],
            [("a", format!("./{wide}")), ("b", "./".repeat(100_000))],
        );
        assert!(tree.resolve("a").is_err());
        assert_eq!(tree.resolve("b").unwrap().as_deref(), Some(""));
    }
}
