//! JUnit XML, as Jenkins and GitLab read it: a suite for every rule that ran, a case for every finding.
//!
//! A finding that fails the run is a failure, another one is skipped, so that the report is red exactly where the run is.
//! A rule without findings is one passed case; what is not known is a suite of skipped cases. Follows `junit-10.xsd` of
//! Jenkins' xUnit plugin, which knows no file and line: they are in the text.

use crate::report::placed::{Placed, Texts, place};
use crate::report::{Error, Layout, Lint, neutral, told};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

/// One case of a suite.
struct Case {
    name: String,
    is: Is,
}

/// How a case went.
enum Is {
    Passed,
    Failed { kind: &'static str, message: String, text: String },
    Skipped { message: String },
}

/// Writes the report as one document.
pub(super) fn lint(lint: &Lint<'_>, layout: Layout<'_>, out: &mut dyn Write) -> Result<(), Error> {
    let placed = place(lint, &mut Texts::default());
    let mut suites: BTreeMap<&str, (&str, Vec<Case>)> =
        lint.rules.iter().map(|rule| (rule.code, (rule.name, Vec::new()))).collect();
    for p in &placed {
        let suite = suites.entry(p.finding.code).or_insert((p.finding.name, Vec::new()));
        suite.1.push(case(lint, layout, p));
    }
    let mut suites: Vec<(&str, Vec<Case>)> = suites.into_values().collect();
    for (name, cases) in &mut suites {
        if cases.is_empty() {
            cases.push(Case { name: (*name).to_owned(), is: Is::Passed });
        }
    }
    if !lint.unknown.is_empty() {
        suites.push(("not-known", lint.unknown.iter().map(not_known).collect()));
    }
    suites.iter_mut().for_each(|(_, cases)| tell_apart(cases));
    let mut writer = Writer::new_with_indent(&mut *out, b' ', 2);
    document(&mut writer, &suites)?;
    Ok(writeln!(out)?)
}

fn case(lint: &Lint<'_>, layout: Layout<'_>, p: &Placed<'_>) -> Case {
    let f = p.finding;
    let path = (layout.rooted)(&f.location.path);
    let message = neutral::line(&f.message).into_owned();
    let place = told::rooted(layout, &f.location, p.start.map(|start| start.line));
    let name = match &*f.location.path {
        "" => message.clone(),
        _ => format!("{}: {message}", neutral::line(&path)),
    };
    if !lint.fails(f.severity) {
        let message = format!("{}: {message} ({place})", told::severity(f.severity));
        return Case { name, is: Is::Skipped { message } };
    }
    let whose = [f.application.as_deref(), f.cluster.as_deref()].into_iter().flatten();
    let whose: Vec<_> = whose.map(neutral::line).collect();
    let mut lines = vec![place, told::lines(f)];
    lines.extend((!whose.is_empty()).then(|| format!("Application: {}", whose.join(" on "))));
    lines.push(told::rule(f));
    lines.retain(|line| !line.is_empty());
    Case { name, is: Is::Failed { kind: told::severity(f.severity), message, text: lines.join("\n") } }
}

fn not_known(one: &crate::report::Unknown<'_>) -> Case {
    let who = one.application.as_deref().or(one.applicationset.as_deref()).unwrap_or("tree");
    let message = neutral::line(&one.problem.message).into_owned();
    Case { name: neutral::line(who).into_owned(), is: Is::Skipped { message } }
}

/// Readers take cases of one name for one case.
fn tell_apart(cases: &mut [Case]) {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut taken: BTreeSet<String> = cases.iter().map(|case| case.name.clone()).collect();
    for case in cases {
        let count = seen.entry(case.name.clone()).or_default();
        *count += 1;
        while *count > 1 {
            let name = format!("{} ({count})", case.name);
            if taken.insert(name.clone()) {
                case.name = name;
                break;
            }
            *count += 1;
        }
    }
}

fn document(writer: &mut Writer<impl Write>, suites: &[(&str, Vec<Case>)]) -> io::Result<()> {
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let all = || suites.iter().flat_map(|(_, cases)| cases);
    let root = element("testsuites", &[("name", "billhook")], Some(&counts(all(), false)));
    writer.write_event(Event::Start(root))?;
    for (name, cases) in suites {
        writer.write_event(Event::Start(element(
            "testsuite",
            &[("name", name)],
            Some(&counts(cases.iter(), true)),
        )))?;
        for case in cases {
            write_case(writer, name, case)?;
        }
        writer.write_event(Event::End(BytesEnd::new("testsuite")))?;
    }
    writer.write_event(Event::End(BytesEnd::new("testsuites")))
}

fn counts<'c>(cases: impl Iterator<Item = &'c Case>, skipped: bool) -> Vec<(&'static str, usize)> {
    let (mut tests, mut failures, mut skips) = (0, 0, 0);
    for case in cases {
        tests += 1;
        match case.is {
            Is::Passed => (),
            Is::Failed { .. } => failures += 1,
            Is::Skipped { .. } => skips += 1,
        }
    }
    let mut counts = vec![("tests", tests), ("failures", failures), ("errors", 0)];
    counts.extend(skipped.then_some(("skipped", skips)));
    counts
}

fn write_case(writer: &mut Writer<impl Write>, suite: &str, case: &Case) -> io::Result<()> {
    let start = element("testcase", &[("name", &case.name), ("classname", suite)], None);
    match &case.is {
        Is::Passed => writer.write_event(Event::Empty(start)),
        Is::Failed { kind, message, text } => {
            writer.write_event(Event::Start(start))?;
            let failure = element("failure", &[("message", message), ("type", kind)], None);
            writer.write_event(Event::Start(failure))?;
            writer.write_event(Event::Text(BytesText::new(&allowed(text))))?;
            writer.write_event(Event::End(BytesEnd::new("failure")))?;
            writer.write_event(Event::End(BytesEnd::new("testcase")))
        }
        Is::Skipped { message } => {
            writer.write_event(Event::Start(start))?;
            writer.write_event(Event::Empty(element("skipped", &[("message", message)], None)))?;
            writer.write_event(Event::End(BytesEnd::new("testcase")))
        }
    }
}

fn element(
    name: &'static str,
    texts: &[(&str, &str)],
    numbers: Option<&[(&'static str, usize)]>,
) -> BytesStart<'static> {
    let mut element = BytesStart::new(name);
    for (key, value) in texts {
        element.push_attribute((*key, &*allowed(value)));
    }
    for (key, number) in numbers.unwrap_or_default() {
        element.push_attribute((*key, number.to_string().as_str()));
    }
    element
}

/// XML has no place for two characters that are no controls, however they are written.
fn allowed(text: &str) -> String {
    text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}
