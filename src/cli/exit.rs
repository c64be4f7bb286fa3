/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Nothing to object to.
    Fine = 0,
    /// Findings at or above `--fail-on`.
    Findings = 1,
    /// It could not do its job: bad usage, bad configuration, revision not found, nothing there.
    Failed = 2,
    /// Findings may be missing, as something could not be rendered or resolved, and `--strict` is on.
    Incomplete = 3,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
