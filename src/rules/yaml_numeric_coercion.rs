//! BH606. Meaning, rationale and examples: `rules/BH606-yaml-numeric-coercion.md`.

use super::document::{Document, Purpose, each_map, what};
use super::{Check, Context, Report, Rule};
use crate::finding::{FixKind, Severity};
use crate::model::{Manifest, group_of};
use crate::yaml::{Entry, Node, Style, Value};

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH606-yaml-numeric-coercion.md"), check: Check::Document(check) };

/// Endings of field names that hold text which often looks like a number.
const TEXTS: &[&str] = &["version", "tag", "revision", "branch", "channel", "commit", "sha", "digest"];
/// How large a whole number may be before Helm prints it with an exponent.
const HELM_LARGE: u64 = 1_000_000;

fn check<'a>(document: &Document<'a>, cx: &mut Context<'a>) {
    for object in &document.objects {
        identity(document, object, cx);
        let set = group_of(object.api_version()) == "argoproj.io";
        each_map(object.node(), &mut |path, map| {
            if matches!(path.first(), Some(".data" | ".stringData" | ".binaryData" | ".status")) {
                return;
            }
            let helm = set && path.iter().any(|step| step == ".valuesObject");
            numbers(document, object, &|| what(object), helm, map, cx);
        });
    }
    if let Purpose::Values(whose) = &document.purpose {
        each_map(document.root(), &mut |_, map| {
            numbers(document, &document.manifest, &|| whose.clone(), true, map, cx)
        });
    }
    if document.is_kustomization() {
        images(document, cx);
    }
}

/// Name and namespace: what is no text there is as good as absent.
fn identity<'a>(document: &Document<'a>, object: &Manifest, cx: &mut Context<'a>) {
    let Some(metadata) = object.node().get("metadata") else { return };
    for field in ["name", "namespace"] {
        let Some(entry) = metadata.entry(field) else { continue };
        let node = entry.value;
        if node.is_map() || node.is_seq() || node.is_null() || node.as_str().is_some() {
            continue;
        }
        if document.kustomized && !exact_word(node) {
            continue;
        }
        let because = match field {
            "name" => "an object whose name is no text has no name to Argo CD, and the sync fails",
            _ => "a namespace that is no text is none, and the object lands in the Application's destination",
        };
        document
            .report_on(
                cx,
                object,
                entry.span(),
                format!("`metadata.{field}: {}` is {}, not text", node.raw(), kind_of(node)),
            )
            .because(because)
            .help("put it in quotes")
            .fix(FixKind::Safe, document.rewrite(node, node.text()));
    }
}

/// Kustomize reads `yes`, `on` and `y` as text, unlike Argo CD.
fn exact_word(node: Node<'_>) -> bool {
    !matches!(node.value(), Value::Bool(_)) || matches!(node.raw().to_lowercase().as_str(), "true" | "false")
}

fn kind_of(node: Node<'_>) -> String {
    match node.value() {
        Value::Bool(is) => format!("the truth value {is}"),
        Value::Int(int) => format!("the number {int}"),
        Value::UInt(int) => format!("the number {int}"),
        Value::Float(float) => format!("the number {float}"),
        Value::Null | Value::Str(_) | Value::Seq | Value::Map => "no text".to_owned(),
    }
}

/// The numbers of one mapping that are not what was written, where text was meant.
fn numbers<'a>(
    document: &Document<'a>,
    object: &Manifest,
    whose: &dyn Fn() -> String,
    helm: bool,
    map: Node<'_>,
    cx: &mut Context<'a>,
) {
    let image = helm && ["repository", "image", "registry"].iter().any(|key| map.get(key).is_some());
    for entry in map.entries() {
        let sure = image && entry.key == "tag";
        if let Some(report) = number(document, object, whose, helm, &entry, cx)
            && !sure
        {
            report.at_most(Severity::Warning);
        }
    }
}

