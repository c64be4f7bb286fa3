//! Changes of files as a patch.

use super::{Error, neutral};
use crate::files::Change;
use anstyle::{AnsiColor, Style};
use similar::{Algorithm, ChangeTag, TextDiff};
use std::borrow::Cow;
use std::io::Write;

const HEAD: Style = Style::new().bold();
const HUNK: Style = AnsiColor::Cyan.on_default();
const GONE: Style = AnsiColor::Red.on_default();
const NEW: Style = AnsiColor::Green.on_default();

/// Unchanged lines around a change, as `git diff` has them.
const CONTEXT: usize = 3;

/// How a patch looks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Paint {
    /// With ANSI styles.
    pub styled: bool,
    /// Without characters that act on a terminal; then it is to be looked at, and does not apply where it held some.
    pub neutral: bool,
}

/// Writes changes as a patch that `git apply` and `patch -p1` take; `shown` says how a path of the tree is written.
pub fn patch(
    changes: &[Change<'_>],
    shown: &dyn Fn(&str) -> String,
    paint: Paint,
    out: &mut dyn Write,
) -> Result<(), Error> {
    for change in changes {
        let path = shown(change.path);
        paint.line(HEAD, "", &format!("--- {}\n", name("a", &path)), out)?;
        paint.line(HEAD, "", &format!("+++ {}\n", name("b", &path)), out)?;
        let (before, after) = (lines(&change.before), lines(change.after));
        let (before, after): (Vec<&str>, Vec<&str>) =
            (before.iter().map(|line| &**line).collect(), after.iter().map(|line| &**line).collect());
        let diff = TextDiff::configure().algorithm(Algorithm::Patience).diff_slices(&before, &after);
        for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
            paint.line(HUNK, "", &format!("{}\n", hunk.header()), out)?;
            for change in hunk.iter_changes() {
                let (style, sign) = match change.tag() {
                    ChangeTag::Equal => (Style::new(), " "),
                    ChangeTag::Delete => (GONE, "-"),
                    ChangeTag::Insert => (NEW, "+"),
                };
                paint.line(style, sign, change.value(), out)?;
            }
        }
    }
    Ok(())
}

/// Only a line feed ends a line, as for git.
fn lines(bytes: &[u8]) -> Vec<Cow<'_, str>> {
    bytes.split_inclusive(|byte| *byte == b'\n').map(String::from_utf8_lossy).collect()
}

/// A path as git writes it: in quotes where it holds quotes or control characters, with a tab behind it where it holds blanks.
fn name(side: &str, path: &str) -> String {
    let special = |c: char| c.is_ascii_control() || matches!(c, '"' | '\\');
    if path.contains(special) {
        let escaped = path.chars().map(|c| match c {
            '"' | '\\' => format!("\\{c}"),
            c if special(c) => format!("\\{:03o}", u32::from(c)),
            c => c.to_string(),
        });
        return format!("\"{side}/{}\"", escaped.collect::<String>());
    }
    let tab = if path.contains(' ') { "\t" } else { "" };
    format!("{side}/{path}{tab}")
}

impl Paint {
    fn line(self, style: Style, sign: &str, line: &str, out: &mut dyn Write) -> Result<(), Error> {
        let style = if self.styled { style } else { Style::new() };
        let (text, end) =
            line.strip_suffix('\n').map_or((line, "\n\\ No newline at end of file\n"), |text| (text, "\n"));
        let text = if self.neutral { neutral::line(text) } else { Cow::Borrowed(text) };
        Ok(write!(out, "{style}{sign}{text}{style:#}{end}")?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Path;
    use std::sync::Arc;

    fn written(path: &str, before: &str, after: &str, paint: Paint) -> String {
        let path = Path::from(path);
        let after: Arc<[u8]> = after.as_bytes().into();
        let change = Change { path: &path, before: before.as_bytes().into(), after: &after };
        let mut out = Vec::new();
        patch(&[change], &str::to_owned, paint, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn patches() {
        for (path, before, after, expected) in [
            ("x", "a\nb\nc\n", "a\nB\nc\n", "--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n"),
            ("x y", "a\r\n", "a\r\nb\r\n", "--- a/x y\t\n+++ b/x y\t\n@@ -1 +1,2 @@\n a\r\n+b\r\n"),
            (
                "x\"\u{1b}",
                "a\rb",
                "a\rb\n",
                "--- \"a/x\\\"\\033\"\n+++ \"b/x\\\"\\033\"\n@@ -1 +1 @@\n-a\rb\n\\ No newline at end of file\n+a\rb\n",
            ),
        ] {
            assert_eq!(written(path, before, after, Paint::default()), expected, "{path}");
        }
    }

    #[test]
    fn a_terminal_is_safe() {
        let paint = Paint { styled: true, neutral: true };
        let text = written("x", "a\n", "\u{1b}[2J\n", paint);
        assert!(
            text.ends_with("@@ -1 +1 @@\u{1b}[0m\n\u{1b}[31m-a\u{1b}[0m\n\u{1b}[32m+␛[2J\u{1b}[0m\n"),
            "{text:?}"
        );
    }
}
