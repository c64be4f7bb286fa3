//! GitHub-flavoured Markdown: a comment on a pull request that is found and replaced by its marker, or a job summary.
//!
//! A comment holds 65,536 characters. The worst come first, so what does not fit is the least; it is counted. Text from
//! the repository stands in code spans where a message quotes it, and is escaped everywhere else, so that it makes no
//! link, no HTML, no mention of anybody and no reference to an issue.

use crate::files::{Location, Side};
use crate::finding::{Finding, Label, Severity};
use crate::forecast::{Danger, Forecast, Outcome, Row};
use crate::report::diff::Diff;
use crate::report::diff_text;
use crate::report::lines::Unknown;
use crate::report::placed::{Placed, Texts, place};
use crate::report::sum::{self, Sum};
use crate::report::text::{count, groups};
use crate::report::{Error, Layout, Lint, link, neutral, told};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;

/// What a comment of GitHub holds, here in bytes, of which there are never fewer than characters.
const MOST: usize = 65_536;
/// Kept for what comes behind the findings: how many did not fit.
const TAIL: usize = 1_000;
/// Kept for what comes before what a merge deletes.
const FIRST: usize = 16_000;
/// Bytes of one text of a finding.
const TEXT: usize = 2_000;
/// Objects of one cause that are named before the rest is counted.
const FOLD: usize = 10;

/// Writes the findings.
pub(super) fn lint(lint: &Lint<'_>, layout: Layout<'_>, out: &mut dyn Write) -> Result<(), Error> {
    let mut texts = Texts::default();
    let placed = place(lint, &mut texts);
    let mut page = Page::new(lint.command);
    heading(&mut page, lint, &placed);
    findings(&mut page, lint, &mut texts, layout, &placed, "");
    not_known(&mut page, lint.unknown);
    Ok(out.write_all(page.finish().as_bytes())?)
}

/// Writes what a merge does: what it takes away before everything else, which is cut before that is.
pub(super) fn diff(diff: &Diff<'_>, layout: Layout<'_>, out: &mut dyn Write) -> Result<(), Error> {
    let mut texts = Texts::default();
    let placed = place(&diff.lint, &mut texts);
    let groups = diff_text::groups(diff.forecast);
    let mut page = Page::new("diff");
    let quiet = groups.is_empty() && placed.is_empty();
    let verdict = prose(&diff_text::verdict(diff));
    page.always(&if quiet { format!("**{verdict}**\n\n") } else { format!("### {verdict}\n\n") });
    let [base, head] = diff.names.map(code);
    let summary = prose(&diff_text::summary(diff, Layout { verbose: true, ..layout }));
    page.always(&format!("{base} → {head} · {summary}\n"));
    let lines = gone(diff.forecast);
    page.keep(lines.iter().map(|(text, _)| text.len()).sum());
    if !groups.is_empty() {
        page.begin(&count(groups.len(), "cause"), true);
        for group in &groups {
            page.add(&cause(diff, layout, group), 1);
        }
        page.end("causes");
    }
    page.release();
    if !lines.is_empty() {
        let objects: usize = lines.iter().map(|(_, objects)| objects).sum();
        page.begin(&format!("{} that the merge deletes", count(objects, "object")), true);
        for (text, objects) in &lines {
            page.add(text, *objects);
        }
        page.end("objects that are deleted");
    }
    findings(&mut page, &diff.lint, &mut texts, layout, &placed, "new ");
    applications(&mut page, diff.forecast);
    not_told(&mut page, diff.forecast);
    not_known(&mut page, diff.lint.unknown);
    Ok(out.write_all(page.finish().as_bytes())?)
}

