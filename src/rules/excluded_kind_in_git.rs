//! BH520. Meaning, rationale and examples: `rules/BH520-excluded-kind-in-git.md`.

use crate::inventory::{App, AppId};
use crate::rules::{Check, Context, Rule};

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH520-excluded-kind-in-git.md"),
    check: Check::Application(check),
};

fn check(_: AppId, app: &App, cx: &mut Context<'_>) {
    for target in &app.targets.excluded {
        cx.report_target(app, target, format!("`{}` is of a kind that Argo CD leaves alone", target.key))
            .because("Argo CD drops objects of excluded kinds before it compares: it neither applies nor updates them")
            .help("take the kind out of `resource.exclusions` in argocd-cm, or manage the object by other means")
            .group(format!("`{}` holds objects of kinds that Argo CD leaves alone", app.id));
    }
}
