//! A configuration in the words of the rooms below.

use crate::config::{Config, Glob, TrackingMethod};
use crate::inventory::InstanceOptions;
use crate::model::{Clusters, Tracking};
use globset::{GlobSet, GlobSetBuilder};

impl Config {
    /// The clusters that are written down.
    pub fn listed_clusters(&self) -> Clusters {
        Clusters::new(self.clusters.clone(), self.clusters_complete)
    }

    /// The files in which no Applications are looked for.
    pub fn excluded(&self) -> GlobSet {
        set(&self.exclude)
    }

    /// The Argo CD instances that are written down.
    pub fn instances(&self) -> Vec<InstanceOptions> {
        let instance = |one: &crate::config::Instance| InstanceOptions {
            version: one.version,
            namespace: one.namespace.clone(),
            tracking: one.tracking_method.map(Tracking::from),
            set_policy: one.application_set_policy,
            roots: (!one.roots.is_empty()).then(|| set(&one.roots)),
            scope: one.roots.iter().map(Glob::as_str).collect::<Vec<_>>().join(", "),
        };
        self.argocd.written().iter().map(instance).collect()
    }
}

impl From<TrackingMethod> for Tracking {
    fn from(method: TrackingMethod) -> Self {
        match method {
            TrackingMethod::Annotation => Self::Annotation,
            TrackingMethod::AnnotationAndLabel => Self::AnnotationAndLabel,
            TrackingMethod::Label => Self::Label,
        }
    }
}

/// Globs that were read one by one, as one set.
fn set(globs: &[Glob]) -> GlobSet {
    let mut builder = GlobSetBuilder::new();
    for glob in globs {
        builder.add(glob.parsed().clone());
    }
    builder.build().expect("each of these globs was compiled before")
}
