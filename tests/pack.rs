//! The archives of `tests/conformance`, and the code that reads and compares them.
//!
//! With `BILLHOOK_GOLDEN=FOLDER` the archives are compared with the folders they were made from; with
//! `BILLHOOK_REPACK=1` besides, they are made anew first (`cargo test --test pack archives_hold`).
#![allow(clippy::disallowed_methods, reason = "tests read files and the environment")]

#[path = "support/compare.rs"]
mod compare;
#[path = "support/json.rs"]
mod json;
#[path = "support/trials.rs"]
mod trials;
#[path = "support/txtar.rs"]
mod txtar;

use json::Json;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use txtar::{Content, Files};

/// The sets; the groups that their cases are sorted into, by the beginning of the name, the longest one that fits;
/// and the keys of `expected.json` that no test compares.
struct Set {
    name: &'static str,
    groups: &'static [&'static str],
    dropped: &'static [&'static str],
}

const SETS: [Set; 3] = [
    Set {
        name: "render",
        groups: &[
            "dir",
            "yaml",
            "norm",
            "jsonnet",
            "override",
            "multi",
            "spec",
            "helm-values",
            "helm",
            "kustomize",
        ],
        dropped: &["helm_version", "kustomize_version", "argocd_version"],
    },
    Set {
        name: "appsets",
        groups: &[
            "list",
            "git-dir",
            "git-files",
            "git",
            "clusters",
            "matrix",
            "merge",
            "selector",
            "ft",
            "go",
            "patch",
            "generator-template",
            "finalizer",
            "policy",
            "move",
            "existing",
            "valid",
            "project",
            "strategy",
            "rolling",
            "scm",
            "pull",
            "slugify",
            "plugin",
            "decision",
        ],
        dropped: &["argocd_version", "about"],
    },
    Set { name: "merges", groups: &[], dropped: &["versions", "timeline"] },
];

fn archives(set: &Set) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance").join(set.name)
}

/// Every archive of a set, by the name of its case.
fn packed(set: &Set) -> BTreeMap<String, PathBuf> {
    let files =
        walkdir::WalkDir::new(archives(set)).into_iter().map(|entry| entry.expect("readable").into_path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "txtar"));
    files.map(|path| (path.file_stem().expect("a name").to_str().expect("UTF-8").to_owned(), path)).collect()
}

fn place(set: &Set, case: &str) -> PathBuf {
    let fits = |group: &&&str| case.strip_prefix(**group).is_some_and(|rest| rest.starts_with('-'));
    match set.groups.iter().filter(fits).max_by_key(|group| group.len()) {
        Some(group) => archives(set).join(group).join(format!("{case}.txtar")),
        None if set.groups.is_empty() => archives(set).join(format!("{case}.txtar")),
        None => panic!("{case} belongs to no group of {}", set.name),
    }
}

/// The files of a case as they are kept.
fn golden(set: &Set, folder: &Path) -> Files {
    let mut files = txtar::from_disk(folder).expect("a golden folder");
    if let Some(Content::File(bytes)) = files.get_mut("expected.json") {
        *bytes = without(std::str::from_utf8(bytes).expect("JSON"), set.dropped).into_bytes();
    }
    files
}

/// A document of indented JSON without some keys of its outermost object; all else stays as it was written.
fn without(text: &str, keys: &[&str]) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let [open, inside @ .., close] = lines.as_slice() else { panic!("no indented JSON") };
    assert_eq!((*open, *close), ("{", "}"));
    let indent = &inside[0][..inside[0].len() - inside[0].trim_start().len()];
    let starts = |line: &str| line.strip_prefix(indent).is_some_and(|rest| rest.starts_with('"'));
    let mut members: Vec<Vec<&str>> = Vec::new();
    for line in inside {
        match members.last_mut() {
            Some(member) if !starts(line) => member.push(line),
            _ => members.push(vec![line]),
        }
    }
    let dropped = |member: &Vec<&str>| {
        keys.iter().any(|key| member[0].trim_start().strip_prefix(&format!("\"{key}\":")).is_some())
    };
    members.retain(|member| !dropped(member));
    let members = members.iter().map(|member| member.join("\n").trim_end_matches(',').to_owned());
    format!("{{\n{}\n}}\n", members.collect::<Vec<_>>().join(",\n"))
}

