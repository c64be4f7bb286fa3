//! `billhook render`.

use super::args::{Args, Render};
use super::error::Error;
use super::exit::Exit;
use super::lines::{Places, Source, key, sorted};
use super::load::{only, scene};
use super::{finish, output};
use crate::files;
use crate::inventory::{App, Inventory, Outcome};
use crate::model::{Phase, Problem, ResourceKey, State};
use crate::render::Target;
use crate::report::{self, RenderLine};
use crate::yaml;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Longer names do not fit on every disk, with an ending behind them.
const MAX_STEM: usize = 200;

/// Prints rendered manifests.
pub fn run(args: &Args, render: &Render) -> Result<Exit, Error> {
    let scene = match &render.application {
        Some(file) => only(&args.global, &render.beside, file, "Application")?,
        None => scene(&args.global, &render.beside, &render.path.iter().cloned().collect::<Vec<_>>())?,
    };
    let inventory = &scene.inventory;
    let apps = wanted(inventory, render.app.as_deref())?;
    let places = Places::new(inventory);
    if let Some(dir) = &render.split {
        split(&rows(&apps, &places), render.mask, dir)?;
        return Ok(finish(&args.global, inventory));
    }
    let shown = |path: &str| scene.seen.path(path);
    let layout = output::layout(&args.global, false, &shown);
    let rows = rows(&apps, &places);
    output::write_all(&args.reports, args.global.color, layout, |format, layout, out| {
        let objects = rows.iter().map(|row| RenderLine::Manifest {
            application: &row.app.id,
            source: row.target.source,
            key: key(&row.target.key),
            version: &row.target.version,
            hooks: row
                .target
                .hooks
                .as_ref()
                .map(|phases| phases.iter().map(|phase| phase_name(*phase)).collect()),
            wave: row.target.wave,
            manifest: manifest(row.target, render.mask),
            origin: row.source.origin(),
        });
        let own = inventory.problems.iter().filter(|_| render.app.is_none());
        let own = own.map(|problem| told(&places, "", problem));
        let of_apps =
            apps.iter().flat_map(|app| app.problems.iter().map(|problem| told(&places, &app.id, problem)));
        report::render(format, objects.chain(own).chain(of_apps), layout, out)
    })?;
    Ok(finish(&args.global, inventory))
}

fn told<'a>(places: &Places<'_>, application: &'a str, problem: &'a Problem) -> RenderLine<'a> {
    RenderLine::Problem { application, source: problem.source, problem: places.problem(problem) }
}

/// The Applications that are asked for: by `namespace/name`, by name, or all.
fn wanted<'a>(inventory: &'a Inventory, named: Option<&str>) -> Result<Vec<&'a App>, Error> {
    let all = sorted(inventory);
    let Some(named) = named else {
        return Ok(all);
    };
    let is = |app: &&App| *app.id == *named || *app.application.name == *named;
    let found: Vec<&App> = all.iter().copied().filter(is).collect();
    if found.is_empty() {
        let ids: Vec<&str> = all.iter().flat_map(|app| [&*app.id, &*app.application.name]).collect();
        let guess =
            yaml::nearest(named, &ids).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        let message = format!("there is no Application `{named}`{guess}");
        return Err(Error::usage(message, "`billhook apps` lists them"));
    }
    Ok(found)
}

/// One manifest, with the place it comes from.
struct Row<'a> {
    app: &'a App,
    target: &'a Target,
    source: Source,
}

/// Every manifest by cluster, Application and key. One of an Application that fails is never deployed.
fn rows<'a>(apps: &[&'a App], places: &Places<'_>) -> Vec<Row<'a>> {
    let mut rows = Vec::new();
    for app in apps.iter().filter(|app| app.outcome == Outcome::Rendered && !fails(app)) {
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

fn fails(app: &App) -> bool {
    app.problems.iter().any(|problem| problem.state == State::Fails)
}

fn object(target: &Target, mask: bool) -> Value {
    let mut object = target.to_json();
    if mask {
        report::mask(&mut object);
    }
    object
}

fn manifest(target: &Target, mask: bool) -> Box<RawValue> {
    to_raw_value(&object(target, mask)).expect("a JSON value is JSON text")
}

fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::PostDelete => "PostDelete",
        Phase::PostSync => "PostSync",
        Phase::PreDelete => "PreDelete",
        Phase::PreSync => "PreSync",
        Phase::Skip => "Skip",
        Phase::Sync => "Sync",
        Phase::SyncFail => "SyncFail",
    }
}

/// Writes each object into a file of its own, `<apiVersion with / as .>.<Kind>-(<namespace>).<name>.yaml`, in a folder of its
/// cluster where there are several clusters.
///
/// Of two Applications with one object the later one by name overwrites the file, so that a collision shows in review.
/// Names that only look alike once they are harmless on disk get a number.
fn split(rows: &[Row<'_>], mask: bool, dir: &Path) -> Result<(), Error> {
    let clusters: BTreeSet<&str> = rows.iter().map(|row| &*row.app.cluster).collect();
    let mut owners: BTreeMap<String, (&str, &ResourceKey, usize)> = BTreeMap::new();
    for (index, row) in rows.iter().enumerate() {
        let key = &row.target.key;
        let folder = if clusters.len() > 1 { dir.join(safe(&row.app.cluster)) } else { dir.to_owned() };
        // Objects without a name are different ones each time.
        let owner = (&*row.app.cluster, key, if key.name.is_empty() { index } else { 0 });
        let stem = stem(row.target);
        let mut name = format!("{stem}.yaml");
        let mut number = 2;
        // Some disks take upper and lower case for the same.
        while *owners.entry(folder.join(&name).to_string_lossy().to_lowercase()).or_insert(owner) != owner {
            name = format!("{stem}-{number}.yaml");
            number += 1;
        }
        let mut text = Vec::new();
        report::document(&object(row.target, mask), &mut text).map_err(report::Error::Write)?;
        files::make_folder(&folder)?;
        files::write_atomically(&folder.join(name), &text)?;
    }
    Ok(())
}

fn stem(target: &Target) -> String {
    let key = &target.key;
    let name = if key.name.is_empty() { target.manifest.generate_name() } else { &key.name };
    let group = if key.group.is_empty() { String::new() } else { format!("{}.", key.group) };
    let stem = format!("{group}{}.{}-({}).{name}", target.version, key.kind, key.namespace);
    stem.chars().map(harmless).take(MAX_STEM).collect()
}

/// A name from a repository as one part of a path on disk, which it cannot leave.
fn safe(name: &str) -> String {
    let safe: String = name.chars().take(MAX_STEM).map(harmless).collect();
    match safe.strip_prefix('.') {
        Some(rest) => format!("_{rest}"),
        None if safe.is_empty() => "_".to_owned(),
        None => safe,
    }
}

/// A character that names on every disk may have, or `_`.
fn harmless(c: char) -> char {
    if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '(' | ')') { c } else { '_' }
}

#[cfg(test)]
mod tests {
    use super::safe;

    #[test]
    fn names_stay_inside() {
        for (name, expected) in [
            ("web", "web"),
            ("argocd/web", "argocd_web"),
            ("system:node", "system_node"),
            ("..", "_."),
            (".hidden", "_hidden"),
            ("../../etc/passwd", "_._.._etc_passwd"),
            ("a\u{1b}b\0", "a_b_"),
            ("", "_"),
            ("https://x:6443", "https___x_6443"),
        ] {
            assert_eq!(safe(name), expected, "{name:?}");
        }
    }
}
