//! The text of scalars in quotes: escapes, and lines folded into one.

use super::arena::Kind;

/// What stands between two quotes, or a plain scalar.
#[derive(Clone, Copy)]
struct Body<'t> {
    text: &'t str,
    kind: Kind,
}

/// Appends the text of a scalar to `out`, given what stands between its quotes; a plain scalar is only folded. None for
/// an escape that go-yaml refuses (it knows `\'`, and not `\/`), a tab that indents, or a document marker.
pub(super) fn unfold(text: &str, kind: Kind, out: &mut String) -> Option<()> {
    let body = Body { text, kind };
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let run = bytes[at..].iter().position(|&b| body.is_special(b)).unwrap_or(bytes.len() - at);
        out.push_str(&text[at..at + run]);
        at += run;
        at = match bytes.get(at) {
            None => at,
            Some(b'\'') => {
                out.push('\'');
                at + 2
            }
            Some(b'\\') if matches!(bytes.get(at + 1), Some(b'\n' | b'\r')) => {
                body.lines(at + 1, true, out)?
            }
            Some(b'\\') => body.escape(at + 1, out)?,
            Some(b'\n' | b'\r') => body.lines(at, false, out)?,
            Some(_) => body.blanks(at, out),
        };
    }
    Some(())
}

impl Body<'_> {
    fn is_special(self, byte: u8) -> bool {
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => true,
            b'\\' => self.kind == Kind::Double,
            b'\'' => self.kind == Kind::Single,
            _ => false,
        }
    }

    /// Keeps blanks, unless they end a line.
    fn blanks(self, from: usize, out: &mut String) -> usize {
        let count = self.text.as_bytes()[from..].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        let end = from + count;
        if !matches!(self.text.as_bytes().get(end), Some(b'\n' | b'\r')) {
            out.push_str(&self.text[from..end]);
        }
        end
    }

    /// Folds line breaks: one is a blank, unless it is escaped, more are one less. Gives the next character.
    fn lines(self, from: usize, escaped: bool, out: &mut String) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let (mut at, mut breaks) = (from, 0);
        loop {
            at += if bytes[at..].starts_with(b"\r\n") { 2 } else { 1 };
            breaks += 1;
            if is_marker(&bytes[at..]) {
                return None;
            }
            at += bytes[at..].iter().take_while(|&&b| b == b' ').count();
            match bytes.get(at) {
                Some(b'\n' | b'\r') => continue,
                Some(b'\t') => return None,
                Some(_) | None => break,
            }
        }
        match breaks {
            1 if escaped => (),
            1 => out.push(' '),
            _ => out.extend(std::iter::repeat_n('\n', breaks - 1)),
        }
        Some(at)
    }

    /// The escape whose letter is at `at`.
    fn escape(self, at: usize, out: &mut String) -> Option<usize> {
        let digits = match self.text.as_bytes().get(at)? {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            letter => {
                out.push(simple(*letter)?);
                return Some(at + 1);
            }
        };
        let hex = self.text.get(at + 1..at + 1 + digits)?;
        if !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        out.push(char::from_u32(u32::from_str_radix(hex, 16).ok()?)?);
        Some(at + 1 + digits)
    }
}

fn simple(letter: u8) -> Option<char> {
    Some(match letter {
        b'n' => '\n',
        b'"' => '"',
        b'\\' => '\\',
        b't' | b'\t' => '\t',
        b'r' => '\r',
        b' ' => ' ',
        b'\'' => '\'',
        b'0' => '\0',
        b'a' => '\x07',
        b'b' => '\x08',
        b'e' => '\x1b',
        b'f' => '\x0c',
        b'v' => '\x0b',
        b'N' => '\u{85}',
        b'_' => '\u{a0}',
        b'L' => '\u{2028}',
        b'P' => '\u{2029}',
        _ => return None,
    })
}

/// Whether a line starts with `---` or `...` and ends a document thereby.
pub(super) fn is_marker(line: &[u8]) -> bool {
    matches!(line, [b'-', b'-', b'-', ..] | [b'.', b'.', b'.', ..])
        && matches!(line.get(3), None | Some(b' ' | b'\t' | b'\n' | b'\r'))
}
