//! BH410. Meaning, rationale and examples: `rules/BH410-namespace-to-createnamespace-migration.md`.

use super::change::steps;
use crate::rules::{Change, Check, Context, Rule};

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH410-namespace-to-createnamespace-migration.md"),
    check: Check::Change(check),
};

const OPTIONS: &[&str] = &["spec", "syncPolicy", "syncOptions"];

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    for namespace in change.vanishing() {
        let Some(app) = namespace.created_by else { continue };
        let row = namespace.row;
        let with = if namespace.inside.is_empty() {
            String::new()
        } else {
            format!(" with {}", namespace.inside.told())
        };
        let message = format!(
            "{} is deleted{with}, before `CreateNamespace=true` of `{}` makes it anew",
            row.key, app.id
        );
        let file =
            row.base.as_ref().map_or_else(String::new, |manifest| format!(" in {}", steps::file(manifest)));
        let mut report = cx.report(app.application.manifest.location_at(OPTIONS), message).row(row);
        if let Some(manifest) = &row.base {
            report = report.see(manifest.location().in_base(), "the manifest that base has");
        }
        report
            .because(format!(
                "the live Namespace carries the tracking of its manifest, and `CreateNamespace` adopts nothing; {}",
                namespace.mechanism()
            ))
            .help(format!(
                "in two merges: {}",
                steps::plan([
                    format!(
                        "put `{}` on {}{file} and {}",
                        steps::KEEP,
                        row.key,
                        steps::until_synced(row.application.as_deref())
                    ),
                    format!("then take the manifest away; `{}` finds the namespace there", app.id),
                ])
            ));
    }
}
