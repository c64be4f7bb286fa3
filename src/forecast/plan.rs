//! In what order a sync does things, and how far it comes.

use super::apply::{self, Applied, Ground, Patience};
use super::cause::Cause;
use super::compare::{Stop, differs, is_skipped, is_target, needs_namespace};
use super::prune::{self, Right};
use super::world::{ControlId, ThingId, World};
use crate::model::{Manifest, Phase, SyncOptions, wave};
use crate::render::Target;
use crate::yaml::Node;
use hashbrown::HashSet;
use std::sync::Arc;

/// The order of kinds within a wave (`gitops-engine/pkg/sync/sync_tasks.go`); every other kind comes behind.
const KINDS: &[&str] = &[
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
];

/// One thing that a sync does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Task {
    /// Deletes an object that has no target.
    Prune(ThingId),
    /// Applies a target, by its number.
    Apply(usize),
    /// Runs a hook, by the number of its target.
    Hook(usize),
}

struct Planned {
    task: Task,
    phase: u8,
    wave: i64,
    kind: usize,
}

/// A sync that is about to run.
pub(super) struct Plan {
    pub control: ControlId,
    tasks: Vec<Planned>,
    /// Live objects without a target.
    extra: Vec<ThingId>,
    /// Why it does not start after all.
    refused: Option<Stop>,
}

/// What a sync does before it ends or waits.
#[derive(Default)]
pub(super) struct Run {
    /// Objects that it prunes.
    pub prunes: Vec<ThingId>,
    /// Targets that it applies, by number, and those it makes anew.
    pub applies: Vec<(usize, Option<Cause>)>,
    /// Hooks that run, by number of the target.
    pub hooks: Vec<usize>,
    /// Why it comes no further.
    pub stop: Option<Stop>,
    /// The namespace of its destination, where it makes that.
    pub namespace: Option<Arc<str>>,
    /// Whether the metadata of that namespace changes.
    pub renews: bool,
    /// Whether its retries last longer than the end of a namespace takes.
    pub outlasts: bool,
}

/// Whether a hook goes as soon as it succeeded.
pub(super) fn deletes_on_success(hook: &Manifest) -> bool {
    policies(hook).contains(&"HookSucceeded")
}

/// Whether the live object of a hook goes before the hook runs; so it is where nothing is said.
pub(super) fn deletes_before(hook: &Manifest) -> bool {
    let policies = policies(hook);
    policies.is_empty() || policies.contains(&"BeforeHookCreation")
}

/// The deletion policies of a hook (`gitops-engine/pkg/sync/hook/delete_policy.go`).
fn policies(hook: &Manifest) -> Vec<&'static str> {
    const KNOWN: &[(&str, &str)] = &[
        ("HookSucceeded", "hook-succeeded"),
        ("HookFailed", "hook-failed"),
        ("BeforeHookCreation", "before-hook-creation"),
    ];
    let lists = |annotation: &str, word: &str| {
        hook.annotation(annotation).is_some_and(|text| text.split(',').any(|item| item.trim() == word))
    };
    KNOWN
        .iter()
        .filter(|(argo, helm)| {
            lists("argocd.argoproj.io/hook-delete-policy", argo) || lists("helm.sh/hook-delete-policy", helm)
        })
        .map(|(argo, _)| *argo)
        .collect()
}

fn kind_order(kind: &str) -> usize {
    KINDS.iter().position(|known| *known == kind).unwrap_or(KINDS.len())
}

