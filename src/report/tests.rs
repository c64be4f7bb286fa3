use super::*;
use crate::files::{Location, Side, Span};
use crate::finding::{Edit, Fix, FixKind, Label, Object, Severity};
use crate::forecast::{Cause, Danger, Forecast, Outcome, Row};

use crate::model::ResourceKey;

const FORMATS: &[Format] = &[
    Format::Text,
    Format::Json,
    Format::Ndjson,
    Format::Yaml,
    Format::Sarif,
    Format::Junit,
    Format::Gitlab,
    Format::Github,
    Format::Markdown,
    Format::Html,
];

const ALL: &str = "\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: metering-cl-07
  namespace: argocd
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: metering-cl-07
  namespace: argocd
";
const HOSTILE: &str = "kind: ConfigMap\nmetadata:\n\tname: \u{1b}[31mred\u{202e}txt \u{6f22}\u{5b57} tail\n";

fn text_of(path: &str) -> Option<Arc<str>> {
    match path {
        "rendered/all.yaml" => Some(ALL.into()),
        "hostile.yaml" => Some(HOSTILE.into()),
        "long.json" => {
            Some(format!("{{\"a\": \"{}\", \"name\": \"x\", {}}}\n", "b".repeat(300), "c".repeat(300)).into())
        }
        _ => None,
    }
}

/// Where `needle` stands in the file at `path`, the `nth` time from 0.
fn at(path: &str, needle: &str, nth: usize) -> Location {
    let text = text_of(path).unwrap();
    let (start, _) = text.match_indices(needle).nth(nth).unwrap();
    Location::new(path.into(), Span::new(start, start + needle.len()))
}

fn finding(
    code: &'static str,
    name: &'static str,
    severity: Severity,
    message: &str,
    location: Location,
) -> Finding {
    Finding {
        code,
        name,
        severity,
        message: message.to_owned(),
        because: String::new(),
        help: String::new(),
        location,
        application: None,
        cluster: None,
        object: None,
        related: Vec::new(),
        fix: None,
        group: String::new(),
    }
}

fn object(kind: &str, namespace: &str, name: &str) -> Option<Object> {
    Some(Object { group: "apps".into(), kind: kind.into(), namespace: namespace.into(), name: name.into() })
}

fn duplicate() -> Finding {
    let place = at("rendered/all.yaml", "metering-cl-07", 1);
    Finding {
        because: "Argo CD only warns (RepeatedResourceWarning) and prunes what the first one had deployed"
            .to_owned(),
        help: "rename one of them".to_owned(),
        related: vec![
            Label {
                location: at("rendered/all.yaml", "metering-cl-07", 0),
                message: "the first one, which loses".to_owned(),
            },
            Label { location: place.clone(), message: "the last one wins".to_owned() },
            Label {
                location: at("long.json", "\"x\"", 0),
                message: "asked for here, in a text that is too long to fit beside its mark".to_owned(),
            },
        ],
        fix: Some(Fix {
            kind: FixKind::Unsafe,
            edits: vec![Edit { location: place.clone(), text: "other".to_owned() }],
        }),
        ..finding(
            "BH101",
            "duplicate-object",
            Severity::Error,
            "two objects are `Application argocd/metering-cl-07`",
            place,
        )
    }
}

fn unprotected(name: &str, severity: Severity) -> Finding {
    Finding {
        because: "a prune takes the volumes along".to_owned(),
        application: Some("argocd/metering".into()),
        cluster: Some("cl-07".into()),
        object: object("StatefulSet", "metering", name),
        group: "objects of `argocd/metering` hold data and are not protected against pruning".to_owned(),
        ..finding(
            "BH301",
            "stateful-without-prune-protection",
            severity,
            &format!("`{name}` is not protected"),
            at("rendered/all.yaml", "namespace", 0),
        )
    }
}

fn hostile() -> Finding {
    finding(
        "BH601",
        "odd-name",
        Severity::Note,
        "the name `\u{1b}[2J\u{202e}` is odd\nor worse",
        at("hostile.yaml", "red", 0),
    )
}

