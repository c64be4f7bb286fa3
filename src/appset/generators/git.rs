//! The git generator: directories and files of a repository (`applicationset/generators/git.go`).

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value as Json;

use super::{By, Context, Params, Produced, maps_of};
use crate::appset::fail::{Fail, Lack};
use crate::appset::functions::{normalize, read_yaml_json};
use crate::appset::selector::flatten_into;
use crate::appset::world::Repository;
use crate::files::{EntryKind, Tree};
use crate::glob::{Dialect, Pattern};
use crate::gotemplate::{Map, Value, to_utf8};
use crate::yaml;

/// What was read of the trees of one set: a matrix asks for the same again and again.
#[derive(Default)]
pub(in crate::appset) struct Trees(RefCell<Vec<(Arc<Tree>, Rc<Seen>)>>);

/// What was read of one tree.
#[derive(Default)]
struct Seen {
    folders: OnceCell<BTreeSet<String>>,
    /// The content of files, as JSON.
    contents: RefCell<HashMap<String, Json>>,
}

impl Trees {
    fn of(&self, tree: &Arc<Tree>) -> Rc<Seen> {
        let mut trees = self.0.borrow_mut();
        if let Some((_, seen)) = trees.iter().find(|(known, _)| Arc::ptr_eq(known, tree)) {
            return Rc::clone(seen);
        }
        let seen = Rc::new(Seen::default());
        trees.push((Arc::clone(tree), Rc::clone(&seen)));
        seen
    }
}

impl Seen {
    /// The objects in a file of this content.
    fn objects(&self, path: &str, content: &[u8]) -> Result<Vec<Map>, Fail> {
        if let Some(json) = self.contents.borrow().get(path) {
            return objects_in(json);
        }
        let json = read_yaml_json(&yaml::decode(content).text)?;
        let objects = objects_in(&json);
        self.contents.borrow_mut().insert(path.to_owned(), json);
        objects
    }
}