fn number<'a, 'c>(
    document: &Document<'a>,
    object: &Manifest,
    whose: &dyn Fn() -> String,
    helm: bool,
    entry: &Entry<'_>,
    cx: &'c mut Context<'a>,
) -> Option<Report<'c>> {
    let node = entry.value;
    if node.style() != Style::Plain || node.alias().is_some() || node.tag().is_some() {
        return None;
    }
    let written = node.raw();
    let read = match node.value() {
        Value::Int(int) => int.to_string(),
        Value::UInt(int) => int.to_string(),
        Value::Float(float) => float.to_string(),
        Value::Null | Value::Bool(_) | Value::Str(_) | Value::Seq | Value::Map => return None,
    };
    let textual = is_textual(&entry.key);
    let large = helm && textual && whole(written).is_some_and(|int| int >= HELM_LARGE);
    let identifier = written.len() > 5 && written.bytes().all(|byte| byte.is_ascii_digit());
    let lost = read != written && (textual || identifier);
    if !(lost || large) || !cx.inventory.problems_at(&object.locate(node.span())).is_empty() {
        return None;
    }
    let because = match (lost, helm) {
        (false, _) => {
            "Helm holds numbers as floating point and prints large ones with an exponent".to_owned()
        }
        (true, true) => format!("without quotes it is a number, and the chart gets `{read}`"),
        (true, false) => format!("without quotes it is a number, and what arrives is `{read}`"),
    };
    let shown = if lost { read } else { exponent(written) };
    let message = format!("`{}: {written}` of {} is the number {shown}", entry.key, whose());
    let report = document.report_on(cx, object, entry.span(), message).because(because);
    let report = report.help("put it in quotes, if it is meant as text");
    Some(report.fix(FixKind::Unsafe, document.rewrite(node, written)))
}

/// Whether a field of this name is mostly text that may look like a number.
fn is_textual(key: &str) -> bool {
    let lower = key.to_lowercase();
    TEXTS.iter().any(|ending| {
        let Some(before) = lower.strip_suffix(ending) else { return false };
        let start = key.len() - ending.len();
        before.is_empty()
            || before.ends_with(['-', '_', '.'])
            || key[start..].starts_with(|c: char| c.is_ascii_uppercase())
    })
}

fn whole(written: &str) -> Option<u64> {
    written.parse().ok()
}

/// A whole number as Helm prints it.
fn exponent(written: &str) -> String {
    let float: f64 = written.parse().unwrap_or_default();
    let text = format!("{float:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    format!("{mantissa}e+{exponent:0>2}")
}

/// The tags of a kustomization, which must be text.
fn images<'a>(document: &Document<'a>, cx: &mut Context<'a>) {
    for image in document.root().get("images").into_iter().flat_map(|images| images.items()) {
        for field in ["newTag", "newName", "digest"] {
            let Some(entry) = image.entry(field) else { continue };
            if !matches!(entry.value.value(), Value::Int(_) | Value::UInt(_) | Value::Float(_)) {
                continue;
            }
            document
                .report(
                    cx,
                    entry.span(),
                    format!("`{field}: {}` is {}, not text", entry.value.raw(), kind_of(entry.value)),
                )
                .because("Kustomize refuses the kustomization, and nothing of its folder is deployed")
                .help("put it in quotes")
                .fix(FixKind::Safe, document.rewrite(entry.value, entry.value.text()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_texts() {
        for (key, expected) in [
            ("tag", true),
            ("imageTag", true),
            ("targetRevision", true),
            ("app-version", true),
            ("stage", false),
            ("conversion", false),
            ("replicas", false),
        ] {
            assert_eq!(is_textual(key), expected, "{key}");
        }
    }

    #[test]
    fn as_helm_prints() {
        for (written, expected) in [("20240101", "2.0240101e+07"), ("1000000", "1e+06")] {
            assert_eq!(exponent(written), expected);
        }
    }
}
