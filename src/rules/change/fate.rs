//! How objects end that head does not have any more.

use super::{Change, is_lost};
use crate::forecast::{Outcome, Row};

/// How an object of base ends that head does not have any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Its own Application deletes it; it may hang in deletion.
    Pruned,
    /// It goes along with something else: its Application, its Namespace, its definition or its owner.
    Taken,
    /// It stays until the next sync, which somebody must start.
    ByHand,
    /// It stays.
    Stays,
    /// The repository cannot tell.
    Unknown,
}

impl Fate {
    /// Whether the object goes, now or with the next sync.
    pub fn ends(self) -> bool {
        matches!(self, Self::Pruned | Self::Taken | Self::ByHand)
    }
}

/// Whether head still has the object itself: where it has not, a row points at the Application that had it.
pub fn is_in_head(row: &Row) -> bool {
    row.head.as_ref().is_some_and(|manifest| {
        let named = manifest.name() == &*row.key.name || !manifest.generate_name().is_empty();
        named && manifest.kind() == &*row.key.kind
    })
}

impl<'a> Change<'a> {
    /// How an object ends that left git with this merge; None where it was not in git before or still is.
    pub fn fate(&self, row: &Row) -> Option<Fate> {
        if row.base.is_none() || is_in_head(row) {
            return None;
        }
        Some(match row.outcome {
            Outcome::Pruned => Fate::Pruned,
            Outcome::Cascaded | Outcome::Recreated => Fate::Taken,
            Outcome::Stuck if self.is_taken(row) => Fate::Taken,
            Outcome::Stuck => Fate::Pruned,
            Outcome::Kept => match row.cause.code {
                "no-automated-sync" | "no-sync" | "revision-spent" => Fate::ByHand,
                _ => Fate::Stays,
            },
            Outcome::Unknown => Fate::Unknown,
            Outcome::Created
            | Outcome::Updated
            | Outcome::Unchanged
            | Outcome::Orphaned
            | Outcome::Adopted
            | Outcome::Blocked => Fate::Stays,
        })
    }

    /// Whether the deletion of an object that hangs was asked for by the end of something around it.
    fn is_taken(&self, row: &Row) -> bool {
        let ends = |row: Option<&Row>| row.is_some_and(|row| is_lost(row) || row.outcome == Outcome::Stuck);
        let lives =
            row.application.as_ref().is_some_and(|id| self.pair(id).is_some_and(|pair| pair.head.is_some()));
        !lives || ends(self.namespace_of(row))
    }
}

/// Where an object stands in base, as a file to edit.
fn place_in_base(row: &Row) -> String {
    match &row.base {
        Some(manifest) if manifest.is_written() => format!("in `{}`", manifest.path()),
        Some(manifest) => format!("made from `{}`", manifest.path()),
        None => "in git".to_owned(),
    }
}

/// The first step of every deliberate removal: protect the live object, and wait.
pub fn protect_first(row: &Row) -> String {
    let wait = match &row.application {
        Some(id) => format!("wait until `{id}` is Synced"),
        None => "wait for the sync".to_owned(),
    };
    let place = place_in_base(row);
    format!(
        "merge `argocd.argoproj.io/sync-options: Prune=false,Delete=false` on {} alone ({place}), and {wait}",
        row.key
    )
}
