use crate::files::Location;
use serde::Serialize;
use std::sync::Arc;

/// How much of an answer a problem leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Argo CD refuses too.
    Fails,
    /// The repository, or this program, cannot tell.
    Unknown,
    /// Argo CD goes on, and says something.
    Warning,
}

/// The condition that Argo CD puts on the Application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub enum Condition {
    /// Manifests could not be made.
    ComparisonError,
    /// The spec is refused.
    InvalidSpecError,
    /// One key several times.
    RepeatedResourceWarning,
    /// A kind that Argo CD leaves alone.
    ExcludedResourceWarning,
}

/// What went wrong; each kind is reported by the rule of its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProblemKind {
    /// A file or document that Argo CD cannot read.
    Unparseable,
    /// The folder of a source does not exist.
    SourcePathMissing,
    /// The spec is invalid.
    InvalidSpec,
    /// A destination that names no cluster, or names it twice.
    DestinationAmbiguous,
    /// A destination that names a cluster which does not exist.
    DestinationUnknown,
    /// A renderer says no.
    RenderFailed,
    /// The manifests need something that is not here: a program, a chart, a plugin.
    NotRendered,
    /// The repository or revision is not here.
    RepositoryUnknown,
    /// A value file that does not exist.
    ValuesFileMissing,
    /// `.argocd-source.yaml` cannot be applied.
    OverrideInvalid,
    /// A symbolic link leaves the repository.
    LinkOutOfBounds,
    /// An object that Argo CD refuses to take.
    ObjectInvalid,
    /// A limit of this program was hit.
    LimitReached,
    /// It is not known which Applications an ApplicationSet generates.
    SetNotExpanded,
    /// An ApplicationSet generates nothing, because its controller meets an error.
    SetFails,
    /// An Application that is generated and then set aside by the controller or refused by the API server.
    GeneratedRefused,
    /// One name that is generated several times, by one set or by several.
    GeneratedTwice,
    /// An entry of the generators holds none that Argo CD knows.
    GeneratorUnknown,
    /// A field of an ApplicationSet that the API server drops.
    FieldDropped,
    /// An object that is no such thing: an Application whose fields have wrong types.
    ResourceUnreadable,
    /// A setting was taken from elsewhere, or two disagree.
    SettingConflict,
    /// A renderer could reach more of this machine than the files it is given.
    NotConfined,
    /// Two trees of roots define the same Applications.
    SeparateInstances,
    /// One key several times in one Application.
    Repeated,
    /// A kind that Argo CD leaves alone.
    Excluded,
}

impl ProblemKind {
    /// The code of the rule that reports it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unparseable => "BH001",
            Self::SourcePathMissing => "BH002",
            Self::InvalidSpec => "BH003",
            Self::DestinationAmbiguous => "BH203",
            Self::DestinationUnknown => "BH204",
            Self::RenderFailed => "BH004",
            Self::NotRendered => "BH005",
            Self::RepositoryUnknown => "BH006",
            Self::ValuesFileMissing => "BH521",
            Self::OverrideInvalid => "BH007",
            Self::LinkOutOfBounds => "BH008",
            Self::ObjectInvalid => "BH009",
            Self::LimitReached => "BH010",
            Self::SetNotExpanded => "BH011",
            Self::SetFails => "BH015",
            Self::GeneratedRefused => "BH016",
            Self::GeneratedTwice => "BH104",
            Self::GeneratorUnknown => "BH504",
            Self::FieldDropped => "BH503",
            Self::ResourceUnreadable => "BH012",
            Self::SettingConflict => "BH013",
            Self::SeparateInstances => "BH014",
            Self::NotConfined => "BH017",
            Self::Repeated => "BH101",
            Self::Excluded => "BH520",
        }
    }
}

/// Something that could not be read, rendered or resolved, or that Argo CD warns of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// How much of an answer it leaves.
    pub state: State,
    /// What went wrong.
    pub kind: ProblemKind,
    /// In the user's own names; a fragment without full stop.
    pub message: String,
    /// What to do; may be empty.
    pub help: String,
    /// Where.
    pub location: Option<Location>,
    /// What Argo CD puts on the Application.
    pub condition: Option<Condition>,
    /// The Application (`namespace/name`) it concerns.
    pub application: Option<Arc<str>>,
    /// The source of that Application.
    pub source: Option<usize>,
}

impl Problem {
    /// Argo CD refuses: the Application gets a ComparisonError.
    pub fn fails(kind: ProblemKind, message: impl Into<String>) -> Self {
        Self::new(State::Fails, kind, message, Some(Condition::ComparisonError))
    }

    /// Argo CD or the API server refuses, and no Application says so.
    pub fn refused(kind: ProblemKind, message: impl Into<String>) -> Self {
        Self::new(State::Fails, kind, message, None)
    }

    /// Cannot be told from here.
    pub fn unknown(kind: ProblemKind, message: impl Into<String>) -> Self {
        Self::new(State::Unknown, kind, message, None)
    }

    /// Argo CD goes on.
    pub fn warning(kind: ProblemKind, message: impl Into<String>, condition: Option<Condition>) -> Self {
        Self::new(State::Warning, kind, message, condition)
    }

    fn new(
        state: State,
        kind: ProblemKind,
        message: impl Into<String>,
        condition: Option<Condition>,
    ) -> Self {
        let message = message.into();
        let help = String::new();
        Self { state, kind, message, help, location: None, condition, application: None, source: None }
    }

    /// With the condition that Argo CD puts on the Application instead.
    #[must_use]
    pub fn condition(mut self, condition: Condition) -> Self {
        self.condition = Some(condition);
        self
    }

    /// With a cure.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// At a place, unless one is known already.
    #[must_use]
    pub fn at(mut self, location: Location) -> Self {
        self.location.get_or_insert(location);
        self
    }
}
