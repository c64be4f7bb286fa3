//! BH901 to BH905: the suppressions themselves. One page each; [`judge_all`] holds suppressions against findings.

use super::{
    Change, Check, Context, Options, Page, Rule, fold, judge, judge_change, names, object, order, severity,
};
use crate::config::suppression::{
    ANNOTATION, Applied, Circumstances, Collected, Complaint, Owned, Suppressed, apply, is_mentioned,
};
use crate::config::{Date, Loaded};
use crate::files::{Location, Path};
use crate::finding::{Finding, Object};
use crate::inventory::{App, Inventory, Parent};
use crate::model::Manifest;
use crate::yaml::File;
use hashbrown::HashSet;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Reported by [`judge_all`], which alone knows what was hidden.
const CHECK: Check = Check::Inventory(|_: &mut Context<'_>| ());

/// One rule a kind of complaint.
pub(super) const RULES: &[&Rule] = &[
    &Rule { page: include_str!("../../rules/BH901-unused-suppression.md"), check: CHECK },
    &Rule { page: include_str!("../../rules/BH902-suppression-expired.md"), check: CHECK },
    &Rule { page: include_str!("../../rules/BH903-suppression-without-reason.md"), check: CHECK },
    &Rule { page: include_str!("../../rules/BH904-suppression-unknown-rule.md"), check: CHECK },
    &Rule { page: include_str!("../../rules/BH905-suppression-malformed.md"), check: CHECK },
];

/// What a run tells.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    /// The findings that nobody suppresses, in order of path, place and code.
    pub findings: Vec<Finding>,
    /// Those that somebody does.
    pub suppressed: Vec<Suppressed>,
    /// The rules that ran, in order of code.
    pub ran: Vec<&'static Page>,
}

/// Judges an inventory by every rule that is on, and holds its suppressions and those of the configuration against that.
///
/// `today` is the day that suppressions with a last day are judged by.
pub fn judge_all(
    inventory: &Inventory,
    options: &Options,
    configuration: Option<&Loaded>,
    today: Date,
) -> Judged {
    let ran = all_that_run(options);
    hold(inventory, judge(inventory, &ran), options, configuration, today)
}

/// The findings of the head of a merge by itself, for [`judge_merge`].
pub fn judge_head(head: &Inventory, options: &Options) -> Vec<Finding> {
    judge(head, &all_that_run(options))
}

/// Judges the merge, and tells of it and of the findings of its head as [`judge_all`] tells of a tree.
///
/// Comments and annotations of head count, and they hide nothing that stands in base.
pub fn judge_merge(
    change: &Change<'_>,
    of_head: Vec<Finding>,
    options: &Options,
    configuration: Option<&Loaded>,
    today: Date,
) -> Judged {
    let ran = all_that_run(options);
    let mut findings = of_head;
    findings.extend(judge_change(change, &ran));
    hold(change.head, findings, options, configuration, today)
}

/// The findings of the base of a merge that its head may still have: those of rules that found something in head.
pub fn judge_known(
    base: &Inventory,
    head: &Judged,
    options: &Options,
    configuration: Option<&Loaded>,
    today: Date,
) -> Vec<Finding> {
    let mut only: Vec<&'static str> = head.findings.iter().map(|finding| finding.code).collect();
    only.sort_unstable();
    only.dedup();
    judge_all(base, &Options { only: Some(only), ..options.clone() }, configuration, today).findings
}

/// Whether a suppression is used shows only when the rules it names ran, asked for or not.
fn all_that_run(options: &Options) -> Options {
    let asks_for_own = options.only.as_ref().is_some_and(|only| only.iter().any(|code| is_own(code)));
    if asks_for_own { Options { only: None, ..options.clone() } } else { options.clone() }
}