fn unreadable() -> Finding {
    let nowhere = Location::head("charts/broken.yaml");
    Finding {
        help: "make it smaller".to_owned(),
        ..finding("BH001", "not-readable", Severity::Error, "the file is too big", nowhere)
    }
}

fn problem(message: &str) -> Problem<'static> {
    Problem {
        state: State::Unknown,
        code: "BH010",
        message: message.to_owned().into(),
        path: Some("apps/other.yaml".into()),
        line: Some(7),
        condition: None,
        help: "try again".into(),
    }
}

fn written(format: Format, findings: &[Finding], unknown: &[Unknown<'_>], layout: Layout<'_>) -> String {
    let summary = Summary { applications: 41, objects: 2310, clusters: 2, not_rendered: 2, fixed: 0 };
    let mut out = Vec::new();
    let one = [Suppressed { finding: hostile(), in_source: true, reason: "so it must be".to_owned() }];
    let rules: Vec<Described> = crate::rules::find("BH101").into_iter().map(Described::from).collect();
    let all = Lint {
        findings,
        unknown,
        summary,
        sources: &|_, path| text_of(path),
        suppressed: &one,
        rules: &rules,
        ..Lint::default()
    };
    lint(format, &all, layout, &mut out).unwrap();
    anstream::adapter::strip_str(std::str::from_utf8(&out).unwrap()).to_string()
}

fn everything() -> Vec<Finding> {
    let mut findings = vec![hostile(), unreadable(), duplicate()];
    findings.extend((0..14).map(|i| unprotected(&format!("store-{i:02}"), Severity::Warning)));
    findings.push(unprotected("zz-worst", Severity::Error));
    findings
}

fn unknown() -> Vec<Unknown<'static>> {
    ["argocd/a", "argocd/b", "argocd/a"]
        .map(|name| Unknown {
            application: Some(name.into()),
            applicationset: None,
            problem: problem("https://git.example/other.git is not here (map it with --repository)"),
        })
        .to_vec()
}

fn snapshot(name: &str, text: &str) {
    insta::with_settings!({snapshot_path => "../../tests/snapshots", prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_snapshot!(format!("report-{name}"), text);
    });
}

#[test]
fn text_tells_each_cause_once() {
    snapshot("text", &written(Format::Text, &everything(), &unknown(), Layout::default()));
}

#[test]
fn verbose_text_folds_nothing_and_says_what_is_not_known() {
    let findings: Vec<Finding> = everything().split_off(3);
    snapshot(
        "verbose",
        &written(Format::Text, &findings, &unknown(), Layout { verbose: true, ..Layout::default() }),
    );
}

#[test]
fn a_clean_run_says_what_was_looked_at() {
    assert_eq!(
        written(Format::Text, &[], &unknown(), Layout::default()),
        "clean: 41 Applications, 2,310 objects, 2 clusters; 1 suppressed; 2 Applications not rendered (run with -v)\n"
    );
    assert_eq!(written(Format::Text, &[], &unknown(), Layout { quiet: true, ..Layout::default() }), "");
}

#[test]
fn machine_formats_are_stable() {
    let findings = [hostile(), unreadable(), duplicate()];
    snapshot("json", &written(Format::Json, &findings, &unknown(), Layout::default()));
    snapshot("yaml", &written(Format::Yaml, &findings, &unknown(), Layout::default()));
    let lines = written(Format::Ndjson, &findings, &unknown(), Layout::default());
    assert_eq!(lines.lines().count(), 3);
}

