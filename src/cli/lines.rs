//! What an inventory holds, as the lines that reports are made of.

use crate::files::{Lines, Location, Path};
use crate::inventory::{App, Inventory, Outcome, Parent};
use crate::model::{self, Condition, ResourceKey};
use crate::report::{Key, Origin, Problem, State, Unknown};
use hashbrown::HashMap;
use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

/// Finds lines in the files of an inventory; each file is indexed once.
pub struct Places<'a> {
    inventory: &'a Inventory,
    known: RefCell<HashMap<Path, Option<Arc<Lines>>>>,
}

impl<'a> Places<'a> {
    /// In the files of this inventory.
    pub fn new(inventory: &'a Inventory) -> Self {
        Self { inventory, known: RefCell::default() }
    }

    /// The line, from 1, of a place; None where its file has no text.
    pub fn line(&self, location: &Location) -> Option<u32> {
        let index = || self.inventory.text(&location.path).map(|text| Arc::new(Lines::new(&text)));
        let lines = self.known.borrow_mut().entry(location.path.clone()).or_insert_with(index).clone();
        Some(lines?.line(location.span.start))
    }

    /// A place as the origin of something. None for what is made up: a folder without an Application.
    pub fn origin<'l>(&self, location: &'l Location) -> Option<Origin<'l>> {
        let line = self.line(location);
        (line.is_some() || !location.path.is_empty()).then_some(Origin { path: &location.path, line })
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
        let location = set.manifest.location();
        let name = format!("{}/{}", set.namespace, set.manifest.name());
        let problem = Problem {
            state: State::Unknown,
            code: model::ProblemKind::SetNotExpanded.code(),
            message: "the Applications it generates are not worked out".into(),
            path: Some(location.path.to_string().into()),
            line: places.line(&location),
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
