//! Where the output of a build comes from, by kind and name.

use super::graph::Sources;
use crate::files::{Location, Span};
use crate::model::{Manifest, Origin, Problem};
use crate::render::Documents;
use crate::render::output::documents;
use crate::yaml::Node;
use hashbrown::HashMap;
use std::sync::Arc;

/// Names of objects and where they are written, by kind.
struct Written {
    by_kind: HashMap<String, Vec<(String, Location)>>,
    otherwise: Location,
}

/// The objects of the output of a build.
///
/// An object comes from the resource of its kind whose name is its own, or the longest part of it: prefixes, suffixes
/// and hashes are added to names. What comes from nowhere in particular comes from the kustomization.
pub(in crate::render) fn manifests(
    output: Arc<str>,
    read: &Documents,
    graph: &Sources,
    folder: &str,
) -> Result<Vec<Manifest>, Problem> {
    let written = Written::new(read, graph, folder);
    documents(output, |_, object| Arc::new(Origin::Rendered(written.location(object))))
}

impl Written {
    fn new(read: &Documents, graph: &Sources, folder: &str) -> Self {
        let otherwise = match super::file_of(read.tree(), folder) {
            Some(file) => Location::head(file.as_str()),
            None => Location::head(folder),
        };
        let mut written = Self { by_kind: HashMap::new(), otherwise };
        for path in &graph.resources {
            let Ok(parsed) = read.manifest(path) else { continue };
            let at = |node: Node<'_>| match parsed.verbatim {
                true => Location::new(path.clone(), place_of(node)),
                false => Location::head(path.clone()),
            };
            for root in parsed.file.documents().iter().filter_map(|document| document.root().ok()) {
                let node = parsed.file.node(root);
                written.add(node, at(node));
                let members = node.get("items").filter(|items| items.is_seq());
                members
                    .into_iter()
                    .flat_map(|items| items.items())
                    .for_each(|item| written.add(item, at(item)));
            }
        }
        for path in &graph.kustomizations {
            let Ok(file) = read.single(path) else { continue };
            let Some(Ok(root)) = file.documents().first().map(|document| document.root()) else { continue };
            for (field, kind) in [("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")] {
                let list = file.node(root).get(field).filter(|list| list.is_seq());
                for item in list.into_iter().flat_map(|list| list.items()) {
                    let Some(name) = item.get("name").and_then(|name| name.as_str()) else { continue };
                    let at = Location::new(path.clone(), item.span());
                    written.by_kind.entry(kind.to_owned()).or_default().push((name.to_owned(), at));
                }
            }
        }
        written
    }

    fn add(&mut self, node: Node<'_>, at: Location) {
        let kind = node.get("kind").and_then(|kind| kind.as_str());
        if let (Some(kind), Some(name)) = (kind, name_of(node).and_then(|name| name.as_str())) {
            self.by_kind.entry(kind.to_owned()).or_default().push((name.to_owned(), at));
        }
    }

    fn location(&self, object: Node<'_>) -> Location {
        let kind = object.get("kind").and_then(|kind| kind.as_str()).unwrap_or("");
        let name = name_of(object).and_then(|name| name.as_str()).unwrap_or("");
        let known = self.by_kind.get(kind).map_or(&[][..], Vec::as_slice);
        let exact = known.iter().find(|(own, _)| own == name);
        let part = || {
            let parts = known.iter().filter(|(own, _)| !own.is_empty() && name.contains(own.as_str()));
            parts.rev().max_by_key(|(own, _)| own.len())
        };
        exact.or_else(part).map_or_else(|| self.otherwise.clone(), |(_, location)| location.clone())
    }
}

/// The place that points at an object, as `Manifest::location` has it.
fn place_of(object: Node<'_>) -> Span {
    let name = object.get("metadata").and_then(|metadata| metadata.entry("name"));
    name.map_or_else(|| object.span(), |name| name.span())
}

fn name_of(object: Node<'_>) -> Option<Node<'_>> {
    object.at(&["metadata", "name"])
}
