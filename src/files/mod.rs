//! Bytes and positions. The only room that touches the disk and runs git.

use std::sync::Arc;

mod span;
mod tree;

pub use span::{Lines, Location, Position, Span};
pub use tree::{Entry, EntryKind, Error, Tree};

/// A path inside a [`Tree`]: relative to its root, separated by `/`, without `.` and `..`; the root is `""`.
pub type Path = Arc<str>;
