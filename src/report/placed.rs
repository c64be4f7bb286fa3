//! Findings in order, with lines, columns and fingerprints: what every format starts from.

use crate::files::{Lines, Location, Position, Side};
use crate::finding::Finding;
use crate::report::{Layout, Lint, excerpt::Source};
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
    /// Stable over moved lines; see [`fingerprints`].
    pub fingerprint: String,
}

/// The texts that findings point into, each indexed once.
#[derive(Default)]
pub(super) struct Texts {
    known: FxHashMap<(Side, Arc<str>), Option<Indexed>>,
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
        Some(Source::new(shown(layout, place), text, lines))
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
    let path = (layout.shown)(&place.path);
    match place.side {
        Side::Head => path,
        Side::Base => format!("{path} (base)"),
    }
}

/// The findings of `lint` by path, line and code, whatever the order they came in.
pub(super) fn place<'a>(lint: &Lint<'a>, texts: &mut Texts) -> Vec<Placed<'a>> {
    let mut placed: Vec<Placed<'a>> = lint
        .findings
        .iter()
        .map(|finding| {
            let place = texts.positions(lint, &finding.location);
            let (start, end) = place.unzip();
            Placed { finding, start, end, fingerprint: String::new() }
        })
        .collect();
    placed.sort_by(|a, b| order(a).cmp(&order(b)));
    fingerprints(lint, texts, &mut placed);
    placed
}

/// Two findings that agree in all of this are told apart by nothing a reader sees.
fn order<'p>(placed: &'p Placed<'_>) -> impl Ord + use<'p> {
    let f = placed.finding;
    let line = placed.start.map(|start| start.line);
    let place = (&f.location.path, f.location.side, line, f.code, f.location.span);
    (place, &f.cluster, &f.application, &f.object, &f.message, &f.related)
}

/// Names each finding by what it is about: rule, cluster, Application and object where it has them, else the file and
/// the text of its line; the how-manieth of these. Survives moved lines, other findings, and other wording.
fn fingerprints(lint: &Lint<'_>, texts: &mut Texts, placed: &mut [Placed<'_>]) {
    let mut seen: FxHashMap<blake3::Hash, u32> = FxHashMap::default();
    for p in placed {
        let f = p.finding;
        let mut parts: Vec<&str> = vec![f.code];
        let line;
        if f.object.is_some() || f.application.is_some() {
            parts.extend([
                "object",
                f.cluster.as_deref().unwrap_or(""),
                f.application.as_deref().unwrap_or(""),
            ]);
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
        let count = seen.entry(hasher.finalize()).or_default();
        hasher.update(&count.to_le_bytes());
        *count += 1;
        p.fingerprint = hasher.finalize().to_hex()[..32].to_owned();
    }
}
