//! BH209. Meaning, rationale and examples: `rules/BH209-rbac-subject-namespace.md`.

use crate::finding::FixKind;
use crate::inventory::{App, ResourceId};
use crate::render::Target;
use crate::rules::{Check, Context, Rule, options};
use crate::yaml::{Node, edit};
use hashbrown::{HashMap, HashSet};
use std::sync::Arc;

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH209-rbac-subject-namespace.md"),
    check: Check::Inventory(check),
};

const RBAC: &str = "rbac.authorization.k8s.io";

/// The ServiceAccounts of one cluster of one instance: namespaces by name.
type Accounts = HashMap<Arc<str>, HashSet<Arc<str>>>;

fn check(cx: &mut Context<'_>) {
    let inventory = cx.inventory;
    let mut clusters: HashMap<(usize, Arc<str>), Accounts> = HashMap::new();
    for id in inventory.resources() {
        let (app, key) = (inventory.app(id), &inventory.target(id).key);
        if key.is("", "ServiceAccount") && !key.namespace.is_empty() {
            let accounts = clusters.entry((app.instance, Arc::clone(&app.cluster))).or_default();
            accounts.entry(Arc::clone(&key.name)).or_default().insert(Arc::clone(&key.namespace));
        }
    }
    for id in inventory.resources() {
        let (app, target) = (inventory.app(id), inventory.target(id));
        let binds = target.key.is(RBAC, "RoleBinding") || target.key.is(RBAC, "ClusterRoleBinding");
        if binds && let Some(accounts) = clusters.get(&(app.instance, Arc::clone(&app.cluster))) {
            binding(id, accounts, cx);
        }
    }
}

fn binding(id: ResourceId, accounts: &Accounts, cx: &mut Context<'_>) {
    let (app, target) = (cx.inventory.app(id), cx.inventory.target(id));
    for subject in target.manifest.node().get("subjects").into_iter().flat_map(Node::items) {
        let text = |key: &str| subject.get(key).and_then(Node::as_str).unwrap_or_default();
        let (name, namespace) = (text("name"), text("namespace"));
        if text("kind") != "ServiceAccount" || name == "default" || namespace.is_empty() {
            continue;
        }
        let Some(places) = accounts.get(name).filter(|places| !places.contains(namespace)) else { continue };
        let Some(own) = own_account(app, name).filter(|_| places.len() == 1) else { continue };
        report(app, target, own, subject, cx);
    }
}

/// The one ServiceAccount of this name that the Application itself deploys.
fn own_account<'a>(app: &'a App, name: &str) -> Option<&'a Target> {
    let named = |target: &&Target| target.key.is("", "ServiceAccount") && *target.key.name == *name;
    app.targets.list.iter().find(named)
}

fn report(app: &App, target: &Target, account: &Target, subject: Node<'_>, cx: &mut Context<'_>) {
    let Some(entry) = subject.entry("namespace") else { return };
    let (namespace, meant) = (entry.value.text(), &*account.key.namespace);
    let edits = options::edits(&target.manifest, cx.inventory, || edit::replace(entry.value, &meant.into()));
    let message = format!(
        "`{}` gives its rights to `{namespace}/{}`, and the account is in `{meant}`",
        target.key, account.key.name
    );
    cx.report(target.manifest.locate(entry.span()), message)
        .about(app, target)
        .see(account.manifest.location(), "the account")
        .because("the workload has no rights; whoever may create an account of that name in that namespace has them")
        .help(format!("write `namespace: {meant}`"))
        .fix(FixKind::Unsafe, edits);
}
