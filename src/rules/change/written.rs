//! Objects that stand in a file of head, deployed or not.

use crate::forecast::Row;
use crate::inventory::{Inventory, cluster_of};
use crate::model::{Manifest, group_of};
use crate::rules::document;
use hashbrown::HashMap;

/// The objects that stand in the plain files of head.
pub(super) struct Written {
    /// By kind and name.
    objects: HashMap<(String, String), Vec<Manifest>>,
}

impl Written {
    pub fn new(head: &Inventory) -> Self {
        let mut objects: HashMap<(String, String), Vec<Manifest>> = HashMap::new();
        for (path, parsed) in &head.files {
            for document in document::of_file(head, path, parsed) {
                for object in document.objects {
                    let name = (object.kind().to_owned(), object.name().to_owned());
                    objects.entry(name).or_default().push(object);
                }
            }
        }
        Self { objects }
    }

    /// The object that this row is about, as a file of head has it; the file that base takes it from comes first.
    pub fn of(&self, row: &Row) -> Option<&Manifest> {
        let key = &row.key;
        let all = self.objects.get(&(key.kind.to_string(), key.name.to_string()))?;
        let same = |object: &&Manifest| {
            let namespace = object.namespace();
            group_of(object.api_version()) == &*key.group
                && (namespace.is_empty() || *namespace == *key.namespace)
        };
        let path = row.base.as_ref().map(Manifest::path);
        let of_base = |object: &&Manifest| Some(object.path()) == path;
        all.iter().filter(same).find(of_base).or_else(|| all.iter().find(same))
    }
}

/// The Secret that says how a cluster is reached, where it stands in a file.
pub(super) fn cluster_secret(inventory: &Inventory, name: &str) -> Option<Manifest> {
    let documents =
        inventory.files.iter().flat_map(|(path, parsed)| document::of_file(inventory, path, parsed));
    let mut secrets = documents
        .flat_map(|document| document.objects)
        .filter(|object| object.kind() == "Secret" && object.describes_cluster());
    secrets.find(|secret| cluster_of(secret).name == name)
}
