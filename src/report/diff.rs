//! `billhook.diff/1`: what a merge does, as one document or one line an object; and the same for people.

use crate::forecast::{ApplicationRow, Danger, Forecast, Outcome, Row, Standing};
use crate::model::Manifest;
use crate::report::excerpt::{self, BOLD, DIM};
use crate::report::json::{self, FindingLine};
use crate::report::lines::{Key, Unknown};
use crate::report::neutral::{self, EscapeJson};
use crate::report::{Error, Format, Layout, Lint, text, yaml};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;
use std::sync::Arc;

/// How many objects of one cause are named before the rest is counted.
const FOLD: usize = 6;

/// Everything a comparison tells.
pub struct Diff<'a> {
    /// What the merge does.
    pub forecast: &'a Forecast,
    /// What base and head are called.
    pub names: [&'a str; 2],
    /// The place of an object in base.
    pub in_base: &'a dyn Fn(&Manifest) -> Option<Place>,
    /// The place of an object in head.
    pub in_head: &'a dyn Fn(&Manifest) -> Option<Place>,
    /// The findings of head that base does not have, and what could not be told.
    pub lint: Lint<'a>,
    /// How many findings of head base has as well.
    pub existing: usize,
    /// Dangers that fail.
    pub fail_on: &'a [Danger],
    /// Whether it fails.
    pub fails: bool,
}

/// A line of one of the trees.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Place {
    /// The file, from the root of the tree.
    pub path: Arc<str>,
    /// The line, from 1; null where only the file is known.
    pub line: Option<u32>,
}

/// What `diff --format json` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DiffReport<'a> {
    /// Always `billhook.diff/1`; a change that breaks readers gets another number.
    pub format: &'static str,
    /// What is merged into: a revision or a folder.
    pub base: &'a str,
    /// What is merged.
    pub head: &'a str,
    /// One row for every object of base or head, by cluster and key.
    pub forecast: Vec<RowLine<'a>>,
    /// The Applications, by cluster and name.
    pub applications: Vec<ApplicationLine<'a>>,
    /// What could not be read, rendered or resolved in head.
    pub unknown: &'a [Unknown<'a>],
    /// The findings of head that base does not have.
    pub findings: Vec<FindingLine<'a>>,
    /// How many findings of head base has as well.
    pub existing: usize,
    /// Whether something of this is to stop the merge.
    pub verdict: Verdict,
}

/// Whether the merge is to be stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing that fails.
    Pass,
    /// A danger of `diff.failOn`, or a new finding at `--fail-on`.
    Fail,
}

/// What happens to one object; also a line of `diff --format ndjson`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RowLine<'a> {
    /// What the merge does.
    pub outcome: Outcome,
    /// How bad that is.
    pub danger: Danger,
    /// Its Application cannot sync, or cannot do all of it.
    pub blocked: bool,
    /// Only the order in which controllers read the commit decides; the outcome is the worst that was seen.
    pub race: bool,
    /// Where it is: the name in the configuration, else the destination's name or server.
    pub cluster: &'a str,
    /// The Application (`namespace/name`) that had it last in base, else the one that has it in head.
    pub application: Option<&'a str>,
    /// The Application that has it in head, where that is another one.
    pub to_application: Option<&'a str>,
    /// The object.
    pub object: Key<'a>,
    /// Names the mechanism.
    pub code: &'a str,
    /// The mechanism in one sentence; empty where nothing happens.
    pub because: &'a str,
    /// The line in base.
    pub base: Option<Place>,
    /// The line in head: of the object, else of the Application that has it no more.
    pub head: Option<Place>,
    /// Whether somebody said that this is meant.
    pub acknowledged: bool,
}

/// What happens to one Application as a whole.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ApplicationLine<'a> {
    /// `namespace/name`.
    pub application: &'a str,
    /// Where it deploys to.
    pub cluster: &'a str,
    /// What happens to the Application object.
    pub outcome: Outcome,
    /// How it stands once the merge has been read.
    pub standing: Standing,
    /// Why it does not do all that git says; empty where it does.
    pub because: &'a str,
    /// How many of its objects meet each outcome.
    pub objects: BTreeMap<Outcome, usize>,
}

