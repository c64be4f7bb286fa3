//! How git is run: nothing from a repository is executed, nothing is fetched, nobody is asked.

use super::Error;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

/// Settings that keep the configuration of a repository from naming programs to run or places to fetch from.
const SETTINGS: [&str; 6] = [
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "protocol.allow=never",
    "safe.bareRepository=explicit",
    "credential.helper=",
];

/// Variables that a hook or a shell may have set, and that would make git read something else, run something
/// or write something.
const UNSET: [&str; 25] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_ASKPASS",
    "GIT_ATTR_SOURCE",
    "GIT_COMMON_DIR",
    "GIT_DEFAULT_HASH",
    "GIT_DIR",
    "GIT_EXTERNAL_DIFF",
    "GIT_GLOB_PATHSPECS",
    "GIT_GRAFT_FILE",
    "GIT_ICASE_PATHSPECS",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_PROXY_COMMAND",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_TRACE",
    "GIT_TRACE2",
    "GIT_WORK_TREE",
    "SSH_ASKPASS",
];

/// Variables that are always set.
const SET: [(&str, &str); 7] = [
    ("GIT_ALLOW_PROTOCOL", ""),
    ("GIT_LITERAL_PATHSPECS", "1"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("LC_ALL", "C"),
];

/// What git answered.
pub(super) struct Answer {
    status: ExitStatus,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Answer {
    /// Whether git ended with this code.
    pub(super) fn code(&self, code: i32) -> bool {
        self.status.code() == Some(code)
    }

    /// The output of a run that went well, else the error that git's message stands for.
    pub(super) fn output(self, task: &'static str, path: &Path) -> Result<Vec<u8>, Error> {
        if self.status.success() {
            return Ok(self.stdout);
        }
        let message = String::from_utf8_lossy(&self.stderr);
        if message.contains("dubious ownership") || message.contains("is owned by someone else") {
            return Err(Error::Untrusted { path: path.to_owned() });
        }
        // A bare repository counts only where a person named it: one that lies in a tree is content.
        if message.contains("not a git repository") || message.contains("cannot use bare repository") {
            return Err(Error::NoRepository { path: path.to_owned() });
        }
        let first = message.lines().find(|line| !line.trim().is_empty()).unwrap_or("it gave no reason");
        let message = first.trim_start_matches("fatal: ").trim_start_matches("error: ").to_owned();
        Err(Error::Git { task, path: path.to_owned(), message })
    }
}

/// Git in the folder `dir`; with `bare`, `dir` is itself a repository without working tree.
pub(super) fn command(dir: &Path, bare: bool) -> Command {
    let mut git = Command::new("git");
    git.arg("--no-pager");
    if bare {
        git.arg("--git-dir").arg(dir);
    } else {
        git.arg("-C").arg(dir);
    }
    for setting in SETTINGS {
        git.arg("-c").arg(setting);
    }
    for name in UNSET {
        git.env_remove(name);
    }
    git.envs(SET).stdin(Stdio::null()).stderr(Stdio::piped());
    git
}

/// Runs git in `dir` to its end.
pub(super) fn run(dir: &Path, bare: bool, arguments: &[&str]) -> Result<Answer, Error> {
    let ended = command(dir, bare).args(arguments).output();
    let ended = ended.map_err(|source| Error::NoGit { path: dir.to_owned(), source })?;
    Ok(Answer { status: ended.status, stdout: ended.stdout, stderr: ended.stderr })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    #[test]
    fn what_git_says_becomes_an_error() {
        let says = |stderr: &str| {
            let answer =
                Answer { status: ExitStatus::from_raw(128 << 8), stdout: vec![], stderr: stderr.into() };
            answer.output("list the files", Path::new("/r")).unwrap_err()
        };
        let error = says("fatal: detected dubious ownership in repository at '/r'\nTo add an exception …\n");
        assert!(matches!(error, Error::Untrusted { .. }));
        assert_eq!(error.help().unwrap(), "run `git config --global --add safe.directory /r`");
        let error = says("fatal: not a git repository (or any of the parent directories): .git\n");
        assert!(matches!(error, Error::NoRepository { .. }));
        let error = says("\nfatal: bad object HEAD\nmore\n");
        assert_eq!(error.to_string(), "git cannot list the files in `/r`: bad object HEAD");
    }
}
