//! BH506. Meaning, rationale and examples: `rules/BH506-appset-preserve-contradiction.md`.

use super::{Check, Context, Rule};
use super::{options, sets};
use crate::appset::ApplicationSet;
use crate::finding::FixKind;
use crate::inventory::Set;
use crate::model::cascades;
use crate::yaml::{Node, edit};

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH506-appset-preserve-contradiction.md"),
    check: Check::ApplicationSet(check),
};

const BECAUSE: &str = "`preserveResourcesOnDeletion` only keeps Argo CD from adding the finalizer by itself; with the one that stands here everything an Application deployed is deleted along with it";

fn check(set: &Set, admitted: &ApplicationSet, cx: &mut Context<'_>) {
    if !admitted.preserves_resources() {
        return;
    }
    if sets::may_be_patched(cx.inventory, set, &["finalizers", "preserveResourcesOnDeletion"]) {
        return;
    }
    for template in sets::templates(set) {
        let Some(metadata) = template.get("metadata") else { continue };
        let Some(finalizers) = metadata.entry("finalizers") else { continue };
        let is_own = |item: &Node<'_>| item.as_str().is_some_and(cascades);
        let Some(own) = finalizers.value.items().find(is_own) else { continue };
        let alone = finalizers.value.items().all(|item| is_own(&item));
        let remove = || if alone { edit::delete(metadata, &finalizers) } else { None };
        let edits = options::edits(&set.manifest, cx.inventory, remove);
        report(set, own, own.text(), cx).fix(FixKind::Unsafe, edits);
    }
    let patch = set.manifest.node().at(&["spec", "templatePatch"]);
    if let Some(patch) = patch
        && let Some(name) = patch
            .text()
            .split(|c: char| c.is_whitespace() || "[],\"'".contains(c))
            .find(|word| cascades(word))
    {
        report(set, patch, name, cx);
    }
}

fn report<'c>(set: &Set, node: Node<'_>, finalizer: &str, cx: &'c mut Context<'_>) -> super::Report<'c> {
    let policy = set.manifest.location_at(&["spec", "syncPolicy", "preserveResourcesOnDeletion"]);
    let message = format!("the finalizer `{finalizer}` undoes `preserveResourcesOnDeletion`");
    cx.report_set(set, set.manifest.location_of(node), message)
        .because(BECAUSE)
        .help("take the finalizer out of the template, and see that the Applications have lost it before anything is removed")
        .see(policy, "what is meant to preserve them")
}
