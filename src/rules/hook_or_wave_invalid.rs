//! BH502. Meaning, rationale and examples: `rules/BH502-hook-or-wave-invalid.md`.

use super::document::{Document, what};
use super::{Check, Context, Rule};
use crate::finding::{FixKind, Severity};
use crate::model::{Manifest, Version};
use crate::yaml::{self, Node};

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH502-hook-or-wave-invalid.md"), check: Check::Document(check) };

const HOOK: &str = "argocd.argoproj.io/hook";
const POLICY: &str = "argocd.argoproj.io/hook-delete-policy";
const WAVE: &str = "argocd.argoproj.io/sync-wave";
const HELM_HOOK: &str = "helm.sh/hook";
const HELM_POLICY: &str = "helm.sh/hook-delete-policy";
const HELM_WEIGHT: &str = "helm.sh/hook-weight";

/// The phases of Argo CD, and the version that brought each.
const PHASES: &[(&str, Version)] = &[
    ("PreSync", Version::OLDEST),
    ("Sync", Version::OLDEST),
    ("PostSync", Version::OLDEST),
    ("SyncFail", Version::OLDEST),
    ("Skip", Version::OLDEST),
    ("PostDelete", Version { major: 2, minor: 10 }),
    ("PreDelete", Version { major: 3, minor: 3 }),
];
const POLICIES: &[&str] = &["HookSucceeded", "HookFailed", "BeforeHookCreation"];
/// The hooks of Helm; those that Argo CD does not run are dropped, which is what charts expect of tests.
const HELM_HOOKS: &[&str] = &[
    "pre-install",
    "post-install",
    "pre-upgrade",
    "post-upgrade",
    "pre-delete",
    "post-delete",
    "pre-rollback",
    "post-rollback",
    "test",
    "test-success",
    "test-failure",
    "crd-install",
];
const HELM_POLICIES: &[&str] = &["before-hook-creation", "hook-succeeded", "hook-failed"];

fn check<'a>(document: &Document<'a>, cx: &mut Context<'a>) {
    for object in &document.objects {
        let Some(annotations) = object.node().at(&["metadata", "annotations"]) else { continue };
        let subject = Subject { document, object, annotations, version: document.version(cx) };
        subject.phases(cx);
        subject.helm_phases(cx);
        subject.policies(POLICY, POLICIES, cx);
        subject.policies(HELM_POLICY, HELM_POLICIES, cx);
        subject.policy_alone(cx);
        subject.number(WAVE, cx);
        subject.number(HELM_WEIGHT, cx);
    }
}

/// One object with annotations.
struct Subject<'s, 'a> {
    document: &'s Document<'a>,
    object: &'s Manifest,
    annotations: Node<'s>,
    version: Version,
}

impl<'s, 'a> Subject<'s, 'a> {
    /// The text of an annotation, unless a template will fill it in.
    fn text(&self, name: &str) -> Option<(Node<'s>, &'s str)> {
        let node = self.annotations.get(name)?;
        let text = node.as_str().filter(|text| !text.contains("{{") && !text.contains("${"))?;
        Some((node, text))
    }

    fn phases(&self, cx: &mut Context<'a>) {
        let Some((node, text)) = self.text(HOOK) else { return };
        let exists =
            |item: &str| PHASES.iter().any(|(phase, since)| *phase == item && *since <= self.version);
        let items: Vec<&str> = text.split(',').map(str::trim).collect();
        let wrong: Vec<&str> = items.iter().copied().filter(|item| !exists(item)).collect();
        let dropped = wrong.len() == items.len() && self.text(HELM_HOOK).is_none_or(|(_, text)| !runs(text));
        for item in wrong {
            let names: Vec<&str> = PHASES.iter().map(|(phase, _)| *phase).collect();
            let since = PHASES.iter().find(|(phase, _)| *phase == item).map(|(_, since)| since);
            let message = match (item, since) {
                ("", _) if items.len() == 1 => format!("{} is a hook of no phase", what(self.object)),
                ("", _) => continue,
                (_, Some(since)) => {
                    format!("`{item}` is no hook before Argo CD {since}, and this one is {}", self.version)
                }
                (_, None) => format!("`{item}` is no hook of Argo CD"),
            };
            let meant = meant(item, &names).filter(|_| since.is_none());
            let because = match dropped {
                true => {
                    "an object with this annotation and no known phase is never applied, and the one on the cluster is pruned"
                }
                false => "Argo CD passes over phases that it does not know",
            };
            let help = match meant {
                Some(meant) => format!("write `{meant}`"),
                None => format!("the phases are {}", names.join(", ")),
            };
            let fix = meant.map_or_else(Vec::new, |meant| self.document.reword(node, item, meant));
            let report =
                self.document.report_on(cx, self.object, node.span(), message).because(because).help(help);
            let report = if dropped { report } else { report.at_most(Severity::Warning) };
            report.fix(FixKind::Safe, fix);
        }
    }

