//! What `init` finds in a repository.

use crate::cli::error::Error;
use crate::cli::load::Stage;
use crate::cli::paths;
use crate::files::Repository;
use crate::inventory::{Inventory, Outcome};
use crate::model::{Cluster, IN_CLUSTER, Protection, Source, SyncOptions, protections};
use crate::report;
use crate::rules::{self, Convention};
use std::collections::{BTreeMap, BTreeSet};

/// How many names are listed in a comment.
const MOST: usize = 10;

/// Namespaces that are protected unless the configuration lists others.
const USUAL: &[&str] = &["argocd", "default", "kube-node-lease", "kube-public", "kube-system"];
/// Namespaces that are worth protecting where they are here.
const PLATFORM: &[&str] = &["cert-manager", "flux-system", "openshift-gitops", "velero"];

/// What was found.
pub struct Facts {
    /// The folder that is judged, from the root of the repository; empty for all of it.
    pub folder: String,
    /// Clusters that Applications name, and that no Secret of the tree describes.
    pub clusters: Vec<Cluster>,
    /// How many clusters Secrets of the tree describe.
    pub described: usize,
    /// Globs of the roots of Argo CD instances side by side; empty where there is one.
    pub scopes: Vec<String>,
    /// The namespace of Argo CD.
    pub namespace: String,
    /// Address and default branch of the repository.
    pub origin: Option<String>,
    /// See `origin`.
    pub branch: Option<String>,
    /// Repositories that sources name and that are not here, with how many Applications read them.
    pub elsewhere: Vec<(String, usize)>,
    /// Projects that Applications name and that are not here.
    pub projects: Vec<String>,
    /// Namespaces to protect.
    pub protected: Vec<String>,
    /// Whether listing these changes no finding.
    pub protecting_is_quiet: bool,
    /// How names follow from paths.
    pub naming: Vec<Convention>,
    /// Kinds of data that nothing protects: how many objects.
    pub unprotected: usize,
    applications: usize,
    objects: usize,
    sets: usize,
}

/// Looks at a tree as it is without configuration.
pub fn gather(stage: &Stage, inventory: &Inventory) -> Result<Facts, Error> {
    let apps = || inventory.applications.iter().filter(|app| app.is_written());
    let protected = protected(inventory);
    let repository = stage.repository();
    Ok(Facts {
        folder: repository.and_then(|one| paths::below(one.root(), stage.root())).unwrap_or_default(),
        clusters: clusters(inventory),
        described: inventory.clusters.iter().count(),
        scopes: scopes(inventory),
        namespace: inventory
            .instances
            .first()
            .map_or_else(|| "argocd".to_owned(), |one| one.settings.namespace.to_string()),
        origin: repository.map(Repository::origin_url).transpose()?.flatten(),
        branch: repository.map(Repository::default_branch).transpose()?.flatten().map(|branch| branch.name),
        elsewhere: elsewhere(inventory),
        projects: projects(inventory),
        protecting_is_quiet: changes_nothing(inventory, &protected),
        protected,
        naming: rules::conventions(inventory),
        unprotected: unprotected(inventory),
        applications: apps().count(),
        objects: inventory.count(),
        sets: inventory.sets.len(),
    })
}

impl Facts {
    /// What was looked at, in one line.
    pub fn summary(&self) -> String {
        let counts =
            [(self.applications, "Application"), (self.sets, "ApplicationSet"), (self.objects, "object")];
        let counts = counts.map(|(n, what)| report::count(n, what));
        format!("looked at {}", counts.join(", "))
    }
}

/// Globs of the root Applications of each instance, where there are several; the first that matches counts.
fn scopes(inventory: &Inventory) -> Vec<String> {
    if inventory.instances.len() < 2 {
        return Vec::new();
    }
    let used = |at: usize| {
        inventory.applications.iter().any(|app| app.instance == at)
            || inventory.sets.iter().any(|set| set.instance == at)
            || inventory.projects.iter().any(|project| project.instance == at)
    };
    let used = inventory.instances.iter().enumerate().filter(|(at, _)| used(*at));
    let mut scopes: Vec<String> = used.map(|(_, one)| one.scope.clone()).collect();
    scopes.sort_by_key(|scope| std::cmp::Reverse(scope.len()));
    scopes
        .into_iter()
        .map(|scope| if scope.is_empty() { "**".to_owned() } else { format!("{scope}/**") })
        .collect()
}

