//! BH305. Meaning, rationale and examples: `rules/BH305-shared-resource-not-guarded.md`.

use crate::finding::FixKind;
use crate::inventory::{App, Inventory, Parent, Set};
use crate::model::ResourceKey;
use crate::rules::options::add;
use crate::rules::{Check, Context, Report, Rule};
use crate::yaml::Node;

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH305-shared-resource-not-guarded.md"),
    check: Check::Inventory(check),
};

const OPTION: &str = "FailOnSharedResource=true";
const APPLICATION: &[&str] = &["spec", "syncPolicy", "syncOptions"];
const TEMPLATE: &[&str] = &["spec", "template", "spec", "syncPolicy", "syncOptions"];

fn check(cx: &mut Context<'_>) {
    let inventory = cx.inventory;
    for app in inventory.applications.iter().filter(|app| is_own(app)) {
        let key = key("Application", &app.application.namespace, &app.application.name);
        let fix = add(&app.application.manifest, APPLICATION, OPTION, inventory);
        let report = cx.report_app(app, APPLICATION, format!("`{}` lacks `{OPTION}`", app.id));
        tell(
            report.object(&key).fix(FixKind::Unsafe, fix),
            "Applications that may take over objects of others",
        );
    }
    // A set without a template is a patch that nothing here takes, or broken.
    let is_whole = |set: &&Set| set.manifest.node().at(&["spec", "template"]).is_some();
    let open = |set: &&Set| set.changed_by.is_none() && !is_guarded(set, inventory);
    for set in inventory.sets.iter().filter(is_whole).filter(open) {
        let key = key("ApplicationSet", &set.namespace, set.manifest.name());
        let message =
            format!("the Applications of `{}/{}` lack `{OPTION}`", set.namespace, set.manifest.name());
        let fix = match is_overruled(set) {
            true => Vec::new(),
            false => add(&set.manifest, TEMPLATE, OPTION, inventory),
        };
        let report = cx.report(set.manifest.location_at(TEMPLATE), message);
        tell(
            report.object(&key).fix(FixKind::Unsafe, fix),
            "ApplicationSets whose Applications may take over objects of others",
        );
    }
}

/// Whether an Application has no guard of its own; what a set generates is told once, of the set.
fn is_own(app: &App) -> bool {
    let is_own = matches!(app.parent, Parent::Root | Parent::Application(_)) && app.changed_by.is_none();
    is_own && !app.application.spec.sync_options().has(OPTION)
}

/// Whether the Applications of a set have the option; where none is known, whether its texts may bring it.
fn is_guarded(set: &Set, inventory: &Inventory) -> bool {
    let mut applied = set.applied().map(|id| &inventory.applications[id]).peekable();
    if applied.peek().is_some() {
        return applied.all(|app| app.application.spec.sync_options().has(OPTION));
    }
    let node = set.manifest.node();
    let options = node.at(TEMPLATE).into_iter().flat_map(Node::items);
    let listed = options.filter_map(Node::as_str).any(|option| option == OPTION || option.contains("{{"));
    listed || mentions(set, "FailOnSharedResource")
}

/// Whether a generator's template or a patch has a list of options that takes the place of the template's.
fn is_overruled(set: &Set) -> bool {
    mentions(set, "syncOptions")
}

fn mentions(set: &Set, word: &str) -> bool {
    let beside = [["spec", "templatePatch"], ["spec", "generators"]];
    beside
        .iter()
        .filter_map(|path| set.manifest.node().at(path))
        .any(|node| node.to_json().to_string().contains(word))
}

fn key(kind: &str, namespace: &str, name: &str) -> ResourceKey {
    ResourceKey {
        group: "argoproj.io".into(),
        kind: kind.into(),
        namespace: namespace.into(),
        name: name.into(),
    }
}

fn tell(report: Report<'_>, group: &str) {
    report
        .because("without it Argo CD applies over an object that another Application deployed, and says so only afterwards; with it the sync fails before anything is touched")
        .help("add `FailOnSharedResource=true` to `spec.syncPolicy.syncOptions`")
        .group(group);
}
