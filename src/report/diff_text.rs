//! `diff` for people: verdict, causes of what is dangerous, what nobody can tell, a table, new findings.

use crate::finding::Finding;
use crate::forecast::{ApplicationRow, Danger, Forecast, Outcome, Row};
use crate::report::diff::{Diff, Place};
use crate::report::excerpt::{self, BOLD, DIM};
use crate::report::{Error, Layout, Lint, neutral, rendered, story, text};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;

/// How many objects of one cause are named before the rest is counted.
const FOLD: usize = 6;

/// Rows that share what happens, why, and to whom, and what goes along with them.
pub(super) struct Group<'a> {
    pub danger: Danger,
    /// The first of them is the worst.
    pub own: Vec<&'a Row>,
    /// What goes along, the worst first.
    pub along: Vec<&'a Row>,
}

/// Writes the report.
pub(super) fn diff(diff: &Diff<'_>, layout: Layout<'_>, out: &mut dyn Write) -> Result<(), Error> {
    let mut told = String::new();
    let [base, head] = diff.names.map(neutral::line);
    let name = "billhook diff";
    for line in excerpt::wrap(&format!("{name}  {base} → {head}"), layout.width, "", &" ".repeat(15)) {
        let rest = line.strip_prefix(name);
        let _ = match rest {
            Some(rest) => writeln!(told, "{BOLD}{name}{BOLD:#}{rest}"),
            None => writeln!(told, "{line}"),
        };
    }
    told.push('\n');
    let groups = groups(diff.forecast);
    let style = if diff.fails { excerpt::style(miette::Severity::Error) } else { BOLD };
    for line in excerpt::wrap(&verdict(diff), layout.width, "", "  ") {
        let _ = writeln!(told, "{style}{line}{style:#}");
    }
    told.push('\n');
    let (causes, others) = story::causes(diff, &groups);
    for (group, causes) in groups.iter().zip(&causes) {
        story::tell(&mut told, diff, group, causes, layout);
    }
    not_told(&mut told, diff.forecast, layout);
    counts(&mut told, diff.forecast, layout);
    if diff.shows_diff {
        rendered::tell(&mut told, diff);
    }
    out.write_all(told.as_bytes())?;
    if !others.is_empty() {
        let findings: Vec<Finding> = others.into_iter().cloned().collect();
        text::findings(&Lint { findings: &findings, ..diff.lint }, layout, out)?;
    }
    if layout.tells_unknown() {
        write!(out, "{}", text::not_known(diff.lint.unknown, layout))?;
    }
    if !layout.quiet {
        for line in excerpt::wrap(&summary(diff, layout), layout.width, "", "  ") {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

/// The causes of what is dangerous, the worst first. What goes along with something is told with it.
pub(super) fn groups(forecast: &Forecast) -> Vec<Group<'_>> {
    let rows = &forecast.rows;
    let root = |mut row: usize| {
        for _ in 0..rows.len() {
            let Some(above) = rows[row].along.filter(|above| is_lost(&rows[*above])) else { break };
            row = above;
        }
        row
    };
    let mut known: BTreeMap<(&str, Option<&str>, Outcome, &str, &str), Group<'_>> = BTreeMap::new();
    for (number, row) in rows.iter().enumerate().filter(|(_, row)| row.danger >= Danger::Change) {
        let root = root(number);
        let top = &rows[root];
        if row.danger < Danger::Blocked && !is_lost(top) {
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

/// Whether others can go along with it.
fn is_lost(row: &Row) -> bool {
    row.danger >= Danger::Change
        && !matches!(row.outcome, Outcome::Created | Outcome::Updated | Outcome::Unchanged | Outcome::Adopted)
}

/// Whether an object is data by itself: a StatefulSet that goes leaves its claims, an Application is only as bad as
/// what it takes along.
fn is_data(row: &Row) -> bool {
    !matches!(&*row.key.kind, "StatefulSet" | "Application" | "ApplicationSet" | "Namespace")
}

/// How many objects and other things nobody can tell of.
fn untold(diff: &Diff<'_>) -> usize {
    let rows = diff.forecast.rows.iter().filter(|row| row.outcome == Outcome::Unknown);
    rows.count() + diff.lint.unknown.len()
}

/// The first line that is read alone: whether it fails, and what the merge does at worst.
pub(super) fn verdict(diff: &Diff<'_>) -> String {
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
        Danger::DataLoss if rows.iter().any(|row| row.danger == worst && is_data(row)) => {
            format!("merging this destroys data {place}")
        }
        Danger::DataLoss => format!("merging this deletes what serves data {place}"),
        Danger::Outage => format!("merging this takes down what is in use {place}"),
        Danger::Orphan => format!("merging this leaves objects behind {place} that nobody looks after"),
        Danger::Blocked => format!("after this merge Argo CD cannot do all that git says {place}"),
        Danger::Change => format!("merging this changes objects {place} and endangers none"),
        Danger::None if untold(diff) > 0 => "merging this changes nothing of what is known".to_owned(),
        Danger::None => "merging this changes nothing on any cluster".to_owned(),
    };
    let sign = if diff.fails { "✖" } else { "✓" };
    let new = diff.fails && !diff.fail_on.contains(&worst);
    let also = if new { ", but it brings new findings" } else { "" };
    format!("{sign} {what}{also}")
}

/// What makes it so in base and in head.
pub(super) fn places(diff: &Diff<'_>, row: &Row) -> [Option<Place>; 2] {
    let in_base = row.base.as_ref().and_then(|manifest| (diff.in_base)(manifest));
    let in_head = row.head.as_ref().and_then(|manifest| (diff.in_head)(manifest));
    [in_base, in_head]
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
pub(super) fn headline(group: &Group<'_>, first: &Row) -> String {
    let one = group.own.len() == 1;
    let objects = match group.own.len() {
        1 => first.key.to_string(),
        count => match group.own.iter().all(|row| row.key.kind == first.key.kind) {
            true => format!("{} {}", text::thousands(count), plural(&first.key.kind)),
            false => text::count(count, "object"),
        },
    };
    let cluster = &first.cluster;
    let app = first.application.as_deref().unwrap_or_default();
    let what = match (first.outcome, app, first.to_application.as_deref()) {
        (Outcome::Pruned, "", _) => format!("{objects} {} pruned on {cluster}", be(one)),
        (Outcome::Pruned, app, _) => format!("`{app}` prunes {objects} on {cluster}"),
        (Outcome::Recreated, _, Some(to)) => {
            format!("{objects} {} from `{app}` to `{to}` on {cluster}, deleted and made anew", moves(one))
        }
        (outcome, ..) => format!("{objects} {} on {cluster}", becomes(outcome, one)),
    };
    let along = match (group.along.len(), first.outcome) {
        (0, _) => String::new(),
        (1, _) => ", and one object with it".to_owned(),
        (count, _) => {
            format!(", and {} with {}", text::count(count, "object"), if one { "it" } else { "them" })
        }
    };
    let data: Vec<String> = group
        .own
        .iter()
        .chain(&group.along)
        .filter(|row| {
            row.danger == Danger::DataLoss && !matches!(&*row.key.kind, "Namespace" | "Application")
        })
        .map(|row| row.key.to_string())
        .collect();
    let single = group.own.len() + group.along.len() == 1;
    let data = match data.as_slice() {
        [] => String::new(),
        _ if single => String::new(),
        [first] => format!(", with data in {first}"),
        [first, second] => format!(", with data in {first} and {second}"),
        [first, second, more @ ..] => format!(", with data in {first}, {second} and {} more", more.len()),
    };
    format!("{what}{along}{data}")
}

/// The plural of a kind.
fn plural(kind: &str) -> String {
    match kind.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ if kind.ends_with(['s', 'x']) => format!("{kind}es"),
        _ => format!("{kind}s"),
    }
}

fn be(one: bool) -> &'static str {
    if one { "is" } else { "are" }
}

fn moves(one: bool) -> &'static str {
    if one { "moves" } else { "move" }
}

/// What happens to one object, or to several.
fn becomes(outcome: Outcome, one: bool) -> String {
    let be = be(one);
    let s = if one { "s" } else { "" };
    match outcome {
        Outcome::Created => format!("{be} made"),
        Outcome::Updated => format!("{be} changed"),
        Outcome::Unchanged => "cannot be changed".to_owned(),
        Outcome::Pruned => format!("{be} pruned"),
        Outcome::Cascaded => format!("{be} deleted"),
        Outcome::Kept => format!("stay{s}, though no longer in git,"),
        Outcome::Orphaned => format!("{be} left behind"),
        Outcome::Adopted => format!("{be} taken over"),
        Outcome::Recreated => format!("{be} deleted and made anew"),
        Outcome::Stuck => format!("hang{s} in deletion"),
        Outcome::Blocked => format!("{be} not made"),
        Outcome::Unknown => format!("{be} not known"),
    }
}

/// What happened, in a word or two.
pub(super) fn verb(outcome: Outcome) -> &'static str {
    match outcome {
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
    }
}

/// What a danger is called.
pub(super) fn danger_word(danger: Danger) -> &'static str {
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
    ("kept", &[Outcome::Kept]),
    ("stuck", &[Outcome::Stuck]),
    ("orphaned", &[Outcome::Orphaned]),
    ("blocked", &[Outcome::Blocked]),
    ("unknown", &[Outcome::Unknown]),
];

