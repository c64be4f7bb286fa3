//! Sentences that several formats share, on one line and neutral.

use crate::files::{Location, Side};
use crate::finding::{Finding, Object, Severity};
use crate::report::placed::Placed;
use crate::report::{Layout, neutral};

/// The file that stands for the whole tree where a format demands a file: it says what is so for all of it.
pub(super) const WHOLE_TREE: &str = "billhook.yaml";

/// What is wrong, why it matters and what to do, a line each.
pub(super) fn lines(f: &Finding) -> String {
    let mut text = neutral::line(&f.message).into_owned();
    for (word, more) in [("Why", &f.because), ("Fix", &f.help)] {
        if !more.is_empty() {
            text.push_str(&format!("\n{word}: {}", neutral::line(more)));
        }
    }
    text
}

/// `Deployment.apps shop/web`: as kubectl names it, so that two kinds of one name are told apart.
pub(super) fn object(object: &Object) -> String {
    let Object { group, kind, namespace, name } = object;
    let dot = if group.is_empty() { "" } else { "." };
    let slash = if namespace.is_empty() { "" } else { "/" };
    neutral::line(&format!("{kind}{dot}{group} {namespace}{slash}{name}")).into_owned()
}

/// `a/b.yaml:12`, where `path` is the file as the reader sees it.
pub(super) fn place(path: &str, line: Option<u32>) -> String {
    match line {
        Some(line) => format!("{}:{line}", neutral::line(path)),
        None => neutral::line(path).into_owned(),
    }
}

/// The same of a place of one of the trees, from the root of the repository.
pub(super) fn rooted(layout: Layout<'_>, location: &Location, line: Option<u32>) -> String {
    let base = match location.side {
        Side::Head => "",
        Side::Base => " (base)",
    };
    format!("{}{base}", place(&(layout.rooted)(&location.path), line))
}

/// `BH101 duplicate-object`.
pub(super) fn rule(f: &Finding) -> String {
    format!("{} {}", f.code, f.name)
}

/// What a severity is called.
pub(super) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// `text`, cut to at most `most` characters.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// The findings by severity, the worst first; within one as they come.
pub(super) fn worst_first<'p, 'a>(placed: &'p [Placed<'a>]) -> Vec<&'p Placed<'a>> {
    let mut sorted: Vec<&Placed<'a>> = placed.iter().collect();
    sorted.sort_by_key(|p| std::cmp::Reverse(p.finding.severity));
    sorted
}
