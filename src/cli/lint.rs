//! `billhook lint`.

use super::args::{Args, Global, Lint};
use super::error::Error;
use super::exit::Exit;
use super::lines::{Places, is_incomplete, unknown};
use super::load::{Scene, scene};
use super::output;
use crate::config::{Config, Date};
use crate::files::Side;
use crate::inventory::{Inventory, Outcome};
use crate::model::GroupKind;
use crate::report::{self, Summary};
use crate::rules;
use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

/// Judges one tree.
pub fn run(args: &Args, lint: &Lint) -> Result<Exit, Error> {
    let global = &args.global;
    let only = only(&global.rule)?;
    let scene = scene(global, &lint.beside, &lint.path)?;
    let inventory = &scene.inventory;
    let options = options(scene.configuration.as_ref().map(|loaded| &loaded.config), only);
    let judged = rules::judge_all(inventory, &options, scene.configuration.as_ref(), today(global));
    let findings = limited(judged.findings, &scene);
    let unknown = unknown(inventory, &Places::new(inventory));
    let summary = Summary { suppressed: judged.suppressed, ..summary(inventory) };
    let sources = |_: Side, path: &str| inventory.text(path);
    let report = report::Lint { findings: &findings, unknown: &unknown, summary, sources: &sources };
    let shown = |path: &str| scene.seen.path(path);
    output::write_all(
        &args.reports,
        global.color,
        output::layout(global, false, &shown),
        |format, layout, out| report::lint(format, &report, layout, out),
    )?;
    let fails = findings.iter().any(|finding| global.fail_on.fails(finding.severity));
    Ok(match (fails, global.strict && is_incomplete(inventory)) {
        (true, _) => Exit::Findings,
        (false, true) => Exit::Incomplete,
        (false, false) => Exit::Fine,
    })
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
    let naming = config.naming.iter();
    options.naming = naming
        .map(|naming| rules::Naming { application: naming.application.clone(), path: naming.path.clone() })
        .collect();
    options
}

/// The findings in the files that were named.
fn limited(findings: Vec<crate::finding::Finding>, scene: &Scene) -> Vec<crate::finding::Finding> {
    match &scene.limit {
        None => findings,
        Some(files) => {
            findings.into_iter().filter(|finding| files.contains(&finding.location.path)).collect()
        }
    }
}

pub(super) fn summary(inventory: &Inventory) -> Summary {
    let written = inventory.applications.iter().filter(|app| app.is_written());
    let clusters: BTreeSet<&str> = inventory.applications.iter().map(|app| &*app.cluster).collect();
    Summary {
        applications: written.count(),
        objects: inventory.count(),
        clusters: clusters.into_iter().filter(|cluster| !cluster.is_empty()).count(),
        not_rendered: inventory.applications.iter().filter(|app| app.outcome != Outcome::Rendered).count(),
        suppressed: 0,
    }
}

pub(super) fn today(global: &Global) -> Date {
    global.today.unwrap_or_else(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Date::from_days(u32::try_from(since.as_secs() / 86_400).unwrap_or(0))
    })
}
