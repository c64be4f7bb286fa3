use super::{Context, Report};
use crate::files::{Location, Path, Span};
use crate::finding::{Edit, Object};
use crate::inventory::{App, Inventory, ResourceId};
use crate::model::{Manifest, Origin, Version, group_of};
use crate::render::{Parsed, Target, Tool};
use crate::yaml::{File, Node, Style, edit};
use std::sync::Arc;

/// One document of YAML or JSON: of a file that stands in the tree, or what a chart or jsonnet made.
///
/// What Kustomize made is no subject: it has passed through Kustomize's own reader and writer, and the resources and
/// patches it was made of are subjects themselves.
pub(super) struct Document<'a> {
    /// Its text, and where that comes from.
    pub manifest: Manifest,
    /// The objects it holds: itself, or the members of a list. None in what is no manifest.
    pub objects: Vec<Manifest>,
    /// The Application that made it, when it does not stand in the tree, and its target.
    made: Option<(&'a App, &'a Target)>,
    /// Whether a kustomization names the file.
    pub kustomized: bool,
    /// What it is for.
    pub purpose: Purpose,
}

/// What a document is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// It is an object, or several.
    Manifest,
    /// It says what Kustomize does.
    Kustomization,
    /// It holds values of a chart; with whose, for messages.
    Values(String),
    /// Something else.
    Other,
}

/// The documents of a file that can be read.
pub(super) fn of_file<'a>(inventory: &'a Inventory, path: &Path, parsed: &Parsed) -> Vec<Document<'a>> {
    if parsed.skipped {
        return Vec::new();
    }
    let origin = Arc::new(match parsed.verbatim {
        true => Origin::Written(Path::clone(path)),
        false => Origin::Rendered(Location::head(Path::clone(path))),
    });
    let roots = parsed.file.documents().iter().filter_map(|document| document.root().ok());
    let manifests = roots.map(|root| Manifest::new(Arc::clone(&parsed.file), root, Arc::clone(&origin)));
    let kustomized = inventory.is_kustomized(path);
    let documents = manifests.map(|manifest| {
        let purpose = purpose(path, manifest.node());
        Document::new(manifest, None, kustomized, purpose)
    });
    let mut documents: Vec<_> = documents.collect();
    let values: Vec<_> = documents.iter().flat_map(|document| &document.objects).flat_map(values).collect();
    documents.extend(values);
    documents
}

fn purpose(path: &str, root: Node<'_>) -> Purpose {
    let name = path.rsplit('/').next().unwrap_or(path);
    match () {
        () if crate::render::is_kustomization(name) => Purpose::Kustomization,
        () if is_object(root) => Purpose::Manifest,
        () if name.contains("values") && root.is_map() => Purpose::Values("this file".to_owned()),
        () => Purpose::Other,
    }
}

/// The values that an Application holds as text, each source's. They stand where the text begins.
fn values<'a>(object: &Manifest) -> Vec<Document<'a>> {
    if object.kind() != "Application" || group_of(object.api_version()) != "argoproj.io" {
        return Vec::new();
    }
    let Some(spec) = object.node().get("spec") else { return Vec::new() };
    let several = spec.get("sources").into_iter().flat_map(|sources| sources.items());
    let helms = spec.get("source").into_iter().chain(several).filter_map(|source| source.get("helm"));
    let texts = helms.filter_map(|helm| helm.entry("values"));
    let documents = texts.filter_map(|entry| {
        let file = Arc::new(File::single(entry.value.as_str()?.into()));
        let root = file.documents().first()?.root().ok().filter(|root| file.node(*root).is_map())?;
        let origin = Origin::Rendered(object.locate(entry.key_node.span()));
        let purpose = Purpose::Values(format!("the values of {}", what(object)));
        let manifest = Manifest::new(Arc::clone(&file), root, Arc::new(origin));
        Some(Document::new(manifest, None, false, purpose))
    });
    documents.collect()
}

/// What an Application made that does not stand in the tree.
pub(super) fn made_by(app: &App) -> impl Iterator<Item = Document<'_>> {
    let rendered = |target: &&Target| match target.manifest.origin() {
        Origin::Written(_) => false,
        Origin::Rendered(location) => {
            app.tools.get(target.source) == Some(&Some(Tool::Helm)) || location.path.ends_with(".jsonnet")
        }
    };
    app.targets.list.iter().filter(rendered).map(move |target| {
        Document::new(target.manifest.clone(), Some((app, target)), false, Purpose::Manifest)
    })
}

/// The objects that a document for this purpose holds.
fn objects(manifest: &Manifest, purpose: &Purpose) -> Vec<Manifest> {
    if matches!(purpose, Purpose::Values(_)) {
        return Vec::new();
    }
    let root = manifest.node();
    let members = root.get("items").filter(|items| items.is_seq());
    let objects = match members {
        Some(items) => items.items().map(|item| manifest.member(item.id())).collect(),
        None => vec![manifest.clone()],
    };
    objects.into_iter().filter(|object| is_object(object.node())).collect()
}

