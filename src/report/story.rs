//! What is dangerous about a merge, cause by cause: what goes, what stays, the line that did it, what to do.

use crate::files::{Location, Side};
use crate::finding::{Finding, Severity};
use crate::forecast::{Danger, Outcome, Row};
use crate::report::diff::{Diff, Place};
use crate::report::diff_text::{Group, danger_word, headline, places};
use crate::report::placed::{Texts, place, shown};
use crate::report::{Layout, Lint, excerpt, neutral, text};
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;

/// How many objects of one cause are named before the rest is counted.
const FOLD: usize = 6;

/// How wide the column of labels is, with the space on both sides.
const MARGIN: usize = 11;

/// Families of rules that tell how something goes by mistake: identity, targets, Argo CD's settings, YAML.
const SLIPS: &[&str] = &["BH1", "BH2", "BH5", "BH6"];

/// The family of rules about the merge itself.
const MERGE: &str = "BH4";

/// Rules that say themselves that only order decides.
const RACES: &[&str] = &["BH404", "BH405"];

/// Cuts the findings up: those that tell the cause of each group, in its order, and the rest.
///
/// Each is told once, with the worst group that it explains.
pub(super) fn causes<'a>(diff: &Diff<'a>, groups: &[Group<'_>]) -> (Vec<Vec<&'a Finding>>, Vec<&'a Finding>) {
    let mut of_groups: Vec<Vec<&Finding>> = groups.iter().map(|_| Vec::new()).collect();
    let known: Vec<Known<'_>> = groups.iter().map(|group| Known::new(diff, group)).collect();
    let is_slip = |finding: &Finding| {
        finding.severity == Severity::Error && SLIPS.iter().any(|family| finding.code.starts_with(family))
    };
    let mut rest = Vec::new();
    for finding in diff.lint.findings {
        let tells = is_slip(finding) || finding.code.starts_with(MERGE);
        match known.iter().position(|group| tells && group.is_told_by(finding)) {
            Some(at) => of_groups[at].push(finding),
            None => rest.push(finding),
        }
    }
    // A slip in what an Application renders, where nothing else that is as bad tells why it loses something.
    let is_bad = |finding: &&Finding| finding.severity == Severity::Error;
    let explained: Vec<bool> = of_groups.iter().map(|told| told.iter().any(is_bad)).collect();
    rest.retain(|finding| {
        let of = |group: &Known<'_>| {
            is_slip(finding)
                && finding.application.as_deref().is_some_and(|id| group.applications.contains(id))
        };
        let at = known.iter().zip(&explained).position(|(group, explained)| !explained && of(group));
        at.inspect(|at| of_groups[*at].push(finding)).is_none()
    });
    for findings in &mut of_groups {
        findings.sort_by_key(|finding| {
            (
                finding.code.starts_with(MERGE),
                Reverse(finding.severity),
                finding.code,
                finding.location.clone(),
            )
        });
    }
    (of_groups, rest)
}

/// What a finding may name that tells about a group.
struct Known<'a> {
    /// Group, kind, namespace and name of its objects, and of those that it goes along with.
    objects: HashSet<[&'a str; 4]>,
    /// Its Applications, `namespace/name`.
    applications: HashSet<&'a str>,
    /// Where its own objects stand in base.
    places: HashSet<Location>,
}

impl<'a> Known<'a> {
    fn new(diff: &Diff<'a>, group: &Group<'a>) -> Self {
        let rows = || group.own.iter().chain(&group.along).copied();
        let above = rows().filter_map(|row| diff.forecast.rows.get(row.along?));
        let applications = group.own.iter().flat_map(|row| [&row.application, &row.to_application]);
        let places = group.own.iter().filter_map(|row| Some(row.base.as_ref()?.location().in_base()));
        Self {
            objects: rows()
                .chain(above)
                .map(|Row { key, .. }| [&*key.group, &*key.kind, &*key.namespace, &*key.name])
                .collect(),
            applications: applications.filter_map(|id| id.as_deref()).collect(),
            places: places.collect(),
        }
    }

