//! Whether the fast parser and libyaml agree on a text; for tests, fuzzing and benchmarks.

use super::arena::{Builder, Kind, Raw};
use super::libyaml;
use super::slow::Parsed;
use super::{fast, slow};
use std::ops::ControlFlow;

/// How the fast parser did on a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// Both built the same nodes.
    Same,
    /// The fast parser declined what libyaml reads.
    Declined,
    /// The fast parser declined what libyaml refuses.
    Refused,
    /// They differ: a defect.
    Different(String),
}

/// Reads the first document of `text` with both parsers; with `newline` as part of a stream.
pub fn compare(text: &str, newline: bool) -> Agreement {
    let (mut a, mut b) = (Builder::new(text), Builder::new(text));
    let quick = fast::document(&mut a, 0, text.len(), newline);
    let exact = slow::document(&mut b, 0, text.len(), newline);
    match (quick, exact) {
        (None, Ok(_)) => Agreement::Declined,
        (None, Err(_)) => Agreement::Refused,
        (Some(_), Err(problem)) => Agreement::Different(format!("only libyaml refuses: {problem:?}")),
        (Some(quick), Ok(exact)) => {
            difference(&a, quick, &b, exact).map_or(Agreement::Same, Agreement::Different)
        }
    }
}

fn difference(a: &Builder<'_>, quick: Parsed, b: &Builder<'_>, exact: Parsed) -> Option<String> {
    if quick != exact {
        return Some(format!("{quick:?} is {exact:?}"));
    }
    let pairs = a.nodes.iter().zip(&b.nodes);
    let differing = pairs.enumerate().find(|(_, (x, y))| shape(x) != shape(y) || text(a, x) != text(b, y));
    if let Some((index, (x, y))) = differing {
        return Some(format!("node {index}: {x:?} {:?} is {y:?} {:?}", text(a, x), text(b, y)));
    }
    if a.nodes.len() != b.nodes.len() {
        return Some(format!("{} nodes are {}", a.nodes.len(), b.nodes.len()));
    }
    if a.comments != b.comments {
        return Some(format!("comments {:?} are {:?}", a.comments, b.comments));
    }
    if a.props != b.props {
        return Some(format!("properties {:?} are {:?}", a.props, b.props));
    }
    (a.suspect != b.suspect).then(|| format!("suspect {} is {}", a.suspect, b.suspect))
}

/// What must be equal whatever buffer the text is in.
fn shape(raw: &Raw) -> (Kind, u8, u32, u32, u32, u32) {
    let flags = raw.flags & !super::arena::SIDE;
    let at = if raw.kind.is_scalar() { 0 } else { raw.a };
    (raw.kind, flags, raw.start, raw.end, at, raw.b)
}

fn text<'b>(b: &'b Builder<'_>, raw: &Raw) -> &'b str {
    if !raw.kind.is_scalar() {
        return "";
    }
    let range = raw.a as usize..(raw.a + raw.b) as usize;
    if raw.flags & super::arena::SIDE != 0 { &b.side[range] } else { &b.text[range] }
}

/// Runs libyaml over a whole text and counts its events; None if it refuses the text. What the fast parser is measured
/// against.
pub fn libyaml_events(text: &str) -> Option<usize> {
    let mut count = 0;
    let done = libyaml::events(text, |_, _, _| {
        count += 1;
        ControlFlow::<()>::Continue(())
    });
    done.ok().map(|_| count)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts that fuzzing found.
    #[test]
    fn once_different() {
        for (text, expected) in [
            ("---", Agreement::Same),
            ("\"a\\\nb\": 1\n", Agreement::Refused),
            ("a: &x:1\n", Agreement::Declined),
            ("a: &x \u{2028}|-\n  b\n", Agreement::Declined),
            ("a:\t# c\n- b\t\n", Agreement::Same),
            ("a:\n  !t [\n  b]\n", Agreement::Same),
        ] {
            assert_eq!((compare(text, true), compare(text, false)), (expected.clone(), expected), "{text:?}");
        }
    }
}
