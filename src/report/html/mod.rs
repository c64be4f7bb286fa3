//! One page that holds everything it needs: no address is fetched, and it reads well without scripts.
//!
//! Rows stand by cluster and Application, or by file where there is no cluster; a script adds filters and a search. A
//! policy in the page lets the browser run nothing but that script, whatever a repository contains.

use crate::files::Side;
use crate::finding::Finding;
use crate::forecast::{self, Outcome};
use crate::report::described::{DANGERS, Described};
use crate::report::diff::{Diff, Place};
use crate::report::diff_text;
use crate::report::placed::{Placed, Texts, place};
use crate::report::sum::{self, Sum};
use crate::report::text::count;
use crate::report::{Error, Layout, Lint, link, neutral, told};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use pulldown_cmark::{Event, Options, Parser};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// Up to so many rows all Applications are unfolded.
const UNFOLDED: usize = 200;
/// Further places of a finding that are shown.
const PLACES: usize = 20;

/// One row: something that is said about an object or a file.
struct Row<'a> {
    /// The cluster; empty where it is about no one cluster.
    cluster: &'a str,
    /// The Application; the file where there is no cluster.
    group: &'a str,
    /// How bad, as a class of the style and a value of the filter.
    level: &'static str,
    /// The code of the rule, or the mechanism of a merge.
    rule: &'a str,
    /// The name of the rule; empty for a mechanism.
    name: &'a str,
    /// What happened, in a few words.
    what: Markup,
    /// Where.
    place: Markup,
    /// Everything else.
    more: Markup,
}

/// Every level that rows may have, the worst first.
const LEVELS: &[&str] =
    &["data-loss", "outage", "orphan", "blocked", "error", "warning", "unknown", "change", "note", "none"];

/// Writes the findings.
pub(super) fn lint(lint: &Lint<'_>, layout: Layout<'_>, out: &mut dyn Write) -> Result<(), Error> {
    let placed = place(lint, &mut Texts::default());
    let sum = Sum::new(lint, &placed);
    let fails = placed.iter().any(|p| lint.fails(p.finding.severity));
    let rows = of_findings(lint, layout, &placed);
    let body = html! {
        (heading(
            &format!("{} billhook: {}", if fails { "✖" } else { "✔" }, sum.verdict()),
            fails,
            std::iter::once(&sum.looked_at).chain(&sum.asides).chain(&sum.left),
        ))
        (filters(rows.iter()))
        main { (tree(&rows)) (not_known(lint)) (rules(lint.rules, rows.iter())) }
    };
    write(&format!("billhook: {}", sum.verdict()), &body, out)
}

/// Writes what a merge does to every object that does not stay as it is, and what is newly found.
pub(super) fn diff(diff: &Diff<'_>, layout: Layout<'_>, out: &mut dyn Write) -> Result<(), Error> {
    let placed = place(&diff.lint, &mut Texts::default());
    let changed = diff.forecast.rows.iter().filter(|row| row.outcome != Outcome::Unchanged);
    let mut forecast: Vec<Row<'_>> = changed.map(|row| of_forecast(diff, layout, row)).collect();
    forecast.sort_by_key(|row| LEVELS.iter().position(|level| *level == row.level)); // Stable: then by key.
    let findings = of_findings(&diff.lint, layout, &placed);
    let unchanged = diff.forecast.rows.len() - forecast.len();
    let both = || forecast.iter().chain(&findings);
    let [base, head] = diff.names.map(neutral::line);
    let summary = diff_text::summary(diff, Layout { verbose: true, ..layout });
    let verdict = diff_text::verdict(diff);
    let described = [DANGERS, diff.lint.rules].concat();
    let body = html! {
        (heading(&verdict, diff.fails, [format!("{base} → {head}"), summary].iter()))
        (filters(both()))
        main {
            h2 { "What the merge does" }
            (applications(diff))
            (tree(&forecast))
            @if unchanged > 0 { p class="soft" { (count(unchanged, "object")) " unchanged" } }
            @if !findings.is_empty() { h2 { "New findings" } (tree(&findings)) }
            (not_known(&diff.lint))
            (rules(&described, both()))
        }
    };
    write(&format!("billhook: {verdict}"), &body, out)
}

fn write(title: &str, body: &Markup, out: &mut dyn Write) -> Result<(), Error> {
    Ok(writeln!(out, "{}", document(title, body).into_string())?)
}

fn footer() -> Markup {
    html! { footer { "billhook " (env!("CARGO_PKG_VERSION")) } }
}

fn heading<'t>(verdict: &str, fails: bool, more: impl Iterator<Item = &'t String>) -> Markup {
    html! {
        header {
            h1 class=(if fails { "fails" } else { "passes" }) { (prose(verdict)) }
            @for text in more { p class="soft" { (prose(text)) } }
        }
    }
}

