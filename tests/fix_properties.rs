//! What holds of every fix: it changes what it means to change and no other byte, its finding is gone, and a second run
//! finds nothing left.
//!
//! Held against manifests written in many ways, every example of every rule, and copies of real repositories
//! (`BILLHOOK_CORPUS` names their folder).
#![allow(clippy::print_stderr, clippy::disallowed_methods, reason = "tests read files and the environment")]

#[path = "support/tools.rs"]
mod tools;

use billhook::files::{Path, Tree};
use billhook::finding::{Finding, FixKind};
use billhook::fix::{Fixes, Wanted};
use billhook::inventory::{Inventory, Options};
use billhook::render::jsonnet::{self, Pool};
use billhook::render::process::{self, Programs, Runner};
use billhook::render::{Documents, Engines};
use billhook::rules;
use billhook::yaml::{File, decode};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;

/// The tree before and after every fix of a kind, and what is found then.
struct Fixed {
    before: Inventory,
    after: Inventory,
    contents: BTreeMap<Path, Arc<[u8]>>,
    findings: usize,
    left: Vec<Finding>,
}

fn load(tree: Arc<Tree>) -> Inventory {
    let own = || std::path::PathBuf::from(env!("CARGO_BIN_EXE_billhook"));
    let programs = Programs { own: own(), helm: tools::find("helm"), kustomize: tools::find("kustomize") };
    let runner = Runner::new(programs, process::Limits::default(), None);
    let jsonnet = Pool::new(own(), jsonnet::Limits::default());
    Inventory::load(&Options {
        engines: std::sync::Arc::new(Engines::new(Some(jsonnet), Some(Box::new(runner)), None)),
        ..Options::new(Arc::new(Documents::new(tree)))
    })
}

fn fixed(tree: Tree, kind: FixKind) -> Fixed {
    let options = rules::Options::default();
    let wanted = Wanted { kind, files: None };
    let before = load(Arc::new(tree));
    let mut fixes = Fixes::default();
    let mut findings = rules::judge(&before, &options);
    let mut now = before.documents.clone();
    let mut after = None;
    while let Some(tree) = fixes.round(&now, &findings, wanted) {
        let inventory = load(Arc::new(tree));
        findings = rules::judge(&inventory, &options);
        now = inventory.documents.clone();
        after = Some(inventory);
    }
    let after = after.unwrap_or_else(|| load(Arc::clone(before.documents.tree())));
    findings.retain(|finding| wanted.includes(finding));
    Fixed { before, after, contents: fixes.contents, findings: fixes.findings, left: findings }
}

/// Every scalar and empty collection of a value with the way to it.
fn leaves(value: &Value, path: &str, leaves: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            map.iter().for_each(|(key, value)| self::leaves(value, &format!("{path}/{key}"), leaves));
        }
        Value::Array(items) if !items.is_empty() => {
            let items = items.iter().enumerate();
            items.for_each(|(at, value)| self::leaves(value, &format!("{path}/{at}"), leaves));
        }
        scalar => drop(leaves.insert(path.to_owned(), scalar.to_string())),
    }
}

/// Every leaf of every document of a text.
fn typed(text: &str) -> BTreeMap<String, String> {
    let file = File::stream(text.into());
    let mut all = BTreeMap::new();
    for (at, document) in file.documents().iter().enumerate() {
        match document.root() {
            Ok(root) => leaves(&file.node(root).to_json(), &format!("{at}"), &mut all),
            Err(error) => drop(all.insert(format!("{at}"), error.message.clone())),
        }
    }
    all
}

/// The paths at which two texts do not say the same.
fn differing(before: &str, after: &str) -> BTreeSet<String> {
    let (before, after) = (typed(before), typed(after));
    let gone = before.iter().filter(|(path, value)| after.get(*path) != Some(value));
    let new = after.iter().filter(|(path, _)| !before.contains_key(*path));
    gone.chain(new).map(|(path, _)| path.clone()).collect()
}

fn comments(text: &str) -> Vec<String> {
    let file = File::stream(text.into());
    file.comments().iter().map(|span| text[span.range()].trim_end().to_owned()).collect()
}

/// Whether `few` are in `many`, in this order.
fn is_within<T: PartialEq>(few: &[T], many: &[T]) -> bool {
    let mut many = many.iter();
    few.iter().all(|one| many.any(|other| other == one))
}

