//! Typed reading of nodes, as Go's JSON decoder reads them.

use crate::files::Span;
use crate::yaml::{Error, File, Node, de};
use serde::de::DeserializeOwned;

/// Reads a node as a `T`; errors where a type is wrong, at the value that has it.
pub fn from_node<T: DeserializeOwned>(node: Node<'_>) -> Result<T, Error> {
    serde_json::from_value(node.to_json()).map_err(|error| match de::from_node::<T>(node) {
        Err(placed) => Error { span: placed.span, message: placed.to_string() },
        Ok(_) => Error { span: node.span(), message: error.to_string() },
    })
}

/// Reads a text of one document as a `T`.
pub(super) fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    let file = File::single(text.into());
    let Some(document) = file.documents().first() else {
        return Err(Error { span: Span::default(), message: "the text is empty".to_owned() });
    };
    from_node(file.node(document.root().map_err(Clone::clone)?))
}