/// Writes `diff` as `format`.
pub fn diff(format: Format, diff: &Diff<'_>, layout: Layout<'_>, out: &mut dyn Write) -> Result<(), Error> {
    match format {
        Format::Text => people(diff, layout, out),
        Format::Json => {
            serde_json::to_writer(EscapeJson(&mut *out), &report(diff))?;
            Ok(writeln!(out)?)
        }
        Format::Ndjson => {
            for row in &diff.forecast.rows {
                serde_json::to_writer(EscapeJson(&mut *out), &line(diff, row))?;
                writeln!(out)?;
            }
            Ok(())
        }
        Format::Yaml => yaml::write(&report(diff), out),
    }
}

fn report<'a>(diff: &Diff<'a>) -> DiffReport<'a> {
    let application = |row: &'a ApplicationRow| ApplicationLine {
        application: &row.id,
        cluster: &row.cluster,
        outcome: row.outcome,
        standing: row.standing,
        because: &row.because,
        objects: row.counts.iter().copied().collect(),
    };
    DiffReport {
        format: "billhook.diff/1",
        base: diff.names[0],
        head: diff.names[1],
        forecast: diff.forecast.rows.iter().map(|row| line(diff, row)).collect(),
        applications: diff.forecast.applications.iter().map(application).collect(),
        unknown: diff.lint.unknown,
        findings: json::report(&diff.lint).findings,
        existing: diff.existing,
        verdict: if diff.fails { Verdict::Fail } else { Verdict::Pass },
    }
}

fn line<'a>(diff: &Diff<'a>, row: &'a Row) -> RowLine<'a> {
    RowLine {
        outcome: row.outcome,
        danger: row.danger,
        blocked: row.blocked,
        race: row.race,
        cluster: &row.cluster,
        application: row.application.as_deref(),
        to_application: row.to_application.as_deref(),
        object: Key {
            group: &row.key.group,
            kind: &row.key.kind,
            namespace: &row.key.namespace,
            name: &row.key.name,
        },
        code: row.cause.code,
        because: &row.cause.because,
        base: row.base.as_ref().and_then(|manifest| (diff.in_base)(manifest)),
        head: row.head.as_ref().and_then(|manifest| (diff.in_head)(manifest)),
        acknowledged: false,
    }
}

/// Rows that share what happens, why, and to whom, and what goes along with them.
struct Group<'a> {
    danger: Danger,
    /// The first of them is the worst.
    own: Vec<&'a Row>,
    /// What goes along, the worst first.
    along: Vec<&'a Row>,
}

fn people(diff: &Diff<'_>, layout: Layout<'_>, out: &mut dyn Write) -> Result<(), Error> {
    let mut told = String::new();
    let [base, head] = diff.names.map(neutral::line);
    let _ = writeln!(told, "{BOLD}billhook diff{BOLD:#}  {base} → {head}\n");
    let groups = groups(diff.forecast);
    verdict(&mut told, diff);
    for group in &groups {
        dangerous(&mut told, diff, group, layout);
    }
    not_told(&mut told, diff.forecast, layout);
    counts(&mut told, diff.forecast, layout);
    out.write_all(told.as_bytes())?;
    if !diff.lint.findings.is_empty() {
        text::findings(&diff.lint, layout, out)?;
    }
    if layout.verbose {
        write!(out, "{}", text::not_known(diff.lint.unknown, layout))?;
    }
    if !layout.quiet {
        writeln!(out, "{}", summary(diff, layout))?;
    }
    Ok(())
}

