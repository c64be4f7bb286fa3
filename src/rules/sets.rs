//! What rules about ApplicationSets share.

use super::{Context, Report, options, patches};
use crate::files::Span;
use crate::finding::Edit;
use crate::inventory::{App, Inventory, Member, Parent, Set};
use crate::model::{Destination, IN_CLUSTER, fields};
use crate::yaml::{self, Node, edit};
use hashbrown::HashSet;

/// How deep generators may be nested: a matrix in a matrix, and what it holds.
const MAX_DEPTH: usize = 4;
/// Deeper than any text of a template.
const MAX_TEXT_DEPTH: usize = 100;

/// One entry of a list of generators.
pub(super) struct Entry<'a> {
    /// The entry.
    pub node: Node<'a>,
    /// The way to it, such as `spec.generators[0].matrix.generators[1]`.
    pub path: String,
    /// The combining generator around it, `matrix` or `merge`, and its place among the children.
    pub inside: Option<(&'static str, usize)>,
}

impl<'a> Entry<'a> {
    /// The generators that it holds, by the names that Argo CD knows.
    pub fn generators(&self) -> impl Iterator<Item = (&'static str, Node<'a>)> + use<'a> {
        let node = self.node;
        let held = move |name: &'static str| Some((name, node.get(name).filter(|value| !value.is_null())?));
        names().into_iter().filter_map(held)
    }
}

/// The names of generators.
pub(super) fn names() -> Vec<&'static str> {
    let known = fields("Generator").unwrap_or_default();
    known.iter().map(|field| field.name).filter(|name| *name != "selector").collect()
}

/// Every entry of `spec.generators`, each before the children of what it holds.
pub(super) fn entries(set: &Set) -> Vec<Entry<'_>> {
    let mut found = Vec::new();
    if let Some(list) = set.manifest.node().at(&["spec", "generators"]) {
        collect(list, "spec.generators", None, 0, &mut found);
    }
    found
}

fn collect<'a>(
    list: Node<'a>,
    path: &str,
    inside: Option<&'static str>,
    depth: usize,
    found: &mut Vec<Entry<'a>>,
) {
    if depth == MAX_DEPTH {
        return;
    }
    for (index, node) in list.items().enumerate() {
        let path = format!("{path}[{index}]");
        found.push(Entry { node, path: path.clone(), inside: inside.map(|name| (name, index)) });
        for name in ["matrix", "merge"] {
            if let Some(children) = node.at(&[name, "generators"]) {
                collect(children, &format!("{path}.{name}.generators"), Some(name), depth + 1, found);
            }
        }
    }
}

/// The templates of a set: its own, and those that generators lay over it.
pub(super) fn templates(set: &Set) -> Vec<Node<'_>> {
    let own = set.manifest.node().at(&["spec", "template"]);
    let entries = entries(set).into_iter().filter(|entry| entry.inside.is_none());
    let laid = entries.flat_map(|entry| entry.generators().collect::<Vec<_>>());
    own.into_iter().chain(laid.filter_map(|(_, generator)| generator.get("template"))).collect()
}

/// A text of a template.
pub(super) struct Text<'a> {
    /// Where it stands.
    pub node: Node<'a>,
    /// What it says.
    pub value: &'a str,
    /// Whether it says which Application it is, what it reads or where it deploys to.
    pub identifies: bool,
}

/// The fields of a template that say which Application it is, what it reads or where it deploys to.
const IDENTITY: &[&str] =
    &["name", "namespace", "project", "repoURL", "path", "chart", "targetRevision", "server"];

/// Every text of the templates of a set, and of its patch.
pub(super) fn texts(set: &Set) -> Vec<Text<'_>> {
    let mut found = Vec::new();
    for template in templates(set) {
        for part in template.written() {
            descend(part.value, &[&part.key], &mut found);
        }
    }
    let patch = set.manifest.node().at(&["spec", "templatePatch"]);
    let text = |node: Node<'_>| node.as_str().is_some();
    found.extend(patch.filter(|node| text(*node)).map(|node| Text {
        node,
        value: node.text(),
        identifies: false,
    }));
    found
}

