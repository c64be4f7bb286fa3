//! The clusters while the merge goes on: every object of base or head, and every Application as its controller.

use super::cause::Cause;
use super::compare::Stop;
use super::projects::Projects;
use super::same::Comparing;
use crate::inventory::{App, Inventory, Place, Set};
use crate::model::{Application, Automated, GroupKind, Manifest, ResourceKey, Settings, mounted_claims};
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
    pub index: HashMap<Place, ThingId>,
    /// Applications and ApplicationSets by their own objects, and Applications by instance and name.
    pub by_object: HashMap<ThingId, ControlId>,
    pub by_set: HashMap<ThingId, SetControlId>,
    pub by_name: HashMap<(usize, Arc<str>), ControlId>,
    pub places: OnceCell<Places>,
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
pub(super) struct Places {
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
    /// Its owner has fewer replicas.
    Scaled(ThingId),
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

impl<'a> World<'a> {
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
        self.find(instance, cluster, &ResourceKey::of_namespace(name))
    }

    /// The Application whose object this is.
    pub fn application(&self, thing: ThingId) -> Option<ControlId> {
        self.by_object.get(&thing).copied()
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
                for (_, claim) in manifests.flat_map(mounted_claims) {
                    let place = (instance, Arc::clone(cluster), Arc::clone(&key.namespace), claim.into());
                    places.mounts.entry(place).or_default().push(id);
                }
            }
            places
        })
    }

    /// What an object went along with: its Application, ApplicationSet, Namespace, definition or owner.
    pub fn goes_with(&self, thing: ThingId) -> Option<ThingId> {
        match self.things[thing].end.as_ref()? {
            End::Namespace(above) | End::Definition(above) | End::Owner(above) => Some(*above),
            End::Application(control) => self.controls[*control].thing,
            End::Set(set) => Some(self.sets[*set].thing),
            End::Prune(_) | End::Replace(..) | End::Hook(_) | End::Scaled(_) => None,
        }
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

    /// What it is called: `namespace/name`, or the path of a folder.
    pub fn name(&self) -> &str {
        if self.thing.is_none() { self.id.trim_start_matches('/') } else { &self.id }
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
