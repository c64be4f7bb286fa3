//! BH110. Meaning, rationale and examples: `rules/BH110-instance-label-conflict.md`.

use crate::finding::Severity;
use crate::inventory::{App, AppId};
use crate::model::Tracking;
use crate::rules::{Check, Context, Rule};

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH110-instance-label-conflict.md"),
    check: Check::Application(check),
};

fn check(_: AppId, app: &App, cx: &mut Context<'_>) {
    let settings = cx.inventory.settings(app);
    let worst = match settings.tracking {
        Tracking::Label => Severity::Error,
        Tracking::AnnotationAndLabel => Severity::Note,
        Tracking::Annotation => return,
    };
    let label = settings.instance_label().to_owned();
    let name = app.application.instance_name(&settings.namespace);
    let other = |value: &str| !value.is_empty() && value != name;
    let mut conflicts = app.targets.list.iter().filter_map(|target| {
        let value = target.manifest.label(&label).filter(|value| other(value))?;
        Some((target, value.to_owned()))
    });
    let Some((target, value)) = conflicts.next() else { return };
    let more = match conflicts.count() {
        0 => String::new(),
        count => format!(", and {count} more objects do so"),
    };
    let field: &[&str] =
        if app.application.spec.has_multiple_sources() { &["spec", "sources"] } else { &["spec", "source"] };
    let message = format!("the label `{label}` of `{}` says `{value}`, and not `{name}`{more}", target.key);
    cx.report_app(app, field, message)
        .see(target.manifest.location(), "the first of them")
        .because("Argo CD writes its own value over it, on the object but not into selectors")
        .help("track by annotation, or by a label that nothing else uses")
        .at_most(worst);
}
