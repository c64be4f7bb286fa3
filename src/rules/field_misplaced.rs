//! BH503. Meaning, rationale and examples: `rules/BH503-field-misplaced.md`.

use super::document::{Document, all_of, what};
use super::{Check, Context, Rule};
use crate::finding::{Edit, FixKind, Severity};
use crate::inventory::Set;
use crate::model::{Content, Count, Field, Manifest, fields, group_of, places};
use crate::yaml::{self, Entry, Node, edit};

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH503-field-misplaced.md"), check: Check::Document(check) };

const PREFIX: &str = "argocd.argoproj.io/";
/// Annotations that Argo CD reads, behind the prefix.
const ANNOTATIONS: &[&str] = &[
    "sync-options",
    "sync-wave",
    "hook",
    "hook-delete-policy",
    "compare-options",
    "ignore-healthcheck",
    "ignore-resource-updates",
    "skip-reconcile",
    "manifest-generate-paths",
    "client-side-apply-migration-manager",
    "deletion-approved",
    "refresh",
    "hydrate",
    "application-set-refresh",
    "tracking-id",
    "installation-id",
    "managed-by-url",
    "ignore-default-links",
];
/// Labels that Argo CD reads, behind the prefix.
const LABELS: &[&str] = &["secret-type", "auto-label-cluster-info"];
/// Names that many types have: only a place nearby is likely to be the one that was meant.
const COMMON: &[&str] = &[
    "name",
    "namespace",
    "path",
    "key",
    "value",
    "kind",
    "group",
    "server",
    "url",
    "values",
    "version",
    "project",
    "description",
    "labels",
    "annotations",
    "template",
    "selector",
    "parameters",
    "options",
    "type",
    "repo",
    "api",
    "clusters",
    "applications",
    "filters",
    "plugin",
    "generators",
    "matchExpressions",
];
/// Objects that hold a Pod template, and the way to its annotations.
const TEMPLATES: &[(&str, &str, &[&str])] = &[
    ("apps", "Deployment", &["spec", "template", "metadata", "annotations"]),
    ("apps", "StatefulSet", &["spec", "template", "metadata", "annotations"]),
    ("apps", "DaemonSet", &["spec", "template", "metadata", "annotations"]),
    ("batch", "Job", &["spec", "template", "metadata", "annotations"]),
    ("batch", "CronJob", &["spec", "jobTemplate", "metadata", "annotations"]),
    ("batch", "CronJob", &["spec", "jobTemplate", "spec", "template", "metadata", "annotations"]),
];

fn check<'a>(document: &Document<'a>, cx: &mut Context<'a>) {
    for object in &document.objects {
        metadata(document, object, cx);
        pod_templates(document, object, cx);
        if group_of(object.api_version()) == "argoproj.io" && fields(object.kind()).is_some() {
            let mut way = Way { document, object, path: Vec::new() };
            way.walk(object.node(), object.kind(), cx);
        }
    }
}

/// Where one is in an object of Argo CD.
struct Way<'s, 'a> {
    document: &'s Document<'a>,
    object: &'s Manifest,
    path: Vec<String>,
}

