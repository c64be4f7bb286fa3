//! What is wrong with a configuration beyond its shape.

use crate::config::{Error, Glob, Loaded, RuleNames};
use crate::files::Tree;
use crate::render::{clean, join};
use std::sync::Arc;

/// What the reader of nodes says, in the words of people who write YAML.
pub(super) fn reworded(message: &str) -> String {
    let Some((expected, found)) =
        message.strip_prefix("expected ").and_then(|rest| rest.split_once(", found "))
    else {
        return message.to_owned();
    };
    let wanted = match expected {
        "a string" => "text",
        "a sequence" => "a list",
        "a map" => "a mapping",
        "a boolean" => "`true` or `false`",
        "u32" => "a whole number",
        text if text.starts_with("struct ") => "a mapping",
        text => text,
    };
    format!("expected {wanted}, found {found}")
}

/// Every rule that is named exists.
pub(super) fn rules(loaded: &Loaded, rules: RuleNames<'_>) -> Result<(), Error> {
    for name in loaded.config.rules.keys() {
        known_rule(loaded, rules, name, &["rules", name])?;
    }
    for (i, ignore) in loaded.config.ignore.iter().enumerate() {
        let i = i.to_string();
        if ignore.rules.is_empty() {
            let span = loaded.span(&["ignore", &i, "rules"]);
            return Err(loaded.invalid(
                span,
                "`rules` is empty",
                "name the rules whose findings are ignored",
            ));
        }
        for (j, name) in ignore.rules.iter().enumerate() {
            known_rule(loaded, rules, name, &["ignore", &i, "rules", &j.to_string()])?;
        }
    }
    Ok(())
}

fn known_rule(loaded: &Loaded, rules: RuleNames<'_>, name: &str, steps: &[&str]) -> Result<(), Error> {
    if rules.find(name).is_some() {
        return Ok(());
    }
    Err(loaded.invalid(loaded.span(steps), rules.unknown(name), "`billhook explain` lists the rules"))
}

/// The placeholders of both sides are the same and the path is a glob around them.
pub(super) fn naming(loaded: &Loaded) -> Result<(), Error> {
    for (i, naming) in loaded.config.naming.iter().enumerate() {
        let i = i.to_string();
        let wrong = |field: &str, message: String, help: &str| {
            Err(loaded.invalid(loaded.span(&["naming", &i, field]), message, help))
        };
        let (name, path) = (placeholders(&naming.application), placeholders(&naming.path));
        if let Some(odd) = name.iter().find(|placeholder| !path.contains(placeholder)) {
            return wrong(
                "application",
                format!("`{odd}` does not occur in `path`"),
                "use the same placeholders in both",
            );
        }
        let bare = path.iter().fold(naming.path.clone(), |glob, placeholder| glob.replace(placeholder, "*"));
        if let Err(message) = Glob::new(&bare) {
            return wrong("path", message, "");
        }
    }
    Ok(())
}

/// `{app}` and its like, in order.
fn placeholders(text: &str) -> Vec<&str> {
    let starts = text.match_indices('{').map(|(at, _)| &text[at..]);
    let whole = starts.filter_map(|rest| rest.get(..=rest.find('}')?));
    whole.filter(|inside| inside[1..inside.len() - 1].chars().all(|c| c.is_ascii_alphanumeric())).collect()
}

/// What a configuration inside a tree names is inside that tree.
pub(super) fn inside(loaded: &Loaded, tree: &Tree) -> Result<(), Error> {
    const HELP: &str = "a file given with `--config`, and flags, may name what is outside";
    for (i, known) in loaded.config.known.iter().enumerate() {
        let span = || loaded.span(&["known", &i.to_string(), "path"]);
        let Some(path) = within(loaded.folder(), &known.path) else {
            return Err(loaded.invalid(span(), format!("`{}` is outside the repository", known.path), HELP));
        };
        match tree.resolve(&path) {
            Err(error) => return Err(loaded.invalid(span(), error.to_string(), HELP)),
            Ok(Some(real)) if tree.is_dir(&real) || tree.entry(&real).is_some() => (),
            Ok(_) => {
                let help = "the path is relative to this configuration";
                return Err(loaded.invalid(
                    span(),
                    format!("there is no `{}` in the repository", known.path),
                    help,
                ));
            }
        }
    }
    for (i, repository) in loaded.config.repositories.iter().enumerate() {
        if within("", &repository.path).is_none() {
            let span = loaded.span(&["repositories", &i.to_string(), "path"]);
            return Err(loaded.invalid(
                span,
                format!("`{}` is outside the repository", repository.path),
                HELP,
            ));
        }
    }
    Ok(())
}

/// `path` from the folder `from`, both of one tree; None where it leaves it.
fn within(from: &str, path: &str) -> Option<Arc<str>> {
    let relative = !path.starts_with('/') && !path.contains(['\\', '\0']);
    relative.then(|| clean(&join(from, path)))?
}
