//! One document through libyaml: exact, and the reader of everything that [`super::fast`] declines.

use super::arena::{Builder, FLOW, Kind, Properties};
use super::libyaml::{self, Event, Problem, ScalarStyle};
use super::{base64, quoted, words};
use std::borrow::Cow;
use std::ops::ControlFlow;

/// Nesting beyond this is refused by Go's JSON decoder, and by go-yaml's scanner.
pub(super) const MAX_DEPTH: usize = 10_000;

/// The line breaks of YAML 1.1.
const LINE_BREAKS: [char; 5] = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];

/// How many colons [`Chunk::patch`] may take over from go-yaml before the text is given up.
const MAX_PATCHES: usize = 16;

const UNKNOWN_ESCAPE: &str = "found unknown escape character";

/// Where a document ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parsed {
    /// Its root; None where there was no document at all.
    pub(super) root: Option<u32>,
    /// What stands from here on does not belong to the document.
    pub(super) end: usize,
}

/// Reads the first YAML document of `text[start..end]`. With `newline`, the end counts as the end of a line.
pub(super) fn document(
    b: &mut Builder<'_>,
    start: usize,
    end: usize,
    newline: bool,
) -> Result<Parsed, Problem> {
    let text = b.text;
    let mut chunk = Chunk::new(&text[start..end], start, newline);
    loop {
        let mark = b.mark();
        match read(b, &chunk) {
            Err(problem) if chunk.patch(&problem) => b.rewind(mark),
            Err(problem) => {
                // libyaml's reader counts the byte order mark, its scanner does not.
                let base = if problem.character.is_some() { start } else { chunk.base };
                return Err(Problem { offset: base + problem.offset, ..problem });
            }
            Ok(parsed) => {
                let parsed = empty_first_key(b, parsed);
                let nodes = parsed.root.unwrap_or(b.nodes.len() as u32);
                comments(b, nodes as usize, start, parsed.end);
                return Ok(parsed);
            }
        }
    }
}

/// The text that libyaml gets, which is not always the text of the file.
struct Chunk<'t> {
    text: Cow<'t, str>,
    /// Offset in the file of libyaml's first byte.
    base: usize,
    /// Length of the byte order mark, which libyaml does not count.
    bom: usize,
    /// End of the document's text in the file.
    end: usize,
    patched: Vec<usize>,
    /// What stands for byte order marks inside: text for go-yaml, while libyaml skips them at the start of a line.
    mark: Option<char>,
}

impl<'t> Chunk<'t> {
    fn new(text: &'t str, start: usize, newline: bool) -> Self {
        let bom = if text.starts_with('\u{feff}') { 3 } else { 0 };
        let end = start + text.len();
        let mut chunk =
            Self { text: Cow::Borrowed(text), base: start + bom, bom, end, patched: Vec::new(), mark: None };
        if newline && !text.ends_with('\n') {
            chunk.text.to_mut().push('\n');
        }
        if text[bom..].contains('\u{feff}') {
            let mark = ('\u{e000}'..='\u{f8ff}').find(|mark| !text.contains(*mark)).unwrap_or('\u{e000}');
            let inside = chunk.text[bom..].replace('\u{feff}', mark.encode_utf8(&mut [0; 4]));
            chunk.text.to_mut().replace_range(bom.., &inside);
            chunk.mark = Some(mark);
        }
        chunk
    }