/// The page around `body`.
fn document(title: &str, body: &Markup) -> Markup {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())));
    let policy = format!(
        "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    );
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { (body) (footer()) script { (PreEscaped(SCRIPT)) } }
        }
    }
}

/// What narrows the rows; shown by the script that makes it work.
fn filters<'r>(rows: impl Iterator<Item = &'r Row<'r>> + Clone) -> Markup {
    let clusters: BTreeSet<&str> =
        rows.clone().map(|row| row.cluster).filter(|name| !name.is_empty()).collect();
    let codes: BTreeSet<(&str, &str)> = rows.clone().map(|row| (row.rule, row.name)).collect();
    let used: BTreeSet<&str> = rows.map(|row| row.level).collect();
    html! {
        @if !used.is_empty() {
            form class="filters" hidden {
                input type="search" name="search" placeholder="Search" aria-label="Search";
                @for level in LEVELS.iter().filter(|level| used.contains(**level)) {
                    label { input type="checkbox" name="level" value=(level) checked; " " (level) }
                }
                select name="rule" aria-label="Rule" {
                    option value="" { "every rule" }
                    @for (code, name) in codes { option value=(code) { (code) " " (name) } }
                }
                select name="cluster" aria-label="Cluster" {
                    option value="" { "every cluster" }
                    @for cluster in clusters {
                        option value=(neutral::line(cluster)) { (neutral::line(cluster)) }
                    }
                }
                output {}
            }
        }
    }
}

