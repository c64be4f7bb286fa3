use super::arena::{Builder, Kind, Props, Raw};
use super::node::Node;
use super::slow::Parsed;
use super::{Error, check, fast, json_text, slow, split, words};
use crate::files::Span;
use std::sync::Arc;

/// The largest text that is read; spans are 32 bits wide.
const MAX_TEXT: usize = 1 << 30;

/// One text, parsed: its documents, nodes and comments.
///
/// Nodes lie side by side in one vector, 20 bytes each, and borrow their text from the source where it stands there
/// as it is. A `File` never changes, so it can be shared between threads and kept.
#[derive(Debug)]
pub struct File {
    pub(super) text: Arc<str>,
    pub(super) nodes: Box<[Raw]>,
    pub(super) side: Box<str>,
    pub(super) props: Box<[Props]>,
    documents: Box<[Document]>,
    comments: Box<[Span]>,
    how: How,
}

/// By which rules a text is read.
#[derive(Clone, Copy, Debug)]
enum How {
    Stream,
    Single,
    Json,
}

/// A node of a [`File`]; see [`File::node`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(super) u32);

/// One document of a text: what Kubernetes turns into one object.
#[derive(Clone, Debug)]
pub struct Document {
    span: Span,
    root: Result<NodeId, Box<Error>>,
    reached: bool,
    ignored: Option<Span>,
}

impl Document {
    /// The text of the document, without the `---` line before it.
    pub fn span(&self) -> Span {
        self.span
    }

    /// The root, or why Kubernetes refuses the document. An empty document, and one of comments only, is a null.
    pub fn root(&self) -> Result<NodeId, &Error> {
        match &self.root {
            Ok(root) => Ok(*root),
            Err(error) => Err(error),
        }
    }

    /// Whether Argo CD gets this far: false for documents behind one that it refuses.
    pub fn reached(&self) -> bool {
        self.reached
    }

    /// Text that belongs to the document and is dropped without a word: what follows `...`, or, in
    /// [`File::single`], a second document.
    pub fn ignored(&self) -> Option<Span> {
        self.ignored
    }
}

impl File {
    /// Reads a stream of manifests as Argo CD does: `NewYAMLOrJSONDecoder` of apimachinery, then `sigs.k8s.io/yaml`.
    ///
    /// Lines that start with `---` split the text before any YAML is read, even inside a block scalar. A text whose
    /// first character is `{` is read as a series of JSON values, and as YAML where that fails. Never fails as a
    /// whole: each document has a root or an error, those behind an error too ([`Document::reached`]).
    pub fn stream(text: Arc<str>) -> Self {
        Self::read(text, How::Stream)
    }

    /// Reads the whole text as one document, as `YAMLToJSON` of `sigs.k8s.io/yaml` does: value files and the like.
    pub fn single(text: Arc<str>) -> Self {
        Self::read(text, How::Single)
    }

    /// Reads a text that must be exactly one JSON value by the rules of Go's `encoding/json`.
    pub fn json(text: Arc<str>) -> Self {
        Self::read(text, How::Json)
    }

    /// Every mapping of every document.
    pub(super) fn maps(&self) -> impl Iterator<Item = Node<'_>> {
        let is_map = |index: &u32| self.nodes[*index as usize].kind == Kind::Map;
        (0..self.nodes.len() as u32).filter(is_map).map(|index| self.node(NodeId(index)))
    }

    /// Reads another text by the same rules.
    pub(super) fn again(&self, text: Arc<str>) -> Self {
        Self::read(text, self.how)
    }

    fn read(text: Arc<str>, how: How) -> Self {
        let mut reader =
            Reader { text: &text, builder: Builder::new(&text), documents: Vec::new(), suspects: Vec::new() };
        if text.len() > MAX_TEXT {
            let message = format!("larger than {} MiB, which is not read", MAX_TEXT >> 20);
            reader.push(Span::new(0, 0), Err(Error { span: Span::new(0, 0), message }));
        } else {
            match how {
                How::Stream => split::stream(&mut reader),
                How::Single => split::single(&mut reader),
                How::Json => reader.json(),
            }
        }
        let Reader { builder, mut documents, suspects, .. } = reader;
        let Builder { nodes, side, props, comments, .. } = builder;
        let mut file = Self {
            // Copied to measure: a vector that shrinks keeps its block, which is larger by half.
            nodes: nodes.as_slice().into(),
            side: side.into(),
            props: props.into(),
            comments: comments.into(),
            documents: Box::default(),
            text: Arc::clone(&text),
            how,
        };
        for index in suspects {
            let document = &mut documents[index];
            if let Ok(root) = document.root
                && let Err(error) = check::document(file.node(root))
            {
                document.root = Err(Box::new(error));
            }
        }
        let mut reached = true;
        for document in &mut documents {
            document.reached = reached;
            reached &= document.root.is_ok();
        }
        file.documents = documents.into();
        file
    }

    /// The text that was read; spans are offsets in it.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The documents, in order. At least one in [`File::single`] and [`File::json`], perhaps none in a stream.
    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// Every comment outside of scalars, from its `#` to the end of its line, in order. Of a document that cannot be
    /// read only those that have a line to themselves, of ignored text none.
    pub fn comments(&self) -> &[Span] {
        &self.comments
    }

    /// A cursor at a node.
    ///
    /// # Panics
    /// If the id comes from a larger file.
    pub fn node(&self, id: NodeId) -> Node<'_> {
        Node::new(self, id.0)
    }
}

