//! One ApplicationSet into Applications, in the world that the inventory knows.

use super::set::{Provenance, SetOutcome, template};
use super::sources::Repositories;
use crate::appset::{self, ApplicationSet, Known, Lack, Outcome, Produced, Repository, Spot, Step, World};
use crate::files::{Location, Span};
use crate::model::{
    Application, Cluster, IN_CLUSTER, IN_CLUSTER_SERVER, Manifest, Origin, Problem, ProblemKind, Settings,
    Source,
};
use crate::yaml::{File, Node, Style};
use rayon::prelude::*;
use serde_json::Value as Json;
use std::cell::{Cell, RefCell};
use std::sync::Arc;

/// What every set of one inventory sees.
pub(super) struct Surroundings<'a> {
    pub clusters: Vec<appset::Cluster>,
    pub clusters_complete: bool,
    pub projects: Known,
    pub answers: Option<&'a Json>,
    pub repositories: &'a Repositories<'a>,
}

impl Surroundings<'_> {
    /// The hash of all but the repositories.
    pub(super) fn hash(&self) -> blake3::Hash {
        let Self { clusters, clusters_complete, projects, answers, repositories: _ } = self;
        blake3::hash(format!("{clusters:?} {clusters_complete} {projects:?} {answers:?}").as_bytes())
    }
}

/// What became of one set.
pub(super) struct Expanded {
    pub admitted: Option<Arc<ApplicationSet>>,
    pub outcome: SetOutcome,
    /// What comes out of the controller; see [`objects`].
    pub generated: Vec<Generated>,
    pub problems: Vec<Problem>,
}

/// The same on its way.
pub(super) struct Raw {
    expanded: Expanded,
    generated: Vec<appset::Generated>,
    /// It asked for a repository.
    pub asked: bool,
}

/// One Application that a set generates.
pub(super) struct Generated {
    pub manifest: Manifest,
    pub provenance: Provenance,
    pub application: Result<Arc<Application>, Aside>,
}

/// Why a generated Application does not come to be.
#[derive(Clone)]
pub(super) enum Aside {
    Twice,
    Invalid(String),
    /// Or it cannot be read, although the schema found nothing wrong with it.
    Rejected(String),
}

impl Expanded {
    /// A set of which nothing is generated.
    pub(super) fn nothing(outcome: SetOutcome, problem: Problem) -> Self {
        Self { admitted: None, outcome, generated: Vec::new(), problems: vec![problem] }
    }
}

/// A cluster as generators see it.
pub(super) fn cluster(cluster: &Cluster) -> appset::Cluster {
    let text = |text: &String| (!text.is_empty()).then(|| text.clone());
    let is_local = cluster.server.is_empty() && cluster.name == IN_CLUSTER;
    appset::Cluster {
        secret: text(&cluster.secret),
        name: cluster.name.clone(),
        server: if is_local { IN_CLUSTER_SERVER.to_owned() } else { cluster.server.clone() },
        labels: cluster.labels.clone(),
        annotations: cluster.annotations.clone(),
        project: text(&cluster.project),
    }
}

/// The switches of the controller and of the repo-server.
pub(super) fn switches(settings: &Settings) -> appset::Settings {
    let is_on = |name: &str| settings.switch(name).unwrap_or(false);
    appset::Settings {
        new_git_file_globbing: is_on("applicationsetcontroller.enable.new.git.file.globbing"),
        include_hidden_directories: is_on("reposerver.include.hidden.directories"),
    }
}

