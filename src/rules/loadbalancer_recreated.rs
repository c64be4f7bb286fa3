//! BH444. Meaning, rationale and examples: `rules/BH444-loadbalancer-recreated.md`.

use super::change::{Fate, is_in_head};
use super::{Change, Check, Context, Rule};
use crate::finding::Severity;
use crate::forecast::{Outcome, Row};
use crate::model::Manifest;
use crate::yaml::Node;

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH444-loadbalancer-recreated.md"), check: Check::Change(check) };

/// Annotations by which a Service asks for an address that it keeps.
const ADDRESSES: &[&str] = &[
    "io.cilium/lb-ipam-ips",
    "kube-vip.io/loadbalancerIPs",
    "lbipam.cilium.io/ips",
    "load-balancer.hetzner.cloud/name",
    "metallb.io/loadBalancerIPs",
    "metallb.universe.tf/loadBalancerIPs",
    "networking.gke.io/load-balancer-ip-addresses",
    "service.beta.kubernetes.io/aws-load-balancer-eip-allocations",
    "service.beta.kubernetes.io/azure-load-balancer-ipv4",
    "service.beta.kubernetes.io/azure-pip-name",
];

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    for row in change.forecast.rows.iter().filter(|row| row.key.is("", "Service")) {
        let Some(before) = row.base.as_ref().filter(|before| balances(before)) else { continue };
        let fate = change.fate(row);
        match (&row.head, fate) {
            (_, Some(fate @ (Fate::Pruned | Fate::ByHand))) => {
                gone(change, cx, row, before, fate == Fate::ByHand)
            }
            (Some(after), None) if is_in_head(row) => stays(cx, row, before, after),
            _ => {}
        }
    }
}

fn balances(service: &Manifest) -> bool {
    service.node().at(&["spec", "type"]).and_then(Node::as_str) == Some("LoadBalancer")
}

/// Whether a Service asks for an address of its own.
fn reserved(service: &Manifest) -> bool {
    let asks = service.node().at(&["spec", "loadBalancerIP"]).and_then(Node::as_str);
    asks.is_some_and(|address| !address.is_empty())
        || ADDRESSES.iter().any(|name| service.annotation(name).is_some())
}

fn gone(change: &Change<'_>, cx: &mut Context<'_>, row: &Row, before: &Manifest, by_hand: bool) {
    let heir = heir(change, row, before);
    let kept = heir.and_then(|heir| heir.head.as_ref()).is_some_and(reserved) || reserved(before);
    let report = match heir {
        Some(heir) => {
            cx.report_row(heir, format!("`{}` becomes `{}`, which gets another address", row.key, heir.key))
        }
        None => cx.report_row(row, format!("`{}` is deleted, and its address with it", row.key)),
    };
    let report = report
        .because("the address belongs to the Service object; DNS records and allow lists go on naming the old one")
        .help("keep name and namespace; else reserve the address, name it on the new Service, add that one in a merge of its own, move the DNS record, and remove the old one last");
    let report = match heir {
        Some(_) => report.see(before.location().in_base(), "as base has it"),
        None => report,
    };
    if by_hand || kept || heir.is_none() {
        report.at_most(Severity::Warning);
    }
}

/// The Service of type LoadBalancer that comes in place of one: of the same Application, with the same selector or name.
fn heir<'a>(change: &Change<'a>, row: &Row, before: &Manifest) -> Option<&'a Row> {
    let selector = |manifest: &Manifest| manifest.node().at(&["spec", "selector"]).map(Node::to_json);
    let own = selector(before);
    let application = row.application.as_ref()?;
    let mut rows = change
        .rows_of(application)
        .filter(|other| other.key.is("", "Service") && other.cluster == row.cluster);
    rows.find(|other| {
        let Some(after) = other.head.as_ref().filter(|after| other.base.is_none() && balances(after)) else {
            return false;
        };
        is_in_head(other) && (other.key.name == row.key.name || (own.is_some() && selector(after) == own))
    })
}

fn stays(cx: &mut Context<'_>, row: &Row, before: &Manifest, after: &Manifest) {
    let recreated = row.outcome == Outcome::Recreated;
    let applied = recreated || matches!(row.outcome, Outcome::Updated | Outcome::Adopted);
    if !applied || (balances(after) && !recreated) {
        return;
    }
    let kind = after.node().at(&["spec", "type"]).and_then(Node::as_str).unwrap_or("ClusterIP");
    let message = match recreated {
        true => format!("`{}` is deleted and made anew, and gets another address", row.key),
        false => format!("`{}` becomes a {kind} and gives its address back", row.key),
    };
    let because = match recreated {
        true => row.cause.because.clone().into_owned(),
        false => "the cloud takes the load balancer down; going back to LoadBalancer gives another address"
            .to_owned(),
    };
    let report = cx
        .report(after.location_at(&["spec", "type"]), message)
        .row(row)
        .because(because)
        .help("reserve the address and name it on the Service first, or put a second Service beside this one and move its users");
    if reserved(before) && reserved(after) {
        report.at_most(Severity::Warning);
    }
}
