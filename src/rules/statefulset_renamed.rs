//! BH439. Meaning, rationale and examples: `rules/BH439-statefulset-renamed.md`.

use super::change::steps::plan;
use super::change::{Fate, Twin, protect_first};
use super::{Change, Check, Context, Rule};
use crate::finding::Severity;
use crate::forecast::Row;
use crate::inventory::App;
use crate::model::{ResourceKey, claim_templates, claims_of};
use crate::render::Tool;

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH439-statefulset-renamed.md"), check: Check::Change(check) };

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    for twin in change.renamed(&cx.options.stateful) {
        tell(change, cx, twin);
    }
}

fn tell(change: &Change<'_>, cx: &mut Context<'_>, twin: &Twin<'_>) {
    let (old, new) = (twin.old, twin.new);
    let goes = change.fate(old).is_some_and(Fate::ends);
    let app = new.application.as_ref().and_then(|id| change.pair(id)?.head);
    let message = format!("`{}` becomes `{}`, which starts empty", old.key, new.key);
    let report = cx.report_row(new, message).because(why(change, old, new)).help(cure(old, new, app));
    let report = match &old.base {
        Some(manifest) => report.see(manifest.location().in_base(), "its name in base"),
        None => report,
    };
    if !goes || change.fate(old) == Some(Fate::ByHand) {
        report.at_most(Severity::Warning);
    }
}

fn why(change: &Change<'_>, old: &Row, new: &Row) -> String {
    let (Some(before), Some(after)) = (&old.base, &new.head) else { return String::new() };
    if !old.key.is("apps", "StatefulSet") {
        return format!(
            "its operator makes a new, empty one for the new name; what becomes of what is stored for `{}` is up to the operator",
            old.key.name
        );
    }
    let (had, gets) = (claims_of(&old.key, before), claims_of(&new.key, after));
    let stay: Vec<&ResourceKey> = had.iter().filter(|claim| !change.is_gone(&old.cluster, claim)).collect();
    let left = match stay.as_slice() {
        [] if had.is_empty() => String::new(),
        [] => {
            format!("; {} with the old set, by its retention policy", goes(&had.iter().collect::<Vec<_>>()))
        }
        stay => format!(
            "; {} behind, and nothing mounts {}",
            stays(stay),
            if stay.len() == 1 { "it" } else { "them" }
        ),
    };
    match gets.first() {
        Some(first) => {
            format!("its claims are called after it: it asks for `{}`, which is made new{left}", first.name)
        }
        None => format!("it has no claim template any more, and starts without what was stored{left}"),
    }
}

fn some(claims: &[&ResourceKey]) -> String {
    match claims {
        [] => String::new(),
        [one] => format!("`{}`", one.name),
        [first, rest @ ..] => format!("`{}` and {} more", first.name, rest.len()),
    }
}

fn stays(claims: &[&ResourceKey]) -> String {
    format!("{} {}", some(claims), if claims.len() == 1 { "stays" } else { "stay" })
}

fn goes(claims: &[&ResourceKey]) -> String {
    format!("{} {}", some(claims), if claims.len() == 1 { "goes" } else { "go" })
}

fn cure(old: &Row, new: &Row, app: Option<&App>) -> String {
    let name = &old.key.name;
    let charted = app.is_some_and(|app| app.tools.contains(&Some(Tool::Helm)));
    let keep = match (charted, &new.head) {
        (true, _) => format!(
            "keep the name: `fullnameOverride: {name}` in the values of the chart (some call it `nameOverride`)"
        ),
        (false, Some(manifest)) => format!("keep the name: `metadata.name: {name}` in `{}`", manifest.path()),
        (false, None) => format!("keep the name `{name}`"),
    };
    let copy = match old.base.as_ref().and_then(|manifest| claims_of(&old.key, manifest).into_iter().next()) {
        Some(claim) if !templates_of(new).is_empty() => {
            let to = new.head.as_ref().and_then(|manifest| claims_of(&new.key, manifest).into_iter().next());
            let to = to.map_or_else(|| "the new one".to_owned(), |to| format!("`{}`", to.name));
            format!("copy the data from `{}` to {to}", claim.name)
        }
        _ => "copy the data".to_owned(),
    };
    let steps = plan([
        protect_first(old),
        format!("add `{}` beside it, and {copy} while nobody writes", new.key.name),
        format!("remove `{name}`, which then stays until you delete it by hand"),
    ]);
    format!("{keep}; or in three merges: {steps}")
}

fn templates_of(row: &Row) -> Vec<&str> {
    row.head.as_ref().map(claim_templates).unwrap_or_default()
}
