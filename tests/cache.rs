//! What is rendered anew and what is known from before, counted by a program that stands in for Kustomize and notes each
//! of its builds.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "this is a test")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Overlays that share a base, overlays that share another, and overlays with a base of their own.
const SHARING: usize = 9;
const OTHERS: usize = 3;
const ALONE: usize = 4;
const ALL: usize = SHARING + OTHERS + ALONE;

/// Prints one object and notes that it did; it answers what it is asked as Kustomize would.
const PROGRAM: &str = r#"#!/bin/sh
case "$1" in
version) echo v5.8.1 ;;
build)
  echo "$2" >>COUNTER
  printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: made}\ndata: {made: "VERSION"}\n' ;;
esac
"#;

struct Scene {
    folder: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let scene = Self { folder: tempfile::tempdir().unwrap() };
        scene.install("1");
        for overlay in 0..ALL {
            let base = match overlay {
                _ if overlay < SHARING => "shared".to_owned(),
                _ if overlay < SHARING + OTHERS => "other".to_owned(),
                _ => format!("own{overlay}"),
            };
            scene.write(&format!("repo/bases/{base}/kustomization.yaml"), "resources: [object.yaml]\n");
            scene.write(
                &format!("repo/bases/{base}/object.yaml"),
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
            );
            let text = format!("resources: [../../bases/{base}]\nnamePrefix: o{overlay}-\n");
            scene.write(&format!("repo/overlays/o{overlay}/kustomization.yaml"), &text);
            let application = format!(
                "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: o{overlay}, namespace: argocd}}\n\
                 spec:\n  project: default\n  destination: {{name: in-cluster, namespace: o{overlay}}}\n  \
                 source: {{repoURL: https://git.example/repo.git, path: overlays/o{overlay}}}\n"
            );
            scene.write(&format!("repo/apps/o{overlay}.yaml"), &application);
        }
        scene
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Puts the program there; one of another `version` makes another object.
    fn install(&self, version: &str) {
        let counter = self.path("counter");
        let text = PROGRAM.replace("COUNTER", &counter.display().to_string()).replace("VERSION", version);
        let (new, place) = (self.path("new"), self.path("kustomize"));
        self.write("new", &text);
        fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).unwrap();
        fs::rename(new, &place).unwrap();
        // It is busy as long as a process that another test has just forked holds it open.
        while Command::new(&place).output().is_err() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }

    fn command(&self) -> Command {
        self.command_on("repo")
    }

    fn command_on(&self, repository: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_billhook"));
        command.args(["inventory", "--format", "ndjson", "--kustomize"]).arg(self.path("kustomize"));
        command
            .arg(self.path(repository))
            // No other renderer, whose version would be kept as well.
            .env("PATH", "/usr/bin:/bin")
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env_remove("BILLHOOK_NO_CACHE");
        command
    }

    fn run(&self, command: &mut Command) -> String {
        text(&command.output().unwrap())
    }

    /// The builds of one run, and what it printed.
    fn builds(&self, command: &mut Command) -> (usize, String) {
        let before = self.built();
        let printed = self.run(command);
        (self.built() - before, printed)
    }

    fn built(&self) -> usize {
        fs::read_to_string(self.path("counter")).unwrap_or_default().lines().count()
    }

    /// The files of the cache.
    fn entries(&self) -> Vec<PathBuf> {
        files(&self.path("cache"))
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let files = walkdir::WalkDir::new(folder).into_iter().flatten();
    files.filter(|file| file.file_type().is_file()).map(|file| file.into_path()).collect()
}

fn text(output: &Output) -> String {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(text.matches("\"name\":\"made\"").count(), ALL, "{text}");
    text
}

#[test]
fn only_what_depends_on_a_change_is_rendered_anew() {
    let scene = Scene::new();
    let (builds, first) = scene.builds(&mut scene.command());
    assert_eq!(builds, ALL, "an empty cache");
    let (builds, second) = scene.builds(&mut scene.command());
    assert_eq!(builds, 0, "nothing changed");
    assert_eq!(first, second);
    scene.write("repo/overlays/o3/kustomization.yaml", "resources: [../../bases/shared]\nnamePrefix: new-\n");
    assert_eq!(scene.builds(&mut scene.command()).0, 1, "one overlay changed");
    scene.write("repo/bases/shared/object.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n");
    assert_eq!(scene.builds(&mut scene.command()).0, SHARING, "the base of nine overlays changed");
    scene.write("repo/bases/shared/README.md", "no part of a build");
    scene.write("repo/elsewhere/object.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n");
    assert_eq!(scene.builds(&mut scene.command()).0, 0, "nothing changed that a build reads");
    scene.write("repo/bases/shared/object.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n");
    assert_eq!(scene.builds(&mut scene.command()).0, 0, "back again: all of it is known");
    fs::rename(scene.path("repo"), scene.path("moved")).unwrap();
    assert_eq!(scene.builds(&mut scene.command_on("moved")).0, 0, "where a repository lies does not count");
}

