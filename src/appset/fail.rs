//! Why a set, or a part of it, generates nothing.

use crate::gotemplate::{Cause, Error, Fault};

/// What is not here, so that the repository alone does not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lack {
    /// A list of clusters that is complete.
    Clusters,
    /// The files of a repository.
    Repository,
    /// The recorded answer of a service.
    Answers,
    /// More patience: a limit was reached.
    Limit,
    /// The result depends on the clock or on chance.
    Chance,
}

/// A text of the set that could not be rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The whole text, as it stands in the set or as an outer generator rendered it.
    pub text: String,
    /// The line in it, from 1.
    pub line: usize,
}

/// What kind of end a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The repository alone does not tell.
    Unknown(Lack),
    /// Argo CD stops with this error.
    Error,
    /// Argo CD panics; the controller recovers and writes no condition.
    Panic,
}

/// Why a generator gave no parameters or a template no Application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fail {
    pub kind: Kind,
    pub message: String,
    pub spot: Option<Box<Spot>>,
}

impl Fail {
    pub fn error(message: impl Into<String>) -> Fail {
        Fail { kind: Kind::Error, message: message.into(), spot: None }
    }

    pub fn panic(message: impl Into<String>) -> Fail {
        Fail { kind: Kind::Panic, message: message.into(), spot: None }
    }

    pub fn unknown(lack: Lack, message: impl Into<String>) -> Fail {
        Fail { kind: Kind::Unknown(lack), message: message.into(), spot: None }
    }

    /// The failure of a template, in this text.
    pub fn of_template(error: Error, text: &str) -> Fail {
        let spot = Some(Box::new(Spot { text: text.to_owned(), line: error.line }));
        let message = error.to_string();
        match error.cause {
            Cause::Syntax | Cause::Execution => Fail { spot, ..Fail::error(message) },
            Cause::Limit => Fail { spot, ..Fail::unknown(Lack::Limit, message) },
            Cause::Unpredictable => Fail { spot, ..Fail::unknown(Lack::Chance, message) },
        }
    }

    /// The same failure, said with what it was in the way of.
    pub fn during(self, what: &str) -> Fail {
        match self.kind {
            Kind::Error => Fail { message: format!("{what}: {}", self.message), ..self },
            Kind::Panic | Kind::Unknown(_) => self,
        }
    }

    /// What the controller meets first: a panic ends everything, an error is kept, an unknown part could
    /// still turn out to be either.
    pub fn outweighs(&self, other: &Fail) -> bool {
        let weight = |fail: &Fail| match fail.kind {
            Kind::Unknown(_) => 0,
            Kind::Error => 1,
            Kind::Panic => 2,
        };
        weight(self) > weight(other)
    }
}

impl From<Fault> for Fail {
    fn from(fault: Fault) -> Fail {
        match fault {
            Fault::Error(message) => Fail::error(message),
            Fault::Limit(what) => Fail::unknown(Lack::Limit, format!("the limit on {what} is reached")),
            Fault::Unpredictable => {
                Fail::unknown(Lack::Chance, "the result depends on the clock or on chance")
            }
        }
    }
}
