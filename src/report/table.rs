//! `inventory`, `apps` and `render`: lines for machines, columns for people, manifests for both.

use crate::report::excerpt::{BOLD, DIM};
use crate::report::lines::{
    AppLine, Cause, CauseKind, InventoryLine, Key, Origin, Problem, RenderLine, State,
};
use crate::report::neutral::{self, EscapeJson};
use crate::report::{Error, Format, Layout, Listing, yaml};
use serde::Serialize;
use std::io::Write;
use unicode_width::UnicodeWidthStr;

/// Writes what `inventory` tells. The order of `lines` is kept.
pub fn inventory<'a>(
    format: Format,
    lines: impl IntoIterator<Item = InventoryLine<'a>>,
    layout: Layout<'_>,
    out: &mut dyn Write,
) -> Result<(), Error> {
    match Listing::try_from(format)? {
        Listing::Json => listing("billhook.inventory/1", lines, out),
        Listing::Ndjson => ndjson(lines, out),
        Listing::Yaml => yaml_listing("billhook.inventory/1", lines, out),
        Listing::Text => inventory_table(lines, layout, out),
    }
}

/// Writes what `apps` tells. The order of `lines` is kept.
pub fn apps<'a>(
    format: Format,
    lines: impl IntoIterator<Item = AppLine<'a>>,
    layout: Layout<'_>,
    out: &mut dyn Write,
) -> Result<(), Error> {
    match Listing::try_from(format)? {
        Listing::Json => listing("billhook.apps/1", lines, out),
        Listing::Ndjson => ndjson(lines, out),
        Listing::Yaml => yaml_listing("billhook.apps/1", lines, out),
        Listing::Text => apps_table(lines, layout, out),
    }
}

/// Writes what `render` tells: text and YAML are the manifests, each behind a comment that says whose it is.
pub fn render<'a>(
    format: Format,
    lines: impl IntoIterator<Item = RenderLine<'a>>,
    layout: Layout<'_>,
    out: &mut dyn Write,
) -> Result<(), Error> {
    match Listing::try_from(format)? {
        Listing::Json => listing("billhook.render/1", lines, out),
        Listing::Ndjson => ndjson(lines, out),
        Listing::Text | Listing::Yaml => manifests(lines, layout, out),
    }
}

/// One JSON document a line, written as they come.
fn ndjson(lines: impl IntoIterator<Item = impl Serialize>, out: &mut dyn Write) -> Result<(), Error> {
    for line in lines {
        serde_json::to_writer(EscapeJson(&mut *out), &line)?;
        writeln!(out)?;
    }
    Ok(())
}

/// The same lines in one document: `{"format": …, "lines": […]}`, written as they come.
fn listing(
    format: &str,
    lines: impl IntoIterator<Item = impl Serialize>,
    out: &mut dyn Write,
) -> Result<(), Error> {
    write!(out, "{{\"format\":\"{format}\",\"lines\":[")?;
    for (i, line) in lines.into_iter().enumerate() {
        writeln!(out, "{}", if i > 0 { "," } else { "" })?;
        serde_json::to_writer(EscapeJson(&mut *out), &line)?;
    }
    Ok(writeln!(out, "\n]}}")?)
}

fn yaml_listing(
    format: &str,
    lines: impl IntoIterator<Item = impl Serialize>,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let lines: Vec<_> = lines.into_iter().map(|line| value(&line)).collect::<Result<_, _>>()?;
    yaml::write(&serde_json::json!({"format": format, "lines": lines}), out)
}

/// `line` as a value. By way of text, because a raw manifest inside a line has a value only when it is read.
fn value(line: &impl Serialize) -> Result<serde_json::Value, Error> {
    Ok(serde_json::from_slice(&serde_json::to_vec(line)?)?)
}

fn manifests<'a>(
    lines: impl IntoIterator<Item = RenderLine<'a>>,
    layout: Layout<'_>,
    out: &mut dyn Write,
) -> Result<(), Error> {
    for line in lines {
        match line {
            RenderLine::Manifest { application, manifest, origin, .. } => {
                let from = origin.map(|origin| format!(", {}", place(origin, layout))).unwrap_or_default();
                writeln!(out, "---\n# {}", neutral::line(&format!("{application}{from}")))?;
                yaml::document(&serde_json::from_str(manifest.get())?, out)?;
            }
            RenderLine::Problem { application, problem, .. } => {
                writeln!(
                    out,
                    "---\n# {}",
                    neutral::line(&format!("{application}: {}", told(&problem, layout)))
                )?;
            }
        }
    }
    Ok(())
}

