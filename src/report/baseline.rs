//! `billhook.baseline/1`: the findings that were there when the guard came, so that only further ones count.

use crate::finding::Finding;
use crate::report::neutral::EscapeJson;
use crate::report::placed::{Placed, Texts, place};
use crate::report::{Error, Lint};
use rustc_hash::FxHashMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::io::Write;

const FORMAT: &str = "billhook.baseline/1";

/// Findings that are known and do not count.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Baseline {
    /// Always `billhook.baseline/1`; a change that breaks readers gets another number.
    format: String,
    /// By file, code and message, so that a change of it reads well in git.
    findings: Vec<Entry>,
}

/// One known finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// The file it was in, from the root of the tree; for people.
    pub path: String,
    /// The code of the rule; for people.
    pub code: String,
    /// What was wrong; tells the findings of one fingerprint apart.
    pub message: String,
    /// The fingerprint without its number. As many findings of it are known as there are entries.
    pub fingerprint: String,
}

/// Why a file is no baseline.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// No JSON, or JSON of another shape.
    #[error("{0}")]
    Shape(#[from] serde_json::Error),
    /// A baseline of another version of the format.
    #[error("its format is `{0}`, and `{FORMAT}` is read")]
    Format(String),
}

/// The findings of a report when a baseline was held against them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Those it does not know.
    pub new: Vec<Finding>,
    /// Those it knows.
    pub existing: Vec<Finding>,
    /// Its entries that are left over.
    pub unused: Vec<Entry>,
}

impl Baseline {
    /// Everything that `lint` tells, but the findings of the guard's own (BH9xx), which nothing hides.
    pub fn of(lint: &Lint<'_>) -> Self {
        let mut baseline = Self::whole(lint);
        baseline.findings.retain(|entry| !entry.code.starts_with("BH9"));
        baseline
    }

    /// Everything that `lint` tells.
    pub fn whole(lint: &Lint<'_>) -> Self {
        let placed = place(lint, &mut Texts::default());
        let mut findings: Vec<Entry> = placed.iter().map(entry).collect();
        findings.sort();
        Self { format: FORMAT.to_owned(), findings }
    }

    /// Reads what [`Baseline::write`] wrote.
    pub fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut read: Self = serde_json::from_slice(bytes)?;
        if read.format != FORMAT {
            return Err(Unreadable::Format(read.format));
        }
        read.findings.retain(|entry| !entry.code.starts_with("BH9"));
        Ok(read)
    }

    /// Writes it as JSON, for a file in git.
    pub fn write(&self, out: &mut dyn Write) -> Result<(), Error> {
        serde_json::to_writer_pretty(EscapeJson(&mut *out), self)?;
        Ok(writeln!(out)?)
    }

    /// How many findings it knows.
    pub fn len(&self) -> usize {
        self.findings.len()
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    /// Splits the findings of `lint`: each entry takes one of its fingerprint, before others one of its message.
    ///
    /// What a merge does to objects is never held against a baseline.
    pub fn hold(&self, lint: &Lint<'_>) -> Held {
        let mut left: FxHashMap<&str, Vec<&Entry>> = FxHashMap::default();
        for entry in &self.findings {
            left.entry(&entry.fingerprint).or_default().push(entry);
        }
        let placed = place(lint, &mut Texts::default());
        let mut is_known = vec![false; placed.len()];
        for same_message in [true, false] {
            for (p, known) in placed.iter().zip(&mut is_known).filter(|(_, known)| !**known) {
                let Some(entries) = left.get_mut(p.stem()) else { continue };
                let fits = |entry: &&Entry| !same_message || entry.message == p.finding.message;
                if let Some(at) = entries.iter().position(fits) {
                    entries.remove(at);
                    *known = true;
                }
            }
        }
        let mut held = Held::default();
        for (p, known) in placed.iter().zip(is_known) {
            let list = if known { &mut held.existing } else { &mut held.new };
            list.push(p.finding.clone());
        }
        held.unused = left.into_values().flatten().cloned().collect();
        held.unused.sort();
        held
    }
}

fn entry(placed: &Placed<'_>) -> Entry {
    Entry {
        path: placed.finding.location.path.to_string(),
        code: placed.finding.code.to_owned(),
        message: placed.finding.message.clone(),
        fingerprint: placed.stem().to_owned(),
    }
}
