//! What the recorded merges do not hold: clusters that they do not have.

use billhook::files::Tree;
use billhook::forecast::{Danger, Forecast, Outcome, Sides, read_again};
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

fn secret(namespace: &str) -> String {
    format!(
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{name: token, namespace: {namespace}}}\n\
         spec: {{secretStoreRef: {{name: vault}}}}\n"
    )
}

const DEFINITION: &str = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: externalsecrets.external-secrets.io}
spec:
  group: external-secrets.io
  scope: Namespaced
  names: {kind: ExternalSecret, plural: externalsecrets}
  versions: [{name: v1, served: true, storage: true}]
";
const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: config}\ndata: {a: b}\n";

fn inventory(files: &[(&str, String)]) -> Inventory {
    let files = files.iter().map(|(path, text)| (*path, text.as_bytes()));
    Inventory::load(&Options::new(Arc::new(Documents::new(Arc::new(Tree::memory(files))))))
}

/// The dangers of adding an Application with a custom object in this namespace to this cluster; `more` is in base too.
fn dangers(cluster: &str, namespace: &str, more: &[(&'static str, String)]) -> Vec<(String, Danger)> {
    let old = [("apps/old.yaml", application("old", "in-cluster")), ("old/config.yaml", CONFIG.to_owned())];
    let old = [old.as_slice(), more].concat();
    let new = [("apps/new.yaml", application("new", cluster)), ("new/secret.yaml", secret(namespace))];
    let (base, head) = (inventory(&old), inventory(&[old.as_slice(), new.as_slice()].concat()));
    let between = head.again(&Options::new(Arc::clone(&head.documents)), &read_again(&base, &head));
    let forecast = Forecast::new(&Sides { base: &base, head: &head, between: &between, stateful: &[] });
    let told = forecast.rows.iter().map(|row| (row.key.to_string(), row.danger));
    told.filter(|(_, danger)| *danger > Danger::Change).collect()
}

fn is_blocked(dangers: &[(String, Danger)]) -> bool {
    let of_kind =
        |(key, danger): &(String, Danger)| key.contains("ExternalSecret") && *danger == Danger::Blocked;
    dangers.iter().any(of_kind)
}

#[test]
fn what_a_cluster_of_base_never_had_is_missing() {
    assert!(is_blocked(&dangers("in-cluster", "new", &[])), "the kind");
    let in_use = [("old/secret.yaml", secret("old"))];
    assert!(is_blocked(&dangers("in-cluster", "monitoring", &in_use)), "the namespace");
    assert_eq!(dangers("in-cluster", "new", &in_use), []);
}

#[test]
fn what_a_new_cluster_has_is_not_known() {
    assert_eq!(dangers("edge", "monitoring", &[]), []);
}

#[test]
fn a_kind_that_no_tree_defines_and_another_cluster_uses_may_be_anywhere() {
    let in_use = [("apps/other.yaml", application("other", "west")), ("other/secret.yaml", secret("other"))];
    assert_eq!(dangers("in-cluster", "new", &in_use), []);
    // Where the tree defines it for the other cluster, it is the tree that brings it, and it does not bring it here.
    let defined =
        in_use.into_iter().chain([("other/definition.yaml", DEFINITION.to_owned())]).collect::<Vec<_>>();
    assert!(is_blocked(&dangers("in-cluster", "new", &defined)));
}

#[test]
fn a_job_that_is_made_anew_is_no_outage() {
    let job = |image: &str| {
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: migrate\n  \
             annotations: {{argocd.argoproj.io/sync-options: 'Force=true,Replace=true'}}\n\
             spec:\n  template:\n    spec:\n      restartPolicy: Never\n      \
             containers: [{{name: main, image: '{image}'}}]\n"
        )
    };
    let side = |image: &str| {
        inventory(&[("apps/a.yaml", application("a", "in-cluster")), ("a/job.yaml", job(image))])
    };
    let (base, head) = (side("r.example/m:1"), side("r.example/m:2"));
    let forecast = Forecast::new(&Sides { base: &base, head: &head, between: &[], stateful: &[] });
    let row = forecast.rows.iter().find(|row| &*row.key.kind == "Job").expect("the Job");
    assert_eq!((row.outcome, row.danger), (Outcome::Recreated, Danger::Change));
}
