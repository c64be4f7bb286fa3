//! BH604. Meaning, rationale and examples: `rules/BH604-manifest-unparseable.md`.

use super::{Check, Context, Rule};
use crate::files::{Location, Path, Span};
use crate::finding::{Edit, FixKind, Severity};
use crate::inventory::Inventory;
use crate::model::{State, misspelt_head};
use crate::render::{Parsed, is_template};
use crate::yaml::{self, Node, edit};

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH604-manifest-unparseable.md"), check: Check::File(check) };

/// Who reads a file, as far as the tree tells.
enum Reader {
    /// Argo CD, and it refuses the whole Application: BH001 says so.
    Refuses,
    /// Argo CD, and it passes over the file.
    Ignores(String),
    /// Whoever deploys a folder that no Application names, and the file is a template of something else.
    Fills,
    /// A kustomization.
    Kustomize,
    /// Nobody here.
    Nobody,
}

fn check(path: &Path, parsed: &Parsed, cx: &mut Context<'_>) {
    if parsed.skipped {
        return;
    }
    for document in parsed.file.documents() {
        match document.root() {
            Ok(root) => misspelt(path, parsed, parsed.file.node(root), cx),
            Err(error) => {
                unreadable(path, parsed, error, cx);
                return; // What comes behind is not read either.
            }
        }
    }
}

fn unreadable(path: &Path, parsed: &Parsed, error: &yaml::Error, cx: &mut Context<'_>) {
    let text = parsed.file.text();
    if !speaks_of_objects(text) {
        return;
    }
    let location = place(path, parsed, error.span);
    let template = is_template(text);
    let reader = reader(cx.inventory, path, &location);
    let most = if matches!(reader, Reader::Fills) { Severity::Note } else { Severity::Warning };
    let (because, mild) = match reader {
        Reader::Refuses => return,
        Reader::Nobody if template => return,
        Reader::Fills => (
            "it holds template tags, so something fills it in before it is applied; what it becomes is not looked at"
                .to_owned(),
            template,
        ),
        Reader::Ignores(app) => (
            format!(
                "Argo CD passes over a file it cannot read unless the text holds `apiVersion:`, `kind:` and \
                 `metadata:`, so `{app}` deploys nothing of it and says nothing"
            ),
            template,
        ),
        Reader::Kustomize => {
            ("a kustomization names the file, and Kustomize refuses the whole folder".to_owned(), template)
        }
        Reader::Nobody => (
            "nothing that is followed here reads it; an Application that starts to will no longer sync"
                .to_owned(),
            true,
        ),
    };
    let fix = match separator(text, error.span) {
        Some(at) if parsed.verbatim => {
            vec![Edit { location: Location::new(Path::clone(path), at), text: "---\n".into() }]
        }
        _ => Vec::new(),
    };
    let report = cx
        .report(
            location,
            format!("`{}` cannot be read: {}", path.rsplit('/').next().unwrap_or(path), error.message),
        )
        .because(because)
        .help("correct it, or exclude it where it is not meant to be a manifest")
        .fix(FixKind::Safe, fix);
    if mild {
        report.at_most(most);
    }
}

/// Whether a text speaks of the fields of an object, however they are written.
fn speaks_of_objects(text: &str) -> bool {
    let lower = text.to_lowercase();
    lower.contains("apiversion") && lower.contains("kind")
}

/// Who reads the file that something is wrong with at this place.
fn reader(inventory: &Inventory, path: &Path, location: &Location) -> Reader {
    let met = inventory.problems_at(location);
    if met.iter().any(|met| met.state != State::Warning) {
        return Reader::Refuses;
    }
    if let Some(app) = met.iter().find_map(|met| met.app) {
        let app = &inventory.applications[app];
        let fills = !app.is_written() && inventory.text(path).is_some_and(|text| is_template(&text));
        return if fills { Reader::Fills } else { Reader::Ignores(app.id.to_string()) };
    }
    if inventory.is_kustomized(path) { Reader::Kustomize } else { Reader::Nobody }
}

/// The dashes, and the blanks behind them, of a separator with text on its line.
fn separator(text: &str, span: Span) -> Option<Span> {
    let start = text[..span.start as usize].rfind('\n').map_or(0, |at| at + 1);
    let dashes = &text[start..span.start as usize];
    let key =
        text[span.range()].split_once(':').is_some_and(|(key, _)| key.chars().all(char::is_alphanumeric));
    (dashes.trim_end() == "---" && key).then(|| Span::new(start, span.start as usize))
}

/// A document that would be an object, were one of its first keys spelled right.
fn misspelt(path: &Path, parsed: &Parsed, root: Node<'_>, cx: &mut Context<'_>) {
    let Some((key, meant)) = misspelt_head(root) else { return };
    let (reader, mild) = match reader(cx.inventory, path, &place(path, parsed, root.span())) {
        Reader::Refuses | Reader::Fills => return,
        Reader::Ignores(app) => (format!("`{app}` deploys nothing of it and says nothing"), false),
        Reader::Kustomize => ("Kustomize refuses the whole folder".to_owned(), false),
        Reader::Nobody => ("Argo CD would pass over it, or stop at it".to_owned(), true),
    };
    let renamed = edit::replace(key, &meant.into()).filter(|_| parsed.verbatim);
    let fix = renamed.map(|(span, text)| Edit { location: place(path, parsed, span), text });
    let report = cx
        .report(
            place(path, parsed, key.span()),
            format!("`{}` is no field of an object; `{meant}` is", key.text()),
        )
        .because(match meant {
            "metadata" => "without `metadata` the object has no name, and the sync fails".to_owned(),
            _ => format!("without `{meant}` the document is no object: {reader}"),
        })
        .help(format!("write `{meant}`"))
        .fix(FixKind::Unsafe, fix.into_iter().collect());
    if mild {
        report.at_most(Severity::Warning);
    }
}

/// A place in a file; the head of one whose bytes are not its text.
fn place(path: &Path, parsed: &Parsed, span: Span) -> Location {
    Location::new(Path::clone(path), if parsed.verbatim { span } else { Span::default() })
}
