//! BH113. Meaning, rationale and examples: `rules/BH113-operator-inherits-tracking-label.md`.

use crate::finding::Severity;
use crate::inventory::{App, ResourceId};
use crate::model::{Tracking, holds_data};
use crate::render::Target;
use crate::rules::{Check, Context, Rule};

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH113-operator-inherits-tracking-label.md"),
    check: Check::Resource(check),
};

/// Kinds whose operators copy the labels of the object onto what they make from it; `*` for all of a group.
const COPYING: &[(&str, &[&str])] = &[
    ("actions.github.com", &["AutoscalingRunnerSet"]),
    ("clickhouse.altinity.com", &["*"]),
    ("kafka.strimzi.io", &["Kafka", "KafkaBridge", "KafkaConnect", "KafkaMirrorMaker2", "KafkaNodePool"]),
    ("onepassword.com", &["OnePasswordItem"]),
    ("operator.victoriametrics.com", &["*"]),
    ("velero.io", &["Schedule"]),
];

fn check(_: ResourceId, app: &App, target: &Target, cx: &mut Context<'_>) {
    let settings = cx.inventory.settings(app);
    if settings.tracking != Tracking::Label || !app.application.prunes_automatically() {
        return;
    }
    let (group, kind) = (&*target.key.group, &*target.key.kind);
    let copies =
        COPYING.iter().any(|(own, kinds)| *own == group && (kinds.contains(&kind) || kinds.contains(&"*")));
    if !copies || target.hooks.is_some() {
        return;
    }
    let label = settings.instance_label().to_owned();
    let is_data = holds_data(group, &target.manifest, &cx.options.stateful);
    let message = format!("what the operator makes of `{}` carries `{label}`, and is pruned", target.key);
    let report = cx
        .report_target(app, target, message)
        .because("with tracking by label an object belongs to the Application that its label names; what an operator made is not in git, so where it has no owner Argo CD deletes it")
        .help("track by annotation (`application.resourceTrackingMethod: annotation`), or have the operator leave the label out")
        .group(format!("`{}` prunes what operators make", app.id));
    if !is_data {
        report.at_most(Severity::Warning);
    }
}
