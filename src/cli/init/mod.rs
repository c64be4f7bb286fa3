//! `billhook init`: a configuration, a workflow and a hook for the repository that is looked at. Overwrites nothing.

mod draft;
mod facts;

use super::args::{Args, Init};
use super::error::Error;
use super::exit::Exit;
use super::load::Stage;
use super::{output, print};
use crate::config;
use crate::files::{self, Repository};
use crate::report::{self, BOLD, DIM};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

/// Where the project lives.
const PROJECT: &str = env!("CARGO_PKG_REPOSITORY");
/// This version, as its tag is called.
const TAG: &str = concat!("v", env!("CARGO_PKG_VERSION"));

const CONFIGURATION: &str = "billhook.yaml";
const WORKFLOW: &str = ".github/workflows/billhook.yaml";
const HOOK: &str = ".pre-commit-config.yaml";

/// One file that `init` writes where there is none.
struct Piece {
    path: &'static str,
    text: String,
    /// A file that does its job already.
    there: Option<String>,
    /// What to put into that file; empty where there is nothing to add.
    add: String,
}

/// Writes what is not there yet, and says what it did.
pub fn run(args: &Args, init: &Init) -> Result<Exit, Error> {
    if init.schema {
        let schema = serde_json::to_vec_pretty(&config::schema()).map_err(report::Error::Json)?;
        return print(&[schema, b"\n".to_vec()].concat());
    }
    let global = &args.global;
    let stage = Stage::unconfigured(&init.path.iter().cloned().collect::<Vec<_>>())?;
    let inventory = stage.inventory(global, &init.beside, Arc::clone(&stage.tree))?;
    let facts = facts::gather(&stage, &inventory)?;
    let top = stage.repository().map_or(stage.root(), Repository::root);
    let mut told = String::new();
    for piece in pieces(&facts, stage.root(), top) {
        let Piece { path, text, there, add } = piece;
        let folder = if path == CONFIGURATION { stage.root() } else { top };
        let shown = |path: &str| stage.seen(folder).path(path);
        match there {
            None => {
                files::write_new(&folder.join(path), text.as_bytes())?;
                let _ = writeln!(told, "{BOLD}wrote{BOLD:#}  {}", shown(path));
            }
            Some(there) if add.is_empty() => {
                let _ = writeln!(told, "{BOLD}kept{BOLD:#}   {}", shown(&there));
            }
            Some(there) => {
                let _ = writeln!(told, "{BOLD}kept{BOLD:#}   {}; to it belongs:\n\n{add}", shown(&there));
            }
        }
    }
    let _ = writeln!(told, "\n{DIM}{}{DIM:#}", facts.summary());
    let _ = writeln!(told, "{DIM}next: read {CONFIGURATION}, then `billhook lint`{DIM:#}");
    output::text(global.color, &told)?;
    Ok(Exit::Fine)
}

fn pieces(facts: &facts::Facts, root: &Path, top: &Path) -> Vec<Piece> {
    let first = |folder: &Path, names: &[&str]| {
        let there = names.iter().find(|name| files::is_folder(&folder.join(name)).is_ok());
        there.map(|name| (*name).to_owned())
    };
    let own: Vec<&str> = config::NAMES.to_vec();
    let hook = draft::hook(facts);
    let workflows = [WORKFLOW, ".github/workflows/billhook.yml"];
    let mut pieces = vec![
        Piece {
            path: CONFIGURATION,
            text: draft::configuration(facts),
            there: first(root, &own),
            add: String::new(),
        },
        Piece {
            path: HOOK,
            text: format!("repos:\n{hook}"),
            there: first(top, &[HOOK, ".pre-commit-config.yml"]),
            add: hook,
        },
    ];
    let gitlab = first(top, &[".gitlab-ci.yml"]).filter(|_| first(top, &[".github"]).is_none());
    pieces.push(match gitlab {
        Some(there) => {
            let job = draft::gitlab_job(facts);
            Piece { path: ".gitlab-ci.yml", text: job.clone(), there: Some(there), add: job }
        }
        None => Piece {
            path: WORKFLOW,
            text: draft::workflow(facts),
            there: first(top, &workflows),
            add: String::new(),
        },
    });
    pieces
}
