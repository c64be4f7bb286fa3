use super::references::{Reference, References};
use super::{Documents, Request};
use crate::files::Tree;
use crate::model::{Problem, ProblemKind, normalize_url};
use std::sync::Arc;

/// The trees that one source reads: its own repository, and those that its value files reference.
pub(super) struct Trees<'a> {
    /// Address and files of each; the first is the source's own.
    list: Vec<(String, &'a Documents)>,
}

impl<'a> Trees<'a> {
    /// What Argo CD checks out for a source, before its overrides are known.
    pub(super) fn new(request: &'a Request<'a>) -> Result<Self, Problem> {
        let mut list = vec![(normalize_url(&request.source.repo_url), request.documents)];
        if request.multiple {
            let references: &References = request.references;
            for reference in references.used_by(request.source)? {
                let documents = reference.documents.as_ref().map_err(Problem::clone)?;
                list.push((normalize_url(&reference.source.repo_url), documents));
            }
        }
        Ok(Self { list })
    }

    /// The tree that a reference means.
    pub(super) fn referenced(&self, reference: &Reference) -> Result<usize, Problem> {
        let url = normalize_url(&reference.source.repo_url);
        let found = self.list.iter().rposition(|(own, _)| *own == url);
        let Some(found) = found else {
            let message = format!("the source `${}` is not checked out for this one", reference.name);
            return Err(Problem::fails(ProblemKind::RenderFailed, message)
                .help("name it in the value files of the Application, not in `.argocd-source.yaml` alone"));
        };
        let same = std::ptr::eq(self.list[found].1, self.list[0].1);
        Ok(if same { 0 } else { found })
    }

    /// One of the trees.
    pub(super) fn tree(&self, index: usize) -> &'a Arc<Tree> {
        self.list[index].1.tree()
    }

    /// The files of all of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &'a Documents> {
        self.list.iter().map(|(_, documents)| *documents)
    }
}
