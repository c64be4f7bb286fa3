use crate::files::{Location, Path, Span};
use crate::yaml::{File, Node, NodeId};
use std::fmt;
use std::sync::Arc;

/// Where the text of a manifest comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It stands in this file of the tree; spans of its nodes are spans of that file.
    Written(Path),
    /// A program or a template made it; this place of the tree is the nearest cause.
    Rendered(Location),
}

/// One object as text says it: a node of a parsed file, and where that comes from.
#[derive(Clone)]
pub struct Manifest {
    file: Arc<File>,
    root: NodeId,
    origin: Arc<Origin>,
    /// Line of the place that it was rendered from, from 1; 0 where nobody said it.
    line: u32,
}

impl Manifest {
    /// The object at `root` of `file`.
    pub fn new(file: Arc<File>, root: NodeId, origin: Arc<Origin>) -> Self {
        Self { file, root, origin, line: 0 }
    }

    /// The object, rendered from a place on this line (from 1) of its file, which may stand in another repository.
    pub fn on_line(self, line: u32) -> Self {
        Self { line, ..self }
    }

    /// The line (from 1) that it was rendered from, where what rendered it said so.
    pub fn line(&self) -> Option<u32> {
        (self.line > 0 && !self.is_written()).then_some(self.line)
    }

    /// The one object of a text, for tests.
    #[cfg(test)]
    pub(crate) fn parsed(text: &str) -> Self {
        let file = Arc::new(File::single(text.into()));
        let root = file.documents()[0].root().expect("the text is one object");
        Self::new(file, root, Arc::new(Origin::Written("test.yaml".into())))
    }

    /// Another object of the same text: a member of a list.
    pub fn member(&self, root: NodeId) -> Self {
        Self { file: Arc::clone(&self.file), root, origin: Arc::clone(&self.origin), line: self.line }
    }

    /// The same object, said to come from elsewhere.
    pub fn moved(&self, origin: Origin) -> Self {
        Self { file: Arc::clone(&self.file), root: self.root, origin: Arc::new(origin), line: 0 }
    }

    /// The object.
    pub fn node(&self) -> Node<'_> {
        self.file.node(self.root)
    }

    /// Where it comes from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Whether its text stands in the tree as it is.
    pub fn is_written(&self) -> bool {
        matches!(*self.origin, Origin::Written(_))
    }

    /// The file of the tree that a report points at.
    pub fn path(&self) -> &Path {
        match &*self.origin {
            Origin::Written(path) => path,
            Origin::Rendered(location) => &location.path,
        }
    }

    /// Where a report about the whole object points: its `metadata.name`, else its first line.
    pub fn location(&self) -> Location {
        let name = self.node().get("metadata").and_then(|metadata| metadata.entry("name"));
        self.locate(name.map_or_else(|| self.node().span(), |entry| entry.span()))
    }

    /// Where a report about `node`, a node of this object, points.
    pub fn location_of(&self, node: Node<'_>) -> Location {
        self.locate(node.span())
    }

    /// Where a report about the field at `path` points: the entry with its key, or the deepest one on the way that exists.
    pub fn location_at(&self, path: &[&str]) -> Location {
        let mut node = self.node();
        let mut span = None;
        for key in path {
            let Some(entry) = node.entry(key) else { break };
            span = Some(entry.span());
            node = entry.value;
        }
        span.map_or_else(|| self.location(), |span| self.locate(span))
    }

    /// A span of this object's text as a place in the tree.
    pub fn locate(&self, span: Span) -> Location {
        match &*self.origin {
            Origin::Written(path) => Location::new(path.clone(), span),
            Origin::Rendered(location) => location.clone(),
        }
    }

    /// The text of an annotation; None as soon as any annotation is no text (`unstructured.GetAnnotations`).
    pub fn annotation(&self, name: &str) -> Option<&str> {
        self.string_map("annotations", name)
    }

    /// The text of a label; None as soon as any label is no text (`unstructured.GetLabels`).
    pub fn label(&self, name: &str) -> Option<&str> {
        self.string_map("labels", name)
    }

    /// Whether the label says that this Secret describes a cluster (`util/db/cluster.go`).
    pub fn describes_cluster(&self) -> bool {
        self.label("argocd.argoproj.io/secret-type") == Some("cluster")
    }

    fn string_map(&self, field: &str, name: &str) -> Option<&str> {
        let map = self.node().at(&["metadata", field])?;
        let value = map.get(name)?.as_str()?;
        map.entries().all(|entry| entry.value.as_str().is_some()).then_some(value)
    }

    /// `apiVersion`, `""` where it is no text.
    pub fn api_version(&self) -> &str {
        self.text("apiVersion")
    }

    /// `kind`, `""` where it is no text.
    pub fn kind(&self) -> &str {
        self.text("kind")
    }

    /// `metadata.name`, `""` where it is no text (`unstructured.GetName`).
    pub fn name(&self) -> &str {
        self.metadata("name")
    }

    /// `metadata.namespace`, `""` where it is no text.
    pub fn namespace(&self) -> &str {
        self.metadata("namespace")
    }

    /// `metadata.generateName`, `""` where it is no text.
    pub fn generate_name(&self) -> &str {
        self.metadata("generateName")
    }

    fn text(&self, key: &str) -> &str {
        self.node().get(key).and_then(|node| node.as_str()).unwrap_or("")
    }

    fn metadata(&self, key: &str) -> &str {
        self.node().at(&["metadata", key]).and_then(|node| node.as_str()).unwrap_or("")
    }
}

impl fmt::Debug for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{} in {}", self.kind(), self.namespace(), self.name(), self.path())
    }
}

/// The first key of a document that would make it an object, were it spelled right, and what it was meant to be.
///
/// Some of `apiVersion`, `kind` and `metadata` are there, and the one that is not has a neighbour that differs in case
/// or by one letter.
pub fn misspelt_head<'a>(root: Node<'a>) -> Option<(Node<'a>, &'static str)> {
    const HEADS: [&str; 3] = ["apiVersion", "kind", "metadata"];
    if HEADS.iter().filter(|head| root.get(head).is_some()).count() < 2 {
        let same = |head: &&str| root.entries().any(|entry| entry.key.eq_ignore_ascii_case(head));
        if HEADS.iter().filter(|head| same(head)).count() < 3 {
            return None;
        }
    }
    let missing = HEADS.into_iter().find(|head| root.get(head).is_none())?;
    let near =
        |key: &str| key.eq_ignore_ascii_case(missing) || strsim::damerau_levenshtein(key, missing) == 1;
    let entry = root.entries().find(|entry| near(&entry.key))?;
    Some((entry.key_node, missing))
}
