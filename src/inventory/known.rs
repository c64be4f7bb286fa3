use crate::discover::{self, Found};
use crate::files::{EntryKind, Tree};
use crate::render::Documents;
use std::sync::Arc;

/// Plain manifests of what exists outside the tree.
#[derive(Debug)]
pub struct Known {
    /// The cluster it exists on; None for where Argo CD lives, and for definitions on every cluster.
    pub cluster: Option<String>,
    /// Of the kinds in here, nothing else exists.
    pub complete: bool,
    /// The objects.
    pub found: Found,
}

impl Known {
    /// Every object of every manifest file of `tree`; unreadable files are listed in [`Found::unreadable`].
    pub fn read(tree: Arc<Tree>, cluster: Option<String>, complete: bool) -> Self {
        let documents = Documents::new(tree);
        let mut found = Found::default();
        for entry in documents.tree().entries() {
            if !matches!(entry.kind, EntryKind::File(_)) || !crate::render::has_manifest_name(&entry.path) {
                continue;
            }
            match documents.manifest(&entry.path) {
                Err(error) => found.unreadable.push((entry.path.clone(), error.to_string())),
                Ok(parsed) => {
                    let broken = parsed.file.documents().iter().find_map(|document| document.root().err());
                    if let Some(error) = broken {
                        found.unreadable.push((entry.path.clone(), error.message.clone()));
                    }
                    discover::manifests(&parsed, &entry.path)
                        .into_iter()
                        .for_each(|manifest| found.add(manifest));
                }
            }
        }
        Self { cluster, complete, found }
    }
}
