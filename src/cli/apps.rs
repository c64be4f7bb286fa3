//! `billhook apps`.

use super::args::{Apps, Args};
use super::error::Error;
use super::exit::Exit;
use super::lines::{Makers, Places, Source, cause, sets, sorted};
use super::load::{only, scene};
use super::{finish, output};
use crate::inventory::App;
use crate::report::{self, AppLine};
use serde_json::value::{RawValue, to_raw_value};

/// Lists every Application.
pub fn run(args: &Args, apps: &Apps) -> Result<Exit, Error> {
    let scene = match &apps.applicationset {
        Some(file) => only(&args.global, &apps.beside, file, "ApplicationSet")?,
        None => scene(&args.global, &apps.beside, &apps.path.iter().cloned().collect::<Vec<_>>())?,
    };
    let inventory = &scene.inventory;
    let places = Places::new(inventory);
    let listed: Vec<(&App, Source)> = sorted(inventory)
        .into_iter()
        .filter(|app| app.is_written())
        .map(|app| (app, places.source(&app.application.manifest)))
        .collect();
    let told = sets(inventory, &places);
    let makers = Makers::new(inventory);
    let shown = |path: &str| scene.seen.path(path);
    let layout = output::layout(&args.global, apps.wide, &shown);
    output::write_all(&args.reports, args.global.color, layout, |format, layout, out| {
        let objects: Result<Vec<Box<RawValue>>, _> = listed.iter().map(|(app, _)| object(app)).collect();
        let lines = listed.iter().zip(objects?).map(|((app, source), application)| AppLine::Application {
            name: &app.id,
            application,
            cluster: &app.cluster,
            parent: makers.name(&app.parent),
            origin: source.origin(),
            cause: cause(inventory, app),
        });
        let own = inventory.problems.iter().map(|problem| ("", places.problem(problem)));
        let sets = told.iter().map(|(name, problem)| (*name, problem.clone()));
        let problems =
            own.chain(sets).map(|(applicationset, problem)| AppLine::Problem { applicationset, problem });
        report::apps(format, lines.chain(problems), layout, out)
    })?;
    Ok(finish(&args.global, inventory))
}

/// The whole object, without what only a live one has.
fn object(app: &App) -> Result<Box<RawValue>, serde_json::Error> {
    let mut object = app.application.manifest.node().to_json();
    if let Some(metadata) = object.pointer_mut("/metadata").and_then(serde_json::Value::as_object_mut) {
        metadata.remove("ownerReferences");
    }
    to_raw_value(&object)
}
