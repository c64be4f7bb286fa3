//! BH110. Meaning, rationale and examples: `rules/BH110-instance-label-conflict.md`.

use crate::finding::Severity;
use crate::inventory::{App, AppId};
use crate::model::Tracking;
use crate::render::Target;
use crate::rules::{Check, Context, Rule};

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH110-instance-label-conflict.md"),
    check: Check::Application(check),
};

const MONITORS: &str = "monitoring.coreos.com";

fn check(_: AppId, app: &App, cx: &mut Context<'_>) {
    let settings = cx.inventory.settings(app);
    if settings.tracking == Tracking::Annotation || !app.is_written() {
        return; // The label means nothing to Argo CD, and stays as it is.
    }
    let (label, by_label) = (settings.instance_label().to_owned(), settings.tracking == Tracking::Label);
    let owner = app.application.instance_name(&settings.namespace);
    let is_monitor = |target: &&Target| target.key.is(MONITORS, "ServiceMonitor");
    let monitors: Vec<&Target> = app.targets.list.iter().filter(is_monitor).collect();
    for target in &app.targets.list {
        let Some(value) = target.manifest.label(&label) else { continue };
        if value == owner || target.key.is("apiextensions.k8s.io", "CustomResourceDefinition") {
            continue; // Definitions are not tracked.
        }
        let selector = monitors.iter().find(|monitor| selects(monitor, target, &label, value));
        if selector.is_none() && !by_label {
            continue;
        }
        let message = format!("`{}` has `{label}: {value}`, which Argo CD replaces by `{owner}`", target.key);
        let report = cx
            .report_target(app, target, message)
            .help("track by annotation, set `application.instanceLabelKey` to a label of its own, or name the release like the Application")
            .group(format!("`{}` makes objects whose `{label}` Argo CD replaces", app.id));
        match selector {
            Some(selector) => report
                .because(format!("`{}` selects by the value that is replaced, and finds nothing", selector.key))
                .see(selector.manifest.location(), "selects by the label"),
            None => report
                .because("the label tells Argo CD whose an object is: a copy on the cluster that keeps this value belongs to another Application")
                .at_most(Severity::Warning),
        };
    }
}

/// Whether a ServiceMonitor picks this Service of its namespace by this label.
fn selects(monitor: &Target, service: &Target, label: &str, value: &str) -> bool {
    if !service.key.is("", "Service") || monitor.key.namespace != service.key.namespace {
        return false;
    }
    let spec = monitor.manifest.node().get("spec");
    let asked = spec.and_then(|spec| spec.at(&["selector", "matchLabels"]));
    let elsewhere = spec.is_some_and(|spec| spec.get("namespaceSelector").is_some());
    let fits = |asked: crate::yaml::Node<'_>| {
        asked.entries().all(|entry| service.manifest.label(&entry.key) == entry.value.as_str())
    };
    !elsewhere
        && asked
            .is_some_and(|asked| asked.get(label).and_then(|own| own.as_str()) == Some(value) && fits(asked))
}
