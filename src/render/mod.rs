//! One source to manifests.

pub mod jsonnet;