/// The findings by severity, in sections that can be folded; those that fail are unfolded.
fn findings(
    page: &mut Page,
    lint: &Lint<'_>,
    texts: &mut Texts,
    layout: Layout<'_>,
    placed: &[Placed<'_>],
    new: &str,
) {
    let mut groups = groups(placed);
    groups.sort_by_key(|members| Reverse(worst(members)));
    for severity in [Severity::Error, Severity::Warning, Severity::Note] {
        let of_it: Vec<_> = groups.iter().filter(|members| worst(members) == Some(severity)).collect();
        let findings: usize = of_it.iter().map(|members| members.len()).sum();
        if findings == 0 {
            continue;
        }
        let open = lint.fails(severity) || placed.iter().all(|p| p.finding.severity <= severity);
        let word = told::severity(severity);
        page.begin(&count(findings, &format!("{new}{word}")), open);
        for members in of_it {
            let text = match members.as_slice() {
                [one] => single(lint, texts, layout, one),
                many => together(layout, many),
            };
            page.add(&text, members.len());
        }
        page.end(&format!("of severity {word}"));
    }
}

/// What happens, why, and where it comes from.
fn cause(diff: &Diff<'_>, layout: Layout<'_>, group: &diff_text::Group<'_>) -> String {
    let Some(first) = group.own.first() else {
        return String::new();
    };
    let mut text = format!(
        "- **{}** {}\n",
        diff_text::danger_word(group.danger),
        prose(&diff_text::headline(group, first))
    );
    if !first.cause.because.is_empty() {
        let _ = writeln!(text, "  - *Why:* {}", prose(&first.cause.because));
    }
    if group.own.iter().chain(&group.along).any(|row| row.race) {
        text.push_str("  - the order in which controllers read the commit decides; this is the worst\n");
    }
    let [base, head] = diff_text::places(diff, first);
    let base = base.map(|place| format!("{} (base)", linked(layout, Side::Base, &place.path, place.line)));
    let head = head.map(|place| linked(layout, Side::Head, &place.path, place.line));
    let places: Vec<String> = base.into_iter().chain(head).collect();
    if !places.is_empty() {
        let _ = writeln!(text, "  - *Where:* {}", places.join(" · "));
    }
    text
}

/// The objects that are deleted, a few a line, and how many those are; data first.
fn gone(forecast: &Forecast) -> Vec<(String, usize)> {
    const A_LINE: usize = 20;
    type Key<'a> = (Reverse<Danger>, &'a str, Option<&'a str>, &'static str);
    let mut lines: BTreeMap<Key<'_>, Vec<&Row>> = BTreeMap::new();
    let deleted = [Outcome::Pruned, Outcome::Cascaded, Outcome::Recreated, Outcome::Stuck];
    for row in forecast.rows.iter().filter(|row| deleted.contains(&row.outcome)) {
        let key =
            (Reverse(row.danger), &*row.cluster, row.application.as_deref(), diff_text::verb(row.outcome));
        lines.entry(key).or_default().push(row);
    }
    let line = |((Reverse(danger), cluster, application, verb), rows): (Key<'_>, Vec<&Row>)| {
        let whose = application.map(|id| format!(" from {}", code(id))).unwrap_or_default();
        let head = format!("- **{}** {verb}{whose} on {}", diff_text::danger_word(danger), code(cluster));
        let chunks: Vec<(String, usize)> = rows
            .chunks(A_LINE)
            .map(|some| {
                let names: Vec<String> = some.iter().map(|row| code(&row.key.to_string())).collect();
                (format!("{head}: {}\n", names.join(", ")), some.len())
            })
            .collect();
        chunks
    };
    lines.into_iter().flat_map(line).collect()
}

/// How many objects of each Application meet what.
fn applications(page: &mut Page, forecast: &Forecast) {
    let diff_text::Table { columns, rows, others } = diff_text::table(forecast);
    if rows.is_empty() {
        return;
    }
    page.begin("What the merge does", false);
    let lines = columns.iter().map(|_| "--:").collect::<Vec<_>>().join("|");
    page.always(&format!("|Application|cluster|{}|\n|---|---|{lines}|\n", columns.join("|")));
    for (row, cells) in rows {
        let cells: Vec<String> =
            cells.iter().map(|n| if *n == 0 { "·".to_owned() } else { n.to_string() }).collect();
        // A bar ends a cell even inside of code.
        let [id, cluster] = [&row.id, &row.cluster].map(|name| code(name).replace('|', "\\|"));
        page.add(&format!("|{id}|{cluster}|{}|\n", cells.join("|")), 1);
    }
    if others > 0 {
        page.always(&format!("\n{} unchanged\n", count(others, "Application")));
    }
    page.end("Applications");
}

