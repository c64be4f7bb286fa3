//! BH311. Meaning, rationale and examples: `rules/BH311-allow-empty-with-prune.md`.

use super::sets::Subject;
use super::{Check, Context, Rule};
use crate::finding::FixKind;
use crate::yaml::{Node, edit};

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH311-allow-empty-with-prune.md"),
    check: Check::Inventory(check),
};

fn check(cx: &mut Context<'_>) {
    for subject in Subject::all(cx.inventory) {
        let automated = subject.spec().and_then(|spec| spec.at(&["syncPolicy", "automated"]));
        let Some(automated) = automated else { continue };
        let is_on = |key: &str| automated.get(key).and_then(Node::as_bool);
        if is_on("prune") != Some(true) || is_on("enabled") == Some(false) {
            continue;
        }
        let Some(entry) = automated.entry("allowEmpty").filter(|_| is_on("allowEmpty") == Some(true)) else {
            continue;
        };
        let edits = subject.edits(cx, || edit::delete(automated, &entry));
        let message = format!("nothing keeps {} from being emptied", subject.name());
        subject
            .report(cx, entry.key_node.span(), message)
            .because("when its source renders nothing, by a renamed folder or a failing plugin, automated sync deletes everything; without `allowEmpty` Argo CD refuses")
            .help("take `allowEmpty` out")
            .fix(FixKind::Unsafe, edits);
    }
}
