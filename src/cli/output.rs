//! Where reports go, and how they look there.

use super::args::{Color, Global, Report};
use super::error::Error;
use crate::files;
use crate::report::{self, Format, Layout, Paint};
use anstream::{AutoStream, ColorChoice};
use std::io::{self, BufWriter, IsTerminal, Write};

/// The widest that text is set, however wide the terminal.
const MAX_WIDTH: usize = 120;

/// Writes every report that was asked for.
///
/// `write` writes one of them. Files are replaced whole or not at all.
pub fn write_all(
    reports: &[Report],
    color: Color,
    layout: Layout<'_>,
    write: impl Fn(Format, Layout<'_>, &mut dyn Write) -> Result<(), report::Error>,
) -> Result<(), Error> {
    for report in reports {
        let format = report.format.into();
        match &report.file {
            Some(file) => {
                let mut bytes = Vec::new();
                match format {
                    Format::Text => write(format, layout, &mut AutoStream::never(&mut bytes))?,
                    Format::Json | Format::Ndjson | Format::Yaml => write(format, layout, &mut bytes)?,
                }
                files::write_atomically(file, &bytes)?;
            }
            None => to_stdout(format, color, layout, &write)?,
        }
    }
    Ok(())
}

/// Writes text for people to standard output.
pub fn text(color: Color, text: &str) -> Result<(), Error> {
    let stdout = io::stdout();
    let choice = choice(color, &stdout);
    Ok(AutoStream::new(stdout.lock(), choice).write_all(text.as_bytes()).map_err(report::Error::Write)?)
}

/// Writes changes of files as a patch, where a report would go.
///
/// A terminal gets colours, and no character that would act on it; everyone else what `git apply` takes.
pub fn patch(
    reports: &[Report],
    color: Color,
    changes: &[files::Change<'_>],
    shown: &dyn Fn(&str) -> String,
) -> Result<(), Error> {
    let [Report { format: super::args::Format::Text, file }] = reports else {
        return Err(Error::usage("--diff prints a patch and no other format", "leave --format away"));
    };
    let mut bytes = Vec::new();
    if let Some(file) = file {
        report::patch(changes, shown, Paint::default(), &mut bytes)?;
        return Ok(files::write_atomically(file, &bytes)?);
    }
    let (stdout, choice) = (io::stdout(), choice(color, &io::stdout()));
    let paint = Paint { styled: choice != ColorChoice::Never, neutral: stdout.is_terminal() };
    report::patch(changes, shown, paint, &mut bytes)?;
    // A patch that goes elsewhere passes untouched: what strips styles would strip them from the manifests too.
    let written = match paint.neutral {
        true => AutoStream::new(stdout.lock(), choice).write_all(&bytes),
        false => stdout.lock().write_all(&bytes),
    };
    Ok(written.map_err(report::Error::Write)?)
}

fn to_stdout(
    format: Format,
    color: Color,
    layout: Layout<'_>,
    write: impl Fn(Format, Layout<'_>, &mut dyn Write) -> Result<(), report::Error>,
) -> Result<(), Error> {
    let stdout = io::stdout().lock();
    let mut out: BufWriter<Box<dyn Write>> = BufWriter::new(match format {
        Format::Text => Box::new(AutoStream::new(stdout, choice(color, &io::stdout()))),
        Format::Json | Format::Ndjson | Format::Yaml => Box::new(stdout),
    });
    write(format, Layout { width: width(), ..layout }, &mut out)?;
    Ok(out.flush().map_err(report::Error::Write)?)
}

/// Tells an error on standard error.
pub fn tell(error: &Error, color: Color) {
    let stderr = io::stderr();
    let choice = choice(color, &stderr);
    // Where nobody can be told, nobody is.
    let _ = AutoStream::new(stderr.lock(), choice).write_all(error.draw(width()).as_bytes());
}

/// How text is laid out when nobody says otherwise.
pub fn layout<'a>(global: &Global, wide: bool, shown: &'a dyn Fn(&str) -> String) -> Layout<'a> {
    Layout { verbose: global.verbose, quiet: global.quiet, wide, shown, ..Layout::default() }
}

/// `--color`, then `NO_COLOR`, then `FORCE_COLOR`, then whether it is a terminal.
fn choice(color: Color, stream: &impl IsTerminal) -> ColorChoice {
    #[expect(clippy::disallowed_methods, reason = "the environment is this room's to read")]
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0");
    match color {
        Color::Always => ColorChoice::AlwaysAnsi,
        Color::Never => ColorChoice::Never,
        Color::Auto if set("NO_COLOR") => ColorChoice::Never,
        Color::Auto if set("FORCE_COLOR") => ColorChoice::AlwaysAnsi,
        Color::Auto if stream.is_terminal() => ColorChoice::Auto,
        Color::Auto => ColorChoice::Never,
    }
}

/// Columns of the terminal; 80 where there is none.
fn width() -> usize {
    let terminal = io::stdout().is_terminal().then(terminal_size::terminal_size).flatten();
    terminal.map_or(Layout::default().width, |(width, _)| usize::from(width.0).clamp(40, MAX_WIDTH))
}
