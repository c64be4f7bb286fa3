//! Text from a repository must not be able to move the cursor, colour the terminal or reorder what is read.

use std::borrow::Cow;
use std::io::{self, Write};

/// `text` on one line, without characters that act on a terminal or reorder text, and without [`orders`].
///
/// Line breaks and tabs become spaces, other C0 controls their pictures (`␛`), and C1 controls, bidirectional
/// controls and invisible characters `�`; always one character for one, so that columns hold.
pub fn line(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| (0x20..0x7f).contains(&b)) || !text.chars().any(is_hostile) {
        return orders(text);
    }
    let shown: String = text.chars().map(visible).collect();
    Cow::Owned(orders(&shown).into_owned())
}

/// `text` without what the log of a build server takes for an order: `##[add-mask]`, `##vso[task.setvariable …]`,
/// `##teamcity[…]` anywhere in a line, and `::error::` at its beginning, which wrapping may make of any place. One
/// character stands for another.
///
/// Follows `ActionCommand.cs` of GitHub's runner, which reads both of its forms.
pub fn orders(text: &str) -> Cow<'_, str> {
    let Some(first) = text.char_indices().map(|(at, _)| at).find(|&at| order(text, at).is_some()) else {
        return Cow::Borrowed(text);
    };
    let mut shown = text[..first].to_owned();
    shown.extend(text[first..].char_indices().map(|(at, c)| order(text, first + at).unwrap_or(c)));
    Cow::Owned(shown)
}

/// What stands for the character at byte `at`, where that is the second one of an order's mark.
fn order(text: &str, at: usize) -> Option<char> {
    let mark = *text.as_bytes().get(at)?;
    if !matches!(mark, b'#' | b':') || at == 0 || text.as_bytes()[at - 1] != mark {
        return None;
    }
    let rest = &text[at + 1..];
    if mark == b'#' {
        let words = ["[", "vso[", "teamcity["];
        return words.iter().any(|word| rest.starts_with(word)).then_some('♯');
    }
    let name = rest.bytes().take_while(|b| b.is_ascii_alphabetic() || *b == b'-').count();
    let behind = &rest[name..];
    let is_order = name > 0 && (behind.starts_with("::") || behind.starts_with(' ') && behind.contains("::"));
    is_order.then_some('∶')
}

/// What stands for `c` where it is shown.
pub fn visible(c: char) -> char {
    match c {
        '\t' | '\n' | '\r' => ' ',
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(' '),
        '\u{7f}' => '\u{2421}',
        _ if is_hostile(c) => '\u{fffd}',
        _ => c,
    }
}

/// Controls (C0, DEL, C1), bidirectional controls, line separators, and characters nobody sees.
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Passes JSON through and writes hostile characters, and the second one of an [order](orders), as `\u`
/// escapes: the same document, harmless to look at.
///
/// A JSON text holds characters beyond ASCII only inside strings, so the filter need not know where it is. Each
/// call must end at a character boundary, as those of `serde_json` do; other bytes pass unchanged.
pub struct EscapeJson<W>(pub W);

impl<W: Write> Write for EscapeJson<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.write_all(buf)?;
        Ok(buf.len())
    }

    fn write_all(&mut self, buf: &[u8]) -> io::Result<()> {
        let has = |mark: &[u8]| memchr::memmem::find(buf, mark).is_some();
        if buf.is_ascii() && !has(b"\x7f") && !has(b"##") {
            return self.0.write_all(buf);
        }
        let Ok(text) = std::str::from_utf8(buf) else {
            return self.0.write_all(buf);
        };
        let mut written = 0;
        for (at, c) in text.char_indices() {
            if c >= '\u{7f}' && is_hostile(c) || c == '#' && order(text, at).is_some() {
                self.0.write_all(&text.as_bytes()[written..at])?;
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(self.0, "\\u{unit:04x}")?;
                }
                written = at + c.len_utf8();
            }
        }
        self.0.write_all(&text.as_bytes()[written..])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_hold_no_control_characters() {
        for (text, expected) in [
            ("plain", "plain"),
            ("äöü ← 漢字", "äöü ← 漢字"),
            ("a\nb\tc\r", "a b c "),
            ("\x1b[31mred", "␛[31mred"),
            ("\u{9b}31m\u{7f}", "�31m␡"),
            ("user\u{202e}gnp.exe\u{2066}", "user�gnp.exe�"),
            ("zero\u{200b}width", "zero�width"),
            (
                "a ##[add-mask]b ##vso[x] ##teamcity[y] # ## [z",
                "a #♯[add-mask]b #♯vso[x] #♯teamcity[y] # ## [z",
            ),
            ("x\n::error file=a::b ::set-output::c", "x :∶error file=a:∶b :∶set-output::c"),
            ("arn:aws:s3:::bucket", "arn:aws:s3:::bucket"),
            ("::1 and std::string", "::1 and std::string"),
        ] {
            assert_eq!(line(text), expected, "{text:?}");
        }
    }

    #[test]
    fn escaped_json_is_the_same_document() {
        let value = serde_json::json!({"a\u{202e}": "\u{1b}[0m\u{9b}\u{e0041} ü \u{7f}##[x]"});
        let mut out = Vec::new();
        serde_json::to_writer(EscapeJson(&mut out), &value).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, r##"{"a\u202e":"\u001b[0m\u009b\udb40\udc41 ü \u007f#\u0023[x]"}"##);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
