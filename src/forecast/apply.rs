//! What applying one target does to what is live.

use super::cause::Cause;
use super::world::{Being, ControlId, ThingId, World};
use super::{admission, immutable, same};
use crate::inventory::{Inventory, Outcome};
use crate::model::{GIVEN_NAMESPACES, GroupKind, Manifest, Scope, Scopes, SyncOptions, Tracking};
use crate::render::Target;
use hashbrown::HashSet;
use std::sync::Arc;

/// What an apply does.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Applied {
    /// The object is there with the target's content and the Application's mark.
    Done,
    /// The object is deleted and made anew.
    Replaced(Cause),
    /// The API server refuses, and the sync fails behind this wave.
    Refused(String),
}

/// How long a sync goes on trying.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Patience<'a> {
    /// The namespace that it makes where it is missing.
    pub namespace: Option<&'a str>,
    /// Its retries last longer than the end of a namespace takes.
    pub outlasts: bool,
}

/// What is known of the clusters while one round of syncs runs.
#[derive(Default)]
pub(super) struct Ground {
    /// Namespaces that base or head gives a reason to believe in, by instance and cluster.
    namespaces: HashSet<(usize, Arc<str>, Arc<str>)>,
    /// Kinds that base has on a cluster, or that are defined there.
    kinds: HashSet<(usize, Arc<str>, GroupKind)>,
    /// Kinds that base has on any cluster.
    kinds_in_use: HashSet<(usize, GroupKind)>,
    /// Clusters of which not everything is known, as some Application is not rendered.
    open: HashSet<(usize, Arc<str>)>,
    /// Clusters to which base deploys something; what another one has, nobody here can tell.
    used: HashSet<(usize, Arc<str>)>,
}

impl Ground {
    /// What base uses exists; so does what either side defines.
    pub fn new(world: &World<'_>) -> Self {
        let mut ground = Self::default();
        for thing in &world.things {
            let (instance, cluster, key) = (thing.instance, &thing.cluster, &thing.key);
            let place = |name: &Arc<str>| (instance, Arc::clone(cluster), Arc::clone(name));
            if thing.before.is_some() {
                ground.used.insert((instance, Arc::clone(cluster)));
                ground.namespaces.insert(place(&key.namespace));
                let kind = GroupKind { group: Arc::clone(&key.group), kind: Arc::clone(&key.kind) };
                ground.kinds_in_use.insert((instance, kind.clone()));
                ground.kinds.insert((instance, Arc::clone(cluster), kind));
            }
            if key.is("", "Namespace") {
                ground.namespaces.insert(place(&key.name));
            }
            if key.is("apiextensions.k8s.io", "CustomResourceDefinition") {
                let kinds = [thing.base, thing.head].into_iter().flatten().filter_map(admission::defined);
                ground.kinds.extend(kinds.map(|kind| (instance, Arc::clone(cluster), kind)));
            }
        }
        for control in &world.controls {
            for view in [&control.old, &control.new].into_iter().flatten() {
                let cluster = Arc::clone(&view.app.cluster);
                let name = view.application.spec.destination.namespace.as_str().into();
                ground.namespaces.insert((control.instance, Arc::clone(&cluster), name));
                if control.thing.is_none() {
                    // Whoever deploys a folder by hand knows where to.
                    let named = view.app.targets.list.iter().map(|target| &target.key.namespace);
                    let place = |name: &Arc<str>| (control.instance, Arc::clone(&cluster), Arc::clone(name));
                    ground.namespaces.extend(named.map(place));
                }
                if view.app.outcome != Outcome::Rendered {
                    ground.open.insert((control.instance, cluster));
                }
            }
        }
        ground
    }

