//! Two inventories of one run share what they have in common; each is the same as if it had been alone.

#![allow(clippy::disallowed_methods, clippy::print_stderr, reason = "tests read folders and start programs")]

#[path = "support/tools.rs"]
mod tools;

use billhook::files::Tree;
use billhook::inventory::{Inventory, Memory, Options};
use billhook::model::Problem;
use billhook::render::process::{Limits, Programs, Runner};
use billhook::render::{Documents, Engines};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn engines() -> Arc<Engines> {
    let programs = Programs {
        own: env!("CARGO_BIN_EXE_billhook").into(),
        helm: tools::find("helm"),
        kustomize: tools::find("kustomize"),
    };
    Arc::new(Engines::new(None, Some(Box::new(Runner::new(programs, Limits::default(), None))), None))
}

fn tree(folder: &Path) -> Arc<Tree> {
    Arc::new(Tree::open(folder).expect("a folder"))
}

/// Everything that reports are made from, as text.
fn told(inventory: &Inventory) -> Vec<String> {
    let problem =
        |problem: &Problem| format!("{:?} {} {:?}", problem.kind, problem.message, problem.location);
    let mut told: Vec<String> = inventory.problems.iter().map(problem).collect();
    for app in &inventory.applications {
        told.push(format!("{} {} {:?} {:?} {:?}", app.id, app.cluster, app.outcome, app.parent, app.recipes));
        told.extend(app.problems.iter().map(problem));
        let targets = app.targets.list.iter();
        told.extend(targets.map(|target| {
            let (origin, line) = (target.manifest.origin(), target.manifest.line());
            format!("{} {:?} {:?} {}", target.key, origin, line, target.to_json())
        }));
    }
    for set in &inventory.sets {
        told.push(format!("{} {:?} {:?} {:?}", set.id, set.outcome, set.sync, set.admitted));
        told.extend(set.problems.iter().map(problem));
        let members = set.members.iter();
        told.extend(
            members.map(|member| format!("{} {:?} {:?}", member.name, member.provenance, member.fate)),
        );
    }
    told
}

fn compare(base: &Path, head: &Path) {
    let alone = |folder: &Path| {
        let mut options = Options::new(Arc::new(Documents::new(tree(folder))));
        options.engines = engines();
        told(&Inventory::load(&options))
    };
    let memory = Arc::new(Memory::default());
    let engines = engines();
    let beside = |documents: Documents| Options {
        engines: Arc::clone(&engines),
        memory: Arc::clone(&memory),
        ..Options::new(Arc::new(documents))
    };
    let of_base = beside(Documents::new(tree(base)));
    let of_head = beside(Documents::beside(tree(head), &of_base.documents));
    let (before, after) = std::thread::scope(|scope| {
        let base = scope.spawn(|| Inventory::load(&of_base));
        let head = Inventory::load(&of_head);
        (base.join().expect("base is loaded"), head)
    });
    assert_eq!(told(&before), alone(base), "{}", base.display());
    assert_eq!(told(&after), alone(head), "{}", head.display());
    // And once more, when everything is known.
    assert_eq!(told(&Inventory::load(&of_head)), told(&after), "{}", head.display());
}

/// The folders in `within` that hold a base and a head.
fn pairs(within: &Path) -> Vec<PathBuf> {
    let folders = fs::read_dir(within).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut pairs: Vec<PathBuf> = folders.filter(|folder| folder.join("base").is_dir()).collect();
    pairs.sort();
    assert!(!pairs.is_empty(), "{} holds no pairs", within.display());
    pairs
}

#[test]
fn incidents_are_the_same_alone_and_beside_each_other() {
    for pair in pairs(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")) {
        compare(&pair.join("base"), &pair.join("head"));
    }
}

#[test]
fn real_changes_are_the_same_alone_and_beside_each_other() {
    let Some(corpus) = std::env::var_os("BILLHOOK_CORPUS") else {
        eprintln!("skipped: BILLHOOK_CORPUS names no folder with pairs");
        return;
    };
    for pair in pairs(&Path::new(&corpus).join("pairs")) {
        compare(&pair.join("base"), &pair.join("head"));
    }
}
