//! YAML and JSON as Kubernetes reads them: text to an arena of nodes with spans, styles and comments.
//!
//! Two speeds: a parser of our own for what manifests look like, which either agrees with libyaml or
//! declines, and libyaml behind it.
