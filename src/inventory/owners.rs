use super::numbers::Numbers;
use super::{App, AppId, Fate, Inventory, Parent, SetId};
use hashbrown::HashMap;
use std::sync::Arc;

/// Settles which set owns an Application that several sets of one instance generate: the first. Of the others nothing of
/// that name comes to be (`SetControllerReference` refuses to take an object from another controller).
///
/// Which set is the first on a cluster depends on what was there before; here it is the first in order of discovery.
pub(super) fn settle(inventory: &mut Inventory) {
    let refused = refused(inventory);
    if refused.is_empty() {
        return;
    }
    let mut lost = vec![false; inventory.applications.len()];
    for &(id, owner) in &refused {
        lost[id] = true;
        if let Parent::Set { set, member } = inventory.applications[id].parent {
            inventory.sets[set].members[member].fate = Fate::Owned(owner);
        }
    }
    let apps: Vec<_> =
        inventory.applications.iter().map(|app| &app.parent).zip(lost.iter().copied()).collect();
    let sets: Vec<_> = inventory.sets.iter().map(|set| (&set.parent, false)).collect();
    let numbers = Numbers::new(&apps, &sets);
    for app in &mut inventory.replaced {
        app.parent = numbers.parent(&app.parent);
    }
    for (id, app) in std::mem::take(&mut inventory.applications).into_iter().enumerate() {
        let app = App { parent: numbers.parent(&app.parent), ..app };
        match (numbers.apps[id], lost[id]) {
            (Some(_), _) => inventory.applications.push(app),
            (None, true) => inventory.replaced.push(app),
            (None, false) => (),
        }
    }
    for (id, set) in std::mem::take(&mut inventory.sets).into_iter().enumerate() {
        if numbers.sets[id].is_some() {
            inventory.sets.push(numbers.set(set));
        }
    }
    for owned in &mut inventory.projects {
        owned.parent = numbers.parent(&owned.parent);
    }
}

/// The Applications that another set than their own owns, and that set.
fn refused(inventory: &Inventory) -> Vec<(AppId, SetId)> {
    let mut owners: HashMap<(usize, &Arc<str>, &Arc<str>), SetId> = HashMap::new();
    let mut refused = Vec::new();
    for (id, app) in inventory.applications.iter().enumerate() {
        let Parent::Set { set, .. } = app.parent else { continue };
        let owner = *owners.entry((app.instance, &app.home, &app.id)).or_insert(set);
        // One set that two parents render is one set.
        if inventory.sets[owner].id != inventory.sets[set].id {
            refused.push((id, owner));
        }
    }
    refused
}
