//! Arguments, exit codes, one file per command. The only room that prints, reads the environment and exits.

mod apps;
mod args;
mod diff;
mod error;
mod exit;
mod explain;
mod init;
mod inventory;
mod lines;
mod lint;
mod load;
mod output;
mod paths;
mod programs;
mod progress;
mod render;
mod worker;

use args::{Args, Command, Completions, Global};
use clap::CommandFactory;
use error::Error;
use exit::Exit;
use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

/// Stack of every thread that works on documents, in bytes; only what is used of it costs memory.
const STACK: usize = 16 << 20;

/// Runs the program with `arguments`, of which the first is its own name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if let Some(served) = worker::serve(arguments.get(1..).unwrap_or_default()) {
        return served;
    }
    let args = match Args::parse_all(arguments) {
        Ok(args) => args,
        Err(refused) => {
            // Where nobody can be told, nobody is.
            let _ = refused.print();
            return if refused.use_stderr() { Exit::Failed.into() } else { Exit::Fine.into() };
        }
    };
    with_deep_stack(|| match command(&args) {
        Ok(exit) => exit.into(),
        Err(error) if error.is_broken_pipe() => Exit::Fine.into(),
        Err(error) => {
            output::tell(&error, args.global.color);
            Exit::Failed.into()
        }
    })
}

/// Runs the work, and everything it runs in parallel, on stacks of [`STACK`] bytes: documents may be 10,000 levels deep, and
/// libraries walk and drop values by recursion.
fn with_deep_stack(work: impl FnOnce() -> ExitCode + Send) -> ExitCode {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(programs::threads()).stack_size(STACK);
    // A machine that gives no such threads may still manage with its own.
    let _ = pool.build_global();
    both(work, || ()).0
}

/// Runs two things at once, each on a thread that is not the pool's, so that one may wait for the other; the first on a
/// deep stack. Where the machine gives no further thread, one comes after the other.
fn both<A: Send, B>(one: impl FnOnce() -> A + Send, other: impl FnOnce() -> B) -> (A, B) {
    let mut one = Some(one);
    let mut run = || one.take().map(|one| one());
    let (done, other) = std::thread::scope(|scope| {
        let started = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, &mut run);
        let other = other();
        let join = |thread: std::thread::ScopedJoinHandle<'_, Option<A>>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        (started.ok().and_then(join), other)
    });
    (done.or_else(run).expect("it is run here if nowhere else"), other)
}

fn command(args: &Args) -> Result<Exit, Error> {
    match &args.command {
        Command::Lint(lint) => lint::run(args, lint),
        Command::Diff(diff) => diff::run(args, diff),
        Command::Inventory(inventory) => inventory::run(args, inventory),
        Command::Apps(apps) => apps::run(args, apps),
        Command::Render(render) => render::run(args, render),
        Command::Explain(explain) => explain::run(args, explain),
        Command::Init(init) => init::run(args, init),
        Command::Completions(completions) => print_completions(completions),
        Command::Man => print_man(),
    }
}

/// How a listing ends: with `--strict`, something that is missing from it counts.
fn finish(global: &Global, inventory: &crate::inventory::Inventory) -> Exit {
    if global.strict && lines::is_incomplete(inventory) { Exit::Incomplete } else { Exit::Fine }
}

fn print_completions(completions: &Completions) -> Result<Exit, Error> {
    let mut script = Vec::new();
    clap_complete::generate(completions.shell, &mut Args::command(), "billhook", &mut script);
    print(&script)
}

fn print_man() -> Result<Exit, Error> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Args::command()).render(&mut page).map_err(crate::report::Error::Write)?;
    print(&page)
}

fn print(bytes: &[u8]) -> Result<Exit, Error> {
    io::stdout().lock().write_all(bytes).map_err(crate::report::Error::Write)?;
    Ok(Exit::Fine)
}
