//! The fast YAML parser builds what libyaml builds, or declines: on every YAML file below `BILLHOOK_CORPUS`, and on
//! random edits of a few seeds.

use billhook::yaml::agreement::{Agreement, compare};
use billhook::yaml::{File, Node, Value, decode, edit};
use proptest::prelude::*;
use std::path::{Path, PathBuf};

#[derive(Debug, Default)]
struct Count {
    same: usize,
    declined: Vec<PathBuf>,
    refused: usize,
    different: Vec<String>,
}

/// The whole text as one document, and each document of the stream.
fn compare_all(text: &str) -> Vec<Agreement> {
    let file = File::stream(text.into());
    let documents = file.documents().iter().map(|document| &text[document.span().range()]);
    documents.map(|document| compare(document, true)).chain([compare(text, false)]).collect()
}

fn yaml_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().flatten() {
        let extension = entry.path().extension().and_then(|extension| extension.to_str());
        if entry.file_type().is_file() && matches!(extension, Some("yaml" | "yml")) {
            found.push(entry.into_path());
        }
    }
}

#[test]
#[allow(clippy::disallowed_methods, clippy::print_stderr)]
fn corpus() {
    let Some(folder) = std::env::var_os("BILLHOOK_CORPUS") else {
        eprintln!("skipped: BILLHOOK_CORPUS is not set");
        return;
    };
    let mut files = Vec::new();
    yaml_files(Path::new(&folder), &mut files);
    assert!(!files.is_empty(), "no YAML below BILLHOOK_CORPUS");
    let mut count = Count::default();
    for path in &files {
        let text = decode(&std::fs::read(path).expect("readable")).text;
        let results = compare_all(&text);
        for result in &results {
            if let Agreement::Different(what) = result {
                count.different.push(format!("{}: {what}", path.display()));
            }
        }
        if results.contains(&Agreement::Declined) {
            count.declined.push(path.clone());
        } else if results.contains(&Agreement::Refused) {
            count.refused += 1;
        } else {
            count.same += 1;
        }
    }
    eprintln!(
        "{} files: {} the same, {} declined, {} refused by both, {} differences",
        files.len(),
        count.same,
        count.declined.len(),
        count.refused,
        count.different.len()
    );
    for path in &count.declined {
        eprintln!("declined: {}", path.display());
    }
    assert!(count.different.is_empty(), "{}", count.different.join("\n"));
    let read = count.same + count.declined.len();
    assert!(count.declined.len() * 100 < read, "more than 1 % of what libyaml reads is declined");
}

const SEEDS: &[&str] = &[
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a # c\n  labels: {a: b, 'c': \"d\"}\ndata:\n  x: |\n    one\n     two\n\n    three\n  y: >-\n    a\n    b\n\n    c\n",
    "# head\n---\n- a\n- b: 1\n  c: [x, y, {z: 1}]\n-\n  - d\n  - - e\n    - f\n",
    "a: &x\n  b: 1\nc:\n  <<: *x\n  d: &y !!str 5\n  e: *y\nf: !t\n  g: 1\n",
    "a: plain\n  goes on\n\n  here # no more\nb: 'single\n  goes on'\nc: \"double \\\n  \\u00e9 on\"\n",
    "a:\r\n- b\r\n- c: d\r\n  e: |+\r\n    x\r\n\r\n\r\nf: g\r\n",
    "a: [\n  b, # c\n  \"d\"\n]\ne: {f: , g: *h, i}\nj: ~\n? k\n: l\n",
    "x: |2\n    a\n   b\ny: >+\n\n  a\n   b\n  c\n\n\nz: |-\n...\nrest\n",
    "\u{feff}é: ü\n\"a b\" : 'c''d'\n- not\n",
];

const TOKENS: &[&str] = &[
    "\n", " ", "  ", "- ", ": ", ":", "#", " # c", "\"", "'", "|", ">", "|-\n", ">+\n", "[", "]", "{", "}",
    ",", "&a ", "*a", "!t ", "!!str ", "? ", "---", "---\n", "...\n", "\t", "\r\n", "\\", "%", "@", "~",
    "a: b\n", "- x\n", "\u{e9}", "\u{85}", "\u{2028}", "\u{feff}", "\0", "''", "\"\"", "<<: *a\n", "|2\n",
    "\\n", "\\/", "\\'", "\n\n", "\n  ", "\n    ",
];

