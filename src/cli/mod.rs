//! Arguments, exit codes, one file per command. The only room that prints, reads the environment and exits.

use std::ffi::OsString;
use std::process::ExitCode;

mod args;
mod exit;
mod worker;

/// Runs the program with `arguments`, of which the first is its own name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().skip(1).collect();
    worker::serve(&arguments).unwrap_or(ExitCode::from(2))
}
