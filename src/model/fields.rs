//! Which fields Argo CD's own kinds have, and where.

use hashbrown::HashMap;
use std::sync::LazyLock;

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Text, a number or a truth value.
    Scalar,
    /// Anything; nobody looks inside.
    Any,
    /// An object of this type; see [`fields`].
    Type(&'static str),
}

/// Whether a field holds one thing or several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// One.
    One,
    /// A list.
    List,
    /// A map from names that anybody may choose.
    Map,
}

/// One field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// How many.
    pub count: Count,
    /// Of what.
    pub content: Content,
}

static TYPES: LazyLock<HashMap<&'static str, Vec<Field>>> = LazyLock::new(|| {
    let lines = include_str!("fields.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once(' '))
        .map(|(name, rest)| (name, rest.split(' ').map(field).collect()))
        .collect()
});

fn field(text: &'static str) -> Field {
    let (name, content) = match text.split_once(':') {
        None => (text, Content::Scalar),
        Some((name, "*")) => (name, Content::Any),
        Some((name, of)) => (name, Content::Type(of)),
    };
    if let Some(name) = name.strip_suffix("[]") {
        return Field { name, count: Count::List, content };
    }
    match name.strip_suffix("{}") {
        Some(name) => Field { name, count: Count::Map, content },
        None => Field { name, count: Count::One, content },
    }
}

/// The fields of a type of Argo CD: `Application`, `ApplicationSet`, `AppProject`, or what one of these names. None for
/// other names.
///
/// As the CustomResourceDefinitions of Argo CD 3.5 have them; the API server drops every other field.
pub fn fields(of: &str) -> Option<&'static [Field]> {
    TYPES.get(of).map(Vec::as_slice)
}

/// Every place in a kind that has a field of this name: the way to it, without the field itself. The shortest ways
/// first; a way passes each type once.
pub fn places(kind: &str, name: &str) -> Vec<(Vec<&'static str>, &'static Field)> {
    let Some((&kind, _)) = TYPES.get_key_value(kind) else { return Vec::new() };
    let mut found = Vec::new();
    let mut level: Vec<(Vec<&'static str>, Vec<&'static str>)> = vec![(Vec::new(), vec![kind])];
    while !level.is_empty() {
        let mut next = Vec::new();
        for (path, types) in level {
            let own = types.last().and_then(|of| TYPES.get(of));
            for field in own.into_iter().flatten() {
                if field.name == name {
                    found.push((path.clone(), field));
                }
                if let Content::Type(of) = field.content
                    && !types.contains(&of)
                {
                    next.push(([&path[..], &[field.name]].concat(), [&types[..], &[of]].concat()));
                }
            }
        }
        level = next;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_that_is_named_exists() {
        for (name, fields) in TYPES.iter() {
            for field in fields {
                if let Content::Type(of) = field.content {
                    assert!(TYPES.contains_key(of), "{name}.{} is a {of}", field.name);
                }
            }
        }
    }

    #[test]
    fn where_fields_are() {
        for (kind, name, expected) in [
            ("Application", "selfHeal", "spec.syncPolicy.automated"),
            ("Application", "finalizers", "metadata"),
            ("ApplicationSet", "preserveResourcesOnDeletion", "spec.syncPolicy"),
            ("AppProject", "sourceRepos", "spec"),
        ] {
            let found = places(kind, name);
            assert_eq!(
                found.first().map(|(path, _)| path.join(".")).as_deref(),
                Some(expected),
                "{kind} {name}"
            );
        }
        assert!(places("Application", "nowhere").is_empty());
        assert!(places("Nothing", "name").is_empty());
    }
}