/// The clusters that destinations name.
fn clusters(inventory: &Inventory) -> Vec<Cluster> {
    let mut found: BTreeMap<String, Cluster> = BTreeMap::new();
    for app in inventory.applications.iter().filter(|app| app.is_written()) {
        let id = &*app.cluster;
        let is_typo = id != IN_CLUSTER && inventory.clusters.nearest(id).is_some();
        if id.is_empty() || id == IN_CLUSTER || id.contains("{{") || is_typo {
            continue;
        }
        if inventory.clusters.find(id).is_some() {
            continue;
        }
        let server = if id.contains("://") { id.to_owned() } else { String::new() };
        let name = if server.is_empty() { id.to_owned() } else { host(id) };
        let cluster = Cluster { name: name.clone(), server: server.clone(), ..Cluster::default() };
        match found.get(&name) {
            // Two addresses of one host are told apart by the whole of them.
            Some(other) if other.server != server => {
                found.insert(id.to_owned(), Cluster { name: id.to_owned(), ..cluster });
            }
            Some(_) => (),
            None => drop(found.insert(name, cluster)),
        }
    }
    found.into_values().collect()
}

/// The host of an address.
fn host(server: &str) -> String {
    let rest = server.split_once("://").map_or(server, |(_, rest)| rest);
    rest.split(['/', ':']).next().unwrap_or(rest).to_owned()
}

/// Repositories that are not here, those that most read first.
fn elsewhere(inventory: &Inventory) -> Vec<(String, usize)> {
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for app in inventory.applications.iter().filter(|app| app.outcome == Outcome::Unknown) {
        let sources = app.application.spec.effective_sources();
        let away = sources.iter().zip(app.here.iter().chain(std::iter::repeat(&false)));
        let git = away.filter(|(source, here)| !**here && source.chart.is_empty());
        let name = |source: &Source| match source.target_revision.as_str() {
            "" | "HEAD" => source.repo_url.clone(),
            revision => format!("{}@{revision}", source.repo_url),
        };
        for url in git.map(|(source, _)| name(source)).collect::<BTreeSet<_>>() {
            *found.entry(url).or_default() += 1;
        }
    }
    let mut found: Vec<(String, usize)> = found.into_iter().filter(|(url, _)| !url.is_empty()).collect();
    found.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    found.truncate(MOST);
    found
}

fn projects(inventory: &Inventory) -> Vec<String> {
    let apps = inventory.applications.iter().filter(|app| app.is_written());
    let missing = apps.filter(|app| inventory.project(app).is_none());
    let names: BTreeSet<String> = missing.map(|app| app.application.spec.project_name().to_owned()).collect();
    names.into_iter().filter(|name| name != "default" && !name.contains("{{")).take(MOST).collect()
}

/// Namespaces of the engine and of the platform, and those that somebody protected already.
fn protected(inventory: &Inventory) -> Vec<String> {
    let mut names: BTreeSet<String> = USUAL.iter().map(|name| (*name).to_owned()).collect();
    names.extend(inventory.instances.iter().map(|one| one.settings.namespace.to_string()));
    for app in inventory.applications.iter().filter(|app| app.is_written()) {
        let options = app.application.spec.sync_options();
        for target in &app.targets.list {
            let name = if target.key.is("", "Namespace") { &target.key.name } else { &target.key.namespace };
            if PLATFORM.contains(&&**name) {
                names.insert(name.to_string());
            }
            let own = SyncOptions::of_object(&target.manifest);
            if target.key.is("", "Namespace") && own.value("Prune").is_some() {
                let found = protections(&target.manifest, &options, inventory.settings(app).version);
                if found.prune != Protection::None && found.delete != Protection::None {
                    names.insert(name.to_string());
                }
            }
        }
    }
    names.into_iter().collect()
}

/// Whether nothing more is found when these namespaces are protected.
fn changes_nothing(inventory: &Inventory, protected: &[String]) -> bool {
    let only = rules::find("protected-namespace-managed").map(|page| vec![page.code]);
    let plain = rules::Options { only, ..rules::Options::default() };
    let listed = rules::Options { protected_namespaces: Some(protected.to_vec()), ..plain.clone() };
    let told = |options: &rules::Options| -> Vec<_> {
        let findings = rules::judge(inventory, options).into_iter();
        findings.map(|finding| (finding.location, finding.severity)).collect()
    };
    told(&plain) == told(&listed)
}

fn unprotected(inventory: &Inventory) -> usize {
    let only = rules::find("stateful-without-prune-protection").map(|page| vec![page.code]);
    rules::judge(inventory, &rules::Options { only, ..rules::Options::default() }).len()
}
