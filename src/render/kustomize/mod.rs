//! Kustomizations: the edits that Argo CD makes, the build, and where in the tree its output comes from.

use super::path::{Folder, join};
use super::recipe::{Argument, Command, Place, Program, Step};
use super::{Documents, Request, helm};
use crate::files::{EntryKind, Location, Tree};
use crate::model::{Kustomize, Problem, ProblemKind, Settings, Source};
use serde::Serialize;
use serde_json::{Map, Value};

mod graph;
mod options;
mod origin;

pub(super) use graph::Graph;
pub(super) use origin::manifests;

/// A kustomization and everything that is done with it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Build {
    /// Its folder in the source's repository.
    pub folder: String,
    /// What is written into its file first, in order.
    pub edits: Vec<Edit>,
    /// Options of the build (`kustomize.buildOptions` in argocd-cm).
    pub options: Vec<String>,
    /// What charts are told, when the options allow charts.
    pub charts: Option<Capabilities>,
}

/// One change of a kustomization.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Edit {
    /// `kustomize edit` with these words.
    Words(Vec<String>),
    /// Append these to `patches`.
    Patches(Vec<Value>),
}

/// What charts are told about the cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Capabilities {
    /// Kubernetes version; may be empty.
    pub kube_version: String,
    /// API versions.
    pub api_versions: Vec<String>,
}

/// Works out what is done with a kustomization.
///
/// Follows `Build` in `util/kustomize/kustomize.go` and what `GenerateManifests` in `repository.go` hands to it.
pub(super) fn build(source: &Source, request: &Request<'_>, folder: &Folder) -> Result<Build, Problem> {
    let kustomize = source.kustomize.clone().unwrap_or_default();
    version(&kustomize.version, request.settings)?;
    let or = |own: &str, other: &str| if own.is_empty() { other.to_owned() } else { own.to_owned() };
    let kube_version = helm::kube_version(&or(&kustomize.kube_version, request.destination.kubernetes))?;
    let options = options::options(request.settings)?;
    let charts = options.iter().any(|option| option.contains("--enable-helm")).then(|| Capabilities {
        kube_version,
        api_versions: match kustomize.api_versions.is_empty() {
            true => request.destination.api_versions.to_vec(),
            false => kustomize.api_versions.clone(),
        },
    });
    let edits = edits(&kustomize, request, folder)?;
    Ok(Build { folder: folder.path.to_string(), edits, options, charts })
}

impl Build {
    /// What Argo CD does, in order.
    pub(super) fn steps(&self) -> Vec<Step> {
        let mut steps: Vec<Step> = self.edits.iter().map(|edit| self.edit(edit)).collect();
        let mut arguments = vec![Argument::text("build"), Argument::File(Place::own(&self.folder))];
        arguments.extend(self.options.iter().map(Argument::text));
        if let Some(charts) = &self.charts {
            let mut add = |flag: &str, value: &str| {
                arguments.extend([Argument::text(flag), Argument::text(value)]);
            };
            if !charts.kube_version.is_empty() {
                add("--helm-kube-version", &charts.kube_version);
            }
            charts.api_versions.iter().for_each(|version| add("--helm-api-versions", version));
        }
        steps.push(Step::Run(Command { program: Program::Kustomize, folder: Place::own(""), arguments }));
        steps
    }

    /// Texts of the edits that may name files.
    pub(super) fn names(&self) -> Vec<String> {
        let paths = |patch: &Value| Some(patch.get("path")?.as_str()?.to_owned());
        let of = |edit: &Edit| match edit {
            Edit::Patches(patches) => patches.iter().filter_map(paths).collect(),
            Edit::Words(words) => words.clone(),
        };
        self.edits.iter().flat_map(of).collect()
    }

    /// Whether Kustomize keeps files to the folder of the kustomization that names them.
    pub(super) fn restricted(&self) -> bool {
        !self.options.iter().any(|option| option.contains("LoadRestrictionsNone"))
    }

    fn edit(&self, edit: &Edit) -> Step {
        match edit {
            Edit::Patches(patches) => Step::Patch(patches.clone()),
            Edit::Words(words) => {
                let mut arguments = vec![Argument::text("edit")];
                arguments.extend(words.iter().map(Argument::text));
                let folder = Place::own(&self.folder);
                Step::Run(Command { program: Program::Kustomize, folder, arguments })
            }
        }
    }
}

