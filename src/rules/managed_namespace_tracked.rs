//! BH312. Meaning, rationale and examples: `rules/BH312-managed-namespace-tracked.md`.

use super::sets::Subject;
use super::{Check, Context, Rule};
use crate::finding::FixKind;
use crate::inventory::Inventory;
use crate::model::Tracking;
use crate::yaml::edit;

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH312-managed-namespace-tracked.md"),
    check: Check::Inventory(check),
};

const TRACKING: &str = "argocd.argoproj.io/tracking-id";

fn check(cx: &mut Context<'_>) {
    let inventory = cx.inventory;
    for subject in Subject::all(inventory) {
        let metadata = subject.spec().and_then(|spec| spec.at(&["syncPolicy", "managedNamespaceMetadata"]));
        let Some(metadata) = metadata else { continue };
        let label = tracking_label(&subject, inventory);
        for (field, key) in [("annotations", Some(TRACKING.to_owned())), ("labels", label)] {
            let (Some(map), Some(key)) = (metadata.get(field), key) else { continue };
            let Some(entry) = map.entry(&key) else { continue };
            let edits = subject.edits(cx, || edit::delete(map, &entry));
            let message = format!("`{key}` makes the namespace an object of {}", subject.name());
            subject
                .report(cx, entry.key_node.span(), message)
                .because("what Argo CD tracks it deletes: the namespace goes with the Application, and everything in it, whoever put it there")
                .help("take it out, or write the Namespace as a manifest with `Prune=false,Delete=false`")
                .fix(FixKind::Unsafe, edits);
        }
    }
}

/// The label by which an instance tracks, where it does.
fn tracking_label(subject: &Subject<'_>, inventory: &Inventory) -> Option<String> {
    let settings = match subject {
        Subject::App(app) => inventory.settings(app),
        Subject::Template(set, _) => &inventory.instances[set.instance].settings,
    };
    (settings.tracking == Tracking::Label).then(|| settings.instance_label().to_owned())
}
