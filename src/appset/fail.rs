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

/// Why a generator gave no parameters or a template no Application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fail {
    /// Argo CD stops with this error.
    Error(String),
    /// Argo CD panics; the controller recovers and writes no condition.
    Panic(String),
    /// The repository alone does not tell.
    Unknown(Lack, String),
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
            Fail::Unknown(..) => 0,
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
            Cause::Limit => Fail::Unknown(Lack::Limit, error.to_string()),
            Cause::Unpredictable => Fail::Unknown(Lack::Chance, error.to_string()),
        }
    }
}

impl From<Fault> for Fail {
    fn from(fault: Fault) -> Fail {
        match fault {
            Fault::Error(message) => Fail::Error(message),
            Fault::Limit(what) => Fail::Unknown(Lack::Limit, format!("the limit on {what} is reached")),
            Fault::Unpredictable => {
                Fail::Unknown(Lack::Chance, "the result depends on the clock or on chance".to_owned())
            }
        }
    }
}
