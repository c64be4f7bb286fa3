//! BH111. Meaning, rationale and examples: `rules/BH111-tracking-label-too-long.md`.

use crate::finding::Severity;
use crate::inventory::App;
use crate::model::Tracking;
use crate::rules::{Check, Context, Rule};
use std::collections::BTreeMap;

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH111-tracking-label-too-long.md"),
    check: Check::Inventory(check),
};

/// No value of a label is longer.
const LIMIT: usize = 63;

fn check(cx: &mut Context<'_>) {
    let inventory = cx.inventory;
    let mut cut: BTreeMap<(usize, String), &App> = BTreeMap::new();
    for app in inventory.applications.iter().filter(|app| app.is_written() && app.changed_by.is_none()) {
        let settings = inventory.settings(app);
        let name = app.application.instance_name(&settings.namespace);
        if name.len() <= LIMIT {
            continue;
        }
        match settings.tracking {
            Tracking::Annotation => (),
            Tracking::Label => too_long(app, &name, cx),
            Tracking::AnnotationAndLabel => {
                let Some(label) = name.get(..LIMIT) else { continue };
                let first = *cut.entry((app.instance, label.to_owned())).or_insert(app);
                if first.id != app.id {
                    same(app, first, cx);
                }
            }
        }
    }
}

fn too_long(app: &App, name: &str, cx: &mut Context<'_>) {
    let label = cx.inventory.settings(app).instance_label().to_owned();
    let message = format!("`{name}` has {} characters, and the label `{label}` holds {LIMIT}", name.len());
    cx.report_app(app, &["metadata", "name"], message)
        .because("with label tracking Argo CD writes the name uncut, and the API server refuses every object")
        .help("track by annotation (`application.resourceTrackingMethod: annotation`), or give a new Application a shorter name");
}

fn same(app: &App, first: &App, cx: &mut Context<'_>) {
    let message = format!("the label of `{}` is cut to the one of `{}`", app.id, first.id);
    cx.report_app(app, &["metadata", "name"], message)
        .because("the label is for information only: whoever selects by it gets the objects of both")
        .help("let the names differ in their first 63 characters")
        .see(first.application.manifest.location(), "the other one")
        .at_most(Severity::Note);
}
