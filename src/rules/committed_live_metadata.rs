//! BH112. Meaning, rationale and examples: `rules/BH112-committed-live-metadata.md`.

use super::document::{Document, all_of, what};
use crate::finding::{FixKind, Severity};
use crate::model::{Manifest, Tracking};
use crate::rules::{Check, Context, Rule};
use crate::yaml::{Entry, Node, edit};

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH112-committed-live-metadata.md"),
    check: Check::Document(check),
};

const TRACKING_ID: &str = "argocd.argoproj.io/tracking-id";
/// Fields that only the API server writes.
const LIVE: &[&str] = &["managedFields", "resourceVersion", "selfLink", "uid"];

fn check<'a>(document: &Document<'a>, cx: &mut Context<'a>) {
    if !document.manifest.is_written() || document.is_kustomization() {
        return;
    }
    for object in &document.objects {
        if document.is_read(cx, object) {
            owners(document, object, cx);
            tracking(document, object, cx);
            live(document, object, cx);
        }
    }
}

/// Whether something filled the text in, and no template will.
fn is_filled(value: Node<'_>) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty() && !text.contains("{{") && !text.contains('$'))
}

fn owners<'a>(document: &Document<'a>, object: &Manifest, cx: &mut Context<'a>) {
    let Some(metadata) = object.node().get("metadata") else { return };
    let Some(entry) = metadata.entry("ownerReferences") else { return };
    let mut owners = entry.value.items();
    let Some(owner) = owners.find(|owner| owner.get("uid").is_some_and(is_filled)) else { return };
    let text = |key: &str| owner.get(key).map_or("", |node| node.text());
    let message = format!("{} is owned by {} `{}` of one uid", what(object), text("kind"), text("name"));
    document
        .report_on(cx, object, entry.key_node.span(), message)
        .because("a uid is never given twice: where the owner does not live or was made anew, the garbage collector deletes the object as soon as it is applied")
        .help("remove `ownerReferences`")
        .fix(FixKind::Unsafe, document.edits(edit::delete(metadata, &entry)));
}

fn tracking<'a>(document: &Document<'a>, object: &Manifest, cx: &mut Context<'a>) {
    let Some(annotations) = object.node().at(&["metadata", "annotations"]) else { return };
    let Some(entry) = annotations.entry(TRACKING_ID) else { return };
    let takers = document.applications(cx, object);
    let owner = entry.value.as_str().and_then(|id| id.split(':').next()).unwrap_or("");
    let other = |app: &&crate::inventory::App| {
        let settings = cx.inventory.settings(app);
        app.is_written()
            && settings.tracking != Tracking::Label
            && app.application.instance_name(&settings.namespace) != owner
    };
    if takers.is_empty() || !is_filled(entry.value) || !takers.iter().all(other) {
        return;
    }
    document
        .report_on(cx, object, entry.key_node.span(), format!("{} says that `{owner}` tracks it", what(object)))
        .because("Argo CD writes this annotation itself; a copy of the text that is applied by hand belongs to another Application, which prunes it")
        .help(format!("remove `{TRACKING_ID}`"))
        .fix(FixKind::Safe, document.edits(edit::delete(annotations, &entry)))
        .at_most(Severity::Warning);
}

fn live<'a>(document: &Document<'a>, object: &Manifest, cx: &mut Context<'a>) {
    let Some(metadata) = object.node().get("metadata") else { return };
    let fields: Vec<Entry<'_>> =
        metadata.entries().filter(|entry| LIVE.contains(&&*entry.key) && !is_empty(entry.value)).collect();
    let Some(first) = fields.first() else { return };
    let names: Vec<&str> = fields.iter().map(|entry| &*entry.key).collect();
    let fix = fields.first().filter(|_| fields.len() == 1).and_then(|entry| edit::delete(metadata, entry));
    let message = format!("{} has {} of an object on a cluster", what(object), all_of(&names));
    document
        .report_on(cx, object, first.key_node.span(), message)
        .because("these fields are the API server's; one that differs from the object it has may be refused")
        .help("remove them")
        .fix(FixKind::Safe, document.edits(fix))
        .at_most(Severity::Note);
}

fn is_empty(value: Node<'_>) -> bool {
    value.is_null()
        || value.text().contains("{{")
        || value.text().contains('$')
        || (value.is_seq() && value.is_empty())
        || value.as_str() == Some("")
}
