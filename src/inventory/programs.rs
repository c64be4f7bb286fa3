//! What is to be known of the programs that rendered.

use crate::model::{Problem, ProblemKind, Version};
use crate::render::{Engine, Program};
use std::collections::BTreeSet;

/// Says, once for each program, where it is not the one that Argo CD ships, and where it is not confined.
pub(super) fn problems(engine: &dyn Engine, used: BTreeSet<(Version, Program)>) -> Vec<Problem> {
    let programs: BTreeSet<Program> = used.iter().map(|(_, program)| *program).collect();
    let versions = used.iter().filter_map(|(version, program)| differs(engine, *version, *program));
    versions.chain(programs.iter().filter_map(|program| exposed(engine, *program))).collect()
}

fn differs(engine: &dyn Engine, version: Version, program: Program) -> Option<Problem> {
    let shipped = match program {
        Program::Helm => version.helm(),
        Program::Kustomize => version.kustomize(),
    }?;
    let own = engine.version(program).ok().filter(|own| own != shipped)?;
    let name = program.name();
    let message = format!("Argo CD {version} ships {name} {shipped}, and {name} {own} renders here");
    let help = format!("install {name} {shipped}, or set `argocd.version` to the one you run");
    Some(Problem::warning(ProblemKind::SettingConflict, message, None).help(help))
}

fn exposed(engine: &dyn Engine, program: Program) -> Option<Problem> {
    let exposure = engine.exposure(program).ok()??;
    let message = format!("{} is not confined: it could reach {}", program.name(), exposure.reaches);
    let help = match exposure.because.as_str() {
        "" => "on Linux, allow unprivileged user namespaces".to_owned(),
        because => format!(
            "it does not start with less (\"{because}\"); on Linux, allow unprivileged user namespaces, and name the program itself, not a script"
        ),
    };
    Some(Problem::warning(ProblemKind::NotConfined, message, None).help(help))
}