/// The objects that nobody can tell of, each reason once.
fn not_told(page: &mut Page, forecast: &Forecast) {
    let mut reasons: BTreeMap<(&str, &str), Vec<&Row>> = BTreeMap::new();
    for row in forecast.rows.iter().filter(|row| row.outcome == Outcome::Unknown) {
        reasons.entry((&row.cluster, &row.cause.because)).or_default().push(row);
    }
    if reasons.is_empty() {
        return;
    }
    let objects: usize = reasons.values().map(Vec::len).sum();
    page.begin(&format!("{} nobody can tell of", count(objects, "object")), false);
    for ((cluster, because), rows) in reasons {
        let names: Vec<String> = rows.iter().take(FOLD).map(|row| code(&row.key.to_string())).collect();
        let more = rows.len().saturating_sub(FOLD);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let text = format!("- {} on {}: {}{more}\n", prose(because), code(cluster), names.join(", "));
        page.add(&text, rows.len());
    }
    page.end("objects");
}

/// A text that knows how much it may still hold.
pub(super) struct Page {
    text: String,
    /// Whether something did not fit: what is worse comes first, so nothing follows it.
    full: bool,
    /// How many things of the open section did not fit.
    left_out: usize,
    /// Bytes that are kept for what follows.
    kept: usize,
}

impl Page {
    /// A page with the marker by which the comment of this command is found.
    pub fn new(command: &str) -> Self {
        Self { text: format!("<!-- billhook:{command} -->\n"), full: false, left_out: 0, kept: 0 }
    }

    /// Keeps so many bytes free for what follows, as far as that leaves room for anything else.
    pub fn keep(&mut self, bytes: usize) {
        self.kept = bytes.min(MOST - TAIL - FIRST);
    }

    /// Gives free what was kept.
    pub fn release(&mut self) {
        self.kept = 0;
        self.full = false;
    }

    /// Adds what must be there.
    pub fn always(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Begins a section that can be folded.
    pub fn begin(&mut self, title: &str, open: bool) {
        let open = if open { " open" } else { "" };
        let _ = write!(self.text, "\n<details{open}><summary>{title}</summary>\n\n");
    }

    /// Adds an item that stands for so many things, or counts them where it does not fit.
    pub fn add(&mut self, text: &str, things: usize) {
        self.full |= self.text.len() + text.len() + TAIL + self.kept > MOST;
        if self.full {
            self.left_out += things;
        } else {
            self.text.push_str(text);
        }
    }

    /// Ends the section; says how many of its things are left out.
    pub fn end(&mut self, what: &str) {
        if self.left_out > 0 {
            let more = format!("{} more", crate::report::text::thousands(self.left_out));
            let _ = writeln!(self.text, "- … {more} {what}: there is no room for them here");
            self.left_out = 0;
        }
        self.text.push_str("\n</details>\n");
    }

    /// The text.
    pub fn finish(self) -> String {
        self.text
    }
}

fn heading(page: &mut Page, lint: &Lint<'_>, placed: &[Placed<'_>]) {
    let sum = Sum::new(lint, placed);
    let rest: Vec<String> =
        std::iter::once(sum.looked_at.clone()).chain(sum.asides.clone()).chain(sum.left.clone()).collect();
    let fails = placed.iter().any(|p| lint.fails(p.finding.severity));
    if placed.is_empty() {
        page.always(&format!("✔ **billhook: clean** · {}\n", rest.join(" · ")));
        return;
    }
    let sign = if fails { "✖" } else { "✔" };
    page.always(&format!("### {sign} billhook: {}\n\n{}\n", sum.verdict(), rest.join(" · ")));
}

