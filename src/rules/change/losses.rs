//! What a merge takes away, told in few words.

use super::is_lost;
use crate::forecast::{Danger, Outcome, Row};
use crate::inventory::App;
use std::collections::BTreeMap;

/// How many objects are named before the rest is counted.
pub(super) const NAMED: usize = 3;

/// Objects that share a fate.
pub struct Losses<'a> {
    rows: Vec<&'a Row>,
}

impl<'a> Losses<'a> {
    /// Those of `rows` that are deleted.
    pub fn of(rows: impl IntoIterator<Item = &'a Row>) -> Self {
        Self::all(rows.into_iter().filter(|row| is_lost(row)))
    }

    /// Those of `rows` that stay and that nobody owns any more.
    pub fn orphans(rows: impl IntoIterator<Item = &'a Row>) -> Self {
        Self::all(rows.into_iter().filter(|row| row.outcome == Outcome::Orphaned))
    }

    /// All of `rows`, the worst first.
    pub fn all(rows: impl IntoIterator<Item = &'a Row>) -> Self {
        let mut rows: Vec<&Row> = rows.into_iter().collect();
        rows.sort_by_key(|row| (std::cmp::Reverse(row.danger), is_container(row)));
        Self { rows }
    }

    /// The objects themselves, the worst first.
    pub fn into_rows(self) -> Vec<&'a Row> {
        self.rows
    }

    /// See [`Losses::into_rows`].
    pub fn rows(&self) -> &[&'a Row] {
        &self.rows
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The worst of them.
    pub fn worst(&self) -> Option<&'a Row> {
        self.rows.first().copied()
    }

    /// Whether data goes with them.
    pub fn have_data(&self) -> bool {
        self.rows.first().is_some_and(|row| row.danger == Danger::DataLoss)
    }

    /// `7 objects, with data in StatefulSet shop/db and PersistentVolumeClaim shop/files`, or by name where they are few and hold none.
    pub fn told(&self) -> String {
        let data: Vec<&Row> = self
            .rows
            .iter()
            .copied()
            .filter(|row| row.danger == Danger::DataLoss && !is_container(row))
            .collect();
        match (self.rows.as_slice(), data.as_slice()) {
            ([one], _) => one.key.to_string(),
            (rows, []) if rows.len() <= NAMED => names(rows),
            (rows, []) => format!("{} objects, among them {}", rows.len(), names(rows)),
            (rows, data) => format!("{} objects, with data in {}", rows.len(), names(data)),
        }
    }

    /// Who has them: `4 of `argocd/web`, 2 of `argocd/audit``.
    pub fn by_application(&self) -> String {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for row in &self.rows {
            if let Some(application) = &row.application {
                *counts.entry(application).or_default() += 1;
            }
        }
        let told = counts.iter().map(|(name, count)| format!("{count} of `{name}`"));
        told.collect::<Vec<_>>().join(", ")
    }
}

/// Whether an object matters by what hangs on it rather than by itself.
fn is_container(row: &Row) -> bool {
    row.key.is("", "Namespace") || &*row.key.group == "argoproj.io"
}

/// The first objects by name, and how many more there are.
fn names(rows: &[&Row]) -> String {
    let named: Vec<String> = rows.iter().take(NAMED).map(|row| row.key.to_string()).collect();
    list(named, rows.len().saturating_sub(NAMED))
}

/// The first Applications by name, and how many more there are.
pub fn list_names(apps: &[&App]) -> String {
    let named = apps.iter().take(NAMED).map(|app| format!("`{}`", app.id)).collect();
    list(named, apps.len().saturating_sub(NAMED))
}

/// `a`, `a and b`, `a, b and 3 more`.
pub fn list(named: Vec<String>, more: usize) -> String {
    let mut all = named;
    if more > 0 {
        all.push(format!("{more} more"));
    }
    match all.split_last() {
        None => String::new(),
        Some((one, [])) => one.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}