/// Lines that no fix of these rules touches.
fn untouched(text: &str) -> Vec<&str> {
    let touched = |line: &&str| {
        ["argocd.argoproj.io", "syncOptions", "=", "annotations", "metadata", "twice"]
            .iter()
            .any(|word| line.contains(word))
    };
    text.split('\n').filter(|line| !touched(line)).collect()
}

const INTENDED: &[&str] =
    &["/metadata/annotations", "/spec/syncPolicy", "/spec/template/spec/syncPolicy", "/metadata/labels"];

/// How a generated text is written.
#[derive(Clone, Debug)]
struct Hand {
    indent: usize,
    lists_indented: bool,
    flow: bool,
    quote: &'static str,
    crlf: bool,
    comments: bool,
    blank: bool,
    end: bool,
}

fn hand() -> impl Strategy<Value = Hand> {
    let quote = prop_oneof![Just(""), Just("'"), Just("\"")];
    let bools = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (1usize..5, quote, bools).prop_map(
        |(indent, quote, (lists_indented, flow, crlf, comments, blank, end))| Hand {
            indent,
            lists_indented,
            flow,
            quote,
            crlf,
            comments,
            blank,
            end,
        },
    )
}

/// What Argo CD is told about an object.
fn options() -> impl Strategy<Value = Vec<&'static str>> {
    let option = prop_oneof![
        Just("Prune=false"),
        Just("Prune=False"),
        Just("prune=false"),
        Just("Delete=false"),
        Just("Delete = false"),
        Just("ServerSideApply=true"),
        Just("ServerSideAply=true"),
        Just("Prune=confirm"),
        Just("Unheard=of"),
    ];
    prop::collection::vec(option, 0..4)
}

#[derive(Clone, Debug)]
struct Case {
    hand: Hand,
    of_object: Vec<&'static str>,
    of_application: Vec<&'static str>,
    wave: Option<&'static str>,
    hook: Option<&'static str>,
    twice: bool,
    kind: &'static str,
}

fn case() -> impl Strategy<Value = Case> {
    let wave = prop_oneof![Just(None), Just(Some("1")), Just(Some("'1 '")), Just(Some("\"-2\""))];
    let hook =
        prop_oneof![Just(None), Just(Some("presync")), Just(Some("PostSync")), Just(Some("Presync,Sync"))];
    let kind = prop_oneof![Just("PersistentVolumeClaim"), Just("Namespace"), Just("ConfigMap")];
    let lists = (options(), options());
    (hand(), lists, wave, hook, any::<bool>(), kind).prop_map(
        |(hand, (of_object, of_application), wave, hook, twice, kind)| Case {
            hand,
            of_object,
            of_application,
            wave,
            hook,
            twice,
            kind,
        },
    )
}

impl Hand {
    /// Lines, each with its depth, as a text.
    fn write(&self, lines: &[(usize, String)]) -> String {
        let mut text = String::new();
        let newline = if self.crlf { "\r\n" } else { "\n" };
        for (at, (depth, line)) in lines.iter().enumerate() {
            if self.comments && at % 3 == 1 {
                text += &format!("{}# note {at}{newline}", " ".repeat(depth * self.indent));
            }
            text += &" ".repeat(depth * self.indent);
            text += line;
            if self.comments && at % 2 == 0 && !line.ends_with('|') {
                text += &format!("   # beside {at}");
            }
            text += newline;
            if self.blank && at % 4 == 3 {
                text += newline;
            }
        }
        match self.end {
            true => text,
            false => text.trim_end().to_owned(),
        }
    }

    fn list(&self, depth: usize, key: &str, items: &[&str]) -> Vec<(usize, String)> {
        let quoted: Vec<String> = items.iter().map(|item| format!("{0}{item}{0}", self.quote)).collect();
        if self.flow || items.is_empty() {
            return vec![(depth, format!("{key}: [{}]", quoted.join(", ")))];
        }
        let depth_of_items = depth + usize::from(self.lists_indented);
        let items = quoted.into_iter().map(|item| (depth_of_items, format!("- {item}")));
        std::iter::once((depth, format!("{key}:"))).chain(items).collect()
    }
}

