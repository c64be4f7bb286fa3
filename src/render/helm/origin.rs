//! Where the output of a chart comes from, by the comments that Helm writes into it.

use super::Chart;
use crate::files::{EntryKind, Location, Span, Tree};
use crate::model::{Manifest, Origin, Problem};
use crate::render::output::documents;
use crate::render::path::join;
use crate::yaml::Node;
use std::sync::Arc;

const COMMENT: &str = "# Source: ";

/// The objects of the output of a chart, each at the place in its template where its kind is written.
pub(in crate::render) fn manifests(
    output: Arc<str>,
    tree: &Tree,
    chart: &Chart,
) -> Result<Vec<Manifest>, Problem> {
    let otherwise = Location::head(chart.file().as_str());
    documents(output, |before, object| {
        let source = before.lines().rev().find_map(|line| line.strip_prefix(COMMENT));
        let place = source.and_then(|source| template(tree, &chart.folder, source));
        let location = place.map(|path| {
            let span = line_of(tree, &path, object).unwrap_or_default();
            Location::new(path.as_str().into(), span)
        });
        Arc::new(Origin::Rendered(location.unwrap_or_else(|| otherwise.clone())))
    })
}

/// The file behind `name/templates/x.yaml`: the first part is the chart's name, not its folder. A subchart in a folder
/// of another name, or in an archive, is not found.
fn template(tree: &Tree, folder: &str, source: &str) -> Option<String> {
    let (_, inside) = source.split_once('/')?;
    let path = join(folder, inside);
    let real = tree.resolve(&path).ok()??;
    matches!(tree.entry(&real)?.kind, EntryKind::File(_)).then(|| real.to_string())
}

/// The line of a template that says the kind of an object; among several the one in the document that also says its
/// name, else the first.
fn line_of(tree: &Tree, path: &str, object: Node<'_>) -> Option<Span> {
    let bytes = tree.read(path).ok()?;
    let text = std::str::from_utf8(&bytes).ok()?;
    let kind = object.get("kind")?.as_str()?;
    let name = object.at(&["metadata", "name"]).and_then(|name| name.as_str()).unwrap_or("");
    let mut found: Option<Span> = None;
    let mut start = 0;
    let mut candidate: Option<Span> = None;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        if trimmed.starts_with("---") {
            candidate = None;
        }
        let value = trimmed.strip_prefix("kind:").map(|value| value.trim().trim_matches(['"', '\'']));
        if value == Some(kind) {
            let at = start + line.len() - line.trim_start().len();
            let span = Span::new(at, start + line.trim_end().len());
            candidate = Some(span);
            found.get_or_insert(span);
        }
        let named = trimmed.strip_prefix("name:").map(|value| value.trim().trim_matches(['"', '\'']));
        if !name.is_empty()
            && named == Some(name)
            && let Some(span) = candidate
        {
            return Some(span);
        }
        start += line.len();
    }
    found
}
