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