    fn is_told_by(&self, finding: &Finding) -> bool {
        let before = finding.related.iter().any(|label| self.places.contains(&label.location));
        let about = finding.object.as_ref().is_some_and(|object| {
            let itself = [&*object.group, &*object.kind, &*object.namespace, &*object.name];
            let of_application = &*object.kind == "Application"
                && self.applications.contains(&*format!("{}/{}", object.namespace, object.name));
            self.objects.contains(&itself) || of_application
        });
        before || about
    }
}

/// Writes one group, with the findings that tell its cause.
pub(super) fn tell(
    told: &mut String,
    diff: &Diff<'_>,
    group: &Group<'_>,
    causes: &[&Finding],
    layout: Layout<'_>,
) {
    let Some(first) = group.own.first() else { return };
    let style = match group.danger {
        Danger::DataLoss | Danger::Outage => excerpt::style(miette::Severity::Error),
        _ => excerpt::style(miette::Severity::Warning),
    };
    let word = danger_word(group.danger);
    let head = format!("{word:<MARGIN$}{}", neutral::line(&headline(group, first)));
    for line in excerpt::wrap(&head, layout.width, "", &" ".repeat(MARGIN)) {
        let line =
            line.strip_prefix(word).map_or(line.clone(), |rest| format!("{style}{word}{style:#}{rest}"));
        let _ = writeln!(told, "{line}");
    }
    objects(told, diff, group, layout);
    let all = || group.own.iter().chain(&group.along);
    let is_meant = all().all(|row| row.danger < Danger::Blocked || (diff.acknowledged)(row));
    match causes {
        [] => alone(told, diff, first, is_meant, layout),
        [main, others @ ..] => explained(told, diff, main, others, layout),
    }
    let told_already = causes.iter().any(|finding| RACES.contains(&finding.code));
    if !told_already && all().any(|row| row.race) {
        note(told, "race", "which controller reads the commit first decides; this is the worst case", layout);
    }
    if is_meant {
        note(told, "", "acknowledged", layout);
    }
    told.push('\n');
}

/// `label  text`, wrapped; nothing for an empty text.
fn note(told: &mut String, label: &str, text: &str, layout: Layout<'_>) {
    if text.is_empty() {
        return;
    }
    let label = format!("   {label:<7} ");
    for line in excerpt::wrap(&neutral::line(text), layout.width, &label, &" ".repeat(MARGIN)) {
        let _ = writeln!(told, "{line}");
    }
}

/// What goes, where the headline does not say it, and what of it stays.
fn objects(told: &mut String, diff: &Diff<'_>, group: &Group<'_>, layout: Layout<'_>) {
    let most = if layout.verbose { usize::MAX } else { FOLD };
    let list = |rows: &[&Row]| {
        let mut names: Vec<String> = rows.iter().take(most).map(|row| row.key.to_string()).collect();
        if rows.len() > most {
            names.push(format!("{} more (-v)", text::thousands(rows.len() - most)));
        }
        names.join(" · ")
    };
    let label = match group.own.first().map(|row| row.outcome) {
        Some(Outcome::Pruned | Outcome::Cascaded) => "gone",
        _ => "objects",
    };
    match (group.own.as_slice(), group.along.as_slice()) {
        ([_], along) => note(told, "with it", &list(along), layout),
        (own, along) => {
            note(told, label, &list(own), layout);
            note(told, "with it", &list(along), layout);
        }
    }
    for (why, rows) in stays(diff, group) {
        note(told, "stays", &format!("{} ({why})", list(&rows)), layout);
    }
}