/// The causes of what is dangerous, the worst first. What goes along with something is told with it.
fn groups(forecast: &Forecast) -> Vec<Group<'_>> {
    let rows = &forecast.rows;
    let root = |mut row: usize| {
        for _ in 0..rows.len() {
            let Some(above) = rows[row].along.filter(|above| rows[*above].danger >= Danger::Change) else {
                break;
            };
            row = above;
        }
        row
    };
    let mut known: BTreeMap<(&str, Option<&str>, Outcome, &str, &str), Group<'_>> = BTreeMap::new();
    for (number, row) in rows.iter().enumerate().filter(|(_, row)| row.danger >= Danger::Change) {
        let root = root(number);
        let top = &rows[root];
        if row.danger < Danger::Blocked && matches!(top.outcome, Outcome::Created | Outcome::Updated) {
            continue;
        }
        let key =
            (&*top.cluster, top.application.as_deref(), top.outcome, top.cause.code, &*top.cause.because);
        let group = known.entry(key).or_insert_with(|| Group {
            danger: Danger::None,
            own: Vec::new(),
            along: Vec::new(),
        });
        group.danger = group.danger.max(row.danger);
        if root == number { group.own.push(row) } else { group.along.push(row) }
    }
    let mut groups: Vec<Group<'_>> =
        known.into_values().filter(|group| group.danger >= Danger::Blocked).collect();
    for group in &mut groups {
        // Stable: then by cluster and key.
        group.own.sort_by_key(|row| std::cmp::Reverse(row.danger));
        group.along.sort_by_key(|row| std::cmp::Reverse(row.danger));
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.danger));
    groups
}

/// How many objects and other things nobody can tell of.
fn untold(diff: &Diff<'_>) -> usize {
    let rows = diff.forecast.rows.iter().filter(|row| row.outcome == Outcome::Unknown);
    rows.count() + diff.lint.unknown.len()
}

fn verdict(told: &mut String, diff: &Diff<'_>) {
    let rows = &diff.forecast.rows;
    let worst = rows.iter().map(|row| row.danger).max().unwrap_or(Danger::None);
    let mut clusters: Vec<&str> =
        rows.iter().filter(|row| row.danger == worst).map(|row| &*row.cluster).collect();
    clusters.sort_unstable();
    clusters.dedup();
    let place = match clusters.as_slice() {
        [one] => format!("on `{}`", neutral::line(one)),
        many => format!("on {} clusters", many.len()),
    };
    let what = match worst {
        Danger::DataLoss => format!("merging this destroys data {place}"),
        Danger::Outage => format!("merging this takes away what others need {place}"),
        Danger::Orphan => format!("merging this leaves objects behind that nobody owns {place}"),
        Danger::Blocked => format!("after this merge not everything comes into being {place}"),
        Danger::Change => format!("merging this changes objects {place}, and takes away nothing of weight"),
        Danger::None if untold(diff) > 0 => "merging this changes nothing of what is known".to_owned(),
        Danger::None => "merging this changes nothing on any cluster".to_owned(),
    };
    let sign = if diff.fails { "✖" } else { "✓" };
    let new = diff.fails && !diff.fail_on.contains(&worst);
    let also = if new { ", but it brings new findings" } else { "" };
    let style = match diff.fails {
        true => excerpt::style(miette::Severity::Error),
        false => BOLD,
    };
    let _ = writeln!(told, "{style}{sign} {what}{also}{style:#}\n");
}

fn dangerous(told: &mut String, diff: &Diff<'_>, group: &Group<'_>, layout: Layout<'_>) {
    let Some(first) = group.own.first() else { return };
    let style = match group.danger {
        Danger::DataLoss | Danger::Outage => excerpt::style(miette::Severity::Error),
        _ => excerpt::style(miette::Severity::Warning),
    };
    let word = danger_word(group.danger);
    let _ = writeln!(told, "{style}{word:<10}{style:#} {}", neutral::line(&headline(group, first)));
    let mut note = |label: &str, text: &str| {
        if text.is_empty() {
            return;
        }
        let label = format!("   {label:<7} ");
        for line in excerpt::wrap(&neutral::line(text), layout.width, &label, "           ") {
            let _ = writeln!(told, "{line}");
        }
    };
    note("why", &first.cause.because);
    let all = || group.own.iter().chain(&group.along);
    if all().any(|row| row.race) {
        note("", "the order in which controllers read the commit decides; this is the worst that was seen");
    }
    let shown = if layout.verbose { usize::MAX } else { FOLD };
    let list = |rows: &[&Row]| {
        let mut names: Vec<String> = rows.iter().take(shown).map(|row| row.key.to_string()).collect();
        if rows.len() > shown {
            names.push(format!("{} more (-v)", rows.len() - shown));
        }
        names.join(" · ")
    };
    if group.own.len() > 1 {
        note("objects", &list(&group.own));
    }
    note("with it", &list(&group.along));
    let line = |place: Place, path: String| match place.line {
        Some(line) => format!("{path}:{line}"),
        None => path,
    };
    let base = first.base.as_ref().and_then(|manifest| (diff.in_base)(manifest));
    let base = base.map(|place| format!("{} (base)", line(place.clone(), place.path.to_string())));
    let head = first.head.as_ref().and_then(|manifest| (diff.in_head)(manifest));
    let head = head.map(|place| format!("{} (head)", line(place.clone(), (layout.shown)(&place.path))));
    let places: Vec<String> = base.into_iter().chain(head).collect();
    note("where", &places.join(" · "));
    told.push('\n');
}

