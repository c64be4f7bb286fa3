//! What renderers print, as objects.

use crate::files::{Location, Span};
use crate::model::{Manifest, Origin, Problem, ProblemKind};
use crate::yaml::{File, Node};
use std::sync::Arc;

/// The objects of a stream; `place` tells for each where it comes from and the line of that, given the text between it
/// and the one before.
///
/// Follows `SplitYAML` in `gitops-engine/pkg/utils/kube/kube.go`: a document that is no object stops the source.
pub(super) fn documents(
    text: Arc<str>,
    place: impl Fn(&str, Node<'_>) -> (Location, u32),
) -> Result<Vec<Manifest>, Problem> {
    let file = Arc::new(File::stream(text));
    let mut manifests = Vec::new();
    let mut behind = 0;
    for document in file.documents() {
        let root = document.root().map_err(|error| refused(&file, error.span, &error.message))?;
        let node = file.node(root);
        let span = node.full_span();
        if node.is_null() {
            continue;
        }
        if !node.is_map() {
            return Err(refused(&file, span, "a document is no mapping"));
        }
        if let Some(message) = super::objects::without_kind(node) {
            return Err(refused(&file, span, message));
        }
        let before = file.text().get(behind..span.start as usize).unwrap_or("");
        let (location, line) = place(before, node);
        let origin = Arc::new(Origin::Rendered(location));
        manifests.push(Manifest::new(Arc::clone(&file), root, origin).on_line(line));
        behind = span.end as usize;
    }
    Ok(manifests)
}

/// The output cannot be pointed at, so the line that is wrong is quoted.
fn refused(file: &File, span: Span, message: &str) -> Problem {
    let text = file.text();
    let start = (span.start as usize).min(text.len());
    let line = text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or("").trim();
    let mut quoted: String = line.chars().take(80).collect();
    if quoted.len() < line.len() {
        quoted.push('…');
    }
    let from = text.get(..start).and_then(|before| before.rsplit_once("\n# Source: "));
    let from = from.and_then(|(_, behind)| behind.lines().next());
    let message = match from {
        Some(from) => format!("{message} (in what `{from}` gives)"),
        None => message.to_owned(),
    };
    let message = match quoted.as_str() {
        "" => format!("the output cannot be read: {message}"),
        quoted => format!("the output cannot be read: {message}, at `{quoted}`"),
    };
    Problem::fails(ProblemKind::RenderFailed, message)
}
