//! The parent's side: starts workers, answers their imports, ends them when a limit is hit.

use super::imports::Imports;
use super::protocol::{self, Answer, Failure, Place, Request, Said};
use super::{Arguments, COMMAND, Error, ErrorKind, Evaluation, Frame};
use crate::files::{Location, Path, Span, Tree};
use std::io;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What one evaluation may take, and how many may run at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Time from the request to the value.
    pub time: Duration,
    /// Bytes of address space of one worker.
    pub memory: u64,
    /// Bytes of JSON.
    pub output: u32,
    /// Workers at once; another evaluation waits.
    pub workers: usize,
}

impl Default for Limits {
    /// 30 seconds, 2 GiB, 256 MiB, and as many workers as there are processors.
    fn default() -> Self {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        Self { time: Duration::from_secs(30), memory: 2 << 30, output: 256 << 20, workers }
    }
}

/// Bytes that a worker may have moved before a fresh one takes its place: the engine keeps some memory.
const WORN: usize = 256 << 20;

/// What the allocator reserves at once; its own 1 GiB would use up the worker's address space.
const ARENA: &str = "64MiB";

/// Workers that wait for evaluations; shared between threads.
#[derive(Debug)]
pub struct Pool {
    program: PathBuf,
    limits: Limits,
    workers: Mutex<Workers>,
    returned: Condvar,
}

#[derive(Debug, Default)]
struct Workers {
    idle: Vec<Worker>,
    busy: usize,
}

impl Pool {
    /// A pool of children of `program`, which must call [`serve`](super::serve) when its first argument
    /// is [`COMMAND`](super::COMMAND). Nothing is started before the first evaluation.
    pub fn new(program: PathBuf, limits: Limits) -> Self {
        Self { program, limits, workers: Mutex::default(), returned: Condvar::new() }
    }

    /// Evaluates the file `entry` of `tree`, as Argo CD evaluates a `.jsonnet` file of a directory source.
    ///
    /// # Errors
    /// See [`ErrorKind`]; only `Evaluation` and `Refused` mean that Argo CD fails too.
    pub fn evaluate(&self, tree: &Tree, entry: &str, arguments: &Arguments) -> Result<Evaluation, Error> {
        let mut turn = self.turn()?;
        let mut imports = Imports::new(tree, entry, &arguments.lib_paths);
        let request = Request {
            entry: entry.to_owned(),
            ext_vars: arguments.ext_vars.clone(),
            tlas: arguments.tlas.clone(),
        };
        let json = turn.evaluate(&request, &mut imports)?;
        let sorted = |paths: std::collections::BTreeSet<Path>| paths.into_iter().collect();
        Ok(Evaluation { json, read: sorted(imports.read), absent: sorted(imports.absent) })
    }

    /// Waits until fewer than the allowed number are busy, then takes an idle worker or starts one.
    fn turn(&self) -> Result<Turn<'_>, Error> {
        let workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |workers: &mut Workers| workers.busy >= self.limits.workers.max(1);
        let mut workers = self.returned.wait_while(workers, full).unwrap_or_else(PoisonError::into_inner);
        let worker = match workers.idle.pop() {
            Some(worker) => worker,
            None => Worker::start(&self.program, &self.limits)?,
        };
        workers.busy += 1;
        Ok(Turn { pool: self, worker: Some(worker) })
    }
}

/// A worker in use; goes back to the pool if it may be used again.
struct Turn<'p> {
    pool: &'p Pool,
    worker: Option<Worker>,
}

impl Turn<'_> {
    fn evaluate(&mut self, request: &Request, imports: &mut Imports<'_>) -> Result<String, Error> {
        let worker = self.worker.as_mut().expect("a turn has its worker until it is dropped");
        worker.evaluate(request, imports)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut workers = self.pool.workers.lock().unwrap_or_else(PoisonError::into_inner);
        workers.busy -= 1;
        workers.idle.extend(self.worker.take().filter(|worker| worker.ready && worker.moved < WORN));
        self.pool.returned.notify_one();
    }
}

/// One child.
#[derive(Debug)]
struct Worker {
    child: Child,
    input: ChildStdin,
    said: Receiver<io::Result<Vec<u8>>>,
    /// Whether it has answered everything.
    ready: bool,
    limits: Limits,
    /// Bytes it was given or gave.
    moved: usize,
}