    /// Text from libyaml with the byte order marks that it never saw.
    fn marks_back<'v>(&self, value: &'v str) -> Cow<'v, str> {
        match self.mark {
            Some(mark) => Cow::Owned(value.replace(mark, "\u{feff}")),
            None => Cow::Borrowed(value),
        }
    }

    fn slice(&self, start: usize, end: usize) -> &str {
        self.text.get(start + self.bom..end + self.bom).unwrap_or("")
    }

    /// Where go-yaml, made from an older libyaml, takes a character for text and libyaml does not: in flow collections a
    /// colon before `,?[]{}` in a plain scalar, and `,[]` behind a tag; in double quotes `\'`. Puts a character in its
    /// place that both take; the text of the scalar still comes from the file.
    fn patch(&mut self, problem: &Problem) -> bool {
        let (offset, characters, by): (usize, &[u8], &str) = match &*problem.problem {
            "found unexpected ':'" => (problem.offset, b":", "x"),
            words::TAG_IN_FLOW | "did not find expected whitespace or line break" => {
                (problem.offset, b",[]", "x")
            }
            UNKNOWN_ESCAPE => (problem.offset + 1, b"'", "\""),
            _ => return false,
        };
        let at = offset + self.bom;
        if self.patched.len() >= MAX_PATCHES
            || !self.text.as_bytes().get(at).is_some_and(|b| characters.contains(b))
        {
            return false;
        }
        self.text.to_mut().replace_range(at..=at, by);
        self.patched.push(offset);
        true
    }

    /// Where the properties of a node that starts here end with a tag and a comma, which go-yaml takes for one tag.
    fn comma_behind_tag(&self, start: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let mut at = start + self.bom;
        while let Some(first @ (b'&' | b'!')) = bytes.get(at) {
            let verbatim = bytes.get(at + 1) == Some(&b'<');
            let ends = |b: &u8| {
                matches!(b, b' ' | b'\t' | b'\n' | b'\r') || *first == b'!' && !verbatim && *b == b','
            };
            at += bytes[at..].iter().position(ends)?;
            if bytes[at] == b',' {
                return Some(at - self.bom);
            }
            at += bytes[at..].iter().position(|b| !matches!(b, b' ' | b'\t' | b'\n' | b'\r'))?;
        }
        None
    }

    fn is_patched(&self, start: usize, end: usize) -> bool {
        self.patched.iter().any(|&at| start <= at && at < end)
    }
}

fn read(b: &mut Builder<'_>, chunk: &Chunk<'_>) -> Result<Parsed, Problem> {
    let first = b.nodes.len() as u32;
    let done = libyaml::events(&chunk.text, |event, start, end| {
        let (from, to) = ((chunk.base + start).min(chunk.end), (chunk.base + end).min(chunk.end));
        let fail = |problem: &str| ControlFlow::Break(Err(problem_at(problem, start)));
        match event {
            Event::DocumentStart(Some(minor)) if minor != 1 => return fail(words::INCOMPATIBLE_VERSION),
            Event::DocumentStart(_) => (),
            Event::DocumentEnd => {
                let explicit = chunk.slice(start, end) == "...";
                return ControlFlow::Break(Ok(if explicit { to } else { from.min(chunk.end) }));
            }
            Event::Scalar { .. } => {
                if let Err(problem) = scalar(b, chunk, event, start, end) {
                    return ControlFlow::Break(Err(problem));
                }
            }
            Event::Start { anchor, tag, map, flow } => {
                if b.depth() >= MAX_DEPTH {
                    return fail(words::TOO_DEEP);
                }
                if b.in_flow()
                    && let Some(comma) = chunk.comma_behind_tag(start)
                {
                    return ControlFlow::Break(Err(problem_at(words::TAG_IN_FLOW, comma)));
                }
                b.suspect |= b.at_key(); // a collection as a key
                let tag = tag.map(short_tag);
                let properties = Properties { start: from as u32, anchor, tag: tag.as_deref() };
                let (flags, from) = match properties.any() {
                    true => (b.properties(properties), behind_properties(b.text, from, chunk.end)),
                    false => (0, from),
                };
                let flags = if flow { flags | FLOW } else { flags };
                b.open(if map { Kind::Map } else { Kind::Seq }, flags, from);
            }
            Event::MapEnd | Event::SeqEnd if b.in_flow() => b.close(to),
            Event::MapEnd | Event::SeqEnd => b.close_block(),
            Event::Alias(name) => {
                if !b.alias(name, from, to) {
                    return fail(words::UNKNOWN_ANCHOR);
                }
            }
        }
        ControlFlow::Continue(())
    })?;
    match done {
        Some(Ok(end)) => Ok(Parsed { root: Some(first), end }),
        Some(Err(problem)) => Err(problem),
        None => Ok(Parsed { root: None, end: chunk.end }),
    }
}

