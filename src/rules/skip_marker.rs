//! BH432. Meaning, rationale and examples: `rules/BH432-skip-marker.md`.

use super::change::{Fate, Losses};
use super::{Change, Check, Context, Rule};
use crate::files::{Location, Path, Span};
use crate::finding::{Edit, FixKind, Severity};
use crate::forecast::Row;

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH432-skip-marker.md"), check: Check::Change(check) };

/// What makes Argo CD skip a file of plain manifests, from 3.1 (`reposerver/repository/repository.go`).
const MARKER: &str = "+argocd:skip-file-rendering";

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    for (path, rows) in change.left_files() {
        let text = |side: &crate::inventory::Inventory| side.text(path);
        let (Some(before), Some(after)) = (text(change.base), text(change.head)) else { continue };
        if let Some(at) = after.find(MARKER).filter(|_| !before.contains(MARKER)) {
            tell(change, cx, path, rows, &after, at);
        }
    }
}

fn tell<'a>(change: &Change<'a>, cx: &mut Context<'_>, path: &Path, rows: &[&'a Row], text: &str, at: usize) {
    let going = rows.iter().copied().filter(|row| change.fate(row).is_some_and(Fate::ends)).collect();
    let going = Losses::all(change.with_inside(going));
    let by_hand = rows.iter().all(|row| !matches!(change.fate(row), Some(Fate::Pruned | Fate::Taken)));
    let worst = going.worst().unwrap_or(rows[0]);
    let deletes = match (going.is_empty(), by_hand) {
        (true, _) => String::new(),
        (false, true) => format!(": the next sync with prune deletes {}", going.told()),
        (false, false) => format!(" and deletes {}", going.told()),
    };
    let report = cx
        .report(
            Location::new(Path::clone(path), Span::new(at, at + MARKER.len())),
            format!("Argo CD skips `{path}`{deletes}"),
        )
        .row(worst)
        .telling(if going.is_empty() { rows } else { going.rows() })
        .because(format!(
            "`{MARKER}` anywhere in a file leaves all of it out, so its objects are not in git any more"
        ))
        .help("take the comment out; where the objects shall go, delete the file instead")
        .fix(FixKind::Safe, line(path, text, at).into_iter().collect());
    if by_hand {
        report.at_most(Severity::Warning);
    }
}

/// The edit that takes out the line of the marker, where that line is a comment.
fn line(path: &Path, text: &str, at: usize) -> Option<Edit> {
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let end = text[at..].find('\n').map_or(text.len(), |end| at + end + 1);
    let comment = text[start..end].trim_start().starts_with('#');
    comment.then(|| Edit {
        location: Location::new(Path::clone(path), Span::new(start, end)),
        text: String::new(),
    })
}
