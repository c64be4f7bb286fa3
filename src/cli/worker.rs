//! The hidden command that serves the program which started this one.

use crate::render::{jsonnet, process};
use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

/// The exit code of the worker, if `arguments` (without the program's name) ask for one.
///
/// To be called before anything else looks at the arguments: the worker is started without an environment.
pub(super) fn serve(arguments: &[OsString]) -> Option<ExitCode> {
    if let Some((command, orders)) = arguments.split_first()
        && command == process::COMMAND
    {
        let unfit = process::enter(orders);
        // The pipe goes to the program that started this one, which says why.
        let _ = writeln!(std::io::stderr(), "{unfit}");
        return Some(ExitCode::from(2));
    }
    let [command, memory] = arguments else { return None };
    if command != jsonnet::COMMAND {
        return None;
    }
    let served = memory
        .to_str()?
        .parse()
        .ok()
        .map(|memory| jsonnet::serve(std::io::stdin().lock(), std::io::stdout(), memory));
    Some(if matches!(served, Some(Ok(()))) { ExitCode::SUCCESS } else { ExitCode::from(2) })
}