#[test]
fn formats_of_others_are_stable() {
    let mut findings = vec![hostile(), unreadable(), duplicate()];
    findings.extend((0..2).map(|i| unprotected(&format!("store-{i:02}"), Severity::Warning)));
    let layout = Layout { links: Some("https://git.example/o/r/blob/main"), ..Layout::default() };
    for (name, format) in [
        ("junit", Format::Junit),
        ("gitlab", Format::Gitlab),
        ("github", Format::Github),
        ("markdown", Format::Markdown),
    ] {
        snapshot(name, &written(format, &findings, &unknown(), layout));
    }
    let mut log: serde_json::Value =
        serde_json::from_str(&written(Format::Sarif, &findings, &unknown(), layout)).unwrap();
    let rules = log.pointer_mut("/runs/0/tool/driver/rules").unwrap();
    assert_eq!(rules[0]["help"]["markdown"], crate::rules::find("BH101").unwrap().body);
    *rules = serde_json::json!([]); // Else each change of a page is one here.
    snapshot("sarif", &serde_json::to_string_pretty(&log).unwrap());
    let page = written(Format::Html, &findings, &unknown(), layout);
    let body = &page[page.find("<body>").unwrap()..page.find("<h2>Rules</h2>").unwrap()];
    snapshot("html", &body.replace("><", ">\n<"));
}

#[test]
fn github_is_given_no_more_than_it_shows() {
    let all: Vec<Finding> = (0..14).map(|i| unprotected(&format!("{i}"), Severity::Warning)).collect();
    for (count, annotations) in [(0, 0), (10, 10), (11, 10), (14, 10)] {
        let text = written(Format::Github, &all[..count], &[], Layout::default());
        assert_eq!(
            text.lines().filter(|line| line.starts_with("::warning ")).count(),
            annotations,
            "{count}"
        );
        assert_eq!(text.contains("5 warnings more: GitHub shows ten"), count == 14, "{text}");
        let told = (0..count).filter(|i| text.contains(&format!("`{i}` is not protected"))).count();
        assert_eq!(told, count);
    }
}

#[test]
fn a_comment_keeps_the_worst() {
    let long = "x".repeat(1_500);
    let many = |severity, n: usize| (0..n).map(move |i| (severity, i));
    let findings: Vec<Finding> = many(Severity::Note, 60)
        .chain(many(Severity::Error, 20))
        .chain(many(Severity::Warning, 60))
        .map(|(severity, i)| Finding {
            group: String::new(),
            because: long.clone(),
            ..unprotected(&format!("{severity:?}-{i}"), severity)
        })
        .collect();
    let text = written(Format::Markdown, &findings, &unknown(), Layout::default());
    assert!(text.len() <= 65_536 && text.len() > 62_000, "{}", text.len());
    let told = |severity: &str| text.matches(&format!("**`{severity}-")).count();
    assert_eq!((told("Error"), told("Note")), (20, 0));
    let left = 60 - told("Warning");
    assert!(left > 0 && text.contains(&format!("- … {left} more of severity warning: there is no room")));
    assert!(text.contains("- … 60 more of severity note"));
}

fn lost(number: usize, danger: Danger, outcome: Outcome) -> Row {
    let name: Arc<str> = format!("store-{number:04}").into();
    Row {
        outcome,
        danger,
        blocked: false,
        race: false,
        cluster: "cl-07".into(),
        key: ResourceKey { group: "apps".into(), kind: "StatefulSet".into(), namespace: "a".into(), name },
        application: Some("argocd/metering".into()),
        to_application: None,
        cause: Cause::new("prune", "it left git"),
        along: None,
        base: None,
        head: None,
    }
}

