//! What formats say of a rule, and of a danger of a merge, which is no rule.

use crate::finding::Severity;
use crate::rules::Page;

/// A rule or a danger, for formats that describe what they report.
#[derive(Clone, Copy, Debug)]
pub struct Described {
    /// The code of a rule, or the word for a danger.
    pub code: &'static str,
    /// Its name.
    pub name: &'static str,
    /// How bad it is as a rule.
    pub severity: Severity,
    /// What it says, in a sentence.
    pub summary: &'static str,
    /// Why that matters.
    pub why: &'static str,
    /// All of it, as Markdown.
    pub body: &'static str,
}

impl From<&'static Page> for Described {
    fn from(page: &'static Page) -> Self {
        let Page { code, name, severity, summary, body, .. } = page;
        let why = page.section("Why").unwrap_or(page.summary);
        Self { code, name, severity: *severity, summary, why, body }
    }
}

/// The dangers that fail a merge where the configuration does not say, the worst first.
pub(super) const DANGERS: &[Described] = &[
    danger(
        "data-loss",
        "A merge deletes or recreates something that holds data.",
        "What a claim, a volume or a database resource held is gone with it, and only a backup brings it back.",
        "A merge deletes or recreates something that holds data.

## Why
What a claim, a volume or a database resource held is gone with it, and only a backup brings it back.

## What to do
Take back what deletes it, or protect it first, in a merge of its own: `argocd.argoproj.io/sync-options: Prune=false,Delete=false`.
",
    ),
    danger(
        "outage",
        "A merge takes away something that runs, or that others need.",
        "What it served is not served from the sync on.",
        "A merge takes away something that runs, or that others need.

## Why
What it served is not served from the sync on.

## What to do
Let its successor come first, in a merge of its own, and take the old one away when that runs.
",
    ),
    danger(
        "orphan",
        "A merge leaves an object on its cluster that no Application lists any more.",
        "It goes on running, nobody sees it in Argo CD, and the next change of it in git does nothing.",
        "A merge leaves an object on its cluster that no Application lists any more.

## Why
It goes on running, nobody sees it in Argo CD, and the next change of it in git does nothing.

## What to do
Let an Application go on to own it, or delete it by hand and on purpose.
",
    ),
    danger(
        "blocked",
        "After a merge something should come into being and does not.",
        "Its Application cannot sync: nothing that is merged arrives until somebody sees it.",
        "After a merge something should come into being and does not.

## Why
Its Application cannot sync: nothing that is merged arrives until somebody sees it.

## What to do
Cure what stops the sync in the same merge.
",
    ),
];

const fn danger(
    code: &'static str,
    summary: &'static str,
    why: &'static str,
    body: &'static str,
) -> Described {
    Described { code, name: code, severity: Severity::Error, summary, why, body }
}
