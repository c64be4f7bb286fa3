//! `billhook lint`.

use super::args::{Args, Findings, Global, Lint};
use super::error::Error;
use super::exit::Exit;
use super::lines::{Places, is_incomplete, unknown};
use super::load::{Scene, Stage};
use super::output;
use crate::config::{Config, Date};
use crate::files::{self, Side};
use crate::finding::FixKind;
use crate::fix::{Fixes, Wanted};
use crate::inventory::{Inventory, Outcome};
use crate::model::GroupKind;
use crate::report::{self, Baseline, Described, Held, Layout, Summary};
use crate::rules::{self, Judged};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Judges one tree, and fixes what was asked for before it reports the rest.
pub fn run(args: &Args, lint: &Lint) -> Result<Exit, Error> {
    let global = &args.global;
    let only = only(&global.rule)?;
    let stage = Stage::open(global, &lint.path)?;
    let mut tree = Arc::clone(&stage.tree);
    let mut fixes = Fixes::default();
    loop {
        let scene = stage.scene(global, &lint.beside, Arc::clone(&tree))?;
        let options = options(scene.configuration.as_ref().map(|loaded| &loaded.config), only.clone());
        let mut judged =
            rules::judge_all(&scene.inventory, &options, scene.configuration.as_ref(), today(global));
        judged.findings.retain(|finding| scene.tells(finding));
        judged.suppressed.retain(|one| scene.tells(&one.finding));
        if let Some(kind) = wanted(lint)? {
            let wanted = Wanted { kind, files: scene.limit.as_ref() };
            if let Some(fixed) = fixes.round(&scene.inventory.documents, &judged.findings, wanted) {
                tree = Arc::new(fixed);
                continue;
            }
        }
        if lint.diff {
            let changes = stage.tree.changes(&fixes.contents)?;
            output::patch(&args.reports, global.color, &changes, &|path| scene.seen.path(path))?;
            return Ok(if changes.is_empty() { Exit::Fine } else { Exit::Findings });
        }
        stage.tree.replace(&fixes.contents)?;
        let exit = report(args, &lint.findings, &scene, &judged, fixes.findings);
        // The process ends with this run; to take apart what it holds, text by text, would be a tenth of it.
        std::mem::forget((stage, scene, judged));
        return exit;
    }
}

/// The fixes that are asked for; None for none.
fn wanted(lint: &Lint) -> Result<Option<FixKind>, Error> {
    match (lint.fix || lint.diff, lint.unsafe_fixes) {
        (false, false) => Ok(None),
        (false, true) => Err(Error::usage(
            "--unsafe-fixes without --fix or --diff",
            "`--diff` shows what would be changed, `--fix` changes it",
        )),
        (true, false) => Ok(Some(FixKind::Safe)),
        (true, true) => Ok(Some(FixKind::Unsafe)),
    }
}

fn report(
    args: &Args,
    named: &Findings,
    scene: &Scene,
    judged: &Judged,
    fixed: usize,
) -> Result<Exit, Error> {
    let (global, inventory) = (&args.global, &scene.inventory);
    let unknown = unknown(inventory, &Places::new(inventory));
    let sources = |_: Side, path: &str| inventory.text(path);
    let rules: Vec<Described> = judged.ran.iter().map(|page| Described::from(*page)).collect();
    let all = report::Lint {
        findings: &judged.findings,
        suppressed: &judged.suppressed,
        rules: &rules,
        fail_on: global.fail_on.severity(),
        unknown: &unknown,
        summary: Summary { fixed, ..summary(inventory) },
        sources: &sources,
        ..report::Lint::default()
    };
    let mut held = hold(named, scene, &all)?;
    if let Some(held) = &mut held
        && (scene.limit.is_some() || !global.rule.is_empty() || is_incomplete(inventory))
    {
        held.unused.clear(); // What was not looked at or not rendered may still be there.
    }
    let report = match &held {
        Some(Held { new, existing, unused }) => report::Lint { findings: new, existing, unused, ..all },
        None => all,
    };
    let (shown, rooted) = (|path: &str| scene.seen.path(path), |path: &str| scene.seen.rooted(path));
    let links = named.links.as_deref();
    output::write_all(
        &args.reports,
        global.color,
        Layout { rooted: &rooted, links, ..output::layout(global, false, &shown) },
        |format, layout, out| report::lint(format, &report, layout, out),
    )?;
    let fails = report.findings.iter().any(|finding| global.fail_on.fails(finding.severity));
    Ok(match (fails, global.strict && is_incomplete(inventory)) {
        (true, _) => Exit::Findings,
        (false, true) => Exit::Incomplete,
        (false, false) => Exit::Fine,
    })
}

