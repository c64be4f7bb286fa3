//! The look of one report in a terminal: headline, excerpts of the lines, why, fix.
//!
//! Works on miette's protocol ([`Diagnostic`], [`SourceCode`]), so findings and errors look alike.

use crate::files::Lines;
use crate::report::neutral;
use anstyle::{AnsiColor, Style};
use miette::{
    Diagnostic, LabeledSpan, MietteError, MietteSpanContents, Severity, SourceCode, SourceSpan, SpanContents,
};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use unicode_width::UnicodeWidthChar;

/// A text that answers questions about a span from its line index, instead of scanning the file for each.
#[derive(Clone, Debug)]
pub struct Source {
    name: String,
    text: Arc<str>,
    lines: Arc<Lines>,
}

impl Source {
    /// `text`, shown under `name`; `lines` must be its index.
    pub fn new(name: String, text: Arc<str>, lines: Arc<Lines>) -> Self {
        Self { name, text, lines }
    }
}

impl SourceCode for Source {
    /// The whole lines that hold `span`, and those around it.
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let end = span.offset() + span.len();
        if end > self.text.len() {
            return Err(MietteError::OutOfBounds);
        }
        let first = self.lines.line(span.offset() as u32).saturating_sub(before as u32).max(1);
        let last = (self.lines.line(end as u32) + after as u32).min(self.lines.count());
        let start = self.lines.start(first).unwrap_or(0) as usize;
        let stop = self.lines.start(last + 1).map_or(self.text.len(), |next| next as usize);
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            &self.text.as_bytes()[start..stop],
            (start, stop - start).into(),
            first as usize - 1,
            0,
            (last - first) as usize + 1,
        )))
    }
}

/// Headings.
pub const BOLD: Style = Style::new().bold();
/// What is not to be read first.
pub const DIM: Style = Style::new().dimmed();
const SECOND: Style = AnsiColor::Blue.on_default().bold();

/// How a severity is coloured.
pub(super) fn style(severity: Severity) -> Style {
    match severity {
        Severity::Error => AnsiColor::Red.on_default().bold(),
        Severity::Warning => AnsiColor::Yellow.on_default().bold(),
        Severity::Advice => AnsiColor::Cyan.on_default().bold(),
    }
}

/// What a severity is called.
pub(super) fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "note",
    }
}

/// Draws `report` into `out`, with ANSI styles, `width` columns wide.
///
/// The cause chain is told as `= why:`, `help` as `= fix:`, `url` as the last line; related reports give excerpts of
/// further files. Repository content is neutralised.
pub fn draw(out: &mut String, report: &dyn Diagnostic, width: usize) {
    let severity = report.severity().unwrap_or(Severity::Error);
    headline(
        out,
        severity,
        report.code().map(|code| code.to_string()).as_deref(),
        &report.to_string(),
        width,
    );
    excerpts(out, report, severity, width, 1);
    let mut cause = report.source();
    while let Some(error) = cause {
        note(out, "why", &error.to_string(), width);
        cause = error.source();
    }
    if let Some(help) = report.help() {
        note(out, "fix", &help.to_string(), width);
    }
    if let Some(url) = report.url() {
        note(out, "", &url.to_string(), width);
    }
}

/// The lines of `report` and of those related to it, `width` columns wide, the numbers in at least `gutter` columns.
pub(super) fn excerpts(
    out: &mut String,
    report: &dyn Diagnostic,
    severity: Severity,
    width: usize,
    gutter: usize,
) {
    excerpt(out, report, severity, width, gutter);
    for other in report.related().into_iter().flatten() {
        excerpt(out, other, severity, width, gutter);
    }
}

/// `error[name]: message`, wrapped.
pub(super) fn headline(
    out: &mut String,
    severity: Severity,
    code: Option<&str>,
    message: &str,
    width: usize,
) {
    let color = style(severity);
    let mut head = word(severity).to_owned();
    if let Some(code) = code {
        let _ = write!(head, "[{}]", neutral::line(code));
    }
    let text = format!("{head}: {}", neutral::line(message));
    for (i, line) in wrap(&text, width, "", "  ").into_iter().enumerate() {
        let _ = match line.strip_prefix(&head) {
            Some(rest) if i == 0 => writeln!(out, "{color}{head}{color:#}{BOLD}{rest}{BOLD:#}"),
            _ => writeln!(out, "{BOLD}{line}{BOLD:#}"),
        };
    }
}

/// `= label: text`, wrapped; nothing for an empty text.
pub(super) fn note(out: &mut String, label: &str, text: &str, width: usize) {
    if text.is_empty() {
        return;
    }
    let first = if label.is_empty() { "   = ".to_owned() } else { format!("   = {label}: ") };
    let rest = " ".repeat(first.len());
    for line in wrap(&neutral::line(text), width, &first, &rest) {
        let _ = match line.strip_prefix(&first) {
            Some(tail) => writeln!(out, "{DIM}{first}{DIM:#}{tail}"),
            None => writeln!(out, "{line}"),
        };
    }
}

/// Lines of at most `width` columns; words are never broken, so that names and commands can be copied.
pub(super) fn wrap(text: &str, width: usize, first: &str, rest: &str) -> Vec<String> {
    let options = textwrap::Options::new(width.max(20))
        .initial_indent(first)
        .subsequent_indent(rest)
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::wrap(text, options).into_iter().map(|line| line.trim_end().to_owned()).collect()
}

/// One line of source, and what is marked in it.
struct Row {
    text: String,
    marks: Vec<Mark>,
}

