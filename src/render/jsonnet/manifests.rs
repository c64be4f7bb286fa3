//! The jsonnet files of a plain folder, as objects.

use super::{Arguments, Error, ErrorKind, Variable, library_paths};
use crate::files::{Location, Path};
use crate::model::{Directory, JsonnetVar, Manifest, Problem, ProblemKind};
use crate::render::directory::generated;
use crate::render::path::Folder;
use crate::render::{Environment, Request};

/// Evaluates the jsonnet files of one source, one after another.
pub(in crate::render) struct Evaluator<'a> {
    request: &'a Request<'a>,
    app_path: Path,
    libs: Vec<String>,
    arguments: Arguments,
}

impl<'a> Evaluator<'a> {
    /// For the files of `folder`, with the options of its source.
    pub(in crate::render) fn new(request: &'a Request<'a>, folder: &Folder, directory: &Directory) -> Self {
        let jsonnet = &directory.jsonnet;
        let variables = |own: &[JsonnetVar]| own.iter().map(variable).collect();
        let arguments = Arguments {
            ext_vars: variables(&jsonnet.ext_vars),
            tlas: variables(&jsonnet.tlas),
            lib_paths: Vec::new(),
        };
        Self { request, app_path: folder.real.clone(), libs: jsonnet.libs.clone(), arguments }
    }

    /// The objects that the file at `path` evaluates to.
    ///
    /// Variables are substituted in place, so the values of the second file have been through it twice, as in
    /// `makeJsonnetVM` of `reposerver/repository/repository.go`: a `$$` holds for one file only.
    pub(in crate::render) fn manifests(&mut self, path: &Path) -> Result<Vec<Manifest>, Problem> {
        let Some(pool) = &self.request.engines.jsonnet else {
            let message = format!("`{path}` is jsonnet, which is not evaluated here");
            return Err(Problem::unknown(ProblemKind::NotRendered, message).at(Location::head(path.clone())));
        };
        let tree = self.request.documents.tree();
        substitute(&mut self.arguments, &self.request.environment);
        self.arguments.lib_paths =
            library_paths(tree, &self.app_path, &self.libs).map_err(|error| problem(error, path))?;
        let evaluation = pool.evaluate(tree, path, &self.arguments).map_err(|error| problem(error, path))?;
        generated(evaluation.json, path)
    }
}

fn variable(own: &JsonnetVar) -> Variable {
    Variable { name: own.name.clone(), value: own.value.clone(), code: own.code }
}

fn substitute(arguments: &mut Arguments, environment: &Environment) {
    for variable in arguments.ext_vars.iter_mut().chain(&mut arguments.tlas) {
        variable.value = environment.substitute(&variable.value);
    }
}

fn problem(error: Error, path: &Path) -> Problem {
    let message = format!("`{path}` cannot be evaluated: {}", error.message);
    let problem = match error.kind {
        ErrorKind::Evaluation | ErrorKind::Refused => Problem::fails(ProblemKind::RenderFailed, message),
        ErrorKind::Limit => Problem::unknown(ProblemKind::LimitReached, message),
        ErrorKind::Worker => Problem::unknown(ProblemKind::NotRendered, message),
    };
    problem.at(error.location.unwrap_or_else(|| Location::head(path.clone())))
}
