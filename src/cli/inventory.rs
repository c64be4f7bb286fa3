//! `billhook inventory`.

use super::args::{Args, Inventory};
use super::error::Error;
use super::exit::Exit;
use super::lines::{Makers, Places, Source, key, sorted};
use super::load::scene;
use super::{finish, output};
use crate::inventory::App;
use crate::render::Target;
use crate::report::{self, InventoryLine};

/// Lists every object.
pub fn run(args: &Args, inventory: &Inventory) -> Result<Exit, Error> {
    let path: Vec<_> = inventory.path.iter().cloned().collect();
    let scene = scene(&args.global, &inventory.beside, &path)?;
    let places = Places::new(&scene.inventory);
    let listed = rows(&scene.inventory, &places);
    let shown = |path: &str| scene.seen.path(path);
    let makers = Makers::new(&scene.inventory);
    let layout = output::layout(&args.global, inventory.wide, &shown);
    output::write_all(&args.reports, args.global.color, layout, |format, layout, out| {
        let objects = listed.iter().map(|row| InventoryLine::Object {
            cluster: &row.app.cluster,
            application: &row.app.id,
            key: key(&row.target.key),
            version: &row.target.version,
            origin: row.source.origin(),
            via: makers.via(row.app),
        });
        let own = scene.inventory.problems.iter().map(|problem| ("", problem));
        let apps = sorted(&scene.inventory).into_iter();
        let apps = apps.flat_map(|app| app.problems.iter().map(|problem| (&*app.id, problem)));
        let problems = own.chain(apps).map(|(application, problem)| InventoryLine::Problem {
            application,
            problem: places.problem(problem),
        });
        report::inventory(format, objects.chain(problems), layout, out)
    })?;
    Ok(finish(&args.global, &scene.inventory))
}

/// One object, with the place it comes from.
struct Row<'a> {
    app: &'a App,
    target: &'a Target,
    source: Source,
}

/// Every object by cluster, Application and key.
fn rows<'a>(inventory: &'a crate::inventory::Inventory, places: &Places<'_>) -> Vec<Row<'a>> {
    let mut rows = Vec::with_capacity(inventory.count());
    for app in sorted(inventory) {
        let mut targets: Vec<&Target> = app.targets.list.iter().collect();
        targets.sort_by(|a, b| a.key.cmp(&b.key));
        rows.extend(targets.into_iter().map(|target| Row {
            app,
            target,
            source: places.source(&target.manifest),
        }));
    }
    rows
}