fn inventory_table<'a>(
    lines: impl IntoIterator<Item = InventoryLine<'a>>,
    layout: Layout<'_>,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let mut head = vec!["CLUSTER", "APPLICATION", "OBJECT"];
    if layout.wide {
        head.extend(["VERSION", "ORIGIN", "VIA"]);
    }
    let mut rows = Vec::new();
    let mut problems = Vec::new();
    for line in lines {
        match line {
            InventoryLine::Object { cluster, application, key, version, origin, via } => {
                let mut row = vec![cluster.to_owned(), application.to_owned(), object(&key)];
                if layout.wide {
                    row.extend([
                        version.to_owned(),
                        origin.map(|origin| place(origin, layout)).unwrap_or_default(),
                        via.join(" ← "),
                    ]);
                }
                rows.push(row);
            }
            InventoryLine::Problem { application, problem } => {
                problems.push(vec![application.to_owned(), told(&problem, layout)])
            }
        }
    }
    table(&head, rows, problems, out)
}

fn apps_table<'a>(
    lines: impl IntoIterator<Item = AppLine<'a>>,
    layout: Layout<'_>,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let mut head = vec!["APPLICATION", "CLUSTER", "MADE BY"];
    if layout.wide {
        head.push("ORIGIN");
    }
    let mut rows = Vec::new();
    let mut problems = Vec::new();
    for line in lines {
        match line {
            AppLine::Application { name, cluster, parent, origin, cause, .. } => {
                let maker = format!("{}{}", parent.unwrap_or(""), causes(&cause));
                let mut row = vec![name.to_owned(), cluster.to_owned(), maker];
                if layout.wide {
                    row.push(origin.map(|origin| place(origin, layout)).unwrap_or_default());
                }
                rows.push(row);
            }
            AppLine::Problem { applicationset, problem } => {
                problems.push(vec![applicationset.to_owned(), told(&problem, layout)]);
            }
        }
    }
    table(&head, rows, problems, out)
}

/// What made a generated Application, behind the name of its set; counted from 1, as people do.
fn causes(causes: &[Cause<'_>]) -> String {
    let one = |cause: &Cause<'_>| {
        let number = cause.index.map_or(0, |index| index + 1);
        let name = cause.name.unwrap_or("");
        match cause.by {
            CauseKind::Element => format!("element {number}"),
            CauseKind::File if number > 1 => format!("{name}, object {number}"),
            CauseKind::Folder | CauseKind::File => name.to_owned(),
            CauseKind::Cluster => format!("cluster {name}"),
            CauseKind::Clusters => "all clusters".to_owned(),
            CauseKind::Answer => format!("answer {number}"),
        }
    };
    match causes {
        [] => String::new(),
        causes => format!(" ({})", causes.iter().map(one).collect::<Vec<_>>().join("; ")),
    }
}

fn table(
    head: &[&str],
    rows: Vec<Vec<String>>,
    problems: Vec<Vec<String>>,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let mut all = vec![head.iter().map(|&name| name.to_owned()).collect()];
    all.extend(rows);
    for (i, line) in align(all).into_iter().enumerate() {
        match i {
            0 => writeln!(out, "{BOLD}{line}{BOLD:#}")?,
            _ => writeln!(out, "{line}")?,
        }
    }
    if !problems.is_empty() {
        writeln!(out, "\n{DIM}not known or not rendered:{DIM:#}")?;
    }
    for line in align(problems) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// Pads the cells of each column to one width, two spaces between columns. Neutralises what is in them.
pub fn align(rows: Vec<Vec<String>>) -> Vec<String> {
    let mut widths: Vec<usize> = Vec::new();
    for row in &rows {
        for (i, cell) in row.iter().enumerate() {
            let width = neutral::line(cell).width();
            match widths.get_mut(i) {
                Some(widest) => *widest = width.max(*widest),
                None => widths.push(width),
            }
        }
    }
    let pad = |(cell, width): (&String, &usize)| {
        let cell = neutral::line(cell);
        format!("{cell}{:1$}", "", width.saturating_sub(cell.width()) + 2)
    };
    rows.iter()
        .map(|row| row.iter().zip(&widths).map(pad).collect::<String>().trim_end().to_owned())
        .collect()
}

/// `Deployment.apps shop/web`: as kubectl names it, so that two kinds of one name are told apart.
fn object(key: &Key<'_>) -> String {
    let dot = if key.group.is_empty() { "" } else { "." };
    let slash = if key.namespace.is_empty() { "" } else { "/" };
    format!("{}{dot}{} {}{slash}{}", key.kind, key.group, key.namespace, key.name)
}

fn place(origin: Origin<'_>, layout: Layout<'_>) -> String {
    let path = (layout.shown)(origin.path);
    match origin.line {
        Some(line) => format!("{path}:{line}"),
        None => path,
    }
}

fn told(problem: &Problem<'_>, layout: Layout<'_>) -> String {
    let word = match problem.state {
        State::Fails => "fails",
        State::Unknown => "not known",
        State::Warning => "warning",
    };
    let line = problem.line.map(|line| format!(":{line}")).unwrap_or_default();
    let path =
        problem.path.as_deref().map(|path| format!(" ({}{line})", (layout.shown)(path))).unwrap_or_default();
    let help = if problem.help.is_empty() { String::new() } else { format!("; {}", problem.help) };
    format!("{word}: {}{path}{help}", problem.message)
}
