//! What to do, in this repository's names and files: plans of several merges, and how to say that a loss is meant.

use crate::inventory::{App, Inventory, Parent};
use crate::model::{Manifest, ResourceKey};

/// The option that keeps an object through both ways of deletion.
pub const KEEP: &str = "argocd.argoproj.io/sync-options: Prune=false,Delete=false";

/// Steps in their order, numbered; each is a merge, or something to wait for or to do.
pub fn plan<const N: usize>(steps: [String; N]) -> String {
    let numbered = steps.iter().enumerate().map(|(index, step)| format!("{}. {step}", index + 1));
    numbered.collect::<Vec<_>>().join("; ")
}

/// The file that holds or makes an object.
pub fn file(manifest: &Manifest) -> String {
    match manifest.is_written() {
        true => format!("`{}`", manifest.path()),
        false => format!("what `{}` renders", manifest.path()),
    }
}

/// What has to be Synced before a change to the Application object counts.
pub fn until_parent(inventory: &Inventory, app: &App) -> String {
    match app.parent {
        Parent::Application(parent) => {
            format!("wait until `{}` is Synced", inventory.applications[parent].id)
        }
        Parent::Set { set, .. } => {
            format!("wait until ApplicationSet `{}` has updated `{}`", inventory.sets[set].id, app.id)
        }
        Parent::Root | Parent::Folder => format!("apply `{}`", app.application.manifest.path()),
    }
}

/// How to say that the loss of an object is meant.
pub fn acknowledge(key: &ResourceKey) -> String {
    format!("say so with the commit trailer `Billhook-acknowledge: {}`", named(key))
}

/// A key as acknowledgements write it: `group/Kind namespace/name`, without what is empty.
pub fn named(key: &ResourceKey) -> String {
    let slash = |part: &str| if part.is_empty() { String::new() } else { format!("{part}/") };
    format!("{}{} {}{}", slash(&key.group), key.kind, slash(&key.namespace), key.name)
}
