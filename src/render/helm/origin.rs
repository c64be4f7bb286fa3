//! Where the output of a chart comes from, by the comments that Helm writes into it.

use super::Chart;
use crate::files::{EntryKind, Location, Path, Span};
use crate::model::{Manifest, Problem};
use crate::render::Documents;
use crate::render::engine::{Dependency, dependencies};
use crate::render::output::documents;
use crate::render::path::{clean, join};
use crate::yaml::Node;
use std::sync::Arc;

const COMMENT: &str = "# Source: ";
/// Charts in charts in charts are followed this deep.
const MAX_DEPTH: usize = 8;

/// The objects of the output of a chart, each at the place in its template where its kind is written.
pub(in crate::render) fn manifests(
    output: Arc<str>,
    read: &Documents,
    chart: &Chart,
) -> Result<Vec<Manifest>, Problem> {
    let otherwise = Location::head(chart.file().as_str());
    documents(output, |before, object| {
        let source = before.lines().rev().find_map(|line| line.strip_prefix(COMMENT));
        let path = source.and_then(|source| source.split_once('/')).and_then(|(_, inside)| {
            // The first part is the chart's name, not its folder.
            template(read, &chart.folder, inside, 0)
        });
        let Some(path) = path else { return (otherwise.clone(), 1) };
        let (span, line) = line_of(read, &path, object).unwrap_or((Span::default(), 1));
        (Location::new(path, span), line)
    })
}

/// The place in a template that Helm blames, as in `name/templates/x.yaml:3:7`: the first that is in the tree.
pub(in crate::render) fn blamed(complaint: &str, read: &Documents, chart: &Chart) -> Option<Location> {
    let words = complaint.split([' ', '\n', '\t', '(', ')', '"']).filter(|word| word.contains("/templates/"));
    let place = |word: &str| {
        let mut parts = word.split(':');
        let (_, inside) = parts.next()?.split_once('/')?;
        let path = template(read, &chart.folder, inside, 0)?;
        let number = parts.next().and_then(|number| number.parse::<usize>().ok());
        let span = number.and_then(|number| nth_line(read, &path, number)).unwrap_or_default();
        Some(Location::new(path, span))
    };
    words.into_iter().find_map(place)
}

/// A line of a file by its number, from 1, without the blanks around it.
fn nth_line(read: &Documents, path: &str, number: usize) -> Option<Span> {
    let bytes = read.tree().read(path).ok()?;
    let text = std::str::from_utf8(&bytes).ok()?;
    let start: usize = text.split_inclusive('\n').take(number.checked_sub(1)?).map(str::len).sum();
    let line = text.get(start..)?.lines().next()?;
    let begin = start + line.len() - line.trim_start().len();
    Some(Span::new(begin, begin.max(start + line.trim_end().len())))
}

/// The file behind `templates/x.yaml` of the chart in `folder`, or behind `charts/name/…`: a chart below it, or one of the
/// repository that it depends on, which may go by another name. What is in an archive is not found.
fn template(read: &Documents, folder: &str, inside: &str, depth: usize) -> Option<Path> {
    let tree = read.tree();
    let path = join(folder, inside);
    if let Ok(Some(real)) = tree.resolve(&path)
        && matches!(tree.entry(&real)?.kind, EntryKind::File(_))
    {
        return Some(real);
    }
    let (name, rest) = inside.strip_prefix("charts/").filter(|_| depth < MAX_DEPTH)?.split_once('/')?;
    let called = |dependency: &Dependency| match dependency.alias.as_str() {
        "" => dependency.name == name,
        alias => alias == name,
    };
    let folders = |dependency: Dependency| {
        let near = dependency.repository.strip_prefix("file://").and_then(|path| clean(&join(folder, path)));
        [Some(join(folder, &format!("charts/{}", dependency.name))), near.map(|near| near.to_string())]
    };
    let all = dependencies(read, folder).into_iter().filter(called).flat_map(folders).flatten();
    all.filter(|dir| dir != folder).find_map(|dir| template(read, &dir, rest, depth + 1))
}

/// The line of a template that says the kind of an object, and its number from 1; among several the one in the document
/// that also says its name, else the first.
fn line_of(read: &Documents, path: &str, object: Node<'_>) -> Option<(Span, u32)> {
    let bytes = read.tree().read(path).ok()?;
    let text = std::str::from_utf8(&bytes).ok()?;
    let kind = object.get("kind")?.as_str()?;
    let name = object.at(&["metadata", "name"]).and_then(|name| name.as_str()).unwrap_or("");
    let mut found: Option<(Span, u32)> = None;
    let mut start = 0;
    let mut candidate: Option<(Span, u32)> = None;
    for (line, number) in text.split_inclusive('\n').zip(1..) {
        let trimmed = line.trim();
        if trimmed.starts_with("---") {
            candidate = None;
        }
        if value_of("kind:", trimmed) == Some(kind) {
            let at = start + line.len() - line.trim_start().len();
            let place = (Span::new(at, start + line.trim_end().len()), number);
            candidate = Some(place);
            found.get_or_insert(place);
        }
        if !name.is_empty()
            && value_of("name:", trimmed) == Some(name)
            && let Some(place) = candidate
        {
            return Some(place);
        }
        start += line.len();
    }
    found
}

/// What a line says behind a key, without quotes and comment.
fn value_of<'a>(key: &str, line: &'a str) -> Option<&'a str> {
    let value = line.strip_prefix(key)?;
    let value = value.split_once(" #").map_or(value, |(value, _)| value);
    Some(value.trim().trim_matches(['"', '\'']))
}
