//! BH0xx: what could not be read, rendered or resolved. One page each; the inventory met the problems already.

use super::document::each_map;
use super::{Check, Context, Rule, sets};
use crate::files::Location;
use crate::finding::{Edit, FixKind, Severity};
use crate::inventory::{Fate, Inventory, Set};
use crate::model::{Problem, ProblemKind, State};
use crate::yaml::{Value, edit};
use std::collections::BTreeMap;

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
    &Rule {
        page: include_str!("../../rules/BH015-applicationset-fails.md"),
        check: Check::Inventory(|context| report(context, ProblemKind::SetFails)),
    },
    &Rule {
        page: include_str!("../../rules/BH016-generated-application-refused.md"),
        check: Check::Inventory(refused),
    },
    &Rule {
        page: include_str!("../../rules/BH017-renderer-not-confined.md"),
        check: Check::Inventory(|context| report(context, ProblemKind::NotConfined)),
    },
];

/// Reports what Argo CD refuses or warns of. What is unknown has its own place in every report.
pub(super) fn report(context: &mut Context<'_>, kind: ProblemKind) {
    let inventory = context.inventory;
    // BH604 and BH521 say these in words of their own.
    let told_elsewhere = matches!(kind, ProblemKind::Unparseable | ProblemKind::ValuesFileMissing);
    let passed_over = |problem: &Problem| told_elsewhere && problem.state == State::Warning;
    let wanted = |problem: &&Problem| problem.kind == kind && is_told(problem) && !passed_over(problem);
    for problem in inventory.problems.iter().filter(wanted) {
        add(context, problem, None);
    }
    for app in inventory.applications.iter() {
        for problem in app.problems.iter().filter(wanted) {
            add(context, problem, Some(app));
        }
    }
    for set in &inventory.sets {
        for problem in set.problems.iter().filter(wanted) {
            add_of_set(context, problem, set);
        }
    }
}

fn add_of_set(context: &mut Context<'_>, problem: &Problem, set: &Set) {
    let location = problem.location.clone().unwrap_or_else(|| set.manifest.location());
    let because = match problem.kind {
        ProblemKind::SetFails => {
            "the controller creates, updates and deletes none of its Applications as long as this is so"
        }
        kind => because(kind),
    };
    let message = format!("ApplicationSet `{}`: {}", set.id, problem.message);
    context.report(location, message).object(&set.key()).help(problem.help.clone()).because(because);
}

/// How many names a message lists.
const NAMED: usize = 3;

/// Generated Applications that never come to be: one finding for each template and reason.
fn refused(context: &mut Context<'_>) {
    let inventory = context.inventory;
    for set in &inventory.sets {
        let mut found: BTreeMap<(Location, bool), Vec<(&str, &str)>> = BTreeMap::new();
        for member in &set.members {
            let (rejected, reason) = match &member.fate {
                Fate::Rejected(reason) => (true, reason.as_str()),
                // BH203 and BH204 tell what is wrong with a destination.
                Fate::Invalid(_) if sets::goes_nowhere(member, inventory) => continue,
                Fate::Invalid(reason) => (false, reason.as_str()),
                Fate::Applied(_) | Fate::Twice | Fate::Owned(_) | Fate::Left => continue,
            };
            found.entry((member.manifest.location(), rejected)).or_default().push((&member.name, reason));
        }
        for ((location, rejected), members) in found {
            let message = match rejected {
                true => format!("the API server refuses {}", listed(&members)),
                false => format!("Argo CD leaves {} alone", listed(&members)),
            };
            let because = match rejected {
                true => {
                    "the other Applications of the set are applied, and nothing of the set is deleted any more"
                }
                false => "the Application is neither created, nor updated, nor deleted",
            };
            context.report(location, message).object(&set.key()).because(because);
        }
    }
}

/// Generated Applications for a message, with the reason of the first.
fn listed(members: &[(&str, &str)]) -> String {
    let names: Vec<String> = members.iter().take(NAMED).map(|(name, _)| format!("`{name}`")).collect();
    let more = match members.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let reason = members.first().map_or("", |(_, reason)| reason);
    format!("{}{more}: {reason}", names.join(", "))
}