fn descend<'a>(node: Node<'a>, path: &[&str], found: &mut Vec<Text<'a>>) {
    if let Some(value) = node.as_str() {
        let identifies = match path {
            ["metadata", name] | ["spec", name] => IDENTITY.contains(name),
            ["spec", "source" | "sources" | "destination", name] => IDENTITY.contains(name),
            _ => false,
        };
        found.push(Text { node, value, identifies });
        return;
    }
    if path.len() > MAX_TEXT_DEPTH || node.alias().is_some() {
        return;
    }
    for entry in node.written() {
        descend(entry.value, &[path, &[&*entry.key]].concat(), found);
    }
    node.items().for_each(|item| descend(item, path, found));
}

/// How many names a message lists.
const NAMED: usize = 3;

/// Names for a message, each in backticks: the first few and how many more.
pub(super) fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
    match (quoted.split_last(), names.len().saturating_sub(NAMED)) {
        (Some((last, rest)), 0) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        (_, 0) => quoted.concat(),
        (_, more) => format!("{} and {more} more", quoted.join(", ")),
    }
}

/// The destination that the template of a set writes, tags and all; None where a generator's own template or a patch may
/// say otherwise.
pub(super) fn destination(set: &Set) -> Option<Destination> {
    let of =
        |node: Node<'_>| node.at(&["spec", "destination"]).and_then(|node| yaml::de::from_node(node).ok());
    let says = |node: &Node<'_>| of(*node).is_some_and(|own: Destination| own.name != own.server);
    let (own, laid) = (set.manifest.node().at(&["spec", "template"])?, templates(set));
    let patch = set.manifest.node().at(&["spec", "templatePatch"]);
    let is_patched = patch.is_some_and(|patch| patch.text().contains("destination"));
    let is_laid_over = laid.iter().filter(|node| node.id() != own.id()).any(says);
    if is_patched || is_laid_over {
        return None;
    }
    Some(of(own).unwrap_or_default())
}

/// Words with which a tag decides what is printed around it.
const DECIDING: &[&str] = &["if", "else", "with", "range", "end", "define", "block", "break", "continue"];

/// The destination of a generated Application.
pub(super) fn destination_of(member: &Member) -> Destination {
    let node = member.manifest.node().at(&["spec", "destination"]);
    node.and_then(|node| yaml::de::from_node(node).ok()).unwrap_or_default()
}

/// Whether the destination of a generated Application is why Argo CD leaves it alone.
pub(super) fn goes_nowhere(member: &Member, inventory: &Inventory) -> bool {
    let clusters = &inventory.clusters;
    match clusters.identity(&destination_of(member)) {
        Ok(cluster) => clusters.complete && *cluster != *IN_CLUSTER && clusters.find(&cluster).is_none(),
        Err(_) => true,
    }
}

/// Whether a text is something whatever its tags become.
pub(super) fn is_never_empty(text: &str) -> bool {
    let decides = |tag: &str| {
        let word = tag.trim_matches(|c: char| c == '-' || c.is_whitespace()).split_whitespace().next();
        word.is_some_and(|word| DECIDING.contains(&word))
    };
    let (mut rest, mut around) = (text, String::new());
    while let Some((before, tag)) = rest.split_once("{{") {
        around.push_str(before);
        let (tag, behind) = tag.split_once("}}").unwrap_or((tag, ""));
        if decides(tag) {
            return false;
        }
        rest = behind;
    }
    !around.trim().is_empty() || !rest.trim().is_empty()
}

