use super::AppId;
use crate::model::Application;

/// Hears how rendering goes, from any thread. What it does with it changes nothing.
pub trait Observer: Send + Sync {
    /// So many further Applications are about to be rendered.
    fn found(&self, _count: usize) {}

    /// The rendering of one begins.
    fn begins(&self, _id: AppId, _application: &Application) {}

    /// It has ended, however it went.
    fn ends(&self, _id: AppId) {}
}

/// Nobody listens.
impl Observer for () {}
