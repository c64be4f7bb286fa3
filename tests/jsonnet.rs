//! The jsonnet worker: imports, arguments, places, and input that means harm.

use billhook::files::Tree;
use billhook::render::jsonnet::{
    Arguments, Error, ErrorKind, Evaluation, Limits, Pool, Variable, library_paths,
};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn pool(limits: Limits) -> Pool {
    Pool::new(PathBuf::from(env!("CARGO_BIN_EXE_billhook")), limits)
}

fn strict() -> Limits {
    Limits { time: Duration::from_secs(3), memory: 512 << 20, output: 1 << 20, workers: 2 }
}

fn tree(files: &[(&str, &str)], links: &[(&str, &str)]) -> Tree {
    Tree::memory_with_links(
        files.iter().map(|(path, text)| (*path, text.as_bytes().to_vec())),
        links.iter().map(|(path, target)| (*path, *target)),
    )
}

fn evaluate(tree: &Tree, entry: &str, arguments: &Arguments) -> Result<Evaluation, Error> {
    pool(strict()).evaluate(tree, entry, arguments)
}

fn variable(name: &str, value: &str, code: bool) -> Variable {
    Variable { name: name.to_owned(), value: value.to_owned(), code }
}

/// What stands at the error's place.
fn marked<'t>(error: &Error, files: &[(&'t str, &'t str)]) -> (&'t str, &'t str) {
    let location = error.location.as_ref().expect("a place");
    let (path, text) = files.iter().find(|(path, _)| **path == *location.path).expect("a file of the tree");
    (path, &text[location.span.range()])
}

