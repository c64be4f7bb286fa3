//! BH308. Meaning, rationale and examples: `rules/BH308-sts-pvc-retention-delete.md`.

use crate::finding::FixKind;
use crate::inventory::{App, ResourceId};
use crate::render::Target;
use crate::rules::{Check, Context, Rule, options};
use crate::yaml::edit;

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH308-sts-pvc-retention-delete.md"),
    check: Check::Resource(check),
};

const POLICY: &str = "persistentVolumeClaimRetentionPolicy";

fn check(_: ResourceId, app: &App, target: &Target, cx: &mut Context<'_>) {
    if !target.key.is("apps", "StatefulSet") {
        return;
    }
    let Some(spec) = target.manifest.node().get("spec") else { return };
    if spec.get("volumeClaimTemplates").is_none_or(|templates| templates.is_empty()) {
        return;
    }
    for (field, when) in [("whenDeleted", "is deleted"), ("whenScaled", "has fewer replicas")] {
        let Some(policy) = spec.at(&[POLICY, field]).filter(|policy| policy.as_str() == Some("Delete"))
        else {
            continue;
        };
        let edits = options::edits(&target.manifest, edit::replace(policy, &"Retain".into()), cx.inventory);
        let message = format!("the claims of `{}` are deleted when it {when}", target.key);
        cx.report(target.manifest.location_at(&["spec", POLICY, field]), message)
            .about(app, target)
            .because("by default the claims of a StatefulSet outlive it; with `Delete` a prune, a rename or one replica less takes the data along")
            .help(format!("write `{field}: Retain`"))
            .fix(FixKind::Safe, edits);
    }
}
