//! One source to manifests, as Argo CD's repository server and controller make them.
//!
//! `source` renders one source of an Application; `targets` turns the manifests of all its sources into what Argo CD
//! compares with the cluster. What cannot be rendered is a [`Problem`], never an empty result.

use crate::files::{Location, Tree};
use crate::model::{Manifest, Problem, ProblemKind, Settings, Source};
use std::sync::Arc;

mod detect;
mod directory;
mod documents;
mod environment;
pub mod jsonnet;
mod objects;
mod overrides;
mod path;
mod targets;

pub use detect::{Tool, is_kustomization};
pub use directory::has_manifest_name;
pub use documents::{Documents, Parsed};
pub use environment::Environment;
pub use path::{clean, join};
pub use targets::{Destination, Repeated, Target, Targets, targets};

/// One source, and all that its rendering depends on.
pub struct Request<'a> {
    /// The source, normalised (see [`Source::normalized`]).
    pub source: &'a Source,
    /// The repository at the source's revision.
    pub documents: &'a Documents,
    /// The Application's instance name.
    pub instance: &'a str,
    /// Variables of the build environment.
    pub environment: Environment,
    /// How Argo CD is set up.
    pub settings: &'a Settings,
    /// Runs what needs a program.
    pub engines: &'a Engines,
    /// No Application names this folder, so JSON in it that is no manifest does no harm.
    pub is_folder: bool,
}

/// The programs that rendering may start.
#[derive(Debug, Default)]
pub struct Engines {
    /// Evaluates jsonnet; without it jsonnet files are not rendered.
    pub jsonnet: Option<jsonnet::Pool>,
}

/// What one source gave.
#[derive(Debug, Default)]
pub struct Rendered {
    /// Which tool made it; None where it never came to that.
    pub tool: Option<Tool>,
    /// The objects, lists expanded, in Argo CD's order.
    pub manifests: Vec<Manifest>,
    /// What Argo CD, or this program, did not do. One that fails or is unknown stops the Application.
    pub problems: Vec<Problem>,
}

/// Renders one source.
///
/// Follows `GenerateManifests` in `reposerver/repository/repository.go` and what the repository server does around it.
pub fn source(request: &Request<'_>) -> Rendered {
    let mut rendered = Rendered::default();
    if let Err(problem) = render(request, &mut rendered) {
        rendered.manifests.clear();
        rendered.problems.push(problem);
    }
    rendered
}

fn render(request: &Request<'_>, rendered: &mut Rendered) -> Result<(), Problem> {
    let source = request.source;
    if source.is_oci() {
        let message = format!("`{}` is an OCI artifact, which is not in this repository", source.repo_url);
        return Err(Problem::unknown(ProblemKind::NotRendered, message));
    }
    if !source.chart.is_empty() {
        let message =
            format!("chart `{}` comes from `{}`, which needs the network", source.chart, source.repo_url);
        return Err(
            Problem::unknown(ProblemKind::NotRendered, message).help("vendor the chart to have it rendered")
        );
    }
    let tree = request.documents.tree();
    check_links(tree, request.settings)?;
    if source.path.is_empty() {
        return Ok(());
    }
    let folder = path::folder(tree, &source.path)?;
    let source = overrides::apply(source, request.documents, &folder.real, request.instance)?;
    let tool = detect::tool(&source, tree, &folder, request.settings)?;
    rendered.tool = Some(tool);
    let raw = match tool {
        Tool::Directory => directory::manifests(&source, request, &folder, &mut rendered.problems)?,
        Tool::Helm | Tool::Kustomize => {
            let message = format!("`{}` needs {tool}, which is not run yet", source.path);
            return Err(Problem::unknown(ProblemKind::NotRendered, message));
        }
        Tool::Plugin => {
            let name = source.plugin.as_ref().map_or("", |plugin| plugin.name.as_str());
            return Err(plugin(name, &source.path, request.settings));
        }
    };
    rendered.manifests = objects::expand(raw, request.settings)?;
    Ok(())
}

/// A plugin runs beside Argo CD; one without a name asks those that are there, which nobody here knows.
fn plugin(name: &str, path: &str, settings: &Settings) -> Problem {
    let message = match name {
        "" => format!("`{path}` is rendered by whichever plugin wants it"),
        name => format!("`{path}` is rendered by the plugin `{name}`"),
    };
    if settings.as_shipped {
        return Problem::fails(
            ProblemKind::RenderFailed,
            format!("{message}, and Argo CD ships without plugins"),
        );
    }
    Problem::unknown(ProblemKind::NotRendered, message)
        .help("plugins run beside Argo CD and are not run here")
}

/// Argo CD refuses every Application of a repository with a link that is absolute or leaves it
/// (`CheckOutOfBoundsSymlinks` in `util/app/path/path.go`).
fn check_links(tree: &Tree, settings: &Settings) -> Result<(), Problem> {
    if settings.allows_links_out() {
        return Ok(());
    }
    match tree.out_of_bounds_links().next() {
        None => Ok(()),
        Some(entry) => {
            let message = format!("the symbolic link `{}` leaves the repository", entry.path);
            Err(Problem::fails(ProblemKind::LinkOutOfBounds, message)
                .help("remove the link: as long as it is there, Argo CD renders nothing of this repository")
                .at(whole_file(&entry.path)))
        }
    }
}

/// The head of a file, where nothing in it is to be pointed at.
fn whole_file(path: &Arc<str>) -> Location {
    Location::new(path.clone(), crate::files::Span::default())
}
