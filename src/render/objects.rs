use crate::model::{Manifest, Problem, ProblemKind, Settings, Tracking};
use crate::yaml::Node;

/// Replaces lists by their members and refuses what Argo CD cannot track.
///
/// Follows the end of `GenerateManifests` in `reposerver/repository/repository.go`: an object with an array `items` is
/// a list whatever its kind, one level deep; `items: null` beside neither `spec` nor `status` is nothing.
pub(super) fn expand(manifests: &[Manifest], settings: &Settings) -> Result<Vec<Manifest>, Problem> {
    let mut objects = Vec::with_capacity(manifests.len());
    for manifest in manifests {
        let node = manifest.node();
        match node.get("items") {
            Some(items) if items.is_seq() => members(manifest, items, &mut objects)?,
            Some(items) if items.is_null() && node.get("spec").is_none() && node.get("status").is_none() => {}
            _ => objects.push(manifest.clone()),
        }
    }
    for object in &objects {
        trackable(object, settings)?;
    }
    match objects.iter().find_map(|object| Some((object, without_kind(object.node())?))) {
        Some((object, message)) => Err(refused(object, message.to_owned())),
        None => Ok(objects),
    }
}

/// Why an object has no kind to Argo CD: none is written, or its `apiVersion` does not parse (`GroupVersionKind` of
/// apimachinery's `unstructured`).
pub(super) fn without_kind(object: Node<'_>) -> Option<&'static str> {
    let text = |key: &str| object.get(key).and_then(|node| node.as_str()).unwrap_or("");
    if text("kind").is_empty() {
        return Some("the object has no `kind`");
    }
    (text("apiVersion").matches('/').count() > 1).then_some("the `apiVersion` has more than one slash")
}

fn members(list: &Manifest, items: Node<'_>, objects: &mut Vec<Manifest>) -> Result<(), Problem> {
    for item in items.items() {
        if !item.is_map() {
            let message = format!("a member of the list `{}` is no object", list.kind());
            return Err(Problem::fails(ProblemKind::ObjectInvalid, message).at(list.location_of(item)));
        }
        objects.push(list.member(item.id()));
    }
    Ok(())
}

/// Argo CD writes its tracking metadata into every object but CustomResourceDefinitions, and refuses a whole source
/// when the map it writes to holds anything but text (`util/kube/kube.go`).
fn trackable(object: &Manifest, settings: &Settings) -> Result<(), Problem> {
    let api_version = object.api_version();
    if object.kind() == "CustomResourceDefinition"
        && crate::model::group_of(api_version) == "apiextensions.k8s.io"
    {
        return Ok(());
    }
    let maps: &[&str] = match settings.tracking {
        Tracking::Annotation => &["annotations"],
        Tracking::AnnotationAndLabel => &["annotations", "labels"],
        Tracking::Label => &["labels"],
    };
    let Some(metadata) = object.node().get("metadata") else { return Ok(()) };
    if !metadata.is_map() && !metadata.is_null() {
        return Err(refused(object, "`metadata` is no mapping".to_owned()));
    }
    maps.iter()
        .filter_map(|map| Some((*map, metadata.get(map)?)))
        .try_for_each(|(map, node)| text_only(object, map, node))
}

fn text_only(object: &Manifest, map: &str, node: Node<'_>) -> Result<(), Problem> {
    if node.is_null() {
        return Ok(());
    }
    if !node.is_map() {
        return Err(refused(object, format!("`metadata.{map}` is no mapping")));
    }
    let Some(entry) = node.entries().find(|entry| entry.value.as_str().is_none()) else { return Ok(()) };
    let kind = match map {
        "labels" => "label",
        _ => "annotation",
    };
    let message = format!("the {kind} `{}` of {} is no text", entry.key, what(object));
    Err(Problem::fails(ProblemKind::ObjectInvalid, message)
        .help("put the value in quotes: Argo CD refuses the whole Application otherwise")
        .at(object.locate(entry.span())))
}

fn refused(object: &Manifest, message: String) -> Problem {
    Problem::fails(ProblemKind::ObjectInvalid, format!("{message} ({})", what(object))).at(object.location())
}

fn what(object: &Manifest) -> String {
    match (object.kind(), object.name()) {
        ("", "") => "an object without kind and name".to_owned(),
        ("", name) => format!("`{name}`"),
        (kind, "") => format!("a `{kind}` without name"),
        (kind, name) => format!("{kind} `{name}`"),
    }
}
