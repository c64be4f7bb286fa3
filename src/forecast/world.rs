//! The clusters while the merge goes on: every object of base or head, and every Application as its controller.

use super::Sides;
use super::cause::Cause;
use super::compare::Stop;
use super::projects::Projects;
use super::same::Comparing;
use crate::inventory::{App, Fate, Inventory, Member, Outcome, Parent, Place, Set};
use crate::model::{Application, Automated, Condition, GroupKind, Manifest, Problem, ResourceKey, Settings};
use crate::render::Target;
use hashbrown::{HashMap, HashSet};
use std::cell::OnceCell;
use std::sync::Arc;

/// Index of an object in [`World::things`].
pub(super) type ThingId = usize;
/// Index of an ApplicationSet in [`World::sets`].
pub(super) type SetControlId = usize;
/// Index of an Application in [`World::controls`].
pub(super) type ControlId = usize;

/// Everything that base or head deploys.
pub(super) struct World<'a> {
    pub base: &'a Inventory,
    pub head: &'a Inventory,
    pub things: Vec<Thing<'a>>,
    pub controls: Vec<Control<'a>>,
    pub sets: Vec<SetControl<'a>>,
    pub projects: Projects<'a>,
    /// Clusters whose Secret was deleted.
    pub lost_clusters: HashSet<Arc<str>>,
    index: HashMap<Place, ThingId>,
    by_object: HashMap<ThingId, ControlId>,
    by_set: HashMap<ThingId, SetControlId>,
    by_name: HashMap<(usize, Arc<str>), ControlId>,
    places: OnceCell<Places>,
    /// Objects that changed since Applications were last asked.
    pub touched: Vec<(ThingId, Option<ControlId>)>,
    /// Applications whose own object changed or came.
    pub woken: Vec<ControlId>,
}

/// An ApplicationSet as it controls its Applications.
pub(super) struct SetControl<'a> {
    /// Its own object.
    pub thing: ThingId,
    pub base: Option<&'a Set>,
    pub head: Option<&'a Set>,
    /// The Applications that head's set generates, by number of the member.
    pub members: Vec<Option<ControlId>>,
    /// Whether the controller is to look again.
    pub open: bool,
}

/// What lives where, for what goes along with a Namespace or a definition.
#[derive(Default)]
struct Places {
    in_namespace: HashMap<(usize, Arc<str>, Arc<str>), Vec<ThingId>>,
    of_kind: HashMap<(usize, Arc<str>, Arc<str>, Arc<str>), Vec<ThingId>>,
    /// CustomResourceDefinitions by what they define.
    definitions: HashMap<(usize, Arc<str>, GroupKind), ThingId>,
    /// Workloads by the claims that their Pods mount: cluster, namespace, claim.
    mounts: HashMap<(usize, Arc<str>, Arc<str>, Arc<str>), Vec<ThingId>>,
}

/// One object: instance, cluster and key.
pub(super) struct Thing<'a> {
    pub instance: usize,
    pub cluster: Arc<str>,
    pub key: ResourceKey,
    /// Its text in base and in head.
    pub base: Option<&'a Manifest>,
    pub head: Option<&'a Manifest>,
    /// The Applications that render it.
    pub base_apps: Vec<ControlId>,
    pub head_apps: Vec<ControlId>,
    /// The object before the merge, and now.
    pub before: Option<Being<'a>>,
    pub now: Option<Being<'a>>,
    /// What deleted it last.
    pub end: Option<End>,
    /// Whether only order decided what happened to it.
    pub race: bool,
    /// Nobody can tell what happens to it.
    pub unknown: Option<Cause>,
    /// Why it did not come into being, or was not changed.
    pub refused: Option<Cause>,
    /// Somebody applies it by hand, in base and in head.
    pub by_hand: [bool; 2],
    /// An ApplicationSet makes it in head.
    pub generated: bool,
    /// It is made from `generateName`, and its name here is a number.
    pub counted: bool,
    /// It is in no manifest: a claim of a StatefulSet, a namespace of CreateNamespace.
    pub derived: bool,
}

