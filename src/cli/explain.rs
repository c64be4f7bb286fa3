//! `billhook explain`.

use super::args::{Args, Explain};
use super::error::Error;
use super::exit::Exit;
use super::output;
use crate::finding::Severity;
use crate::report::{self, Listing};
use crate::rules::{self, Page};
use serde::Serialize;
use std::io::Write;

/// Prints a page, or the list of rules.
pub fn run(args: &Args, explain: &Explain) -> Result<Exit, Error> {
    let one = match &explain.rule {
        None => None,
        Some(name) => Some(rules::find(name).ok_or_else(|| {
            Error::usage(rules::names().unknown(name), "`billhook explain` lists the rules")
        })?),
    };
    let pages: Vec<&Page> = one.map_or_else(|| rules::pages().collect(), |page| vec![page]);
    let shown = str::to_owned;
    let layout = output::layout(&args.global, false, &shown);
    output::write_all(&args.reports, args.global.color, layout, |format, layout, out| {
        let listing = Listing::try_from(format)?;
        match (listing, one) {
            (Listing::Text, Some(page)) => report::page(page, layout, out),
            (Listing::Text, None) => report::pages(&pages, out),
            (Listing::Json, Some(page)) => line(page, out),
            (Listing::Json, None) => {
                let all: Vec<Line<'_>> = pages.iter().map(|page| Line::of(page)).collect();
                serde_json::to_writer_pretty(&mut *out, &all)?;
                Ok(writeln!(out)?)
            }
            (Listing::Ndjson, _) => pages.iter().try_for_each(|page| line(page, out)),
            (Listing::Yaml, _) => pages.iter().try_for_each(|page| {
                writeln!(out, "---")?;
                Ok(report::document(&serde_json::to_value(Line::of(page))?, out)?)
            }),
        }
    })?;
    Ok(Exit::Fine)
}

/// A rule for machines.
#[derive(Serialize)]
struct Line<'a> {
    code: &'a str,
    name: &'a str,
    severity: Severity,
    since: &'a str,
    summary: &'a str,
    page: &'a str,
}

impl<'a> Line<'a> {
    fn of(page: &'a Page) -> Self {
        let Page { code, name, severity, since, summary, body, .. } = page;
        Self { code, name, severity: *severity, since, summary, page: body }
    }
}

fn line(page: &Page, out: &mut dyn Write) -> Result<(), report::Error> {
    serde_json::to_writer(&mut *out, &Line::of(page))?;
    Ok(writeln!(out)?)
}
