//! Acknowledgements: how somebody says that a deletion is meant, object by object.
//!
//! ```text
//! billhook diff --acknowledge 'apps/StatefulSet shop/db'
//! Billhook-acknowledge: PersistentVolumeClaim shop/files          a trailer of a commit message
//! metadata: {annotations: {billhook/acknowledge: "moved to S3"}}   on the object, in base
//! ```

use crate::model::{Manifest, ResourceKey};
use std::fmt;
use std::str::FromStr;

/// The annotation that acknowledges, in base, that its object goes; its text says why.
pub const ACKNOWLEDGE: &str = "billhook/acknowledge";

/// The trailer of a commit message that acknowledges.
pub const TRAILER: &str = "Billhook-acknowledge";

/// The object that may go, on whichever cluster it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// What it names.
    pub key: ResourceKey,
    /// Who says so.
    pub from: Voice,
}

/// Who acknowledges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Voice {
    /// The command line.
    Option,
    /// The message of this commit.
    Commit(String),
}

/// A text that should name an object and does not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` names no object: the shape is `group/Kind namespace/name`, without group or namespace where there is none"
)]
pub struct NoObject(pub String);

/// `group/Kind namespace/name`; the group is left out of core kinds, the namespace of what has none.
pub fn key(text: &str) -> Result<ResourceKey, NoObject> {
    let wrong = || NoObject(text.trim().to_owned());
    let mut words = text.split_whitespace();
    let (Some(kind), Some(name), None) = (words.next(), words.next(), words.next()) else {
        return Err(wrong());
    };
    let (group, kind) = kind.rsplit_once('/').unwrap_or(("", kind));
    let (namespace, name) = name.split_once('/').unwrap_or(("", name));
    if kind.is_empty() || name.is_empty() || group.contains('/') || name.contains('/') {
        return Err(wrong());
    }
    Ok(ResourceKey { group: group.into(), kind: kind.into(), namespace: namespace.into(), name: name.into() })
}

/// Whether an object says of itself that it may go: the annotation gives a reason.
pub fn is_annotated(manifest: &Manifest) -> bool {
    manifest.annotation(ACKNOWLEDGE).is_some_and(|reason| !reason.trim().is_empty())
}

impl FromStr for Acknowledgement {
    type Err = NoObject;

    fn from_str(text: &str) -> Result<Self, NoObject> {
        Ok(Self { key: key(text)?, from: Voice::Option })
    }
}

/// As the command line and commit messages write it.
impl fmt::Display for Acknowledgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slash = |part: &str| if part.is_empty() { String::new() } else { format!("{part}/") };
        let ResourceKey { group, kind, namespace, name } = &self.key;
        write!(f, "{}{kind} {}{name}", slash(group), slash(namespace))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        for (text, expected) in [
            ("apps/StatefulSet shop/db", Some(("apps", "StatefulSet", "shop", "db"))),
            ("  PersistentVolumeClaim   shop/files ", Some(("", "PersistentVolumeClaim", "shop", "files"))),
            ("/Namespace shop", Some(("", "Namespace", "", "shop"))),
            ("argoproj.io/Application argocd/shop", Some(("argoproj.io", "Application", "argocd", "shop"))),
            ("StatefulSet", None),
            ("apps/v1/StatefulSet shop/db", None),
            ("apps/StatefulSet shop/db/0", None),
            ("apps/ shop/db", None),
            ("apps/StatefulSet shop/", None),
            ("apps/StatefulSet shop/db because", None),
        ] {
            let found = key(text).ok();
            let found = found.as_ref().map(|key| (&*key.group, &*key.kind, &*key.namespace, &*key.name));
            assert_eq!(found, expected, "{text}");
        }
        let one: Acknowledgement = "/Namespace shop".parse().expect("a Namespace");
        assert_eq!(one.to_string(), "Namespace shop");
    }
}
