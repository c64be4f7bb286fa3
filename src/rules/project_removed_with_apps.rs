//! BH420. Meaning, rationale and examples: `rules/BH420-project-removed-with-apps.md`.

use super::change::{list_names, steps};
use crate::forecast::Outcome;
use crate::inventory::{App, OwnedProject};
use crate::rules::{Change, Check, Context, Rule};
use hashbrown::HashMap;

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH420-project-removed-with-apps.md"),
    check: Check::Change(check),
};

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    let left: Vec<&OwnedProject> =
        change.base.projects.iter().filter(|owned| change.head_of_project(owned).is_none()).collect();
    if left.is_empty() {
        return;
    }
    let mut users: HashMap<(usize, &str), Vec<&App>> = HashMap::new();
    for app in change.base.applications.iter().filter(|app| app.is_written()) {
        users.entry((app.instance, app.application.spec.project_name())).or_default().push(app);
    }
    for owned in left {
        if let Some(users) = users.get(&(owned.instance, &*owned.project.name)) {
            tell(change, owned, users, cx);
        }
    }
}

fn tell(change: &Change<'_>, owned: &OwnedProject, users: &[&App], cx: &mut Context<'_>) {
    let name = &owned.project.name;
    let key = owned.key();
    let Some(row) = change.forecast.rows.iter().find(|row| row.key == key) else { return };
    if !matches!(row.outcome, Outcome::Pruned | Outcome::Cascaded) {
        return;
    }
    // With the finalizer an Application needs its project to end.
    let leaving: Vec<&App> = users
        .iter()
        .copied()
        .filter(|app| change.head_of(app).is_none() && app.application.cascades())
        .collect();
    let staying: Vec<&App> = users
        .iter()
        .copied()
        .filter(|app| change.head_of(app).is_some_and(|head| head.application.spec.project_name() == &**name))
        .collect();
    let (apps, what, because, first) = match (leaving.is_empty(), staying.is_empty()) {
        (false, _) => (
            leaving,
            "goes together with",
            "the end of an Application needs its project: without it the Application hangs in deletion, with some of its \
             objects deleted and some not",
            "remove the Applications, and wait until they are gone",
        ),
        (true, false) => (
            staying,
            "goes while it is used by",
            "an Application whose project does not exist is refused: it neither syncs nor prunes",
            "move the Applications to another project, and wait until they are Synced",
        ),
        (true, true) => return,
    };
    let message = format!("AppProject `{name}` {what} {}", list_names(&apps));
    cx.report(owned.project.manifest.location().in_base(), message).row(row).because(because).help(format!(
        "in two merges: {}",
        steps::plan([
            first.to_owned(),
            format!("then remove `{name}` from {}", steps::file(&owned.project.manifest))
        ])
    ));
}
