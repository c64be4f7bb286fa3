//! `billhook diff`.

use super::args::{Args, Diff};
use super::error::Error;
use super::exit::Exit;
use super::lines::{Places, is_incomplete, unknown};
use super::load::{Pair, pair};
use super::{lint, output};
use crate::config;
use crate::config::acknowledgement::{self, Acknowledgement, Voice};
use crate::files::Side;
use crate::forecast::{Danger, Forecast, Sides};
use crate::model::Manifest;
use crate::report::{self, Baseline, Described, Held, Layout, Place};
use crate::rules::{self, Change, Said};
use std::mem::ManuallyDrop;
use std::sync::Arc;

/// What fails where the configuration does not say.
const FAIL_ON: [Danger; 4] = [Danger::DataLoss, Danger::Outage, Danger::Orphan, Danger::Blocked];

/// Compares two trees.
pub fn run(args: &Args, diff: &Diff) -> Result<Exit, Error> {
    let global = &args.global;
    let only = lint::only(&global.rule)?;
    // The process ends with this run; to take apart what it holds, text by text, would be a tenth of it.
    let pair = ManuallyDrop::new(pair(global, diff)?);
    let config = pair.configuration.as_ref().map(|loaded| &loaded.config);
    let mut options = lint::options(config, only);
    let lifts = config.and_then(|config| config.diff.acknowledge.label.as_ref());
    if lifts.is_some_and(|label| diff.label.contains(label)) {
        options.budget = config::Budget::default();
    }
    let sides =
        Sides { base: &pair.base, head: &pair.head, between: &pair.between, stateful: &options.stateful };
    let (forecast, of_head) =
        rayon::join(|| Forecast::new(&sides), || rules::judge_head(&pair.head, &options));
    let forecast = ManuallyDrop::new(forecast);
    let change = Change::new(&pair.base, &pair.head, &forecast).acknowledging(said(diff, &pair));
    let (loaded, today) = (pair.configuration.as_ref(), lint::today(global));
    let after = rules::judge_merge(&change, of_head, &options, loaded, today);
    let before = rules::judge_known(&pair.base, &after, &options, loaded, today);
    let described: Vec<Described> = after.ran.iter().map(|page| Described::from(*page)).collect();
    let (base_places, head_places) = (Places::new(&pair.base), Places::new(&pair.head));
    let unknown = unknown(&pair.head, &head_places);
    let of_base = |_: Side, path: &str| pair.base.text(path);
    let of_both = |side: Side, path: &str| match side {
        Side::Base => pair.base.text(path),
        Side::Head => pair.head.text(path),
    };
    let known = report::Lint { findings: &before, sources: &of_base, ..report::Lint::default() };
    let all = report::Lint {
        findings: &after.findings,
        suppressed: &after.suppressed,
        command: "diff",
        rules: &described,
        fail_on: global.fail_on.severity(),
        unknown: &unknown,
        summary: lint::summary(&pair.head),
        sources: &of_both,
        ..report::Lint::default()
    };
    let Held { new: findings, existing, .. } = Baseline::whole(&known).hold(&all);
    let fail_on = fail_on(config);
    let fails = forecast.rows.iter().any(|row| fail_on.contains(&row.danger) && !change.is_acknowledged(row))
        || findings.iter().any(|finding| global.fail_on.fails(finding.severity));
    let in_base = |manifest: &Manifest| place(&base_places, manifest);
    let in_head = |manifest: &Manifest| place(&head_places, manifest);
    let report = report::Diff {
        forecast: &forecast,
        names: [&pair.names[0], &pair.names[1]],
        in_base: &in_base,
        in_head: &in_head,
        acknowledged: &|row| change.is_acknowledged(row),
        advice: &|row| rules::advice(&change, row),
        lint: report::Lint { findings: &findings, existing: &existing, ..all },
        existing: existing.len(),
        fail_on: &fail_on,
        fails,
        shows_diff: diff.show_diff,
    };
    let [shown_of_base, shown] = [0, 1].map(|side: usize| {
        let seen = &pair.seen[side];
        move |path: &str| seen.path(path)
    });
    let layout = Layout {
        links: diff.links.as_deref(),
        shown_of_base: Some(&shown_of_base),
        ..output::layout(global, false, &shown)
    };
    output::write_all(&args.reports, global.color, layout, |format, layout, out| {
        report::diff(format, &report, layout, out)
    })?;
    Ok(match (fails, global.strict && incomplete(&pair)) {
        (true, _) => Exit::Findings,
        (false, true) => Exit::Incomplete,
        (false, false) => Exit::Fine,
    })
}

/// What the command line and the commits say is meant.
fn said(diff: &Diff, pair: &Pair) -> Said {
    let mut said = Said { acknowledgements: diff.acknowledge.clone(), ..Said::default() };
    for (commit, text) in &pair.trailers {
        match acknowledgement::key(text) {
            Ok(key) => {
                said.acknowledgements.push(Acknowledgement { key, from: Voice::Commit(commit.clone()) })
            }
            Err(error) => said.malformed.push((commit.clone(), error.to_string())),
        }
    }
    said
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