/// What is unknown has its own place in every report; that a limit was hit is a finding all the same.
fn is_told(problem: &Problem) -> bool {
    problem.state != State::Unknown || problem.kind == ProblemKind::LimitReached
}

fn add(context: &mut Context<'_>, problem: &Problem, app: Option<&crate::inventory::App>) {
    let location = match (&problem.location, app) {
        (Some(location), _) => location.clone(),
        (None, Some(app)) => app.application.manifest.location(),
        (None, None) => Location::head(""),
    };
    let quotes = match problem.kind {
        ProblemKind::ObjectInvalid | ProblemKind::ResourceUnreadable => quotes(context.inventory, &location),
        _ => Vec::new(),
    };
    let help = match quotes.is_empty() {
        false if problem.help.is_empty() => "put the value in quotes".to_owned(),
        _ => problem.help.clone(),
    };
    let mut report = context.report(location, problem.message.clone()).help(help).fix(FixKind::Safe, quotes);
    if problem.state == State::Warning {
        report = report.at_most(Severity::Warning);
    }
    match app {
        Some(app) if problem.state == State::Fails => {
            let because = format!("Argo CD neither syncs nor prunes `{}` as long as this is so", app.id);
            report.application(app).because(because);
        }
        Some(app) => {
            report.application(app);
        }
        None => {
            report.because(because(problem.kind));
        }
    }
}

/// Why a problem matters that no Application met.
fn because(kind: ProblemKind) -> &'static str {
    match kind {
        ProblemKind::ResourceUnreadable => {
            "the API server refuses an object with a field of the wrong type, so it, or its change, never arrives"
        }
        ProblemKind::SettingConflict => "what Argo CD does with an object depends on its settings",
        ProblemKind::NotConfined => {
            "a pull request may hold anything, and so may what renders it reach anything"
        }
        ProblemKind::SeparateInstances => "as one instance their Applications would all collide",
        ProblemKind::Unparseable
        | ProblemKind::SourcePathMissing
        | ProblemKind::InvalidSpec
        | ProblemKind::DestinationAmbiguous
        | ProblemKind::DestinationUnknown
        | ProblemKind::RenderFailed
        | ProblemKind::NotRendered
        | ProblemKind::RepositoryUnknown
        | ProblemKind::ValuesFileMissing
        | ProblemKind::OverrideInvalid
        | ProblemKind::LinkOutOfBounds
        | ProblemKind::ObjectInvalid
        | ProblemKind::LimitReached
        | ProblemKind::SetNotExpanded
        | ProblemKind::SetFails
        | ProblemKind::GeneratedRefused
        | ProblemKind::GeneratedTwice
        | ProblemKind::GeneratorUnknown
        | ProblemKind::FieldDropped
        | ProblemKind::Repeated
        | ProblemKind::Excluded => "",
    }
}

/// Quotes for a number or truth value where text is wanted: the value that a problem is about, or its entry.
fn quotes(inventory: &Inventory, location: &Location) -> Vec<Edit> {
    let Some((_, parsed)) = inventory.files.iter().find(|(path, _)| *path == location.path) else {
        return Vec::new();
    };
    let mut edits = Vec::new();
    for root in parsed.file.documents().iter().filter_map(|document| document.root().ok()) {
        each_map(parsed.file.node(root), &mut |_, map| {
            for entry in
                map.written().filter(|entry| [entry.span(), entry.value.span()].contains(&location.span))
            {
                let node = entry.value;
                let other =
                    matches!(node.value(), Value::Bool(_) | Value::Int(_) | Value::UInt(_) | Value::Float(_));
                if let Some((span, text)) =
                    edit::replace(node, &node.text().into()).filter(|_| other && parsed.verbatim)
                {
                    edits.push(Edit { location: Location::new(location.path.clone(), span), text });
                }
            }
        });
    }
    edits
}
