//! stub
/// d
#[derive(Clone, Copy, Debug)]
pub enum Dialect {
    /// a
    Gobwas,
    /// b
    GobwasSlash,
}
/// p
#[derive(Clone, Debug)]
pub struct Pattern(String);
impl Pattern {
    /// n
    pub fn new(_: Dialect, t: &str) -> Result<Self, ()> {
        Ok(Self(t.into()))
    }
    /// m
    pub fn matches(&self, t: &str) -> bool {
        self.0 == t
    }
}
