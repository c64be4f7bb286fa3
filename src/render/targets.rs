use crate::model::{
    Condition, Manifest, Phase, Problem, ProblemKind, ResourceKey, Scope, Scopes, Settings, group_of, hooks,
    version_of, wave,
};
use hashbrown::HashMap;
use serde_json::{Map, Number, Value};
use std::sync::Arc;

/// The cluster that manifests are going to, as far as they change by it.
pub struct Destination<'a> {
    /// `spec.destination.namespace`.
    pub namespace: &'a str,
    /// Its API server, which patterns of `resource.exclusions` look at; `""` where unknown.
    pub server: &'a str,
    /// Its kinds.
    pub scopes: &'a Scopes,
}

/// One object that Argo CD compares with the cluster.
#[derive(Clone, Debug)]
pub struct Target {
    /// The object, as its source gave it.
    pub manifest: Manifest,
    /// Its identity, with the namespace filled in or cleared.
    pub key: ResourceKey,
    /// Its API version, without the group.
    pub version: Arc<str>,
    /// Which of the Application's sources gave it.
    pub source: usize,
    /// See [`hooks`].
    pub hooks: Option<Vec<Phase>>,
    /// See [`wave`].
    pub wave: i64,
    /// Whether nobody said if the kind is namespaced, so that Argo CD takes it as namespaced.
    pub scope_assumed: bool,
}

impl Target {
    /// The object as Argo CD compares it: the manifest with its namespace filled in or cleared.
    pub fn to_json(&self) -> Value {
        let mut object = self.manifest.node().to_json();
        as_float(&mut object);
        let own = self.manifest.namespace();
        if own == &*self.key.namespace {
            return object;
        }
        let Some(map) = object.as_object_mut() else { return object };
        let metadata = map.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
        if let Some(metadata) = metadata.as_object_mut() {
            match &*self.key.namespace {
                "" => metadata.remove("namespace"),
                namespace => metadata.insert("namespace".to_owned(), namespace.into()),
            };
        }
        object
    }
}

/// Whole numbers above the signed range become floats, as in apimachinery's decoder of unstructured objects.
fn as_float(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_u64() && !number.is_i64() => {
            if let Some(float) = number.as_f64().and_then(Number::from_f64) {
                *number = float;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(as_float),
        Value::Object(map) => map.values_mut().for_each(as_float),
        _ => {}
    }
}

/// One key that an Application renders more than once. Argo CD keeps the last.
#[derive(Clone, Debug)]
pub struct Repeated {
    /// The key.
    pub key: ResourceKey,
    /// Every object of that key and its source, in order.
    pub objects: Vec<(usize, Manifest)>,
}

/// What one Application deploys.
#[derive(Debug, Default)]
pub struct Targets {
    /// The objects, in the order in which they were rendered.
    pub list: Vec<Target>,
    /// Keys that were rendered more than once.
    pub repeated: Vec<Repeated>,
    /// Objects of kinds that Argo CD leaves alone.
    pub excluded: Vec<Target>,
    /// What the controller says of them.
    pub problems: Vec<Problem>,
}

/// Fills and clears namespaces, keeps the last of equal keys, drops excluded kinds.
///
/// Follows `NormalizeTargetObjects` and `CompareAppState` in `controller/state.go`.
pub fn targets(manifests: Vec<(usize, Manifest)>, to: &Destination<'_>, settings: &Settings) -> Targets {
    let mut names = Names::default();
    let mut all: Vec<Option<Target>> = Vec::with_capacity(manifests.len());
    let mut by_key: HashMap<ResourceKey, Vec<usize>> = HashMap::with_capacity(manifests.len());
    for (index, (source, manifest)) in manifests.into_iter().enumerate() {
        let target = target(source, manifest, to, &mut names);
        let mut key = target.key.clone();
        if key.name.is_empty() && !target.manifest.generate_name().is_empty() {
            key.name = format!("{}{index}", target.manifest.generate_name()).into();
        }
        by_key.entry(key).or_default().push(index);
        all.push(Some(target));
    }
    let mut result = Targets::default();
    for (key, indices) in by_key {
        let Some((_, losers)) = indices.split_last().filter(|(_, losers)| !losers.is_empty()) else {
            continue;
        };
        let objects = indices.iter().filter_map(|&index| all[index].as_ref());
        let objects = objects.map(|target| (target.source, target.manifest.clone())).collect();
        result.repeated.push(Repeated { key, objects });
        losers.iter().for_each(|&index| all[index] = None);
    }
    result.repeated.sort_by(|a, b| a.key.cmp(&b.key));
    result.problems.extend(result.repeated.iter().map(Repeated::problem));
    for target in all.into_iter().flatten() {
        if settings.exclusions.covers(&target.key.group, &target.key.kind, to.server) {
            result.problems.push(excluded(&target));
            result.excluded.push(target);
            continue;
        }
        if target.key.namespace.is_empty()
            && to.scopes.of(&target.key.group, &target.key.kind) == Scope::Namespaced
        {
            result.problems.push(namespace_missing(&target));
        }
        result.list.push(target);
    }
    result
}

fn target(source: usize, manifest: Manifest, to: &Destination<'_>, names: &mut Names) -> Target {
    let api_version = manifest.api_version();
    let (group, kind) = (group_of(api_version), manifest.kind());
    let scope = to.scopes.of(group, kind);
    let namespace = match scope {
        Scope::Cluster => "",
        Scope::Namespaced | Scope::Unknown => match manifest.namespace() {
            "" if has_metadata(&manifest) => to.namespace,
            own => own,
        },
    };
    let key = ResourceKey {
        group: names.get(group),
        kind: names.get(kind),
        namespace: names.get(namespace),
        name: manifest.name().into(),
    };
    let (version, hooks, wave) = (names.get(version_of(api_version)), hooks(&manifest), wave(&manifest));
    Target { key, version, source, hooks, wave, scope_assumed: scope == Scope::Unknown, manifest }
}

/// An object whose `metadata` is there and no mapping cannot take a namespace.
fn has_metadata(manifest: &Manifest) -> bool {
    manifest.node().get("metadata").is_none_or(|metadata| metadata.is_map())
}

impl Repeated {
    fn problem(&self) -> Problem {
        let message = format!("{} is rendered {} times; the last one wins", self.key, self.objects.len());
        let problem =
            Problem::warning(ProblemKind::Repeated, message, Some(Condition::RepeatedResourceWarning));
        match self.objects.last() {
            Some((_, winner)) => problem.at(winner.location()),
            None => problem,
        }
    }
}

fn excluded(target: &Target) -> Problem {
    let message = format!("{} is of a kind that Argo CD leaves alone", target.key);
    Problem::warning(ProblemKind::Excluded, message, Some(Condition::ExcludedResourceWarning))
        .help("`resource.exclusions` in argocd-cm names the kinds that are never applied")
        .at(target.manifest.location())
}

fn namespace_missing(target: &Target) -> Problem {
    let message = format!("{} has no namespace, and its Application's destination names none", target.key);
    Problem::fails(ProblemKind::InvalidSpec, message)
        .condition(Condition::InvalidSpecError)
        .help("set `metadata.namespace`, or `spec.destination.namespace` of the Application")
        .at(target.manifest.location())
}

/// Groups, kinds and namespaces repeat; each is kept once per Application.
#[derive(Default)]
struct Names {
    known: HashMap<Arc<str>, ()>,
}

impl Names {
    fn get(&mut self, text: &str) -> Arc<str> {
        if let Some((known, ())) = self.known.get_key_value(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.known.insert(Arc::clone(&new), ());
        new
    }
}
