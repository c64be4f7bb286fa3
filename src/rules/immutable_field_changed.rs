//! BH440. Meaning, rationale and examples: `rules/BH440-immutable-field-changed.md`.

use super::change::Losses;
use super::{Change, Check, Context, Rule};
use crate::forecast::{Outcome, Row, refused_change};
use crate::model::{Manifest, hooks};

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH440-immutable-field-changed.md"), check: Check::Change(check) };

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    for row in &change.forecast.rows {
        let (Some(before), Some(after)) = (&row.base, &row.head) else { continue };
        let settled =
            matches!(row.outcome, Outcome::Unchanged | Outcome::Updated | Outcome::Adopted | Outcome::Kept);
        if !settled || !super::change::is_in_head(row) || hooks(after).is_some() || hooks(before).is_some() {
            continue;
        }
        if let Some(field) = refused_change(before, after).filter(|_| !vanishes(before)) {
            tell(change, cx, row, after, &field);
        }
    }
}

/// Whether the live object is most likely gone by itself: a Job that deletes itself when it is done.
fn vanishes(manifest: &Manifest) -> bool {
    manifest.kind() == "Job" && manifest.node().at(&["spec", "ttlSecondsAfterFinished"]).is_some()
}

fn tell(change: &Change<'_>, cx: &mut Context<'_>, row: &Row, after: &Manifest, field: &str) {
    let application = row.to_application.as_ref().or(row.application.as_ref());
    let lost = Losses::of(
        application.into_iter().flat_map(|id| change.rows_of(id)).filter(|row| row.cause.code == "prune"),
    );
    let name = application.map_or_else(|| "its Application".to_owned(), |id| format!("`{id}`"));
    let first = match lost.is_empty() {
        true => String::new(),
        false => format!("; what leaves git is pruned all the same, before that ({})", lost.told()),
    };
    let path: Vec<&str> = field.split('.').collect();
    let report = cx
        .report(after.location_at(&path), format!("`{field}` of `{}` cannot change", row.key))
        .row(row)
        .because(format!("the API server refuses it, so the sync of {name} fails, with this commit and with those that follow{first}"))
        .help(cure(row, field));
    if let Some(before) = &row.base {
        report.see(before.location_at(&path).in_base(), "as base has it");
    }
}

fn cure(row: &Row, field: &str) -> String {
    let key = &row.key;
    let namespace = &key.namespace;
    let orphan = || {
        let kind = key.kind.to_lowercase();
        format!(
            "`kubectl -n {namespace} delete {kind} {} --cascade=orphan` right before the sync: its Pods stay and the new one takes them over",
            key.name
        )
    };
    match (&*key.kind, field) {
        ("StatefulSet", "spec.volumeClaimTemplates") => format!(
            "take it back, or: let each claim grow by hand (`spec.resources.requests.storage` of the claim, if its class allows expansion), then {}, claims too",
            orphan()
        ),
        ("StatefulSet", _) => format!("take it back, or {}, claims too", orphan()),
        ("Deployment" | "DaemonSet" | "ReplicaSet", _) => {
            "keep the selector and add the new labels to the Pod template only; in a kustomization write `labels` with `includeSelectors: false` for `commonLabels`".to_owned()
        }
        ("Job", _) => "give the Job a name that changes with its contents, or make it a hook; `Force=true,Replace=true` on the Job deletes the finished one and makes it anew".to_owned(),
        ("PersistentVolumeClaim", "spec.resources.requests.storage") => "claims only grow: take it back, or make a smaller claim under another name beside it and copy the data".to_owned(),
        ("PersistentVolumeClaim", _) => "take it back, or make a claim under another name beside it, copy the data, and remove the old one in a later merge".to_owned(),
        ("Service", _) => "leave `clusterIP` to Kubernetes, or add a Service under another name and move its users first".to_owned(),
        ("ConfigMap" | "Secret", "type") => "use another name for the new type".to_owned(),
        ("ConfigMap" | "Secret", _) => "an immutable object gets a new name for each version, as the generators of Kustomize do it".to_owned(),
        ("StorageClass", _) => "make a class under another name: volumes and claims that exist keep the old one anyway".to_owned(),
        _ => "take it back, or use another name".to_owned(),
    }
}