impl Case {
    fn application(&self) -> String {
        let mut lines = vec![
            (0, "apiVersion: argoproj.io/v1alpha1".to_owned()),
            (0, "kind: Application".to_owned()),
            (0, "metadata: {name: a, namespace: argocd, finalizers: [resources-finalizer.argocd.argoproj.io]}".to_owned()),
            (0, "spec:".to_owned()),
            (1, "source: {repoURL: https://git.example/r.git, path: a}".to_owned()),
            (1, "destination: {name: in-cluster, namespace: a}".to_owned()),
            (1, "syncPolicy:".to_owned()),
            (2, "automated: {prune: true}".to_owned()),
        ];
        lines.extend(self.hand.list(2, "syncOptions", &self.of_application));
        lines.push((1, "project: default".to_owned()));
        self.hand.write(&lines)
    }

    fn object(&self) -> String {
        let version = if self.kind == "Application" { "argoproj.io/v1alpha1" } else { "v1" };
        let mut entries = Vec::new();
        if !self.of_object.is_empty() {
            let options = self.of_object.join(", ");
            // A comma would end plain text in braces.
            let quote = if self.hand.flow && self.hand.quote.is_empty() { "'" } else { self.hand.quote };
            entries.push(format!("argocd.argoproj.io/sync-options: {quote}{options}{quote}"));
        }
        entries.extend(self.wave.map(|wave| format!("argocd.argoproj.io/sync-wave: {wave}")));
        let hook = self.hook.map(|hook| format!("argocd.argoproj.io/hook: '{hook}'"));
        entries.extend(hook);
        let mut lines = vec![
            (0, format!("apiVersion: {version}")),
            (0, format!("kind: {}", self.kind)),
            (0, "metadata:".to_owned()),
        ];
        match (entries.is_empty(), self.hand.flow) {
            (true, _) => (),
            (false, true) => lines.push((1, format!("annotations: {{{}}}", entries.join(", ")))),
            (false, false) => {
                lines.push((1, "annotations:".to_owned()));
                lines.extend(entries.into_iter().map(|entry| (2, entry)));
            }
        }
        lines.push((1, "name: x".to_owned()));
        if self.twice {
            lines.push((1, "labels: {twice: x}".to_owned()));
            lines.push((1, "labels: {twice: x}".to_owned()));
        }
        match self.kind {
            "ConfigMap" => {
                lines.push((0, "data:".to_owned()));
                lines.push((1, "text: |".to_owned()));
                lines.push((2, "kept as it is".to_owned()));
            }
            "PersistentVolumeClaim" => {
                lines.push((0, "spec: {accessModes: [ReadWriteOnce]}".to_owned()));
            }
            _ => (),
        }
        self.hand.write(&lines)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn fixes_change_what_they_mean_to(case in case(), kind in prop_oneof![Just(FixKind::Safe), Just(FixKind::Unsafe)]) {
        let other = "# other\nkind: X\n";
        let texts = [("apps/a.yaml", case.application()), ("a/x.yaml", case.object()), ("b.yaml", other.to_owned())];
        let tree = Tree::memory(texts.iter().map(|(path, text)| (*path, text.as_bytes())));
        let fixed = fixed(tree, kind);
        prop_assert!(fixed.left.is_empty(), "left: {:?}\n{}", fixed.left, shown(&fixed));
        for (path, bytes) in &fixed.contents {
            let before = &texts.iter().find(|(other, _)| **other == **path).expect("a file of the case").1;
            let after = std::str::from_utf8(bytes).expect("text");
            let differing = differing(before, after);
            let intended = |path: &&String| INTENDED.iter().any(|prefix| path[1..].starts_with(prefix));
            let wrong: Vec<_> = differing.iter().filter(|path| !intended(path)).collect();
            prop_assert!(wrong.is_empty(), "{wrong:?}\n{}", shown(&fixed));
            prop_assert!(is_within(&untouched(before), &untouched(after)), "lines\n{before}\n---\n{after}");
            prop_assert!(is_within(&kept_comments(before), &comments(after)), "comments\n{before}\n---\n{after}");
        }
        let objects = |inventory: &Inventory| keys(inventory);
        prop_assert!(objects(&fixed.before).is_subset(&objects(&fixed.after)));
    }
}

/// Comments that are not part of a line that goes with what it says.
fn kept_comments(text: &str) -> Vec<String> {
    let file = File::stream(text.into());
    let gone = |start: usize| {
        let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
        text[line..start].contains("twice")
    };
    let kept = file.comments().iter().filter(|span| !gone(span.start as usize));
    kept.map(|span| text[span.range()].trim_end().to_owned()).collect()
}

fn shown(fixed: &Fixed) -> String {
    let text = |(path, bytes): (&Path, &Arc<[u8]>)| format!("# {path}\n{}", String::from_utf8_lossy(bytes));
    fixed.contents.iter().map(text).collect()
}

/// What would be deployed: cluster, Application and key.
fn keys(inventory: &Inventory) -> BTreeSet<String> {
    let of = |app: &billhook::inventory::App| {
        let line = |target: &billhook::render::Target| format!("{} {} {}", app.cluster, app.id, target.key);
        app.targets.list.iter().map(line).collect::<Vec<_>>()
    };
    inventory.applications.iter().flat_map(of).collect()
}

/// What would be deployed, with everything but annotations, sync policies and what becomes of claims, which fixes are
/// there to change.
fn manifests(inventory: &Inventory) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for app in &inventory.applications {
        for target in &app.targets.list {
            let mut manifest = target.manifest.node().to_json();
            for (at, field) in [
                ("/metadata", "annotations"),
                ("/spec", "syncPolicy"),
                ("/spec/template/spec", "syncPolicy"),
                ("/spec", "persistentVolumeClaimRetentionPolicy"),
            ] {
                if let Some(map) = manifest.pointer_mut(at).and_then(Value::as_object_mut) {
                    map.remove(field);
                }
            }
            all.insert(format!("{} {} {}", app.cluster, app.id, target.key), manifest);
        }
    }
    all
}

