//! What an inventory holds, as the lines that reports are made of.

use crate::files::{Lines, Location, Path};
use crate::inventory::{App, Inventory, Outcome, Parent};
use crate::model::{self, Condition, Manifest, ResourceKey};
use crate::report::{Key, Origin, Problem, State, Unknown};
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
            let line = self.line(&location);
            return Source { path: location.path, line };
        }
        let text = manifest.node().file().text();
        let index = || Arc::new(Lines::new(text));
        let lines = Arc::clone(self.texts.borrow_mut().entry(text.as_ptr() as usize).or_insert_with(index));
        Source { path: location.path, line: Some(lines.line(location.span.start)) }
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

/// The Applications that led to this one, outermost first.
pub fn via<'a>(inventory: &'a Inventory, app: &App) -> Vec<&'a str> {
    let mut ids = Vec::new();
    let mut parent = &app.parent;
    while let Parent::Application(id) = parent
        && ids.len() < inventory.applications.len()
    {
        let above = &inventory.applications[*id];
        ids.push(&*above.id);
        parent = &above.parent;
    }
    ids.reverse();
    ids
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
    let apps =
        apps.flat_map(|app| app.problems.iter().filter(unknown).map(|problem| of(Some(&app.id), problem)));
    let mut all: Vec<Unknown<'_>> = general.chain(apps).collect();
    all.extend(sets(inventory, places).map(|(name, problem)| Unknown {
        application: None,
        applicationset: Some(name.into()),
        problem,
    }));
    all.sort();
    all.dedup();
    all
}

/// The ApplicationSets that are not expanded.
pub fn sets<'a>(
    inventory: &'a Inventory,
    places: &Places<'_>,
) -> impl Iterator<Item = (String, Problem<'a>)> {
    inventory.sets.iter().map(|set| {
        let source = places.source(&set.manifest);
        let name = format!("{}/{}", set.namespace, set.manifest.name());
        let problem = Problem {
            state: State::Unknown,
            code: model::ProblemKind::SetNotExpanded.code(),
            message: "the Applications it generates are not worked out".into(),
            path: Some(source.path.to_string().into()),
            line: source.line,
            condition: None,
        };
        (name, problem)
    })
}

/// Whether something could not be rendered or resolved, so that findings and objects may be missing.
pub fn is_incomplete(inventory: &Inventory) -> bool {
    let stops = |problem: &model::Problem| problem.state != model::State::Warning;
    inventory.problems.iter().any(stops)
        || inventory.applications.iter().any(|app| app.outcome != Outcome::Rendered)
        || !inventory.sets.is_empty()
}