/// What becomes of these objects nobody can tell; each reason once.
fn not_told(told: &mut String, forecast: &Forecast, layout: Layout<'_>) {
    let mut reasons: BTreeMap<(&str, &str), Vec<&Row>> = BTreeMap::new();
    for row in forecast.rows.iter().filter(|row| row.outcome == Outcome::Unknown) {
        reasons.entry((&row.cluster, &row.cause.because)).or_default().push(row);
    }
    for ((cluster, because), rows) in reasons {
        let mut names: Vec<String> = rows.iter().take(FOLD).map(|row| row.key.to_string()).collect();
        if rows.len() > FOLD {
            names.push(format!("{} more", rows.len() - FOLD));
        }
        let count = text::count(rows.len(), "object");
        let _ = writeln!(told, "{BOLD}not known{BOLD:#}  {count} on {}", neutral::line(cluster));
        for (label, text) in [("why", because), ("objects", names.join(" · ").as_str())] {
            let label = format!("   {label:<7} ");
            for line in excerpt::wrap(&neutral::line(text), layout.width, &label, "           ") {
                let _ = writeln!(told, "{line}");
            }
        }
        told.push('\n');
    }
}

/// What happens to how many objects of whom, and where.
fn headline(group: &Group<'_>, first: &Row) -> String {
    let objects = match group.own.len() {
        1 => first.key.to_string(),
        count => format!("{count} objects"),
    };
    let verb = match first.outcome {
        Outcome::Created => "made",
        Outcome::Updated => "changed",
        Outcome::Unchanged => "left as it is",
        Outcome::Pruned => "pruned",
        Outcome::Cascaded => "deleted",
        Outcome::Kept => "kept",
        Outcome::Orphaned => "orphaned",
        Outcome::Adopted => "adopted",
        Outcome::Recreated => "deleted and made anew",
        Outcome::Stuck => "stuck in deletion",
        Outcome::Blocked => "not made",
        Outcome::Unknown => "not known",
    };
    let along = match group.along.len() {
        0 => String::new(),
        1 => ", and one object with it".to_owned(),
        count => format!(", and {count} objects with it"),
    };
    let data: Vec<String> = group
        .own
        .iter()
        .chain(&group.along)
        .filter(|row| {
            row.danger == Danger::DataLoss && !matches!(&*row.key.kind, "Namespace" | "Application")
        })
        .take(2)
        .map(|row| row.key.to_string())
        .collect();
    let single = group.own.len() + group.along.len() == 1;
    let data = match data.as_slice() {
        [] => String::new(),
        _ if single => String::new(),
        some => format!("; data in {}", some.join(" and ")),
    };
    let whose = match (&first.application, &first.to_application) {
        (Some(from), Some(to)) => format!("`{from}` → `{to}`: "),
        (Some(from), None) => format!("`{from}`: "),
        _ => String::new(),
    };
    format!("{whose}{objects} {verb} on {}{along}{data}", first.cluster)
}

fn danger_word(danger: Danger) -> &'static str {
    match danger {
        Danger::DataLoss => "data-loss",
        Danger::Outage => "outage",
        Danger::Orphan => "orphan",
        Danger::Blocked => "blocked",
        Danger::Change => "change",
        Danger::None => "none",
    }
}

