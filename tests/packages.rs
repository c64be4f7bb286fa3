//! What stands in several places about this package is the same everywhere.
#![allow(clippy::disallowed_methods, reason = "tests read files")]

use std::fs;

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn read(path: &str) -> String {
    fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR")))
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn versions_agree() {
    let wrapper = read("pyproject.toml");
    for line in [format!("version = \"{VERSION}\""), format!("dependencies = [\"billhook=={VERSION}\"]")] {
        assert!(wrapper.lines().any(|other| other == line), "pyproject.toml lacks {line}");
    }
    assert!(read("python/pyproject.toml").contains("dynamic = [\"version\"]"));
}

#[test]
fn addresses_agree() {
    let (home, source) = (env!("CARGO_PKG_HOMEPAGE"), env!("CARGO_PKG_REPOSITORY"));
    let wheel = read("python/pyproject.toml");
    assert!(
        wheel.contains(&format!("Homepage = \"{home}\""))
            && wheel.contains(&format!("Source = \"{source}\""))
    );
    assert_eq!(
        wheel.lines().find(|line| line.starts_with("description")),
        Some(&*format!("description = \"{}\"", env!("CARGO_PKG_DESCRIPTION")))
    );
}

/// Every key of the configuration has its section.
#[test]
fn the_configuration_is_documented() {
    let schema = billhook::config::schema();
    let keys = schema.get("properties").and_then(|keys| keys.as_object()).expect("the schema has properties");
    let page = read("docs/configuration.md");
    let sections: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let missing: Vec<&String> = keys.keys().filter(|key| !sections.contains(&key.as_str())).collect();
    assert!(missing.is_empty(), "docs/configuration.md lacks {missing:?}");
    assert_eq!(sections.len(), keys.len(), "docs/configuration.md has sections of no key");
}

/// Every input of the action stands in its page, with its default.
#[test]
fn the_action_is_documented() {
    let file = billhook::yaml::File::single(read("action.yml").into());
    let action = file.node(file.documents()[0].root().expect("YAML")).to_json();
    let page = read("docs/action.md");
    for (name, input) in action["inputs"].as_object().expect("inputs") {
        let default = input["default"].as_str().unwrap_or_default();
        let cell = if default.is_empty() || default.contains("${{") {
            String::new()
        } else {
            format!("`{default}` ")
        };
        let row = format!("| `{name}` | {cell}");
        assert!(page.lines().any(|line| line.starts_with(&row)), "docs/action.md lacks {row}");
    }
}
