/// A repository address in the form in which Argo CD compares them.
///
/// Trimmed, lower case, without `.git`; `git@host:org/repo` and `ssh://git@host/org/repo` are one. The scheme stays
/// significant otherwise, and so does a trailing slash. Follows `NormalizeGitURL` in `util/git/git.go`.
pub fn normalize_url(url: &str) -> String {
    let mut text = url.trim().to_lowercase();
    if let Some(scp) = scp_form(&text) {
        text = scp;
    }
    if let Some(rest) = text.strip_prefix("ssh://") {
        text = rest.to_owned();
    }
    text.strip_suffix(".git").map(str::to_owned).unwrap_or(text)
}

/// `user@host:path` as `user@host/path`; None for anything else.
fn scp_form(text: &str) -> Option<String> {
    if text.contains("://") {
        return None;
    }
    let (host, path) = text.split_once(':')?;
    (host.contains('@') && !host.contains('/')).then(|| format!("{host}/{}", path.trim_start_matches('/')))
}

/// Whether two addresses name one repository to Argo CD (`SameURL` in `util/git/git.go`).
pub fn same_repository(a: &str, b: &str) -> bool {
    !a.is_empty() && normalize_url(a) == normalize_url(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (a, b, same) in [
            ("https://github.com/org/repo.git", "https://GitHub.com/org/repo", true),
            ("git@github.com:org/repo.git", "ssh://git@github.com/org/repo", true),
            ("https://github.com/org/repo", "git@github.com:org/repo", false),
            ("https://github.com/org/repo", "https://github.com/org/repo/", false),
            (" https://github.com/org/repo ", "https://github.com/org/repo", true),
        ] {
            assert_eq!(same_repository(a, b), same, "{a} {b}");
        }
    }
}