/// What happens to how many objects of each Application.
pub(super) struct Table<'a> {
    /// What happens at all, in the order of [`COLUMNS`].
    pub columns: Vec<&'static str>,
    /// The Applications that something happens to, and how many of their objects meet each column.
    pub rows: Vec<(&'a ApplicationRow, Vec<usize>)>,
    /// How many Applications stay as they are.
    pub others: usize,
}

/// One row for every Application that something happens to; the others are counted.
pub(super) fn table(forecast: &Forecast) -> Table<'_> {
    let happens =
        |row: &&ApplicationRow| row.counts.iter().any(|(outcome, _)| *outcome != Outcome::Unchanged);
    let (some, others): (Vec<&ApplicationRow>, Vec<&ApplicationRow>) =
        forecast.applications.iter().partition(happens);
    let of = |row: &ApplicationRow, outcomes: &[Outcome]| -> usize {
        row.counts.iter().filter(|(outcome, _)| outcomes.contains(outcome)).map(|(_, count)| count).sum()
    };
    let used: Vec<_> =
        COLUMNS.iter().filter(|(_, outcomes)| some.iter().any(|row| of(row, outcomes) > 0)).collect();
    let cells = |row: &'_ ApplicationRow| used.iter().map(|(_, outcomes)| of(row, outcomes)).collect();
    Table {
        columns: used.iter().map(|(name, _)| *name).collect(),
        rows: some.into_iter().map(|row| (row, cells(row))).collect(),
        others: others.len(),
    }
}

