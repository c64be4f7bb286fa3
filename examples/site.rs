//! Writes the sources of the site: the pages of `docs/`, the pages of the rules, the commands, the schemas.
//!
//! `cargo run --example site -- FOLDER BILLHOOK`; then `mdbook build FOLDER`. `.ci/site` does both.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a tool that writes files and runs billhook"
)]

use billhook::rules::{self, Family, Page};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs, io};

/// Title and file of the pages before the rules.
const PAGES: &[(&str, &str)] = &[
    ("billhook", "README.md"),
    ("Installing", "install.md"),
    ("Configuration", "configuration.md"),
    ("Suppressing findings", "suppress.md"),
    ("Fixes", "fix.md"),
    ("Before a commit", "pre-commit.md"),
    ("In pull requests", "action.md"),
    ("Machine formats", "formats.md"),
];
const COMMANDS: &[&str] =
    &["lint", "diff", "inventory", "apps", "render", "explain", "init", "completions", "man"];

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [to, billhook] = arguments.as_slice() else {
        eprintln!("usage: site FOLDER BILLHOOK");
        return ExitCode::from(2);
    };
    match site(to, billhook).map(|()| dead_links(&to.join("src"))) {
        Ok(dead) if dead.is_empty() => ExitCode::SUCCESS,
        Ok(dead) => {
            eprintln!("links to nothing:\n{}", dead.join("\n"));
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn site(to: &Path, billhook: &Path) -> io::Result<()> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let src = to.join("src");
    fs::create_dir_all(src.join("rules"))?;
    fs::create_dir_all(src.join("schema"))?;
    fs::copy(docs.join("book.toml"), to.join("book.toml"))?;
    for (_, page) in PAGES {
        fs::copy(docs.join(page), src.join(page))?;
    }
    for schema in fs::read_dir(docs.join("schema"))? {
        let schema = schema?;
        fs::copy(schema.path(), src.join("schema").join(schema.file_name()))?;
    }
    fs::write(src.join("commands.md"), commands(billhook)?)?;
    fs::write(src.join("rules/index.md"), index())?;
    for page in rules::pages() {
        fs::write(src.join(format!("rules/{}.md", page.code)), rule(page))?;
    }
    fs::write(src.join("SUMMARY.md"), summary())
}

fn families() -> Vec<(Family, Vec<&'static Page>)> {
    let mut families: Vec<(Family, Vec<&Page>)> = Vec::new();
    for page in rules::pages() {
        match families.last_mut() {
            Some((family, pages)) if *family == page.family() => pages.push(page),
            _ => families.push((page.family(), vec![page])),
        }
    }
    families
}

fn summary() -> String {
    let mut text = "# Summary\n\n".to_owned();
    for (title, file) in PAGES {
        let _ = writeln!(text, "- [{title}]({file})");
    }
    text += "- [Commands](commands.md)\n- [Rules](rules/index.md)\n";
    for (family, pages) in families() {
        let _ = writeln!(text, "  - [{}xx {}]()", family.prefix, family.title);
        for page in pages {
            let _ = writeln!(text, "    - [{} {}](rules/{}.md)", page.code, page.name, page.code);
        }
    }
    text
}

fn index() -> String {
    let mut text = "# Rules\n\nA code, once shipped, keeps its meaning for ever.\n".to_owned();
    for (family, pages) in families() {
        let _ = write!(
            text,
            "\n## {}xx {{#{}xx}}\n\n{}\n\n| | | severity | |\n|---|---|---|---|\n",
            family.prefix,
            family.prefix.to_lowercase(),
            family.title
        );
        for page in pages {
            let (code, name, summary) = (page.code, page.name, page.summary.replace('\n', " "));
            let _ = writeln!(
                text,
                "| [{code}]({code}.md) | [{name}]({code}.md) | {} | {summary} |",
                severity(page)
            );
        }
    }
    text
}

fn severity(page: &Page) -> String {
    let off = if page.off { ", off" } else { "" };
    format!("{:?}{off}", page.severity).to_lowercase()
}

/// A page with the path of each example above it.
fn rule(page: &Page) -> String {
    let mut text = format!(
        "# {} {}\n\n*{}, since {}: {}*\n\n",
        page.code,
        page.name,
        severity(page),
        page.since,
        page.family().title
    );
    let mut fence: Option<usize> = None;
    for line in page.body.lines() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        match fence {
            Some(open) if ticks >= open && line[ticks..].trim().is_empty() => fence = None,
            None if ticks >= 3 => {
                fence = Some(ticks);
                let mut words = line[ticks..].split_whitespace();
                let (language, path) = (words.next().unwrap_or(""), words.next());
                if let Some(path) = path {
                    let _ = writeln!(text, "\n`{path}`");
                }
                let _ = writeln!(text, "\n{}{language}", &line[..ticks]);
                continue;
            }
            _ => (),
        }
        let _ = writeln!(text, "{line}");
    }
    text
}

fn commands(billhook: &Path) -> io::Result<String> {
    let help = |arguments: &[&str]| -> io::Result<String> {
        let ended = Command::new(billhook).args(arguments).arg("--help").env_clear().output()?;
        match ended.status.success() {
            true => Ok(String::from_utf8_lossy(&ended.stdout).into_owned()),
            false => Err(io::Error::other(format!("billhook {arguments:?} --help fails"))),
        }
    };
    let mut text = format!("# Commands\n\n```text\n{}```\n", help(&[])?);
    for command in COMMANDS {
        let _ = write!(text, "\n## {command}\n\n```text\n{}```\n", help(&[command])?);
    }
    Ok(text)
}

/// Links between the pages that lead to no page.
fn dead_links(src: &Path) -> Vec<String> {
    let mut pages = Vec::new();
    for folder in [src.to_owned(), src.join("rules")] {
        let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|file| file.path());
        pages.extend(files.filter(|file| file.extension().is_some_and(|end| end == "md")));
    }
    let mut dead = BTreeSet::new();
    for page in pages {
        let text = fs::read_to_string(&page).unwrap_or_default();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or(target);
            let here = page.parent().map(|folder| folder.join(file));
            if !target.contains("://") && !file.is_empty() && !here.is_some_and(|file| file.is_file()) {
                dead.insert(format!("{}: {target}", page.display()));
            }
        }
    }
    dead.into_iter().collect()
}
