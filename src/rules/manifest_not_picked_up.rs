//! BH431. Meaning, rationale and examples: `rules/BH431-manifest-not-picked-up.md`.

use super::change::{Fate, Losses};
use super::{Change, Check, Context, Rule};
use crate::files::{EntryKind, Location, Path};
use crate::finding::Severity;
use crate::forecast::Row;
use crate::inventory::{App, Outcome};
use crate::model::{Source, group_of};
use crate::render::has_manifest_name;
use crate::yaml::{File, Node};
use std::borrow::Cow;
use std::sync::Arc;

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH431-manifest-not-picked-up.md"), check: Check::Change(check) };

/// How large a file may be that is looked into, in bytes.
const LARGEST: usize = 1 << 20;
/// How many new files are looked into.
const MOST: usize = 2000;

fn check(change: &Change<'_>, cx: &mut Context<'_>) {
    let left = change.left_files();
    if left.is_empty() {
        return;
    }
    let read = change.origins();
    let mut unread: Option<Vec<(Path, Arc<str>)>> = None;
    for (path, rows) in left {
        if read.contains(&**path) {
            continue; // Its objects went elsewhere: to another cluster, namespace or Application.
        }
        let Some((app, source)) = reader(change, path, rows) else { continue };
        let moved = match change.head.documents.tree().entry(path).map(|entry| &entry.kind) {
            Some(EntryKind::File(_))
                if change.base.documents.tree().has_same_file(change.head.documents.tree(), path) =>
            {
                None
            }
            Some(_) => continue,
            None => {
                let unread = unread.get_or_insert_with(|| new_and_unread(change));
                let found = unread.iter().find(|(_, text)| rows.iter().any(|row| holds(text, row)));
                match found {
                    Some((to, _)) => Some(Path::clone(to)),
                    None => continue,
                }
            }
        };
        tell(change, cx, app, &source, path, moved.as_ref(), rows);
    }
}

/// The Application that read a file as a plain manifest and still has that source, and the source.
fn reader<'a>(change: &Change<'a>, path: &str, rows: &[&Row]) -> Option<(&'a App, Cow<'a, Source>)> {
    let id = rows.first()?.application.as_ref()?;
    let pair = change.pair(id)?;
    let (base, head) = (pair.base?, pair.head?);
    if head.outcome != Outcome::Rendered {
        return None;
    }
    let after = head.application.spec.effective_sources();
    let before = base.application.spec.effective_sources();
    let folder = |source: &Source| crate::render::clean(&source.path).unwrap_or_default();
    let within = |source: &Source| {
        let folder = folder(source);
        folder.is_empty() || path.strip_prefix(&*folder).is_some_and(|rest| rest.starts_with('/'))
    };
    let own = before.into_iter().find(|source| within(source))?;
    let same =
        after.into_iter().find(|source| folder(source) == folder(&own) && source.repo_url == own.repo_url)?;
    Some((head, same))
}

/// The files that head adds and from which no Application takes an object.
fn new_and_unread(change: &Change<'_>) -> Vec<(Path, Arc<str>)> {
    let (base, head) = (change.base.documents.tree(), change.head.documents.tree());
    let read = change.origins();
    let new = head.entries().iter().filter(|entry| {
        matches!(entry.kind, EntryKind::File(_))
            && base.entry(&entry.path).is_none()
            && !read.contains(&*entry.path)
    });
    let texts = new.take(MOST).filter_map(|entry| {
        let text = change.head.text(&entry.path)?;
        (text.len() <= LARGEST).then(|| (Path::clone(&entry.path), text))
    });
    texts.collect()
}

/// Whether a text holds an object of this kind and name.
fn holds(text: &Arc<str>, row: &Row) -> bool {
    if !text.contains(&*row.key.name) || !text.contains(&*row.key.kind) {
        return false;
    }
    let file = File::stream(Arc::clone(text));
    let roots = file.documents().iter().filter_map(|document| document.root().ok());
    roots.map(|root| file.node(root)).any(|node| is(node, row))
}

fn is(node: Node<'_>, row: &Row) -> bool {
    let text = |path: &[&str]| node.at(path).and_then(Node::as_str).unwrap_or_default();
    let namespace = text(&["metadata", "namespace"]);
    text(&["kind"]) == &*row.key.kind
        && text(&["metadata", "name"]) == &*row.key.name
        && group_of(text(&["apiVersion"])) == &*row.key.group
        && (namespace.is_empty() || namespace == &*row.key.namespace)
}

fn tell<'a>(
    change: &Change<'a>,
    cx: &mut Context<'_>,
    app: &App,
    source: &Source,
    path: &Path,
    moved: Option<&Path>,
    rows: &[&'a Row],
) {
    let going = rows.iter().copied().filter(|row| change.fate(row).is_some_and(Fate::ends)).collect();
    let going = Losses::all(change.with_inside(going));
    let by_hand = rows.iter().all(|row| !matches!(change.fate(row), Some(Fate::Pruned | Fate::Taken)));
    let deletes = match (going.is_empty(), by_hand) {
        (true, _) => String::new(),
        (false, true) => format!(": the next sync with prune deletes {}", going.told()),
        (false, false) => format!(" and deletes {}", going.told()),
    };
    let now = moved.unwrap_or(path);
    let place = match moved {
        Some(path) => Location::head(Path::clone(path)),
        None => app.application.manifest.location_at(&["spec", "source", "directory"]),
    };
    let (why, cure) = reason(source, now, moved.is_some());
    let message = format!("`{}` does not read `{now}`{deletes}", app.id);
    let worst = going.worst().unwrap_or(rows[0]);
    let report = cx
        .report(place, message)
        .row(worst)
        .telling(if going.is_empty() { rows } else { going.rows() })
        .because(format!("{why}, so to Argo CD the objects left git"))
        .help(cure);
    let report = match &worst.base {
        Some(manifest) => report.see(manifest.location().in_base(), "read from here before"),
        None => report,
    };
    if by_hand {
        report.at_most(Severity::Warning);
    }
}

/// Why a source does not read a file, and what to do.
fn reason(source: &Source, path: &str, moved: bool) -> (String, String) {
    let folder = crate::render::clean(&source.path).unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or(path);
    let inside = match folder.is_empty() {
        true => Some(path),
        false => path.strip_prefix(&*folder).and_then(|rest| rest.strip_prefix('/')),
    };
    let Some(inside) = inside else {
        return (
            format!("it lies outside of `{folder}`, and no Application reads it"),
            format!(
                "put it back into `{folder}`; to move it, first let another Application read the new place, with `Prune=false` on what must last"
            ),
        );
    };
    if !has_manifest_name(name) {
        return (
            "Argo CD reads names that end in `.yaml`, `.yml`, `.json` or `.jsonnet`, in small letters"
                .to_owned(),
            format!("give `{name}` such an ending, or delete the file, so that the change says what it does"),
        );
    }
    let recursive = source.directory.as_ref().is_some_and(|directory| directory.recurse);
    if inside.contains('/') && !recursive {
        return (
            format!("subfolders of `{folder}` are read only with `recurse: true`"),
            "set `directory: {recurse: true}` first and wait for the sync, or leave the file where it was"
                .to_owned(),
        );
    }
    let patterns = match moved {
        true => "`include` and `exclude` do not let it through",
        false => "what `directory` lets through has changed",
    };
    (patterns.to_owned(), "look at `include` and `exclude` of the source, and let it through".to_owned())
}
