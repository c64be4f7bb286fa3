//! Pages of rules for a terminal: the little Markdown that they are written in, wrapped and with styles.

use super::excerpt::{BOLD, DIM, wrap};
use super::{Error, Layout, align};
use crate::finding::Severity;
use crate::rules::{Family, Page};
use anstyle::{AnsiColor, Style};
use std::io::Write;

/// Names, fields, commands.
const CODE: Style = AnsiColor::Cyan.on_default();
/// Where an example goes wrong.
const MARK: Style = AnsiColor::Yellow.on_default();

/// Writes one page.
pub fn page(page: &Page, layout: Layout<'_>, out: &mut dyn Write) -> Result<(), Error> {
    let Page { code, name, since, .. } = page;
    let severity = word(page.severity);
    let off = if page.off { ", off unless the configuration gives it a severity" } else { "" };
    writeln!(out, "{BOLD}{code} {name}{BOLD:#}  {DIM}{severity}, since {since}{off}{DIM:#}\n")?;
    for block in blocks(page.body) {
        match block {
            Block::Heading(text) => writeln!(out, "{BOLD}{text}{BOLD:#}")?,
            Block::Text(text) => {
                lines(&text, layout.width, "", "", out)?;
                writeln!(out)?;
            }
            Block::List(items) => {
                items.iter().try_for_each(|item| lines(item, layout.width, "- ", "  ", out))?;
                writeln!(out)?;
            }
            Block::Example { path, text } => example(path, &text, out)?,
        }
    }
    Ok(writeln!(out, "{DIM}{}{DIM:#}", page.address())?)
}

/// Writes the list of rules, each family under its heading.
pub fn pages(pages: &[&Page], out: &mut dyn Write) -> Result<(), Error> {
    let row = |page: &&Page| {
        let severity = if page.off { "off" } else { word(page.severity) };
        vec![page.code.to_owned(), severity.to_owned(), page.name.to_owned()]
    };
    let mut lines = align(pages.iter().map(row).collect()).into_iter();
    let mut last: Option<Family> = None;
    for (page, line) in pages.iter().zip(&mut lines) {
        let family = page.family();
        if last != Some(family) {
            let blank = if last.is_some() { "\n" } else { "" };
            writeln!(out, "{blank}{BOLD}{}xx {}{BOLD:#}", family.prefix, family.title)?;
            last = Some(family);
        }
        writeln!(out, "{line}")?;
    }
    let more = "billhook explain RULE says why it matters, what to do, and what it cannot see";
    Ok(writeln!(out, "\n{DIM}{more}{DIM:#}")?)
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// What a page is made of.
#[derive(Debug, PartialEq, Eq)]
enum Block<'p> {
    Heading(&'p str),
    Text(String),
    List(Vec<String>),
    Example { path: Option<&'p str>, text: String },
}

fn blocks(body: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut lines = body.lines();
    while let Some(line) = lines.next() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        if ticks >= 3 {
            let closing =
                |line: &&str| !(line.starts_with(&line_of(ticks)) && line.trim_matches('`').is_empty());
            let text: String = lines.by_ref().take_while(closing).map(|line| format!("{line}\n")).collect();
            blocks.push(Block::Example { path: line[ticks..].split_whitespace().nth(1), text });
        } else if let Some(heading) = line.strip_prefix("## ") {
            blocks.push(Block::Heading(heading));
        } else if let Some(item) = line.strip_prefix("- ") {
            match blocks.last_mut() {
                Some(Block::List(items)) => items.push(item.to_owned()),
                _ => blocks.push(Block::List(vec![item.to_owned()])),
            }
        } else if line.is_empty() {
            blocks.push(Block::Text(String::new()));
        } else {
            match blocks.last_mut() {
                Some(Block::List(items)) => {
                    if let Some(item) = items.last_mut() {
                        *item = format!("{item} {}", line.trim());
                    }
                }
                Some(Block::Text(text)) if text.is_empty() => line.clone_into(text),
                Some(Block::Text(text)) => *text = format!("{text} {line}"),
                _ => blocks.push(Block::Text(line.to_owned())),
            }
        }
    }
    blocks.retain(|block| *block != Block::Text(String::new()));
    blocks
}

fn line_of(ticks: usize) -> String {
    "`".repeat(ticks)
}

fn lines(text: &str, width: usize, first: &str, rest: &str, out: &mut dyn Write) -> Result<(), Error> {
    Ok(wrap(&inline(text), width, first, rest).iter().try_for_each(|line| writeln!(out, "{line}"))?)
}

/// Code, emphasis and addresses of one text.
fn inline(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['`', '*', '<']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let ticks = rest.len() - rest.trim_start_matches('`').len();
        let fence = line_of(ticks);
        let code = if ticks > 0 { rest[ticks..].split_once(&*fence) } else { None };
        let bold = rest.strip_prefix("**").and_then(|rest| rest.split_once("**"));
        let link = rest
            .strip_prefix('<')
            .filter(|rest| rest.starts_with("http"))
            .and_then(|rest| rest.split_once('>'));
        (out, rest) = match (code, bold, link) {
            (Some((code, after)), ..) => (format!("{out}{CODE}{fence}{code}{fence}{CODE:#}"), after),
            (None, Some((bold, after)), _) => (format!("{out}{BOLD}{bold}{BOLD:#}"), after),
            (None, None, Some((link, after))) => (format!("{out}{link}"), after),
            (None, None, None) => (format!("{out}{}", &rest[..1]), &rest[1..]),
        };
    }
    out + rest
}

/// An example as it is, so that it can be copied; marks stand out.
fn example(path: Option<&str>, text: &str, out: &mut dyn Write) -> Result<(), Error> {
    if let Some(path) = path {
        writeln!(out, "  {DIM}{path}{DIM:#}")?;
    }
    for line in text.lines() {
        match line.find("# BH") {
            Some(at) => writeln!(out, "    {}{MARK}{}{MARK:#}", &line[..at], &line[at..])?,
            None => writeln!(out, "{}", format!("    {line}").trim_end())?,
        }
    }
    Ok(writeln!(out)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_page_is_made_of() {
        let body = "One\nparagraph.\n\n## Head\nText\n- a\n  b\n- c\n\n```yaml a/b.yaml\nx: 1\n\ny\n```\n````md\n```\n````\n";
        assert_eq!(
            blocks(body),
            [
                Block::Text("One paragraph.".into()),
                Block::Heading("Head"),
                Block::Text("Text".into()),
                Block::List(vec!["a b".into(), "c".into()]),
                Block::Example { path: Some("a/b.yaml"), text: "x: 1\n\ny\n".into() },
                Block::Example { path: None, text: "```\n".into() },
            ]
        );
    }

    #[test]
    fn words_in_a_text() {
        for (text, expected) in [
            ("plain * and < and `open", "plain * and < and `open"),
            ("a `b c` d", "a `b c` d"),
            ("a ``b `c` d`` e", "a ``b `c` d`` e"),
            ("**not** <https://x.example/a_b>.", "not https://x.example/a_b."),
            ("`a` `b`", "`a` `b`"),
        ] {
            let styled = inline(text);
            assert_eq!(anstream::adapter::strip_str(&styled).to_string(), expected, "{text}");
        }
        assert!(inline("`a`").starts_with("\u{1b}["));
    }
}
