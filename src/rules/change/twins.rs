//! Objects that hold data and get another name.

use super::fate::is_in_head;
use crate::forecast::{Forecast, Row};
use crate::model::{GroupKind, Manifest, claim_templates, holds_data, pod_spec};
use crate::yaml::Node;
use hashbrown::{HashMap, HashSet};
use serde_json::Value;

/// An object that leaves git, and one that comes in its place under another name.
pub struct Twin<'a> {
    /// As base has it.
    pub old: &'a Row,
    /// As head has it.
    pub new: &'a Row,
}

/// Where twins are looked for: cluster, namespace, group, kind.
type Nursery<'a> = (&'a str, &'a str, &'a str, &'a str);

/// Every StatefulSet with claim templates, and every resource of an operator that holds data, that gets another name in
/// its namespace. Each object is in one pair at most.
pub(super) fn twins<'a>(forecast: &'a Forecast, stateful: &[GroupKind]) -> Vec<Twin<'a>> {
    let mut leaving: Vec<&Row> = Vec::new();
    let mut coming: HashMap<Nursery<'a>, Vec<&'a Row>> = HashMap::new();
    for row in &forecast.rows {
        match (&row.base, is_in_head(row)) {
            (Some(manifest), false) if is_data(row, manifest, stateful) => leaving.push(row),
            (None, true) => coming.entry(nursery(row)).or_default().push(row),
            _ => {}
        }
    }
    let mut taken: HashSet<*const Row> = HashSet::new();
    let mut twins = Vec::new();
    for old in leaving {
        let candidates = coming.get(&nursery(old)).map_or(&[] as &[&Row], Vec::as_slice);
        let mut free = candidates.iter().filter(|new| !taken.contains(&std::ptr::from_ref::<Row>(new)));
        if let Some(new) = free.find(|new| is_twin(old, new)) {
            taken.insert(std::ptr::from_ref::<Row>(new));
            twins.push(Twin { old, new });
        }
    }
    twins
}

fn nursery(row: &Row) -> Nursery<'_> {
    (&row.cluster, &row.key.namespace, &row.key.group, &row.key.kind)
}

fn is_data(row: &Row, manifest: &Manifest, stateful: &[GroupKind]) -> bool {
    let core = row.key.group.is_empty();
    !core && holds_data(&row.key.group, manifest, stateful)
}

fn is_twin(old: &Row, new: &Row) -> bool {
    let (Some(before), Some(after)) = (&old.base, &new.head) else { return false };
    match old.key.is("apps", "StatefulSet") {
        true => {
            let names = images(before);
            !claim_templates(before).is_empty() && images(after).iter().any(|image| names.contains(image))
        }
        false => same_but_for_the_name(before, after, &old.key.name, &new.key.name),
    }
}

/// The images of the containers of a workload, without registry, tag and digest.
fn images(manifest: &Manifest) -> Vec<&str> {
    let containers = pod_spec(manifest).and_then(|pod| pod.get("containers"));
    let images =
        containers.into_iter().flat_map(Node::items).filter_map(|container| container.get("image")?.as_str());
    images.map(repository).collect()
}

fn repository(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    let last = image.rsplit('/').next().unwrap_or(image);
    last.split(':').next().unwrap_or(last)
}

/// Whether two specs say the same once one name is written for the other.
fn same_but_for_the_name(before: &Manifest, after: &Manifest, old: &str, new: &str) -> bool {
    let spec = |manifest: &Manifest| manifest.node().get("spec").map(Node::to_json);
    let (Some(mut before), Some(after)) = (spec(before), spec(after)) else { return false };
    rename(&mut before, old, new);
    before == after
}

fn rename(value: &mut Value, old: &str, new: &str) {
    match value {
        Value::String(text) if text.contains(old) && !old.is_empty() => *text = text.replace(old, new),
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, old, new)),
        Value::Object(map) => map.values_mut().for_each(|item| rename(item, old, new)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories() {
        for (image, expected) in [
            ("postgres:17.2", "postgres"),
            ("registry.example:5000/library/postgres@sha256:00", "postgres"),
            ("registry.example/postgres:17@sha256:00", "postgres"),
            ("postgres", "postgres"),
        ] {
            assert_eq!(repository(image), expected, "{image}");
        }
    }

    #[test]
    fn names_within() {
        let one = Manifest::parsed("{kind: A, spec: {name: pg, host: pg.shop.svc, size: 1Gi}}");
        let other = Manifest::parsed("{kind: A, spec: {name: postgres, host: postgres.shop.svc, size: 1Gi}}");
        assert!(same_but_for_the_name(&one, &other, "pg", "postgres"));
        assert!(!same_but_for_the_name(&one, &one, "pg", "postgres"));
        let bare = Manifest::parsed("{kind: A}");
        assert!(!same_but_for_the_name(&bare, &bare, "a", "b"));
    }
}
