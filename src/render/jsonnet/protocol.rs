//! What parent and worker say to each other: frames of a length and that many bytes.

use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};

/// A top-level argument or an external variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Text, or code whose value counts.
    pub value: String,
    /// Whether `value` is code (`code: true` in the Application).
    pub code: bool,
}

/// One evaluation, as the worker gets it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    pub entry: String,
    pub ext_vars: Vec<Variable>,
    pub tlas: Vec<Variable>,
}

/// What the worker says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Said {
    /// It needs a file.
    Import { from: Option<String>, import: String },
    /// The next frame is the JSON.
    Done,
    /// The evaluation failed.
    Failed(Failure),
    /// The engine itself broke; the worker must not be used again.
    Broken(String),
}

/// What the parent answers to [`Said::Import`].
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    /// The next frame is the content.
    Found(String),
    /// There is no such file, or it may not be read.
    Refused(String),
}

/// Why an evaluation failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Failure {
    pub message: String,
    pub frames: Vec<Frame>,
}

/// One line of the trace, innermost first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Frame {
    pub place: Option<Place>,
    pub description: String,
}

/// Half-open byte offsets in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    pub path: String,
    pub start: u32,
    pub end: u32,
}

/// Writes one frame.
pub(super) fn write(output: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
    output.write_all(&length.to_le_bytes())?;
    output.write_all(bytes)
}

/// Writes `message` as one frame.
pub(super) fn write_json(output: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    write(output, &serde_json::to_vec(message)?)
}

/// Reads one frame of at most `limit` bytes; None where the input ends.
///
/// # Errors
/// [`io::ErrorKind::FileTooLarge`] when the frame is longer.
pub(super) fn read(input: &mut impl Read, limit: u32) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    if let Err(error) = input.read_exact(&mut length) {
        return if error.kind() == io::ErrorKind::UnexpectedEof { Ok(None) } else { Err(error) };
    }
    let length = u32::from_le_bytes(length);
    if length > limit {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut bytes = Vec::new();
    input.take(u64::from(length)).read_to_end(&mut bytes)?;
    Ok((bytes.len() == length as usize).then_some(bytes))
}