impl Context<'_> {
    pub(super) fn git(&self, generator: &Json, path: &str) -> Result<Vec<Params>, Fail> {
        let projects = &self.world.projects;
        let templated = self.project.contains("{{");
        if !templated && projects.complete && !projects.names.iter().any(|name| name == self.project) {
            return Err(Fail::error(format!("error getting project {}: it does not exist", self.project)));
        }
        let text = |key: &str| generator[key].as_str().unwrap_or_default();
        let items = |key: &str| generator[key].as_array().map(Vec::as_slice).unwrap_or_default();
        let (directories, files) = (items("directories"), items("files"));
        if directories.is_empty() && files.is_empty() {
            return Err(Fail::error("ApplicationSet is empty: neither directories nor files"));
        }
        let tree = match (self.world.repositories)(text("repoURL"), text("revision")) {
            Repository::Here(tree) => tree,
            Repository::Missing(reason) => return Err(Fail::error(reason)),
            Repository::Unknown(reason) => return Err(Fail::unknown(Lack::Repository, reason)),
        };
        if directories.is_empty() {
            return self.files(generator, &tree, files, path);
        }
        let prefix = text("pathParamPrefix");
        let patterns = patterns_of(directories);
        let mut found = Vec::new();
        let seen = self.trees.of(&tree);
        for folder in seen.folders.get_or_init(|| self.folders(&tree)) {
            if !includes(&patterns, folder) {
                continue;
            }
            let values = self.folder_parameters(folder, prefix);
            self.append_values(generator, &values)?;
            let origin = vec![Produced { generator: path.to_owned(), by: By::Folder(folder.clone()) }];
            found.push(Params { values, origin });
        }
        Ok(found)
    }

    /// Every folder with a file in it, but for hidden ones and all below them.
    fn folders(&self, tree: &Tree) -> BTreeSet<String> {
        let hidden = self.world.settings.include_hidden_directories;
        let mut folders = BTreeSet::new();
        for entry in tree.entries() {
            let path: &str = &entry.path;
            let end = match entry.kind {
                EntryKind::Submodule => path.len(),
                _ => path.rfind('/').unwrap_or(0),
            };
            let mut so_far = 0;
            for part in path[..end].split('/').filter(|part| !part.is_empty()) {
                if part.starts_with('.') && !hidden {
                    break;
                }
                so_far += part.len() + usize::from(so_far > 0);
                if !folders.contains(&path[..so_far]) {
                    folders.insert(path[..so_far].to_owned());
                }
            }
        }
        if hidden {
            folders.insert(".git".to_owned());
        }
        folders
    }

    fn folder_parameters(&self, folder: &str, prefix: &str) -> Map {
        let base = base(folder);
        let params = Map::new();
        if self.engine.is_go() {
            let path = Map::new();
            path.insert_str("path", Value::text(folder));
            path.insert_str("basename", Value::text(base));
            path.insert_str("basenameNormalized", Value::text(normalize(base)));
            path.insert_str("segments", Value::strings(folder.split('/')));
            put_path(&params, path, prefix);
            return params;
        }
        let name = path_name(prefix);
        params.insert_str(&name, Value::text(folder));
        params.insert_str(&format!("{name}.basename"), Value::text(base));
        params.insert_str(&format!("{name}.basenameNormalized"), Value::text(normalize(base)));
        put_segments(&params, &name, folder);
        params
    }

    fn files(
        &self,
        generator: &Json,
        tree: &Arc<Tree>,
        items: &[Json],
        path: &str,
    ) -> Result<Vec<Params>, Fail> {
        let mut contents: BTreeMap<String, Arc<[u8]>> = BTreeMap::new();
        for exclude in [false, true] {
            for item in items.iter().filter(|item| item["exclude"].as_bool().unwrap_or(false) == exclude) {
                for found in self.list_files(tree, item["path"].as_str().unwrap_or_default())? {
                    // Every file that matches is read, whatever becomes of it.
                    let content = read(tree, &found)?;
                    if exclude {
                        contents.remove(&found);
                    } else {
                        contents.insert(found, content);
                    }
                }
            }
        }
        let prefix = generator["pathParamPrefix"].as_str().unwrap_or_default();
        let seen = self.trees.of(tree);
        let mut found = Vec::new();
        for (file, content) in contents {
            let objects = seen
                .objects(&file, &content)
                .map_err(|fail| fail.during(&format!("unable to process file '{file}'")))?;
            for (index, object) in objects.into_iter().enumerate() {
                let values = self.file_parameters(&file, object, prefix)?;
                self.append_values(generator, &values)?;
                let by = By::File(file.clone(), index);
                found.push(Params { values, origin: vec![Produced { generator: path.to_owned(), by }] });
            }
        }
        Ok(found)
    }

    fn list_files(&self, tree: &Tree, pattern: &str) -> Result<Vec<String>, Fail> {
        let files = tree.entries().iter().filter(|entry| entry.kind != EntryKind::Submodule);
        let files = files.map(|entry| -> &str { &entry.path });
        let pattern = if pattern.is_empty() { "." } else { pattern };
        if self.world.settings.new_git_file_globbing {
            return list_by_doublestar(files, pattern);
        }
        let pathspec = Pattern::new(Dialect::Pathspec, pattern)
            .map_err(|error| Fail::error(format!("unable to list files. pattern {pattern}: {error}")))?;
        Ok(files.filter(|path| pathspec.matches(path)).map(str::to_owned).collect())
    }

    fn file_parameters(&self, file: &str, object: Map, prefix: &str) -> Result<Map, Fail> {
        let folder = file.rfind('/').map_or(".", |slash| &file[..slash]);
        let (name, folder_name) = (base(file), base(folder));
        if self.engine.is_go() {
            let path = Map::new();
            for (key, value) in [
                ("path", folder),
                ("basename", folder_name),
                ("filename", name),
                ("basenameNormalized", &normalize(folder_name)),
                ("filenameNormalized", &normalize(name)),
            ] {
                path.insert_str(key, Value::text(value));
            }
            path.insert_str("segments", Value::strings(folder.split('/')));
            put_path(&object, path, prefix);
            return Ok(object);
        }
        let mut flat = BTreeMap::new();
        for (key, value) in object.entries().iter() {
            flatten_into(&mut flat, &to_utf8(key), value, false)?;
        }
        let params = Map::new();
        flat.iter().for_each(|(key, value)| params.insert_str(key, Value::text(value)));
        let path = path_name(prefix);
        for (key, value) in [
            ("", folder),
            (".basename", folder_name),
            (".filename", name),
            (".basenameNormalized", &normalize(folder_name)),
            (".filenameNormalized", &normalize(name)),
        ] {
            params.insert_str(&format!("{path}{key}"), Value::text(value));
        }
        put_segments(&params, &path, folder);
        Ok(params)
    }
}

