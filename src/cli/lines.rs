//! What an inventory holds, as the lines that reports are made of.

use crate::appset::{By, Produced};
use crate::files::{Lines, Location, Path};
use crate::inventory::{App, Inventory, Outcome, Parent, SetOutcome};
use crate::model::{self, Condition, Manifest, ResourceKey};
use crate::report::{Cause, CauseKind, Key, Origin, Problem, State, Unknown};
use hashbrown::HashMap;
use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

/// Finds lines in the files of an inventory; each file is indexed once.
pub struct Places<'a> {
    inventory: &'a Inventory,
    /// By path, for the files of the tree.
    known: RefCell<HashMap<Path, Option<Arc<Lines>>>>,
    /// By the address of the text, for manifests, which may stand in another repository.
    texts: RefCell<HashMap<usize, Arc<Lines>>>,
}

/// A place where an object comes from.
pub struct Source {
    path: Path,
    line: Option<u32>,
}

impl Source {
    /// As reports write it.
    pub fn origin(&self) -> Option<Origin<'_>> {
        (!self.path.is_empty()).then_some(Origin { path: &self.path, line: self.line })
    }
}

impl<'a> Places<'a> {
    /// In the files of this inventory.
    pub fn new(inventory: &'a Inventory) -> Self {
        Self { inventory, known: RefCell::default(), texts: RefCell::default() }
    }

    /// The line, from 1, of a place in the tree; None where its file has no text.
    fn line(&self, location: &Location) -> Option<u32> {
        let index = || self.inventory.text(&location.path).map(|text| Arc::new(Lines::new(&text)));
        let lines = self.known.borrow_mut().entry(location.path.clone()).or_insert_with(index).clone();
        Some(lines?.line(location.span.start))
    }

    /// Where an object comes from.
    pub fn source(&self, manifest: &Manifest) -> Source {
        let location = manifest.location();
        if !manifest.is_written() {
            let line = manifest.line().or_else(|| self.line(&location));
            return Source { path: location.path, line };
        }
        let text = manifest.node().file().text();
        let index = || Arc::new(Lines::new(text));
        let lines = Arc::clone(self.texts.borrow_mut().entry(text.as_ptr() as usize).or_insert_with(index));
        Source { path: location.path, line: Some(lines.line(location.span.start)) }
    }

    /// A problem that is made for the report, as it tells it.
    fn owned(&self, problem: &model::Problem) -> Problem<'static> {
        let told = self.problem(problem);
        Problem {
            state: told.state,
            code: problem.kind.code(),
            message: Cow::Owned(problem.message.clone()),
            path: told.path.map(|path| Cow::Owned(path.into_owned())),
            line: told.line,
            condition: problem.condition.map(condition),
            help: Cow::Owned(problem.help.clone()),
        }
    }

    /// A problem as reports tell it.
    pub fn problem<'p>(&self, problem: &'p model::Problem) -> Problem<'p> {
        Problem {
            state: match problem.state {
                model::State::Fails => State::Fails,
                model::State::Unknown => State::Unknown,
                model::State::Warning => State::Warning,
            },
            code: problem.kind.code(),
            message: Cow::Borrowed(&problem.message),
            path: problem.location.as_ref().map(|location| Cow::Borrowed(&*location.path)),
            line: problem.location.as_ref().and_then(|location| self.line(location)),
            condition: problem.condition.map(condition),
            help: Cow::Borrowed(&problem.help),
        }
    }
}

fn condition(condition: Condition) -> &'static str {
    match condition {
        Condition::ComparisonError => "ComparisonError",
        Condition::InvalidSpecError => "InvalidSpecError",
        Condition::RepeatedResourceWarning => "RepeatedResourceWarning",
        Condition::ExcludedResourceWarning => "ExcludedResourceWarning",
    }
}

/// A key as reports write it.
pub fn key(key: &ResourceKey) -> Key<'_> {
    Key { group: &key.group, kind: &key.kind, namespace: &key.namespace, name: &key.name }
}

/// The Applications by cluster and name: the order of every listing.
pub fn sorted(inventory: &Inventory) -> Vec<&App> {
    let mut apps: Vec<&App> = inventory.applications.iter().collect();
    apps.sort_by(|a, b| {
        (&a.cluster, &a.id, a.instance, a.path()).cmp(&(&b.cluster, &b.id, b.instance, b.path()))
    });
    apps
}

/// The names of what makes Applications exist.
pub struct Makers<'a> {
    inventory: &'a Inventory,
    sets: Vec<String>,
}