#[test]
fn imports_are_searched_like_go_jsonnet() {
    let files = [
        (
            "app/main.jsonnet",
            "[import 'a.libsonnet', import 'b.libsonnet', import '../c.libsonnet', importstr 'd']",
        ),
        ("app/a.libsonnet", "'beside'"),
        ("one/a.libsonnet", "'one'"),
        ("one/b.libsonnet", "'one'"),
        ("two/b.libsonnet", "import 'e.libsonnet'"),
        ("two/e.libsonnet", "'two'"),
        ("app/e.libsonnet", "'not beside the importing file'"),
        ("c.libsonnet", "'above'"),
        ("real/d.txt", "text"),
    ];
    let tree = tree(&files, &[("app/d", "../real/d.txt")]);
    let lib_paths = library_paths(&tree, "app", &["one".to_owned(), "/two/".to_owned()]).expect("inside");
    let arguments = Arguments { lib_paths, ..Arguments::default() };
    let evaluation = evaluate(&tree, "app/main.jsonnet", &arguments).expect("a value");
    assert_eq!(evaluation.json, r#"["beside","two","above","text"]"#);
    let read: Vec<&str> = evaluation.read.iter().map(AsRef::as_ref).collect();
    assert_eq!(
        read,
        [
            "app/a.libsonnet",
            "app/main.jsonnet",
            "c.libsonnet",
            "real/d.txt",
            "two/b.libsonnet",
            "two/e.libsonnet"
        ]
    );
    assert_eq!(evaluation.absent.iter().map(AsRef::as_ref).collect::<Vec<&str>>(), ["app/b.libsonnet"]);
}

#[test]
fn imports_start_where_the_link_stands() {
    let files = [
        ("app/main.jsonnet", "import 'l.libsonnet'"),
        ("lib/l.libsonnet", "import 'x'"),
        ("app/x", "1"),
        ("lib/x", "2"),
    ];
    let tree = tree(&files, &[("app/l.libsonnet", "../lib/l.libsonnet")]);
    assert_eq!(evaluate(&tree, "app/main.jsonnet", &Arguments::default()).expect("a value").json, "1");
}

#[test]
fn arguments() {
    let files = [
        ("main.jsonnet", "function(a, b='d') [a, b, std.extVar('t'), std.extVar('c')]"),
        ("lib/x", "{x: 1}"),
    ];
    let arguments = Arguments {
        ext_vars: vec![
            variable("t", "1+1", false),
            variable("c", "1+1", true),
            variable("unused", "(", true),
        ],
        tlas: vec![variable("a", "import 'x'", true)],
        lib_paths: vec!["".into(), "lib".into()],
    };
    let evaluation = evaluate(&tree(&files, &[]), "main.jsonnet", &arguments).expect("a value");
    assert_eq!(evaluation.json, r#"[{"x":1},"d","1+1",2]"#);
}

#[test]
fn an_argument_passed_through() {
    for (text, name, ok) in
        [("function(a) a", "a", true), ("function(a) a", "b", false), ("function(a) [a]", "a", true)]
    {
        let arguments = Arguments { tlas: vec![variable(name, "1", true)], ..Arguments::default() };
        let result = evaluate(&tree(&[("main.jsonnet", text)], &[]), "main.jsonnet", &arguments);
        assert_eq!(result.is_ok(), ok, "{text} {name}: {result:?}");
    }
}

#[test]
fn errors_have_places() {
    let main = |text| ("main.jsonnet", text);
    for (files, place, message) in [
        (vec![main("{a: error 'no'}")], ("main.jsonnet", "error"), "no"),
        (vec![main("{a: }")], ("main.jsonnet", "}"), "syntax error"),
        (vec![main("[1, import 'nowhere']")], ("main.jsonnet", "'nowhere'"), "nowhere"),
        (vec![main("import 'x.libsonnet'"), ("x.libsonnet", "1 + ")], ("x.libsonnet", ""), "syntax error"),
        (vec![main("import 'x.libsonnet'"), ("x.libsonnet", "'\\x41'")], ("x.libsonnet", "\\x"), "escape"),
        (vec![main("std.extVar('no')")], ("main.jsonnet", "('no')"), "no"),
    ] {
        let error =
            evaluate(&tree(&files, &[]), "main.jsonnet", &Arguments::default()).expect_err("an error");
        assert_eq!(error.kind, ErrorKind::Evaluation, "{error:?}");
        assert_eq!(marked(&error, &files), place, "{error:?}");
        assert!(error.message.contains(message), "{error:?}");
    }
}

#[test]
fn nothing_outside_the_tree_is_read() {
    for (text, named) in [
        ("import '/etc/passwd'", "/etc/passwd"),
        ("importstr '../../../../etc/passwd'", "../../../../etc/passwd"),
        ("importbin 'link'", "link"),
        ("importstr 'dir/passwd'", "dir/passwd"),
    ] {
        let files = [("app/main.jsonnet", text)];
        let tree = tree(&files, &[("app/link", "/etc/passwd"), ("app/dir", "../../etc")]);
        let error = evaluate(&tree, "app/main.jsonnet", &Arguments::default()).expect_err("refused");
        assert_eq!(error.kind, ErrorKind::Refused, "{error:?}");
        assert_eq!(error.message, format!("the import `{named}` leaves the repository"));
        assert_eq!(marked(&error, &files).1, format!("'{named}'"), "{error:?}");
    }
    let tree = tree(&[("app/x", "")], &[("out", "/etc")]);
    for lib in ["../x", "a/../../x", "out"] {
        let error = library_paths(&tree, "app", &[lib.to_owned()]).expect_err("refused");
        assert_eq!(error.kind, ErrorKind::Refused, "{lib}");
    }
}

#[test]
fn what_is_no_file_is_not_imported() {
    let tree = tree(
        &[("app/main.jsonnet", "import 'dir'"), ("app/dir/x", ""), ("app/b.jsonnet", "import 'dangling'")],
        &[("app/dangling", "no")],
    );
    for (entry, message) in [("app/main.jsonnet", "a directory"), ("app/b.jsonnet", "a link to nothing")] {
        let error = evaluate(&tree, entry, &Arguments::default()).expect_err("an error");
        assert_eq!(error.kind, ErrorKind::Evaluation, "{error:?}");
        assert!(error.message.contains(message), "{error:?}");
    }
}

#[test]
fn what_runs_away_ends_within_limits() {
    let deep = "[".repeat(2_000_000);
    let bomb = "local f(n)=if n==0 then 'xxxxxxxx' else f(n-1)+f(n-1); f(40)";
    for (text, kind) in [
        ("local f(n)=f(n+1) tailstrict; f(0)", ErrorKind::Evaluation),
        ("local f(n)=f(n+1); f(0)", ErrorKind::Evaluation),
        ("local x=x+1; x", ErrorKind::Evaluation),
        ("{a: self}", ErrorKind::Evaluation),
        ("std.foldl(function(a,i) (a+i)%7, std.range(1,1e8), 0)", ErrorKind::Limit),
        ("std.repeat('x', 1e10)", ErrorKind::Evaluation),
        ("std.length(std.repeat('x', 4e9))", ErrorKind::Limit),
        ("std.makeArray(1e6, function(i) 'xxxx')", ErrorKind::Limit),
        (bomb, ErrorKind::Limit),
        (&deep, ErrorKind::Limit),
    ] {
        let tree = tree(&[("main.jsonnet", text)], &[]);
        let started = Instant::now();
        let error = evaluate(&tree, "main.jsonnet", &Arguments::default()).expect_err("an error");
        let label: String = text.chars().take(60).collect();
        assert!(started.elapsed() < Duration::from_secs(60), "{label}");
        assert_eq!(error.kind, kind, "{label}: {}", error.message.chars().take(200).collect::<String>());
    }
}

#[test]
fn a_pool_survives_what_its_workers_do_not() {
    let pool = pool(Limits { time: Duration::from_secs(1), ..strict() });
    let endless = "std.foldl(function(a,i) (a+i)%7, std.range(1,1e8), 0)";
    let tree =
        tree(&[("good.jsonnet", "1+1"), ("endless.jsonnet", endless), ("bad.jsonnet", "error 'x'")], &[]);
    for entry in ["good.jsonnet", "bad.jsonnet", "endless.jsonnet", "good.jsonnet"] {
        let result = pool.evaluate(&tree, entry, &Arguments::default());
        assert_eq!(result.is_ok(), entry == "good.jsonnet", "{entry}: {result:?}");
    }
}

#[test]
fn a_pool_is_shared() {
    let pool = Arc::new(pool(strict()));
    let tree = Arc::new(tree(&[("main.jsonnet", "std.foldl(function(a,i) a+i, std.range(1,1000), 0)")], &[]));
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let (pool, tree) = (pool.clone(), tree.clone());
            std::thread::spawn(move || pool.evaluate(&tree, "main.jsonnet", &Arguments::default()))
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().expect("no panic").expect("a value").json, "500500");
    }
}

#[test]
fn a_program_that_is_no_worker_is_said() {
    for program in ["/nonexistent", "true"] {
        let pool = Pool::new(PathBuf::from(program), strict());
        let error = pool.evaluate(&tree(&[("a.jsonnet", "1")], &[]), "a.jsonnet", &Arguments::default());
        assert_eq!(error.expect_err("no worker").kind, ErrorKind::Worker, "{program}");
    }
}