/// The findings when the baseline that was named, or is written now, was held against them; None without one.
fn hold(named: &Findings, scene: &Scene, all: &report::Lint<'_>) -> Result<Option<Held>, Error> {
    if let Some(path) = &named.write_baseline {
        if scene.limit.is_some() {
            return Err(Error::usage(
                "a baseline knows the findings of a whole tree",
                "leave the files out, or name one folder",
            ));
        }
        let baseline = Baseline::of(all);
        let mut bytes = Vec::new();
        baseline.write(&mut bytes)?;
        files::write_atomically(path, &bytes)?;
        return Ok(Some(baseline.hold(all)));
    }
    let Some(path) = &named.baseline else { return Ok(None) };
    let baseline = Baseline::read(&files::read_file(path)?).map_err(|error| {
        let message = format!("`{}` is no baseline: {error}", path.display());
        Error::usage(message, "`--write-baseline FILE` writes one")
    })?;
    Ok(Some(baseline.hold(all)))
}

/// `--rule`: the codes of the rules that run; None for all.
pub(super) fn only(named: &[String]) -> Result<Option<Vec<&'static str>>, Error> {
    let names = rules::names();
    let code = |name: &String| {
        let known = names.find(name).map(|rule| rule.code);
        known.ok_or_else(|| Error::usage(names.unknown(name), "`billhook explain` lists the rules"))
    };
    let codes = named.iter().map(code).collect::<Result<Vec<_>, Error>>()?;
    Ok((!codes.is_empty()).then_some(codes))
}

/// What the configuration says about rules.
pub(super) fn options(config: Option<&Config>, only: Option<Vec<&'static str>>) -> rules::Options {
    let mut options = rules::Options { only, ..rules::Options::default() };
    let Some(config) = config else {
        return options;
    };
    for (name, settings) in &config.rules {
        let Some(rule) = rules::names().find(name) else { continue };
        if let Some(level) = settings.severity {
            options.severities.insert(rule.code, level.severity());
        }
        let kinds = settings.kinds.iter();
        let kinds = kinds
            .map(|kind| GroupKind { group: kind.group.as_str().into(), kind: kind.kind.as_str().into() });
        options.stateful.extend(kinds);
    }
    if !config.protected_namespaces.is_empty() {
        options.protected_namespaces = Some(config.protected_namespaces.clone());
    }
    options.budget = config.diff.budget;
    let naming = config.naming.iter();
    options.naming = naming
        .map(|naming| rules::Naming { application: naming.application.clone(), path: naming.path.clone() })
        .collect();
    options
}

pub(super) fn summary(inventory: &Inventory) -> Summary {
    let written = inventory.applications.iter().filter(|app| app.is_written());
    let clusters: BTreeSet<&str> = inventory.applications.iter().map(|app| &*app.cluster).collect();
    Summary {
        applications: written.count(),
        objects: inventory.count(),
        clusters: clusters.into_iter().filter(|cluster| !cluster.is_empty()).count(),
        not_rendered: inventory.applications.iter().filter(|app| app.outcome != Outcome::Rendered).count(),
        ..Summary::default()
    }
}

pub(super) fn today(global: &Global) -> Date {
    global.today.unwrap_or_else(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Date::from_days(u32::try_from(since.as_secs() / 86_400).unwrap_or(0))
    })
}
