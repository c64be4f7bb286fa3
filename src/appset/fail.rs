//! Why a set, or a part of it, generates nothing.

use crate::gotemplate::{Cause, Error, Fault};

/// Why a generator gave no parameters or a template no Application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fail {
    /// Argo CD stops with this error.
    Error(String),
    /// Argo CD panics; the controller recovers and writes no condition.
    Panic(String),
    /// The repository alone does not tell.
    Unknown(String),
}

impl Fail {
    pub fn error(message: impl Into<String>) -> Fail {
        Fail::Error(message.into())
    }

    /// The same failure, said with what it was in the way of.
    pub fn during(self, what: &str) -> Fail {
        match self {
            Fail::Error(message) => Fail::Error(format!("{what}: {message}")),
            other => other,
        }
    }

    /// What the controller meets first: a panic ends everything, an error is kept, an unknown part could
    /// still turn out to be either.
    pub fn outweighs(&self, other: &Fail) -> bool {
        let weight = |fail: &Fail| match fail {
            Fail::Unknown(_) => 0,
            Fail::Error(_) => 1,
            Fail::Panic(_) => 2,
        };
        weight(self) > weight(other)
    }
}

impl From<Error> for Fail {
    fn from(error: Error) -> Fail {
        match error.cause {
            Cause::Syntax | Cause::Execution => Fail::Error(error.to_string()),
            Cause::Limit | Cause::Unpredictable => Fail::Unknown(error.to_string()),
        }
    }
}

impl From<Fault> for Fail {
    fn from(fault: Fault) -> Fail {
        match fault {
            Fault::Error(message) => Fail::Error(message),
            Fault::Limit(what) => Fail::Unknown(format!("the limit on {what} is reached")),
            Fault::Unpredictable => Fail::Unknown("the result depends on the clock or on chance".to_owned()),
        }
    }
}
