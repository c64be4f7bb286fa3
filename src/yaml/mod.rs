//! YAML and JSON as Kubernetes reads them: text to an arena of nodes with spans, styles and comments.
//!
//! [`decode`] makes text of bytes, [`File`] makes documents of text: [`File::stream`] for manifests, [`File::single`]
//! for value files, [`File::json`] for JSON. A [`Node`] is a cursor in a file; its [`Value`] is what Kubernetes sees,
//! its [`Style`] and [`Span`](crate::files::Span) are what the author wrote.
//!
//! Two speeds: a parser of our own for what manifests look like (`fast`), which either agrees with libyaml or
//! declines, and libyaml behind it (`slow`), of which go-yaml, the reader in Kubernetes and Argo CD, is a translation.

use crate::files::Span;

#[doc(hidden)]
pub mod agreement;
mod arena;
mod base64;
mod changes;
mod check;
pub mod de;
mod decode;
pub mod edit;
mod effective;
mod fast;
mod file;
mod json;
mod json_text;
mod libyaml;
mod node;
mod quoted;
mod slow;
mod split;
mod typing;
mod words;
mod write;

pub use decode::{Decoded, decode, decode_text};
pub use effective::{Entries, Written};
pub use file::{Document, File, NodeId};
pub use node::{Entry, Items, Node, Style, Value};
pub use words::nearest;

/// Why Kubernetes refuses a document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// Where it stopped.
    pub span: Span,
    /// What is wrong: a fragment, no full stop.
    pub message: String,
}