#[test]
fn archives_hold_what_was_recorded() {
    let Some(root) = std::env::var_os("BILLHOOK_GOLDEN").map(PathBuf::from) else {
        return; // `archives_are_whole` checks what can be checked without.
    };
    let repack = std::env::var_os("BILLHOOK_REPACK").is_some_and(|value| value == "1");
    for set in &SETS {
        let mut cases = Vec::new();
        for entry in fs::read_dir(root.join(set.name)).expect("a golden set") {
            let entry = entry.expect("a golden case");
            if entry.file_type().expect("a file or folder").is_dir() {
                cases.push((entry.file_name().into_string().expect("UTF-8"), entry.path()));
            }
        }
        cases.sort();
        assert!(!cases.is_empty(), "{} has cases", set.name);
        if repack {
            fs::remove_dir_all(archives(set)).or_else(gone).expect("the old archives");
            let copied = root.join(set.name).join("cluster.json");
            fs::create_dir_all(archives(set)).expect("a folder");
            if copied.exists() {
                let bytes = fs::read(copied).expect("cluster.json");
                fs::write(archives(set).join("cluster.json"), bytes).expect("cluster.json");
            }
            for (case, folder) in &cases {
                let path = place(set, case);
                fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
                fs::write(path, txtar::pack(&golden(set, folder)).expect("an archive")).expect("an archive");
            }
        }
        let packed = packed(set);
        assert!(packed.keys().eq(cases.iter().map(|(case, _)| case)), "{}: the same cases", set.name);
        for (case, folder) in &cases {
            let files =
                txtar::unpack(&fs::read_to_string(&packed[case]).expect("an archive")).expect("an archive");
            assert_eq!(packed[case], place(set, case));
            let golden = golden(set, folder);
            assert!(files.keys().eq(golden.keys()), "{case}: the same files");
            for (path, content) in &golden {
                assert!(files[path] == *content, "{case}: {path} differs");
            }
        }
    }
}

