//! What go-yaml and the trip through JSON refuse although it is YAML: `decode.go` of `go.yaml.in/yaml/v2` and
//! `convertToJSONableObject` of `sigs.k8s.io/yaml`.

use super::Error;
use super::arena::Kind;
use super::effective::{Entries, applied};
use super::node::{Children, Node};
use super::slow::MAX_DEPTH;
use super::typing::{self, Scalar, Tag};

/// Why Kubernetes refuses the document of this root.
pub(super) fn document(root: Node<'_>) -> Result<(), Error> {
    let aliases = nodes(root)?;
    if aliases {
        expansion(root)?;
    }
    result(root)
}

fn refuse<T>(node: Node<'_>, message: impl Into<String>) -> Result<T, Error> {
    Err(Error { span: node.span(), message: message.into() })
}

/// Looks at every node by itself; whether there are aliases.
fn nodes(root: Node<'_>) -> Result<bool, Error> {
    let mut aliases = false;
    for node in root.subtree() {
        if node.is_alias() {
            aliases = true;
            let target = node.target();
            if !target.kind.is_scalar() && node.index() < target.a {
                return refuse(node, "this alias stands inside the value it refers to");
            }
        } else if let Some(tag) = node.tag()
            && node.target().kind.is_scalar()
            && typing::resolve_tagged(Tag::of(tag), node.text()).is_none()
        {
            return refuse(node, format!("`{}` is not a `{tag}`", node.text()));
        } else if node.is_map() {
            keys(node)?;
        }
    }
    Ok(aliases)
}

fn keys(map: Node<'_>) -> Result<(), Error> {
    for entry in map.written() {
        if entry.key_node.is_merge() {
            mergeable(entry.value)?;
        } else if !entry.key_node.target().kind.is_scalar() {
            return refuse(entry.key_node, "a mapping or list cannot be a key");
        }
    }
    Ok(())
}

fn mergeable(value: Node<'_>) -> Result<(), Error> {
    let items = value.is_seq() && !value.is_alias();
    match items {
        true => value.items().find(|item| !item.is_map()),
        false => Some(value).filter(|value| !value.is_map()),
    }
    .map_or(Ok(()), |node| refuse(node, "`<<` merges a mapping or a list of mappings, and this is neither"))
}

/// Follows the decoding of a document with aliases, as far as go-yaml does: it stops when too many of its steps come
/// from aliases.
fn expansion(root: Node<'_>) -> Result<(), Error> {
    let mut count = Steps { all: 1, aliased: 0 };
    let mut todo = vec![Todo { children: Children::one(root), aliased: false, map: false }];
    loop {
        let Some(top) = todo.last_mut() else { return Ok(()) };
        let aliased = top.aliased;
        let Some(node) = top.children.next() else {
            todo.pop();
            continue;
        };
        if top.map && node.is_merge() {
            let Some(value) = top.children.next() else { continue };
            if value.is_seq() && !value.is_alias() {
                // The list itself is not decoded. Its items are taken backwards, which changes no sum.
                todo.push(Todo { children: value.children(), aliased, map: false });
            } else {
                count.visit(value, aliased, &mut todo)?;
            }
            continue;
        }
        count.visit(node, aliased, &mut todo)?;
    }
}

struct Todo<'a> {
    children: Children<'a>,
    /// Reached through an alias.
    aliased: bool,
    map: bool,
}

struct Steps {
    all: u64,
    aliased: u64,
}

impl Steps {
    fn visit<'a>(&mut self, node: Node<'a>, aliased: bool, todo: &mut Vec<Todo<'a>>) -> Result<(), Error> {
        self.step(node, aliased)?;
        let aliased = aliased || node.is_alias();
        if node.is_alias() {
            self.step(node, true)?;
        }
        if !node.target().kind.is_scalar() {
            todo.push(Todo { children: node.children(), aliased, map: node.target().kind == Kind::Map });
        }
        Ok(())
    }

    fn step(&mut self, node: Node<'_>, aliased: bool) -> Result<(), Error> {
        self.all += 1;
        self.aliased += u64::from(aliased);
        let ratio = self.aliased as f64 / self.all as f64;
        if self.aliased > 100 && self.all > 1000 && ratio > allowed_ratio(self.all) {
            return refuse(node, "aliases multiply this document beyond what Kubernetes reads");
        }
        Ok(())
    }
}

