//! BH401. Meaning, rationale and examples: `rules/BH401-application-identity-hijack.md`.

use super::change::{Repointed, steps};
use crate::finding::Severity;
use crate::rules::{Change, Check, Context, Rule};

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH401-application-identity-hijack.md"),
    check: Check::Change(check),
};

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    let does_harm = |app: &&Repointed<'_>| !app.lost.is_empty() || !app.left.is_empty();
    for app in change.repointed().iter().filter(|app| app.is_another_workload()).filter(does_harm) {
        tell(app, cx);
    }
}

fn tell(app: &Repointed<'_>, cx: &mut Context<'_>) {
    let Repointed { base, head, from, to, objects, remain, lost, left } = app;
    let instead =
        if to.is_empty() { format!("nothing of {from}") } else { format!("{to} instead of {from}") };
    let still = match remain {
        0 => "nothing of what it deployed is left".to_owned(),
        _ => format!("{remain} of the {objects} objects that it deployed are left"),
    };
    let message = format!("`{}` reads {instead}, and {still}", head.id);
    let place = steps::source(&head.application.manifest);
    let report = cx
        .report(place, message)
        .application_object(head)
        .see(steps::source(&base.application.manifest).in_base(), "what it reads in base");
    let report = match lost.is_empty() {
        false => report.because(format!(
            "to Argo CD the name is the Application: what the name deployed before is pruned, {}",
            lost.told()
        )),
        true => report
            .because(format!(
                "to Argo CD the name is the Application: what the name deployed before is listed as to be pruned, {}, and \
                 goes with the first sync that prunes",
                left.told()
            ))
            .at_most(Severity::Warning),
    };
    report.help(format!(
        "give what {} a name of its own, and leave `{}` as it is in {}; to retire `{}`, remove it in a merge of its own, \
         and {}",
        if to.is_empty() { "is new".to_owned() } else { format!("reads {to}") },
        base.id,
        steps::file(&base.application.manifest),
        base.id,
        steps::acknowledge(&base.application.key()),
    ));
}
