//! BH208. Meaning, rationale and examples: `rules/BH208-unscoped-cluster-generator.md`.

use super::sets::{self, Entry};
use super::{Check, Context, Rule};
use crate::finding::Severity;
use crate::inventory::{Inventory, Set};
use crate::model::{IN_CLUSTER, IN_CLUSTER_SERVER};
use crate::yaml::Node;

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH208-unscoped-cluster-generator.md"),
    check: Check::Inventory(check),
};

fn check(cx: &mut Context<'_>) {
    let inventory = cx.inventory;
    if is_alone(inventory) {
        return;
    }
    let sets = sets::judged(inventory);
    let scoped: Vec<bool> = sets.iter().map(|set| has_scoped(set)).collect();
    for set in &sets {
        let custom =
            sets.iter().zip(&scoped).any(|(other, scoped)| *scoped && other.instance == set.instance);
        unscoped(set, custom, cx);
    }
}

/// Whether there is no cluster but the one that Argo CD runs in.
fn is_alone(inventory: &Inventory) -> bool {
    let is_local =
        |name: &str, server: &str| name == IN_CLUSTER || server.trim_end_matches('/') == IN_CLUSTER_SERVER;
    inventory.clusters.complete
        && inventory.clusters.iter().all(|cluster| is_local(&cluster.name, &cluster.server))
}

/// Whether a set picks clusters somewhere.
fn has_scoped(set: &Set) -> bool {
    let clusters = |entry: &Entry<'_>| {
        entry.node.get("clusters").is_some_and(|clusters| selects(clusters.get("selector")))
    };
    sets::entries(set).iter().any(clusters)
}

/// Every cluster generator of a set that takes all clusters.
fn unscoped(set: &Set, custom: bool, cx: &mut Context<'_>) {
    let entries = sets::entries(set);
    for entry in &entries {
        let Some(generator) = entry.node.entry("clusters").filter(|generator| generator.value.is_map())
        else {
            continue;
        };
        if selects(generator.value.get("selector")) || is_narrowed(entry, &entries) {
            continue;
        }
        if generator.value.get("flatList").and_then(Node::as_bool) == Some(true) || !follows_the_cluster(set)
        {
            continue;
        }
        if sets::may_be_patched(cx.inventory, set, &["selector", "generators/"]) {
            continue;
        }
        let message =
            format!("`{}` deploys to every cluster, the one of Argo CD among them", set.manifest.name());
        let report = cx
            .report_set(set, set.manifest.locate(generator.key_node.span()), message)
            .because("without a selector each registered cluster gets an Application, also one that somebody registers for a test, and the local one although it has no Secret")
            .help("select clusters by label; `matchLabels: {argocd.argoproj.io/secret-type: cluster}` takes all but the local one");
        if !custom {
            report.at_most(Severity::Warning);
        }
    }
}

/// Whether a selector selects anything.
fn selects(selector: Option<Node<'_>>) -> bool {
    let some = |node: Node<'_>| !node.is_empty();
    selector.is_some_and(|selector| {
        ["matchLabels", "matchExpressions"].iter().any(|key| selector.get(key).is_some_and(some))
    })
}

/// Whether the entry, or what combines it with others, leaves some clusters out.
fn is_narrowed(entry: &Entry<'_>, entries: &[Entry<'_>]) -> bool {
    if selects(entry.node.get("selector")) {
        return true;
    }
    let Some((combined, place)) = entry.inside else { return false };
    let own = entry.path.rsplit_once(".generators[").map_or("", |(path, _)| path);
    let around = |other: &&Entry<'_>| {
        own.strip_prefix(&other.path).is_some_and(|rest| rest == ".matrix" || rest == ".merge")
    };
    let Some(parent) = entries.iter().find(around) else { return true };
    match combined {
        "merge" if place > 0 => return true, // It only adds to what the first child yields.
        "matrix" => {
            let mut others = entries.iter().filter(|other| {
                other.path != entry.path && other.path.starts_with(&format!("{own}.generators["))
            });
            if others.any(|other| depends_on_parameters(other.node)) {
                return true; // A folder or file for each cluster decides.
            }
        }
        _ => (),
    }
    is_narrowed(parent, entries)
}

/// Whether what a generator looks for depends on the parameters of another.
fn depends_on_parameters(entry: Node<'_>) -> bool {
    let mut found = false;
    super::document::each_map(entry, &mut |path, map| {
        if path.last().is_none_or(|step| step != ".values" && step != ".template") {
            found |= map.entries().any(|field| field.value.as_str().is_some_and(|text| text.contains("{{")));
        }
    });
    found
}

/// Whether the Applications of a set go where their parameters say.
fn follows_the_cluster(set: &Set) -> bool {
    sets::destination(set).is_none_or(|to| to.name.contains("{{") || to.server.contains("{{"))
}