#[derive(Clone, Debug)]
enum Edit {
    Insert(prop::sample::Index, usize),
    Delete(prop::sample::Index, usize),
    Truncate(prop::sample::Index),
    Copy(prop::sample::Index, prop::sample::Index, usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    use any as a;
    prop_oneof![
        6 => (a::<prop::sample::Index>(), 0..TOKENS.len()).prop_map(|(at, token)| Edit::Insert(at, token)),
        3 => (a::<prop::sample::Index>(), 1..12usize).prop_map(|(at, count)| Edit::Delete(at, count)),
        1 => a::<prop::sample::Index>().prop_map(Edit::Truncate),
        2 => (a::<prop::sample::Index>(), a::<prop::sample::Index>(), 1..30usize).prop_map(|(from, to, count)| Edit::Copy(from, to, count)),
    ]
}

fn apply(text: &str, edits: &[Edit]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for edit in edits {
        let place = |at: &prop::sample::Index| at.index(chars.len() + 1);
        match edit {
            Edit::Insert(at, token) => {
                let at = place(at);
                chars.splice(at..at, TOKENS[*token].chars());
            }
            Edit::Delete(at, count) => {
                let at = place(at);
                let end = (at + count).min(chars.len());
                chars.drain(at..end);
            }
            Edit::Truncate(at) => chars.truncate(at.index(chars.len() + 1)),
            Edit::Copy(from, to, count) => {
                let (from, to) = (place(from), place(to));
                let copied = chars[from..(from + count).min(chars.len())].to_vec();
                chars.splice(to..to, copied);
            }
        }
    }
    chars.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn edited_seeds(seed in 0..SEEDS.len(), edits in prop::collection::vec(edit(), 1..6), newline: bool) {
        let text = apply(SEEDS[seed], &edits);
        if let Agreement::Different(what) = compare(&text, newline) {
            prop_assert!(false, "{text:?}: {what}");
        }
        for file in [File::stream(text.as_str().into()), File::single(text.as_str().into()), File::json(text.as_str().into())] {
            for document in file.documents() {
                if let Ok(root) = document.root() {
                    let mut out = Vec::new();
                    file.node(root).write_json(&mut out);
                    prop_assert!(serde_json::from_slice::<serde_json::Value>(&out).is_ok(), "{text:?}");
                }
            }
        }
    }
}

/// A mapping of a document and the way to it from the root, in JSON pointers.
fn mappings<'a>(node: Node<'a>, pointer: String, found: &mut Vec<(String, Node<'a>)>) {
    match node.value() {
        Value::Map => {
            for entry in node.entries() {
                let step = entry.key.replace('~', "~0").replace('/', "~1");
                mappings(entry.value, format!("{pointer}/{step}"), found);
            }
            found.push((pointer, node));
        }
        Value::Seq => {
            for (i, item) in node.items().enumerate() {
                mappings(item, format!("{pointer}/{i}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::UInt(_) | Value::Float(_) | Value::Str(_) => (),
    }
}

fn json_of(text: &str) -> Option<serde_json::Value> {
    let file = File::single(text.into());
    let root = file.documents()[0].root().ok()?;
    Some(file.node(root).to_json())
}

const ADDED: &[&str] =
    &["true", "plain", "no", "a: b", "it's # \"so\"", "", "2024-01-01", "x\ny", "- [", "\u{85}\t\u{0}"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]
    /// An entry that is added, replaced or deleted is all that changes.
    #[test]
    fn edits_change_nothing_else(
        seed in 0..SEEDS.len(),
        edits in prop::collection::vec(edit(), 0..4),
        which: prop::sample::Index,
        added in 0..ADDED.len(),
        list: bool,
    ) {
        let text = apply(SEEDS[seed], &edits);
        let file = File::single(text.as_str().into());
        let Ok(root) = file.documents()[0].root() else { return Ok(()) };
        let mut found = Vec::new();
        mappings(file.node(root), String::new(), &mut found);
        // Through an alias or a merge one change shows in several places.
        if found.is_empty() || text.contains('*') {
            return Ok(());
        }
        let (pointer, map) = &found[which.index(found.len())];
        let before = json_of(&text).expect("read before");
        let mut value = serde_json::Value::from(ADDED[added]);
        if list {
            value = serde_json::json!([value, {"k": value}]);
        }
        if let Some(change) = edit::insert(*map, "added", &value) {
            let mut expected = before.clone();
            expected.pointer_mut(pointer).expect("a mapping")["added"] = value.clone();
            let after = edit::apply(&text, &[change]).expect("one edit");
            prop_assert_eq!(json_of(&after), Some(expected), "{:?} is now {:?}", &text, &after);
        }
        for entry in map.entries() {
            let key = &*entry.key;
            if let Some(change) = edit::push(entry.value, &value) {
                let mut expected = before.clone();
                expected.pointer_mut(pointer).expect("a mapping")[key].as_array_mut().expect("a list").push(value.clone());
                let after = edit::apply(&text, &[change]).expect("one edit");
                prop_assert_eq!(json_of(&after), Some(expected), "{:?} is now {:?}", &text, &after);
            }
            if let Some(change) = edit::replace(entry.value, &ADDED[added].into()) {
                let mut expected = before.clone();
                expected.pointer_mut(pointer).expect("a mapping")[key] = ADDED[added].into();
                let after = edit::apply(&text, &[change]).expect("one edit");
                prop_assert_eq!(json_of(&after), Some(expected), "{:?} is now {:?}", &text, &after);
            }
            let once = map.written().filter(|other| other.key == entry.key).count() == 1;
            if once && let Some(change) = edit::delete(*map, &entry) {
                let mut expected = before.clone();
                expected.pointer_mut(pointer).and_then(|map| map.as_object_mut()).expect("a mapping").remove(key);
                let after = edit::apply(&text, &[change]).expect("one edit");
                prop_assert_eq!(json_of(&after), Some(expected), "{:?} is now {:?}", &text, &after);
            }
        }
    }
}
