//! BH409. Meaning, rationale and examples: `rules/BH409-namespace-object-removed.md`.

use super::change::{Vanishing, steps};
use crate::rules::{Change, Check, Context, Rule};

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH409-namespace-object-removed.md"), check: Check::Change(check) };

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    // BH410 tells of those that are to be made by CreateNamespace.
    for namespace in change.vanishing().iter().filter(|namespace| namespace.created_by.is_none()) {
        tell(namespace, cx);
    }
}

fn tell(namespace: &Vanishing<'_>, cx: &mut Context<'_>) {
    let Vanishing { row, inside, renamed, .. } = namespace;
    let it = if namespace.is_own { "the namespace that it runs in" } else { "it" };
    let with =
        if inside.is_empty() { String::new() } else { format!(" with everything in it: {}", inside.told()) };
    let report = match renamed.and_then(|new| Some((new, new.head.as_ref()?))) {
        Some((new, manifest)) => {
            let report = cx.report(
                manifest.location(),
                format!("{} becomes {}, and Argo CD deletes the old one{with}", row.key, new.key),
            );
            let before = row.base.as_ref().map(|manifest| manifest.location().in_base());
            let report = report.row(row);
            match before {
                Some(before) => report.see(before, "the name that base has"),
                None => report,
            }
        }
        None => cx.report_row(row, format!("{} leaves git, and Argo CD deletes {it}{with}", row.key)),
    };
    report.because(namespace.mechanism()).help(advice(namespace));
}

fn advice(namespace: &Vanishing<'_>) -> String {
    let row = namespace.row;
    let file =
        row.base.as_ref().map_or_else(String::new, |manifest| format!(" in {}", steps::file(manifest)));
    let wait = steps::until_synced(row.application.as_deref());
    let last = match namespace.renamed {
        Some(new) => format!(
            "then make {} beside it, move what is in `{}`, and delete that one by hand when it is empty",
            new.key, row.key.name
        ),
        None => {
            "then take the manifest away: the namespace stays until somebody deletes it by hand".to_owned()
        }
    };
    let keep = steps::plan([format!("put `{}` on {}{file} and {wait}", steps::KEEP, row.key), last]);
    match namespace.renamed {
        Some(_) => format!("in two merges: {keep}"),
        // Nobody wants that.
        None if namespace.is_own => format!("in two merges: {keep}"),
        None => format!(
            "if it is to stay, in two merges: {keep}; if it is to go, {}",
            steps::acknowledge(&row.key)
        ),
    }
}
