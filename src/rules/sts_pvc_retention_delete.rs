//! BH307. Meaning, rationale and examples: `rules/BH307-sts-pvc-retention-delete.md`.

use super::options::replace;
use super::{Check, Context, Rule};
use crate::finding::FixKind;
use crate::inventory::{App, ResourceId};
use crate::render::Target;
use crate::yaml::Node;

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH307-sts-pvc-retention-delete.md"),
    check: Check::Resource(check),
};

const POLICY: &str = "persistentVolumeClaimRetentionPolicy";
const FIELDS: &[(&str, &str, &str)] = &[
    (
        "whenDeleted",
        "deletes its claims when it is deleted",
        "the claims belong to the set and go with it: when it is pruned, recreated, or its Application is deleted",
    ),
    (
        "whenScaled",
        "deletes the claims of replicas that go when it is scaled down",
        "a replica less for an hour is an empty volume afterwards",
    ),
];

fn check(_: ResourceId, app: &App, target: &Target, cx: &mut Context<'_>) {
    if !target.key.is("apps", "StatefulSet") {
        return;
    }
    let Some(spec) = target.manifest.node().get("spec") else { return };
    if spec.get("volumeClaimTemplates").is_none_or(|list| list.is_empty()) {
        return;
    }
    for (field, does, because) in FIELDS {
        let value = spec.at(&[POLICY, field]);
        if value.and_then(Node::as_str) != Some("Delete") {
            continue;
        }
        let fix = replace(&target.manifest, &["spec", POLICY, field], "Retain", cx.inventory);
        let place = target.manifest.location_at(&["spec", POLICY, field]);
        cx.report(place, format!("`{}` {does}", target.key))
            .about(app, target)
            .because(*because)
            .help(format!("write `{field}: Retain`, which is the default"))
            .fix(FixKind::Safe, fix);
    }
}
