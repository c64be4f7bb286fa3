use super::path::Folder;
use super::{Request, whole_file};
use crate::files::Path;
use crate::model::{Directory, Manifest, Problem, ProblemKind};

/// The objects that one jsonnet file evaluates to.
pub(super) fn manifests(
    _request: &Request<'_>,
    _folder: &Folder,
    _directory: &Directory,
    path: &Path,
) -> Result<Vec<Manifest>, Problem> {
    Err(Problem::unknown(ProblemKind::NotRendered, format!("`{path}` is jsonnet")).at(whole_file(path)))
}
