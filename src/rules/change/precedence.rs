//! Which of several rules tells, where they would tell of the same object.
//!
//! Of one object that a merge takes away several rules may have something to say: that a line of a kustomization was lost,
//! that the object is a claim, that its Application loses much. Whoever reads the report has one thing to do about it, so
//! one rule tells: the one that knows why it goes before those that know what goes, and those before the one that counts.

use crate::finding::{Finding, Object};
use crate::forecast::Row;
use hashbrown::{HashMap, HashSet};
use std::sync::Arc;

/// An object that a finding tells of: its cluster, and its name.
pub type Subject = (Arc<str>, Object);

/// What goes: rules about kinds of objects.
const KINDS: &[&str] = &["BH409", "BH436", "BH438", "BH439", "BH444", "BH447"];

/// A rule, and the rules that stay silent about an object of which it tells.
const PRECEDENCE: &[(&str, &[&[&str]])] = &[
    // A protection that comes too late was meant to keep the very object: nothing says more.
    ("BH411", &[KINDS, &["BH405", "BH410", "BH413", "BH414", "BH431", "BH433", "BH434"]]),
    // A Namespace that is to be made by other means.
    ("BH410", &[&["BH413", "BH430", "BH431", "BH432"]]),
    // A manifest that is still there, and why nobody deploys it.
    ("BH430", &[KINDS, &["BH413", "BH414"]]),
    ("BH431", &[KINDS, &["BH413", "BH414"]]),
    ("BH432", &[KINDS, &["BH413", "BH414"]]),
    // An object that is still in git, in another Application or namespace.
    ("BH405", &[KINDS, &["BH413"]]),
    ("BH434", &[KINDS, &["BH410", "BH413", "BH433"]]),
    ("BH433", &[KINDS, &["BH413"]]),
    // A source that renders nothing is no other workload.
    ("BH414", &[&["BH401", "BH406", "BH413"]]),
    // An Application that stands for something else, and then where and from what it deploys.
    ("BH401", &[&["BH406", "BH407", "BH408", "BH413"]]),
    ("BH407", &[&["BH413"]]),
    ("BH408", &[&["BH413"]]),
    ("BH406", &[&["BH413"]]),
];

/// The object of a row.
pub fn subject(row: &Row) -> Subject {
    (Arc::clone(&row.cluster), crate::rules::object(&row.key))
}

/// Leaves out the findings whose objects a rule tells of that comes before theirs.
///
/// Each finding comes with the objects that it tells of beside its own. One that tells of several is left out where all of
/// them are told; one about an Application, also where that is.
pub(in crate::rules) fn settle(findings: Vec<(Finding, Vec<Subject>)>) -> Vec<Finding> {
    let mut told: HashMap<Subject, HashSet<&'static str>> = HashMap::new();
    for (finding, subjects) in &findings {
        for subject in own(finding).into_iter().chain(subjects.iter().cloned()) {
            told.entry(subject).or_default().insert(finding.code);
        }
    }
    let is_told = |code: &str, subject: &Subject| {
        told.get(subject).is_some_and(|codes| codes.iter().any(|other| comes_before(other, code)))
    };
    let is_silent = |(finding, subjects): &(Finding, Vec<Subject>)| {
        let all = !subjects.is_empty() && subjects.iter().all(|subject| is_told(finding.code, subject));
        let own = own(finding).filter(|own| !subjects.contains(own));
        all || own.is_some_and(|own| is_told(finding.code, &own))
    };
    let silent: Vec<bool> = findings.iter().map(is_silent).collect();
    findings.into_iter().zip(silent).filter(|(_, silent)| !silent).map(|((finding, _), _)| finding).collect()
}

fn own(finding: &Finding) -> Option<Subject> {
    let cluster = finding.cluster.clone().unwrap_or_else(|| "".into());
    Some((cluster, finding.object.clone()?))
}

/// Whether a rule tells of an object in place of another one.
fn comes_before(one: &str, other: &str) -> bool {
    let silenced = PRECEDENCE.iter().filter(|(code, _)| *code == one).flat_map(|(_, groups)| *groups);
    silenced.copied().flatten().any(|code| *code == other)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No two rules may silence each other, at once or around a circle: then nobody would tell.
    #[test]
    fn somebody_tells() {
        let known: Vec<&str> = crate::rules::pages().map(|page| page.code).collect();
        for (code, groups) in PRECEDENCE {
            assert!(known.contains(code), "{code}");
            let mut open: Vec<&str> = groups.iter().copied().flatten().copied().collect();
            let mut seen = HashSet::new();
            while let Some(next) = open.pop() {
                assert!(known.contains(&next), "{next}");
                assert_ne!(next, *code, "{code} silences itself");
                if seen.insert(next) {
                    let own = PRECEDENCE.iter().filter(|(code, _)| *code == next);
                    open.extend(own.flat_map(|(_, groups)| groups.iter().copied().flatten().copied()));
                }
            }
        }
    }
}