/// The sets to judge.
///
/// A file that Kustomize reads stands for itself too: where an Application renders what Kustomize made of it, that is
/// judged if Kustomize changes it, and else the file, whose lines are known.
pub(super) fn judged(inventory: &Inventory) -> Vec<&Set> {
    let place = |set: &Set| (set.manifest.path().clone(), set.manifest.name().to_owned());
    let is_file = |set: &Set| set.manifest.is_written() && set.parent == Parent::Root;
    let rendered: HashSet<_> =
        inventory.sets.iter().filter(|set| !set.manifest.is_written()).map(place).collect();
    let plain = inventory.sets.iter().filter(|set| is_file(set) && set.changed_by.is_none());
    let plain: HashSet<_> = plain.map(place).collect();
    let counts = |set: &&Set| match (is_file(set), set.manifest.is_written()) {
        (true, _) => set.changed_by.is_none() || !rendered.contains(&place(set)),
        (false, true) => true,
        (false, false) => !plain.contains(&place(set)),
    };
    inventory.sets.iter().filter(counts).collect()
}

/// Whether an Application stands for itself: a generated one is told with its set, one that a kustomization changes where
/// that is rendered, and a folder is none.
pub(super) fn is_judged_itself(app: &App) -> bool {
    app.changed_by.is_none() && !matches!(app.parent, Parent::Folder | Parent::Set { .. })
}

/// What says what an Application is: itself, or a template of a set.
pub(super) enum Subject<'a> {
    /// An Application that is not generated.
    App(&'a App),
    /// A set, and one of its templates.
    Template(&'a Set, Node<'a>),
}

impl<'a> Subject<'a> {
    /// Every Application and template, each that counts; see [`judged`].
    pub fn all(inventory: &'a Inventory) -> impl Iterator<Item = Self> {
        let apps = inventory.applications.iter().filter(|app| is_judged_itself(app)).map(Self::App);
        let of_set =
            |set: &'a Set| templates(set).into_iter().map(move |template| Self::Template(set, template));
        apps.chain(judged(inventory).into_iter().flat_map(of_set))
    }

    /// `spec` of the Application.
    pub fn spec(&self) -> Option<Node<'a>> {
        match self {
            Self::App(app) => app.application.manifest.node().get("spec"),
            Self::Template(_, template) => template.get("spec"),
        }
    }

    /// How a message calls it.
    pub fn name(&self) -> String {
        match self {
            Self::App(app) => format!("`{}`", app.id),
            Self::Template(set, _) => format!("what `{}` generates", set.id),
        }
    }

    /// Reports at a place of it.
    pub fn report<'c>(&self, cx: &'c mut Context<'_>, span: Span, message: String) -> Report<'c> {
        match self {
            Self::App(app) => cx.report(app.application.manifest.locate(span), message).application(app),
            Self::Template(set, _) => cx.report_set(set, set.manifest.locate(span), message),
        }
    }

    /// A change of its text; nothing where it does not stand in the tree as it is.
    pub fn edits(&self, cx: &Context<'_>, change: impl FnOnce() -> Option<edit::Edit>) -> Vec<Edit> {
        match self {
            Self::App(app) => options::edits(&app.application.manifest, cx.inventory, change),
            Self::Template(set, _) => options::edits(&set.manifest, cx.inventory, change),
        }
    }
}

/// Whether a kustomization that changes this set may change what one of these words is about.
///
/// What it makes of the set is judged where an Application renders it; the file by itself may be meant to be incomplete.
pub(super) fn may_be_patched(inventory: &Inventory, set: &Set, words: &[&str]) -> bool {
    set.changed_by.is_some() && patches::may_change(inventory, &set.manifest, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_around_tags() {
        for (text, expected) in [
            ("", false),
            ("a", true),
            ("{{server}}", false),
            ("https://{{host}}", true),
            ("{{host}}:6443", true),
            ("{{ if .a }}x{{ end }}", false),
            ("x{{- end -}}", false),
            (" ", false),
        ] {
            assert_eq!(is_never_empty(text), expected, "{text}");
        }
    }
}
