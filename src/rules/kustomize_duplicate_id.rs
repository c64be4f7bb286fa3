//! BH109. Meaning, rationale and examples: `rules/BH109-kustomize-duplicate-id.md`.

use super::document::is_object;
use crate::files::{Location, Path};
use crate::finding::Severity;
use crate::inventory::{Inventory, Outcome};
use crate::model::Manifest;
use crate::model::Origin;
use crate::render::{Recipe, clean, is_kustomization, join};
use crate::rules::{Check, Context, Rule};
use crate::yaml::{File, Node};
use hashbrown::{HashMap, HashSet};
use std::sync::Arc;

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH109-kustomize-duplicate-id.md"),
    check: Check::Inventory(check),
};

/// Folders of folders, at most.
const MAX_DEPTH: usize = 32;
/// Fields of a kustomization that leave the names of its resources alone.
const PLAIN: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata",
    "resources",
    "bases",
    "labels",
    "commonLabels",
    "commonAnnotations",
    "images",
    "configMapGenerator",
    "secretGenerator",
    "generatorOptions",
    "buildMetadata",
    "replicas",
    "sortOptions",
];

/// API version, kind, namespace and name, as Kustomize tells objects apart.
type Id = (String, String, String, String);

/// One kustomization.
struct Kustomization {
    path: Path,
    folder: String,
    file: Arc<File>,
}

fn check(cx: &mut Context<'_>) {
    let inventory = cx.inventory;
    let (built, fine) = built(inventory);
    for (path, _) in &inventory.parts {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        if !is_kustomization(name) || fine.contains(folder) {
            continue;
        }
        let Some(kustomization) = kustomization(folder, inventory) else { continue };
        if kustomization.path == *path {
            judge(&kustomization, built.contains(folder), cx);
        }
    }
}

/// The folders that Applications build, and those of them that were built without complaint.
fn built(inventory: &Inventory) -> (HashSet<String>, HashSet<String>) {
    let (mut built, mut fine) = (HashSet::new(), HashSet::new());
    for app in &inventory.applications {
        for (index, recipe) in app.recipes.iter().enumerate() {
            let Some(Recipe::Kustomize(build)) = recipe else { continue };
            if app.here.get(index) == Some(&true) {
                reach(&build.folder, inventory, &mut built);
                if app.outcome == Outcome::Rendered {
                    reach(&build.folder, inventory, &mut fine);
                }
            }
        }
    }
    (built, fine)
}

fn reach(folder: &str, inventory: &Inventory, reached: &mut HashSet<String>) {
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let Some(found) = kustomization(&folder, inventory) else { continue };
        if !reached.insert(folder) {
            continue;
        }
        open.extend(found.resources().into_iter().filter_map(|(_, path)| path));
    }
}

/// The only kustomization of a folder.
fn kustomization(folder: &str, inventory: &Inventory) -> Option<Kustomization> {
    let tree = inventory.documents.tree();
    let names = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
    let mut found = names.iter().filter_map(|name| Some(tree.entry(&join(folder, name))?.path.clone()));
    let path = found.next().filter(|_| found.next().is_none())?;
    let parsed = inventory.documents.manifest(&path).ok().filter(|parsed| parsed.verbatim)?;
    parsed.file.documents().first()?.root().ok()?;
    Some(Kustomization { path, folder: folder.to_owned(), file: Arc::clone(&parsed.file) })
}

impl Kustomization {
    fn root(&self) -> Option<Node<'_>> {
        Some(self.file.node(self.file.documents().first()?.root().ok()?))
    }

    /// The resources it lists, and where they would stand in the tree.
    fn resources(&self) -> Vec<(Node<'_>, Option<String>)> {
        let lists = ["resources", "bases"].into_iter().filter_map(|key| self.root()?.get(key));
        let items = lists.flat_map(|list| list.items());
        items.map(|item| (item, item.as_str().and_then(|text| self.within(text)))).collect()
    }

    fn within(&self, text: &str) -> Option<String> {
        let remote = text.contains("://") || text.contains('?') || text.starts_with('/');
        Some(clean(&join(&self.folder, text)).filter(|_| !remote)?.to_string())
    }

    /// Whether its resources keep their names.
    fn is_plain(&self) -> bool {
        let said = |node: Node<'_>| !node.is_null() && !is_empty_collection(node);
        self.root().is_some_and(|root| {
            let component = root.get("kind").is_some_and(|kind| kind.as_str() == Some("Component"));
            !component && root.entries().all(|entry| PLAIN.contains(&&*entry.key) || !said(entry.value))
        })
    }
}

fn is_empty_collection(node: Node<'_>) -> bool {
    (node.is_seq() || node.is_map()) && node.is_empty()
}

/// The identities of the objects that an entry of `resources` brings, as far as they are known.
fn ids(path: &str, depth: usize, inventory: &Inventory) -> Vec<Id> {
    let mut found: Vec<Id> = Vec::new();
    if let Some(base) = kustomization(path, inventory) {
        if depth < MAX_DEPTH && base.is_plain() {
            let paths = base.resources().into_iter().filter_map(|(_, path)| path);
            found = paths.flat_map(|path| ids(&path, depth + 1, inventory)).collect();
        }
    } else if let Some(entry) = inventory.documents.tree().entry(path)
        && let Ok(parsed) = inventory.documents.manifest(&entry.path)
    {
        let origin = Arc::new(Origin::Written(entry.path.clone()));
        let roots = parsed.file.documents().iter().filter_map(|document| document.root().ok());
        let objects = roots.map(|root| Manifest::new(Arc::clone(&parsed.file), root, Arc::clone(&origin)));
        found = objects.filter_map(|object| id(&object)).collect();
    }
    let mut seen = HashSet::new();
    found.retain(|id| seen.insert(id.clone())); // A copy inside is told there.
    found
}

fn id(object: &Manifest) -> Option<Id> {
    let plain = is_object(object.node()) && !object.name().is_empty() && object.node().get("items").is_none();
    let namespace = if object.namespace().is_empty() { "default" } else { object.namespace() };
    plain.then(|| [object.api_version(), object.kind(), namespace, object.name()].map(str::to_owned).into())
}

fn judge(kustomization: &Kustomization, built: bool, cx: &mut Context<'_>) {
    let mut brought: HashMap<Id, String> = HashMap::new();
    for (item, path) in kustomization.resources() {
        let Some(path) = path else { continue };
        let mut told = false;
        for id in ids(&path, 0, cx.inventory) {
            let Some(first) = brought.get(&id).filter(|_| !told).cloned() else {
                brought.entry(id).or_insert_with(|| item.text().to_owned());
                continue;
            };
            told = true;
            let message =
                format!("`{}` brings {} `{}` again, which `{first}` has brought", item.text(), id.1, id.3);
            let report = cx
                .report(Location::new(kustomization.path.clone(), item.span()), message)
                .because("Kustomize refuses two resources of one identity, so Argo CD renders nothing of what builds on this")
                .help("list it once; to change the object, write a patch");
            if !built {
                report.at_most(Severity::Warning);
            }
        }
    }
}
