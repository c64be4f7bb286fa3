//! BH438. Meaning, rationale and examples: `rules/BH438-pvc-removed.md`.

use super::change::steps::{acknowledge, plan};
use super::change::{Fate, is_in_head, protect_first};
use super::{Change, Check, Context, Rule};
use crate::finding::Severity;
use crate::forecast::{Outcome, Row};
use crate::model::{claim_templates, mounted_claims};

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH438-pvc-removed.md"), check: Check::Change(check) };

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    for row in change.of_kind("", "PersistentVolumeClaim") {
        let fate = change.fate(row);
        let by_hand = fate == Some(Fate::ByHand);
        if (fate == Some(Fate::Pruned) || by_hand) && !change.is_moved(row) {
            tell(change, cx, row, by_hand);
        }
    }
}

fn tell(change: &Change<'_>, cx: &mut Context<'_>, row: &Row, by_hand: bool) {
    let key = &row.key;
    let when = match row.outcome {
        _ if by_hand => "is deleted by the next sync with prune",
        Outcome::Stuck => "is deleted as soon as nothing holds it",
        _ => "is deleted",
    };
    let next = successor(change, row);
    let instead = next
        .as_ref()
        .map(|next| format!(": `{}` starts on {}", next.workload.key, next.told()))
        .unwrap_or_default();
    let instance = change.instance_of(row);
    let disk = change.policies().told(instance, &row.cluster, key, row.base.as_ref());
    let held = match row.outcome {
        Outcome::Stuck => format!("; it hangs until then ({})", row.cause.because),
        _ => String::new(),
    };
    let copy = match &next {
        Some(next) => format!(
            "copy the data to {} before anybody writes into it, and delete the old claim by hand",
            next.told()
        ),
        None => "delete it by hand when nothing needs it any more".to_owned(),
    };
    let report = cx
        .report_row(row, format!("`{key}` {when}, and what is stored in it{instead}"))
        .because(format!("it left git, and {disk}{held}"))
        .help(format!(
            "in two merges: {}; if it is to go now, {}",
            plan([protect_first(row), format!("merge this change, by which the claim then stays; {copy}")]),
            acknowledge(key)
        ));
    if by_hand {
        report.at_most(Severity::Warning);
    }
}

/// Whether a workload uses another claim in place of this one: its removal is meant, and what is stored has to follow.
pub(super) fn is_replaced(change: &Change<'_>, row: &Row) -> bool {
    row.key.is("", "PersistentVolumeClaim") && successor(change, row).is_some()
}

/// What takes the place of a claim.
struct Successor<'a> {
    /// The workload as head has it.
    workload: &'a Row,
    /// The claim that it uses instead.
    claim: String,
    /// Whether its own template makes that claim.
    is_made: bool,
}

impl Successor<'_> {
    fn told(&self) -> String {
        match self.is_made {
            true => format!("the new claim `{}` that its template makes", self.claim),
            false => format!("the new claim `{}`", self.claim),
        }
    }
}

/// The workload of head that has the name of one that mounted the claim, and what it mounts in its place.
fn successor<'a>(change: &Change<'a>, claim: &Row) -> Option<Successor<'a>> {
    let beside: Vec<&'a Row> = change.beside(claim).collect();
    let mounts = |row: &&&Row| {
        let mounted = row.base.as_ref().map(mounted_claims).unwrap_or_default();
        mounted.iter().any(|(_, name)| *name == &*claim.key.name)
    };
    let user = beside.iter().find(mounts)?;
    let heirs = beside.iter().filter(|row| is_in_head(row) && row.key.name == user.key.name);
    let mut found = heirs.filter_map(|heir| instead(change, heir, user, claim));
    found.next()
}

fn instead<'a>(change: &Change<'a>, heir: &'a Row, user: &Row, claim: &Row) -> Option<Successor<'a>> {
    let manifest = heir.head.as_ref()?;
    let before = user.base.as_ref().map(mounted_claims).unwrap_or_default();
    let had = heir.base.as_ref().map(claim_templates).unwrap_or_default();
    let made = claim_templates(manifest).into_iter().find(|template| !had.contains(template));
    if let Some(template) = made.filter(|_| heir.key.is("apps", "StatefulSet")) {
        let claim = format!("{template}-{}-0", heir.key.name);
        return Some(Successor { workload: heir, claim, is_made: true });
    }
    let volume = before.iter().find(|(_, name)| *name == &*claim.key.name).map(|(volume, _)| *volume);
    let named = mounted_claims(manifest)
        .into_iter()
        .find(|(own, name)| Some(*own) == volume && *name != &*claim.key.name);
    let (_, name) = named?;
    let key = crate::model::ResourceKey { name: name.into(), ..claim.key.clone() };
    let is_new = change.row(&claim.cluster, &key).is_some_and(|row| row.base.is_none() && is_in_head(row));
    is_new.then(|| Successor { workload: heir, claim: name.to_owned(), is_made: false })
}
