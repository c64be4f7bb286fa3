//! `kustomize.buildOptions`: which of them are passed on.

use crate::model::{Problem, ProblemKind, Settings};

/// Options without a value that change what is built and nothing else.
const SWITCHES: &[&str] = &["--enable-helm", "--enable-managedby-label", "--helm-debug", "--stack-trace"];
/// Options with a value.
const VALUED: &[&str] = &["--load-restrictor", "--reorder", "--helm-kube-version", "--helm-api-versions"];
/// Options that start programs, write files or open the network.
const DANGEROUS: &[&str] = &[
    "--enable-alpha-plugins",
    "--enable-exec",
    "--enable-star",
    "--helm-command",
    "--output",
    "-o",
    "--network",
    "--network-name",
    "--mount",
    "--env",
    "-e",
    "--as-current-user",
];

/// The options of argocd-cm, split at blanks; argocd-cm may stand in the tree, so only harmless ones are passed on.
pub(super) fn options(settings: &Settings) -> Result<Vec<String>, Problem> {
    let text = settings.cm.get("kustomize.buildOptions").map_or("", String::as_str);
    let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let name = word.split_once('=').map_or(word.as_str(), |(name, _)| name);
        if VALUED.contains(&name) {
            if !word.contains('=') {
                rest.next();
            }
        } else if !SWITCHES.contains(&name) {
            return Err(refused(word, DANGEROUS.contains(&name)));
        }
    }
    Ok(words)
}

fn refused(option: &str, dangerous: bool) -> Problem {
    if dangerous {
        let message = format!("`kustomize.buildOptions` has `{option}`, which is not done here");
        return Problem::unknown(ProblemKind::NotRendered, message)
            .help("it starts programs, writes files or opens the network");
    }
    Problem::fails(
        ProblemKind::RenderFailed,
        format!("`kustomize.buildOptions` has `{option}`, which Kustomize does not know"),
    )
}