/// For go-yaml, `[]: x` at the start of a document is the document `[]`, and it never gets to the rest.
fn empty_first_key(b: &mut Builder<'_>, parsed: Parsed) -> Parsed {
    let first = parsed.root.map(|root| (root + 1, b.nodes.get(root as usize..).unwrap_or_default()));
    match first {
        Some((key, [map, first, ..]))
            if map.kind == Kind::Map
                && map.flags & FLOW == 0
                && matches!(first.kind, Kind::Map | Kind::Seq)
                && first.b == 0 =>
        {
            let end = first.end as usize;
            b.nodes.truncate(key as usize + 1);
            b.props.retain(|props| props.node <= key);
            Parsed { root: Some(key), end }
        }
        _ => parsed,
    }
}

fn problem_at(problem: &str, offset: usize) -> Problem {
    Problem { problem: problem.into(), context: String::new(), offset, character: None }
}

fn scalar(
    b: &mut Builder<'_>,
    chunk: &Chunk<'_>,
    event: Event<'_>,
    start: usize,
    end: usize,
) -> Result<(), Problem> {
    let Event::Scalar { anchor, tag, value, style, implicit } = event else { return Ok(()) };
    let kind = match style {
        ScalarStyle::Plain => Kind::Plain,
        ScalarStyle::Single => Kind::Single,
        ScalarStyle::Double => Kind::Double,
        ScalarStyle::Literal => Kind::Literal,
        ScalarStyle::Folded => Kind::Folded,
    };
    if b.in_flow()
        && let Some(comma) = chunk.comma_behind_tag(start)
    {
        return Err(problem_at(words::TAG_IN_FLOW, comma));
    }
    let tag = tag.map(short_tag);
    let (mut from, to) = ((chunk.base + start).min(chunk.end), (chunk.base + end).min(chunk.end));
    let mut flags = 0;
    let properties = Properties { start: from as u32, anchor, tag: tag.as_deref() };
    if properties.any() {
        let behind = behind_properties(b.text, from, chunk.end);
        from = if kind == Kind::Plain && value.is_empty() { to } else { behind.min(to) };
    }
    if kind == Kind::Plain && b.in_flow() && chunk.slice(from - chunk.base, end).contains('?') {
        return Err(problem_at(words::QUESTION_IN_FLOW, start));
    }
    if implicit || tag.is_some() {
        let key = b.at_key();
        b.note_plain(value, key);
    }
    if properties.any() {
        flags |= b.properties(properties);
    }
    if tag.as_deref() == Some("!!binary") {
        let Some(text) = base64::decode(value) else { return Err(problem_at(words::BAD_BASE64, start)) };
        let side = b.side.len();
        b.side.push_str(&text);
        b.side_scalar(kind, flags, (from, to), side);
        return Ok(());
    }
    let (inner, span) = match kind {
        Kind::Single | Kind::Double => ((from + 1, to.saturating_sub(1)), (from, to)),
        Kind::Literal | Kind::Folded => ((from, from), block_span(b.text, from, to)),
        Kind::Plain | Kind::Map | Kind::Seq | Kind::Alias => ((from, to), (from, to)),
    };
    let verbatim = inner.0 <= inner.1
        && inner.0 >= chunk.base
        && chunk.slice(inner.0 - chunk.base, inner.1 - chunk.base) == value;
    if verbatim {
        b.scalar(kind, flags, span, inner);
        return Ok(());
    }
    let side = b.side.len();
    let raw = b.text.get(inner.0..inner.1).unwrap_or("");
    if kind == Kind::Double && has_solidus_escape(raw) {
        return Err(problem_at(UNKNOWN_ESCAPE, start));
    }
    if chunk.is_patched(start, end) {
        quoted::unfold(raw, kind, &mut b.side).ok_or_else(|| problem_at(UNKNOWN_ESCAPE, start))?;
    } else {
        b.side.push_str(&chunk.marks_back(value));
    }
    b.side_scalar(kind, flags, span, side);
    Ok(())
}

