use super::*;
use crate::files::{Location, Span};
use crate::finding::Severity;

fn finding(kind: FixKind, edits: &[(&str, u32, u32, &str)]) -> Finding {
    let edit = |(path, start, end, text): &(&str, u32, u32, &str)| Edit {
        location: Location::new(Path::from(*path), Span { start: *start, end: *end }),
        text: (*text).to_owned(),
    };
    Finding {
        code: "BH999",
        name: "test",
        severity: Severity::Error,
        message: String::new(),
        because: String::new(),
        help: String::new(),
        location: Location::head(""),
        application: None,
        cluster: None,
        object: None,
        related: Vec::new(),
        fix: Some(Fix { kind, edits: edits.iter().map(edit).collect() }),
        group: String::new(),
    }
}

fn safe(edits: &[(&str, u32, u32, &str)]) -> Finding {
    finding(FixKind::Safe, edits)
}

fn documents(files: &[(&str, &str)]) -> Documents {
    Documents::new(Arc::new(Tree::memory(files.iter().map(|(path, text)| (*path, text.as_bytes())))))
}

const SAFE: Wanted<'_> = Wanted { kind: FixKind::Safe, files: None };

/// How many were fixed in one round, and what the files hold then.
fn round(files: &[(&str, &str)], findings: &[Finding], wanted: Wanted<'_>) -> (usize, Vec<String>) {
    let mut fixes = Fixes::default();
    fixes.round(&documents(files), findings, wanted);
    let texts =
        fixes.contents.iter().map(|(path, bytes)| format!("{path}: {}", String::from_utf8_lossy(bytes)));
    (fixes.findings, texts.collect())
}

#[test]
fn what_is_wanted() {
    let findings = [safe(&[("a", 0, 1, "x")]), finding(FixKind::Unsafe, &[("b", 0, 1, "y")])];
    let files = [("a", "1"), ("b", "2")];
    assert_eq!(round(&files, &findings, SAFE), (1, vec!["a: x".into()]));
    let all = Wanted { kind: FixKind::Unsafe, files: None };
    assert_eq!(round(&files, &findings, all), (2, vec!["a: x".into(), "b: y".into()]));
    let named = BTreeSet::from([Path::from("b")]);
    let some = Wanted { kind: FixKind::Unsafe, files: Some(&named) };
    assert_eq!(round(&files, &findings, some), (1, vec!["b: y".into()]));
}

#[test]
fn fixes_that_touch_wait() {
    let file = [("a", "abc: d")];
    for (second, fixed, text) in [
        ((0, 2, "x"), 1, "xxbc: d"),
        ((1, 1, "x"), 1, "xxbc: d"),
        ((5, 6, "x"), 2, "xxbc: x"),
        ((0, 1, "xx"), 2, "xxbc: d"),
    ] {
        let (start, end, by) = second;
        let findings = [safe(&[("a", 0, 1, "xx")]), safe(&[("a", start, end, by)])];
        assert_eq!(round(&file, &findings, SAFE), (fixed, vec![format!("a: {text}")]), "{second:?}");
    }
}

#[test]
fn a_fix_is_made_as_a_whole_or_not_at_all() {
    let files = [("a", "1"), ("b", "2")];
    let findings = [safe(&[("a", 0, 1, "x")]), safe(&[("b", 0, 1, "y"), ("a", 0, 0, "z")])];
    assert_eq!(round(&files, &findings, SAFE), (1, vec!["a: x".into()]));
    assert_eq!(round(&files, &[safe(&[("b", 0, 1, "y"), ("c", 0, 0, "z")])], SAFE), (0, Vec::new()));
}

#[test]
fn fixes_that_harm_each_other_wait() {
    let files = [("a", "x: 1\nl: 2\n"), ("b", "1")];
    let findings =
        [safe(&[("a", 0, 0, "m: 1\n")]), safe(&[("a", 10, 10, "m: 1\n")]), safe(&[("b", 0, 1, "2")])];
    assert_eq!(round(&files, &findings, SAFE), (2, vec!["a: m: 1\nx: 1\nl: 2\n".into(), "b: 2".into()]));
}

#[test]
fn texts_that_are_not_the_bytes_of_their_file_stay() {
    let tree = Tree::memory([("a", b"\xff\xfea\0".as_slice())]);
    let mut fixes = Fixes::default();
    assert!(fixes.round(&Documents::new(Arc::new(tree)), &[safe(&[("a", 0, 1, "x")])], SAFE).is_none());
}

#[test]
fn fixes_that_undo_each_other_come_to_an_end() {
    let mut fixes = Fixes::default();
    let mut now = documents(&[("a", "1")]);
    let mut rounds = 0;
    loop {
        let text = if rounds % 2 == 0 { "2" } else { "1" };
        let Some(tree) = fixes.round(&now, &[safe(&[("a", 0, 1, text)])], SAFE) else { break };
        now = Documents::new(Arc::new(tree));
        rounds += 1;
    }
    assert_eq!(rounds, ROUNDS);
}
