//! Workflow commands of GitHub Actions: annotations beside the lines of a pull request.
//!
//! GitHub makes annotations of the first ten commands of a kind in a step, and of the first 4,096 characters of each; so
//! the worst come first, and the tenth says how many more there are. The others follow as plain lines of the log.
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>

use crate::files::Side;
use crate::finding::Severity;
use crate::report::placed::{Placed, Texts, place};
use crate::report::sum::Sum;
use crate::report::text::count;
use crate::report::{Error, Layout, Lint, neutral, told};
use std::io::Write;

/// Annotations of one kind that GitHub shows of a step.
const MOST: usize = 10;
/// Characters of a message that GitHub keeps.
const MESSAGE: usize = 4_096;
/// Characters of a title that are readable.
const TITLE: usize = 200;

/// Writes the findings as commands, then the rest, then a line that sums up.
pub(super) fn lint(lint: &Lint<'_>, layout: Layout<'_>, out: &mut dyn Write) -> Result<(), Error> {
    let placed = place(lint, &mut Texts::default());
    let mut rest: Vec<&Placed<'_>> = Vec::new();
    for severity in [Severity::Error, Severity::Warning, Severity::Note] {
        let of_it: Vec<&Placed<'_>> = placed.iter().filter(|p| p.finding.severity == severity).collect();
        let shown = if of_it.len() > MOST { MOST - 1 } else { of_it.len() };
        for p in &of_it[..shown] {
            writeln!(out, "{}", annotation(layout, p))?;
        }
        if shown < of_it.len() {
            let more = format!("{} more", count(of_it.len() - shown, told::severity(severity)));
            let message = format!("{more}: GitHub shows ten a step; all of them are in the log of this step");
            writeln!(out, "::{} title=billhook::{}", command(severity), data(&message))?;
        }
        rest.extend(&of_it[shown..]);
    }
    for p in rest {
        let f = p.finding;
        let place = told::rooted(layout, &f.location, p.start.map(|start| start.line));
        let line = format!("{}[{}] {place} {}", told::severity(f.severity), f.name, f.message);
        writeln!(out, "{}", neutral::line(&line))?;
    }
    writeln!(out, "billhook: {}", Sum::new(lint, &placed).line())?;
    Ok(())
}

fn command(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    }
}

fn annotation(layout: Layout<'_>, p: &Placed<'_>) -> String {
    let f = p.finding;
    let mut properties = Vec::new();
    let mut add = |name: &str, value: String| properties.push(format!("{name}={}", property(&value)));
    // What only base has stands beside no line of the pull request.
    let is_there = f.location.side == Side::Head && !f.location.path.is_empty();
    if is_there {
        add("file", (layout.rooted)(&f.location.path));
    }
    if let (true, Some(start), Some(end)) = (is_there, p.start, p.end) {
        add("line", start.line.to_string());
        add("endLine", end.line.to_string());
        // Columns are taken only within one line.
        if start.line == end.line {
            add("col", start.column.to_string());
            add("endColumn", end.column.to_string());
        }
    }
    add("title", told::cut(&neutral::line(&format!("{} ({})", f.name, f.code)), TITLE));
    let mut message = told::lines(f);
    if f.location.side == Side::Base {
        message
            .push_str(&format!("\n{}", told::rooted(layout, &f.location, p.start.map(|start| start.line))));
    }
    for label in f.related.iter().filter(|label| label.location.path != f.location.path) {
        let place = told::rooted(layout, &label.location, None);
        message.push_str(&format!("\n{place}: {}", neutral::line(&label.message)));
    }
    format!("::{} {}::{}", command(f.severity), properties.join(","), data(&told::cut(&message, MESSAGE)))
}

/// What stands behind the last `::`, as `ActionCommand.cs` of the runner reads it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property, likewise.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_end_where_they_should() {
        for (text, as_data, as_property) in [
            ("plain", "plain", "plain"),
            ("100%\r\n", "100%25%0D%0A", "100%25%0D%0A"),
            ("a:b,c", "a:b,c", "a%3Ab%2Cc"),
            ("%0A::error::x", "%250A::error::x", "%250A%3A%3Aerror%3A%3Ax"),
        ] {
            assert_eq!((&*data(text), &*property(text)), (as_data, as_property));
        }
    }
}
