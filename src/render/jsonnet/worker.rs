//! The child's side: evaluates what it is told, and asks for every file.

use super::engine::{self, Importer};
use super::protocol::{self, Answer, Request, Said};
use std::cell::RefCell;
use std::io::{self, BufWriter, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::mpsc::{Receiver, Sender, channel};

/// The engine grows its stack as it needs; this much is for its parser, which does not.
const STACK: usize = 64 << 20;

/// Serves a [`Pool`](super::Pool) until `input` ends, within `memory` bytes of address space.
///
/// Returns as soon as the parent is gone, whatever the engine is doing; the caller must then exit.
///
/// # Errors
/// When the limits cannot be set or the thread of the engine not be started.
pub fn serve<I, O>(mut input: I, output: O, memory: u64) -> io::Result<()>
where
    I: Read,
    O: Write + Send + 'static,
{
    confine(memory)?;
    std::panic::set_hook(Box::new(|_| ()));
    let (sender, frames) = channel();
    std::thread::Builder::new().stack_size(STACK).spawn(move || Link::new(frames, output).serve())?;
    forward(&mut input, &sender)
}

fn forward(input: &mut impl Read, frames: &Sender<Vec<u8>>) -> io::Result<()> {
    while let Some(frame) = protocol::read(input, u32::MAX)? {
        if frames.send(frame).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// No more memory than allowed, no core dumps, no files written.
#[cfg(unix)]
fn confine(memory: u64) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    for (resource, limit) in [(Resource::As, memory), (Resource::Core, 0), (Resource::Fsize, 0)] {
        setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) })?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn confine(_memory: u64) -> io::Result<()> {
    Ok(())
}

/// The engine's end of the line to the parent.
struct Link<O: Write>(Rc<Line<O>>);

struct Line<O: Write> {
    frames: Receiver<Vec<u8>>,
    output: RefCell<BufWriter<O>>,
}

impl<O: Write + 'static> Link<O> {
    fn new(frames: Receiver<Vec<u8>>, output: O) -> Self {
        Self(Rc::new(Line { frames, output: RefCell::new(BufWriter::new(output)) }))
    }

    fn serve(&self) {
        while let Ok(frame) = self.0.frames.recv() {
            let done = match serde_json::from_slice::<Request>(&frame) {
                Ok(request) => self.evaluate(&request),
                Err(error) => self.0.say(&Said::Broken(error.to_string())),
            };
            if done.is_err() {
                return; // The parent is gone.
            }
        }
    }

    fn evaluate(&self, request: &Request) -> io::Result<()> {
        let importer = Box::new(Link(self.0.clone()));
        match catch_unwind(AssertUnwindSafe(|| engine::evaluate(request, importer))) {
            Ok(Ok(json)) => self.0.say_with(&Said::Done, json.as_bytes()),
            Ok(Err(failure)) => self.0.say(&Said::Failed(failure)),
            Err(panic) => self.0.say(&Said::Broken(text_of(&panic))),
        }
    }
}

fn text_of(panic: &Box<dyn std::any::Any + Send>) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message").to_owned()
}

impl<O: Write> Line<O> {
    fn say(&self, said: &Said) -> io::Result<()> {
        let mut output = self.output.borrow_mut();
        protocol::write_json(&mut *output, said)?;
        output.flush()
    }

    fn say_with(&self, said: &Said, bytes: &[u8]) -> io::Result<()> {
        let mut output = self.output.borrow_mut();
        protocol::write_json(&mut *output, said)?;
        protocol::write(&mut *output, bytes)?;
        output.flush()
    }

    fn ask(&self, from: Option<&str>, import: &str) -> io::Result<(Answer, Vec<u8>)> {
        self.say(&Said::Import { from: from.map(str::to_owned), import: import.to_owned() })?;
        let frame = || self.frames.recv().map_err(|_| io::Error::from(io::ErrorKind::UnexpectedEof));
        let answer = serde_json::from_slice(&frame()?)?;
        let bytes = if matches!(answer, Answer::Found(_)) { frame()? } else { Vec::new() };
        Ok((answer, bytes))
    }
}

impl<O: Write> Importer for Link<O> {
    fn import(&self, from: Option<&str>, import: &str) -> Result<(String, Rc<[u8]>), String> {
        match self.0.ask(from, import) {
            Ok((Answer::Found(path), bytes)) => Ok((path, bytes.into())),
            Ok((Answer::Refused(message), _)) => Err(message),
            Err(error) => Err(error.to_string()),
        }
    }
}
