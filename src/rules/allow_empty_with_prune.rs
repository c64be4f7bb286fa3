//! BH415. Meaning, rationale and examples: `rules/BH415-allow-empty-with-prune.md`.

use crate::files::Location;
use crate::finding::Severity;
use crate::inventory::App;
use crate::rules::{Change, Check, Context, Rule};
use hashbrown::HashSet;

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH415-allow-empty-with-prune.md"), check: Check::Change(check) };

const ALLOW_EMPTY: &[&str] = &["spec", "syncPolicy", "automated", "allowEmpty"];

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    // What one template makes is told once.
    let mut told: HashSet<Location> = HashSet::new();
    for pair in &change.apps {
        let Some(head) = pair.head.filter(|app| has_no_guard(app)) else { continue };
        if pair.base.is_some_and(has_no_guard) {
            continue;
        }
        let place = head.application.manifest.location_at(ALLOW_EMPTY);
        if !told.insert(place.clone()) {
            continue;
        }
        let report = cx
            .report(place, format!("`{}` prunes, and may prune everything", head.id))
            .application_object(head)
            .because(
                "`allowEmpty` switches off the one guard of automated sync: a source that renders nothing by mistake \
                 deletes all that the Application deployed",
            )
            .help("take `allowEmpty` off; an Application that is to be emptied can be removed instead");
        if pair.base.is_none() {
            report.at_most(Severity::Warning); // There is nothing to lose yet.
        }
    }
}

fn has_no_guard(app: &App) -> bool {
    app.application.spec.automated().is_some_and(|automated| automated.prune && automated.allow_empty)
}