/// Whether text in double quotes holds `\/`, which go-yaml does not know.
fn has_solidus_escape(raw: &str) -> bool {
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'\\' && bytes.next() == Some(b'/') {
            return true;
        }
    }
    false
}

fn short_tag(tag: &str) -> Cow<'_, str> {
    match tag.strip_prefix("tag:yaml.org,2002:") {
        Some(name) => Cow::Owned(format!("!!{name}")),
        None => Cow::Borrowed(tag),
    }
}

/// Where the content starts of a node whose anchor or tag starts at `from`.
fn behind_properties(text: &str, from: usize, end: usize) -> usize {
    let is_blank = |c: char| matches!(c, ' ' | '\t') || LINE_BREAKS.contains(&c);
    let mut at = from;
    loop {
        let rest = text[at..end].trim_start_matches(is_blank);
        at = end - rest.len();
        let length = match rest.as_bytes().first() {
            Some(b'#') => rest.find(LINE_BREAKS),
            Some(b'&') => {
                rest[1..].find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-')).map(|i| i + 1)
            }
            Some(b'!') => rest.find(is_blank),
            Some(_) | None => return at,
        };
        at = length.map_or(end, |length| at + length);
    }
}

/// The span of a block scalar from its indicator to the end of its last line with content.
pub(super) fn block_span(text: &str, start: usize, end: usize) -> (usize, usize) {
    let bytes = text.as_bytes();
    let header_end = memchr::memchr2(b'\n', b'\r', &bytes[start..end]).map_or(end, |i| start + i);
    let mut last = end;
    while last > header_end && matches!(bytes[last - 1], b' ' | b'\t' | b'\n' | b'\r') {
        last -= 1;
    }
    if last > header_end {
        return (start, last);
    }
    (start, indicators_end(text, start))
}

/// Where the indicators of a block scalar's header end, as in `|2-`.
fn indicators_end(text: &str, start: usize) -> usize {
    let indicators =
        text.as_bytes()[start + 1..].iter().take_while(|b| matches!(b, b'+' | b'-' | b'0'..=b'9'));
    start + 1 + indicators.count()
}

/// Where the line of `from` ends.
fn line_end(text: &str, from: usize, end: usize) -> usize {
    let line = &text[from..end];
    line.find(LINE_BREAKS).map_or(end, |i| from + i)
}

/// Records the comments of a document: what starts with `#` outside of its scalars.
fn comments(b: &mut Builder<'_>, first: usize, start: usize, end: usize) {
    let mut at = start;
    for i in first..b.nodes.len() {
        let node = b.nodes[i];
        match node.kind {
            Kind::Map | Kind::Seq => continue,
            Kind::Literal | Kind::Folded => {
                between(b, at, node.start as usize);
                let header = indicators_end(b.text, node.start as usize);
                let line = line_end(b.text, header, end);
                between(b, header, line);
                at = line.max(node.end as usize);
            }
            Kind::Plain | Kind::Single | Kind::Double | Kind::Alias => {
                between(b, at, node.start as usize);
                at = at.max(node.end as usize);
            }
        }
    }
    between(b, at, end);
}

fn between(b: &mut Builder<'_>, from: usize, to: usize) {
    let mut at = from;
    while at < to
        && let Some(hash) = memchr::memchr(b'#', &b.text.as_bytes()[at..to])
    {
        let start = at + hash;
        at = line_end(b.text, start, to);
        b.comment(start, at);
    }
}
