//! Arguments, exit codes, one file per command. The only room that prints, reads the environment and exits.

mod args;
mod exit;

use crate::render::jsonnet;
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the program with `arguments`, of which the first is its own name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut arguments = arguments.into_iter().skip(1);
    if arguments.next().is_some_and(|command| command == jsonnet::COMMAND) {
        return jsonnet_worker(arguments.next());
    }
    ExitCode::from(2)
}

/// Serves the program that started this one; see [`jsonnet::Pool`].
fn jsonnet_worker(memory: Option<OsString>) -> ExitCode {
    let Some(memory) = memory.and_then(|memory| memory.to_str()?.parse().ok()) else {
        return ExitCode::from(2);
    };
    match jsonnet::serve(std::io::stdin().lock(), std::io::stdout(), memory) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(2),
    }
}