/// The tasks of a sync, in order (`getSyncTasks`), or why it fails before it does anything.
pub(super) fn plan(world: &World<'_>, ground: &Ground, id: ControlId, extra: &[ThingId]) -> Plan {
    let Some(view) = world.controls[id].view() else {
        return Plan { control: id, tasks: Vec::new(), extra: Vec::new(), refused: Some(Stop::Deleting) };
    };
    let mut tasks = Vec::new();
    let mut refused = None;
    for (index, (target, thing)) in view.app.targets.list.iter().zip(&view.things).enumerate() {
        if is_skipped(&target.manifest) {
            continue;
        }
        let phases = phases(target);
        if phases.is_empty() {
            continue;
        }
        let why = apply::refused_before(world, ground, id, *thing, target);
        refused = refused.or_else(|| why.map(|why| Stop::Refused(*thing, why)));
        for phase in phases {
            let task = if is_target(target) { Task::Apply(index) } else { Task::Hook(index) };
            tasks.push(Planned { task, phase, wave: target.wave, kind: kind_order(&target.key.kind) });
        }
    }
    let mut prunes: Vec<Planned> = extra
        .iter()
        .filter_map(|thing| Some((*thing, world.things[*thing].now.as_ref()?)))
        .filter(|(_, being)| !being.hook && !being.manifest.is_some_and(is_skipped))
        .map(|(thing, being)| {
            let kind = kind_order(&world.things[thing].key.kind);
            Planned { task: Task::Prune(thing), phase: 1, wave: being.manifest.map_or(0, wave), kind }
        })
        .collect();
    mirror(&mut prunes);
    let last = tasks.iter().chain(&prunes).filter(|task| task.phase == 1).map(|task| task.wave).max();
    for planned in &mut prunes {
        if let Task::Prune(thing) = planned.task
            && prune::comes_last(world, id, thing)
        {
            planned.wave = last.unwrap_or(0).max(0) + 1;
        }
    }
    tasks.extend(prunes);
    tasks.sort_by_key(|planned| (planned.phase, planned.wave, planned.kind));
    Plan { control: id, tasks, extra: extra.to_vec(), refused }
}

/// The phases of a sync in which a target does something; an ordinary object in the middle one.
fn phases(target: &Target) -> Vec<u8> {
    let Some(hooks) = &target.hooks else { return vec![1] };
    let phase = |phase: &Phase| match phase {
        Phase::PreSync => Some(0),
        Phase::Sync => Some(1),
        Phase::PostSync => Some(2),
        Phase::SyncFail | Phase::Skip | Phase::PreDelete | Phase::PostDelete => None,
    };
    hooks.iter().filter_map(phase).collect()
}

/// Prune waves are swapped end for end: what was applied last goes first.
fn mirror(prunes: &mut [Planned]) {
    let mut waves: Vec<i64> = prunes.iter().map(|planned| planned.wave).collect();
    waves.sort_unstable();
    waves.dedup();
    for planned in prunes {
        if let Ok(at) = waves.binary_search(&planned.wave) {
            planned.wave = waves[waves.len() - 1 - at];
        }
    }
}

