//! BH102. Meaning, rationale and examples: `rules/BH102-duplicate-object-api-alias.md`.

use crate::inventory::{App, Place, ResourceId};
use crate::model::ResourceKey;
use crate::render::Target;
use crate::rules::{Check, Context, Rule};

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH102-duplicate-object-api-alias.md"),
    check: Check::Resource(check),
};

/// Kinds that the API server serves, or served, under two groups.
struct Alias {
    old: &'static str,
    new: &'static str,
    kinds: &'static [&'static str],
    namespaced: bool,
}

/// Closed: kinds that a vendor renamed (`traefik.containo.us`, `certmanager.k8s.io`) are different objects.
const ALIASES: &[Alias] = &[
    Alias {
        old: "extensions",
        new: "apps",
        kinds: &["DaemonSet", "Deployment", "ReplicaSet"],
        namespaced: true,
    },
    Alias {
        old: "extensions",
        new: "networking.k8s.io",
        kinds: &["Ingress", "NetworkPolicy"],
        namespaced: true,
    },
    Alias { old: "extensions", new: "policy", kinds: &["PodSecurityPolicy"], namespaced: false },
    Alias {
        old: "authorization.openshift.io",
        new: "rbac.authorization.k8s.io",
        kinds: &["Role", "RoleBinding"],
        namespaced: true,
    },
    Alias {
        old: "authorization.openshift.io",
        new: "rbac.authorization.k8s.io",
        kinds: &["ClusterRole", "ClusterRoleBinding"],
        namespaced: false,
    },
];

fn check(id: ResourceId, app: &App, target: &Target, cx: &mut Context<'_>) {
    let alias = ALIASES
        .iter()
        .find(|alias| *target.key.group == *alias.old && alias.kinds.contains(&&*target.key.kind));
    let Some(alias) = alias else { return };
    if app.cluster.is_empty() || target.key.name.is_empty() {
        return;
    }
    let namespace = if alias.namespaced { target.key.namespace.clone() } else { "".into() };
    let key = ResourceKey { group: alias.new.into(), namespace, ..target.key.clone() };
    let place = Place { instance: app.instance, cluster: app.cluster.clone(), key };
    let inventory = cx.inventory;
    let other = inventory
        .at(&place)
        .iter()
        .copied()
        .find(|&other| other.app == id.app || (app.is_written() && inventory.app(other).is_written()));
    let Some(other) = other else { return };
    let (owner, twin) = (inventory.app(other), inventory.target(other));
    let message =
        format!("`{}` exists in `{}` and in `{}`, which are one object", target.key, alias.old, alias.new);
    let because = match other.app == id.app {
        true => "the API server keeps one object for both groups, so each sync applies one manifest over the other".to_owned(),
        false => format!(
            "the API server keeps one object for both groups, so `{}` and `{}` overwrite it in turn, and when one drops it, it is gone",
            owner.id, app.id
        ),
    };
    cx.report_target(app, target, message)
        .because(because)
        .see(twin.manifest.location(), format!("the same object in `{}`", alias.new))
        .help(format!("delete this manifest and keep the one in `{}`; clusters that no longer serve `{}` refuse this one", alias.new, alias.old));
}
