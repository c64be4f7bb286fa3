//! BH111. Meaning, rationale and examples: `rules/BH111-tracking-label-too-long.md`.

use crate::inventory::{App, AppId};
use crate::model::Tracking;
use crate::rules::{Check, Context, Rule};

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH111-tracking-label-too-long.md"),
    check: Check::Application(check),
};

/// What Kubernetes allows.
const LONGEST: usize = 63;

fn check(_: AppId, app: &App, cx: &mut Context<'_>) {
    let settings = cx.inventory.settings(app);
    let name = app.application.instance_name(&settings.namespace);
    let label = settings.instance_label().to_owned();
    if settings.tracking != Tracking::Label || name.len() <= LONGEST {
        return;
    }
    let message = format!("`{name}` has {} characters, and a label has {LONGEST} at most", name.len());
    cx.report_app(app, &["metadata", "name"], message)
        .because(format!(
            "Argo CD writes it into the label `{label}` of every object, and the API server refuses them all"
        ))
        .help("track by annotation, or choose a shorter name before the first sync");
}