/// Whether a build fails only because charts are not switched on, and nothing here says whether Argo CD has them on: the
/// argocd-cm is often made by a chart, or stands elsewhere.
pub(super) fn may_lack_helm(text: &str, settings: &Settings) -> bool {
    !settings.as_shipped && settings.cm.is_empty() && text.contains("must specify --enable-helm")
}

/// What is said then.
pub(super) fn lacks_helm(path: &str) -> Problem {
    let message =
        format!("`{path}` inflates charts, and nothing here says whether Argo CD lets Kustomize do that");
    Problem::unknown(ProblemKind::NotRendered, message).help(
        "give the argocd-cm, with `kustomize.buildOptions: --enable-helm`, under `known` or with `--known`",
    )
}

/// Another version than the usual one is a program that argocd-cm names (`GetKustomizeBinaryPath` in
/// `util/settings/settings.go`).
fn version(version: &str, settings: &Settings) -> Result<(), Problem> {
    if version.is_empty() {
        return Ok(());
    }
    let registered = ["kustomize.path", "kustomize.version"]
        .iter()
        .any(|prefix| settings.cm.contains_key(&format!("{prefix}.{version}")));
    let message = format!("the source wants Kustomize `{version}`");
    Err(match registered || !settings.as_shipped {
        true => Problem::unknown(
            ProblemKind::NotRendered,
            format!("{message}, a program of its own that only Argo CD has"),
        ),
        false => {
            Problem::fails(ProblemKind::RenderFailed, format!("{message}, which argocd-cm does not name"))
                .help("name the program in argocd-cm as `kustomize.path.<version>`, or remove the field")
        }
    })
}

fn edits(kustomize: &Kustomize, request: &Request<'_>, folder: &Folder) -> Result<Vec<Edit>, Problem> {
    let environment = &request.environment;
    let mut edits = Vec::new();
    let mut words = |command: &[&str], values: Vec<String>| -> Result<(), Problem> {
        if !command.ends_with(&["--"])
            && let Some(value) = values.iter().find(|value| value.starts_with('-'))
        {
            let message = format!("Kustomize would take `{value}` for an option");
            return Err(Problem::fails(ProblemKind::RenderFailed, message));
        }
        edits.push(Edit::Words(command.iter().map(|word| (*word).to_owned()).chain(values).collect()));
        Ok(())
    };
    if !kustomize.name_prefix.is_empty() {
        words(&["set", "nameprefix", "--"], vec![kustomize.name_prefix.clone()])?;
    }
    if !kustomize.name_suffix.is_empty() {
        words(&["set", "namesuffix", "--"], vec![kustomize.name_suffix.clone()])?;
    }
    if !kustomize.images.is_empty() {
        let images = kustomize.images.iter().map(|image| environment.substitute(image)).collect();
        words(&["set", "image"], images)?;
    }
    if !kustomize.replicas.is_empty() {
        let replicas = kustomize.replicas.iter().map(replica).collect::<Result<_, _>>()?;
        words(&["set", "replicas"], replicas)?;
    }
    if !kustomize.common_labels.is_empty() {
        let flags = [
            (kustomize.force_common_labels, "--force"),
            (kustomize.label_without_selector, "--without-selector"),
            (kustomize.label_include_templates, "--include-templates"),
        ];
        let flags = flags.iter().filter(|(on, _)| *on).map(|(_, flag)| *flag);
        let command: Vec<&str> = ["add", "label"].into_iter().chain(flags).collect();
        let labels = kustomize.common_labels.iter();
        words(&command, labels.map(|(name, value)| pair(name, &environment.substitute(value))).collect())?;
    }
    if !kustomize.common_annotations.is_empty() {
        let value = |value: &String| match kustomize.common_annotations_envsubst {
            true => environment.substitute(value),
            false => value.clone(),
        };
        let force = kustomize.force_common_annotations.then_some("--force");
        let command: Vec<&str> = ["add", "annotation"].into_iter().chain(force).collect();
        let annotations = kustomize.common_annotations.iter();
        words(&command, annotations.map(|(name, own)| pair(name, &value(own))).collect())?;
    }
    if !kustomize.namespace.is_empty() {
        words(&["set", "namespace", "--"], vec![kustomize.namespace.clone()])?;
    }
    let components = components(kustomize, request.documents.tree(), folder);
    if !kustomize.patches.is_empty() {
        edits.push(Edit::Patches(kustomize.patches.iter().map(patch).collect()));
    }
    if !components.is_empty() {
        if let Some(value) = components.iter().find(|value| value.starts_with('-')) {
            let message = format!("Kustomize would take `{value}` for an option");
            return Err(Problem::fails(ProblemKind::RenderFailed, message));
        }
        let command = ["add", "component"].map(str::to_owned).into_iter();
        edits.push(Edit::Words(command.chain(components).collect()));
    }
    Ok(edits)
}

