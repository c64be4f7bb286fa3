//! `lint` for people.

use crate::files::Location;
use crate::finding::{Finding, FixKind, Label, Severity};
use crate::report::excerpt::{self, BOLD, DIM, Source};
use crate::report::lines::Unknown;
use crate::report::placed::{Placed, Texts, place, shown};
use crate::report::sum::{self, Sum};
use crate::report::{Error, Layout, Lint, neutral, table, told};
use miette::{Diagnostic, LabeledSpan, Severity as Level, SourceCode};
use std::collections::BTreeMap;
use std::fmt::{self, Display, Write as _};
use std::io::Write;

/// How many lines of one group are shown before the rest is counted.
const FOLD: usize = 10;

/// Findings in order, what is not known when asked for, and one line that sums up.
pub(super) fn lint(lint: &Lint<'_>, layout: Layout<'_>, out: &mut dyn Write) -> Result<(), Error> {
    let placed = findings(lint, layout, out)?;
    if layout.tells_unknown() {
        write!(out, "{}", not_known(lint.unknown, layout))?;
    }
    if !layout.quiet {
        writeln!(out, "{}", summary(lint, &placed, layout))?;
    }
    Ok(())
}

/// The findings in order, those of one cause together.
pub(super) fn findings<'a>(
    lint: &Lint<'a>,
    layout: Layout<'_>,
    out: &mut dyn Write,
) -> Result<Vec<Placed<'a>>, Error> {
    let mut texts = Texts::default();
    let placed = place(lint, &mut texts);
    for group in groups(&placed) {
        let mut text = String::new();
        match group.as_slice() {
            [one] => single(&mut text, lint, &mut texts, one, layout),
            many => together(&mut text, many, layout),
        }
        writeln!(out, "{text}")?;
    }
    Ok(placed)
}

/// Findings of one rule with the same non-empty `group` together, where the first of them stands; the worst first.
pub(super) fn groups<'p, 'a>(placed: &'p [Placed<'a>]) -> Vec<Vec<&'p Placed<'a>>> {
    let mut groups: Vec<Vec<&Placed<'_>>> = Vec::new();
    let mut index: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for p in placed {
        let (code, group) = (p.finding.code, p.finding.group.as_str());
        if group.is_empty() {
            groups.push(vec![p]);
            continue;
        }
        let at = *index.entry((code, group)).or_insert(groups.len());
        match groups.get_mut(at) {
            Some(members) => members.push(p),
            None => groups.push(vec![p]),
        }
    }
    for members in &mut groups {
        members.sort_by_key(|p| std::cmp::Reverse(p.finding.severity)); // Stable: then as before.
    }
    groups
}

fn single(text: &mut String, lint: &Lint<'_>, texts: &mut Texts, placed: &Placed<'_>, layout: Layout<'_>) {
    let finding = placed.finding;
    let told = Told::new(lint, layout, texts, finding);
    if told.source.is_none() && !finding.location.path.is_empty() {
        excerpt::headline(text, told.level(), Some(finding.name), &finding.message, layout.width);
        let path = shown(layout, &finding.location);
        let _ = writeln!(text, "{DIM}  ╭─{DIM:#} {}", neutral::line(&path));
        notes(text, finding, layout.width);
        return;
    }
    excerpt::draw(text, &told, layout.width);
}

/// The lines that a finding points at, their numbers in `gutter` columns; none where no file is to blame.
pub(super) fn excerpts(
    text: &mut String,
    lint: &Lint<'_>,
    layout: Layout<'_>,
    finding: &Finding,
    gutter: usize,
) {
    let told = Told::new(lint, layout, &mut Texts::default(), finding);
    excerpt::excerpts(text, &told, told.level(), layout.width, gutter);
}

/// One heading, one line an object, one cause.
fn together(text: &mut String, members: &[&Placed<'_>], layout: Layout<'_>) {
    let Some(first) = members.first().map(|p| p.finding) else {
        return;
    };
    excerpt::headline(text, level(first.severity), Some(first.name), &first.group, layout.width);
    let shown = if layout.verbose || members.len() <= FOLD + 1 { members.len() } else { FOLD };
    let rows = members[..shown].iter().map(|p| vec![subject(p.finding), place_of(layout, p)]);
    for line in table::align(rows.collect()) {
        let _ = writeln!(text, "   {line}");
    }
    if shown < members.len() {
        let _ = writeln!(text, "{DIM}   … {} more (-v){DIM:#}", members.len() - shown);
    }
    notes(text, first, layout.width);
}

fn notes(text: &mut String, finding: &Finding, width: usize) {
    excerpt::note(text, "why", &finding.because, width);
    excerpt::note(text, "fix", &finding.help, width);
    excerpt::note(text, "", &page(finding), width);
}

fn page(finding: &Finding) -> String {
    format!("{} · billhook explain {}", finding.code, finding.name)
}

/// The object, else what is said of it.
fn subject(finding: &Finding) -> String {
    let Some(object) = &finding.object else {
        return finding.message.clone();
    };
    match &*object.namespace {
        "" => format!("{} {}", object.kind, object.name),
        namespace => format!("{} {namespace}/{}", object.kind, object.name),
    }
}

fn place_of(layout: Layout<'_>, placed: &Placed<'_>) -> String {
    let path = shown(layout, &placed.finding.location);
    match placed.start {
        Some(start) => format!("{path}:{}", start.line),
        None => path,
    }
}

fn level(severity: Severity) -> Level {
    match severity {
        Severity::Error => Level::Error,
        Severity::Warning => Level::Warning,
        Severity::Note => Level::Advice,
    }
}

/// A finding in miette's words.
#[derive(Debug)]
struct Told<'a> {
    finding: &'a Finding,
    because: Option<Because>,
    source: Option<Source>,
    labels: Vec<LabeledSpan>,
    elsewhere: Vec<Elsewhere>,
}