impl<'a> Document<'a> {
    fn new(
        manifest: Manifest,
        made: Option<(&'a App, &'a Target)>,
        kustomized: bool,
        purpose: Purpose,
    ) -> Self {
        Self { objects: objects(&manifest, &purpose), manifest, made, kustomized, purpose }
    }

    /// The root.
    pub fn root(&self) -> Node<'_> {
        self.manifest.node()
    }

    /// Whether it is a kustomization.
    pub fn is_kustomization(&self) -> bool {
        self.purpose == Purpose::Kustomization
    }

    /// What to call the whole of it in a message.
    pub fn name(&self) -> String {
        match &self.purpose {
            Purpose::Values(whose) => whose.clone(),
            Purpose::Manifest => what(&self.manifest),
            Purpose::Kustomization | Purpose::Other => "this file".to_owned(),
        }
    }

    /// The version of Argo CD that reads it, as far as it is known who does.
    pub fn version(&self, cx: &Context<'_>) -> Version {
        let app = match self.made {
            Some((app, _)) => Some(app),
            None => taker(cx.inventory, &self.manifest).map(|(app, _)| app),
        };
        app.map_or_else(
            || cx.inventory.instances.first().map_or(Version::DEFAULT, |instance| instance.settings.version),
            |app| cx.inventory.settings(app).version,
        )
    }

    /// The Applications that deploy `object`, one of this document's: the one that made it, or all that take its text.
    pub fn applications(&self, cx: &Context<'a>, object: &Manifest) -> Vec<&'a App> {
        if let Some((app, _)) = self.made {
            return vec![app];
        }
        let Origin::Written(path) = object.origin() else { return Vec::new() };
        let plain = cx.inventory.taken_from(path, object.node().span().start);
        let built: &[ResourceId] =
            if self.kustomized { cx.inventory.rendered_from(&object.location()) } else { &[] };
        plain.iter().chain(built).map(|id| cx.inventory.app(*id)).collect()
    }

    /// Whether something of this tree surely reads the text of `object`: an Application, or a kustomization.
    pub fn is_read(&self, cx: &Context<'a>, object: &Manifest) -> bool {
        self.made.is_some()
            || self.kustomized
            || self.is_kustomization()
            || taker(cx.inventory, object).is_some()
    }

    /// Reports at a place of this document.
    pub fn report<'c>(&self, cx: &'c mut Context<'a>, span: Span, message: impl Into<String>) -> Report<'c> {
        self.report_on(cx, &self.manifest, span, message)
    }

    /// Reports at a place of one of its objects, and names the object and who deploys it.
    pub fn report_on<'c>(
        &self,
        cx: &'c mut Context<'a>,
        object: &Manifest,
        span: Span,
        message: impl Into<String>,
    ) -> Report<'c> {
        let owner = self.made.or_else(|| taker(cx.inventory, object));
        let report = cx.report(object.locate(span), message);
        match owner {
            Some((app, target)) => report.about(app, target),
            None if is_object(object.node()) => report.named(Object {
                group: group_of(object.api_version()).into(),
                kind: object.kind().into(),
                namespace: object.namespace().into(),
                name: object.name().into(),
            }),
            None => report,
        }
    }

    /// Replaces text of this document; nothing where it does not stand in the tree as it is.
    pub fn edit(&self, span: Span, text: impl Into<String>) -> Vec<Edit> {
        self.edits(Some((span, text.into())))
    }

    /// A change of this document's text, where one can be made.
    pub fn edits(&self, edits: impl IntoIterator<Item = edit::Edit>) -> Vec<Edit> {
        if !self.manifest.is_written() {
            return Vec::new();
        }
        let place = |(span, text)| Edit { location: self.manifest.locate(span), text };
        edits.into_iter().map(place).collect()
    }

    /// Puts other words in place of some in a scalar; the rest of it stays, so that several can be replaced at once.
    pub fn reword(&self, scalar: Node<'_>, words: &str, by: &str) -> Vec<Edit> {
        let mut places = scalar.raw().match_indices(words).map(|(at, _)| at);
        match (places.next(), places.next()) {
            (Some(at), None) if scalar.alias().is_none() && !words.is_empty() => {
                let start = scalar.span().start as usize + at;
                self.edit(Span::new(start, start + words.len()), by)
            }
            _ => self.rewrite(scalar, &scalar.text().replacen(words, by, 1)),
        }
    }

    /// Puts other text in place of a scalar, in the quotes it has or needs.
    pub fn rewrite(&self, scalar: Node<'_>, text: &str) -> Vec<Edit> {
        match self.manifest.is_written() {
            true => self.edits(edit::replace(scalar, &text.into())),
            false => Vec::new(),
        }
    }
}