fn worst(members: &[&Placed<'_>]) -> Option<Severity> {
    members.iter().map(|p| p.finding.severity).max()
}

fn single(lint: &Lint<'_>, texts: &mut Texts, layout: Layout<'_>, p: &Placed<'_>) -> String {
    let f = p.finding;
    let mut text = format!("- **{}**\\\n", prose(&f.message));
    let place = match &*f.location.path {
        "" => String::new(),
        _ => format!("{} · ", place_of(layout, &f.location, p.start.map(|start| start.line))),
    };
    let _ = writeln!(text, "  {place}{}{}", named(f), whose(f));
    let (home, others): (Vec<&Label>, Vec<&Label>) =
        f.related.iter().partition(|label| label.location == f.location);
    for label in home {
        let _ = writeln!(text, "  - here: {}", prose(&label.message));
    }
    for label in &others[..others.len().min(FOLD)] {
        let at = texts.positions(lint, &label.location);
        let line = at.map(|(start, _)| start.line);
        let _ = writeln!(text, "  - {}: {}", place_of(layout, &label.location, line), prose(&label.message));
    }
    if others.len() > FOLD {
        let _ = writeln!(text, "  - … {} more places", others.len() - FOLD);
    }
    notes(&mut text, f);
    text
}

/// One heading, one line an object, one cause.
fn together(layout: Layout<'_>, members: &[&Placed<'_>]) -> String {
    let Some(first) = members.first().map(|p| p.finding) else {
        return String::new();
    };
    let one_owner = members.iter().all(|p| p.finding.application == first.application);
    let whose = if one_owner { whose(first) } else { String::new() };
    let mut text = format!("- **{}**\\\n  {}{whose}\n", prose(&first.group), named(first));
    let shown = if members.len() <= FOLD + 1 { members.len() } else { FOLD };
    for p in &members[..shown] {
        let f = p.finding;
        let subject = match &f.object {
            Some(object) => code(&told::object(object)),
            None => prose(&f.message),
        };
        let place = place_of(layout, &f.location, p.start.map(|start| start.line));
        let _ = writeln!(text, "  - {subject} {place}");
    }
    if shown < members.len() {
        let _ = writeln!(text, "  - … {} more", members.len() - shown);
    }
    notes(&mut text, first);
    text
}

fn notes(text: &mut String, f: &Finding) {
    for (word, more) in [("Why", &f.because), ("Fix", &f.help)] {
        if !more.is_empty() {
            let _ = writeln!(text, "  - *{word}:* {}", prose(more));
        }
    }
}

fn whose(f: &Finding) -> String {
    let application = f.application.as_deref().map(|id| format!(" · {}", code(id))).unwrap_or_default();
    let cluster = f.cluster.as_deref().map(|cluster| format!(" on {}", code(cluster))).unwrap_or_default();
    format!("{application}{cluster}")
}

