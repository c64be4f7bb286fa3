//! Namespaces that a merge deletes.

use super::{Change, Losses, is_lost};
use crate::forecast::{Outcome, Row};
use crate::inventory::App;
use hashbrown::{HashMap, HashSet};

/// A Namespace that is deleted because it is not in git any more.
pub struct Vanishing<'a> {
    /// What becomes of it.
    pub row: &'a Row,
    /// What goes with it.
    pub inside: Losses<'a>,
    /// The Namespace that its Application makes instead, where it makes exactly one.
    pub renamed: Option<&'a Row>,
    /// The Application of head that deploys there and has `CreateNamespace=true`.
    pub created_by: Option<&'a App>,
    /// Whether Argo CD itself lives in it.
    pub is_own: bool,
}

impl Vanishing<'_> {
    /// Why everything in it goes, in one sentence.
    pub fn mechanism(&self) -> String {
        let whose = self.inside.by_application();
        let whose = if whose.is_empty() { String::new() } else { format!(": here {whose}") };
        let own = match self.is_own {
            true => {
                "; the controllers, every Application and every setting go too, and nothing is left that could \
                     bring them back"
            }
            false => "",
        };
        format!(
            "{}; a deleted namespace takes every object in it along, whoever deployed it and however it is \
             protected{whose}{own}",
            self.row.cause.because
        )
    }
}

/// The Namespaces that are deleted, except those that go with their own Application and take nothing of others along,
/// and those that move to another Application.
pub(super) fn vanishing<'a>(change: &Change<'a>) -> Vec<Vanishing<'a>> {
    let rows: Vec<&Row> = change
        .lost()
        .filter(|row| row.key.is("", "Namespace") && row.base.is_some() && row.to_application.is_none())
        .collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let gone: HashSet<&str> = change.gone().iter().map(|gone| &*gone.app.id).collect();
    let mut makers: HashMap<(&str, &str), &App> = HashMap::new();
    for app in &change.head.applications {
        let spec = &app.application.spec;
        if spec.sync_options().has("CreateNamespace=true") {
            makers.entry((&app.cluster, &spec.destination.namespace)).or_insert(app);
        }
    }
    let is_gone =
        |row: &Row| row.application.as_deref().is_some_and(|application| gone.contains(application));
    rows.into_iter()
        .filter(|row| {
            let others =
                |inside: &Row| is_lost(inside) && inside.application != row.application && !is_gone(inside);
            !is_gone(row) || change.in_namespace(row).any(others)
        })
        .map(|row| Vanishing {
            row,
            inside: Losses::of(change.in_namespace(row)),
            renamed: renamed(change, row),
            created_by: makers.get(&(&*row.cluster, &*row.key.name)).copied(),
            is_own: change
                .base
                .instances
                .iter()
                .any(|instance| *instance.settings.namespace == *row.key.name)
                && change.base.applications.iter().any(|app| app.home == row.cluster),
        })
        .collect()
}

fn renamed<'a>(change: &Change<'a>, row: &Row) -> Option<&'a Row> {
    let made = |other: &&Row| {
        other.outcome == Outcome::Created
            && other.key.is("", "Namespace")
            && other.cluster == row.cluster
            && other.head.is_some()
    };
    let mut made = change.rows_of(row.application.as_deref()?).filter(made);
    made.next().filter(|_| made.next().is_none())
}
