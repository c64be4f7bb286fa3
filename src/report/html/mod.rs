//! One page that holds everything it needs: no address is fetched, and it reads well without scripts.
//!
//! Rows stand by cluster and Application, or by file where there is no cluster; a script adds filters and a search. A
//! policy in the page lets the browser run nothing but that script, whatever a repository contains.

use crate::finding::Finding;
use crate::report::placed::{Placed, Texts, place};
use crate::report::sum::{self, Sum};
use crate::report::text::count;
use crate::report::{Error, Layout, Lint, link, neutral, told};
use crate::rules::{self, Page};
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
    /// The code of the rule.
    rule: &'a str,
    /// What happened, in a few words.
    what: Markup,
    /// Where.
    place: Markup,
    /// Everything else.
    more: Markup,
}

/// Writes the report.
pub(super) fn lint(lint: &Lint<'_>, layout: Layout<'_>, out: &mut dyn Write) -> Result<(), Error> {
    let mut texts = Texts::default();
    let placed = place(lint, &mut texts);
    let sum = Sum::new(lint, &placed);
    let fails = placed.iter().any(|p| lint.fails(p.finding.severity));
    let rows: Vec<Row<'_>> =
        told::worst_first(&placed).into_iter().map(|p| row(lint, &mut texts, layout, p)).collect();
    let names: Vec<&str> = lint.unknown.iter().map(|one| one.problem.code).collect();
    let codes: BTreeSet<&str> = rows.iter().map(|row| row.rule).chain(names).collect();
    let body = html! {
        header {
            h1 class=(if fails { "fails" } else { "passes" }) {
                (if fails { "✖ " } else { "✔ " }) "billhook: " (sum.verdict())
            }
            p { (sum.looked_at) }
            @for aside in sum.asides.iter().chain(&sum.left) { p class="soft" { (aside) } }
        }
        @if !rows.is_empty() {
            (filters(&rows, &["error", "warning", "note"]))
        }
        main { (tree(&rows)) (not_known(lint)) (pages(&codes)) }
        footer { "billhook " (env!("CARGO_PKG_VERSION")) }
    };
    Ok(writeln!(out, "{}", document(&format!("billhook: {}", sum.verdict()), &body).into_string())?)
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
            body { (body) script { (PreEscaped(SCRIPT)) } }
        }
    }
}

/// What narrows the rows; shown by the script that makes it work.
fn filters(rows: &[Row<'_>], levels: &[&str]) -> Markup {
    let clusters: BTreeSet<&str> =
        rows.iter().map(|row| row.cluster).filter(|name| !name.is_empty()).collect();
    let codes: BTreeSet<&str> = rows.iter().map(|row| row.rule).collect();
    let used = levels.iter().filter(|level| rows.iter().any(|row| row.level == **level));
    html! {
        form class="filters" hidden {
            input type="search" name="search" placeholder="Search" aria-label="Search";
            @for level in used {
                label { input type="checkbox" name="level" value=(level) checked; " " (level) }
            }
            select name="rule" aria-label="Rule" {
                option value="" { "every rule" }
                @for code in codes { option value=(code) { (code) " " (name_of(code)) } }
            }
            select name="cluster" aria-label="Cluster" {
                option value="" { "every cluster" }
                @for cluster in clusters { option value=(neutral::line(cluster)) { (neutral::line(cluster)) } }
            }
            output {}
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
                            @if group.is_empty() { "The whole tree" } @else { (neutral::line(group)) }
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

/// How many rows of each level there are, in the order of the rows.
fn counts<'r, 'a: 'r>(rows: impl Iterator<Item = &'r &'r Row<'a>>) -> Markup {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for row in rows {
        match counts.iter_mut().find(|(level, _)| *level == row.level) {
            Some((_, count)) => *count += 1,
            None => counts.push((row.level, 1)),
        }
    }
    html! { @for (level, n) in counts { span class={ "count " (level) } { (count(n, level)) } } }
}

fn row<'a>(lint: &Lint<'a>, texts: &mut Texts, layout: Layout<'_>, p: &Placed<'a>) -> Row<'a> {
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
        what: prose(&f.message),
        place: place_of(layout, &f.location.path, p.start.map(|start| start.line)),
        more: more(lint, texts, layout, f),
    }
}

fn more(lint: &Lint<'_>, texts: &mut Texts, layout: Layout<'_>, f: &Finding) -> Markup {
    let object = f.object.as_ref().map(told::object);
    html! {
        @if let Some(object) = object { p { "Object: " code { (object) } } }
        @if let (Some(id), true) = (&f.application, f.cluster.is_none()) { p { "Application: " code { (neutral::line(id)) } } }
        @if !f.because.is_empty() { p { b { "Why: " } (prose(&f.because)) } }
        @if !f.help.is_empty() { p { b { "Fix: " } (prose(&f.help)) } }
        @for label in f.related.iter().take(PLACES) {
            @let at = texts.positions(lint, &label.location);
            p { (place_of(layout, &label.location.path, at.map(|(start, _)| start.line))) " " (prose(&label.message)) }
        }
        @if f.related.len() > PLACES { p { "… " (f.related.len() - PLACES) " more places" } }
        p { a href={ "#" (f.code) } { (told::rule(f)) } }
    }
}

fn place_of(layout: Layout<'_>, path: &str, line: Option<u32>) -> Markup {
    let shown = told::place(&(layout.rooted)(path), line);
    html! {
        @match (path.is_empty(), link::page(layout, path, line)) {
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
            @for ((state, message), who) in reasons {
                details {
                    summary { (sum::word(state)) ": " (prose(message)) span class="soft" { " (" (who.len()) ")" } }
                    ul { @for name in who { li { code { (neutral::line(name)) } } } }
                }
            }
        }
    }
}

/// The pages of the rules that said something.
fn pages(codes: &BTreeSet<&str>) -> Markup {
    html! {
        @if !codes.is_empty() {
            h2 { "Rules" }
            @for page in codes.iter().filter_map(|code| rules::find(code)) {
                details class="rule" id=(page.code) {
                    summary { b { (page.code) } " " (page.name) }
                    (rendered(page))
                }
            }
        }
    }
}

fn rendered(page: &Page) -> Markup {
    let events = Parser::new_ext(page.body, Options::ENABLE_TABLES).map(|event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        other => other,
    });
    let mut text = String::new();
    pulldown_cmark::html::push_html(&mut text, events);
    PreEscaped(text)
}

fn name_of(code: &str) -> &'static str {
    rules::find(code).map_or("", |page| page.name)
}