/// Each reason once, with whom it befalls.
fn not_known(page: &mut Page, unknown: &[Unknown<'_>]) {
    if unknown.is_empty() {
        return;
    }
    let reasons = sum::reasons(unknown);
    page.begin(&format!("Not known ({})", reasons.len()), false);
    for ((state, help, message), who) in reasons {
        let word = sum::word(state);
        let names: Vec<String> = who.iter().take(FOLD).map(|name| code(name)).collect();
        let more = who.len().saturating_sub(FOLD);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let names = if names.is_empty() { String::new() } else { format!(": {}{more}", names.join(", ")) };
        let help = if help.is_empty() { String::new() } else { format!(" (fix: {})", prose(help)) };
        page.add(&format!("- *{word}:* {}{names}{help}\n", prose(message)), 1);
    }
    page.end("reasons");
}

/// A place of a finding.
fn place_of(layout: Layout<'_>, location: &Location, line: Option<u32>) -> String {
    let base = if location.side == Side::Base { " (base)" } else { "" };
    format!("{}{base}", linked(layout, location.side, &location.path, line))
}

/// A place as code, linked where somebody said where to.
fn linked(layout: Layout<'_>, side: Side, path: &str, line: Option<u32>) -> String {
    let shown = code(&told::place(&(layout.rooted)(path), line));
    match link::page(layout, side, path, line) {
        Some(address) => format!("[{shown}]({address})"),
        None => shown,
    }
}

/// The rule of a finding, linked to its page.
fn named(finding: &Finding) -> String {
    let shown = code(&told::rule(finding));
    match link::rule(finding.code) {
        Some(address) => format!("[{shown}]({address})"),
        None => shown,
    }
}

/// A message: what stands between backticks as code, everything else escaped.
pub(super) fn prose(text: &str) -> String {
    let text = told::cut(&neutral::line(text), TEXT);
    let pieces: Vec<&str> = text.split('`').collect();
    let mut shown = String::new();
    for (i, piece) in pieces.iter().enumerate() {
        // A backtick that nothing closes is a character like others.
        let unclosed = i % 2 == 1 && i + 1 == pieces.len();
        match i % 2 {
            1 if !unclosed => shown.push_str(&code(piece)),
            _ => {
                shown.push_str(if unclosed { "\\`" } else { "" });
                escape(piece, &mut shown);
            }
        }
    }
    shown
}

/// A text as code: nothing in it means anything to Markdown, and nobody is mentioned.
pub(super) fn code(text: &str) -> String {
    let text = neutral::line(text).replace('`', "'");
    if text.trim().is_empty() { String::new() } else { format!("`{text}`") }
}

/// Escapes what Markdown, HTML, and the references of GitHub and GitLab are made of.
fn escape(text: &str, shown: &mut String) {
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        let next = text[at + c.len_utf8()..].chars().next().unwrap_or(' ');
        match c {
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '&' => shown.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '$' => shown.extend(['\\', c]),
            _ => shown.push(c),
        }
        // A comment that nobody sees parts what would be read together: `@name`, `#12`, `http://`, `www.`, `GH-12`.
        let joins = match c {
            '@' | '#' | '!' | '~' | '%' | '$' | '&' | '^' | ':' => {
                next.is_alphanumeric() || "/_\"-+".contains(next)
            }
            '.' => before.eq_ignore_ascii_case(&'w'),
            '-' => before.eq_ignore_ascii_case(&'h') && next.is_ascii_digit(),
            _ => false,
        };
        if joins {
            shown.push_str("<!-- -->");
        }
        before = c;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_quoted_text_is_code() {
        for (text, expected) in [
            ("two objects are `A b/c`", "two objects are `A b/c`"),
            ("a *b* _c_ [d](e) <i>", "a \\*b\\* \\_c\\_ \\[d\\](e) &lt;i&gt;"),
            ("ask @team, #12 or !3", "ask @<!-- -->team, \\#<!-- -->12 or !<!-- -->3"),
            ("https://x.example www.y", "https:<!-- -->//x.example www.<!-- -->y"),
            ("`a` and ` b", "`a` and \\` b"),
            ("`@team` ``", "`@team` "),
            ("x\n# y", "x \\# y"),
        ] {
            assert_eq!(prose(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_page_holds_what_a_comment_holds() {
        let mut page = Page::new("lint");
        page.begin("errors", true);
        for _ in 0..1_000 {
            page.add(&format!("- {}\n", "x".repeat(98)), 2);
        }
        page.end("of severity error");
        let text = page.finish();
        let shown = text.matches("- xxx").count();
        assert!(text.len() <= MOST && text.len() > MOST - TAIL - 200, "{}", text.len());
        let more = crate::report::text::thousands(2_000 - 2 * shown);
        assert!(text.ends_with(&format!(
            "- … {more} more of severity error: there is no room for them here\n\n</details>\n"
        )));
    }
}