fn gone(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

#[test]
fn archives_are_whole() {
    for (set, count) in SETS.iter().zip([749, 704, 291]) {
        let packed = packed(set);
        assert_eq!(packed.len(), count, "{}", set.name);
        for (case, path) in packed {
            let archive = fs::read_to_string(&path).expect("an archive");
            let files = txtar::unpack(&archive).expect("an archive");
            assert!(files.contains_key("expected.json"), "{case}");
            assert!(txtar::pack(&files).expect("an archive") == archive, "{case} is as it would be packed");
        }
    }
}

#[test]
fn odd_files_come_back_as_they_were() {
    let file = |bytes: &[u8]| Content::File(bytes.to_vec());
    let files = Files::from([
        ("a/text.yaml".to_owned(), file(b"a: 1\n")),
        ("a/empty".to_owned(), file(b"")),
        ("a/newline".to_owned(), file(b"\n")),
        ("a/newlines".to_owned(), file(b"\n\n\n")),
        ("a/open".to_owned(), file(b"a: 1")),
        ("a/open-space".to_owned(), file(b" ")),
        ("a/crlf".to_owned(), file(b"a: 1\r\nb: 2\r\n")),
        ("a/cr".to_owned(), file(b"a: 1\rb: 2\r")),
        ("a/bom".to_owned(), file("\u{feff}a: 1\n".as_bytes())),
        ("a/bytes".to_owned(), file(&(0..=255).cycle().take(1000).collect::<Vec<u8>>())),
        ("a/latin".to_owned(), file(b"caf\xe9\n")),
        ("a/utf-16".to_owned(), file(b"\xff\xfea\0\n\0")),
        ("a/archive".to_owned(), file(b"text\n-- a/b --\nmore\n")),
        ("a/archive-open".to_owned(), file(b"-- a/b link --")),
        ("a/nearly".to_owned(), file(b"-- a/b\n--a --\n --  --\n--  --x\n")),
        ("a/link".to_owned(), Content::Link("../b c/d".to_owned())),
        ("a/link-out".to_owned(), Content::Link("/etc/hostname".to_owned())),
        ("b c/d e -- f".to_owned(), file(b"x")),
        ("-- x".to_owned(), file(b"x")),
        ("größe/日本".to_owned(), file("ü\n".as_bytes())),
    ]);
    let archive = txtar::pack(&files).expect("packs");
    assert_eq!(txtar::unpack(&archive).expect("unpacks"), files);
    assert_eq!(txtar::unpack(&format!("a comment\n\n{archive}")).expect("unpacks"), files);
    let folder = tempfile::tempdir().expect("a folder");
    txtar::to_disk(&files, folder.path()).expect("written");
    assert_eq!(txtar::from_disk(folder.path()).expect("read"), files);
}

#[test]
fn what_an_archive_cannot_hold_is_refused() {
    for path in ["a\nb", " a", "a ", "a link", "a/b base64", "x no-newline"] {
        let files = Files::from([(path.to_owned(), Content::File(Vec::new()))]);
        assert!(txtar::pack(&files).is_err(), "{path:?}");
    }
    for archive in ["-- a --\n-- a --\n", "-- a no-newline --\n", "-- a base64 --\n!!\n", "-- a link --\nx"] {
        assert!(txtar::unpack(archive).is_err(), "{archive:?}");
    }
}

#[test]
fn keys_are_dropped_and_nothing_else_changes() {
    let text = "{\n\t\"a\": 1,\n\t\"b\": {\n\t\t\"a\": 2\n\t},\n\t\"c\": [\n\t\t1e+21\n\t]\n}\n";
    assert_eq!(without(text, &["a"]), "{\n\t\"b\": {\n\t\t\"a\": 2\n\t},\n\t\"c\": [\n\t\t1e+21\n\t]\n}\n");
    assert_eq!(without(text, &["b", "c"]), "{\n\t\"a\": 1\n}\n");
    assert_eq!(without(text, &[]), text);
}

#[test]
fn numbers_are_compared_by_value() {
    let parse = |text: &str| json::parse(text).expect("JSON");
    for (one, other, equal) in [
        ("1e+21", "1000000000000000000000", true),
        ("9007199254740993", "9007199254740992", false),
        ("18446744073709551616", "18446744073709551617", false),
        ("1", "1.0", true),
        ("-0", "0", true),
        ("0.10", "1e-1", true),
        ("-1", "1", false),
        ("10", "1", false),
        ("1", "\"1\"", false),
        ("null", "{}", false),
        ("{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", true),
        ("[1,2]", "[2,1]", false),
        ("\"\\u00e9\"", "\"é\"", true),
    ] {
        assert_eq!(parse(one) == parse(other), equal, "{one} {other}");
    }
    for text in ["", "{", "[1,]", "{\"a\":1,}", "01x", "1 2", "\"a", "{\"a\":1,\"a\":2}", "nul", "-"] {
        assert!(json::parse(text).is_err(), "{text}");
    }
}

#[test]
fn known_differences_are_read_by_cause() {
    let text =
        "# Known\n\n## Floats\nWhy.\n- `render/a/b` in one field\n## Other\n- `render/c/d`\n- no case\n";
    let known = trials::known(text);
    let expected = [("render/a/b", "Floats"), ("render/c/d", "Other")];
    assert!(known.iter().map(|(case, cause)| (case.as_str(), cause.as_str())).eq(expected));
}

/// The lines that would be exactly what was recorded.
fn lines_of(expected: &Json) -> Vec<Json> {
    let map = |members: Vec<(&str, Json)>| {
        Json::Map(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    };
    let text = |text: &str| Json::Text(text.to_owned());
    let application = expected.get("application").clone();
    let problem = |state: &str, message: &str, condition: Json| {
        let problem = vec![("state", text(state)), ("message", text(message)), ("condition", condition)];
        map(vec![("application", application.clone()), ("problem", map(problem))])
    };
    let error = expected.get("error");
    let recorded = expected.to_string();
    let mut lines = Vec::new();
    if recorded.contains("<no network>") || recorded.contains("oracle:") {
        return vec![problem("unknown", "no network", Json::Null)];
    }
    for condition in expected.get("conditions").list() {
        let kind = condition.get("type").text().expect("a type");
        let message = condition.get("message").text().expect("a message").replace(" / ", "/");
        let message = message.replace("/ appeared", "/(no name) appeared");
        let state = if kind.ends_with("Error") { "fails" } else { "warning" };
        lines.push(problem(state, &message, condition.get("type").clone()));
    }
    for object in expected.get("objects").list().iter().filter(|_| error.is_null()) {
        let key =
            map(["group", "kind", "namespace", "name"].map(|part| (part, object.get(part).clone())).to_vec());
        let mut members = vec![("application", application.clone()), ("key", key)];
        let parts = ["source", "version", "hooks", "wave", "manifest"];
        members.extend(parts.map(|part| (part, object.get(part).clone())));
        lines.push(map(members));
    }
    lines
}

/// Every change of one value, one key or one element.
fn changes(value: &Json, path: &str, changed: &mut Vec<(String, Json)>) {
    match value {
        Json::Map(map) => {
            for (key, inner) in map {
                let mut less = map.clone();
                less.remove(key);
                changed.push((format!("{path}/{key} removed"), Json::Map(less)));
                let mut inside = Vec::new();
                changes(inner, &format!("{path}/{key}"), &mut inside);
                changed.extend(inside.into_iter().map(|(path, inner)| {
                    let mut map = map.clone();
                    map.insert(key.clone(), inner);
                    (path, Json::Map(map))
                }));
            }
            let mut more = map.clone();
            more.insert("somethingElse".to_owned(), Json::Null);
            changed.push((format!("{path} with another key"), Json::Map(more)));
        }
        Json::List(list) => {
            let mut more = list.clone();
            more.push(Json::Null);
            changed.push((format!("{path} with another element"), Json::List(more)));
            for (i, inner) in list.iter().enumerate() {
                let mut less = list.clone();
                less.remove(i);
                changed.push((format!("{path}/{i} removed"), Json::List(less)));
                let mut inside = Vec::new();
                changes(inner, &format!("{path}/{i}"), &mut inside);
                changed.extend(inside.into_iter().map(|(path, inner)| {
                    let mut list = list.clone();
                    list[i] = inner;
                    (path, Json::List(list))
                }));
            }
        }
        Json::Text(text) => changed.push((path.to_owned(), Json::Text(format!("{text}x")))),
        Json::Number(number) => {
            let other = if *number == json::Number::parse("7").expect("a number") { "8" } else { "7" };
            changed.push((path.to_owned(), Json::Number(json::Number::parse(other).expect("a number"))));
            changed.push((path.to_owned(), Json::Text("7".to_owned())));
        }
        Json::Bool(value) => changed.push((path.to_owned(), Json::Bool(!value))),
        Json::Null => changed.push((path.to_owned(), Json::Bool(false))),
    }
}

#[test]
fn a_single_change_is_a_difference() {
    let set = &SETS[0];
    let mut tried = 0;
    for (case, path) in packed(set) {
        let files = txtar::unpack(&fs::read_to_string(path).expect("an archive")).expect("an archive");
        let Content::File(bytes) = &files["expected.json"] else { panic!("{case}") };
        let expected = json::parse(std::str::from_utf8(bytes).expect("UTF-8")).expect("JSON");
        let lines = lines_of(&expected);
        assert_eq!(compare::differences(&expected, &lines), Vec::<String>::new(), "{case}");
        if case == "yaml-deep" || case.contains("random") || case == "helm-tls" {
            continue; // Two hundred levels, each with all below it; and objects that are compared by key alone.
        }
        for (i, line) in lines.iter().enumerate() {
            let without: Vec<Json> =
                lines.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, l)| l.clone()).collect();
            let may_go = line.get("problem").get("state").text() == Some("fails") && lines.len() > 1;
            assert!(
                may_go || !compare::differences(&expected, &without).is_empty(),
                "{case}: line {i} is gone"
            );
            let mut twice = lines.clone();
            twice.push(line.clone());
            let is_object = line.get("problem").is_null();
            assert!(
                !is_object || !compare::differences(&expected, &twice).is_empty(),
                "{case}: line {i} twice"
            );
            let mut changed = Vec::new();
            if is_object {
                changes(line, "", &mut changed);
                // Keys that a line may have and no record does.
                changed.retain(|(path, _)| {
                    !matches!(path.as_str(), " with another key" | "/key with another key")
                });
                // No hooks, one way or the other.
                changed.retain(|(_, line)| {
                    line.get("hooks") != &Json::Null || line.get("manifest") != &Json::Null
                });
            }
            for (path, line) in changed {
                let mut lines = lines.clone();
                lines[i] = line;
                tried += 1;
                let same = compare::differences(&expected, &lines).is_empty();
                assert!(!same || path == "/hooks removed", "{case}: line {i} with a change at {path}");
            }
        }
    }
    assert!(tried > 10_000, "{tried} changes were tried");
}

