use super::Instance;
use super::options::{InstanceOptions, Options};
use crate::discover::Found;
use crate::model::{Cluster, Manifest, Problem, ProblemKind, Settings, Tracking, Version};
use crate::yaml::Node;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use std::collections::BTreeMap;

/// The Argo CD instances: what the tree says comes before what is known, that before the configuration.
pub(super) fn instances(options: &Options, found: &Found, problems: &mut Vec<Problem>) -> Vec<Instance> {
    let default = [InstanceOptions::default()];
    let written = if options.instances.is_empty() { &default[..] } else { &options.instances[..] };
    written.iter().map(|instance| settings(instance, options, found, problems)).collect()
}

fn settings(
    instance: &InstanceOptions,
    options: &Options,
    found: &Found,
    problems: &mut Vec<Problem>,
) -> Instance {
    let version = instance.version.unwrap_or(Version::DEFAULT);
    let mut settings = Settings {
        version,
        tracking: instance.tracking.unwrap_or_else(|| Tracking::named("", version)),
        set_policy: instance.set_policy,
        as_shipped: options.only.is_some(),
        ..Settings::default()
    };
    if let Some(namespace) = &instance.namespace {
        settings.namespace.clone_from(namespace);
        settings.is_namespace_said = true;
    }
    for known in &options.known {
        apply(&mut settings, &known.found, problems);
    }
    apply(&mut settings, found, problems);
    Instance { settings, scope: instance.scope.clone() }
}

fn apply(settings: &mut Settings, found: &Found, problems: &mut Vec<Problem>) {
    let cm = agreed(&found.settings, problems);
    if let Err(error) = settings.apply_cm(cm) {
        let message = format!("`argocd-cm` cannot be read: {}", error.message);
        let problem = Problem::warning(ProblemKind::SettingConflict, message, None);
        problems.push(match found.settings.first() {
            Some(manifest) => problem.at(manifest.location()),
            None => problem,
        });
    }
    settings.params.extend(agreed(&found.parameters, problems));
}

/// The keys of several ConfigMaps of one name; a key on which they disagree is left out, and said.
fn agreed(maps: &[Manifest], problems: &mut Vec<Problem>) -> BTreeMap<String, String> {
    let mut keys: BTreeMap<String, String> = BTreeMap::new();
    let mut disputed: BTreeMap<String, &Manifest> = BTreeMap::new();
    for map in maps {
        for (key, value) in data(map) {
            if keys.get(&key).is_some_and(|known| *known != value) {
                disputed.insert(key.clone(), map);
            }
            keys.entry(key).or_insert(value);
        }
    }
    for (key, map) in disputed {
        keys.remove(&key);
        let message = format!(
            "the tree holds several `{}` that disagree on `{key}`; the default is assumed",
            map.name()
        );
        problems.push(
            Problem::warning(ProblemKind::SettingConflict, message, None)
                .help("say in the configuration which instance is meant, or exclude the copy that is not deployed")
                .at(map.location_at(&["data", &key])),
        );
    }
    keys
}

fn data(map: &Manifest) -> Vec<(String, String)> {
    let entries = map.node().get("data").into_iter().flat_map(Node::entries);
    entries.filter_map(|entry| Some((entry.key.to_string(), entry.value.as_str()?.to_owned()))).collect()
}

/// The cluster that a Secret with the label `argocd.argoproj.io/secret-type: cluster` describes (`util/db/cluster.go`).
pub fn cluster(secret: &Manifest) -> Cluster {
    let field = |name: &str| {
        let plain = secret.node().at(&["stringData", name]).and_then(|node| node.as_str().map(str::to_owned));
        let decode = |text: &str| String::from_utf8(BASE64_STANDARD.decode(text.trim()).ok()?).ok();
        plain.or_else(|| decode(secret.node().at(&["data", name])?.as_str()?)).unwrap_or_default()
    };
    let texts = |field: &str| {
        let entries = secret.node().at(&["metadata", field]).into_iter().flat_map(Node::entries);
        entries.filter_map(|entry| Some((entry.key.to_string(), entry.value.as_str()?.to_owned()))).collect()
    };
    let server = field("server");
    let name = field("name");
    Cluster {
        name: if name.is_empty() { server.clone() } else { name },
        server,
        project: field("project"),
        labels: texts("labels"),
        annotations: texts("annotations"),
        secret: secret.name().to_owned(),
        ..Cluster::default()
    }
}
