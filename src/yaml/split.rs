//! How a text falls into documents: `YAMLOrJSONDecoder` and `YAMLReader` of apimachinery 0.36
//! (`pkg/util/yaml/decoder.go`), which look at lines, not at YAML.

use super::file::Reader;
use super::{Error, json_text};
use crate::files::Span;
use memchr::memmem;

/// How much of a text is looked at for a leading `{`.
const PEEK: usize = 4096;

pub(super) fn single(reader: &mut Reader<'_>) {
    let end = reader.text.len();
    reader.yaml(0, 0, end, false);
}

pub(super) fn stream(reader: &mut Reader<'_>) {
    let peeked = &reader.text[..reader.text.floor_char_boundary(PEEK)];
    match peeked.trim_start().starts_with('{') {
        true => json_stream(reader),
        false => yaml_stream(reader, 0),
    }
}

/// JSON values, one behind the other; YAML from where JSON fails, unless two values were read by then.
fn json_stream(reader: &mut Reader<'_>) {
    let text = reader.text;
    let (mut at, mut count) = (0, 0);
    while let Some(start) = json_text::next_value(text, at) {
        let mark = reader.builder.mark();
        match json_text::value(&mut reader.builder, start) {
            Ok((root, span)) => {
                reader.push(span, Ok(root));
                (at, count) = (span.end as usize, count + 1);
            }
            Err(error) => {
                reader.builder.rewind(mark);
                match yaml_start(text, at) {
                    Some(yaml) if count <= 1 => yaml_stream(reader, yaml),
                    _ if count > 1 => {
                        let message = "behind two JSON values only JSON may follow, and this is none".into();
                        reader.push(Span::new(start, text.len()), Err(Error { message, ..error }));
                    }
                    _ => reader.push(Span::new(start, text.len()), Err(error)),
                }
                return;
            }
        }
    }
}

/// Where YAML takes over: behind white space, up to the end of the line. The decoder looks four bytes ahead, and gives
/// up where there are fewer.
fn yaml_start(text: &str, from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let next = text[at..].chars().next()?;
        if text.len() - at < 4 || next == char::REPLACEMENT_CHARACTER {
            return None;
        }
        if !next.is_whitespace() {
            return Some(at);
        }
        at += next.len_utf8();
        if next == '\n' {
            return Some(at);
        }
    }
}

fn yaml_stream(reader: &mut Reader<'_>, from: usize) {
    let text = reader.text;
    let finder = memmem::Finder::new(b"\n---");
    let mut start = from;
    while start < text.len() {
        let mut content = start;
        if text[start..].starts_with("---") {
            content = line_end(text, start);
            if let Some(error) = separator(text, start, content) {
                reader.push(Span::new(start, content), Err(error));
                start = content;
                continue;
            }
        }
        // The first line belongs to the document whatever it is; the next `---` ends it.
        let search = line_end(text, start);
        let from = search.saturating_sub(1).max(start);
        let Some(found) = finder.find(&text.as_bytes()[from..]) else {
            reader.yaml(start, content, text.len(), true);
            return;
        };
        let end = from + found + 1;
        let behind = line_end(text, end);
        match separator(text, end, behind) {
            Some(error) => reader.refused(start, content, behind, error),
            None => {
                reader.yaml(start, content, end, true);
                line_comment(reader, end, behind);
            }
        }
        start = behind;
    }
}

/// Records the comment of a `---` line.
fn line_comment(reader: &mut Reader<'_>, start: usize, end: usize) {
    let line = reader.text[start..end].trim_end_matches(['\n', '\r']);
    if let Some(hash) = line.find('#') {
        reader.builder.comment(start + hash, start + line.len());
    }
}

/// The offset behind the line that `from` is on.
fn line_end(text: &str, from: usize) -> usize {
    memchr::memchr(b'\n', &text.as_bytes()[from..]).map_or(text.len(), |i| from + i + 1)
}

/// What is wrong with a line that starts with `---`.
fn separator(text: &str, start: usize, end: usize) -> Option<Error> {
    let behind = &text[start + 3..end];
    let rest = behind.trim();
    if rest.is_empty() || rest.starts_with('#') {
        return None;
    }
    let from = start + 3 + (behind.len() - behind.trim_start().len());
    Some(Error {
        span: Span::new(from, from + rest.len()),
        message: "only a comment may follow `---` at the start of a line; \
                  the document before this line is lost as well"
            .into(),
    })
}