/// Every fix of every example of every rule: nothing is left, and what could be read still can.
#[test]
fn examples_come_to_rest() {
    let mut problems = Vec::new();
    let mut fixes = 0;
    for page in rules::pages() {
        let path = format!("{}/tests/cases/{}.md", env!("CARGO_MANIFEST_DIR"), page.code);
        let cases = rules::examples(&fs::read_to_string(&path).unwrap_or_default());
        for example in page.examples("").into_iter().chain(cases) {
            let files = || example.files.iter().map(|(path, text)| (path.as_str(), text.as_bytes()));
            let fixed = fixed(Tree::memory(files()), FixKind::Unsafe);
            fixes += fixed.findings;
            for finding in &fixed.left {
                problems.push(format!("{} [{}]: left: {}", page.code, example.heading, finding.message));
            }
            for (path, bytes) in &fixed.contents {
                let before = &example.files.iter().find(|(other, _)| **other == **path).expect("a file").1;
                let refused = |text: &str| {
                    let file = File::stream(text.into());
                    file.documents().iter().filter(|document| document.root().is_err()).count()
                };
                if refused(&decode(bytes).text) > refused(before) {
                    problems
                        .push(format!("{} [{}]: {path} cannot be read any more", page.code, example.heading));
                }
            }
        }
    }
    assert!(fixes > 50, "only {fixes} fixes were made");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Real repositories: the same objects are deployed, and they differ in annotations, sync policies and the fate of claims
/// alone.
#[test]
fn real_repositories_deploy_the_same() {
    let Some(corpus) = std::env::var_os("BILLHOOK_CORPUS").map(std::path::PathBuf::from) else {
        eprintln!("skipped: BILLHOOK_CORPUS names no folder of repositories");
        return;
    };
    let mut fixes = 0;
    for entry in fs::read_dir(corpus).expect("the repositories") {
        let folder = entry.expect("a repository").path();
        if !folder.is_dir() {
            continue;
        }
        for kind in [FixKind::Safe, FixKind::Unsafe] {
            let tree = Tree::open(&folder).expect("a folder");
            let fixed = fixed(tree, kind);
            fixes += fixed.findings;
            let name = folder.display();
            assert!(fixed.left.is_empty(), "{name}: {:?}", fixed.left);
            assert_eq!(keys(&fixed.before), keys(&fixed.after), "{name}");
            let (before, after) = (manifests(&fixed.before), manifests(&fixed.after));
            let differing: Vec<_> =
                before.iter().filter(|(key, value)| after.get(*key) != Some(value)).collect();
            assert!(differing.is_empty(), "{name}: {differing:?}");
            for (path, bytes) in &fixed.contents {
                let before = decode(&fixed.before.documents.tree().read(path).expect("a file")).text;
                let after = decode(bytes).text;
                assert!(is_within(&comments(&before), &comments(&after)), "{name}: comments of {path}");
            }
        }
    }
    assert!(fixes > 0, "no repository had anything to fix");
}