/// A live object.
#[derive(Clone, Debug)]
pub(super) struct Being<'a> {
    /// What was applied last; None for what no manifest names.
    pub manifest: Option<&'a Manifest>,
    /// The Application that its tracking names.
    pub owner: Option<ControlId>,
    /// The ApplicationSet that its owner references name.
    pub controller: Option<SetControlId>,
    /// The destination namespace that the tracking of a cluster-scoped object names.
    pub marked_in: Option<Arc<str>>,
    /// It carries a hook annotation.
    pub hook: bool,
    /// Counts up when it is made anew.
    pub uid: u32,
    /// Its deletion was asked for, and something holds it.
    pub held: Option<Cause>,
    /// Something of it changed that no manifest tells.
    pub altered: bool,
}

impl<'a> Being<'a> {
    /// An object that this manifest made; None where no manifest names it.
    pub fn new(manifest: Option<&'a Manifest>, owner: Option<ControlId>) -> Self {
        let hook = manifest.is_some_and(super::seed::is_hook);
        Self { manifest, owner, controller: None, marked_in: None, hook, uid: 0, held: None, altered: false }
    }
}

/// What deleted an object.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum End {
    /// Its Application pruned it.
    Prune(ControlId),
    /// Its ApplicationSet does not generate it any more.
    Set(SetControlId),
    /// Its Application went, with a finalizer that takes everything along.
    Application(ControlId),
    /// Its Namespace went.
    Namespace(ThingId),
    /// The definition of its kind went.
    Definition(ThingId),
    /// Its owner went.
    Owner(ThingId),
    /// A sync deletes and makes it anew.
    Replace(ControlId, Cause),
    /// The policy of a hook.
    Hook(ControlId),
}

/// Which spec an Application lives by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spec {
    /// The Application is not there.
    None,
    /// That of base.
    Old,
    /// That of head.
    New,
}

/// An Application as it controls its objects.
pub(super) struct Control<'a> {
    pub instance: usize,
    /// `namespace/name`.
    pub id: Arc<str>,
    /// Its own object; None for a folder that no Application names.
    pub thing: Option<ThingId>,
    pub base: Option<&'a App>,
    pub head: Option<&'a App>,
    /// What it renders from head by the spec of base, and by that of head.
    pub old: Option<View<'a>>,
    pub new: Option<View<'a>>,
    pub spec: Spec,
    /// The last automated sync of head's revision: by which spec, and whether it succeeded.
    pub attempt: Option<(Spec, bool)>,
    /// How often it synced.
    pub tries: u32,
    /// Objects whose tracking names it, now or earlier.
    pub owned: Vec<ThingId>,
    /// What its status lists.
    pub listing: Listing,
    /// Why it did not do all that git says.
    pub stop: Option<Stop>,
    /// Whether Argo CD acts on it at all.
    pub watched: bool,
    /// Somebody presses the button of an Application that does not sync by itself.
    pub pressed: bool,
}

/// What the status of an Application lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listing {
    /// What this spec renders, and what else is tracked.
    View(Spec),
    /// Everything that is tracked, as nothing is known to be wanted.
    Tracked,
    /// What base rendered: nobody looked since.
    Base,
    /// It has none.
    None,
}