#[test]
fn what_a_merge_deletes_is_cut_last() {
    let long = "x".repeat(1_500);
    let findings: Vec<Finding> = (0..60)
        .map(|i| Finding {
            group: String::new(),
            because: long.clone(),
            ..unprotected(&format!("error-{i}"), Severity::Error)
        })
        .collect();
    for (deleted, all_are_told) in [(0, true), (1, true), (900, true), (5_000, false)] {
        let mut rows: Vec<Row> = (0..deleted)
            .map(|i| {
                let danger = if i % 2 == 0 { Danger::Outage } else { Danger::DataLoss };
                lost(i, danger, if i % 3 == 0 { Outcome::Cascaded } else { Outcome::Pruned })
            })
            .collect();
        rows.extend((0..900).map(|i| lost(9_000 + i, Danger::Change, Outcome::Updated)));
        let forecast = Forecast { rows, applications: Vec::new() };
        let none = |_: &crate::model::Manifest| None;
        let diff = Diff {
            forecast: &forecast,
            names: ["main", "working tree"],
            in_base: &none,
            in_head: &none,
            acknowledged: &|_| false,
            advice: &|_| String::new(),
            lint: Lint { findings: &findings, sources: &|_, path| text_of(path), ..Lint::default() },
            existing: 0,
            fail_on: &[Danger::DataLoss],
            fails: true,
            shows_diff: false,
        };
        let mut out = Vec::new();
        super::diff(Format::Markdown, &diff, Layout::default(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.len() <= 65_536, "{}", text.len());
        let told = (0..deleted).filter(|i| text.contains(&format!("store-{i:04}"))).count();
        assert_eq!(told == deleted, all_are_told, "{told} of {deleted}");
        let left =
            format!("{} more objects that are deleted", crate::report::text::thousands(deleted - told));
        assert_eq!(text.contains(&left), !all_are_told);
        let at = |number: usize| text.find(&format!("store-{number:04}")).unwrap_or(usize::MAX);
        assert!(all_are_told || at(1) < at(0), "data first");
    }
}

#[test]
fn a_baseline_knows_what_moved() {
    let text: Arc<str> = "a: 1\na: 2\na: 1\n".into();
    let moved: Arc<str> = format!("# moved\n\n{text}b: 3\n").into();
    let at = |text: &Arc<str>, needle: &str, nth: usize| {
        let (start, _) = text.match_indices(needle).nth(nth).unwrap();
        Location::new("a.yaml".into(), Span::new(start, start + 1))
    };
    let odd = |message: &str, location| finding("BH601", "odd", Severity::Error, message, location);
    let about = |message: &str, location| Finding {
        object: object("StatefulSet", "a", "b"),
        ..odd(message, location)
    };
    let own = finding("BH903", "reasonless", Severity::Warning, "own", at(&text, "a: 2", 0));
    let before = [
        odd("one", at(&text, "a: 1", 0)),
        odd("one", at(&text, "a: 1", 1)),
        about("`x` is odd", at(&text, "a: 2", 0)),
        own.clone(),
    ];
    let lint = |findings, sources| Lint { findings, sources, ..Lint::default() };
    let read = |_: Side, _: &str| Some(Arc::clone(&text));
    let baseline = Baseline::of(&lint(&before, &read));
    assert_eq!(baseline.len(), 3, "the guard's own findings are never known");
    let mut bytes = Vec::new();
    baseline.write(&mut bytes).unwrap();
    let baseline = Baseline::read(&bytes).unwrap();

    let held = baseline.hold(&lint(&before, &read));
    assert_eq!((held.new, held.existing.len(), held.unused), (vec![own.clone()], 3, vec![]));

    // All moved, one is gone, and two came: one of a known fingerprint, before the known one.
    let after = [
        odd("other words", at(&moved, "a: 1", 1)),
        about("`w` is odd", at(&moved, "a: 1", 0)),
        about("`x` is odd", at(&moved, "a: 2", 0)),
        odd("two", at(&moved, "b: 3", 0)),
    ];
    let read = |_: Side, _: &str| Some(Arc::clone(&moved));
    let held = baseline.hold(&lint(&after, &read));
    let messages = |findings: &[Finding]| findings.iter().map(|f| f.message.clone()).collect::<Vec<_>>();
    assert_eq!(messages(&held.existing), ["`x` is odd", "other words"]);
    assert_eq!(messages(&held.new), ["`w` is odd", "two"]);
    assert_eq!(held.unused.iter().map(|entry| &*entry.message).collect::<Vec<_>>(), ["one"]);

    for (bytes, expected) in [
        ("{}", "missing field"),
        ("x", "expected value"),
        (r#"{"format":"billhook.baseline/9","findings":[]}"#, "its format is `billhook.baseline/9`"),
    ] {
        let error = Baseline::read(bytes.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn reports_follow_their_schema() {
    for (format, schema) in [(Format::Json, "lint.json"), (Format::Ndjson, "lint-line.json")] {
        let make = SCHEMAS.iter().find(|s| s.file == schema).unwrap().make;
        let validator = jsonschema::validator_for(&serde_json::to_value(make()).unwrap()).unwrap();
        let text = written(format, &[duplicate()], &unknown(), Layout::default());
        validator.validate(&serde_json::from_str(&text).unwrap()).unwrap();
    }
}

#[test]
fn the_order_findings_come_in_does_not_matter() {
    let forward = everything();
    let backward: Vec<Finding> = forward.iter().rev().cloned().collect();
    for &format in FORMATS {
        let layout = Layout::default();
        assert_eq!(
            written(format, &forward, &[], layout),
            written(format, &backward, &[], layout),
            "{format:?}"
        );
    }
}

#[test]
fn nothing_hostile_reaches_the_output() {
    for &format in FORMATS {
        let text = written(format, &everything(), &unknown(), Layout { verbose: true, ..Layout::default() });
        let bad: Vec<char> = text.chars().filter(|&c| c != '\n' && neutral::is_hostile(c)).collect();
        assert!(bad.is_empty(), "{format:?}: {bad:?}");
    }
}

#[test]
fn text_fits_eighty_columns() {
    use unicode_width::UnicodeWidthStr;
    for line in written(Format::Text, &everything(), &unknown(), Layout::default()).lines() {
        assert!(line.width() <= 80 || line.contains("run with -v"), "{line}");
    }
}

#[test]
fn fingerprints_survive_moved_lines_and_tell_findings_apart() {
    let prints = |shift: usize| -> Vec<String> {
        let text: Arc<str> = format!("{}{HOSTILE}", "# moved\n".repeat(shift)).into();
        let sources = |_: Side, _: &str| Some(text.clone());
        let start = text.find("kind").unwrap();
        let place = Location::new("a.yaml".into(), Span::new(start, start + 4));
        let here = finding("BH601", "odd-name", Severity::Note, "odd", place.clone());
        let of_object = Finding { object: object("StatefulSet", "a", "b"), ..here.clone() };
        let findings = [here.clone(), here.clone(), of_object];
        let lint = Lint { findings: &findings, sources: &sources, ..Lint::default() };
        json::report(&lint).findings.into_iter().map(|f| f.fingerprint).collect()
    };
    assert_eq!(prints(0), prints(5));
    let different: std::collections::BTreeSet<String> = prints(0).into_iter().collect();
    assert_eq!(different.len(), 3);
    let here = unprotected("a", Severity::Note);
    let held = Suppressed { finding: here.clone(), in_source: true, reason: String::new() };
    let one = [here];
    let lint = Lint { findings: &one, existing: &one, suppressed: &[held], ..Lint::default() };
    let placed::All { told, existing, suppressed } = placed::place_all(&lint, &mut placed::Texts::default());
    let numbers =
        [&existing[0], &told[0], &suppressed[0].0].map(|p| p.fingerprint.rsplit(':').next().unwrap());
    assert_eq!(numbers, ["1", "2", "3"]);
}

#[test]
fn tables_align_and_problems_stand_apart() {
    let key = |name| Key { group: "apps", kind: "Deployment", namespace: "shop", name };
    let lines = || {
        let object = |cluster, name| InventoryLine::Object {
            cluster,
            application: "argocd/shop-web",
            key: key(name),
            version: "v1",
            origin: Some(Origin { path: "shop/web.yaml", line: Some(3) }),
            via: vec!["argocd/root"],
        };
        [
            object("cl-07", "\u{6f22}\u{5b57}"),
            object("in-cluster", "web\u{1b}"),
            InventoryLine::Problem { application: "argocd/other", problem: problem("not here") },
        ]
    };
    let write = |format, wide| {
        let mut out = Vec::new();
        inventory(format, lines(), Layout { wide, ..Layout::default() }, &mut out).unwrap();
        anstream::adapter::strip_str(std::str::from_utf8(&out).unwrap()).to_string()
    };
    let all = [
        write(Format::Text, false),
        write(Format::Text, true),
        write(Format::Ndjson, false),
        write(Format::Yaml, false),
    ];
    snapshot("inventory", &all.join("\n"));
    serde_json::from_str::<serde_json::Value>(&write(Format::Json, false)).unwrap();
}

#[test]
fn manifests_are_yaml_documents() {
    let raw =
        serde_json::value::to_raw_value(&serde_json::json!({"kind": "ConfigMap", "data": {"on": "0644"}}))
            .unwrap();
    let key = Key { group: "", kind: "ConfigMap", namespace: "a", name: "b" };
    let lines = || {
        [
            RenderLine::Manifest {
                application: "argocd/a",
                source: 0,
                key,
                version: "v1",
                hooks: None,
                wave: 0,
                manifest: raw.clone(),
                origin: Some(Origin { path: "a/b.yaml", line: Some(1) }),
            },
            RenderLine::Problem { application: "argocd/c", source: None, problem: problem("not here") },
        ]
    };
    let write = |format| {
        let mut out = Vec::new();
        render(format, lines(), Layout::default(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    snapshot("render", &[write(Format::Yaml), write(Format::Ndjson)].join("\n"));
}

proptest::proptest! {
    /// Spans may be anything: past the end, inside a character, over many lines.
    #[test]
    fn any_span_of_any_text_can_be_drawn(
        text in "[a-z \t\r\n\u{1b}\u{202e}äß漢🦀:]{0,120}",
        spans in proptest::collection::vec((0usize..140, 0usize..140, "[a-z \u{1b}漢]{0,100}"), 1..4),
        width in 0usize..130,
    ) {
        let place = |a: usize, b: usize| Location::new("a".into(), Span::new(a.min(b), a.max(b)));
        let (a, b, message) = &spans[0];
        let related = spans[1..].iter().map(|(a, b, message)| Label { location: place(*a, *b), message: message.clone() });
        let finding =
            Finding { related: related.collect(), ..finding("BH101", "x", Severity::Error, message, place(*a, *b)) };
        let text: Arc<str> = text.into();
        let sources = |_: Side, _: &str| Some(Arc::clone(&text));
        let findings = [finding];
        let report = Lint { findings: &findings, sources: &sources, ..Lint::default() };
        for &format in FORMATS {
            let mut out = Vec::new();
            lint(format, &report, Layout { width, ..Layout::default() }, &mut out).unwrap();
            let out = anstream::adapter::strip_str(std::str::from_utf8(&out).unwrap()).to_string();
            proptest::prop_assert!(!out.chars().any(|c| c != '\n' && neutral::is_hostile(c)), "{out:?}");
        }
    }

    /// What is written as YAML is read as the same data, by the rules of YAML 1.1 that Kubernetes goes by.
    #[test]
    fn yaml_comes_back_as_it_went(
        key in "[a-zA-Z0-9_.~:# -]{0,6}",
        text in "(|y|no|null|~|0x1F|1e3|-|[-+]?[0-9_.:]{1,5}|[ -~\n\t\u{85}ä漢🦀\u{2028}]{0,24})",
        number in proptest::num::i64::ANY,
    ) {
        let value = serde_json::json!({
            (key.clone()): text,
            "list": [text, number, [text], {(key): [], "x": {}}, null, true],
        });
        let mut out = Vec::new();
        document(&value, &mut out).unwrap();
        let written = String::from_utf8(out).unwrap();
        let file = crate::yaml::File::single(written.as_str().into());
        let root = file.documents()[0].root().map_err(|error| format!("{error} in {written:?}")).unwrap();
        proptest::prop_assert_eq!(file.node(root).to_json(), value, "{}", written);
    }
}
