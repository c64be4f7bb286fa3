//! One ApplicationSet into Applications, in the world that the inventory knows.

use super::set::{Provenance, SetOutcome, template};
use super::sources::Repositories;
use crate::appset::{
    self, ApplicationSet, By, Known, Lack, Outcome, Produced, Repository, Spot, Step, World,
};
use crate::files::{Location, Span};
use crate::model::{
    Application, Cluster, IN_CLUSTER, IN_CLUSTER_SERVER, Manifest, Origin, Problem, ProblemKind, Settings,
    Source,
};
use crate::yaml::{self, File, Node, Style};
use rayon::prelude::*;
use serde_json::Value as Json;
use std::cell::RefCell;
use std::sync::Arc;

/// What every set of one inventory sees.
pub(super) struct Surroundings<'a> {
    pub clusters: Vec<appset::Cluster>,
    pub clusters_complete: bool,
    pub projects: Known,
    pub answers: Option<&'a Json>,
    pub repositories: &'a Repositories<'a>,
}

/// What became of one set.
pub(super) struct Expanded {
    pub admitted: Option<ApplicationSet>,
    pub outcome: SetOutcome,
    pub generated: Vec<Generated>,
    pub problems: Vec<Problem>,
}

/// One Application that a set generates.
pub(super) struct Generated {
    pub manifest: Manifest,
    pub provenance: Provenance,
    pub application: Result<Application, Aside>,
}

/// Why a generated Application does not come to be.
pub(super) enum Aside {
    Twice,
    Invalid(String),
    Rejected(String),
    /// It cannot be read, although the schema found nothing wrong with it.
    Unreadable(yaml::de::Error),
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

/// Generates the Applications of a set that lives in `namespace`; `is_local` when it lives on the cluster whose list
/// of clusters is known.
pub(super) fn expand(
    manifest: &Manifest,
    namespace: &str,
    is_local: bool,
    settings: &Settings,
    around: &Surroundings<'_>,
) -> Expanded {
    let admitted = match ApplicationSet::admit(&manifest.node().to_json(), namespace) {
        Ok(admitted) => admitted,
        Err(refused) => {
            let refusals = refused.messages.iter().map(|message| refusal(manifest, message));
            let problems = refusals.chain(dropped(manifest, &refused.dropped)).collect();
            return Expanded {
                admitted: None,
                outcome: SetOutcome::Refused,
                generated: Vec::new(),
                problems,
            };
        }
    };
    let mut problems: Vec<Problem> = dropped(manifest, &admitted.dropped).collect();
    problems.extend(admitted.empty_generators().into_iter().map(|index| no_generator(manifest, index)));
    let cure: RefCell<Option<String>> = RefCell::default();
    let repositories = |url: &str, revision: &str| {
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
        settings: appset::Settings {
            new_git_file_globbing: settings
                .switch("applicationsetcontroller.enable.new.git.file.globbing")
                .unwrap_or(false),
            include_hidden_directories: settings
                .switch("reposerver.include.hidden.directories")
                .unwrap_or(false),
        },
    };
    let (outcome, generated) = match admitted.generate(&world) {
        Outcome::Applications(generated) => {
            (SetOutcome::Generated, objects(manifest, admitted.namespace(), generated))
        }
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
    Expanded { admitted: Some(admitted), outcome, generated, problems }
}

/// Generated objects as manifests that point at the template.
fn objects(manifest: &Manifest, namespace: &str, generated: Vec<appset::Generated>) -> Vec<Generated> {
    let last = generated.iter().map(|one| one.generator).max().map_or(0, |last| last + 1);
    let origins: Vec<Arc<Origin>> =
        (0..last).map(|generator| Arc::new(Origin::Rendered(template(manifest, generator)))).collect();
    generated
        .into_par_iter()
        .filter_map(|one| {
            let file = Arc::new(File::json(one.application.to_string().into()));
            let root = file.documents().first()?.root().ok()?;
            let manifest = Manifest::new(file, root, Arc::clone(&origins[one.generator]));
            let application = match one.problem {
                None => Application::read(manifest.clone(), namespace).map_err(Aside::Unreadable),
                Some(appset::Problem::Twice) => Err(Aside::Twice),
                Some(appset::Problem::Invalid(reason)) => Err(Aside::Invalid(reason)),
                Some(appset::Problem::Rejected(reason)) => Err(Aside::Rejected(reason)),
            };
            let provenance = Provenance { generator: one.generator, produced: one.origin };
            Some(Generated { manifest, provenance, application })
        })
        .collect()
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
        origin => format!(" for {}", named(origin)),
    };
    Problem::refused(ProblemKind::SetFails, format!("{what}{element}: {message}"))
}

/// What produced a set of parameters, in words.
pub(super) fn named(origin: &[Produced]) -> String {
    let word = |produced: &Produced| match &produced.by {
        By::Element(index) => format!("element {} of `{}`", index + 1, produced.generator),
        By::Folder(path) => format!("`{path}`"),
        By::File(path, 0) => format!("`{path}`"),
        By::File(path, index) => format!("object {} of `{path}`", index + 1),
        By::Cluster(name) => format!("cluster `{name}`"),
        By::Clusters => "all clusters".to_owned(),
        By::Answer(index) => format!("answer {} of `{}`", index + 1, produced.generator),
    };
    origin.iter().map(word).collect::<Vec<_>>().join(" and ")
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
