//! One source to manifests, as Argo CD's repository server and controller make them.
//!
//! `source` renders one source of an Application; `targets` turns the manifests of all its sources into what Argo CD
//! compares with the cluster. What cannot be rendered is a [`Problem`], never an empty result.

use crate::files::{Location, Tree};
use crate::model::{Manifest, Problem, ProblemKind, Settings, Source};
use selection::Selection;
use std::sync::Arc;

mod detect;
mod directory;
mod documents;
mod engine;
mod environment;
mod helm;
pub mod jsonnet;
mod kustomize;
mod objects;
mod once;
mod output;
mod overrides;
mod path;
pub mod process;
mod recipe;
mod references;
mod selection;
mod targets;
mod trees;

pub use detect::{Tool, is_kustomization};
pub use directory::has_manifest_name;
pub(crate) use directory::is_template;
pub use documents::{Documents, Parsed};
pub use engine::{Checkout, Engine, Engines, Exposure, Failure};
pub use environment::Environment;
pub use helm::Chart;
pub use kustomize::{Build, Capabilities, Edit};
pub use path::{clean, join};
pub use recipe::{Argument, Command, Place, Program, Recipe, Step};
pub use references::{Reference, References};
pub use targets::{Destination, Repeated, Target, Targets, targets};
use trees::Trees;

/// One source, and all that its rendering depends on.
pub struct Request<'a> {
    /// The source, normalised (see [`Source::normalized`]).
    pub source: &'a Source,
    /// The repository at the source's revision.
    pub documents: &'a Documents,
    /// The Application's name.
    pub application: &'a str,
    /// Its instance name.
    pub instance: &'a str,
    /// Whether it has several sources.
    pub multiple: bool,
    /// The sources that value files may reference.
    pub references: &'a References,
    /// What templates are told of the cluster.
    pub destination: Cluster<'a>,
    /// Variables of the build environment.
    pub environment: Environment,
    /// How Argo CD is set up.
    pub settings: &'a Settings,
    /// Runs what needs a program.
    pub engines: &'a Engines,
    /// No Application names this folder, so JSON in it that is no manifest does no harm.
    pub is_folder: bool,
}

/// What templates are told of the cluster that a source is deployed to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cluster<'a> {
    /// `spec.destination.namespace`.
    pub namespace: &'a str,
    /// Its Kubernetes version.
    pub kubernetes: &'a str,
    /// Every API version it serves, as far as that is known before anything is rendered.
    pub api_versions: &'a [String],
    /// The same with what is rendered for it, where that is known by now.
    pub served: Option<&'a [String]>,
}

/// What one source gave.
#[derive(Debug, Default)]
pub struct Rendered {
    /// Which tool made it; None where it never came to that.
    pub tool: Option<Tool>,
    /// What its renderer was told; None for tools that need none.
    pub recipe: Option<Recipe>,
    /// Whether its charts ask what the cluster serves, and nobody answers for it.
    pub asks: bool,
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
    let trees = Trees::new(request)?;
    let folder = path::folder(tree, &source.path)?;
    trees.iter().skip(1).try_for_each(|documents| check_links(documents.tree(), request.settings))?;
    let source = overrides::apply(source, request.documents, &folder.real, request.instance)?;
    let tool = detect::tool(&source, tree, &folder, request.settings)?;
    rendered.tool = Some(tool);
    let raw = match tool {
        Tool::Directory => directory::manifests(&source, request, &folder, &mut rendered.problems)?.into(),
        Tool::Helm => chart(&source, request, &folder, &trees, rendered)?,
        Tool::Kustomize => kustomization(&source, request, &folder, rendered)?,
        Tool::Plugin => {
            let name = source.plugin.as_ref().map_or("", |plugin| plugin.name.as_str());
            return Err(plugin(name, &source.path, request.settings));
        }
    };
    known(request)?;
    rendered.manifests = objects::expand(&raw, request.settings)?;
    Ok(())
}

fn chart(
    source: &Source,
    request: &Request<'_>,
    folder: &path::Folder,
    trees: &Trees<'_>,
    rendered: &mut Rendered,
) -> Result<Arc<[Manifest]>, Problem> {
    let chart = helm::chart(source, request, folder, trees, &mut rendered.problems)?;
    known(request)?;
    let recipe = rendered.recipe.insert(Recipe::Helm(chart.clone()));
    let places = || chart.value_files.iter().chain(chart.set_file.values());
    let select = |(index, documents): (usize, &Documents)| -> Result<Arc<Selection>, Problem> {
        let paths = places().filter(|place| place.tree == index).map(|place| place.path.clone()).collect();
        documents.selection((index == 0).then_some(&*chart.folder), paths)
    };
    let checkout = Checkout::new(trees.iter().enumerate().map(select).collect::<Result<_, _>>()?);
    let answered = source.helm.as_ref().is_some_and(|helm| !helm.api_versions.is_empty());
    rendered.asks = !answered && checkout.asks(recipe);
    if let (true, Some(served)) = (rendered.asks, request.destination.served) {
        recipe.serve(served);
    }
    let objects = |output| helm::manifests(output, request.documents, &chart);
    let made = request.engines.made(recipe, &checkout, objects);
    made.map_err(|failure| {
        let blamed = helm::blamed(&failure.to_string(), request.documents, &chart);
        let problem = failure.problem(Program::Helm, &source.path);
        blamed.map_or(problem.clone(), |blamed| problem.at(blamed))
    })?
}

fn kustomization(
    source: &Source,
    request: &Request<'_>,
    folder: &path::Folder,
    rendered: &mut Rendered,
) -> Result<Arc<[Manifest]>, Problem> {
    let build = kustomize::build(source, request, folder)?;
    known(request)?;
    let recipe = rendered.recipe.insert(Recipe::Kustomize(build.clone()));
    let graph = request.documents.graph(&build.folder, build.names())?;
    graph.confined(build.restricted())?;
    let checkout = Checkout::new(vec![Arc::clone(&graph.selection)]);
    let answered = source.kustomize.as_ref().is_some_and(|kustomize| !kustomize.api_versions.is_empty());
    rendered.asks = !answered && recipe.inflates_charts() && checkout.asks(recipe);
    if let (true, Some(served)) = (rendered.asks, request.destination.served) {
        recipe.serve(served);
    }
    let objects = |output| kustomize::manifests(output, request.documents, &graph.sources, &build.folder);
    let made = request.engines.made(recipe, &checkout, objects);
    made.map_err(|failure| match failure {
        Failure::Refused(text) if kustomize::may_lack_helm(&text, request.settings) => {
            kustomize::lacks_helm(&source.path)
        }
        failure => {
            let blamed = kustomize::blamed(&failure.to_string(), request.documents, &build.folder);
            let problem = failure.problem(Program::Kustomize, &source.path);
            blamed.map_or(problem.clone(), |blamed| problem.at(blamed))
        }
    })?
}

/// What a source is told may depend on the commit, which a plain folder does not have.
fn known(request: &Request<'_>) -> Result<(), Problem> {
    if !request.environment.missed() {
        return Ok(());
    }
    let (url, path) = (&request.source.repo_url, &request.source.path);
    let message = format!("`{path}` depends on the commit of `{url}`, which is not known here");
    Err(Problem::unknown(ProblemKind::NotRendered, message).help(format!(
        "name the commit of the folder: `--repository {url}@COMMIT=DIR` beside `--repository {url}=DIR`"
    )))
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
                .at(Location::head(entry.path.clone())))
        }
    }
}