    /// Hooks of Helm in what did not pass through Helm's own eyes, or that Helm takes and Argo CD does not.
    fn helm_phases(&self, cx: &mut Context<'a>) {
        let Some((node, text)) = self.text(HELM_HOOK) else { return };
        if self.text(HOOK).is_some() {
            return;
        }
        for item in text.split(',').map(str::trim).filter(|item| !HELM_HOOKS.contains(item)) {
            let Some(meant) = meant(item, HELM_HOOKS) else { continue };
            let fix = self.document.reword(node, item, meant);
            self.document
                .report_on(cx, self.object, node.span(), format!("`{item}` is no hook of Helm; `{meant}` is"))
                .because("Argo CD maps Helm's hooks by name, letter by letter; an object with a hook it does not know is never applied")
                .help(format!("write `{meant}`"))
                .fix(FixKind::Safe, fix);
        }
    }

    fn policies(&self, name: &str, known: &[&'static str], cx: &mut Context<'a>) {
        let Some((node, text)) = self.text(name) else { return };
        for item in text.split(',').map(str::trim).filter(|item| !item.is_empty() && !known.contains(item)) {
            let meant = meant(item, known);
            let help = match meant {
                Some(meant) => format!("write `{meant}`"),
                None => format!("the policies are {}", known.join(", ")),
            };
            let fix = meant.map_or_else(Vec::new, |meant| self.document.reword(node, item, meant));
            self.document
                .report_on(cx, self.object, node.span(), format!("`{item}` is no hook delete policy"))
                .because(
                    "Argo CD passes over it; a hook without a policy is deleted and made again on every sync",
                )
                .help(help)
                .fix(FixKind::Safe, fix);
        }
    }

    /// A delete policy on what is no hook.
    fn policy_alone(&self, cx: &mut Context<'a>) {
        let Some((node, text)) = self.text(POLICY) else { return };
        if self.annotations.get(HOOK).is_some() || self.annotations.get(HELM_HOOK).is_some() {
            return;
        }
        self.document
            .report_on(
                cx,
                self.object,
                node.span(),
                format!("the hook delete policy `{text}` does nothing: {} is no hook", what(self.object)),
            )
            .because("Argo CD looks for delete policies on hooks only")
            .help(format!("add the annotation `{HOOK}`, or take the policy out"))
            .at_most(Severity::Warning);
    }

    /// A wave or weight, which must be a number to Go's `strconv.Atoi`.
    fn number(&self, name: &str, cx: &mut Context<'a>) {
        let Some((node, text)) = self.text(name) else { return };
        if text.parse::<i64>().is_ok() {
            return;
        }
        let (message, because) = match name {
            WAVE => (
                format!("the sync wave `{text}` is no whole number"),
                "Argo CD takes a wave that is no whole number for 0, without a word",
            ),
            _ => (
                format!("the hook weight `{text}` is no whole number"),
                "Argo CD takes Helm's hook weight as the sync wave, and one that is no whole number for 0",
            ),
        };
        let bare = text.trim().trim_end_matches(".0");
        let fix = match bare.parse::<i64>() {
            Ok(number) => self.document.rewrite(node, &number.to_string()),
            Err(_) => Vec::new(),
        };
        let report = self.document.report_on(cx, self.object, node.span(), message).because(because);
        let report = report.help("write a whole number in quotes, such as \"5\" or \"-1\"");
        let report = if name == WAVE { report } else { report.at_most(Severity::Warning) };
        report.fix(FixKind::Safe, fix);
    }
}

/// Whether a hook of Helm is one that Argo CD runs, or no hook to it.
fn runs(text: &str) -> bool {
    let mut items = text.split(',').map(str::trim);
    items.any(|item| HELM_HOOKS[..6].contains(&item))
}

/// The one that a word was surely meant to be.
fn meant(word: &str, known: &[&'static str]) -> Option<&'static str> {
    let bare =
        |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    if let Some(same) = known.iter().find(|known| bare(known) == bare(word)) {
        return Some(same);
    }
    let near = yaml::nearest(word, known)?;
    (strsim::damerau_levenshtein(&bare(near), &bare(word)) <= 2 && word.len() > 3).then_some(near)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant() {
        let phases: Vec<&str> = PHASES.iter().map(|(phase, _)| *phase).collect();
        for (word, expected) in [
            ("Presync", Some("PreSync")),
            ("pre-sync", Some("PreSync")),
            ("PreSyn", Some("PreSync")),
            ("OnFailure", None),
            ("", None),
        ] {
            assert_eq!(meant(word, &phases), expected, "{word}");
        }
        assert_eq!(meant("post-instal", HELM_HOOKS), Some("post-install"));
    }
}
