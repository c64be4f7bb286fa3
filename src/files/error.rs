use std::path::PathBuf;

/// Why a file, a tree or a repository could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Reading failed.
    #[error("cannot read `{path}`")]
    Read {
        /// What was read.
        path: String,
        /// Why not.
        source: std::io::Error,
    },
    /// Writing failed.
    #[error("cannot write `{path}`")]
    Write {
        /// What was written.
        path: String,
        /// Why not.
        source: std::io::Error,
    },
    /// Nothing stands at this path of a tree.
    #[error("there is no `{path}`")]
    Missing {
        /// The path.
        path: String,
    },
    /// What stands at this path is a link, a submodule or something else that has no bytes.
    #[error("`{path}` is not a regular file")]
    NotAFile {
        /// The path.
        path: String,
    },
    /// It is in the tree and not on disk: a sparse checkout leaves it out, or the tree is a revision.
    #[error("`{path}` is not on disk, so it cannot be changed")]
    NotOnDisk {
        /// The path.
        path: String,
    },
    /// It does not hold any more what was read from it.
    #[error("`{path}` changed while it was being judged")]
    Changed {
        /// The path.
        path: String,
    },
    /// Its permissions forbid to write it.
    #[error("`{path}` is read-only")]
    ReadOnly {
        /// The path.
        path: String,
    },
    /// The path is not a folder.
    #[error("`{path}` is not a folder")]
    NotAFolder {
        /// The path.
        path: String,
    },
    /// A file of 4 GiB or more.
    #[error("`{path}` is too large to be read: {size} bytes")]
    TooLarge {
        /// The path.
        path: String,
        /// Its size in bytes.
        size: u64,
    },
    /// A symbolic link with an absolute target.
    #[error("the symbolic link `{link}` is absolute: `{target}`")]
    AbsoluteLink {
        /// The link.
        link: String,
        /// Its target, as written.
        target: String,
    },
    /// A symbolic link, or a path with `..`, that leads out of the tree.
    #[error("`{link}` leaves the tree: `{target}`")]
    LeavesTree {
        /// The link.
        link: String,
        /// Its target, as written.
        target: String,
    },
    /// A chain of symbolic links without an end in sight.
    #[error("too many symbolic links in `{path}`")]
    TooManyLinks {
        /// Where the chain began.
        path: String,
    },
    /// The program `git` is not installed.
    #[error("cannot run `git` to read `{path}`")]
    NoGit {
        /// What was to be read.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Git itself refused.
    #[error("git cannot {task} in `{path}`: {message}")]
    Git {
        /// What was attempted.
        task: &'static str,
        /// Where.
        path: PathBuf,
        /// What git said.
        message: String,
    },
    /// The repository belongs to somebody else, so git refuses to read it.
    #[error("git does not trust `{path}`, as it belongs to another user")]
    Untrusted {
        /// The repository.
        path: PathBuf,
    },
    /// There is no git repository.
    #[error("`{path}` is not in a git repository")]
    NoRepository {
        /// Where one was looked for.
        path: PathBuf,
    },
    /// No commit has this name.
    #[error("revision not found: `{revision}` in `{path}`")]
    NoRevision {
        /// As it was asked for.
        revision: String,
        /// The repository.
        path: PathBuf,
        /// Whether the clone is shallow, and so may lack it.
        shallow: bool,
    },
    /// A tree names an object that this clone does not hold.
    #[error("`{path}` is not in this clone: its object {object} is missing")]
    NoObject {
        /// The file.
        path: String,
        /// The object's name.
        object: String,
    },
}

impl Error {
    /// What a person can do about it, where that is known.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::NoGit { .. } => Some("install git, or put it on PATH".into()),
            Self::Untrusted { path } => {
                Some(format!("run `git config --global --add safe.directory {}`", path.display()))
            }
            Self::NoRevision { shallow: true, .. } => Some(
                "the clone is shallow: fetch the history (`git fetch --unshallow`, `fetch-depth: 0`)".into(),
            ),
            Self::NoRevision { revision, .. } => Some(format!(
                "fetch it (`git fetch origin {revision}`), or look for it in `git branch --all`"
            )),
            Self::NoObject { .. } => Some("the clone is partial: clone without `--filter`".into()),
            Self::NotOnDisk { .. } => Some("check it out (`git sparse-checkout add`), and run again".into()),
            Self::Changed { .. } => Some("nothing was written; run again".into()),
            Self::ReadOnly { path } => {
                Some(format!("nothing was written; allow it (`chmod u+w {path}`), and run again"))
            }
            Self::NoRepository { .. } => Some("name a folder inside a clone".into()),
            Self::AbsoluteLink { .. } | Self::LeavesTree { .. } => {
                Some("Argo CD refuses a repository that holds such a link: point it inside".into())
            }
            Self::Read { .. }
            | Self::Write { .. }
            | Self::Missing { .. }
            | Self::NotAFile { .. }
            | Self::NotAFolder { .. }
            | Self::TooLarge { .. }
            | Self::TooManyLinks { .. }
            | Self::Git { .. } => None,
        }
    }
}