fn path_name(prefix: &str) -> String {
    if prefix.is_empty() { "path".to_owned() } else { format!("{prefix}.path") }
}

fn put_path(params: &Map, path: Map, prefix: &str) {
    if prefix.is_empty() {
        params.insert_str("path", Value::Map(path));
        return;
    }
    let outer = Map::new();
    outer.insert_str("path", Value::Map(path));
    params.insert_str(prefix, Value::Map(outer));
}

fn put_segments(params: &Map, name: &str, path: &str) {
    for (index, segment) in path.split('/').enumerate().filter(|(_, segment)| !segment.is_empty()) {
        params.insert_str(&format!("{name}[{index}]"), Value::text(segment));
    }
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Patterns of folders, those that exclude marked; a malformed one matches nothing.
fn patterns_of(items: &[Json]) -> Vec<(Pattern, bool)> {
    let pattern = |item: &Json| Pattern::new(Dialect::Path, item["path"].as_str().unwrap_or_default()).ok();
    let excludes = |item: &Json| item["exclude"].as_bool() == Some(true);
    items.iter().filter_map(|item| Some((pattern(item)?, excludes(item)))).collect()
}

/// Whether one of the patterns takes the folder and none excludes it.
fn includes(patterns: &[(Pattern, bool)], folder: &str) -> bool {
    let mut included = false;
    for (_, excludes) in patterns.iter().filter(|(pattern, _)| pattern.matches(folder)) {
        if *excludes {
            return false;
        }
        included = true;
    }
    included
}

/// The files that doublestar finds below the root; a folder that it finds cannot be read, which is an error.
fn list_by_doublestar<'t>(files: impl Iterator<Item = &'t str>, pattern: &str) -> Result<Vec<String>, Fail> {
    let pattern = Pattern::new(Dialect::Doublestar, &cleaned(pattern))
        .map_err(|error| Fail::error(format!("unable to list files. pattern {pattern}: {error}")))?;
    let mut found = Vec::new();
    for file in files {
        let mut folders = file.match_indices('/').map(|(slash, _)| &file[..slash]);
        if let Some(folder) = folders.find(|folder| pattern.matches(folder)) {
            return Err(Fail::error(format!("unable to read files: {folder} is a directory")));
        }
        if pattern.matches(file) {
            found.push(file.to_owned());
        }
    }
    Ok(found)
}

/// The pattern as `filepath.Join` leaves it behind the root of the repository.
fn cleaned(pattern: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in pattern.split('/') {
        match part {
            "" | "." => (),
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn read(tree: &Tree, path: &str) -> Result<Arc<[u8]>, Fail> {
    let target = match tree.resolve(path) {
        Ok(Some(target)) => target,
        Ok(None) => return Err(Fail::error(format!("unable to read files: {path} leads nowhere"))),
        Err(error) => return Err(Fail::error(error.to_string())),
    };
    tree.read(&target).map_err(|error| Fail::error(error.to_string()))
}

/// The objects in a file: one mapping, or a list of them. An empty file holds one that is empty.
fn objects_in(json: &Json) -> Result<Vec<Map>, Fail> {
    match json {
        Json::Null => Ok(vec![Map::new()]),
        Json::Object(_) => Ok(vec![Value::from_json(json).as_map().cloned().unwrap_or_default()]),
        other => maps_of(other).map_err(|error| Fail::error(format!("unable to parse file: {error}"))),
    }
}