/// An Application's manifests under one spec.
pub(super) struct View<'a> {
    /// The spec.
    pub application: &'a Application,
    /// What it renders.
    pub app: &'a App,
    /// The object behind each of its targets.
    pub things: Vec<ThingId>,
}

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
        for app in &sides.base.applications {
            let id = world.control(app.instance, app);
            world.controls[id].base = Some(app);
        }
        for app in &sides.head.applications {
            let id = world.control(instances[app.instance], app);
            world.controls[id].head = Some(app);
        }
        let mut between: HashMap<(usize, &str), &'a App> = HashMap::new();
        for (app, again) in read_again(sides.base, sides.head).iter().zip(sides.between) {
            between.insert((app.instance, &*app.id), again);
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
        let thing = app.is_written().then(|| {
            let key = ResourceKey {
                group: "argoproj.io".into(),
                kind: "Application".into(),
                namespace: Arc::clone(&app.application.namespace),
                name: Arc::clone(&app.application.name),
            };
            self.thing(instance, &app.home, &key)
        });
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

    /// The object of this place.
    pub fn thing(&mut self, instance: usize, cluster: &Arc<str>, key: &ResourceKey) -> ThingId {
        let place = Place { instance, cluster: Arc::clone(cluster), key: key.clone() };
        if let Some(id) = self.index.get(&place) {
            return *id;
        }
        let id = self.things.len();
        self.things.push(Thing {
            instance,
            cluster: Arc::clone(cluster),
            key: key.clone(),
            base: None,
            head: None,
            base_apps: Vec::new(),
            head_apps: Vec::new(),
            before: None,
            now: None,
            end: None,
            race: false,
            unknown: None,
            refused: None,
            by_hand: [false; 2],
            generated: false,
            counted: false,
            derived: false,
        });
        self.index.insert(place, id);
        id
    }

    /// The object of this place, if base or head has it.
    pub fn find(&self, instance: usize, cluster: &Arc<str>, key: &ResourceKey) -> Option<ThingId> {
        self.index.get(&Place { instance, cluster: Arc::clone(cluster), key: key.clone() }).copied()
    }

    /// The Namespace of this name on a cluster.
    pub fn namespace(&self, instance: usize, cluster: &Arc<str>, name: &Arc<str>) -> Option<ThingId> {
        self.find(instance, cluster, &namespace_key(name))
    }

    /// The Application whose object this is.
    pub fn application(&self, thing: ThingId) -> Option<ControlId> {
        self.by_object.get(&thing).copied()
    }

    fn add_views(&mut self, id: ControlId, between: &HashMap<(usize, &str), &'a App>) {
        let control = &self.controls[id];
        let (instance, base, head) = (control.instance, control.base, control.head);
        let again = between.get(&(instance, &*control.id)).copied();
        let mut generated: HashMap<(Arc<str>, Arc<str>, Arc<str>), usize> = HashMap::new();
        if let Some(app) = base {
            for target in &app.targets.list {
                let thing = self.target(instance, app, target, &mut generated);
                self.things[thing].base = Some(&target.manifest);
                if !self.things[thing].base_apps.contains(&id) {
                    self.things[thing].base_apps.push(id);
                }
            }
        }
        let before = generated.clone();
        if let Some(app) = head {
            let things: Vec<ThingId> = app
                .targets
                .list
                .iter()
                .map(|target| self.target(instance, app, target, &mut generated))
                .collect();
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
            let things: Vec<ThingId> = app
                .targets
                .list
                .iter()
                .map(|target| self.target(instance, app, target, &mut generated))
                .collect();
            self.controls[id].old = Some(View { application: &base.application, app, things });
        }
    }

    /// The object of a target. One that has only `generateName` is a new one each time; it is counted.
    pub fn target(
        &mut self,
        instance: usize,
        app: &App,
        target: &Target,
        generated: &mut HashMap<(Arc<str>, Arc<str>, Arc<str>), usize>,
    ) -> ThingId {
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
                let key = ResourceKey {
                    group: "argoproj.io".into(),
                    kind: "AppProject".into(),
                    namespace: Arc::clone(&owned.namespace),
                    name: Arc::clone(&owned.project.name),
                };
                let thing = self.thing(number(owned.instance), &home, &key);
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

    /// The ApplicationSet whose object this is.
    pub fn set(&self, thing: ThingId) -> Option<SetControlId> {
        self.by_set.get(&thing).copied()
    }

    /// How manifests are compared for an instance.
    pub fn comparing(&self, instance: usize) -> Comparing<'a> {
        let settings = self.settings(instance);
        Comparing { tracking: settings.tracking, label: settings.instance_label() }
    }

    /// How an instance is set up: as base has it, as that is what runs.
    pub fn settings(&self, instance: usize) -> &'a Settings {
        let of = |inventory: &'a Inventory, index: usize| {
            inventory.instances.get(index).or(inventory.instances.first()).map(|instance| &instance.settings)
        };
        let head = || of(self.head, instance.saturating_sub(self.base.instances.len()));
        let own = self.base.instances.get(instance).map(|instance| &instance.settings);
        own.or_else(head).expect("an inventory has an instance")
    }

    /// Everything in a namespace of a cluster.
    pub fn in_namespace(&self, instance: usize, cluster: &Arc<str>, name: &Arc<str>) -> Vec<ThingId> {
        let key = (instance, Arc::clone(cluster), Arc::clone(name));
        self.places().in_namespace.get(&key).cloned().unwrap_or_default()
    }

    /// Every object of a kind on a cluster.
    pub fn of_kind(
        &self,
        instance: usize,
        cluster: &Arc<str>,
        group: &Arc<str>,
        kind: &Arc<str>,
    ) -> Vec<ThingId> {
        let key = (instance, Arc::clone(cluster), Arc::clone(group), Arc::clone(kind));
        self.places().of_kind.get(&key).cloned().unwrap_or_default()
    }

    /// The definition of a custom kind on a cluster, if base or head has it.
    pub fn definition(&self, thing: ThingId) -> Option<ThingId> {
        let of = &self.things[thing];
        if of.key.group.is_empty() || !of.key.group.contains('.') {
            return None;
        }
        let kind = GroupKind { group: Arc::clone(&of.key.group), kind: Arc::clone(&of.key.kind) };
        self.places().definitions.get(&(of.instance, Arc::clone(&of.cluster), kind)).copied()
    }

    /// The workloads whose Pods mount a claim, on either side.
    pub fn mounting(&self, claim: ThingId) -> &[ThingId] {
        let of = &self.things[claim];
        let (cluster, key) = (Arc::clone(&of.cluster), &of.key);
        let place = (of.instance, cluster, Arc::clone(&key.namespace), Arc::clone(&key.name));
        self.places().mounts.get(&place).map_or(&[], Vec::as_slice)
    }

    fn places(&self) -> &Places {
        self.places.get_or_init(|| {
            let mut places = Places::default();
            for (id, thing) in self.things.iter().enumerate() {
                let (instance, cluster, key) = (thing.instance, &thing.cluster, &thing.key);
                if !key.namespace.is_empty() {
                    let place = (instance, Arc::clone(cluster), Arc::clone(&key.namespace));
                    places.in_namespace.entry(place).or_default().push(id);
                }
                let kind = (instance, Arc::clone(cluster), Arc::clone(&key.group), Arc::clone(&key.kind));
                places.of_kind.entry(kind).or_default().push(id);
                let manifests = [thing.head, thing.base].into_iter().flatten();
                if key.is("apiextensions.k8s.io", "CustomResourceDefinition") {
                    for defined in manifests.filter_map(super::admission::defined) {
                        places.definitions.insert((instance, Arc::clone(cluster), defined), id);
                    }
                    continue;
                }
                for claim in manifests.flat_map(super::deletion::mounted) {
                    let place = (instance, Arc::clone(cluster), Arc::clone(&key.namespace), claim);
                    places.mounts.entry(place).or_default().push(id);
                }
            }
            places
        })
    }

    /// Whether an object is there and stays.
    pub fn lives(&self, thing: ThingId) -> bool {
        self.things[thing].now.as_ref().is_some_and(|being| being.held.is_none())
    }

    /// Puts an object in place, as `control` applies it.
    pub fn put(&mut self, id: ThingId, being: Being<'a>) {
        let thing = &mut self.things[id];
        let by = being.owner;
        let made = thing.now.is_none();
        let last = thing.now.as_ref().or(thing.before.as_ref()).map_or(0, |being| being.uid);
        let uid = last + u32::from(made && (thing.before.is_some() || thing.end.is_some()));
        let held = thing.now.as_ref().and_then(|being| being.held.clone());
        thing.refused = None;
        thing.now = Some(Being { uid, held, ..being });
        if let Some(owner) = by {
            self.controls[owner].owned.push(id);
        }
        self.touched.push((id, by));
    }
}

impl<'a> Control<'a> {
    /// What it goes by now.
    pub fn view(&self) -> Option<&View<'a>> {
        self.view_of(self.spec)
    }

    /// What it does by one spec.
    pub fn view_of(&self, spec: Spec) -> Option<&View<'a>> {
        match spec {
            Spec::None => None,
            Spec::Old => self.old.as_ref(),
            Spec::New => self.new.as_ref(),
        }
    }

    /// Its policy by the spec of today; whoever deploys a folder that no Application names applies and prunes.
    pub fn automated(&self) -> Option<Automated> {
        if self.thing.is_none() {
            return Some(Automated { prune: true, allow_empty: true, ..Automated::default() });
        }
        self.view()?.application.spec.automated().cloned()
    }

    /// The cluster it deploys to now.
    pub fn cluster(&self) -> Option<&'a Arc<str>> {
        match self.spec {
            Spec::Old => self.base.map(|app| &app.cluster),
            _ => self.view().map(|view| &view.app.cluster),
        }
    }
}

/// The key of a Namespace.
pub(super) fn namespace_key(name: &Arc<str>) -> ResourceKey {
    ResourceKey { group: "".into(), kind: "Namespace".into(), namespace: "".into(), name: Arc::clone(name) }
}
