//! BH201. Meaning, rationale and examples: `rules/BH201-protected-namespace-managed.md`.

use crate::finding::Severity;
use crate::inventory::{App, ResourceId};
use crate::model::{Protection, protections};
use crate::render::Target;
use crate::rules::{Check, Context, Rule};

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH201-protected-namespace-managed.md"),
    check: Check::Resource(check),
};

/// Namespaces of the deployment engine and of Kubernetes itself.
const ENGINE: &[&str] = &["argocd", "flux-system", "kube-node-lease", "openshift-gitops"];
/// Namespaces that the API server never deletes (`plugin/pkg/admission/namespace/lifecycle` of Kubernetes).
const IMMORTAL: &[&str] = &["default", "kube-public", "kube-system"];
/// Namespaces whose loss takes what would be needed to repair it.
const PLATFORM: &[&str] = &["cert-manager", "velero"];

fn check(_: ResourceId, app: &App, target: &Target, cx: &mut Context<'_>) {
    if !target.key.is("", "Namespace") || !app.is_written() || target.hooks.is_some() {
        return;
    }
    let name = &*target.key.name;
    let settings = cx.inventory.settings(app);
    let is_protected = match &cx.options.protected_namespaces {
        Some(own) => own.iter().any(|own| own == name),
        None => {
            name == settings.namespace || [ENGINE, IMMORTAL, PLATFORM].iter().any(|list| list.contains(&name))
        }
    };
    let spec = &app.application.spec;
    let found = protections(&target.manifest, &spec.sync_options(), settings.version);
    if !is_protected || (found.prune != Protection::None && found.delete != Protection::None) {
        return;
    }
    let owns_it = spec.destination.namespace == name;
    let lesser =
        cx.options.protected_namespaces.is_none() && (PLATFORM.contains(&name) || app.cluster != app.home);
    let mut report = cx.report_target(app, target, format!("`{}` manages the namespace `{name}`", app.id));
    let may_delete = app.application.prunes_automatically() || app.application.cascades();
    if owns_it || lesser || !may_delete || IMMORTAL.contains(&name) {
        report = report.at_most(Severity::Warning);
    }
    if !owns_it && !spec.destination.namespace.is_empty() {
        let place = app.application.manifest.location_at(&["spec", "destination", "namespace"]);
        report = report.see(place, format!("it deploys to `{}`", spec.destination.namespace));
    }
    report.because(mechanism(name)).help(match owns_it {
        true => "annotate it with `argocd.argoproj.io/sync-options: Prune=false,Delete=false`",
        false => "if this is merged already, first merge `argocd.argoproj.io/sync-options: Prune=false,Delete=false` on it and wait for the sync; only then leave it out, or pass the namespace that was meant to the renderer",
    });
}

fn mechanism(name: &str) -> &'static str {
    match IMMORTAL.contains(&name) {
        true => {
            "the API server never deletes this namespace, so once the manifest or the Application goes, its prune or deletion fails for ever"
        }
        false => {
            "Argo CD takes over a namespace that exists without a word, and a sync that prunes deletes it with everything inside once a render leaves it out"
        }
    }
}
