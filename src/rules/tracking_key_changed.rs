//! BH446. Meaning, rationale and examples: `rules/BH446-tracking-key-changed.md`.

use super::change::{Fate, Losses};
use super::{Change, Check, Context, Rule};
use crate::forecast::Row;
use crate::model::{Manifest, Settings, Tracking};
use crate::yaml::Node;

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH446-tracking-key-changed.md"), check: Check::Change(check) };

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    for instance in &change.base.instances {
        let settings = &instance.settings;
        let rows = change.of_kind_named("ConfigMap", &settings.namespace, "argocd-cm");
        for row in rows.into_iter().filter(|row| row.key.group.is_empty()) {
            if let (Some(before), Some(after)) = (&row.base, &row.head)
                && super::change::is_in_head(row)
            {
                compare(change, cx, row, settings, before, after);
            }
        }
    }
}

/// The keys by which Argo CD knows its objects, and what each means where it is not said.
fn keys(settings: &Settings) -> [(&'static str, &'static str); 3] {
    let method = match Tracking::named("", settings.version) {
        Tracking::Label => "label",
        Tracking::Annotation | Tracking::AnnotationAndLabel => "annotation",
    };
    [
        ("application.resourceTrackingMethod", method),
        ("application.instanceLabelKey", "app.kubernetes.io/instance"),
        ("installationID", ""),
    ]
}

fn compare(
    change: &Change<'_>,
    cx: &mut Context<'_>,
    row: &Row,
    settings: &Settings,
    before: &Manifest,
    after: &Manifest,
) {
    let of = |manifest: &Manifest, key: &str, default: &str| -> String {
        let value = manifest.node().at(&["data", key]).and_then(Node::as_str);
        value.filter(|value| !value.is_empty()).unwrap_or(default).to_owned()
    };
    for (key, default) in keys(settings) {
        let (from, to) = (of(before, key, default), of(after, key, default));
        let matters = key != "application.instanceLabelKey" || settings.tracking != Tracking::Annotation;
        if from == to || !matters {
            continue;
        }
        let shown = |value: &str| if value.is_empty() { "nothing".to_owned() } else { format!("`{value}`") };
        let leaving = Losses::all(leaving(change));
        let now = match leaving.is_empty() {
            true => String::new(),
            false => format!("; this merge removes {}, which may stay behind for ever", leaving.told()),
        };
        cx.report(after.location_at(&["data", key]), format!("`{key}` changes from {} to {}", shown(&from), shown(&to)))
            .row(row)
            .because(format!("Argo CD looks for a mark that no object carries yet, so what leaves git before each Application has synced is not known any more{now}"))
            .help("merge it alone; then sync every Application once, those with `ApplyOutOfSyncOnly=true` without that option; only then remove anything")
            .see(before.location_at(&["data", key]).in_base(), "as base has it");
    }
}

/// What leaves git in the same merge.
fn leaving<'a>(change: &'a Change<'_>) -> impl Iterator<Item = &'a Row> {
    change.forecast.rows.iter().filter(|row| {
        change.fate(row).is_some_and(|fate| matches!(fate, Fate::Pruned | Fate::ByHand | Fate::Stays))
    })
}