impl<'a> Way<'_, 'a> {
    fn walk(&mut self, node: Node<'_>, of: &str, cx: &mut Context<'a>) {
        let Some(known) = fields(of) else { return };
        if of == "Generator" && self.is_told_of_generators(node, known, cx) {
            return;
        }
        let mut misplaced: Vec<(String, Entry<'_>)> = Vec::new();
        for entry in node.entries().filter(|entry| !entry.key.contains("{{") && !entry.key.starts_with('$')) {
            match known.iter().find(|field| field.name == entry.key) {
                Some(field) => self.descend(field, entry.value, cx),
                None if self.path.is_empty() && entry.key.starts_with("x-") => (),
                None if of == "Metadata" && entry.key.contains('/') => (),
                None => match self.elsewhere(&entry, known) {
                    Some(target) => misplaced.push((target, entry)),
                    None => self.unknown(&entry, of, known, cx),
                },
            }
        }
        misplaced.sort_by(|(a, _), (b, _)| a.cmp(b)); // stable: as written within one target
        for together in misplaced.chunk_by(|(a, _), (b, _)| a == b) {
            self.misplaced(together, cx);
        }
    }

    /// Whether BH504 tells that nothing in this entry is a generator.
    fn is_told_of_generators(&self, entry: Node<'_>, known: &[Field], cx: &Context<'a>) -> bool {
        let is_generator = |field: &Field| field.name != "selector" && entry.get(field.name).is_some();
        let is_set = |set: &Set| {
            set.manifest.path() == self.object.path() && set.manifest.name() == self.object.name()
        };
        !known.iter().any(is_generator) && cx.inventory.sets.iter().any(is_set)
    }

    fn descend(&mut self, field: &Field, value: Node<'_>, cx: &mut Context<'a>) {
        let Content::Type(of) = field.content else { return };
        self.path.push(field.name.to_owned());
        match field.count {
            Count::One => self.walk(value, of, cx),
            Count::List => value.items().for_each(|item| self.walk(item, of, cx)),
            Count::Map => value.entries().for_each(|entry| self.walk(entry.value, of, cx)),
        }
        self.path.pop();
    }

    /// Where one is, for messages.
    fn place(&self) -> String {
        match self.path.join(".") {
            path if path.is_empty() => format!("the top level of {}", what(self.object)),
            path => format!("`{path}`"),
        }
    }

    /// Fields that belong to one other place.
    fn misplaced(&self, together: &[(String, Entry<'_>)], cx: &mut Context<'a>) {
        let [(target, first), rest @ ..] = together else { return };
        let names: Vec<&str> = together.iter().map(|(_, entry)| &*entry.key).collect();
        let (mean, exist, they) = if rest.is_empty() {
            ("means", "exists", "it is a field")
        } else {
            ("mean", "exist", "they are fields")
        };
        let stays = !rest.is_empty() || self.is_patched(&first.key, cx);
        let fix = if stays { Vec::new() } else { self.moved(target, first) };
        let target = match target.as_str() {
            "" => format!("the top level of the {}", self.object.kind()),
            path => format!("`{path}`"),
        };
        let message = format!("{} {mean} nothing in {}", all_of(&names), self.place());
        let mut report = self
            .document
            .report_on(cx, self.object, first.key_node.span(), message)
            .because(format!(
                "the API server drops what is no field of that place without a word, so {} {exist} only in git",
                all_of(&names)
            ))
            .help(format!("{they} of {target}: move {} there", if rest.is_empty() { "it" } else { "them" }));
        report = report.fix(FixKind::Unsafe, fix);
        for (_, entry) in rest {
            report = report.see(self.object.locate(entry.key_node.span()), "and this one");
        }
    }

    fn unknown(&self, entry: &Entry<'_>, of: &str, known: &[Field], cx: &mut Context<'a>) {
        let (key, place) = (&*entry.key, self.place());
        let because = match of {
            "Generator" => "a generator that Argo CD does not know yields nothing, and Applications that it made before are deleted".to_owned(),
            _ => format!("the API server drops what is no field of that place without a word, so `{key}` exists only in git"),
        };
        let span = entry.key_node.span();
        let names: Vec<&str> = known.iter().map(|field| field.name).collect();
        let same = same(key, known);
        if let Some(meant) = same.or_else(|| near(key, &names)) {
            let kind = if same.is_some() { FixKind::Safe } else { FixKind::Unsafe };
            let fix = if self.is_patched(key, cx) { Vec::new() } else { self.renamed(entry, meant) };
            self.document
                .report_on(cx, self.object, span, format!("`{key}` is no field of {place}; `{meant}` is"))
                .because(because)
                .help(format!("write `{meant}`"))
                .fix(kind, fix);
            return;
        }
        self.document
            .report_on(cx, self.object, span, format!("`{key}` is no field of {place}"))
            .because(because)
            .help("take it out, or look up where it belongs")
            .at_most(Severity::Warning);
    }

    /// The place nearby that has this field for this kind of value, unless only the case of letters is wrong.
    fn elsewhere(&self, entry: &Entry<'_>, known: &[Field]) -> Option<String> {
        if same(&entry.key, known).is_some() {
            return None;
        }
        let value = entry.value;
        let fits = |field: &Field| match (field.count, field.content) {
            _ if value.is_null() => true,
            (Count::List, _) => value.is_seq(),
            (Count::Map, _) | (Count::One, Content::Type(_)) => value.is_map(),
            (Count::One, Content::Scalar) => !value.is_map() && !value.is_seq(),
            (Count::One, Content::Any) => true,
        };
        let limit = if COMMON.contains(&&*entry.key) { 2 } else { 6 };
        let candidates = places(self.object.kind(), &entry.key).into_iter().filter(|(_, field)| fits(field));
        let distance = |path: &[&str]| {
            let shared = path.iter().zip(&self.path).take_while(|(a, b)| **a == b.as_str()).count();
            (path.len() - shared) + (self.path.len() - shared)
        };
        let best = candidates.min_by_key(|(path, _)| (distance(path), path.len()))?;
        let path = best.0;
        (distance(&path) <= limit).then(|| path.join("."))
    }

    /// Whether a patch of some kustomization names this field by its path: without it, Kustomize refuses the patch.
    fn is_patched(&self, key: &str, cx: &Context<'a>) -> bool {
        let path = self.object.path();
        if cx.inventory.kustomizations.changing(path).is_none() {
            return false;
        }
        let steps = self.path.iter().map(String::as_str).chain([key]);
        let pointer: String = steps.flat_map(|step| ["/", step]).collect();
        cx.inventory.parts.iter().any(|(_, part)| part.file.text().contains(&pointer))
    }

    /// A value of one line, moved to where the field belongs.
    fn moved(&self, target: &str, entry: &Entry<'_>) -> Vec<Edit> {
        let simple = |node: Node<'_>| !node.is_map() && !node.is_seq() && !node.is_null();
        let parent = self.object.node().at(&self.path.iter().map(String::as_str).collect::<Vec<_>>());
        let path: Vec<&str> =
            target.split('.').filter(|step| !step.is_empty()).chain([&*entry.key]).collect();
        if !(simple(entry.value) || entry.value.items().len() > 0 && entry.value.items().all(simple)) {
            return Vec::new();
        }
        parent.map_or_else(Vec::new, |parent| moved(self.document, self.object, parent, entry, &path))
    }

    fn renamed(&self, entry: &Entry<'_>, meant: &str) -> Vec<Edit> {
        let taken = self.object.node().at(&self.path.iter().map(String::as_str).collect::<Vec<_>>());
        if taken.is_some_and(|parent| parent.get(meant).is_some()) {
            return Vec::new();
        }
        self.document.rewrite(entry.key_node, meant)
    }
}

/// An entry of `from`, written at `path` of its object instead; nothing where something stands there.
fn moved(
    document: &Document<'_>,
    object: &Manifest,
    from: Node<'_>,
    entry: &Entry<'_>,
    path: &[&str],
) -> Vec<Edit> {
    if object.node().at(path).is_some() {
        return Vec::new();
    }
    let added = edit::set(object.node(), path, &entry.value.to_json());
    let removed = edit::delete(from, entry);
    match (added, removed) {
        (Some(added), Some(removed)) if !removed.0.range().contains(&(added.0.start as usize)) => {
            document.edits([added, removed])
        }
        _ => Vec::new(),
    }
}

/// The field whose name differs by case only.
fn same(key: &str, known: &[Field]) -> Option<&'static str> {
    known.iter().map(|field| field.name).find(|name| name.eq_ignore_ascii_case(key))
}

/// The field that a name was surely meant to be.
fn near<'n>(key: &str, names: &[&'n str]) -> Option<&'n str> {
    let near = yaml::nearest(key, names)?;
    let distance = strsim::damerau_levenshtein(&near.to_lowercase(), &key.to_lowercase());
    (distance <= 2 && distance * 3 <= key.len()).then_some(near)
}