#[test]
fn a_state_says_whose_fault_it_is() {
    let record = |error: &str, source: &str| {
        let error = if error.is_empty() { "null".to_owned() } else { format!("{error:?}") };
        let conditions = if error == "null" { "" } else { r#"{"type":"ComparisonError","message":"x"}"# };
        json::parse(&format!(
            r#"{{"application":"argocd/web","sources":[{{"error":{source:?}}}],"error":{error},"objects":[],"conditions":[{conditions}]}}"#
        ))
        .expect("JSON")
    };
    let problem = |state: &str, condition: &str| {
        json::parse(&format!(
            r#"{{"application":"argocd/web","problem":{{"state":"{state}","message":"m","condition":{condition}}}}}"#
        ))
        .expect("JSON")
    };
    let fails = problem("fails", "\"ComparisonError\"");
    let unknown = problem("unknown", "null");
    let manifest = json::parse(r#"{"application":"argocd/web","key":{"kind":"A"}}"#).expect("JSON");
    for (error, source, lines, same) in [
        ("", "", vec![], true),
        ("", "", vec![problem("warning", "null")], true),
        ("", "", vec![problem("warning", "\"RepeatedResourceWarning\"")], false),
        ("", "", vec![fails.clone()], false),
        ("", "", vec![unknown.clone()], false),
        ("", "", vec![problem("else", "null")], false),
        ("bad", "", vec![fails.clone()], true),
        ("bad", "", vec![fails.clone(), fails.clone()], true),
        ("bad", "", vec![problem("fails", "\"InvalidSpecError\"")], false),
        ("bad", "", vec![problem("fails", "null")], false),
        ("bad", "", vec![unknown.clone()], false),
        ("bad", "", vec![fails.clone(), unknown.clone()], false),
        ("bad", "", vec![fails.clone(), manifest], false),
        ("bad", "", vec![], false),
        ("dial <no network>", "", vec![unknown.clone()], true),
        ("dial <no network>", "", vec![fails.clone()], false),
        ("dial <no network>", "", vec![fails.clone(), unknown.clone()], false),
        ("bad", "oracle: no such chart", vec![unknown.clone()], true),
        ("oracle: no such chart", "", vec![], false),
    ] {
        let differences = compare::differences(&record(error, source), &lines);
        assert_eq!(differences.is_empty(), same, "{error} {lines:?} {differences:?}");
    }
}
