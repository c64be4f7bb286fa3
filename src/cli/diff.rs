//! `billhook diff`.

use super::args::{Args, Diff};
use super::error::Error;
use super::exit::Exit;
use super::lines::{Places, is_incomplete, unknown};
use super::load::{Pair, pair};
use super::{lint, output};
use crate::config;
use crate::files::Side;
use crate::forecast::{Danger, Forecast, Sides};
use crate::model::Manifest;
use crate::report::{self, Place};
use crate::rules::{self, Change};
use std::sync::Arc;

/// What fails where the configuration does not say.
const FAIL_ON: [Danger; 4] = [Danger::DataLoss, Danger::Outage, Danger::Orphan, Danger::Blocked];

/// Compares two trees.
pub fn run(args: &Args, diff: &Diff) -> Result<Exit, Error> {
    let global = &args.global;
    let only = lint::only(&global.rule)?;
    let pair = pair(global, diff)?;
    let config = pair.configuration.as_ref().map(|loaded| &loaded.config);
    let options = lint::options(config, only);
    let sides =
        Sides { base: &pair.base, head: &pair.head, between: &pair.between, stateful: &options.stateful };
    let forecast = Forecast::new(&sides);
    let change = Change::new(&pair.base, &pair.head, &forecast, &options.stateful);
    let (loaded, today) = (pair.configuration.as_ref(), lint::today(global));
    let (before, after) = rayon::join(
        || rules::judge_all(&pair.base, &options, loaded, today).findings,
        || rules::judge_merge(&change, &options, loaded, today).findings,
    );
    let (base_places, head_places) = (Places::new(&pair.base), Places::new(&pair.head));
    let unknown = unknown(&pair.head, &head_places);
    let of_base = |_: Side, path: &str| pair.base.text(path);
    let of_both = |side: Side, path: &str| match side {
        Side::Base => pair.base.text(path),
        Side::Head => pair.head.text(path),
    };
    let known = report::Lint {
        findings: &before,
        unknown: &[],
        summary: report::Summary::default(),
        sources: &of_base,
    };
    let all = report::Lint {
        findings: &after,
        unknown: &unknown,
        summary: lint::summary(&pair.head),
        sources: &of_both,
    };
    let findings = report::fresh(&known, &all);
    let existing = after.len() - findings.len();
    let fail_on = fail_on(config);
    let fails = forecast.rows.iter().any(|row| fail_on.contains(&row.danger))
        || findings.iter().any(|finding| global.fail_on.fails(finding.severity));
    let in_base = |manifest: &Manifest| place(&base_places, manifest);
    let in_head = |manifest: &Manifest| place(&head_places, manifest);
    let report = report::Diff {
        forecast: &forecast,
        names: [&pair.names[0], &pair.names[1]],
        in_base: &in_base,
        in_head: &in_head,
        lint: report::Lint { findings: &findings, ..all },
        existing,
        fail_on: &fail_on,
        fails,
    };
    let shown = |path: &str| pair.seen.path(path);
    let layout = output::layout(global, false, &shown);
    output::write_all(&args.reports, global.color, layout, |format, layout, out| {
        report::diff(format, &report, layout, out)
    })?;
    Ok(match (fails, global.strict && incomplete(&pair)) {
        (true, _) => Exit::Findings,
        (false, true) => Exit::Incomplete,
        (false, false) => Exit::Fine,
    })
}

fn incomplete(pair: &Pair) -> bool {
    is_incomplete(&pair.base) || is_incomplete(&pair.head)
}

fn place(places: &Places<'_>, manifest: &Manifest) -> Option<Place> {
    let source = places.source(manifest);
    let origin = source.origin()?;
    Some(Place { path: Arc::from(origin.path), line: origin.line })
}

fn fail_on(config: Option<&config::Config>) -> Vec<Danger> {
    let Some(list) = config.and_then(|config| config.diff.fail_on.as_ref()) else { return FAIL_ON.to_vec() };
    let danger = |danger: &config::Danger| match danger {
        config::Danger::DataLoss => Danger::DataLoss,
        config::Danger::Outage => Danger::Outage,
        config::Danger::Orphan => Danger::Orphan,
        config::Danger::Blocked => Danger::Blocked,
        config::Danger::Change => Danger::Change,
    };
    list.iter().map(danger).collect()
}