impl Plan {
    /// The objects that the sync prunes if it comes that far.
    pub fn wants_to_prune<'p>(&'p self, world: &'p World<'_>) -> impl Iterator<Item = ThingId> + 'p {
        let going = self.refused.is_none();
        self.tasks.iter().filter_map(move |planned| match planned.task {
            Task::Prune(thing) if going && prune::right(world, self.control, thing) == Right::Prunes => {
                Some(thing)
            }
            _ => None,
        })
    }

    /// How far the sync comes with its retries.
    ///
    /// A retry has other objects to prune, so that their waves are swapped anew: one that came behind the apply that
    /// fails may come before it now.
    pub fn run_to_end(&self, world: &World<'_>, ground: &Ground, absent: &HashSet<ThingId>) -> Run {
        let mut run = self.run(world, ground, absent);
        for _ in 0..self.retries(world).min(8) {
            if !matches!(run.stop, Some(Stop::Apply(..))) {
                break;
            }
            let left: Vec<ThingId> =
                self.extra.iter().copied().filter(|thing| !run.prunes.contains(thing)).collect();
            let again = plan(world, ground, self.control, &left).run(world, ground, absent);
            let known = run.prunes.len();
            run.prunes.extend(again.prunes);
            if run.prunes.len() == known {
                break;
            }
            let new = again
                .applies
                .into_iter()
                .filter(|(index, _)| !run.applies.iter().any(|(own, _)| own == index));
            let new: Vec<_> = new.collect();
            run.applies.extend(new);
            run.stop = again.stop;
        }
        run
    }

    /// How far the sync comes, where `absent` objects are pruned by others meanwhile.
    ///
    /// Wave by wave: prunes first, then hooks and applies, all of them even if one fails; then a failure ends it.
    /// Everything is taken to become healthy. Follows `Sync` and `runTasks` in
    /// `gitops-engine/pkg/sync/sync_context.go`.
    pub fn run(&self, world: &World<'_>, ground: &Ground, absent: &HashSet<ThingId>) -> Run {
        let mut run = Run {
            namespace: self.makes_namespace(world),
            renews: needs_namespace(world, self.control),
            outlasts: self.outlasts(world),
            ..Run::default()
        };
        if let Some(stop) = &self.refused {
            run.stop = Some(stop.clone());
            return run;
        }
        let mut at = 0;
        while at < self.tasks.len() && run.stop.is_none() {
            let (phase, wave) = (self.tasks[at].phase, self.tasks[at].wave);
            let end = at + self.tasks[at..].partition_point(|task| (task.phase, task.wave) == (phase, wave));
            self.wave(world, ground, absent, &self.tasks[at..end], &mut run);
            let more = end < self.tasks.len();
            if run.stop.is_none() && more {
                run.stop = self.held(world, &run);
            }
            at = end;
        }
        run
    }

    fn wave(
        &self,
        world: &World<'_>,
        ground: &Ground,
        absent: &HashSet<ThingId>,
        tasks: &[Planned],
        run: &mut Run,
    ) {
        let prunes = tasks.iter().filter_map(|planned| match planned.task {
            Task::Prune(thing) => Some((thing, prune::right(world, self.control, thing))),
            Task::Apply(_) | Task::Hook(_) => None,
        });
        let prunes: Vec<(ThingId, Right)> = prunes.collect();
        if let Some((thing, _)) = prunes.iter().find(|(_, right)| *right == Right::Confirm) {
            run.stop = Some(Stop::Confirm(*thing));
            return;
        }
        let Some(view) = world.controls[self.control].view() else { return };
        let made = |run: &Run, thing: ThingId| run.hooks.iter().any(|hook| view.things[*hook] == thing);
        let going = prunes.iter().filter(|(thing, right)| *right == Right::Prunes && !made(run, *thing));
        let going: Vec<ThingId> = going.map(|(thing, _)| *thing).collect();
        run.prunes.extend(going);
        let only_changed = view.application.spec.sync_options().has("ApplyOutOfSyncOnly=true");
        let comparing = world.comparing(world.controls[self.control].instance);
        let mut failed = None;
        for planned in tasks {
            let (Task::Apply(index) | Task::Hook(index)) = planned.task else { continue };
            let (target, thing) = (&view.app.targets.list[index], view.things[index]);
            if let Task::Hook(index) = planned.task {
                run.hooks.push(index);
                continue;
            }
            if only_changed
                && !absent.contains(&thing)
                && !differs(world, self.control, thing, target, comparing)
            {
                continue;
            }
            match apply::apply(world, ground, self.control, thing, target, absent, run.patience()) {
                Applied::Done => run.applies.push((index, None)),
                Applied::Replaced(cause) => run.applies.push((index, Some(cause))),
                Applied::Refused(why) => failed = failed.or(Some(Stop::Apply(thing, why))),
            }
        }
        run.stop = failed;
    }

    /// An object that was pruned and does not go holds up the waves behind.
    fn held(&self, world: &World<'_>, run: &Run) -> Option<Stop> {
        let stuck = |thing: &&ThingId| super::deletion::holder(world, **thing, &run.prunes).is_some();
        run.prunes.iter().find(stuck).map(|thing| Stop::Waits(*thing))
    }

    /// Whether the sync makes the namespace of its destination: it says so and renders none of that name.
    fn makes_namespace(&self, world: &World<'_>) -> Option<Arc<str>> {
        let view = world.controls[self.control].view()?;
        let spec = &view.application.spec;
        let namespace = spec.destination.namespace.as_str();
        let renders = || {
            let mut list = view.app.targets.list.iter();
            list.any(|target| target.key.is("", "Namespace") && *target.key.name == *namespace)
        };
        let makes = spec.sync_options().has("CreateNamespace=true") && !namespace.is_empty() && !renders();
        makes.then(|| namespace.into())
    }

    /// How often a failed operation is tried again: five times by default (`autoSync` in `controller/appcontroller.go`).
    fn retries(&self, world: &World<'_>) -> i64 {
        let Some(view) = world.controls[self.control].view() else { return 0 };
        let Some(retry) = view.application.manifest.node().at(&["spec", "syncPolicy", "retry"]) else {
            return 5;
        };
        match retry.get("limit").and_then(Node::as_i64) {
            Some(limit) if limit < 0 => i64::MAX,
            limit => limit.unwrap_or(0),
        }
    }

    /// Whether the retries go on for longer than a namespace takes to end: the default ones do, from five seconds up.
    fn outlasts(&self, world: &World<'_>) -> bool {
        self.retries(world) >= 5
    }
}