/// What would have gone the same way and does not, by reason.
fn stays<'a>(diff: &Diff<'a>, group: &Group<'_>) -> BTreeMap<&'a str, Vec<&'a Row>> {
    let mut stays: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    let goes = |row: &Row| {
        matches!(row.outcome, Outcome::Pruned | Outcome::Cascaded | Outcome::Recreated | Outcome::Stuck)
    };
    let Some(first) = group.own.first().filter(|row| goes(row)) else { return stays };
    let sets: HashSet<[&str; 3]> = group
        .own
        .iter()
        .chain(&group.along)
        .filter(|row| row.key.is("apps", "StatefulSet"))
        .map(|row| [&*row.cluster, &*row.key.namespace, &*row.key.name])
        .collect();
    for row in &diff.forecast.rows {
        let kept = row.outcome == Outcome::Kept
            && row.cluster == first.cluster
            && row.application.is_some()
            && row.application == first.application;
        if kept {
            stays.entry(&row.cause.because).or_default().push(row);
        } else if !goes(row) && is_claim_of(row, &sets) {
            stays.entry("claims of a StatefulSet outlive it").or_default().push(row);
        }
    }
    stays
}

/// Whether a claim was made by the template of one of these StatefulSets (cluster, namespace, name), which names it
/// `<template>-<StatefulSet>-<number>`.
fn is_claim_of(row: &Row, sets: &HashSet<[&str; 3]>) -> bool {
    if row.application.is_some() || !row.key.is("", "PersistentVolumeClaim") {
        return false;
    }
    let Some((stem, number)) = row.key.name.rsplit_once('-') else { return false };
    let cuts = stem.match_indices('-').map(|(at, _)| &stem[at + 1..]);
    number.bytes().all(|byte| byte.is_ascii_digit())
        && cuts.into_iter().any(|set| sets.contains(&[&*row.cluster, &*row.key.namespace, set]))
}

/// What the forecast knows, where no rule has more to say.
fn alone(told: &mut String, diff: &Diff<'_>, first: &Row, is_meant: bool, layout: Layout<'_>) {
    note(told, "why", &first.cause.because, layout);
    let line = |side: Side, place: Place| {
        let path = layout.path(side, &place.path);
        let line = place.line.map(|line| format!(":{line}")).unwrap_or_default();
        format!("{path}{line}")
    };
    let [base, head] = places(diff, first);
    let base = base.map(|place| format!("{} (base)", line(Side::Base, place)));
    let head = head.map(|place| line(Side::Head, place));
    let places: Vec<String> = base.into_iter().chain(head).collect();
    note(told, "where", &places.join(" · "), layout);
    if !is_meant {
        note(told, "do", &(diff.advice)(first), layout);
    }
}

/// The finding that tells the cause, with its lines, and what others add.
fn explained(told: &mut String, diff: &Diff<'_>, main: &Finding, others: &[&Finding], layout: Layout<'_>) {
    note(told, "cause", &main.message, layout);
    text::excerpts(told, &diff.lint, layout, main, MARGIN - 1);
    note(told, "why", &main.because, layout);
    let most = if layout.verbose { usize::MAX } else { FOLD };
    // Of one object, what the first says is enough.
    let further: Vec<&&Finding> = others.iter().filter(|other| other.object != main.object).collect();
    for other in further.iter().take(most) {
        let lint = Lint { findings: std::slice::from_ref(**other), ..diff.lint };
        let placed = place(&lint, &mut Texts::default());
        let line = placed.first().and_then(|placed| placed.start).map(|start| start.line);
        let path = shown(layout, &other.location);
        let place = line.map_or_else(|| path.clone(), |line| format!("{path}:{line}"));
        note(told, "also", &format!("{} ({place})", other.message), layout);
    }
    if further.len() > most {
        note(told, "also", &format!("{} more (-v)", text::count(further.len() - most, "finding")), layout);
    }
    // What shares a name is renamed; which one, and in what order, rules about the merge know.
    let knows = others.iter().find(|other| main.code.starts_with("BH1") && other.code.starts_with(MERGE));
    note(told, "do", &knows.map_or(main, |other| *other).help, layout);
    let mut rules: Vec<String> = Vec::new();
    for finding in std::iter::once(&main).chain(others) {
        let rule = format!("{} {}", finding.code, finding.name);
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    }
    note(told, "rules", &rules.join(" · "), layout);
}
