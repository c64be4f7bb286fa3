//! The programs that rendering may start, and where results are kept.

#![expect(clippy::disallowed_methods, reason = "the environment is this room's to read")]

use super::args::Global;
use super::error::Error;
use crate::files::{self, Store};
use crate::render::process::{self, Programs, Runner};
use crate::render::{Engines, jsonnet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How many bytes of results are kept between runs.
const CACHE_LIMIT: u64 = 1 << 30;

/// Half as many threads again as there are processors: one that has started a renderer waits for it most of the time, and
/// while a process comes or goes another can work. 0, which leaves it to rayon, where `RAYON_NUM_THREADS` says otherwise.
pub(super) fn threads() -> usize {
    if std::env::var_os("RAYON_NUM_THREADS").is_some() {
        return 0;
    }
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    processors + processors.div_ceil(2)
}

/// The programs that rendering starts: this one, as a worker, and those that a person named or has on PATH.
pub(super) fn engines(global: &Global, root: Option<&Path>) -> Result<Engines, Error> {
    let lost = |_| Error::usage("this program cannot find itself", "start it by its path");
    let own = std::env::current_exe().map_err(lost)?;
    let programs = Programs {
        own: own.clone(),
        helm: program("helm", global.helm.as_ref(), root)?,
        kustomize: program("kustomize", global.kustomize.as_ref(), root)?,
    };
    let folder = if global.no_cache { None } else { cache_folder() };
    let store = folder.map(|folder| Arc::new(Store::new(folder, CACHE_LIMIT)));
    let runner = Runner::new(programs, process::Limits::default(), store.clone());
    let jsonnet = jsonnet::Pool::new(own, jsonnet::Limits::default());
    Ok(Engines::new(Some(jsonnet), Some(Box::new(runner)), store))
}

/// The program that is named, else the one on PATH. Folders of the tree and relative ones do not count: what they hold
/// comes with the pull request.
fn program(name: &str, named: Option<&PathBuf>, root: Option<&Path>) -> Result<Option<PathBuf>, Error> {
    if let Some(path) = named {
        return match files::is_folder(path) {
            Ok(false) => Ok(Some(path.clone())),
            _ => Err(Error::usage(
                format!("`{}` is no program", path.display()),
                format!("`--{name}` names the program {name}"),
            )),
        };
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let outside = |folder: &PathBuf| {
        folder.is_absolute()
            && files::real_path(folder).is_ok_and(|real| root.is_none_or(|root| !real.starts_with(root)))
    };
    let file = |folder: PathBuf| folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let mut files = std::env::split_paths(&path).filter(outside).map(file);
    Ok(files.find(|file| files::is_folder(file).is_ok_and(|folder| !folder)))
}

/// Where results are kept between runs, by the XDG base directory specification.
fn cache_folder() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
    Some(base?.join("billhook").join("render"))
}
