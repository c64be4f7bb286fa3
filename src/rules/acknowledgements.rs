//! BH906 and BH907: what somebody says is meant, held against what the merge does. One page each.

use super::{Change, Check, Context, Rule};
use crate::config::acknowledgement::{Acknowledgement, Voice, is_annotated};
use crate::files::Location;
use crate::forecast::{Danger, Outcome, Row};
use crate::model::ResourceKey;
use hashbrown::HashSet;

pub(super) const RULES: &[&Rule] = &[
    &Rule {
        page: include_str!("../../rules/BH906-acknowledgement-of-nothing.md"),
        check: Check::Change(of_nothing),
    },
    &Rule {
        page: include_str!("../../rules/BH907-acknowledgement-malformed.md"),
        check: Check::Change(malformed),
    },
];

/// What was said: acknowledgements, and trailers that are none, with the commit they stand in.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// The acknowledgements.
    pub acknowledgements: Vec<Acknowledgement>,
    /// Why a trailer is none, and the commit.
    pub malformed: Vec<(String, String)>,
}

/// The objects that may go.
#[derive(Default)]
pub(super) struct Acknowledged {
    keys: HashSet<ResourceKey>,
}

impl Acknowledged {
    pub fn new(said: &Said) -> Self {
        Self { keys: said.acknowledgements.iter().map(|one| one.key.clone()).collect() }
    }

    /// Whether somebody said of this object that it may go, and it does.
    pub fn covers(&self, row: &Row) -> bool {
        harms(row) && (self.keys.contains(&row.key) || row.base.as_ref().is_some_and(is_annotated))
    }
}

/// Whether a row is one that somebody may have to answer for.
fn harms(row: &Row) -> bool {
    let deletes = matches!(row.outcome, Outcome::Pruned | Outcome::Cascaded | Outcome::Recreated);
    deletes || row.danger >= Danger::Blocked
}

/// An acknowledgement of an object that nothing happens to.
fn of_nothing(change: &Change<'_>, cx: &mut Context<'_>) {
    if change.said.acknowledgements.is_empty() {
        return;
    }
    let harmed: HashSet<&ResourceKey> =
        change.forecast.rows.iter().filter(|row| harms(row)).map(|row| &row.key).collect();
    for one in change.said.acknowledgements.iter().filter(|one| !harmed.contains(&one.key)) {
        let same_name =
            |key: &&&ResourceKey| key.name == one.key.name && key.kind.eq_ignore_ascii_case(&one.key.kind);
        let near = harmed.iter().filter(same_name).min();
        let help = match near {
            Some(key) => format!("perhaps `{}` is meant", super::change::steps::named(key)),
            None => "name an object that goes, as `group/Kind namespace/name`, or leave it out".to_owned(),
        };
        cx.report(Location::head(""), format!("nothing happens to `{one}`, {}", who(&one.from)))
            .object(&one.key)
            .because("whoever reviews this takes a deletion for intended that is another one, or none")
            .help(help);
    }
}

fn who(voice: &Voice) -> String {
    match voice {
        Voice::Option => "which `--acknowledge` names".to_owned(),
        Voice::Commit(commit) => format!("which commit {} acknowledges", short(commit)),
    }
}

fn short(commit: &str) -> &str {
    commit.get(..7).unwrap_or(commit)
}

/// A trailer that names no object.
fn malformed(change: &Change<'_>, cx: &mut Context<'_>) {
    for (commit, why) in &change.said.malformed {
        cx.report(Location::head(""), format!("`Billhook-acknowledge` of commit {}: {why}", short(commit)))
            .because("it acknowledges nothing")
            .help("write `Billhook-acknowledge: group/Kind namespace/name`, one line an object");
    }
}
