use std::borrow::Cow;

/// Why an object meets its outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cause {
    /// Names the mechanism, such as `prune`.
    pub code: &'static str,
    /// The mechanism in one sentence, with the user's own names in backticks; may be empty where nothing happens.
    pub because: Cow<'static, str>,
}

impl Cause {
    /// A mechanism and its sentence.
    pub fn new(code: &'static str, because: impl Into<Cow<'static, str>>) -> Self {
        Self { code, because: because.into() }
    }
}
