use super::Inventory;
use crate::model::{Manifest, Problem, ProblemKind};
use hashbrown::HashMap;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A folder, and a name in it that is an alternative to another name there.
pub(super) type Alternative = (String, String);

/// Splits the Applications of one configured instance where trees of roots define the same Applications,
/// ApplicationSets or AppProjects in different folders: alternatives side by side.
///
/// Two roots that clash part at the first folder in which their paths differ; everything below those folders is apart.
/// Roots that clash in one folder are no alternatives, and stay together.
///
/// `known` are alternatives that another inventory has, which holds for this one too.
pub(super) fn separate(inventory: &mut Inventory, known: &BTreeSet<Alternative>) {
    let mut apart = apart(inventory);
    apart.extend(known.iter().cloned());
    if apart.is_empty() {
        return;
    }
    let mut labels: HashMap<(usize, String), usize> = HashMap::new();
    let mut assign = |inventory: &mut Inventory, configured: usize, path: &str| {
        let label = label(path, &apart);
        if label.is_empty() {
            return configured;
        }
        *labels.entry((configured, label.clone())).or_insert_with(|| {
            let mut instance = inventory.instances[configured].clone();
            instance.scope = label;
            inventory.instances.push(instance);
            inventory.instances.len() - 1
        })
    };
    let paths: Vec<Arc<str>> =
        (0..inventory.applications.len()).map(|app| path_of(inventory, inventory.root(app))).collect();
    for (app, path) in paths.iter().enumerate() {
        let configured = inventory.applications[app].instance;
        inventory.applications[app].instance = assign(inventory, configured, path);
    }
    for index in 0..inventory.sets.len() {
        let path =
            path_of(inventory, inventory.top(&inventory.sets[index].parent, &inventory.sets[index].manifest));
        let configured = inventory.sets[index].instance;
        inventory.sets[index].instance = assign(inventory, configured, &path);
    }
    for index in 0..inventory.projects.len() {
        let owned = &inventory.projects[index];
        let path = path_of(inventory, inventory.top(&owned.parent, &owned.project.manifest));
        let configured = inventory.projects[index].instance;
        inventory.projects[index].instance = assign(inventory, configured, &path);
    }
    let note = note(&apart);
    let first = paths.iter().position(|path| !label(path, &apart).is_empty());
    inventory.problems.push(match first {
        Some(app) => note.at(inventory.root(app).location()),
        None => note,
    });
    inventory.apart = apart;
}

/// The file that a root stands in; of one that is a folder, the folder with a slash behind it.
fn path_of(inventory: &Inventory, root: &Manifest) -> Arc<str> {
    let path = root.path();
    match !path.is_empty() && inventory.documents.tree().is_dir(path) {
        true => format!("{path}/").into(),
        false => Arc::clone(path),
    }
}

/// Pairs of a folder and a name in it that are alternatives to another name in that folder.
fn apart(inventory: &Inventory) -> BTreeSet<Alternative> {
    let mut defined: HashMap<(usize, &'static str, Arc<str>, Arc<str>), Vec<Arc<str>>> = HashMap::new();
    let mut define = |instance, kind, namespace: &Arc<str>, name: &Arc<str>, path: &Arc<str>| {
        let paths = defined.entry((instance, kind, Arc::clone(namespace), Arc::clone(name))).or_default();
        if !paths.contains(path) {
            paths.push(Arc::clone(path));
        }
    };
    for (id, app) in inventory.applications.iter().enumerate().filter(|(_, app)| app.is_written()) {
        define(
            app.instance,
            "Application",
            &app.application.namespace,
            &app.application.name,
            &path_of(inventory, inventory.root(id)),
        );
    }
    for set in &inventory.sets {
        let path = &path_of(inventory, inventory.top(&set.parent, &set.manifest));
        define(set.instance, "ApplicationSet", &set.namespace, &set.manifest.name().into(), path);
    }
    for owned in &inventory.projects {
        let path = &path_of(inventory, inventory.top(&owned.parent, &owned.project.manifest));
        define(owned.instance, "AppProject", &owned.namespace, &owned.project.name, path);
    }
    let mut apart = BTreeSet::new();
    for paths in defined.values().filter(|paths| paths.len() > 1) {
        for (index, one) in paths.iter().enumerate() {
            for other in &paths[index + 1..] {
                if let Some((dir, a, b)) = parting(one, other) {
                    apart.insert((dir.to_owned(), a.to_owned()));
                    apart.insert((dir.to_owned(), b.to_owned()));
                }
            }
        }
    }
    apart
}

/// The folder where two paths part, and the folders they go on to; None where one of them ends there.
fn parting<'a>(one: &'a str, other: &'a str) -> Option<(&'a str, &'a str, &'a str)> {
    let mut at = 0;
    loop {
        let (a, b) = (one[at..].split_once('/')?.0, other[at..].split_once('/')?.0);
        if a != b {
            return Some((one[..at].trim_end_matches('/'), a, b));
        }
        at += a.len() + 1;
    }
}

/// The folders on the way to `path` that are apart from others.
fn label(path: &str, apart: &BTreeSet<Alternative>) -> String {
    let mut label = String::new();
    let mut at = 0;
    while let Some((name, _)) = path[at..].split_once('/') {
        let dir = path[..at].trim_end_matches('/');
        if apart.contains(&(dir.to_owned(), name.to_owned())) {
            label = path[..at + name.len()].to_owned();
        }
        at += name.len() + 1;
    }
    label
}

fn note(apart: &BTreeSet<Alternative>) -> Problem {
    let mut folders: Vec<String> =
        apart.iter().map(|(dir, name)| format!("`{}`", crate::render::join(dir, name))).collect();
    folders.sort();
    let more = folders.len().saturating_sub(6);
    folders.truncate(6);
    let mut list = folders.join(", ");
    if more > 0 {
        list.push_str(&format!(" and {more} more"));
    }
    let message = format!(
        "the same Applications are defined below {list}; they are taken as separate Argo CD instances"
    );
    Problem::warning(ProblemKind::SeparateInstances, message, None).help(
        "say in the configuration which roots belong to which instance: `argocd` as a list with `roots`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_paths_part() {
        for (one, other, expected) in [
            ("a/b/x.yaml", "a/c/x.yaml", Some(("a", "b", "c"))),
            ("a/x.yaml", "b/x.yaml", Some(("", "a", "b"))),
            ("a/x.yaml", "a/y.yaml", None),
            ("a/x.yaml", "a/b/x.yaml", None),
        ] {
            assert_eq!(parting(one, other), expected, "{one} {other}");
        }
    }

    #[test]
    fn labels() {
        let apart = BTreeSet::from_iter([("a".to_owned(), "b".to_owned())]);
        for (path, expected) in [("a/b/c/x.yaml", "a/b"), ("a/c/x.yaml", ""), ("x.yaml", "")] {
            assert_eq!(label(path, &apart), expected, "{path}");
        }
    }
}
