//! Findings in order, with lines, columns and fingerprints: what every format starts from.

use crate::config::suppression::Suppressed;
use crate::files::{Lines, Location, Position, Side, Span};
use crate::finding::Finding;
use crate::report::{Layout, Lint, excerpt::Source, secrets};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// A finding with what can only be known beside the text it points into.
#[derive(Clone, Debug)]
pub struct Placed<'a> {
    /// The finding.
    pub finding: &'a Finding,
    /// Where it starts; None where its file has no text (it could not be read, or the finding is about no file).
    pub start: Option<Position>,
    /// Where it ends, exclusive.
    pub end: Option<Position>,
    /// Stable over moved lines: a name (see [`name`]), a colon, and which of the findings of this name it is, from 1.
    pub fingerprint: String,
}

impl Placed<'_> {
    /// What findings share that only their number tells apart.
    pub fn stem(&self) -> &str {
        self.fingerprint.split(':').next().unwrap_or("")
    }
}

/// The texts that findings point into, each indexed once.
#[derive(Default)]
pub(super) struct Texts {
    known: FxHashMap<(Side, Arc<str>), Option<Indexed>>,
    secrets: FxHashMap<(Side, Arc<str>), Arc<[Span]>>,
}

/// A text and where its lines begin.
type Indexed = (Arc<str>, Arc<Lines>);

impl Texts {
    /// Text and line index of the file that holds a place.
    pub fn get(&mut self, lint: &Lint<'_>, place: &Location) -> Option<Indexed> {
        let read = || {
            let text = (lint.sources)(place.side, &place.path)?;
            Some((text.clone(), Arc::new(Lines::new(&text))))
        };
        self.known.entry((place.side, place.path.clone())).or_insert_with(read).clone()
    }

    /// The file as miette reads it, under the name text output shows.
    pub fn source(&mut self, lint: &Lint<'_>, layout: Layout<'_>, place: &Location) -> Option<Source> {
        let (text, lines) = self.get(lint, place)?;
        let blotted = secrets::blotted(&text, &self.secrets(lint, place));
        Some(Source::new(shown(layout, place), blotted, lines))
    }

    /// Where values of Secrets stand in the file that holds a place.
    pub fn secrets(&mut self, lint: &Lint<'_>, place: &Location) -> Arc<[Span]> {
        let file = (place.side, Arc::clone(&place.path));
        if let Some(known) = self.secrets.get(&file) {
            return Arc::clone(known);
        }
        let found: Arc<[Span]> =
            self.get(lint, place).map_or_else(Vec::new, |(text, _)| secrets::values(&text)).into();
        self.secrets.insert(file, Arc::clone(&found));
        found
    }

    /// Line and column of a place, start and end.
    pub fn positions(&mut self, lint: &Lint<'_>, place: &Location) -> Option<(Position, Position)> {
        let ((text, lines), span) = (self.get(lint, place)?, place.span);
        Some((lines.position(&text, span.start), lines.position(&text, span.end.max(span.start))))
    }

    /// The line that holds the start of a place, without the space around it.
    fn line(&mut self, lint: &Lint<'_>, place: &Location) -> String {
        let Some((text, lines)) = self.get(lint, place) else {
            return String::new();
        };
        let line = lines.line(place.span.start);
        let from = lines.start(line).unwrap_or(0) as usize;
        let to = lines.start(line + 1).map_or(text.len(), |next| next as usize);
        text.get(from..to).unwrap_or("").trim().to_owned()
    }
}

/// The file of a place as text output names it.
pub(super) fn shown(layout: Layout<'_>, place: &Location) -> String {
    let path = layout.path(place.side, &place.path);
    match place.side {
        Side::Head => path,
        Side::Base => format!("{path} (base)"),
    }
}

/// The findings of `lint` that are told, by path, line and code, whatever the order they came in.
pub(super) fn place<'a>(lint: &Lint<'a>, texts: &mut Texts) -> Vec<Placed<'a>> {
    place_all(lint, texts).told
}

/// All findings of a report, each kind by path, line and code.
pub(super) struct All<'a> {
    /// Those that are told.
    pub told: Vec<Placed<'a>>,
    /// Those that a baseline holds.
    pub existing: Vec<Placed<'a>>,
    /// Those that a suppression hides, and the suppression.
    pub suppressed: Vec<(Placed<'a>, &'a Suppressed)>,
}

/// Places every finding of `lint`; their fingerprints differ from each other.
pub(super) fn place_all<'a>(lint: &Lint<'a>, texts: &mut Texts) -> All<'a> {
    let mut numbers = Numbers::default();
    let existing = numbers.place(lint, texts, lint.existing.iter().map(|finding| (finding, ())));
    let told = numbers.place(lint, texts, lint.findings.iter().map(|finding| (finding, ())));
    let suppressed = numbers.place(lint, texts, lint.suppressed.iter().map(|one| (&one.finding, one)));
    let alone = |placed: Vec<(Placed<'a>, ())>| placed.into_iter().map(|(placed, ())| placed).collect();
    All { told: alone(told), existing: alone(existing), suppressed }
}

/// How many findings of each name were met.
#[derive(Default)]
struct Numbers(FxHashMap<String, u32>);

impl Numbers {
    fn place<'a, T>(
        &mut self,
        lint: &Lint<'_>,
        texts: &mut Texts,
        findings: impl Iterator<Item = (&'a Finding, T)>,
    ) -> Vec<(Placed<'a>, T)> {
        let mut placed: Vec<(Placed<'a>, T)> = findings
            .map(|(finding, with)| {
                let (start, end) = texts.positions(lint, &finding.location).unzip();
                (Placed { finding, start, end, fingerprint: String::new() }, with)
            })
            .collect();
        placed.sort_by(|(a, _), (b, _)| order(a).cmp(&order(b)));
        for (placed, _) in &mut placed {
            let name = name(lint, texts, placed.finding);
            let number = self.0.entry(name.clone()).or_default();
            *number += 1;
            placed.fingerprint = format!("{name}:{number}");
        }
        placed
    }
}

/// Two findings that agree in all of this are told apart by nothing a reader sees.
fn order<'p>(placed: &'p Placed<'_>) -> impl Ord + use<'p> {
    let f = placed.finding;
    let line = placed.start.map(|start| start.line);
    let place = (&f.location.path, f.location.side, line, f.code, f.location.span);
    (place, &f.cluster, &f.application, &f.object, &f.message, &f.related)
}

/// Names a finding by what it is about, as 32 hexadecimal digits: rule, cluster, Application and object where it has
/// them, else the file and the text of its line. Survives moved lines, other findings, and other wording.
fn name(lint: &Lint<'_>, texts: &mut Texts, f: &Finding) -> String {
    let mut parts: Vec<&str> = vec![f.code];
    let line;
    if f.object.is_some() || f.application.is_some() {
        parts.extend(["object", f.cluster.as_deref().unwrap_or(""), f.application.as_deref().unwrap_or("")]);
        if let Some(o) = &f.object {
            parts.extend([&*o.group, &*o.kind, &*o.namespace, &*o.name]);
        }
    } else {
        line = texts.line(lint, &f.location);
        parts.extend(["line", &*f.location.path, &line]);
    }
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
    }
    hasher.finalize().to_hex()[..32].to_owned()
}
