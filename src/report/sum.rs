//! What a report comes to: the verdict, what was looked at, and what was not told.

use crate::finding::Severity;
use crate::report::placed::Placed;
use crate::report::text::{count, thousands};
use crate::report::{Lint, State, Unknown, told};
use std::collections::{BTreeMap, BTreeSet};

/// The parts of the line that sums up.
pub(super) struct Sum {
    /// How many findings of each severity there are, the worst first; none of which there are none.
    pub counts: Vec<(Severity, usize)>,
    /// `2 Applications, 4 objects, 2 clusters`.
    pub looked_at: String,
    /// What is counted and not told: suppressed findings, the baseline.
    pub asides: Vec<String>,
    /// What is not known, or not rendered.
    pub left: Vec<String>,
}

impl Sum {
    /// Sums up `lint`, of which these are the findings.
    pub fn new(lint: &Lint<'_>, placed: &[Placed<'_>]) -> Self {
        let seen = &lint.summary;
        let of = |severity| placed.iter().filter(|p| p.finding.severity == severity).count();
        let counts =
            [Severity::Error, Severity::Warning, Severity::Note].map(|severity| (severity, of(severity)));
        let looked_at = [
            count(seen.applications, "Application"),
            count(seen.objects, "object"),
            count(seen.clusters, "cluster"),
        ];
        let entries = if lint.unused.len() == 1 { "entry" } else { "entries" };
        let asides = [
            (lint.suppressed.len(), "suppressed".to_owned()),
            (seen.fixed, "fixed".to_owned()),
            (lint.existing.len(), "in the baseline".to_owned()),
            (lint.unused.len(), format!("{entries} of the baseline not found any more")),
        ];
        let sets: BTreeSet<&str> =
            lint.unknown.iter().filter_map(|one| one.applicationset.as_deref()).collect();
        let of_none = |one: &&Unknown<'_>| one.application.is_none() && one.applicationset.is_none();
        let left = [
            (seen.not_rendered, "Application", "not rendered"),
            (sets.len(), "ApplicationSet", "not expanded"),
            (lint.unknown.iter().filter(of_none).count(), "thing", "not known"),
        ];
        Self {
            counts: counts.into_iter().filter(|(_, n)| *n > 0).collect(),
            looked_at: looked_at.join(", "),
            asides: asides
                .into_iter()
                .filter(|(n, _)| *n > 0)
                .map(|(n, what)| format!("{} {what}", thousands(n)))
                .collect(),
            left: left
                .into_iter()
                .filter(|(n, ..)| *n > 0)
                .map(|(n, what, state)| format!("{} {state}", count(n, what)))
                .collect(),
        }
    }

    /// `1 error, 2 warnings`, or `clean`.
    pub fn verdict(&self) -> String {
        let counts: Vec<String> =
            self.counts.iter().map(|(severity, n)| count(*n, told::severity(*severity))).collect();
        if counts.is_empty() { "clean".to_owned() } else { counts.join(", ") }
    }

    /// The whole line, without styles.
    pub fn line(&self) -> String {
        let joint = if self.counts.is_empty() { ": " } else { " in " };
        let first = format!("{}{joint}{}", self.verdict(), self.looked_at);
        let left = (!self.left.is_empty()).then(|| self.left.join(", "));
        std::iter::once(first).chain(self.asides.iter().cloned()).chain(left).collect::<Vec<_>>().join("; ")
    }
}

/// Why something could not be told: the state it is in, the remedy, and the reason itself.
pub(super) type Reason<'a> = (State, &'a str, &'a str);

/// What could not be told: each reason once, with all it befalls; reasons of one remedy lie side by side.
pub(super) fn reasons<'a>(unknown: &'a [Unknown<'_>]) -> BTreeMap<Reason<'a>, BTreeSet<&'a str>> {
    let mut reasons: BTreeMap<Reason<'_>, BTreeSet<&str>> = BTreeMap::new();
    for one in unknown {
        let who = one.application.as_deref().or(one.applicationset.as_deref());
        let problem = &one.problem;
        reasons.entry((problem.state, &problem.help, &problem.message)).or_default().extend(who);
    }
    reasons
}

/// What a state is called.
pub(super) fn word(state: State) -> &'static str {
    match state {
        State::Fails => "does not render",
        State::Unknown => "not known",
        State::Warning => "warning",
    }
}