/// Generates the Applications of a set that lives in `namespace`; `is_local` when it lives on the cluster whose list
/// of clusters is known.
pub(super) fn expand(
    manifest: &Manifest,
    namespace: &str,
    is_local: bool,
    settings: &Settings,
    around: &Surroundings<'_>,
) -> Raw {
    let admitted = match ApplicationSet::admit(&manifest.node().to_json(), namespace) {
        Ok(admitted) => admitted,
        Err(refused) => {
            let refusals = refused.messages.iter().map(|message| refusal(manifest, message));
            let problems = refusals.chain(dropped(manifest, &refused.dropped)).collect();
            let expanded =
                Expanded { admitted: None, outcome: SetOutcome::Refused, generated: Vec::new(), problems };
            return Raw { expanded, generated: Vec::new(), asked: false };
        }
    };
    let mut problems: Vec<Problem> = dropped(manifest, &admitted.dropped).collect();
    problems.extend(admitted.empty_generators().into_iter().map(|index| no_generator(manifest, index)));
    let (cure, asked) = (RefCell::<Option<String>>::default(), Cell::new(false));
    let repositories = |url: &str, revision: &str| {
        asked.set(true);
        let source =
            Source { repo_url: url.to_owned(), target_revision: revision.to_owned(), ..Source::default() };
        match around.repositories.find(&source) {
            Ok(found) => Repository::Here(Arc::clone(found.documents.tree())),
            Err(problem) => {
                cure.borrow_mut().get_or_insert(problem.help);
                Repository::Unknown(problem.message)
            }
        }
    };
    let none = Known::default();
    let world = World {
        repositories: &repositories,
        clusters: &around.clusters,
        clusters_complete: around.clusters_complete && is_local,
        projects: if is_local { &around.projects } else { &none },
        answers: around.answers,
        settings: switches(settings),
    };
    let (outcome, generated) = match admitted.generate(&world) {
        Outcome::Applications(generated) => (SetOutcome::Generated, generated),
        Outcome::Failed { step, message, generator, origin, spot } => {
            let at = place(manifest, step, generator, spot);
            problems.push(failed(step, &message, &origin).at(at));
            (SetOutcome::Failed(step), Vec::new())
        }
        Outcome::Unknown { lack, reason, generator, spot } => {
            let at = place(manifest, Step::Generator, generator, spot);
            problems.push(unknown(lack, &reason, cure.into_inner()).at(at));
            (SetOutcome::Unknown, Vec::new())
        }
    };
    let admitted = Some(Arc::new(admitted));
    let expanded = Expanded { admitted, outcome, generated: Vec::new(), problems };
    Raw { expanded, generated, asked: asked.get() }
}

/// Generated objects of a set as manifests that point at the template. Runs in parallel itself, so that no thread that
/// generates is asked to do so for another set on top of its stack.
pub(super) fn objects(manifest: &Manifest, namespace: &str, raw: Raw) -> Expanded {
    let Raw { expanded, generated, .. } = raw;
    let last = generated.iter().map(|one| one.generator).max().map_or(0, |last| last + 1);
    let origins: Vec<Arc<Origin>> =
        (0..last).map(|generator| Arc::new(Origin::Rendered(template(manifest, generator)))).collect();
    let generated = generated
        .into_par_iter()
        .filter_map(|one| {
            let file = Arc::new(File::json(one.application.to_string().into()));
            let root = file.documents().first()?.root().ok()?;
            let manifest = Manifest::new(file, root, Arc::clone(&origins[one.generator]));
            let application = match one.problem {
                None => Application::read(manifest.clone(), namespace)
                    .map(Arc::new)
                    .map_err(|error| Aside::Rejected(error.to_string())),
                Some(appset::Problem::Twice) => Err(Aside::Twice),
                Some(appset::Problem::Invalid(reason)) => Err(Aside::Invalid(reason)),
                Some(appset::Problem::Rejected(reason)) => Err(Aside::Rejected(reason)),
            };
            let provenance = Provenance { generator: one.generator, produced: one.origin };
            Some(Generated { manifest, provenance, application })
        })
        .collect();
    Expanded { generated, ..expanded }
}

/// Where generating ends: in a text that cannot be rendered, at an entry of the generators, or in the template.
fn place(manifest: &Manifest, step: Step, generator: usize, spot: Option<Spot>) -> Location {
    let text = spot.and_then(|spot| written(manifest.node(), &spot));
    match (text, step) {
        (Some(span), _) => manifest.locate(span),
        (None, Step::Template) => template(manifest, generator),
        (None, Step::Generator | Step::Panic) => {
            let entry = at_path(manifest, &format!("spec.generators[{generator}]"));
            entry.unwrap_or_else(|| manifest.location())
        }
    }
}