/// A text on its way to a [`File`].
pub(super) struct Reader<'t> {
    pub(super) text: &'t str,
    pub(super) builder: Builder<'t>,
    documents: Vec<Document>,
    /// Documents that must be looked at once more when all nodes are there.
    suspects: Vec<usize>,
}

impl Reader<'_> {
    /// Adds a document.
    pub(super) fn push(&mut self, span: Span, root: Result<u32, Error>) {
        let root = root.map(NodeId).map_err(Box::new);
        self.documents.push(Document { span, root, reached: true, ignored: None });
    }

    /// Adds the whole text as one JSON value.
    fn json(&mut self) {
        let read = json_text::value(&mut self.builder, 0).and_then(|(root, span)| {
            json_text::behind(self.text, span.end as usize)?;
            Ok((root, span))
        });
        match read {
            Ok((root, span)) => self.push(span, Ok(root)),
            Err(error) => self.push(Span::new(0, self.text.len()), Err(error)),
        }
    }

    /// Adds the YAML document of `text[start..end]`; what belongs to a leading `---` line ends at `content`.
    pub(super) fn yaml(&mut self, start: usize, content: usize, end: usize, newline: bool) {
        let b = &mut self.builder;
        let mark = b.mark();
        b.begin();
        let parsed = match fast::document(b, start, end, newline) {
            Some(parsed) => Ok(parsed),
            None => {
                b.rewind(mark);
                slow::document(b, start, end, newline)
            }
        };
        match parsed {
            Ok(parsed) => self.parsed(content, end, parsed),
            Err(problem) => {
                b.rewind(mark);
                let error = words::explain(self.text, &problem);
                self.refused(start, content, end, error);
            }
        }
    }

    /// Adds a document that cannot be read.
    pub(super) fn refused(&mut self, start: usize, content: usize, end: usize, error: Error) {
        line_comments(&mut self.builder, start, end);
        self.push(Span::new(content, end), Err(error));
    }

    fn parsed(&mut self, content: usize, end: usize, parsed: Parsed) {
        let b = &mut self.builder;
        let root = parsed.root.unwrap_or_else(|| {
            let root = b.nodes.len() as u32;
            b.scalar(Kind::Plain, 0, (content, content), (content, content));
            root
        });
        if b.suspect {
            self.suspects.push(self.documents.len());
        }
        let rest = self.text.get(parsed.end..end).unwrap_or("");
        let ignored = (!rest.trim().is_empty()).then(|| {
            let start = parsed.end + (rest.len() - rest.trim_start().len());
            Span::new(start, parsed.end + rest.trim_end().len())
        });
        self.documents.push(Document {
            span: Span::new(content, end),
            root: Ok(NodeId(root)),
            reached: true,
            ignored,
        });
    }
}

