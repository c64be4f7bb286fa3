//! Chooses fixes and makes them: findings in, other texts of their files out. The only room that changes the user's manifests.
//!
//! Fixes that touch each other cannot be made at once, as the second was thought out for a text that the first changes.
//! So they are made in rounds: [`Fixes::round`] makes what can be made together, and the caller judges the tree that
//! results and comes back, until nothing is left to be made.

mod plan;

use crate::files::{Path, Tree};
use crate::finding::{Edit, Finding, Fix, FixKind};
use crate::render::Documents;
use plan::Plan;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many rounds are made. Real trees need three or four; two fixes that undo each other would go on for ever.
const ROUNDS: usize = 50;

/// Which fixes are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Those that are at least as safe as this.
    pub kind: FixKind,
    /// Those that change these files only; None for all.
    pub files: Option<&'a BTreeSet<Path>>,
}

impl Wanted<'_> {
    /// Whether this finding has a fix that is wanted.
    pub fn includes(&self, finding: &Finding) -> bool {
        let named = |edit: &Edit| self.files.is_none_or(|files| files.contains(&edit.location.path));
        finding.fix.as_ref().is_some_and(|fix| fix.kind <= self.kind && fix.edits.iter().all(named))
    }
}

/// What was changed so far.
#[derive(Debug, Default)]
pub struct Fixes {
    /// The files that changed, and what they hold now.
    pub contents: BTreeMap<Path, Arc<[u8]>>,
    /// How many findings were fixed.
    pub findings: usize,
    rounds: usize,
}

impl Fixes {
    /// Makes the fixes of `findings` that can be made together, and answers the tree with them.
    ///
    /// None when nothing was left to be made, or when it was done for the last time: then findings with fixes may be left.
    /// `documents` are those of the tree that was judged.
    pub fn round(&mut self, documents: &Documents, findings: &[Finding], wanted: Wanted<'_>) -> Option<Tree> {
        if self.rounds == ROUNDS {
            return None;
        }
        let fixes: Vec<&Fix> = findings
            .iter()
            .filter(|finding| wanted.includes(finding))
            .filter_map(|finding| finding.fix.as_ref())
            .collect();
        let mut plan = Plan::of(documents, &fixes, &BTreeSet::new());
        let harmed = plan.harmed();
        if !harmed.is_empty() {
            plan = Plan::of(documents, &fixes, &harmed);
        }
        let made = plan.fixes;
        let contents = plan.contents();
        if contents.is_empty() {
            return None;
        }
        self.findings += made;
        self.rounds += 1;
        let tree = documents.tree().with(&contents);
        self.contents.extend(contents);
        Some(tree)
    }
}

#[cfg(test)]
mod tests;