/// The first Application that takes the text of this object, and what it makes of it.
fn taker<'a>(inventory: &'a Inventory, object: &Manifest) -> Option<(&'a App, &'a Target)> {
    let Origin::Written(path) = object.origin() else { return None };
    let id = inventory.taken_from(path, object.node().span().start).first()?;
    Some((inventory.app(*id), inventory.target(*id)))
}

/// Whether a node has the two fields of every Kubernetes object, as text.
pub(super) fn is_object(node: Node<'_>) -> bool {
    ["apiVersion", "kind"].iter().all(|key| node.get(key).is_some_and(|value| value.as_str().is_some()))
}

/// `Kind name`, for messages.
pub(super) fn what(object: &Manifest) -> String {
    match (object.kind(), object.name()) {
        ("", "") => "the document".to_owned(),
        ("", name) => format!("`{name}`"),
        (kind, "") => format!("the {kind}"),
        (kind, name) => format!("{kind} `{name}`"),
    }
}

/// Names in backticks, as a sentence lists them.
pub(super) fn all_of(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

/// Deeper than any object of Kubernetes goes.
const MAX_DEPTH: usize = 100;

/// The way from the root of a document to a place in it: `.key` or `[index]` for each step.
#[derive(Debug, Default)]
pub(super) struct Steps {
    /// All of them, one behind the other.
    text: String,
    /// Where each begins in `text`.
    starts: Vec<usize>,
}

impl Steps {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.starts.is_empty()
    }

    /// All of them as one text: `.spec.containers[0]`.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The first.
    pub fn first(&self) -> Option<&str> {
        self.iter().next()
    }

    /// The last.
    pub fn last(&self) -> Option<&str> {
        self.starts.last().map(|start| &self.text[*start..])
    }

    /// The one before the last.
    pub fn before_last(&self) -> Option<&str> {
        let [.., start, end] = self.starts.as_slice() else { return None };
        Some(&self.text[*start..*end])
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let ends = self.starts.iter().skip(1).copied().chain([self.text.len()]);
        self.starts.iter().zip(ends).map(|(start, end)| &self.text[*start..end])
    }

    fn key(&mut self, key: &str) {
        self.starts.push(self.text.len());
        self.text.push('.');
        self.text.push_str(key);
    }

    fn index(&mut self, index: usize) {
        self.starts.push(self.text.len());
        self.text.push_str(&format!("[{index}]"));
    }

    fn back(&mut self) {
        self.text.truncate(self.starts.pop().unwrap_or(0));
    }
}

/// Shows every mapping of a document, with the way to it.
pub(super) fn each_map(root: Node<'_>, visit: &mut dyn FnMut(&Steps, Node<'_>)) {
    descend(root, &mut Steps::default(), visit);
}

fn descend(node: Node<'_>, path: &mut Steps, visit: &mut dyn FnMut(&Steps, Node<'_>)) {
    if path.len() > MAX_DEPTH || node.alias().is_some() {
        return;
    }
    if node.is_map() {
        visit(path, node);
    }
    for entry in node.written().filter(|entry| entry.value.is_map() || entry.value.is_seq()) {
        path.key(&entry.key);
        descend(entry.value, path, visit);
        path.back();
    }
    for (index, item) in node.items().enumerate().filter(|(_, item)| item.is_map() || item.is_seq()) {
        path.index(index);
        descend(item, path, visit);
        path.back();
    }
}

/// The keys that begin an object.
const HEADS: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// Whether one document holds the heads of several objects: at least two of `apiVersion`, `kind` and `metadata` twice.
pub(super) fn several_objects(root: Node<'_>) -> bool {
    let times = |key: &str| root.written().filter(|entry| entry.key == key).count();
    root.style() == Style::Block && HEADS.iter().filter(|key| times(key) > 1).count() > 1
}

/// One of the objects that share a document.
pub(super) struct Half {
    /// Where its first head key begins and ends.
    pub start: u32,
    /// See `start`.
    pub end: u32,
    /// `Kind name`, in backticks.
    pub name: String,
}

/// The objects that share a document, as their head keys tell.
pub(super) fn halves(root: Node<'_>) -> Vec<Half> {
    let mut halves: Vec<Half> = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    let (mut kind, mut name) = (String::new(), String::new());
    for entry in root.written().filter(|entry| HEADS.contains(&&*entry.key)) {
        if halves.is_empty() || seen.iter().any(|key| *key == entry.key) {
            seen.clear();
            (kind, name) = (String::new(), String::new());
            let span = entry.key_node.span();
            halves.push(Half { start: span.start, end: span.end, name: String::new() });
        }
        seen.push(entry.key.to_string());
        match &*entry.key {
            "kind" => kind = entry.value.text().to_owned(),
            "metadata" => name = entry.value.get("name").map_or("", |name| name.text()).to_owned(),
            _ => (),
        }
        if let Some(half) = halves.last_mut() {
            half.name = match name.as_str() {
                "" => kind.clone(),
                name => format!("{kind} `{name}`"),
            };
        }
    }
    halves
}
