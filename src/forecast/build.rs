//! The world before anything is alive: every object and every Application of both sides, told apart and joined.

use super::Sides;
use super::projects::Projects;
use super::world::{Control, ControlId, Listing, SetControl, Spec, ThingId, View, World};
use crate::inventory::{App, Fate, Inventory, Member, Outcome, Parent};
use crate::model::{Condition, Manifest, Problem, ResourceKey};
use crate::render::Target;
use hashbrown::{HashMap, HashSet};
use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How many objects with only a `generateName` there were: by kind, namespace and that prefix.
pub(super) type Generated = HashMap<(Arc<str>, Arc<str>, Arc<str>), usize>;

/// The Applications of base that must be rendered once more from head's files.
pub(super) fn read_again<'a>(base: &'a Inventory, head: &Inventory) -> Vec<&'a App> {
    let instances = instances(base, head);
    let mut heads: HashMap<(usize, &str), &App> = HashMap::new();
    for app in &head.applications {
        heads.insert((instances[app.instance], &*app.id), app);
    }
    let again = |app: &&App| {
        app.outcome == Outcome::Rendered
            && heads.get(&(app.instance, &*app.id)).is_none_or(|head| !renders_alike(app, head))
    };
    base.applications.iter().filter(again).collect()
}

/// Whether two Applications render the same from the same files.
fn renders_alike(base: &App, head: &App) -> bool {
    // A cluster that head does not know any more was known when the commit was read.
    let refused = |problem: &Problem| problem.condition == Some(Condition::InvalidSpecError);
    if head.outcome == Outcome::Fails && head.problems.iter().any(refused) {
        return false;
    }
    let (one, other) = (&base.application.spec, &head.application.spec);
    base.cluster == head.cluster
        && one.destination.namespace == other.destination.namespace
        && one.project_name() == other.project_name()
        && one.effective_sources() == other.effective_sources()
        && one.destination.checked() == other.destination.checked()
        && base.changed_by.is_none()
        && head.changed_by.is_none()
}

/// For each Argo CD instance of head the number it has in base; those that base does not have come behind.
fn instances(base: &Inventory, head: &Inventory) -> Vec<usize> {
    let known = |scope: &str| base.instances.iter().position(|instance| instance.scope == scope);
    let own = head.instances.iter().enumerate();
    own.map(|(index, instance)| known(&instance.scope).unwrap_or(base.instances.len() + index)).collect()
}

/// Folders of a tree without Applications that hold objects of another folder as well: alternatives, each of which is
/// looked at by itself.
fn apart(sides: &Sides<'_>) -> Vec<Arc<str>> {
    let mut holders: HashMap<(&Arc<str>, &ResourceKey), &Arc<str>> = HashMap::new();
    let mut apart: BTreeSet<Arc<str>> = BTreeSet::new();
    let argo = |app: &&App| app.targets.list.iter().any(|target| &*target.key.group == "argoproj.io");
    let all = sides.base.applications.iter().chain(&sides.head.applications);
    for app in all.filter(|app| !app.is_written()).filter(|app| !argo(app)) {
        for target in &app.targets.list {
            let holder = *holders.entry((&app.cluster, &target.key)).or_insert(&app.id);
            if *holder != app.id {
                apart.extend([Arc::clone(holder), Arc::clone(&app.id)]);
            }
        }
    }
    apart.into_iter().collect()
}

impl<'a> World<'a> {
    /// Everything of both sides, with nothing alive yet.
    pub fn new(sides: &Sides<'a>) -> Self {
        let mut world = World {
            base: sides.base,
            head: sides.head,
            things: Vec::with_capacity(sides.base.count() + 64),
            controls: Vec::with_capacity(sides.base.applications.len()),
            projects: Projects::default(),
            lost_clusters: HashSet::new(),
            index: HashMap::with_capacity(sides.base.count() + 64),
            sets: Vec::new(),
            by_object: HashMap::new(),
            by_set: HashMap::new(),
            by_name: HashMap::new(),
            places: OnceCell::new(),
            touched: Vec::new(),
            woken: Vec::new(),
        };
        let instances = instances(sides.base, sides.head);
        world.projects = Projects::new(sides.base, sides.head, &instances);
        let apart = apart(sides);
        let instances_of_base: Vec<usize> = (0..sides.base.instances.len()).collect();
        let number = |app: &App, instances: &[usize]| {
            // Folders come behind all instances.
            let folder = apart.iter().position(|folder| *folder == app.id).filter(|_| !app.is_written());
            let behind = sides.base.instances.len() + sides.head.instances.len();
            folder.map_or(instances[app.instance], |folder| behind + folder)
        };
        for app in &sides.base.applications {
            let id = world.control(number(app, &instances_of_base), app);
            world.controls[id].base = Some(app);
        }
        for app in &sides.head.applications {
            let id = world.control(number(app, &instances), app);
            world.controls[id].head = Some(app);
        }
        let mut between: HashMap<(usize, &str), &'a App> = HashMap::new();
        for (app, again) in read_again(sides.base, sides.head).iter().zip(sides.between) {
            between.insert((number(app, &instances_of_base), &*app.id), again);
        }
        for id in 0..world.controls.len() {
            world.add_views(id, &between);
        }
        world.add_roots(&instances);
        world.add_sets(&instances);
        world
    }

