//! Why a template gave no text.

use crate::gotemplate::function::Fault;

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The text is no template.
    Syntax,
    /// Running it failed, as it would in Go.
    Execution,
    /// A limit of this implementation was reached; Go would have gone on, perhaps for ever.
    Limit,
    /// The result depends on the clock or on chance.
    Unpredictable,
}

/// Why a template gave no text, said as Go says it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("template: {}: {}{message}", self.place(), self.executing())]
pub struct Error {
    /// What kind of thing went wrong.
    pub cause: Cause,
    /// The name of the template that was parsed.
    pub template: Box<str>,
    /// The line in it, from 1.
    pub line: usize,
    /// The byte in the line, from 0, as Go counts; syntax errors have none.
    pub column: Option<usize>,
    /// The definition and the node; syntax errors have none.
    pub at: Option<Box<At>>,
    /// What went wrong.
    pub message: Box<str>,
}

/// Where in a running template something went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    /// The name of the definition that was running.
    pub definition: String,
    /// The node it was at, as it is written.
    pub node: String,
}

impl Error {
    pub(super) fn syntax(template: &str, line: usize, message: String) -> Error {
        Error {
            cause: Cause::Syntax,
            template: template.into(),
            line,
            column: None,
            at: None,
            message: message.into(),
        }
    }

    fn place(&self) -> String {
        match self.column {
            Some(column) => format!("{}:{}:{column}", self.template, self.line),
            None => format!("{}:{}", self.template, self.line),
        }
    }

    fn executing(&self) -> String {
        match &self.at {
            Some(at) => format!("executing {:?} at <{}>: ", at.definition, at.node),
            None => String::new(),
        }
    }
}

impl Fault {
    pub(super) fn cause(&self) -> Cause {
        match self {
            Fault::Error(_) => Cause::Execution,
            Fault::Limit(_) => Cause::Limit,
            Fault::Unpredictable => Cause::Unpredictable,
        }
    }

    pub(super) fn message(self) -> String {
        match self {
            Fault::Error(message) => message,
            Fault::Limit(what) => format!("the limit on {what} is reached"),
            Fault::Unpredictable => "the result depends on the clock or on chance".to_owned(),
        }
    }
}