#[test]
fn another_program_renders_everything_anew() {
    let scene = Scene::new();
    scene.run(&mut scene.command());
    scene.install("22");
    assert_eq!(scene.builds(&mut scene.command()).0, ALL);
    assert_eq!(scene.builds(&mut scene.command()).0, 0);
}

#[test]
fn without_a_cache_nothing_is_kept_and_nothing_taken() {
    let scene = Scene::new();
    assert_eq!(scene.builds(scene.command().arg("--no-cache")).0, ALL);
    assert!(!scene.path("cache").exists());
    scene.run(&mut scene.command());
    let kept = scene.entries();
    assert_eq!(scene.builds(scene.command().arg("--no-cache")).0, ALL);
    assert_eq!(scene.entries(), kept);
}

#[test]
fn the_cache_lies_where_the_base_directory_specification_says() {
    let scene = Scene::new();
    scene.run(&mut scene.command());
    assert!(scene.path("cache/billhook").is_dir());
    let (cache, home) = (scene.path("cache"), scene.path("home"));
    scene.run(scene.command().env_remove("XDG_CACHE_HOME").env("HOME", &home));
    assert_eq!(files(&home.join(".cache/billhook")).len(), files(&cache.join("billhook")).len());
    let (builds, _) = scene.builds(scene.command().env("XDG_CACHE_HOME", "relative").env("HOME", &home));
    assert_eq!(builds, 0, "a relative path does not count");
    let nowhere = scene.builds(scene.command().env("XDG_CACHE_HOME", scene.path("kustomize/not-a-folder")));
    assert_eq!(nowhere.0, ALL, "a cache that cannot be written is no error");
}

#[test]
fn damaged_entries_are_passed_over_and_written_again() {
    let scene = Scene::new();
    let (_, whole) = scene.builds(&mut scene.command());
    let damages: [&dyn Fn(Vec<u8>) -> Vec<u8>; 4] = [
        &|_| Vec::new(),
        &|bytes| bytes[..bytes.len() / 2].to_vec(),
        &|bytes| bytes.iter().map(|byte| if *byte == b'm' { b'n' } else { *byte }).collect(),
        &|bytes| vec![b'+'; bytes.len()],
    ];
    for damage in damages {
        for entry in scene.entries() {
            let bytes = damage(fs::read(&entry).unwrap());
            fs::write(&entry, bytes).unwrap();
        }
        let (builds, printed) = scene.builds(&mut scene.command());
        assert_eq!(builds, ALL);
        assert_eq!(printed, whole);
        assert_eq!(scene.builds(&mut scene.command()).0, 0);
    }
}

#[test]
fn several_runs_share_a_cache() {
    let scene = Scene::new();
    let (_, expected) = scene.builds(scene.command().arg("--no-cache"));
    for round in 0..3 {
        let runs: Vec<_> = (0..6)
            .map(|_| scene.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
            .collect();
        for run in runs {
            assert_eq!(text(&run.wait_with_output().unwrap()), expected);
        }
        assert_eq!(scene.builds(&mut scene.command()).0, 0, "everything was kept");
        assert_eq!(
            scene.entries().len(),
            ALL + 1,
            "one entry a build, one for the program: {:?}",
            scene.entries()
        );
        if round < 2 {
            let leftover = scene.entries().into_iter().step_by(2);
            leftover.for_each(|entry| fs::remove_file(entry).unwrap());
        }
    }
}

/// The program that stands in for Kustomize is a script, and the shell that it needs is not to be seen from inside.
#[test]
fn a_program_that_is_not_confined_is_said_once() {
    let scene = Scene::new();
    for turn in ["as it is found", "as it is remembered"] {
        let mut lint = scene.command();
        let arguments: Vec<_> = lint.get_args().skip(1).map(ToOwned::to_owned).collect();
        lint = Command::new(lint.get_program());
        lint.arg("lint")
            .args(arguments)
            .args(["--fail-on", "never"])
            .env("XDG_CACHE_HOME", scene.path("cache"));
        let output = lint.output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let said: Vec<&str> = printed.lines().filter(|line| line.contains("BH017")).collect();
        assert_eq!(said.len(), 1, "{turn}: {printed}");
        let finding: serde_json::Value = serde_json::from_str(said[0]).unwrap();
        assert_eq!(finding["severity"], "note");
        let message = finding["message"].as_str().unwrap();
        assert!(message.starts_with("kustomize is not confined: it could reach "), "{message}");
        assert!(finding["help"].as_str().unwrap().contains("it does not start with less"), "{finding}");
    }
}