/// Records the comments that have a line to themselves, for a document that cannot be read.
fn line_comments(b: &mut Builder<'_>, start: usize, end: usize) {
    let mut at = start;
    for line in b.text[start..end].split_inclusive('\n') {
        let bare = line.trim_start();
        if bare.starts_with('#') {
            let from = at + (line.len() - bare.len());
            b.comment(from, from + bare.trim_end_matches(['\n', '\r']).len());
        }
        at += line.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_shared_between_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<File>();
        assert_eq!(size_of::<Raw>(), 20);
    }

    /// Every document as its text, what it is, and whether Argo CD reaches it.
    fn outline(text: &str) -> Vec<(&str, String, bool)> {
        let file = File::stream(text.into());
        let outline = |document: &Document| {
            let what = match document.root() {
                Ok(root) => file.node(root).to_json().to_string(),
                Err(error) => format!("{}: {}", error.span.start, error.message),
            };
            (&text[document.span().range()], what, document.reached())
        };
        file.documents().iter().map(outline).collect()
    }

    #[test]
    fn documents() {
        let text = "---\na: 1\n--- # c\n---\nb: [\n---\nc: |\n  x";
        let expected = [
            ("a: 1\n", r#"{"a":1}"#, true),
            ("b: [\n", "26: expected a value here", true),
            ("c: |\n  x", r#"{"c":"x\n"}"#, false),
        ];
        let found = outline(text);
        let found: Vec<_> = found.iter().map(|(text, what, reached)| (*text, &**what, *reached)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_separator_with_text_loses_the_document_before() {
        let found = outline("a: 1\n---\nb: 1\n--- x\nc: 1\n");
        let reached: Vec<_> = found
            .iter()
            .map(|(text, what, reached)| (*text, what.contains("only a comment"), *reached))
            .collect();
        assert_eq!(
            reached,
            [("a: 1\n", false, true), ("b: 1\n--- x\n", true, true), ("c: 1\n", false, false)]
        );
    }

    #[test]
    fn json_first() {
        let found = outline(" {\"a\": 1e3}\n{\"b\": 18446744073709551615}\n---\nc: 1\n");
        assert_eq!(found[1].1, r#"{"b":18446744073709551615}"#);
        assert!(found[2].1.contains("behind two JSON values"), "{}", found[2].1);
        let found = outline("{\"a\": 1}\n---\nb: {c: yes}\n");
        assert_eq!(found[1].1, r#"{"b":{"c":true}}"#);
        assert_eq!(outline("{a: y}\n")[0].1, r#"{"a":true}"#);
    }

    #[test]
    fn comments() {
        let text = "# head\n---\na: '#' # one\nb: |  # two\n  # text\nc: [x, # three\n  y#z]\n--- # four\nd: {{ # no\n # five\n";
        let file = File::stream(text.into());
        let comments: Vec<&str> = file.comments().iter().map(|span| &text[span.range()]).collect();
        assert_eq!(comments, ["# head", "# one", "# two", "# three", "# four", "# five"]);
    }

    #[test]
    fn what_follows_the_end_is_ignored() {
        for (file, expected) in [
            (File::stream("a: 1\n...\nb: 2\n".into()), Some("b: 2")),
            (File::stream("a: 1\n...\n".into()), None),
            (File::single("a: 1\n---\nb: 2\n".into()), Some("---\nb: 2")),
        ] {
            let ignored = file.documents()[0].ignored().map(|span| &file.text()[span.range()]);
            assert_eq!(ignored, expected);
        }
    }

    #[test]
    fn json_files() {
        for (text, expected) in [
            (
                r#" {"a": [1.50, "\ud83d\ude00\ud83d", true, null]} "#,
                Ok("{\"a\":[1.5,\"\u{1F600}\u{FFFD}\",true,null]}"),
            ),
            ("{} {}", Err("a JSON file holds exactly one value; this is a second one")),
            ("", Err("JSON ends too early")),
            ("{\"a\": 01}", Err("expected `,` or `}`")),
            ("{\"a\": \"\t\"}", Err("a control character must be escaped in JSON")),
            ("[1e400]", Err("this number is too large")),
            ("{'a': 1}", Err("expected a key in double quotes")),
        ] {
            let file = File::json(text.into());
            let found = file.documents()[0].root().map(|root| file.node(root).to_json().to_string());
            assert_eq!(found.as_deref().map_err(|error| &*error.message), expected, "{text}");
        }
    }

    /// Runs with the stack that it takes to drop a `serde_json::Value` of 10,000 levels.
    fn with_stack(test: impl FnOnce() + Send + 'static) {
        let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(test);
        thread.expect("a thread").join().expect("no panic");
    }

    #[test]
    fn depth() {
        for (open, close) in [("[", "]"), ("{a: ", "}"), ("- ", "")] {
            for (levels, valid) in [(10_000, true), (10_001, false)] {
                let text = format!("{}1{}\n", open.repeat(levels), close.repeat(levels));
                let file = File::single(text.as_str().into());
                assert_eq!(file.documents()[0].root().is_ok(), valid, "{levels} {open}");
            }
        }
        let json = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        with_stack(move || {
            let file = File::json(json.as_str().into());
            let root = file.node(file.documents()[0].root().expect("valid"));
            let mut out = Vec::new();
            root.write_json(&mut out);
            assert_eq!(out, json.as_bytes());
            assert!(root.to_json().is_array());
        });
        let deep = format!(
            "a: &a {}{}\nb: {}*a{}\n",
            "[".repeat(6000),
            "]".repeat(6000),
            "[".repeat(6000),
            "]".repeat(6000)
        );
        let file = File::single(deep.as_str().into());
        assert!(file.documents()[0].root().is_err(), "deeper than 10,000 through an alias");
    }
}