fn counts(told: &mut String, forecast: &Forecast, layout: Layout<'_>) {
    if layout.quiet {
        return;
    }
    let Table { columns, rows, others } = table(forecast);
    if !rows.is_empty() {
        let name = |row: &ApplicationRow| row.id.chars().count() + row.cluster.chars().count() + 2;
        let wide = rows.iter().map(|(row, _)| name(row)).max().unwrap_or(0).max(20);
        let _ = write!(told, "{BOLD}{:wide$}", "what the merge does");
        for name in columns {
            let _ = write!(told, "  {name:>9}");
        }
        let _ = writeln!(told, "{BOLD:#}");
        for (row, cells) in rows {
            let name = format!("{}  {}", neutral::line(&row.id), neutral::line(&row.cluster));
            let _ = write!(told, "{name:wide$}");
            for count in cells {
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
    if others > 0 {
        let _ = writeln!(told, "{DIM}{} unchanged{DIM:#}", text::count(others, "Application"));
    }
    if !forecast.applications.is_empty() {
        told.push('\n');
    }
}

pub(super) fn summary(diff: &Diff<'_>, layout: Layout<'_>) -> String {
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
        let more = if layout.tells_unknown() { "" } else { " (run with -v)" };
        let _ = write!(told, " · {} not known{more}", text::count(untold, "thing"));
    }
    let worst =
        diff.forecast.rows.iter().map(|row| row.danger).filter(|danger| diff.fail_on.contains(danger)).max();
    if let (true, Some(worst)) = (diff.fails, worst) {
        let _ = write!(told, " · fails because of {} (diff.failOn)", danger_word(worst));
    }
    told
}
