//! BH0xx: what could not be read, rendered or resolved. One page each; the inventory met the problems already.

use super::{Check, Context, Rule, whole_file};
use crate::finding::Severity;
use crate::model::{Problem, ProblemKind, State};

/// One rule a kind of problem.
pub(super) const RULES: &[&Rule] = &[
    &Rule {
        page: include_str!("../../rules/BH001-manifest-unreadable.md"),
        check: Check::Inventory(|context| report(context, ProblemKind::Unparseable)),
    },
    &Rule {
        page: include_str!("../../rules/BH002-source-path-missing.md"),
        check: Check::Inventory(|context| report(context, ProblemKind::SourcePathMissing)),
    },
    &Rule {
        page: include_str!("../../rules/BH003-application-spec-invalid.md"),
        check: Check::Inventory(|context| report(context, ProblemKind::InvalidSpec)),
    },
    &Rule {
        page: include_str!("../../rules/BH004-render-failed.md"),
        check: Check::Inventory(|context| report(context, ProblemKind::RenderFailed)),
    },
    &Rule {
        page: include_str!("../../rules/BH005-not-rendered.md"),
        check: Check::Inventory(|context| report(context, ProblemKind::NotRendered)),
    },
    &Rule {
        page: include_str!("../../rules/BH006-repository-not-here.md"),
        check: Check::Inventory(|context| report(context, ProblemKind::RepositoryUnknown)),
    },
    &Rule {
        page: include_str!("../../rules/BH007-source-override-invalid.md"),
        check: Check::Inventory(|context| report(context, ProblemKind::OverrideInvalid)),
    },
    &Rule {
        page: include_str!("../../rules/BH008-symlink-out-of-bounds.md"),
        check: Check::Inventory(|context| report(context, ProblemKind::LinkOutOfBounds)),
    },
    &Rule {
        page: include_str!("../../rules/BH009-object-refused.md"),
        check: Check::Inventory(|context| report(context, ProblemKind::ObjectInvalid)),
    },
    &Rule {
        page: include_str!("../../rules/BH010-limit-reached.md"),
        check: Check::Inventory(|context| report(context, ProblemKind::LimitReached)),
    },
    &Rule {
        page: include_str!("../../rules/BH011-applicationset-not-expanded.md"),
        check: Check::Inventory(|context| report(context, ProblemKind::SetNotExpanded)),
    },
    &Rule {
        page: include_str!("../../rules/BH012-resource-unreadable.md"),
        check: Check::Inventory(|context| report(context, ProblemKind::ResourceUnreadable)),
    },
    &Rule {
        page: include_str!("../../rules/BH013-settings-disagree.md"),
        check: Check::Inventory(|context| report(context, ProblemKind::SettingConflict)),
    },
    &Rule {
        page: include_str!("../../rules/BH014-separate-instances.md"),
        check: Check::Inventory(|context| report(context, ProblemKind::SeparateInstances)),
    },
];

/// Reports what Argo CD refuses or warns of. What is unknown has its own place in every report.
fn report(context: &mut Context<'_>, kind: ProblemKind) {
    let inventory = context.inventory;
    let wanted = |problem: &&Problem| problem.kind == kind && problem.state != State::Unknown;
    for problem in inventory.problems.iter().filter(wanted) {
        add(context, problem, None);
    }
    for app in inventory.applications.iter() {
        for problem in app.problems.iter().filter(wanted) {
            add(context, problem, Some(app));
        }
    }
}

fn add(context: &mut Context<'_>, problem: &Problem, app: Option<&crate::inventory::App>) {
    let location = match (&problem.location, app) {
        (Some(location), _) => location.clone(),
        (None, Some(app)) => app.application.manifest.location(),
        (None, None) => whole_file(&"".into()),
    };
    let mut report = context.report(location, problem.message.clone()).help(problem.help.clone());
    if problem.state == State::Warning {
        report = report.at_most(Severity::Warning);
    }
    if let Some(app) = app {
        report = report.application(app);
        if problem.state == State::Fails {
            report.because(format!("Argo CD neither syncs nor prunes `{}` as long as this is so", app.id));
        }
    }
}
