use super::helm::Chart;
use super::kustomize::Build;
use serde::Serialize;
use serde_json::Value;
use std::fmt;

/// What a renderer is told about one source, after overrides and substitution: pure data.
///
/// Together with the files it names ([`Checkout`](super::Checkout)) it decides the result, and the command lines that
/// Argo CD runs follow from it ([`Recipe::steps`]).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Recipe {
    /// `helm template`.
    Helm(Chart),
    /// `kustomize build`, perhaps after edits.
    Kustomize(Build),
}

/// A file or folder of one of the trees that a source reads.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// 0 is the source's own repository; the others are those that its value files reference.
    pub tree: usize,
    /// Relative to the root of that tree; the root is `""`.
    pub path: String,
}

/// One thing to do, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Run a program.
    Run(Command),
    /// Append to `patches` of the kustomization, for which there is no command.
    Patch(Vec<Value>),
}

/// A program of Argo CD's image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub enum Program {
    /// Helm.
    Helm,
    /// Kustomize.
    Kustomize,
}

/// One command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The program.
    pub program: Program,
    /// The folder it runs in.
    pub folder: Place,
    /// Its arguments.
    pub arguments: Vec<Argument>,
}

/// One argument of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// A text as it is.
    Text(String),
    /// A file or folder.
    File(Place),
    /// `key=file`, with commas in the file's name escaped, as Helm's `--set-file` wants it.
    SetFile(String, Place),
    /// The file that holds `values` or `valuesObject`.
    Values,
}

impl Recipe {
    /// What Argo CD does for it.
    pub fn steps(&self) -> Vec<Step> {
        match self {
            Self::Helm(chart) => vec![Step::Run(chart.command())],
            Self::Kustomize(build) => build.steps(),
        }
    }

    /// Whether the program starts Helm in its turn.
    pub(super) fn inflates_charts(&self) -> bool {
        matches!(self, Self::Kustomize(Build { charts: Some(_), .. }))
    }

    /// The program that it is for.
    pub fn program(&self) -> Program {
        match self {
            Self::Helm(_) => Program::Helm,
            Self::Kustomize(_) => Program::Kustomize,
        }
    }
}

impl Program {
    /// The name it is called by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Helm => "helm",
            Self::Kustomize => "kustomize",
        }
    }
}

impl Argument {
    /// A text as it is.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// The argument, where files stand at the paths that `at` gives, and values at `values`.
    pub(super) fn spelled(&self, at: impl Fn(&Place) -> String, values: &str) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::File(place) => at(place),
            Self::SetFile(key, place) => format!("{key}={}", super::helm::escaped(&at(place))),
            Self::Values => values.to_owned(),
        }
    }
}

/// The line as Argo CD reports it: `.` for the root of a repository, quotes where there are blanks (`GetCommandArgsToLog`
/// in `util/exec/exec.go`).
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.program.name())?;
        for argument in &self.arguments {
            let text = argument.spelled(Place::shown, "<values>");
            match text.as_str() {
                "" => f.write_str(" \"\"")?,
                text if text.contains(char::is_whitespace) => write!(f, " {text:?}")?,
                text => write!(f, " {text}")?,
            }
        }
        Ok(())
    }
}

impl Place {
    /// In the source's own repository.
    pub(super) fn own(path: impl Into<String>) -> Self {
        Self { tree: 0, path: path.into() }
    }

    fn shown(&self) -> String {
        if self.path.is_empty() { ".".to_owned() } else { format!("./{}", self.path) }
    }
}
