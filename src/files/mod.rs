//! Bytes and positions. The only room that touches the disk and runs git.
#![expect(clippy::disallowed_methods, reason = "this is the room that touches the disk and runs git")]

use std::sync::Arc;

mod disk;
mod error;
mod git;
mod links;
mod objects;
mod repository;
mod scratch;
mod span;
mod store;
mod tree;
mod worktree;

pub use disk::{
    is_folder, make_folder, read_file, read_file_if_any, real_path, stamp, write_atomically, write_new,
};
pub use error::Error;
pub use objects::Listed;
pub use repository::{Branch, Repository};
pub use scratch::Scratch;
pub use span::{Lines, Location, Position, Side, Span};
pub use store::Store;
pub use tree::{Change, Contents, Entry, EntryKind, Tree};

/// A path inside a [`Tree`]: relative to its root, separated by `/`, without `.` and `..`; the root is `""`.
pub type Path = Arc<str>;

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    /// Runs git, as a person would, on a repository that a test made.
    pub(super) fn git(dir: &Path, arguments: &[&str]) -> String {
        let ended = Command::new("git")
            .current_dir(dir)
            .args([
                "-c",
                "user.name=test",
                "-c",
                "user.email=test@example.org",
                "-c",
                "protocol.file.allow=always",
            ])
            .args(arguments)
            .envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")])
            .output()
            .expect("git is installed");
        assert!(ended.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&ended.stderr));
        String::from_utf8_lossy(&ended.stdout).trim().to_owned()
    }

    /// A repository with one commit on `main`.
    pub(super) struct Clone(tempfile::TempDir);

    impl Clone {
        pub(super) fn new(files: &[(&str, &str)]) -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            git(folder.path(), &["init", "-q", "-b", "main"]);
            let clone = Self(folder);
            clone.commit(files);
            clone
        }

        pub(super) fn root(&self) -> &Path {
            self.0.path()
        }

        /// Writes the files and commits everything, ignored or not; answers the commit.
        pub(super) fn commit(&self, files: &[(&str, &str)]) -> String {
            for (path, text) in files {
                let file = self.root().join(path);
                std::fs::create_dir_all(file.parent().expect("a folder")).expect("made");
                std::fs::write(file, text).expect("written");
                git(self.root(), &["add", "-f", path]);
            }
            git(self.root(), &["commit", "-q", "--allow-empty", "-m", "change"]);
            git(self.root(), &["rev-parse", "HEAD"])
        }
    }
}