fn pair(name: &str, value: &str) -> String {
    format!("{name}:{value}")
}

/// `name=count`; the count may be a text that holds a whole number.
fn replica(replica: &Value) -> Result<String, Problem> {
    let name = replica["name"].as_str().unwrap_or("");
    let count = match &replica["count"] {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.strip_prefix('+').unwrap_or(text).parse().ok(),
        _ => Some(0),
    };
    match count {
        Some(count) => Ok(format!("{name}={count}")),
        None => {
            let message = format!("the replicas of `{name}` are no whole number: {}", replica["count"]);
            Err(Problem::fails(ProblemKind::RenderFailed, message))
        }
    }
}

/// The components that are added; with `ignoreMissingComponents` those that are there.
fn components(kustomize: &Kustomize, tree: &Tree, folder: &Folder) -> Vec<String> {
    let there = |component: &&String| {
        !kustomize.ignore_missing_components || is_there(tree, &join(&folder.path, component))
    };
    kustomize.components.iter().filter(there).cloned().collect()
}

fn is_there(tree: &Tree, path: &str) -> bool {
    super::path::clean(path).and_then(|path| tree.resolve(&path).ok().flatten()).is_some()
}

/// A patch with the fields that Argo CD has (`KustomizePatch` in `types.go`).
fn patch(patch: &Value) -> Value {
    let pick = |from: &Value, keys: &[&str]| -> Map<String, Value> {
        let own = keys.iter().filter_map(|key| Some(((*key).to_owned(), from.get(key)?.clone())));
        own.filter(|(_, value)| !value.is_null() && value.as_str() != Some("")).collect()
    };
    let mut out = pick(patch, &["path", "patch", "options"]);
    if let Some(target) = patch.get("target").filter(|target| target.is_object()) {
        let keys = ["group", "version", "kind", "name", "namespace", "annotationSelector", "labelSelector"];
        out.insert("target".to_owned(), Value::Object(pick(target, &keys)));
    }
    Value::Object(out)
}

/// What a complaint of Kustomize is about: the text of the kustomization that it quotes, else the kustomization.
pub(super) fn blamed(complaint: &str, read: &Documents, folder: &str) -> Option<Location> {
    let path = read.tree().resolve(&file_of(read.tree(), folder)?).ok()??;
    let quoted = || {
        let file = read.single(&path).ok()?;
        let root = file.documents().first()?.root().ok()?;
        let mut quotes = complaint.split(['\'', '(', ')']).filter(|quote| !quote.is_empty());
        let named = |quote: &str| file.node(root).subtree().find(|node| node.text() == quote);
        quotes.find_map(named).map(|node| Location::new(path.clone(), node.span()))
    };
    Some(quoted().unwrap_or_else(|| Location::head(path.clone())))
}

/// The file of a kustomization folder that Argo CD edits: the first by name.
pub(super) fn file_of(tree: &Tree, folder: &str) -> Option<String> {
    ["kustomization.yaml", "kustomization.yml", "Kustomization"].iter().map(|name| join(folder, name)).find(
        |path| {
            let real = tree.resolve(path).ok().flatten();
            real.and_then(|real| tree.entry(&real))
                .is_some_and(|entry| matches!(entry.kind, EntryKind::File(_)))
        },
    )
}
