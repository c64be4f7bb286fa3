use super::path::{Folder, join};
use crate::files::Tree;
use crate::model::{Problem, ProblemKind, Settings, Source};
use std::fmt;

/// What makes manifests out of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tool {
    /// Plain YAML, JSON and jsonnet files.
    Directory,
    /// A chart.
    Helm,
    /// A kustomization.
    Kustomize,
    /// A config management plugin.
    Plugin,
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Directory => "Directory",
            Self::Helm => "Helm",
            Self::Kustomize => "Kustomize",
            Self::Plugin => "Plugin",
        })
    }
}

/// The tool for a source after its overrides: the one block that is there, else what lies in the folder.
///
/// Follows `GetAppSourceType` in `reposerver/repository/repository.go`, `ExplicitType` in `types.go` and
/// `util/app/discovery/discovery.go`. A tool that argocd-cm switches off becomes a plain folder.
pub(super) fn tool(
    source: &Source,
    tree: &Tree,
    folder: &Folder,
    settings: &Settings,
) -> Result<Tool, Problem> {
    let blocks = [
        (source.kustomize.is_some(), Tool::Kustomize, "kustomize"),
        (source.helm.is_some(), Tool::Helm, "helm"),
        (source.directory.is_some(), Tool::Directory, "directory"),
        (source.plugin.is_some(), Tool::Plugin, "plugin"),
    ];
    let explicit: Vec<_> = blocks.iter().filter(|(present, ..)| *present).collect();
    match explicit[..] {
        [] => Ok(discovered(tree, folder, settings)),
        [(_, tool, name)] if *tool == Tool::Plugin || *tool == Tool::Directory || settings.enables(name) => {
            Ok(*tool)
        }
        [_] => Ok(Tool::Directory),
        _ => {
            let names: Vec<_> = explicit.iter().map(|(.., name)| format!("`{name}`")).collect();
            let message = format!("the source has more than one tool: {}", names.join(" and "));
            Err(Problem::fails(ProblemKind::InvalidSpec, message).help("keep one of them"))
        }
    }
}

/// The last file of the folder, in walk order, that belongs to a tool decides.
fn discovered(tree: &Tree, folder: &Folder, settings: &Settings) -> Tool {
    if folder.is_link {
        return Tool::Directory;
    }
    let mut tool = Tool::Directory;
    for name in names(tree, &folder.real) {
        if name.ends_with("Chart.yaml") && settings.enables("helm") {
            tool = Tool::Helm;
        }
        if is_kustomization(name) && settings.enables("kustomize") {
            tool = Tool::Kustomize;
        }
    }
    tool
}

/// Names of the files and links directly in a folder, in walk order.
fn names<'a>(tree: &'a Tree, dir: &'a str) -> impl Iterator<Item = &'a str> {
    let skip = join(dir, "").len();
    tree.below(dir).iter().map(move |entry| &entry.path[skip..]).filter(|name| !name.contains('/'))
}

/// Whether Kustomize takes a file of this name as a kustomization.
pub fn is_kustomization(name: &str) -> bool {
    matches!(name, "kustomization.yaml" | "kustomization.yml" | "Kustomization")
}