impl Run {
    /// How long it goes on trying.
    pub fn patience(&self) -> Patience<'_> {
        Patience { namespace: self.namespace.as_deref(), outlasts: self.outlasts }
    }
}

/// Whether a sync fails because another Application owns one of its objects (`hasSharedResourceCondition` in
/// `controller/sync.go`); an Application option that must be on.
pub(super) fn shared(world: &World<'_>, id: ControlId, absent: &HashSet<ThingId>) -> Option<Stop> {
    let view = world.controls[id].view()?;
    let options: SyncOptions<'_> = view.application.spec.sync_options();
    if !options.has("FailOnSharedResource=true") {
        return None;
    }
    let foreign = |thing: &&ThingId| {
        let owner = world.things[**thing].now.as_ref().and_then(|being| being.owner);
        !absent.contains(*thing) && owner.is_some_and(|owner| owner != id)
    };
    let thing = *view.things.iter().find(foreign)?;
    let owner = world.things[thing].now.as_ref().and_then(|being| being.owner)?;
    let why = format!("Application `{}` owns it", world.controls[owner].id);
    Some(Stop::Refused(thing, why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prune_waves_are_swapped_end_for_end() {
        for (waves, expected) in [
            (&[0, 5][..], &[5, 0][..]),
            (&[0, 1, 2], &[2, 1, 0]),
            (&[3, 3, -1], &[-1, -1, 3]),
            (&[7], &[7]),
            (&[], &[]),
        ] {
            let planned = |wave: &i64| Planned { task: Task::Prune(0), phase: 1, wave: *wave, kind: 0 };
            let mut prunes: Vec<Planned> = waves.iter().map(planned).collect();
            mirror(&mut prunes);
            let found: Vec<i64> = prunes.iter().map(|planned| planned.wave).collect();
            assert_eq!(found, expected, "{waves:?}");
        }
    }

    #[test]
    fn policies_of_hooks() {
        const ARGO: &str = "argocd.argoproj.io/hook-delete-policy";
        for (annotations, before, success) in [
            (String::new(), true, false),
            (format!("{ARGO}: HookSucceeded"), false, true),
            (format!("{ARGO}: \"HookFailed, BeforeHookCreation\""), true, false),
            (format!("{ARGO}: HookFailed, helm.sh/hook-delete-policy: hook-succeeded"), false, true),
            (format!("{ARGO}: hooksucceeded"), true, false),
        ] {
            let hook =
                Manifest::parsed(&format!("{{kind: Job, metadata: {{annotations: {{{annotations}}}}}}}"));
            assert_eq!(
                (deletes_before(&hook), deletes_on_success(&hook)),
                (before, success),
                "{annotations}"
            );
        }
    }
}
