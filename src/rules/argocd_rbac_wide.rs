//! BH212. Meaning, rationale and examples: `rules/BH212-argocd-rbac-wide.md`.

use super::document::Document;
use super::{Check, Context, Rule};
use crate::model::Manifest;

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH212-argocd-rbac-wide.md"), check: Check::Document(check) };

/// Actions by which somebody takes down what runs.
const DANGEROUS: &[&str] = &["*", "delete", "delete/*", "override", "update", "update/*"];

fn check<'a>(document: &Document<'a>, cx: &mut Context<'a>) {
    for object in &document.objects {
        if object.kind() == "ConfigMap" && object.name() == "argocd-rbac-cm" && object.api_version() == "v1" {
            settings(document, object, cx);
        }
    }
}

fn settings<'a>(document: &Document<'a>, object: &Manifest, cx: &mut Context<'a>) {
    let Some(data) = object.node().get("data") else { return };
    for entry in data.entries() {
        let Some(text) = entry.value.as_str() else { continue };
        let span = entry.key_node.span();
        if entry.key == "policy.default" && text.trim() == "role:admin" {
            document
                .report_on(cx, object, span, "everybody who can log in is an administrator")
                .because("`policy.default` is what users have without any rule of their own; deleting an Application with all it deployed is one click")
                .help("write `role:readonly`, or nothing, and give `role:admin` to a group");
        }
        if entry.key == "policy.csv" || entry.key.starts_with("policy.") && entry.key.ends_with(".csv") {
            for (role, action) in wide(text) {
                let message = format!("`{role}` may `{action}` every Application of every project");
                document
                    .report_on(cx, object, span, message)
                    .because("one role that is meant for one team reaches all of them")
                    .help("name the projects: `team-a/*` in place of `*` or `*/*`");
            }
        }
    }
}

/// Roles of one's own that may do something dangerous to all Applications, and what: those that no `deny` takes it from, and
/// that are no administrators by name.
fn wide(policy: &str) -> Vec<(String, String)> {
    let rules = || policy.lines().filter_map(rule);
    let denied = |role: &str| rules().any(|rule| rule.effect == "deny" && rule.subject == role);
    let mut found: Vec<(String, String)> = Vec::new();
    for rule in rules() {
        let is_all = matches!(rule.resource, "applications" | "*")
            && matches!(rule.object, "*" | "*/*" | "*/*/*")
            && DANGEROUS.contains(&rule.action)
            && rule.effect == "allow";
        let is_admin = rule.subject.to_ascii_lowercase().contains("admin");
        let is_role = rule.subject.starts_with("role:");
        if is_all
            && is_role
            && !is_admin
            && !denied(rule.subject)
            && found.iter().all(|(role, _)| role != rule.subject)
        {
            found.push((rule.subject.to_owned(), rule.action.to_owned()));
        }
    }
    found
}

struct Line<'a> {
    subject: &'a str,
    resource: &'a str,
    action: &'a str,
    object: &'a str,
    effect: &'a str,
}

/// `p, role:x, applications, delete, */*, allow`
fn rule(line: &str) -> Option<Line<'_>> {
    let mut parts = line.split(',').map(str::trim);
    if parts.next() != Some("p") {
        return None;
    }
    let mut next = || parts.next();
    Some(Line {
        subject: next()?,
        resource: next()?,
        action: next()?,
        object: next()?,
        effect: next().unwrap_or("allow"),
    })
}
