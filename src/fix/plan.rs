use crate::files::{Path, Span};
use crate::finding::Fix;
use crate::render::{Documents, Parsed};
use crate::yaml::edit;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Fixes that are made together.
pub(super) struct Plan<'a> {
    documents: &'a Documents,
    files: BTreeMap<Path, Planned>,
    /// How many fixes it holds.
    pub(super) fixes: usize,
}

/// One file and what becomes of it.
struct Planned {
    parsed: Arc<Parsed>,
    edits: Vec<edit::Edit>,
}

impl Planned {
    fn text(&self) -> Option<String> {
        edit::apply(self.parsed.file.text(), &self.edits)
    }

    /// Whether its text, where there is one, reads no worse than before.
    fn is_sound(&self) -> bool {
        self.text().is_some_and(|text| edit::keeps(&self.parsed.file, &text))
    }
}

impl<'a> Plan<'a> {
    /// The fixes that do not touch those before them; in the files `careful` only those that do no harm beside them either.
    pub fn of(documents: &'a Documents, fixes: &[&Fix], careful: &BTreeSet<Path>) -> Self {
        let mut plan = Self { documents, files: BTreeMap::new(), fixes: 0 };
        for fix in fixes {
            plan.fixes += usize::from(plan.add(fix, careful).is_some());
        }
        plan
    }

    /// Takes a fix with all its edits, or not at all.
    fn add(&mut self, fix: &Fix, careful: &BTreeSet<Path>) -> Option<()> {
        let mut new: BTreeMap<Path, Vec<edit::Edit>> = BTreeMap::new();
        for edit in &fix.edits {
            let path = self.documents.tree().resolve(&edit.location.path).ok().flatten()?;
            let planned = self.file(&path)?;
            let own = (edit.location.span, edit.text.clone());
            // Two findings with one cause have one fix.
            if planned.edits.contains(&own) {
                continue;
            }
            if planned.edits.iter().any(|(span, _)| touch(*span, own.0)) {
                return None;
            }
            new.entry(path).or_default().push(own);
        }
        for (path, edits) in &new {
            self.file(path)?.edits.extend(edits.iter().cloned());
        }
        let harmed = |path: &&Path| careful.contains(*path) && !self.files[*path].is_sound();
        if new.keys().any(|path| harmed(&path)) {
            for (path, edits) in &new {
                let planned = self.file(path)?;
                planned.edits.truncate(planned.edits.len() - edits.len());
            }
            return None;
        }
        Some(())
    }

    fn file(&mut self, path: &Path) -> Option<&mut Planned> {
        if !self.files.contains_key(path) {
            let parsed = self.documents.manifest(path).ok().filter(|parsed| parsed.verbatim)?;
            self.files.insert(path.clone(), Planned { parsed, edits: Vec::new() });
        }
        self.files.get_mut(path)
    }

    /// The files that read worse than before. Together fixes may do harm that none does alone, as two that give a mapping
    /// the same key at two places.
    pub fn harmed(&self) -> BTreeSet<Path> {
        self.files.iter().filter(|(_, planned)| !planned.is_sound()).map(|(path, _)| path.clone()).collect()
    }

    /// The files that change, and what they hold then.
    pub fn contents(self) -> BTreeMap<Path, Arc<[u8]>> {
        let changed = self.files.into_iter().filter_map(|(path, planned)| {
            let text = planned.text().filter(|text| **text != **planned.parsed.file.text())?;
            Some((path, text.into_bytes().into()))
        });
        changed.collect()
    }
}

/// Whether two spans overlap or meet.
fn touch(a: Span, b: Span) -> bool {
    a.start <= b.end && b.start <= a.end
}
