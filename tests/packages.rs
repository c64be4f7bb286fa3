//! What stands in several places about this package is the same everywhere.
#![allow(clippy::disallowed_methods, reason = "tests read files")]

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn read(path: &str) -> String {
    fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR")))
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn yaml(path: &str) -> Value {
    let file = billhook::yaml::File::single(read(path).into());
    file.node(file.documents()[0].root().expect("YAML")).to_json()
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

/// The `target` of each entry of a job's matrix.
fn targets(workflow: &Value, job: &str) -> BTreeSet<String> {
    let include = workflow["jobs"][job]["strategy"]["matrix"]["include"].as_array().expect("a matrix");
    include.iter().map(|entry| entry["target"].as_str().expect("a target").to_owned()).collect()
}

/// An archive is called the same where it is made, where the action looks for it, and where `cargo binstall` does.
#[test]
fn archives_are_found() {
    let workflow = yaml(".github/workflows/release.yaml");
    let installer = read("action/install.sh");
    let known: BTreeSet<String> = installer
        .lines()
        .filter_map(|line| Some(line.split_once(") echo ")?.1.strip_suffix(" ;;")?.to_owned()))
        .collect();
    assert_eq!(known, targets(&workflow, "archive"));
    assert!(installer.contains("\"billhook-$version-$(target).tar.gz\""));
    assert!(
        read(".ci/pack").contains("name=\"billhook-$tag-$target\"")
            && read(".ci/pack").contains("$to/$name.tar.gz")
    );
    let address =
        "pkg-url = \"{ repo }/releases/download/v{ version }/billhook-v{ version }-{ target }.tar.gz\"";
    assert!(read("Cargo.toml").contains(address));
    assert!(installer.contains(&format!("{}/releases/download", env!("CARGO_PKG_REPOSITORY"))));
    let wheels = targets(&workflow, "wheel");
    assert!(known.is_subset(&wheels), "no wheel for {:?}", known.difference(&wheels));
}

/// What is packed is what the action unpacks.
#[cfg(unix)]
#[test]
fn an_archive_holds_the_program() {
    let folder = tempfile::tempdir().expect("a folder");
    let pack = |to: &str| {
        let mut command = std::process::Command::new(format!("{}/.ci/pack", env!("CARGO_MANIFEST_DIR")));
        command.args([env!("CARGO_BIN_EXE_billhook"), "v1.2.3", "some-target"]).arg(folder.path().join(to));
        assert!(command.output().expect("bash").status.success());
        fs::read(folder.path().join(to).join("billhook-v1.2.3-some-target.tar.gz")).expect("an archive")
    };
    let archive = pack("a");
    let listed = std::process::Command::new("tar")
        .args(["-tzf"])
        .arg(folder.path().join("a/billhook-v1.2.3-some-target.tar.gz"))
        .output()
        .expect("tar");
    let names = String::from_utf8(listed.stdout).expect("names");
    assert_eq!(names, "CHANGELOG.md\nLICENSE-APACHE\nLICENSE-MIT\nREADME.md\nbillhook\n");
    assert!(archive == pack("b"), "the same input gives other bytes");
}

/// The image and the tests run the same Helm and Kustomize.
#[test]
fn renderers_agree() {
    let modules = |path: &str| -> BTreeSet<String> {
        let text = read(path);
        let words =
            text.split_whitespace().filter(|word| word.contains("@v") && !word.contains("actionlint"));
        words.map(str::to_owned).collect()
    };
    assert_eq!(modules("Dockerfile"), modules(".ci/tools"));
    assert_eq!(modules("Dockerfile").len(), 2);
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
    let action = yaml("action.yml");
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