/// The columns of the table, in order.
const COLUMNS: &[(&str, &[Outcome])] = &[
    ("created", &[Outcome::Created]),
    ("updated", &[Outcome::Updated, Outcome::Adopted]),
    ("pruned", &[Outcome::Pruned]),
    ("cascaded", &[Outcome::Cascaded]),
    ("recreated", &[Outcome::Recreated]),
    ("kept", &[Outcome::Kept, Outcome::Stuck]),
    ("orphaned", &[Outcome::Orphaned]),
    ("blocked", &[Outcome::Blocked]),
    ("unknown", &[Outcome::Unknown]),
];

/// One line for every Application that something happens to; the others are counted.
fn counts(told: &mut String, forecast: &Forecast, layout: Layout<'_>) {
    if layout.quiet {
        return;
    }
    let happens =
        |row: &&ApplicationRow| row.counts.iter().any(|(outcome, _)| *outcome != Outcome::Unchanged);
    let (some, others): (Vec<&ApplicationRow>, Vec<&ApplicationRow>) =
        forecast.applications.iter().partition(happens);
    if !some.is_empty() {
        let widest = some.iter().map(|row| row.id.chars().count() + row.cluster.chars().count() + 2).max();
        let wide = widest.unwrap_or(0).max(20);
        let _ = write!(told, "{BOLD}{:wide$}", "what the merge does");
        let used: Vec<_> = COLUMNS
            .iter()
            .filter(|(_, outcomes)| {
                some.iter().any(|row| row.counts.iter().any(|(outcome, _)| outcomes.contains(outcome)))
            })
            .collect();
        for (name, _) in &used {
            let _ = write!(told, "  {name:>9}");
        }
        let _ = writeln!(told, "{BOLD:#}");
        for row in some {
            let name = format!("{}  {}", neutral::line(&row.id), neutral::line(&row.cluster));
            let _ = write!(told, "{name:wide$}");
            for (_, outcomes) in &used {
                let count: usize = row
                    .counts
                    .iter()
                    .filter(|(outcome, _)| outcomes.contains(outcome))
                    .map(|(_, count)| count)
                    .sum();
                match count {
                    0 => told.push_str("          ·"),
                    count => {
                        let _ = write!(told, "  {count:>9}");
                    }
                }
            }
            told.push('\n');
        }
    }
    if !others.is_empty() {
        let _ = writeln!(told, "{DIM}{} unchanged{DIM:#}", text::count(others.len(), "Application"));
    }
    if !forecast.applications.is_empty() {
        told.push('\n');
    }
}

fn summary(diff: &Diff<'_>, layout: Layout<'_>) -> String {
    let mut parts = Vec::new();
    for danger in [Danger::DataLoss, Danger::Outage, Danger::Orphan, Danger::Blocked] {
        let rows = diff.forecast.rows.iter().filter(|row| row.danger == danger).count();
        if rows > 0 {
            parts.push(format!("{rows} {}", danger_word(danger)));
        }
    }
    let mut told = if parts.is_empty() { "no danger".to_owned() } else { parts.join(", ") };
    let _ = write!(told, " in {}", text::count(diff.forecast.rows.len(), "object"));
    if !diff.lint.findings.is_empty() {
        let _ = write!(told, " · {}", text::count(diff.lint.findings.len(), "new finding"));
    }
    if diff.existing > 0 {
        let _ = write!(told, " · {} there before", text::count(diff.existing, "finding"));
    }
    let untold = untold(diff);
    if untold > 0 {
        let more = if layout.verbose { "" } else { " (run with -v)" };
        let _ = write!(told, " · {} not known{more}", text::count(untold, "thing"));
    }
    let worst =
        diff.forecast.rows.iter().map(|row| row.danger).filter(|danger| diff.fail_on.contains(danger)).max();
    if let (true, Some(worst)) = (diff.fails, worst) {
        let _ = write!(told, " · fails because of {} (diff.failOn)", danger_word(worst));
    }
    told
}