/// Why a finding matters, as its cause.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Because(String);

/// Labels in another file.
#[derive(Debug, thiserror::Error)]
#[error("")]
struct Elsewhere {
    text: Source,
    labels: Vec<LabeledSpan>,
}

impl<'a> Told<'a> {
    fn new(lint: &Lint<'_>, layout: Layout<'_>, texts: &mut Texts, finding: &'a Finding) -> Self {
        let home = &finding.location;
        let file = |location: &Location| (location.side, std::sync::Arc::clone(&location.path));
        let (own, others): (Vec<&Label>, Vec<&Label>) =
            finding.related.iter().partition(|label| file(&label.location) == file(home));
        // A related place that is the place itself says what stands there.
        let (at_home, beside): (Vec<&Label>, Vec<&Label>) =
            own.into_iter().partition(|label| label.location == *home);
        let text = at_home.first().map(|label| label.message.clone());
        let mut labels = vec![LabeledSpan::new_primary_with_span(text, home.span.range())];
        labels.extend(beside.into_iter().map(labelled));
        let mut files: BTreeMap<_, Vec<&Label>> = BTreeMap::new();
        for label in others {
            files.entry(file(&label.location)).or_default().push(label);
        }
        let elsewhere = files
            .into_values()
            .filter_map(|labels| {
                let text = texts.source(lint, layout, &labels.first()?.location)?;
                Some(Elsewhere { text, labels: labels.into_iter().map(labelled).collect() })
            })
            .collect();
        let because = Some(finding.because.clone()).filter(|text| !text.is_empty()).map(Because);
        Self { finding, because, source: texts.source(lint, layout, home), labels, elsewhere }
    }

    fn level(&self) -> Level {
        level(self.finding.severity)
    }
}

fn labelled(label: &Label) -> LabeledSpan {
    LabeledSpan::new_with_span(Some(label.message.clone()), label.location.span.range())
}

impl Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.finding.message)
    }
}

impl std::error::Error for Told<'_> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.because.as_ref()?)
    }
}

impl Diagnostic for Told<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        Some(Box::new(self.finding.name))
    }

    fn severity(&self) -> Option<Level> {
        Some(self.level())
    }

    fn help<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        Some(Box::new(&self.finding.help))
    }

    fn url<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        Some(Box::new(page(self.finding)))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self.source.as_ref()?)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.elsewhere.iter().map(|other| other as &dyn Diagnostic)))
    }
}

impl Diagnostic for Elsewhere {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.text)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

/// What could not be told, each reason once, with all it befalls, and each remedy once.
pub(super) fn not_known(unknown: &[Unknown<'_>], layout: Layout<'_>) -> String {
    let mut text = String::new();
    let mut reasons = sum::reasons(unknown).into_iter().peekable();
    while let Some(((state, help, message), who)) = reasons.next() {
        let word = sum::word(state);
        let _ = writeln!(text, "{BOLD}{word}{BOLD:#}: {}", neutral::line(message));
        let names = who.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        for line in excerpt::wrap(&neutral::line(&names), layout.width, "   ", "   ") {
            let _ = writeln!(text, "{line}");
        }
        if reasons.peek().is_none_or(|((_, next, _), _)| *next != help) {
            excerpt::note(&mut text, "fix", help, layout.width);
        }
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// The last line: the verdict, what was looked at, and what was not told.
fn summary(lint: &Lint<'_>, placed: &[Placed<'_>], layout: Layout<'_>) -> String {
    let sum = Sum::new(lint, placed);
    let verdicts: Vec<String> = sum
        .counts
        .iter()
        .map(|(severity, n)| {
            let style = excerpt::style(level(*severity));
            format!("{style}{}{style:#}", count(*n, told::severity(*severity)))
        })
        .collect();
    let mut text = match verdicts.as_slice() {
        // Nothing wrong was found where nothing was looked at; that is no praise.
        [] if lint.summary.objects == 0 && !sum.left.is_empty() => {
            format!("{BOLD}nothing judged{BOLD:#}: {}", sum.looked_at)
        }
        [] => format!("{BOLD}clean{BOLD:#}: {}", sum.looked_at),
        _ => format!("{} in {}", verdicts.join(", "), sum.looked_at),
    };
    for aside in &sum.asides {
        let _ = write!(text, "; {aside}");
    }
    let fixable = |kind| {
        let fixes = placed.iter().filter_map(|p| p.finding.fix.as_ref());
        fixes.filter(|fix| fix.kind <= kind).count()
    };
    let _ = match (fixable(FixKind::Safe), fixable(FixKind::Unsafe)) {
        (0, 0) => Ok(()),
        (0, n) => write!(text, "; {} fixable (run with --fix --unsafe-fixes)", thousands(n)),
        (n, _) => write!(text, "; {} fixable (run with --fix)", thousands(n)),
    };
    if !sum.left.is_empty() {
        let more = if layout.tells_unknown() { "" } else { " (run with -v)" };
        let _ = write!(text, "; {}{more}", sum.left.join(", "));
    }
    text
}

/// `1 object`, `2,310 objects`.
pub fn count(n: usize, what: &str) -> String {
    format!("{} {what}{}", thousands(n), if n == 1 { "" } else { "s" })
}

/// `2,310`.
pub(super) fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
