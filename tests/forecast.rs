//! What the recorded merges do not hold: clusters that they do not have.

use billhook::files::Tree;
use billhook::forecast::{Danger, Forecast, Sides, read_again};
use billhook::inventory::{Inventory, Options};
use billhook::render::Documents;
use std::sync::Arc;

fn application(name: &str, cluster: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}, namespace: argocd}}\n\
         spec:\n  project: default\n  destination: {{name: {cluster}, namespace: {name}}}\n  \
         source: {{repoURL: 'https://git.example/r.git', path: {name}, targetRevision: HEAD}}\n  \
         syncPolicy: {{automated: {{prune: true}}, syncOptions: [CreateNamespace=true]}}\n"
    )
}

const SECRET: &str = "\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: token, namespace: monitoring}
spec: {secretStoreRef: {name: vault}}
";
const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: config}\ndata: {a: b}\n";

fn inventory(files: &[(&str, String)]) -> Inventory {
    let files = files.iter().map(|(path, text)| (*path, text.as_bytes()));
    Inventory::load(&Options::new(Arc::new(Documents::new(Arc::new(Tree::memory(files))))))
}

/// The dangers of adding an Application with a custom object, in a namespace that nobody defines, on this cluster.
fn dangers(cluster: &str) -> Vec<(String, Danger)> {
    let old = [("apps/old.yaml", application("old", "in-cluster")), ("old/config.yaml", CONFIG.to_owned())];
    let new = [("apps/new.yaml", application("new", cluster)), ("new/secret.yaml", SECRET.to_owned())];
    let (base, head) = (inventory(&old), inventory(&[old.as_slice(), new.as_slice()].concat()));
    let between = head.again(&Options::new(Arc::clone(&head.documents)), &read_again(&base, &head));
    let forecast = Forecast::new(&Sides { base: &base, head: &head, between: &between, stateful: &[] });
    let told = forecast.rows.iter().map(|row| (row.key.to_string(), row.danger));
    told.filter(|(_, danger)| *danger > Danger::Change).collect()
}

#[test]
fn what_a_cluster_of_base_never_had_is_missing() {
    let blocked = dangers("in-cluster");
    assert!(blocked.iter().all(|(_, danger)| *danger == Danger::Blocked), "{blocked:?}");
    assert!(blocked.iter().any(|(key, _)| key.contains("ExternalSecret")), "{blocked:?}");
}

#[test]
fn what_a_new_cluster_has_is_not_known() {
    assert_eq!(dangers("edge"), []);
}