/// The rows by cluster, then by Application or file.
fn tree(rows: &[Row<'_>]) -> Markup {
    let mut clusters: BTreeMap<&str, BTreeMap<&str, Vec<&Row<'_>>>> = BTreeMap::new();
    for row in rows {
        clusters.entry(row.cluster).or_default().entry(row.group).or_default().push(row);
    }
    let all_open = rows.len() <= UNFOLDED;
    html! {
        @for (cluster, groups) in &clusters {
            details class="cluster" open {
                summary {
                    @if cluster.is_empty() { "Files" } @else { (neutral::line(cluster)) }
                    (counts(groups.values().flatten()))
                }
                @for (group, rows) in groups {
                    details class="application" open[all_open] {
                        summary {
                            @if group.is_empty() { "Without an Application" } @else { (neutral::line(group)) }
                            (counts(rows.iter()))
                        }
                        @for row in rows {
                            details class={ "row " (row.level) } data-level=(row.level) data-rule=(row.rule) data-cluster=(neutral::line(row.cluster)) {
                                summary {
                                    span class="word" { (row.level) }
                                    span class="what" { (row.what) }
                                    (row.place)
                                }
                                div class="more" { (row.more) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// How many rows of each level there are, the worst first.
fn counts<'r, 'a: 'r>(rows: impl Iterator<Item = &'r &'r Row<'a>>) -> Markup {
    let mut counts: Vec<(&str, usize)> = LEVELS.iter().map(|level| (*level, 0)).collect();
    for row in rows {
        counts.iter_mut().filter(|(level, _)| *level == row.level).for_each(|(_, count)| *count += 1);
    }
    html! {
        @for (level, n) in counts.into_iter().filter(|(_, n)| *n > 0) {
            span class={ "count " (level) } { (count(n, level)) }
        }
    }
}

/// The worst first, then as they come.
fn of_findings<'a>(lint: &Lint<'a>, layout: Layout<'_>, placed: &[Placed<'a>]) -> Vec<Row<'a>> {
    let mut texts = Texts::default();
    told::worst_first(placed).into_iter().map(|p| of_finding(lint, &mut texts, layout, p)).collect()
}

fn of_finding<'a>(lint: &Lint<'a>, texts: &mut Texts, layout: Layout<'_>, p: &Placed<'a>) -> Row<'a> {
    let f = p.finding;
    let cluster = f.cluster.as_deref().unwrap_or("");
    let group = match f.application.as_deref() {
        Some(id) if !cluster.is_empty() => id,
        _ => &f.location.path,
    };
    Row {
        cluster,
        group,
        level: told::severity(f.severity),
        rule: f.code,
        name: f.name,
        what: prose(&f.message),
        place: place_of(layout, f.location.side, &f.location.path, p.start.map(|start| start.line)),
        more: more(lint, texts, layout, f),
    }
}

fn of_forecast<'a>(diff: &Diff<'_>, layout: Layout<'_>, row: &'a forecast::Row) -> Row<'a> {
    let [base, head] = diff_text::places(diff, row);
    let place = |side, place: &Place| place_of(layout, side, &place.path, place.line);
    let [base, head] = [base.map(|at| place(Side::Base, &at)), head.map(|at| place(Side::Head, &at))];
    let level = if row.outcome == Outcome::Unknown { "unknown" } else { diff_text::danger_word(row.danger) };
    let more = html! {
        @if !row.cause.because.is_empty() { p { b { "Why: " } (prose(&row.cause.because)) } }
        @if row.race { p { "The order in which controllers read the commit decides; this is the worst that was seen." } }
        @if row.blocked { p { "Its Application cannot sync, or cannot do all of it." } }
        @if let Some(to) = &row.to_application { p { "From then on of " code { (neutral::line(to)) } } }
        @for at in base.iter().chain(&head) { p { (at) } }
    };
    Row {
        cluster: &row.cluster,
        group: row.application.as_deref().or(row.to_application.as_deref()).unwrap_or(""),
        level,
        rule: row.cause.code,
        name: "",
        what: html! { code { (neutral::line(&row.key.to_string())) } " " (diff_text::verb(row.outcome)) },
        place: head.or(base).unwrap_or_default(),
        more,
    }
}

/// How many objects of each Application meet what.
fn applications(diff: &Diff<'_>) -> Markup {
    let diff_text::Table { columns, rows, others } = diff_text::table(diff.forecast);
    html! {
        @if !rows.is_empty() {
            details open[rows.len() <= UNFOLDED / 10] {
                summary { (count(rows.len(), "Application")) }
                table {
                    thead { tr { th { "Application" } th { "cluster" } @for name in columns { th { (name) } } } }
                    tbody {
                        @for (row, cells) in rows {
                            tr {
                                td { (neutral::line(&row.id)) }
                                td { (neutral::line(&row.cluster)) }
                                @for n in cells { td class="number" { @if n == 0 { "·" } @else { (n) } } }
                            }
                        }
                    }
                }
            }
        }
        @if others > 0 { p class="soft" { (count(others, "Application")) " unchanged" } }
    }
}

fn more(lint: &Lint<'_>, texts: &mut Texts, layout: Layout<'_>, f: &Finding) -> Markup {
    let object = f.object.as_ref().map(told::object);
    html! {
        @if let Some(object) = object { p { "Object: " code { (object) } } }
        @if let (Some(id), true) = (&f.application, f.cluster.is_none()) {
            p { "Application: " code { (neutral::line(id)) } }
        }
        @if !f.because.is_empty() { p { b { "Why: " } (prose(&f.because)) } }
        @if !f.help.is_empty() { p { b { "Fix: " } (prose(&f.help)) } }
        @for label in f.related.iter().take(PLACES) {
            @let at = texts.positions(lint, &label.location).map(|(start, _)| start.line);
            p {
                (place_of(layout, label.location.side, &label.location.path, at)) " " (prose(&label.message))
            }
        }
        @if f.related.len() > PLACES { p { "… " (f.related.len() - PLACES) " more places" } }
        p { a href={ "#" (f.code) } { (told::rule(f)) } }
    }
}

fn place_of(layout: Layout<'_>, side: Side, path: &str, line: Option<u32>) -> Markup {
    let base = if side == Side::Base { " (base)" } else { "" };
    let shown = told::place(&(layout.rooted)(path), line) + base;
    html! {
        @match (path.is_empty(), link::page(layout, side, path, line)) {
            (true, _) => {}
            (_, Some(address)) => a class="place" href=(address) { (shown) }
            (_, None) => span class="place" { (shown) }
        }
    }
}

/// A message, with what it quotes as code.
fn prose(text: &str) -> Markup {
    let text = neutral::line(text);
    html! {
        @for (i, piece) in text.split('`').enumerate() {
            @if i % 2 == 1 { code { (piece) } } @else { (piece) }
        }
    }
}

fn not_known(lint: &Lint<'_>) -> Markup {
    let reasons = sum::reasons(lint.unknown);
    html! {
        @if !reasons.is_empty() {
            h2 { "Not known" }
            @for ((state, help, message), who) in reasons {
                details {
                    summary { (sum::word(state)) ": " (prose(message)) span class="soft" { " (" (who.len()) ")" } }
                    @if !help.is_empty() { p { "Fix: " (prose(help)) } }
                    ul { @for name in who { li { code { (neutral::line(name)) } } } }
                }
            }
        }
    }
}

/// The rules that said something.
fn rules<'r>(described: &[Described], rows: impl Iterator<Item = &'r Row<'r>>) -> Markup {
    let codes: BTreeSet<&str> = rows.flat_map(|row| [row.rule, row.level]).collect();
    let used: Vec<&Described> = described.iter().filter(|one| codes.contains(one.code)).collect();
    html! {
        @if !used.is_empty() {
            h2 { "Rules" }
            @for one in used {
                details class="rule" id=(one.code) {
                    summary { b { (one.code) } @if one.name != one.code { " " (one.name) } }
                    (rendered(one.body))
                }
            }
        }
    }
}

fn rendered(markdown: &str) -> Markup {
    let events = Parser::new_ext(markdown, Options::ENABLE_TABLES).map(|event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        other => other,
    });
    let mut text = String::new();
    pulldown_cmark::html::push_html(&mut text, events);
    PreEscaped(text)
}
