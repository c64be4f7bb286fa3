//! BH603. Meaning, rationale and examples: `rules/BH603-merged-documents.md`.

use super::document::{Document, halves, several_objects};
use super::{Check, Context, Rule, glued_separator};
use crate::files::Span;
use crate::finding::FixKind;

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH603-merged-documents.md"), check: Check::Document(check) };

fn check<'a>(document: &Document<'a>, cx: &mut Context<'a>) {
    if !several_objects(document.root()) {
        return;
    }
    let text = document.root().file().text();
    let halves = halves(document.root());
    for pair in halves.windows(2) {
        if glued_separator::glued(document, pair[1].start).is_some() {
            continue; // BH602
        }
        let (first, second) = (&pair[0], &pair[1]);
        let start = text[..second.start as usize].rfind('\n').map_or(0, |at| at + 1);
        let fix = match start == second.start as usize {
            true => document.edit(Span::new(start, start), "---\n"),
            false => Vec::new(),
        };
        document
            .report(
                cx,
                Span { start: second.start, end: second.end },
                format!("nothing separates {} from {}", first.name, second.name),
            )
            .because(
                "the two are one document, in which the last of equal keys wins: the first is never made, and the \
                 second gets whatever fields only the first has",
            )
            .help("put a line `---` before it")
            .see(document.manifest.locate(Span { start: first.start, end: first.end }), "the first object begins here")
            .fix(FixKind::Safe, fix);
    }
}