    /// The Application of this name; of several, all are one.
    fn control(&mut self, instance: usize, app: &'a App) -> ControlId {
        let name = (instance, Arc::clone(&app.id));
        if let Some(id) = self.by_name.get(&name) {
            return *id;
        }
        let id = self.controls.len();
        self.by_name.insert(name, id);
        let thing = app.is_written().then(|| self.thing(instance, &app.home, &app.application.key()));
        if let Some(thing) = thing {
            self.by_object.insert(thing, id);
        }
        self.controls.push(Control {
            instance,
            id: Arc::clone(&app.id),
            thing,
            base: None,
            head: None,
            old: None,
            new: None,
            spec: Spec::None,
            attempt: None,
            tries: 0,
            owned: Vec::new(),
            listing: Listing::None,
            stop: None,
            watched: true,
            pressed: false,
        });
        id
    }

    fn add_views(&mut self, id: ControlId, between: &HashMap<(usize, &str), &'a App>) {
        let control = &self.controls[id];
        let (instance, base, head) = (control.instance, control.base, control.head);
        let again = between.get(&(instance, &*control.id)).copied();
        let mut generated = Generated::new();
        if let Some(app) = base {
            let things = self.targets(instance, app, &mut generated);
            for (thing, target) in things.into_iter().zip(&app.targets.list) {
                self.things[thing].base = Some(&target.manifest);
                if !self.things[thing].base_apps.contains(&id) {
                    self.things[thing].base_apps.push(id);
                }
            }
        }
        let before = generated.clone();
        if let Some(app) = head {
            let things = self.targets(instance, app, &mut generated);
            for (thing, target) in things.iter().zip(&app.targets.list) {
                self.things[*thing].head = Some(&target.manifest);
                if !self.things[*thing].head_apps.contains(&id) {
                    self.things[*thing].head_apps.push(id);
                }
            }
            self.controls[id].new = Some(View { application: &app.application, app, things });
        }
        if let Some(base) = base {
            let app = again.or(head).unwrap_or(base);
            let mut generated = before;
            let things = self.targets(instance, app, &mut generated);
            self.controls[id].old = Some(View { application: &base.application, app, things });
        }
    }

    /// The object behind each target of an Application.
    pub fn targets(&mut self, instance: usize, app: &App, generated: &mut Generated) -> Vec<ThingId> {
        app.targets.list.iter().map(|target| self.target(instance, app, target, generated)).collect()
    }

    /// The object of a target. One that has only `generateName` is a new one each time; it is counted.
    fn target(&mut self, instance: usize, app: &App, target: &Target, generated: &mut Generated) -> ThingId {
        let prefix = target.manifest.generate_name();
        if !target.key.name.is_empty() || prefix.is_empty() {
            return self.thing(instance, &app.cluster, &target.key);
        }
        let key = &target.key;
        let count =
            generated.entry((Arc::clone(&key.kind), Arc::clone(&key.namespace), prefix.into())).or_insert(0);
        *count += 1;
        let key = ResourceKey { name: format!("{prefix}<{count}>").into(), ..key.clone() };
        let id = self.thing(instance, &app.cluster, &key);
        self.things[id].counted = true;
        id
    }

    /// What somebody applies by hand: Applications, sets and projects that no Application renders.
    fn add_roots(&mut self, instances: &[usize]) {
        for id in 0..self.controls.len() {
            let control = &self.controls[id];
            let Some(thing) = control.thing else { continue };
            for (side, app) in [control.base, control.head].into_iter().enumerate() {
                let Some(app) = app else { continue };
                match app.parent {
                    Parent::Root => self.by_hand(thing, side, &app.application.manifest),
                    Parent::Set { .. } => self.by_set(thing, side, &app.application.manifest),
                    Parent::Application(_) | Parent::Folder => {}
                }
            }
        }
        let home: Arc<str> = crate::model::IN_CLUSTER.into();
        for (side, inventory) in [self.base, self.head].into_iter().enumerate() {
            let number = |instance: usize| if side == 0 { instance } else { instances[instance] };
            for set in inventory.sets.iter().filter(|set| set.parent == Parent::Root) {
                let thing = self.thing(number(set.instance), &set.home, &set.key());
                self.by_hand(thing, side, &set.manifest);
            }
            for owned in inventory.projects.iter().filter(|owned| owned.parent == Parent::Root) {
                let thing = self.thing(number(owned.instance), &home, &owned.key());
                self.by_hand(thing, side, &owned.project.manifest);
            }
        }
    }

    fn by_hand(&mut self, thing: ThingId, side: usize, manifest: &'a Manifest) {
        let of = &mut self.things[thing];
        of.by_hand[side] = true;
        let slot = if side == 0 { &mut of.base } else { &mut of.head };
        slot.get_or_insert(manifest);
    }

    fn by_set(&mut self, thing: ThingId, side: usize, manifest: &'a Manifest) {
        let of = &mut self.things[thing];
        of.generated |= side == 1;
        let slot = if side == 0 { &mut of.base } else { &mut of.head };
        slot.get_or_insert(manifest);
    }

    fn add_sets(&mut self, instances: &[usize]) {
        for (side, inventory) in [self.base, self.head].into_iter().enumerate() {
            for set in &inventory.sets {
                let instance = if side == 0 { set.instance } else { instances[set.instance] };
                let thing = self.thing(instance, &set.home, &set.key());
                let id = *self.by_set.entry(thing).or_insert(self.sets.len());
                if id == self.sets.len() {
                    self.sets.push(SetControl {
                        thing,
                        base: None,
                        head: None,
                        members: Vec::new(),
                        open: true,
                    });
                }
                if side == 0 {
                    self.sets[id].base = Some(set);
                    continue;
                }
                let member = |member: &Member| match member.fate {
                    Fate::Applied(app) => {
                        let app = &inventory.applications[app];
                        self.by_name.get(&(instance, Arc::clone(&app.id))).copied()
                    }
                    _ => None,
                };
                let members = set.members.iter().map(member).collect();
                self.sets[id].head = Some(set);
                self.sets[id].members = members;
            }
        }
    }
}