/// Labels, annotations and what should be one of them.
fn metadata<'a>(document: &Document<'a>, object: &Manifest, cx: &mut Context<'a>) {
    let Some(metadata) = object.node().get("metadata") else { return };
    let to = |map: &str, from: Node<'_>, entry: &Entry<'_>| match entry.value.as_str() {
        Some(_) => moved(document, object, from, entry, &["metadata", map, &*entry.key]),
        None => Vec::new(),
    };
    for entry in metadata.entries().filter(|entry| entry.key.contains('/') && !entry.key.contains("{{")) {
        let name = entry.key.strip_prefix(PREFIX).unwrap_or("");
        let fix = match () {
            () if ANNOTATIONS.contains(&name) => to("annotations", metadata, &entry),
            () if LABELS.contains(&name) => to("labels", metadata, &entry),
            () => Vec::new(),
        };
        document
            .report_on(
                cx,
                object,
                entry.key_node.span(),
                format!("`{}` stands in `metadata` itself", entry.key),
            )
            .because("the API server drops what is no field of `metadata`, without a word")
            .help("move it to `metadata.annotations` or `metadata.labels`: two blanks further in")
            .fix(FixKind::Unsafe, fix);
    }
    for (labels, entry) in
        metadata.get("labels").into_iter().flat_map(|map| map.entries().map(move |entry| (map, entry)))
    {
        let Some(name) = entry.key.strip_prefix(PREFIX).filter(|name| ANNOTATIONS.contains(name)) else {
            continue;
        };
        document
            .report_on(
                cx,
                object,
                entry.key_node.span(),
                format!("`{PREFIX}{name}` is a label here, and Argo CD reads an annotation"),
            )
            .because("Argo CD looks for it in `metadata.annotations` only, so it does nothing")
            .help("move it to `metadata.annotations`")
            .fix(FixKind::Unsafe, to("annotations", labels, &entry));
    }
    for (annotations, entry) in
        metadata.get("annotations").into_iter().flat_map(|map| map.entries().map(move |entry| (map, entry)))
    {
        let Some(name) = entry.key.strip_prefix(PREFIX) else { continue };
        if LABELS.contains(&name) {
            document
                .report_on(
                    cx,
                    object,
                    entry.key_node.span(),
                    format!("`{PREFIX}{name}` is an annotation here, and Argo CD reads a label"),
                )
                .because("Argo CD finds these Secrets by their labels, so this one is not found")
                .help("move it to `metadata.labels`")
                .fix(FixKind::Unsafe, to("labels", annotations, &entry));
            continue;
        }
        if ANNOTATIONS.contains(&name) {
            continue;
        }
        let Some(meant) = near(name, ANNOTATIONS) else { continue };
        let fix = match metadata.at(&["annotations", &format!("{PREFIX}{meant}")]) {
            Some(_) => Vec::new(),
            None => document.rewrite(entry.key_node, &format!("{PREFIX}{meant}")),
        };
        document
            .report_on(
                cx,
                object,
                entry.key_node.span(),
                format!("`{PREFIX}{name}` is no annotation of Argo CD; `{PREFIX}{meant}` is"),
            )
            .because("Argo CD looks for annotations by their exact name, so this one does nothing")
            .help(format!("write `{PREFIX}{meant}`"))
            .fix(FixKind::Unsafe, fix);
    }
}

/// Waves and hooks on the Pods of an object, where nobody looks for them.
fn pod_templates<'a>(document: &Document<'a>, object: &Manifest, cx: &mut Context<'a>) {
    let group = group_of(object.api_version());
    for (_, _, path) in TEMPLATES.iter().filter(|(of, kind, _)| *of == group && *kind == object.kind()) {
        for entry in object.node().at(path).into_iter().flat_map(Node::entries) {
            let Some(name) =
                entry.key.strip_prefix(PREFIX).filter(|name| matches!(*name, "sync-wave" | "hook"))
            else {
                continue;
            };
            document
                .report_on(
                    cx,
                    object,
                    entry.key_node.span(),
                    format!("`{PREFIX}{name}` means nothing in `{}`", path.join(".")),
                )
                .because("Argo CD reads it on the objects it applies, not on the Pods that they make")
                .help("move it to `metadata.annotations` of the object")
                .at_most(Severity::Warning);
        }
    }
}