/// Where a text stands in an object, as a value or a key; of a block of several lines, the line.
fn written(node: Node<'_>, spot: &Spot) -> Option<Span> {
    if node.as_str() == Some(&spot.text) {
        return Some(line_of(node, spot.line));
    }
    let entries = node.entries().find_map(|entry| match *entry.key == *spot.text {
        true => Some(entry.key_node.span()),
        false => written(entry.value, spot),
    });
    entries.or_else(|| node.items().find_map(|item| written(item, spot)))
}

/// A line of a literal block, counted from 1; the whole of any other text.
fn line_of(node: Node<'_>, line: usize) -> Span {
    let whole = node.span();
    if node.style() != Style::Literal {
        return whole;
    }
    let mut start = whole.start as usize;
    for (index, text) in node.raw().split_inclusive('\n').enumerate() {
        if index == line {
            let blank = text.len() - text.trim_start().len();
            return Span::new(start + blank, start + text.trim_end().len().max(blank));
        }
        start += text.len();
    }
    whole
}

fn failed(step: Step, message: &str, origin: &[Produced]) -> Problem {
    let what = match step {
        Step::Generator => "a generator fails",
        Step::Template => "the template cannot be rendered",
        Step::Panic => "the controller panics, and no condition says so",
    };
    let element = match origin {
        [] => String::new(),
        origin => {
            format!(" for {}", origin.iter().map(Produced::to_string).collect::<Vec<_>>().join(" and "))
        }
    };
    Problem::refused(ProblemKind::SetFails, format!("{what}{element}: {message}"))
}

fn unknown(lack: Lack, reason: &str, cure: Option<String>) -> Problem {
    let kind = if lack == Lack::Limit { ProblemKind::LimitReached } else { ProblemKind::SetNotExpanded };
    let help = match lack {
        Lack::Clusters => {
            "list the clusters, with `clustersComplete: true` in the configuration or with `--clusters FILE`"
                .to_owned()
        }
        Lack::Repository => cure.unwrap_or_default(),
        Lack::Answers => "record the answers, and give them with `--answers FILE`".to_owned(),
        Lack::Limit | Lack::Chance => String::new(),
    };
    Problem::unknown(kind, format!("its Applications are not known: {reason}")).help(help)
}

/// Why the API server refuses the set; the message begins with the path of a field.
fn refusal(manifest: &Manifest, message: &str) -> Problem {
    let field = message.split_once(": ").and_then(|(field, _)| at_path(manifest, field));
    Problem::refused(ProblemKind::ResourceUnreadable, format!("the API server refuses it: {message}"))
        .at(field.unwrap_or_else(|| manifest.location()))
}

/// Fields that the API server drops without a word.
fn dropped<'a>(manifest: &'a Manifest, fields: &'a [String]) -> impl Iterator<Item = Problem> + 'a {
    fields.iter().map(|field| {
        let message = format!("the API server drops `{field}`: there is no such field");
        let at = at_path(manifest, field).unwrap_or_else(|| manifest.location());
        Problem::warning(ProblemKind::FieldDropped, message, None).at(at)
    })
}

fn no_generator(manifest: &Manifest, index: usize) -> Problem {
    let path = format!("spec.generators[{index}]");
    let message = format!("`{path}` holds no generator that Argo CD knows, and generates nothing");
    let at = at_path(manifest, &path).unwrap_or_else(|| manifest.location());
    Problem::warning(ProblemKind::GeneratorUnknown, message, None).at(at)
}

/// Where a field stands, by a path such as `spec.generators[0].list`; the deepest part of it that is there, None where
/// nothing is.
fn at_path(manifest: &Manifest, path: &str) -> Option<Location> {
    let mut node = manifest.node();
    let mut found = None;
    for part in path.split('.') {
        let (name, items) = part.split_once('[').unwrap_or((part, ""));
        let Some(entry) = node.entry(name) else { break };
        (node, found) = (entry.value, Some(entry.span()));
        let indices = items.split('[').filter_map(|index| index.trim_end_matches(']').parse::<usize>().ok());
        for index in indices {
            let Some(item) = node.items().nth(index) else { break };
            (node, found) = (item, Some(item.span()));
        }
    }
    Some(manifest.locate(found?))
}