impl<'a> Makers<'a> {
    /// Of this inventory.
    pub fn new(inventory: &'a Inventory) -> Self {
        let sets = inventory.sets.iter().map(|set| format!("ApplicationSet {}", set.id)).collect();
        Self { inventory, sets }
    }

    /// `namespace/name` of an Application, `ApplicationSet namespace/name`; None where nobody makes it.
    pub fn name(&self, parent: &Parent) -> Option<&str> {
        match *parent {
            Parent::Root | Parent::Folder => None,
            Parent::Application(id) => Some(&self.inventory.applications[id].id),
            Parent::Set { set, .. } => Some(&self.sets[set]),
        }
    }

    /// The Applications and ApplicationSets that led to this Application, outermost first.
    pub fn via(&self, app: &App) -> Vec<&str> {
        let Inventory { applications, sets, .. } = self.inventory;
        let mut names = Vec::new();
        let mut parent = &app.parent;
        while let Some(name) = self.name(parent)
            && names.len() <= applications.len() + sets.len()
        {
            names.push(name);
            parent = match *parent {
                Parent::Application(id) => &applications[id].parent,
                Parent::Set { set, .. } => &sets[set].parent,
                Parent::Root | Parent::Folder => break,
            };
        }
        names.reverse();
        names
    }
}

/// What made the parameters of a generated Application.
pub fn cause<'a>(inventory: &'a Inventory, app: &App) -> Vec<Cause<'a>> {
    let produced = inventory.generated(app).map_or(&[][..], |(_, member)| &member.provenance.produced);
    let step = |step: &'a Produced| {
        let (by, name, index) = match &step.by {
            By::Element(index) => (CauseKind::Element, None, Some(*index)),
            By::Folder(path) => (CauseKind::Folder, Some(path.as_str()), None),
            By::File(path, index) => (CauseKind::File, Some(path.as_str()), Some(*index)),
            By::Cluster(name) => (CauseKind::Cluster, Some(name.as_str()), None),
            By::Clusters => (CauseKind::Clusters, None, None),
            By::Answer(index) => (CauseKind::Answer, None, Some(*index)),
        };
        Cause { generator: &step.generator, by, name, index }
    };
    produced.iter().map(step).collect()
}

/// What cannot be told, and whom it befalls. What Argo CD refuses too is told by findings.
pub fn unknown<'a>(inventory: &'a Inventory, places: &Places<'_>) -> Vec<Unknown<'a>> {
    let of = |application: Option<&'a str>, problem: &'a model::Problem| Unknown {
        application: application.map(Cow::Borrowed),
        applicationset: None,
        problem: places.problem(problem),
    };
    let unknown = |problem: &&model::Problem| problem.state == model::State::Unknown;
    let general =
        inventory.problems.iter().filter(unknown).map(|problem| of(problem.application.as_deref(), problem));
    let apps = inventory.applications.iter();
    let apps = apps.flat_map(|app| {
        app.problems.iter().filter(unknown).map(|problem| of(problem.application.as_deref(), problem))
    });
    let mut all: Vec<Unknown<'_>> = general.chain(apps).collect();
    let of_sets =
        inventory.sets.iter().flat_map(|set| set.problems.iter().map(move |problem| (set, problem)));
    all.extend(of_sets.filter(|(_, problem)| unknown(problem)).map(|(set, problem)| Unknown {
        application: None,
        applicationset: Some(Cow::Borrowed(&set.id)),
        problem: places.problem(problem),
    }));
    all.sort();
    all.dedup();
    all
}

/// What is wrong with ApplicationSets, and with single Applications that they generate.
pub fn sets<'a>(inventory: &'a Inventory, places: &Places<'_>) -> Vec<(&'a str, Problem<'a>)> {
    let mut told = Vec::new();
    for set in &inventory.sets {
        told.extend(set.problems.iter().map(|problem| (&*set.id, places.problem(problem))));
        let members = set.members.iter().filter_map(|member| inventory.aside(member));
        told.extend(members.map(|problem| (&*set.id, places.owned(&problem))));
    }
    told.sort();
    told
}

/// Whether something could not be rendered or resolved, so that findings and objects may be missing.
pub fn is_incomplete(inventory: &Inventory) -> bool {
    let stops = |problem: &model::Problem| problem.state != model::State::Warning;
    inventory.problems.iter().any(stops)
        || inventory.applications.iter().any(|app| app.outcome != Outcome::Rendered)
        || inventory
            .sets
            .iter()
            .any(|set| set.outcome != SetOutcome::Generated || set.problems.iter().any(stops))
}
