//! BH447. Meaning, rationale and examples: `rules/BH447-engine-config-removed.md`.

use super::change::{Fate, is_in_head};
use super::{Change, Check, Context, Rule};
use crate::finding::Severity;
use crate::forecast::{Outcome, Row};
use crate::model::Manifest;
use crate::yaml::Node;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH447-engine-config-removed.md"), check: Check::Change(check) };

/// The objects by which Argo CD is set up, and what it is without them.
const OBJECTS: &[(&str, &str, &str)] = &[
    ("ConfigMap", "argocd-cm", "all settings: tracking, exclusions, health checks, logins"),
    ("ConfigMap", "argocd-cmd-params-cm", "the parameters its controllers start with"),
    ("ConfigMap", "argocd-rbac-cm", "who may do what"),
    ("ConfigMap", "argocd-ssh-known-hosts-cm", "the SSH hosts that it trusts"),
    ("ConfigMap", "argocd-tls-certs-cm", "the certificates that it trusts"),
    ("ConfigMap", "argocd-gpg-keys-cm", "the keys that signatures are held against"),
    ("Secret", "argocd-secret", "its own keys and passwords"),
];

/// ConfigMaps whose keys each mean something.
const KEYED: &[&str] = &["argocd-cm", "argocd-cmd-params-cm", "argocd-rbac-cm"];
/// Keys by which Argo CD knows its objects: `tracking-key-changed` tells of these.
const TRACKING: &[&str] =
    &["application.resourceTrackingMethod", "application.instanceLabelKey", "installationID"];
/// Keys that say what Argo CD sees at all.
const SIGHT: &[&str] = &["resource.exclusions", "resource.inclusions"];

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    let engine = |row: &&Row| {
        let of = |namespace: &str| *row.key.namespace == *namespace;
        row.key.group.is_empty()
            && change.base.instances.iter().any(|instance| of(&instance.settings.namespace))
    };
    for row in change.forecast.rows.iter().filter(engine) {
        let Some(before) = &row.base else { continue };
        match (&row.head, change.fate(row)) {
            (_, Some(fate)) if fate.ends() => removed(cx, row, before, fate == Fate::ByHand),
            (Some(after), None) if is_in_head(row) && row.outcome == Outcome::Updated => {
                keys(cx, row, before, after)
            }
            _ => {}
        }
    }
}

/// What a vital object is for; None for any other.
fn purpose(row: &Row, manifest: &Manifest) -> Option<String> {
    let own = OBJECTS.iter().find(|(kind, name, _)| *row.key.kind == **kind && *row.key.name == **name);
    if let Some((_, _, purpose)) = own {
        return Some((*purpose).to_owned());
    }
    let kind = manifest.label("argocd.argoproj.io/secret-type").filter(|_| &*row.key.kind == "Secret")?;
    let named = |keys: &[&str]| {
        let value = keys.iter().find_map(|key| value(manifest, key));
        value.map_or_else(String::new, |value| format!(" `{value}`"))
    };
    Some(match kind {
        "repository" => format!("the access to the repository{}", named(&["url"])),
        "repo-creds" => format!("the access to repositories that begin with{}", named(&["url"])),
        "repository-write" => format!("the right to write to the repository{}", named(&["url"])),
        "cluster" => format!("the cluster{}", named(&["name", "server"])),
        _ => return None,
    })
}

/// A text of a Secret that is none itself: an address or a name.
fn value(secret: &Manifest, key: &str) -> Option<String> {
    if let Some(text) = secret.node().at(&["stringData", key]).and_then(Node::as_str) {
        return Some(address(text));
    }
    let text = secret.node().at(&["data", key])?.as_str()?;
    let bytes = BASE64_STANDARD.decode(text.trim()).ok()?;
    String::from_utf8(bytes).ok().map(|text| address(&text))
}

/// An address without what may be a password in it.
fn address(text: &str) -> String {
    match text.split_once("://") {
        Some((scheme, rest)) => {
            let host = rest.split_once('/').map_or(rest.len(), |(host, _)| host.len());
            let from = rest[..host].rfind('@').map_or(0, |at| at + 1);
            format!("{scheme}://{}", &rest[from..])
        }
        None => text.to_owned(),
    }
}

fn removed(cx: &mut Context<'_>, row: &Row, before: &Manifest, by_hand: bool) {
    let Some(purpose) = purpose(row, before) else { return };
    let when = if by_hand { "is deleted by the next sync with prune" } else { "is deleted" };
    let cluster = before.describes_cluster();
    let because = match (&*row.key.kind, cluster) {
        (_, true) => {
            "Argo CD notices at once: Applications on that cluster are in error, what they deployed runs on and nobody looks after it, and generators that go by clusters delete theirs"
        }
        ("Secret", _) if &*row.key.name != "argocd-secret" => {
            "Argo CD notices at once: what reads that repository does not render any more, and what could bring the Secret back may be in it"
        }
        _ => "Argo CD notices at once and goes by its defaults",
    };
    let help = match (&*row.key.kind, before.label("argocd.argoproj.io/secret-type")) {
        ("Secret", Some(_)) => {
            "put it back; to give it up, first remove every Application that needs it and wait until they are gone, or, where somebody else is to manage it, `Prune=false,Delete=false` on it first, and wait for the sync"
        }
        _ => "put it back, with `argocd.argoproj.io/sync-options: Prune=false,Delete=false` on it",
    };
    let report =
        cx.report_row(row, format!("`{}` {when}, with {purpose}", row.key)).because(because).help(help);
    if by_hand {
        report.at_most(Severity::Warning);
    }
}

/// Keys that leave, and edits of what Argo CD sees.
fn keys(cx: &mut Context<'_>, row: &Row, before: &Manifest, after: &Manifest) {
    if &*row.key.kind != "ConfigMap" || !KEYED.contains(&&*row.key.name) {
        return;
    }
    let Some(data) = before.node().get("data") else { return };
    let now = after.node().get("data");
    let counts = |key: &str, text: &str| !text.is_empty() && !TRACKING.contains(&key);
    for entry in data.entries().filter(|entry| counts(&entry.key, entry.value.text())) {
        let same = now.and_then(|now| now.get(&entry.key));
        let sight = SIGHT.contains(&&*entry.key);
        let place = after.location_at(&["data", &entry.key]);
        let (message, because) = match same {
            None => (
                format!("`{}` leaves `{}`", entry.key, row.key.name),
                "from then on Argo CD goes by its default",
            ),
            Some(value) if sight && value.text() != entry.value.text() => (
                format!("`{}` of `{}` changes", entry.key, row.key.name),
                "objects of kinds that Argo CD no longer sees are neither updated nor pruned, and stay when their Application goes",
            ),
            Some(_) => continue,
        };
        cx.report(place, message)
            .row(row)
            .because(because)
            .help("make sure that this is meant: look at the difference of every Application before you sync")
            .see(before.locate(entry.span()).in_base(), "as base has it")
            .at_most(Severity::Warning);
    }
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn addresses() {
        for (text, expected) in [
            ("https://git.example/a.git", "https://git.example/a.git"),
            ("https://me:secret@git.example/a@b.git", "https://git.example/a@b.git"),
            ("git@git.example:a.git", "git@git.example:a.git"),
            ("prod-eu", "prod-eu"),
        ] {
            assert_eq!(address(text), expected, "{text}");
        }
    }
}
