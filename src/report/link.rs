//! Places as addresses: of a file in its repository, and of a line where the repository is shown.

use crate::files::Side;
use crate::report::Layout;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stands in the path of an address as it is: RFC 3986's unreserved characters and the slash.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// A path of the tree as a relative address, from the root of the repository around the tree.
pub(super) fn uri(layout: Layout<'_>, path: &str) -> String {
    utf8_percent_encode(&(layout.rooted)(path), PATH).to_string()
}

/// Where people look at a line of a file; None where nobody said where the repository is shown.
///
/// Only the head is shown there.
pub(super) fn page(layout: Layout<'_>, side: Side, path: &str, line: Option<u32>) -> Option<String> {
    let base = layout.links.filter(|_| side == Side::Head)?.trim_end_matches('/');
    let line = line.map(|line| format!("#L{line}")).unwrap_or_default();
    Some(format!("{base}/{}{line}", uri(layout, path)))
}

/// The page of a rule on the site.
pub(super) fn rule(code: &str) -> Option<String> {
    code.starts_with("BH").then(|| format!("{}/rules/{code}.html", env!("CARGO_PKG_HOMEPAGE")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let layout = Layout {
            rooted: &|path| format!("prod/{path}"),
            links: Some("https://git.example/o/r/blob/abc/"),
            ..Layout::default()
        };
        for (path, expected) in [
            ("a/b.yaml", "prod/a/b.yaml"),
            ("a b#c?.yaml", "prod/a%20b%23c%3F.yaml"),
            ("x:y\n\"<ä>).yaml", "prod/x%3Ay%0A%22%3C%C3%A4%3E%29.yaml"),
        ] {
            assert_eq!(uri(layout, path), expected);
            let shown = format!("https://git.example/o/r/blob/abc/{expected}#L3");
            assert_eq!(page(layout, Side::Head, path, Some(3)).as_deref(), Some(&*shown));
        }
        assert_eq!(page(Layout { links: None, ..layout }, Side::Head, "a", None), None);
        assert_eq!(page(layout, Side::Base, "a", None), None);
    }
}
