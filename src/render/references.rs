use super::Documents;
use crate::model::{Problem, ProblemKind, Source, normalize_url};
use std::borrow::Cow;
use std::sync::Arc;

/// A source that value files of other sources name as `$ref`.
pub struct Reference {
    /// Its name, without the dollar.
    pub name: String,
    /// The source.
    pub source: Source,
    /// Its files, or why they are not here.
    pub documents: Result<Arc<Documents>, Problem>,
}

/// The references of an Application with several sources.
#[derive(Default)]
pub struct References {
    list: Vec<Reference>,
}

impl References {
    /// These references.
    pub fn new(list: Vec<Reference>) -> Self {
        Self { list }
    }

    /// Why Argo CD refuses the names of the references of `sources` (`GetRefSources` in `util/argo/argo.go`).
    pub fn check(sources: &[Cow<'_, Source>]) -> Result<(), Problem> {
        let names: Vec<&str> =
            sources.iter().map(|source| &*source.reference).filter(|name| !name.is_empty()).collect();
        let plain = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        for (index, name) in names.iter().enumerate() {
            if !plain(name) {
                let message =
                    format!("the reference `{name}` has characters other than letters, digits, `_` and `-`");
                return Err(Problem::fails(ProblemKind::RenderFailed, message));
            }
            if names[..index].contains(name) {
                let message = format!("two sources have the reference `{name}`");
                return Err(Problem::fails(ProblemKind::RenderFailed, message));
            }
        }
        Ok(())
    }

    /// The reference that a path names at its start, `$name/…`.
    pub(super) fn named_by(&self, path: &str) -> Option<&Reference> {
        let name = path.strip_prefix('$')?.split('/').next()?;
        self.list.iter().find(|reference| reference.name == name)
    }

    /// The references that a source with several beside it uses before overrides; only those are checked out.
    ///
    /// Every path that starts with a dollar must name one, and one repository is checked out at one revision only
    /// (`resolveReferencedSources` and `runManifestGenAsync` in `reposerver/repository/repository.go`).
    pub(super) fn used_by(&self, source: &Source) -> Result<Vec<&Reference>, Problem> {
        let Some(helm) = &source.helm else { return Ok(Vec::new()) };
        let files =
            helm.value_files.iter().chain(helm.file_parameters.iter().map(|parameter| &parameter.path));
        let mut used: Vec<&Reference> = Vec::new();
        for file in files.filter(|file| file.starts_with('$')) {
            let fails = |message: String| Problem::fails(ProblemKind::RenderFailed, message);
            let Some(reference) = self.named_by(file) else {
                let message = format!("the value file `{file}` references no source of the Application");
                return Err(fails(message).help("name a source that has this `ref`"));
            };
            if !reference.source.chart.is_empty() {
                return Err(fails(format!("`{file}` references a chart, which Argo CD cannot")));
            }
            let url = normalize_url(&reference.source.repo_url);
            match used.iter().find(|other| normalize_url(&other.source.repo_url) == url) {
                Some(other) if other.source.target_revision != reference.source.target_revision => {
                    let message = format!(
                        "`{}` is referenced at two revisions, `{}` and `{}`, which Argo CD refuses",
                        reference.source.repo_url,
                        other.source.target_revision,
                        reference.source.target_revision
                    );
                    return Err(fails(message));
                }
                Some(_) => {}
                None => used.push(reference),
            }
        }
        Ok(used)
    }
}
