//! ApplicationSets into the Applications that Argo CD's controller would generate.
//!
//! [`ApplicationSet::admit`] takes an object as the API server does; [`ApplicationSet::generate`] runs its
//! generators in a [`World`] and renders its template. Everything follows Argo CD 3.5. What the repository
//! alone cannot tell, such as the clusters when their list is open, makes the whole set unknown, never empty.

mod admission;
mod engine;
mod fail;
mod fast;
mod functions;
mod generate;
mod generators;
mod goyaml;
mod patch;
mod schema;
mod selector;
mod set;
mod typed;
mod world;

pub use fail::{Lack, Spot};
pub use fast::FastTemplate;
pub use functions::{branch_slug, functions, normalize};
pub use generate::{Generated, Outcome, Problem, RESOURCES_FINALIZER, Step};
pub use generators::{By, Produced};
pub use set::{ApplicationSet, Refused};
pub use world::{Cluster, IN_CLUSTER, IN_CLUSTER_SERVER, Known, Repository, Settings, World};
