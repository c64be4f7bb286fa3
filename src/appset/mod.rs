//! ApplicationSets into the Applications that Argo CD's controller would generate.

mod fast;
mod functions;
mod goyaml;

pub use fast::FastTemplate;
pub use functions::{branch_slug, functions, normalize};