    /// Whether an object can be put into a namespace: it is there, and not about to go.
    fn takes(&self, world: &World<'_>, id: ThingId) -> bool {
        let thing = &world.things[id];
        let name = &thing.key.namespace;
        if name.is_empty() || GIVEN_NAMESPACES.contains(&&**name) {
            return true;
        }
        if let Some(namespace) = world.namespace(thing.instance, &thing.cluster, name) {
            let of = &world.things[namespace];
            let comes = of.before.is_none() && of.end.is_none() && (of.head.is_some() || of.derived);
            return of.now.as_ref().is_some_and(|being| being.held.is_none()) || comes;
        }
        **name == *world.settings(thing.instance).namespace
            || self.namespaces.contains(&(thing.instance, Arc::clone(&thing.cluster), Arc::clone(name)))
            || !self.used.contains(&(thing.instance, Arc::clone(&thing.cluster)))
    }

    /// Whether a cluster serves a kind.
    fn serves(&self, world: &World<'_>, id: ThingId) -> bool {
        let thing = &world.things[id];
        let (group, kind) = (&thing.key.group, &thing.key.kind);
        if let Some(definition) = world.definition(id) {
            let of = &world.things[definition];
            let comes = of.before.is_none() && of.end.is_none();
            return of.now.as_ref().is_some_and(|being| being.held.is_none()) || comes;
        }
        let is_known = |scopes: &Scopes| scopes.of(group, kind) != Scope::Unknown;
        let scoped = |inventory: &Inventory| {
            inventory.scopes.get(&thing.cluster).map_or_else(|| is_known(&Scopes::default()), is_known)
        };
        let own = GroupKind { group: Arc::clone(group), kind: Arc::clone(kind) };
        // A kind that no tree defines, and that is in use all the same, comes to clusters some other way, such as an operator.
        let is_defined_here =
            || [world.base, world.head].iter().any(|inventory| inventory.scopes.values().any(is_known));
        scoped(world.base)
            || scoped(world.head)
            || self.kinds_in_use.contains(&(thing.instance, own.clone())) && !is_defined_here()
            || self.kinds.contains(&(thing.instance, Arc::clone(&thing.cluster), own))
            || self.open.contains(&(thing.instance, Arc::clone(&thing.cluster)))
            || !self.used.contains(&(thing.instance, Arc::clone(&thing.cluster)))
    }
}

/// Why the sync does not even start with this target among its tasks: the checks of `getSyncTasks` and the dry run,
/// which is client-side (`gitops-engine/pkg/sync/sync_context.go`).
pub(super) fn refused_before(
    world: &World<'_>,
    ground: &Ground,
    id: ControlId,
    thing: ThingId,
    target: &Target,
) -> Option<String> {
    let control = &world.controls[id];
    let view = control.view()?;
    let key = &world.things[thing].key;
    if target.key.name.is_empty() && target.hooks.is_none() {
        let generated = !target.manifest.generate_name().is_empty();
        if !generated {
            return Some("it has no name that is a text".to_owned());
        }
        if !replaces(world, id, target, None) {
            return Some("an object with `generateName` cannot be applied".to_owned());
        }
    }
    if !world.projects.permits(control, view, key) {
        let project = view.application.spec.project_name();
        return Some(format!("AppProject `{project}` does not permit it"));
    }
    let options = view.application.spec.sync_options();
    let skips = options.has("SkipDryRunOnMissingResource=true")
        || SyncOptions::of_object(&target.manifest).has("SkipDryRunOnMissingResource=true");
    if !skips && !ground.serves(world, thing) {
        return Some(format!(
            "the cluster does not know the kind {}, as far as this repository tells",
            key.kind
        ));
    }
    None
}

/// Whether the object is written with `kubectl replace` or `create` instead of `apply`.
pub(super) fn replaces(world: &World<'_>, id: ControlId, target: &Target, live: Option<&Manifest>) -> bool {
    let application = world.controls[id]
        .view()
        .or(world.controls[id].old.as_ref())
        .map(|view| view.application.spec.sync_options());
    let own = |manifest: &Manifest| SyncOptions::of_object(manifest).has("Replace=true");
    application.is_some_and(|options| options.has("Replace=true"))
        || own(&target.manifest)
        || live.is_some_and(own)
}

fn forces(target: &Target, live: Option<&Manifest>) -> bool {
    let own = |manifest: &Manifest| SyncOptions::of_object(manifest).has("Force=true");
    own(&target.manifest) || live.is_some_and(own)
}

