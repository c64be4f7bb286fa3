//! Errors as people see them. The only place that gives an error its help and its excerpt.

use crate::config;
use crate::files::{self, Lines};
use crate::report::{self, Source};
use crate::yaml;
use miette::{Diagnostic, LabeledSpan, SourceCode};
use std::fmt::{self, Display};
use std::io;
use std::sync::Arc;

/// Why a run could not do its job. Always exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file, a tree or a repository.
    #[error(transparent)]
    Files(#[from] files::Error),
    /// The report cannot be written.
    #[error(transparent)]
    Report(#[from] report::Error),
    /// Something in a file of ours is wrong: a configuration, a list of clusters.
    #[error("{message}")]
    Wrong {
        /// What.
        message: String,
        /// What to do; may be empty.
        help: String,
        /// The place, as a label of `text`.
        span: files::Span,
        /// The file, as it is called in the current folder.
        path: String,
        /// Its text.
        text: Arc<str>,
    },
    /// The command line does not fit together, or there is nothing to do.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What to do.
        help: String,
    },
}

impl Error {
    /// Something is wrong with what was asked for.
    pub fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: help.into() }
    }

    /// A configuration that cannot be used; `shown` is how the current folder calls a path of it.
    pub fn configuration(error: config::Error, shown: impl Fn(&str) -> String) -> Self {
        match error {
            config::Error::Read(error) => Self::Files(error),
            config::Error::Invalid { message, help, location, text } => {
                Self::Wrong { message, help, span: location.span, path: shown(&location.path), text }
            }
        }
    }

    /// A YAML file of ours that cannot be read as what it should be.
    pub fn yaml(error: yaml::de::Error, path: String, text: Arc<str>) -> Self {
        Self::Wrong { message: error.message, help: String::new(), span: error.span, path, text }
    }

    /// Whether whoever reads the report has gone away, as `head` does.
    pub fn is_broken_pipe(&self) -> bool {
        let kind = match self {
            Self::Report(report::Error::Write(error)) => Some(error.kind()),
            Self::Report(report::Error::Json(error)) => error.io_error_kind(),
            Self::Report(report::Error::NotOfLists(_))
            | Self::Files(_)
            | Self::Wrong { .. }
            | Self::Usage { .. } => None,
        };
        kind == Some(io::ErrorKind::BrokenPipe)
    }

    /// Draws the error as a finding would be drawn.
    pub fn draw(&self, width: usize) -> String {
        let mut text = String::new();
        report::draw(&mut text, &Told::new(self), width);
        text
    }

    fn help(&self) -> String {
        match self {
            Self::Wrong { help, .. } | Self::Usage { help, .. } => help.clone(),
            Self::Files(error) => error.help().unwrap_or_else(|| match error {
                files::Error::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                    "check the spelling; paths start from the current folder".to_owned()
                }
                files::Error::Write { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                    "make its folder first".to_owned()
                }
                _ => String::new(),
            }),
            Self::Report(_) => "check that the place can be written to and has room".to_owned(),
        }
    }
}

/// An error in miette's words.
#[derive(Debug)]
struct Told<'a> {
    error: &'a Error,
    excerpt: Option<(Source, LabeledSpan)>,
}

impl<'a> Told<'a> {
    fn new(error: &'a Error) -> Self {
        let excerpt = match error {
            Error::Wrong { span, path, text, .. } => {
                let source = Source::new(path.clone(), Arc::clone(text), Arc::new(Lines::new(text)));
                Some((source, LabeledSpan::new_primary_with_span(None, span.range())))
            }
            Error::Files(_) | Error::Report(_) | Error::Usage { .. } => None,
        };
        Self { error, excerpt }
    }
}

impl Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Told<'_> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

impl Diagnostic for Told<'_> {
    fn help<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        Some(Box::new(self.error.help()))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.excerpt.as_ref().map(|(source, _)| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.excerpt.iter().map(|(_, label)| label.clone())))
    }
}