/// `allowedAliasRatio` of go-yaml: from 99 % of the steps in small documents down to 10 % in large ones.
fn allowed_ratio(steps: u64) -> f64 {
    const LOW: u64 = 400_000;
    const HIGH: u64 = 4_000_000;
    match steps {
        ..=LOW => 0.99,
        HIGH.. => 0.10,
        _ => 0.99 - 0.89 * ((steps - LOW) as f64 / (HIGH - LOW) as f64),
    }
}

/// Looks at what the document comes to: what is overridden does not matter.
fn result(root: Node<'_>) -> Result<(), Error> {
    enum Level<'a> {
        Map(Entries<'a>),
        Seq(Children<'a>),
    }
    let mut levels = vec![Level::Seq(Children::one(root))];
    while let Some(top) = levels.last_mut() {
        let next = match top {
            Level::Map(entries) => entries.next().map(|entry| entry.value),
            Level::Seq(items) => items.next(),
        };
        let Some(node) = next else {
            levels.pop();
            continue;
        };
        match node.target().kind {
            Kind::Map | Kind::Seq if levels.len() > MAX_DEPTH => {
                return refuse(node, "nested more than 10,000 levels deep");
            }
            Kind::Map => {
                final_keys(node)?;
                levels.push(Level::Map(node.entries()));
            }
            Kind::Seq => levels.push(Level::Seq(node.children())),
            Kind::Plain | Kind::Single | Kind::Double | Kind::Literal | Kind::Folded | Kind::Alias => {
                if let Scalar::Float(float) = node.scalar()
                    && !float.is_finite()
                {
                    return refuse(
                        node,
                        format!("JSON has no `{}`; put it in quotes to make it text", node.text()),
                    );
                }
            }
        }
    }
    Ok(())
}

fn final_keys(map: Node<'_>) -> Result<(), Error> {
    for (key, _) in applied(map) {
        match key.scalar() {
            Scalar::Null => return refuse(key, "a key cannot be null; put it in quotes to make it text"),
            Scalar::UInt(_) => return refuse(key, "this number is too large for a key; put it in quotes"),
            Scalar::Bool(_) | Scalar::Int(_) | Scalar::Float(_) | Scalar::Str(_) => (),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::yaml::File;

    fn refusal(text: &str) -> Option<String> {
        let file = File::single(text.into());
        file.documents()[0]
            .root()
            .err()
            .map(|error| format!("{} `{}`", error.message, &text[error.span.range()]))
    }

    #[test]
    fn refused() {
        for (text, expected) in [
            ("~: 1\n", Some("a key cannot be null; put it in quotes to make it text `~`")),
            ("a: .inf\n", Some("JSON has no `.inf`; put it in quotes to make it text `.inf`")),
            ("a: .inf\na: 1\n", None),
            (".inf: 1\n", None),
            ("? [a]\n: b\n", Some("a mapping or list cannot be a key `[a]`")),
            (
                "18446744073709551615: a\n",
                Some("this number is too large for a key; put it in quotes `18446744073709551615`"),
            ),
            ("a: &x\n  b: *x\n", Some("this alias stands inside the value it refers to `*x`")),
            ("<<: 1\n", Some("`<<` merges a mapping or a list of mappings, and this is neither `1`")),
            ("a: !!int x\n", Some("`x` is not a `!!int` `x`")),
            ("a: !!binary a\n", Some("`!!binary` does not hold valid base64 `!!binary`")),
            (
                "a: *x\n",
                Some(
                    "no anchor of this name comes before in the same document; anchors do not outlive `---` `*x`",
                ),
            ),
            (
                "\ta: 1\n",
                Some(
                    "a tab cannot stand here: YAML indents with spaces only; replace the tab by spaces `\t`",
                ),
            ),
        ] {
            assert_eq!(refusal(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn alias_bombs() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for i in 1..9 {
            let aliases = vec![format!("*a{}", i - 1); 9].join(", ");
            bomb.push_str(&format!("a{i}: &a{i} [{aliases}]\n"));
        }
        assert!(refusal(&bomb).is_some_and(|message| message.contains("multiply")));
        let harmless: String = (0..500).map(|i| format!("k{i}: *a\n")).collect();
        assert_eq!(refusal(&format!("a: &a {{b: 1}}\n{harmless}")), None);
        // Mappings that merge each other are cheap to write and dear to read.
        let mut chain = String::from("a0: &a0 {k: 1}\n");
        for i in 1..3000 {
            chain.push_str(&format!("a{i}: &a{i} {{<<: *a{}}}\n", i - 1));
        }
        assert!(refusal(&chain).is_some());
    }
}