/// Holds suppressions against the findings of the rules that [`all_that_run`].
fn hold(
    inventory: &Inventory,
    findings: Vec<Finding>,
    options: &Options,
    configuration: Option<&Loaded>,
    today: Date,
) -> Judged {
    let ran = all_that_run(options);
    // A merge passes, and what is written about it may stay.
    let on = |code: &str| {
        super::ALL.iter().any(|(page, rule)| {
            page.code == code && !matches!(rule.check, Check::Change(_)) && severity(page, &ran).is_some()
        })
    };
    let complete = inventory.applications.iter().all(|app| app.stops().next().is_none());
    let now = Circumstances { today, ran: &|code| on(code) && !is_own(code), complete };
    let collected = collect(inventory, &findings, configuration);
    let Applied { kept, suppressed, complaints } = apply(findings, collected, &now);
    let wanted = |finding: &Finding| options.only.as_ref().is_none_or(|only| only.contains(&finding.code));
    let complaints = complaints.into_iter().filter_map(|complaint| reported(complaint, options));
    let mut findings = kept;
    findings.retain(wanted);
    findings.extend(complaints);
    findings.sort_by(|a, b| order(a).cmp(&order(b)));
    let suppressed = suppressed.into_iter().filter(|one| wanted(&one.finding)).collect();
    let ran = super::pages().filter(|page| severity(page, options).is_some()).collect();
    Judged { findings: fold::by_template(inventory, findings), suppressed, ran }
}

fn is_own(code: &str) -> bool {
    code.starts_with("BH9")
}

fn reported(complaint: Complaint, options: &Options) -> Option<Finding> {
    let (page, _) = super::ALL.iter().find(|(page, _)| page.code == complaint.kind.code())?;
    Some(Finding {
        code: page.code,
        name: page.name,
        severity: severity(page, options)?,
        message: complaint.message,
        because: complaint.because.to_owned(),
        help: complaint.help.to_owned(),
        location: complaint.location,
        application: None,
        cluster: None,
        object: None,
        related: Vec::new(),
        fix: None,
        group: String::new(),
    })
}

/// The suppressions of the tree's files, of rendered objects, and of the configuration.
fn collect(inventory: &Inventory, findings: &[Finding], configuration: Option<&Loaded>) -> Collected {
    let mut collected = Collected::default();
    let files = inventory.files.par_iter().chain(&inventory.parts);
    let files: Vec<_> = files.filter(|(_, parsed)| is_mentioned(parsed.file.text())).collect();
    for (path, parsed) in files {
        collected.add_comments(path, &parsed.file, names());
    }
    // Findings also point into what is no plain manifest: charts, kustomizations, values.
    let plain: HashSet<&Path> = inventory.files.iter().map(|(path, _)| path).collect();
    let others = findings.iter().map(|finding| &finding.location.path);
    let others: BTreeSet<&Path> = others.filter(|path| !plain.contains(path)).collect();
    for path in others {
        if let Some(text) = inventory.text(path) {
            collected.add_comments(path, &File::stream(text), names());
        }
    }
    for ((location, text), objects) in annotated(inventory) {
        collected.add_annotation(&text, &objects, &location, names());
    }
    if let Some(configuration) = configuration {
        collected.add_selectors(configuration, names());
    }
    collected
}

/// Every annotation about suppressions, and the objects that carry it: one text may be deployed many times.
fn annotated(inventory: &Inventory) -> BTreeMap<(Location, String), Vec<Owned>> {
    let annotated: Vec<_> = inventory.applications.par_iter().flat_map_iter(annotated_in).collect();
    let mut found: BTreeMap<(Location, String), Vec<Owned>> = BTreeMap::new();
    for (place, owned) in annotated {
        found.entry(place).or_default().push(owned);
    }
    found
}

/// The annotations of an Application that nobody here makes, and of what an Application makes.
fn annotated_in(app: &App) -> Vec<((Location, String), Owned)> {
    let mut found = Vec::new();
    let mut add = |manifest: &Manifest, application: Option<Arc<str>>, object: &dyn Fn() -> Object| {
        let Some(text) = manifest.annotation(ANNOTATION) else { return };
        let location = manifest.location_at(&["metadata", "annotations", ANNOTATION]);
        let piece = manifest.is_written().then(|| manifest.location_of(manifest.node()));
        found.push(((location, text.to_owned()), Owned { application, object: object(), piece }));
    };
    if app.parent == Parent::Root {
        add(&app.application.manifest, None, &|| object(&app.application.key()));
    }
    for target in &app.targets.list {
        add(&target.manifest, app.reported(), &|| object(&target.key));
    }
    found
}
