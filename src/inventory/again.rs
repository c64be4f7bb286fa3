//! Applications of one tree as another tree renders them.

use super::expand::Expansion;
use super::options::Options;
use super::sources::Repositories;
use super::{App, Inventory, Parent};
use crate::model::{Application, Manifest, Scopes};
use rayon::prelude::*;
use std::sync::Arc;

/// Renders `apps`, Applications of another inventory, from the files of `inventory`: with their own specs, names and
/// clusters, in order. What they render is not followed.
pub(super) fn again(options: &Options, inventory: &Inventory, apps: &[&App]) -> Vec<App> {
    if apps.is_empty() {
        return Vec::new();
    }
    let (instances, clusters) = (inventory.instances.clone(), inventory.clusters.clone());
    let expansion = Expansion::alone(options, instances, clusters, &inventory.scopes);
    let last = inventory.instances.len().saturating_sub(1);
    let drafts: Vec<_> = apps
        .iter()
        .map(|app| {
            let parent = if app.parent == Parent::Folder { Parent::Folder } else { Parent::Root };
            expansion.repeat(app, parent, app.instance.min(last))
        })
        .collect();
    let applications: Vec<Arc<Application>> = inventory
        .applications
        .iter()
        .chain(apps.iter().copied())
        .map(|app| app.application.clone())
        .collect();
    let sets: Vec<Manifest> = inventory.sets.iter().map(|set| set.manifest.clone()).collect();
    let repositories = Repositories::new(options, &applications, &sets);
    let none = Scopes::default();
    drafts
        .into_par_iter()
        .map(|draft| {
            let scopes = inventory.scopes.get(&draft.cluster).unwrap_or(&none);
            expansion.finished(draft, &repositories, scopes)
        })
        .collect()
}
