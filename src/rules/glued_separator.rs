//! BH602. Meaning, rationale and examples: `rules/BH602-glued-separator.md`.

use super::document::{Document, halves, several_objects};
use super::{Check, Context, Rule};
use crate::files::Span;
use crate::finding::FixKind;

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH602-glued-separator.md"), check: Check::Document(check) };

fn check<'a>(document: &Document<'a>, cx: &mut Context<'a>) {
    if !several_objects(document.root()) {
        return;
    }
    let halves = halves(document.root());
    for pair in halves.windows(2) {
        let Some(glued) = glued(document, pair[1].start) else { continue };
        let line = document.root().file().text()[glued.line.range()].trim();
        let message = match line {
            "---" => "`---` is indented and separates nothing".to_owned(),
            line => {
                format!("`---` is glued to `{}` and separates nothing", line.trim_end_matches('-').trim_end())
            }
        };
        let fix = document.edit(glued.replaced, if line == "---" { "---" } else { "\n---" });
        document
            .report(cx, glued.dashes, message)
            .because(format!(
                "{} and {} become one document, in which the last of equal keys wins: the first is never made",
                pair[0].name, pair[1].name
            ))
            .help("put `---` at the start of a line of its own; in a template, end the tag before it with `}}` instead of `-}}`")
            .see(document.manifest.locate(Span { start: pair[1].start, end: pair[1].start }), "the second object begins here")
            .fix(FixKind::Safe, fix);
    }
}

/// Dashes that should have been a separator.
pub(super) struct Glued {
    /// The line.
    line: Span,
    /// The three dashes.
    dashes: Span,
    /// The dashes, and the blanks between them and what they are glued to.
    replaced: Span,
}

/// The last line with text before `at`, if it ends in three dashes and is no separator, nor the end of a PEM text.
/// Comments do not count.
pub(super) fn glued(document: &Document<'_>, at: u32) -> Option<Glued> {
    let file = document.root().file();
    let text = &file.text()[..at as usize];
    let mut end = text.len();
    loop {
        let start = text[..end].trim_end_matches('\n').rfind('\n').map_or(0, |at| at + 1);
        let mut comments = file.comments().iter().map(|comment| comment.start as usize);
        let stop = comments.find(|comment| (start..end).contains(comment)).unwrap_or(end);
        let line = text[start..stop].trim_end();
        if line.is_empty() && start > 0 {
            end = start;
            continue;
        }
        let before = line.strip_suffix("---")?;
        if before.ends_with('-') || line == "---" {
            return None;
        }
        return Some(Glued {
            line: Span::new(start, start + line.len()),
            dashes: Span::new(start + before.len(), start + line.len()),
            replaced: Span::new(start + before.trim_end().len(), start + line.len()),
        });
    }
}