impl Worker {
    fn start(program: &std::path::Path, limits: &Limits) -> Result<Self, Error> {
        #[expect(clippy::disallowed_methods, reason = "the worker is a renderer")]
        let child = Command::new(program)
            .arg(COMMAND)
            .arg(limits.memory.to_string())
            .env_clear()
            .env("MIMALLOC_ARENA_RESERVE", ARENA)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let broken = |error: io::Error| broken(format!("cannot start the jsonnet worker: {error}"));
        let mut child = child.map_err(broken)?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(broken(io::ErrorKind::BrokenPipe.into()));
        };
        let (sender, said) = channel();
        let limit = limits.output;
        std::thread::Builder::new().spawn(move || listen(output, limit, &sender)).map_err(broken)?;
        Ok(Self { child, input, said, ready: true, limits: limits.clone(), moved: 0 })
    }

    fn evaluate(&mut self, request: &Request, imports: &mut Imports<'_>) -> Result<String, Error> {
        self.ready = false;
        let deadline = Instant::now() + self.limits.time;
        let mut refused = None;
        self.tell(&serde_json::to_vec(request).map_err(|error| broken(error.to_string()))?)?;
        loop {
            let said = self.hear(deadline)?;
            match serde_json::from_slice(&said).map_err(|error| broken(error.to_string()))? {
                Said::Import { from, import } => match imports.find(from.as_deref(), &import) {
                    Ok((path, bytes)) => {
                        self.answer(&Answer::Found(path))?;
                        self.tell(&bytes)?;
                    }
                    Err(refusal) => {
                        self.answer(&Answer::Refused(refusal.message.clone()))?;
                        refused = refusal.leaves.then_some(refusal.message);
                    }
                },
                Said::Done => {
                    let json = self.hear(deadline)?;
                    self.ready = true;
                    return String::from_utf8(json).map_err(|error| broken(error.to_string()));
                }
                Said::Failed(failure) => {
                    self.ready = true;
                    return Err(failed(failure, refused.as_deref(), &request.entry));
                }
                Said::Broken(message) => return Err(broken(format!("the jsonnet engine broke: {message}"))),
            }
        }
    }

    fn answer(&mut self, answer: &Answer) -> Result<(), Error> {
        self.tell(&serde_json::to_vec(answer).map_err(|error| broken(error.to_string()))?)
    }

    fn tell(&mut self, frame: &[u8]) -> Result<(), Error> {
        self.moved += frame.len();
        protocol::write(&mut self.input, frame).map_err(|_| self.death())
    }

    fn hear(&mut self, deadline: Instant) -> Result<Vec<u8>, Error> {
        let left = deadline.saturating_duration_since(Instant::now());
        match self.said.recv_timeout(left) {
            Ok(Ok(frame)) => {
                self.moved += frame.len();
                Ok(frame)
            }
            Ok(Err(error)) if error.kind() == io::ErrorKind::FileTooLarge => {
                Err(limit(format!("the result is larger than {} bytes", self.limits.output)))
            }
            Ok(Err(error)) => Err(broken(format!("cannot hear the jsonnet worker: {error}"))),
            Err(RecvTimeoutError::Timeout) => {
                let seconds = self.limits.time.as_secs_f32();
                Err(limit(format!("the evaluation takes longer than {seconds} seconds")))
            }
            Err(RecvTimeoutError::Disconnected) => Err(self.death()),
        }
    }

    /// What is to be said of a child that is gone.
    fn death(&mut self) -> Error {
        match self.child.wait() {
            Ok(status) if aborted(status) => limit(format!(
                "the evaluation needs more than {} bytes of memory, or is nested too deeply",
                self.limits.memory
            )),
            Ok(status) => broken(format!("the jsonnet worker ended: {status}")),
            Err(error) => broken(format!("the jsonnet worker is gone: {error}")),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Both fail only if the child is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether the child ended itself: an allocation that failed and a stack that is full both abort.
#[cfg(unix)]
fn aborted(status: ExitStatus) -> bool {
    use rustix::process::Signal;
    use std::os::unix::process::ExitStatusExt;
    let signals = [Signal::ABORT, Signal::SEGV, Signal::BUS, Signal::KILL, Signal::ILL, Signal::TRAP];
    status.signal().is_some_and(|signal| signals.iter().any(|known| known.as_raw() == signal))
}

#[cfg(not(unix))]
fn aborted(_status: ExitStatus) -> bool {
    false
}

fn listen(mut output: ChildStdout, limit: u32, said: &Sender<io::Result<Vec<u8>>>) {
    loop {
        let frame = match protocol::read(&mut output, limit) {
            Ok(None) => return,
            Ok(Some(frame)) => Ok(frame),
            Err(error) => Err(error),
        };
        let last = frame.is_err();
        if said.send(frame).is_err() || last {
            return;
        }
    }
}

fn failed(failure: Failure, refused: Option<&str>, entry: &str) -> Error {
    let trace: Vec<Frame> = failure
        .frames
        .into_iter()
        .map(|frame| Frame { location: frame.place.map(location), description: frame.description })
        .collect();
    let kind = if refused == Some(&*failure.message) { ErrorKind::Refused } else { ErrorKind::Evaluation };
    let location = trace.iter().find_map(|frame| frame.location.clone());
    let location = location.unwrap_or_else(|| Location::head(entry));
    Error { kind, message: failure.message, location: Some(location), trace }
}

fn location(place: Place) -> Location {
    Location::new(place.path.into(), Span::new(place.start as usize, place.end as usize))
}

fn limit(message: String) -> Error {
    Error { kind: ErrorKind::Limit, message, location: None, trace: Vec::new() }
}

fn broken(message: String) -> Error {
    Error { kind: ErrorKind::Worker, message, location: None, trace: Vec::new() }
}
