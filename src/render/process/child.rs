//! The parent's side: starts one child, listens to it, and ends it when a limit is hit.

use super::worker::Orders;
use super::{COMMAND, Limits};
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How much of what a program complains is kept.
const COMPLAINT: usize = 1 << 16;

/// What a program said and whether it was content.
pub(super) struct Ended {
    pub(super) success: bool,
    pub(super) output: Vec<u8>,
    pub(super) complaint: String,
}

/// Why nothing can be said.
pub(super) enum Trouble {
    /// A limit was hit.
    Limit(String),
    /// It did not start, or was ended by somebody.
    Broken(String),
}

/// Runs a program to its end.
pub(super) fn run(
    own: &Path,
    orders: &Orders,
    arguments: &[String],
    environment: &[(&str, String)],
    limits: &Limits,
) -> Result<Ended, Trouble> {
    let broken = |error: &dyn std::fmt::Display| {
        Trouble::Broken(format!("`{}` could not be started: {error}", orders.program))
    };
    let spelled = serde_json::to_string(orders).map_err(|error| broken(&error))?;
    #[expect(clippy::disallowed_methods, reason = "this is the renderer")]
    let mut command = Command::new(own);
    command
        .arg(COMMAND)
        .arg(spelled)
        .args(arguments)
        .env_clear()
        .envs(environment.iter().map(|(name, value)| (*name, value.as_str())))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut group = Group { child: command.spawn().map_err(|error| broken(&error))? };
    let (Some(output), Some(complaint)) = (group.child.stdout.take(), group.child.stderr.take()) else {
        return Err(broken(&"no pipes"));
    };
    let output = listen(output, limits.output, true).map_err(|error| broken(&error))?;
    let complaint = listen(complaint, COMPLAINT, false).map_err(|error| broken(&error))?;
    let deadline = Instant::now() + limits.time;
    let output = hear(&output, deadline, limits)?;
    let complaint = hear(&complaint, deadline, limits)?;
    let status = group.wait(deadline, limits)?;
    let complaint = String::from_utf8_lossy(&complaint).into_owned();
    // Go's runtime speaks at the start of a line, whatever a template says stands behind something.
    let starved =
        complaint.lines().any(|line| line.starts_with("fatal error: ") || line.starts_with("runtime: "));
    if starved && !status.success() {
        let memory = limits.memory;
        return Err(Trouble::Limit(format!(
            "it needs more than {memory} bytes of memory, or nests too deeply"
        )));
    }
    if status.code().is_none() {
        return Err(Trouble::Limit(format!("it was ended: {status}")));
    }
    let success = status.success();
    Ok(Ended { success, output, complaint })
}

/// A child and everything it started; all of it ends when this goes.
struct Group {
    child: Child,
}

impl Group {
    fn wait(&mut self, deadline: Instant, limits: &Limits) -> Result<ExitStatus, Trouble> {
        let mut pause = Duration::from_micros(200);
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Ok(status),
                Ok(None) if Instant::now() >= deadline => return Err(late(limits)),
                Ok(None) => std::thread::sleep(pause),
                Err(error) => return Err(Trouble::Broken(format!("the program is lost: {error}"))),
            }
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // All of these fail only if the processes are gone already.
        #[cfg(unix)]
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn late(limits: &Limits) -> Trouble {
    Trouble::Limit(format!("it takes longer than {} seconds", limits.time.as_secs_f32()))
}

/// What a pipe gave up to its limit; None when there was more and that is too much.
type Heard = std::io::Result<Option<Vec<u8>>>;

fn listen(
    mut pipe: impl Read + Send + 'static,
    limit: usize,
    strict: bool,
) -> std::io::Result<Receiver<Heard>> {
    let (sender, receiver) = channel();
    let mut read = move || {
        let mut bytes = Vec::new();
        (&mut pipe).take(limit as u64).read_to_end(&mut bytes)?;
        let more = bytes.len() == limit && pipe.read(&mut [0])? > 0;
        if more && strict {
            return Ok(None);
        }
        if more {
            std::io::copy(&mut pipe, &mut std::io::sink())?;
        }
        Ok(Some(bytes))
    };
    // Nobody waits for an answer any more once the child was ended.
    std::thread::Builder::new().spawn(move || sender.send(read()).unwrap_or(()))?;
    Ok(receiver)
}

fn hear(pipe: &Receiver<Heard>, deadline: Instant, limits: &Limits) -> Result<Vec<u8>, Trouble> {
    match pipe.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        Ok(Ok(Some(bytes))) => Ok(bytes),
        Ok(Ok(None)) => Err(Trouble::Limit(format!("it prints more than {} bytes", limits.output))),
        Ok(Err(error)) => Err(Trouble::Broken(format!("the program cannot be heard: {error}"))),
        Err(RecvTimeoutError::Timeout) => Err(late(limits)),
        Err(RecvTimeoutError::Disconnected) => Err(Trouble::Broken("the program cannot be heard".to_owned())),
    }
}