/// A marked piece of a line, in bytes of the line.
struct Mark {
    start: usize,
    end: usize,
    label: String,
    primary: bool,
}

/// Where the headline of an excerpt points: name, line, column.
struct Head {
    name: String,
    line: usize,
    column: usize,
}

fn excerpt(out: &mut String, report: &dyn Diagnostic, severity: Severity, width: usize, least: usize) {
    let (Some(source), Some(labels)) = (report.source_code(), report.labels()) else {
        return;
    };
    let Some((head, rows)) = rows(source, labels) else {
        return;
    };
    let gutter = rows.last_key_value().map_or(1, |(line, _)| line.to_string().len()).max(least);
    let place = format!("{}:{}:{}", neutral::line(&head.name), head.line, head.column);
    let _ = writeln!(out, "{DIM}{:gutter$} ╭─{DIM:#} {place}", "");
    let mut previous = None;
    for (line, row) in &rows {
        if previous.is_some_and(|p| p + 1 < *line) {
            let _ = writeln!(out, "{DIM}{:gutter$} ┆{DIM:#}", "");
        }
        previous = Some(*line);
        draw_row(out, *line, row, gutter, severity, width);
    }
}

fn rows(
    source: &dyn SourceCode,
    labels: impl Iterator<Item = LabeledSpan>,
) -> Option<(Head, BTreeMap<usize, Row>)> {
    let mut rows: BTreeMap<usize, Row> = BTreeMap::new();
    let mut head: Option<(bool, Head)> = None;
    for label in labels {
        let Ok(contents) = source.read_span(label.inner(), 0, 0) else {
            continue;
        };
        let data = String::from_utf8_lossy(contents.data());
        let offset = label.offset().saturating_sub(contents.span().offset()).min(data.len());
        let before = data.get(..offset).unwrap_or("");
        let start = before.rfind('\n').map_or(0, |i| i + 1);
        let line = contents.line() + 1 + before.matches('\n').count();
        let text = data[start..].split(['\n', '\r']).next().unwrap_or("");
        let from = (offset - start).min(text.len());
        let to = (from + label.len()).min(text.len());
        let to = if text.is_char_boundary(to) { to } else { text.len() };
        let mark = Mark {
            start: from,
            end: from + text.get(from..to).unwrap_or("").trim_end().len(),
            label: label.label().unwrap_or("").to_owned(),
            primary: label.primary(),
        };
        if head.as_ref().is_none_or(|(primary, _)| label.primary() && !primary) {
            let column = text.get(..from).unwrap_or("").chars().count() + 1;
            let name = contents.name().unwrap_or("").to_owned();
            head = Some((label.primary(), Head { name, line, column }));
        }
        rows.entry(line).or_insert_with(|| Row { text: text.to_owned(), marks: Vec::new() }).marks.push(mark);
    }
    Some((head?.1, rows))
}

const TAB: usize = 4;

fn draw_row(out: &mut String, line: usize, row: &Row, gutter: usize, severity: Severity, width: usize) {
    let room = width.saturating_sub(gutter + 3).max(20);
    let first = row.marks.iter().map(|mark| column(&row.text, mark.start)).min().unwrap_or(0);
    let shift = if first + 10 > room { first - room / 3 } else { 0 };
    let _ = writeln!(out, "{DIM}{line:gutter$} │{DIM:#} {}", window(&row.text, shift, room));
    for mark in &row.marks {
        let start = column(&row.text, mark.start).saturating_sub(shift);
        let end = column(&row.text, mark.end).saturating_sub(shift).min(room);
        let length = end.saturating_sub(start).max(1);
        let color = if mark.primary { style(severity) } else { SECOND };
        let line = "─".repeat(length);
        let label = neutral::line(&mark.label);
        let fits = start + length + 1 + label.chars().count() <= room;
        let pad = " ".repeat(start);
        let _ = write!(out, "{DIM}{:gutter$} │{DIM:#} {pad}{color}{line}", "");
        if fits && !label.is_empty() {
            let _ = write!(out, " {label}");
        }
        let _ = writeln!(out, "{color:#}");
        if !fits && !label.is_empty() {
            for part in wrap(&label, room, "  ", "  ") {
                let _ = writeln!(out, "{DIM}{:gutter$} │{DIM:#} {color}{part}{color:#}", "");
            }
        }
    }
}

/// The display column, from 0, of byte `at` of `text`.
fn column(text: &str, at: usize) -> usize {
    text.char_indices().take_while(|(i, _)| *i < at).fold(0, |column, (_, c)| column + advance(c, column))
}

fn advance(c: char, column: usize) -> usize {
    match c {
        '\t' => TAB - column % TAB,
        _ => neutral::visible(c).width().unwrap_or(0),
    }
}

/// The columns `shift..shift + room` of `text`, with `…` where something is left out.
fn window(text: &str, shift: usize, room: usize) -> String {
    let cut = column(text, text.len()) > shift + room;
    let mut shown = String::new();
    let mut column = 0;
    for c in text.chars() {
        let next = column + advance(c, column);
        if cut && next >= shift + room {
            shown.push('…');
            break;
        }
        if column >= shift {
            match c {
                '\t' => shown.extend(std::iter::repeat_n(' ', next - column)),
                _ if column == shift && shift > 0 => shown.push('…'),
                _ => shown.push(neutral::visible(c)),
            }
        }
        column = next;
    }
    neutral::orders(shown.trim_end()).into_owned()
}