/// Whether the name of an Application fits into the label that tracks (label tracking writes it uncut).
pub(super) fn label_fits(world: &World<'_>, id: ControlId) -> bool {
    world.settings(world.controls[id].instance).tracking != Tracking::Label
        || super::seed::tracking_name(world, id).len() <= 63
}

/// What applying a target does, where `absent` objects are about to be pruned by others.
///
/// Follows `applyObject` in `gitops-engine/pkg/sync/sync_context.go`: replace and force are read from target or live.
pub(super) fn apply(
    world: &World<'_>,
    ground: &Ground,
    id: ControlId,
    thing: ThingId,
    target: &Target,
    absent: &HashSet<ThingId>,
    patience: Patience<'_>,
) -> Applied {
    let of = &world.things[thing];
    let live = of.now.as_ref().filter(|_| !absent.contains(&thing));
    let known = live.and_then(|being| being.manifest);
    let accepted = known.is_some_and(|known| known.node().raw() == target.manifest.node().raw());
    let definition =
        world.definition(thing).and_then(|definition| world.things[definition].now.as_ref()?.manifest);
    if !accepted
        && !target.key.name.is_empty()
        && let Some(why) = admission::refusal(&target.key, &target.manifest, definition)
    {
        return Applied::Refused(why);
    }
    if !label_fits(world, id) {
        return Applied::Refused("the Application's name is longer than a label may be".to_owned());
    }
    let Some(live) = live else { return create(world, ground, thing, patience) };
    update(world, id, thing, target, live)
}

/// Whether an object can be made.
pub(super) fn create(world: &World<'_>, ground: &Ground, thing: ThingId, patience: Patience<'_>) -> Applied {
    let key = &world.things[thing].key;
    if key.is("", "Namespace") && world.things[thing].end.is_some() && !patience.outlasts {
        return Applied::Refused("it is still being deleted when the last retry comes".to_owned());
    }
    let remakes = patience.namespace.filter(|_| patience.outlasts);
    if remakes != Some(&*key.namespace) && !ground.takes(world, thing) {
        return Applied::Refused(format!("the namespace `{}` is not there", key.namespace));
    }
    if !ground.serves(world, thing) {
        return Applied::Refused(format!("the cluster does not know the kind {}", key.kind));
    }
    Applied::Done
}

fn update(world: &World<'_>, id: ControlId, thing: ThingId, target: &Target, live: &Being<'_>) -> Applied {
    let Some(manifest) = live.manifest else { return Applied::Done };
    let key = &world.things[thing].key;
    let (replaces, forces) = (replaces(world, id, target, Some(manifest)), forces(target, Some(manifest)));
    let spared = key.is("", "Namespace") || key.is("apiextensions.k8s.io", "CustomResourceDefinition");
    if replaces && forces && !spared {
        let because = "`Replace=true` with `Force=true` deletes the object and makes it anew at every sync";
        return Applied::Replaced(Cause::new("replace-force", because));
    }
    if std::ptr::eq(manifest, &target.manifest) {
        return Applied::Done;
    }
    let comparing = world.comparing(world.controls[id].instance);
    if manifest.node().raw() == target.manifest.node().raw() {
        return Applied::Done;
    }
    let (old, new) = (same::effective(manifest, comparing), same::effective(&target.manifest, comparing));
    let api_version = target.manifest.api_version();
    if immutable::replaces_binding(api_version, &key.kind, &old, &new) {
        let because = "a changed `roleRef` makes Argo CD delete the binding and make it anew";
        return Applied::Replaced(Cause::new("role-ref-changed", because));
    }
    let Some(field) = immutable::refused(api_version, &key.kind, &old, &new) else { return Applied::Done };
    if forces && !replaces {
        let because =
            format!("`{field}` cannot change, and `Force=true` deletes the object and makes it anew");
        return Applied::Replaced(Cause::new("force", because));
    }
    Applied::Refused(format!("`{field}` of a live {} cannot change", key.kind))
}
