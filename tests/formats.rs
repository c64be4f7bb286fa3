//! Every format of `billhook lint`, from one run of the program: valid by its schema, and harmless whatever a repository
//! calls its things.
#![cfg(unix)]
#![allow(clippy::disallowed_methods, clippy::print_stderr, reason = "a test reads and writes files")]

use assert_cmd::Command;
use pulldown_cmark::{Event, Options, Parser, Tag};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

#[path = "support/xsd.rs"]
mod xsd;

const FORMATS: [&str; 10] =
    ["text", "json", "ndjson", "yaml", "sarif", "junit", "gitlab", "github", "markdown", "html"];

/// What the program wrote, by format.
type Reports = BTreeMap<&'static str, String>;

/// One run of `lint` over `tree`, from the folder around it, with every format.
fn reports(tree: &Path, more: &[&str]) -> Reports {
    let path = tree.to_str().expect("UTF-8");
    run(tree.parent().expect("a folder around the tree"), &[&["lint", path, "-v"], more].concat())
}

/// One run of `diff` over two folders, with every format.
fn merge(base: &Path, head: &Path, more: &[&str]) -> Reports {
    let [base, head] = [base, head].map(|folder| folder.to_str().expect("UTF-8"));
    let folders = ["diff", "--base-dir", base, "--head-dir", head];
    run(Path::new(head).parent().expect("a folder around the tree"), &[&folders, more].concat())
}

fn run(here: &Path, arguments: &[&str]) -> Reports {
    let to = tempfile::tempdir().expect("a temporary folder");
    let mut command = Command::cargo_bin("billhook").expect("the program");
    command.env_clear().current_dir(here).args(arguments).arg("--no-cache");
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    for format in FORMATS {
        command.args(["--format", format, "-o"]).arg(to.path().join(format));
    }
    let output = command.output().expect("a run");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{error}");
    assert!(output.stdout.is_empty(), "reports went to files");
    let read = |format| fs::read_to_string(to.path().join(format)).expect("a report in UTF-8");
    FORMATS.into_iter().map(|format| (format, read(format))).collect()
}

/// What is wrong with the reports by the schemas of their formats.
fn faults(command: &str, reports: &Reports) -> Vec<String> {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/schema/");
    let others = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/schemas/");
    let mut faults = Vec::new();
    for (format, schema) in [
        ("json", format!("{own}{command}.json")),
        ("sarif", format!("{others}sarif-2.1.0.json")),
        ("gitlab", format!("{others}gitlab-code-quality.json")),
    ] {
        faults.extend(
            by_schema(&schema, &reports[format]).into_iter().map(|fault| format!("{format}: {fault}")),
        );
    }
    for line in reports["ndjson"].lines() {
        faults.extend(by_schema(&format!("{own}{command}-line.json"), line));
    }
    let junit = fs::read_to_string(format!("{others}junit-10.xsd")).expect("the schema");
    faults.extend(xsd::faults(&junit, &reports["junit"]).into_iter().map(|fault| format!("junit: {fault}")));
    faults
}

fn by_schema(schema: &str, text: &str) -> Vec<String> {
    let schema: Value =
        serde_json::from_str(&fs::read_to_string(schema).expect("the schema")).expect("a schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    match serde_json::from_str(text) {
        Ok(value) => validator
            .iter_errors(&value)
            .map(|error| format!("{error} at {}", error.instance_path()))
            .collect(),
        Err(error) => vec![format!("no JSON: {error}")],
    }
}

/// The commands that the runner of GitHub Actions takes from a log, and whether Azure Pipelines or TeamCity take some.
fn commands(log: &str) -> Vec<String> {
    const KNOWN: [&str; 14] = [
        "error",
        "warning",
        "notice",
        "debug",
        "add-mask",
        "add-path",
        "set-env",
        "set-output",
        "save-state",
        "stop-commands",
        "group",
        "endgroup",
        "echo",
        "add-matcher",
    ];
    let mut found = Vec::new();
    for line in log.split(['\n', '\r']) {
        let name = |text: &str| text.split(' ').next().unwrap_or("").to_owned();
        if let Some((command, _)) =
            line.trim_start().strip_prefix("::").and_then(|rest| rest.split_once("::"))
            && KNOWN.contains(&&*name(command))
        {
            found.push(line.trim_start().to_owned());
        } else if let Some((command, _)) = line.split_once("##[").and_then(|(_, rest)| rest.split_once(']'))
            && KNOWN.contains(&&*name(command))
        {
            found.push(line.to_owned());
        } else if ["##vso[", "##teamcity["].iter().any(|mark| line.contains(mark)) {
            found.push(line.to_owned());
        }
    }
    found
}

/// Events of a page, text that stands together as one, and what is our own left out.
fn markdown(text: &str) -> Vec<Event<'_>> {
    const OWN: [&str; 3] = ["<!-- -->", "</details>", "<details"];
    let own = |html: &str| {
        OWN.iter().any(|own| html.starts_with(own))
            || ["<!-- billhook:lint -->", "<!-- billhook:diff -->"].contains(&html.trim())
    };
    let mut events: Vec<Event<'_>> = Vec::new();
    for event in Parser::new_ext(text, Options::all()) {
        match (events.last_mut(), event) {
            (_, Event::Html(html) | Event::InlineHtml(html)) if own(&html) => events.push(Event::SoftBreak),
            (Some(Event::Text(before)), Event::Text(more)) => *before = format!("{before}{more}").into(),
            (_, event) => events.push(event),
        }
    }
    events
}

/// Names of elements, and of attributes, outside of the style and the script.
fn html_names(page: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let style = page.find("<style>").expect("a style")..page.find("</style>").expect("its end");
    let script = page.rfind("<script>").expect("a script")..page.rfind("</script>").expect("its end");
    let page = format!("{}{}{}", &page[..style.start], &page[style.end..script.start], &page[script.end..]);
    let (mut elements, mut attributes) = (BTreeSet::new(), BTreeSet::new());
    for tag in page.split('<').skip(1) {
        let (inside, _) = tag.split_once('>').expect("a tag ends");
        let mut rest = inside;
        let word = |rest: &mut &str| {
            let end = rest.find([' ', '=', '"']).unwrap_or(rest.len());
            let (word, behind) = rest.split_at(end);
            *rest = behind;
            word.to_owned()
        };
        elements.insert(word(&mut rest).trim_start_matches('/').to_owned());
        while !rest.is_empty() {
            rest = rest.trim_start();
            let name = word(&mut rest);
            if let Some(value) = rest.strip_prefix("=\"") {
                rest = value.split_once('"').expect("a value ends").1;
            }
            attributes.insert(name);
        }
    }
    (elements, attributes)
}

fn own_html(page: &str) {
    const ELEMENTS: &[&str] = &[
        "!DOCTYPE",
        "a",
        "b",
        "blockquote",
        "body",
        "code",
        "details",
        "div",
        "em",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "head",
        "header",
        "html",
        "input",
        "label",
        "li",
        "main",
        "meta",
        "ol",
        "option",
        "output",
        "p",
        "pre",
        "select",
        "span",
        "strong",
        "style",
        "script",
        "summary",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "title",
        "tr",
        "ul",
    ];
    const ATTRIBUTES: &[&str] = &[
        "aria-label",
        "charset",
        "checked",
        "class",
        "content",
        "data-cluster",
        "data-level",
        "data-rule",
        "hidden",
        "href",
        "html",
        "http-equiv",
        "id",
        "lang",
        "name",
        "open",
        "placeholder",
        "type",
        "value",
    ];
    let (elements, attributes) = html_names(page);
    for (found, known) in [(elements, ELEMENTS), (attributes, ATTRIBUTES)] {
        let strange: Vec<_> = found.iter().filter(|name| !known.contains(&name.as_str())).collect();
        assert!(strange.is_empty(), "not ours: {strange:?}");
    }
    assert_eq!((page.matches("<script>").count(), page.matches("</script>").count()), (1, 1));
}

fn fixture() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/generator-name-collision/head")
}

#[test]
fn formats_of_one_run_are_valid() {
    let reports = reports(&fixture(), &[]);
    assert_eq!(faults("lint", &reports), Vec::<String>::new());
    let place = "rendered/cl-07/all.yaml";
    for (format, report) in &reports {
        assert!(report.contains(place), "{format} says nothing of {place}");
        assert!(report.contains("duplicate-object"), "{format} names no rule");
    }
    assert_eq!(commands(&reports["github"]).len(), 2);
    own_html(&reports["html"]);
}

#[test]
fn formats_of_a_merge_are_valid() {
    let base = fixture().parent().expect("an incident").join("base");
    let reports = merge(&base, &fixture(), &[]);
    assert_eq!(faults("diff", &reports), Vec::<String>::new());
    for (format, report) in &reports {
        assert!(report.contains("metering-store"), "{format} does not say what is lost");
        assert!(report.contains("data-loss"), "{format} does not say how bad it is");
    }
    assert!(
        reports["markdown"]
            .starts_with("<!-- billhook:diff -->\n### ✖ merging this deletes what serves data")
    );
    own_html(&reports["html"]);
    markdown_is_text(&reports["markdown"]);
}

#[test]
fn reports_of_a_real_repository_are_valid() {
    let Some(corpus) = std::env::var_os("BILLHOOK_CORPUS") else {
        eprintln!("BILLHOOK_CORPUS is not set: no real repository was read");
        return;
    };
    let reports = reports(&Path::new(&corpus).join("infra-deployments"), &[]);
    assert_eq!(faults("lint", &reports), Vec::<String>::new());
    own_html(&reports["html"]);
}

#[test]
fn a_baseline_and_suppressions_are_in_the_books() {
    let tree = tempfile::tempdir().expect("a temporary folder");
    let baseline = tree.path().join("baseline.json");
    let named = baseline.to_str().expect("UTF-8");
    let fixture = fixture();
    reports(&fixture, &["--write-baseline", named]);
    let held = reports(&fixture, &["--baseline", named]);
    assert_eq!(faults("lint", &held), Vec::<String>::new());
    let text = fs::read_to_string(&baseline).expect("the baseline");
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/schema/baseline.json");
    assert_eq!(by_schema(schema, &text), Vec::<String>::new());
    let sarif: Value = serde_json::from_str(&held["sarif"]).expect("JSON");
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    assert!(results.len() == 2 && results.iter().all(|result| result["baselineState"] == "unchanged"));
    assert_eq!((&*held["gitlab"], &*held["ndjson"]), ("[]\n", ""));
    assert!(held["markdown"].contains("clean** · 2 Applications, 4 objects, 2 clusters · 2 in the baseline"));
}

/// Names that want to be more than names.
const HOSTILE: &[&str] = &[
    "a\n::error file=x::pwned",
    "a\r\n::set-output name=x::pwned",
    "##[add-mask]e",
    "x ##vso[task.setvariable variable=PATH]pwned",
    "##teamcity[buildStop comment='x']",
    "::add-mask::e ::stop-commands::x ::error::x",
    "\u{1b}[31mred\u{1b}]8;;https://evil.example\u{7}link\u{1b}]8;;\u{7}\u{9b}2J",
    "txt\u{202e}gnp.exe\u{200b}\u{2066}",
    "[click](https://evil.example) ![x](https://evil.example/x.png)",
    "` [click](https://evil.example) `",
    "<img src=x onerror=alert(1)><script>alert(1)</script>",
    "</code></details></script><script>alert(1)</script>",
    "<!-- billhook:diff --> --> ]]> <![CDATA[",
    "\" onmouseover=\"alert(1)\" x='",
    "@octocat #1 GH-1 octo/repo#1 !1 ~label %m $1 &1 www.evil.example https://evil.example mailto:a@evil.example",
    "` @octocat #1 www.evil.example",
    "| a | b |\n|---|---|\n# heading\n- item\n> quote\n```\ncode",
    "&lt;b&gt; &#64;octocat %0A::error::x %25 {0} ${{ secrets.TOKEN }}",
    "\u{fffe}\u{ffff}\u{85}\u{2028}",
];

const VALUES: [&str; 6] =
    ["hunter2", "4711471147", "aHVudGVyMg", "s3cr3t-line", "s3cr3t-flow", "s3cr3t-copy"];

/// A repository of hostile names: of files, Applications, clusters, objects, options and fields; with Secrets that rules
/// have something to say about.
fn hostile() -> TempDir {
    let tree = tempfile::tempdir().expect("a temporary folder");
    let write = |path: &str, text: &str| {
        let path = tree.path().join("repo").join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    for (i, name) in HOSTILE.iter().enumerate() {
        let quoted = Value::from(*name).to_string();
        let folder = format!("{i} {}", name.replace('/', "∕"));
        let path = Value::from(folder.as_str()).to_string();
        let application = |name: &str, path: &str| {
            format!(
                "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}, namespace: argocd}}\n\
                 spec:\n  project: {quoted}\n  destination: {{name: {quoted}, namespace: x}}\n  \
                 source: {{repoURL: https://git.example/repo.git, path: {path}}}\n  \
                 syncPolicy: {{syncOptions: [{quoted}, \"Prune=\\u0060maybe\"]}}\n---\n"
            )
        };
        let found = application(&quoted, &path);
        let twice = application(&quoted, &Value::from(format!("missing {folder}")).to_string());
        let lost = application(&format!("lost-{i}"), &Value::from(format!("missing {folder}")).to_string());
        write(&format!("apps/{folder}.yaml"), &format!("{found}{twice}{lost}"));
        let object = |kind: &str, version: &str| {
            format!(
                "apiVersion: {version}\nkind: {kind}\nmetadata:\n  name: {quoted}\n  annotations:\n    \
                 argocd.argoproj.io/hook: {quoted}\n    argocd.argoproj.io/sync-options: {quoted}\n    {quoted}: 5\n---\n"
            )
        };
        let objects =
            object("ConfigMap", "v1") + &object("StatefulSet", "apps/v1") + &object("ConfigMap", "v1");
        write(&format!("{folder}/all.yaml"), &objects);
        write(&format!("{folder}/broken.yaml"), &format!("kind: {quoted}\nmetadata: {{name: {quoted}\n"));
    }
    write(
        "secrets/a.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  annotations:\n    \
         kubectl.kubernetes.io/last-applied-configuration: '{\"data\":\"s3cr3t-copy\"}'\n\
         stringData:\n  pin: 4711471147\n  twice: hunter2\n  twice: hunter2again\n  residue: \"{{ .Values.hunter2 }}\"\n  \
         list: [hunter2]\n  block: |\n    s3cr3t-line\n    kind: Secret\n---\n\
         {apiVersion: v1, kind: Secret, metadata: {name: flow}, stringData: {a: 4711471147, a: s3cr3t-flow}}\n---\n\
         apiVersion: v1\nkind: Secret\nmetadata: {name: twice}\ndata: {a: aHVudGVyMg==, b: 4711471147}\n---\n\
         apiVersion: v1\nkind: Secret\nmetadata: {name: twice}\ndata: {a: aHVudGVyMg==, a: aHVudGVyMgo=}\n",
    );
    write(
        "secrets/broken.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: b}\nstringData:\n  a: hunter2\n   b: hunter2 : x\n  c: [s3cr3t-flow\n",
    );
    write(
        "apps/secrets.yaml",
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: secrets, namespace: argocd}\nspec:\n  \
         destination: {name: in-cluster, namespace: x}\n  source: {repoURL: https://git.example/repo.git, path: secrets}\n",
    );
    tree
}

#[test]
fn nothing_of_a_repository_acts_in_any_format() {
    let tree = hostile();
    let all = reports(&tree.path().join("repo"), &["--links", "https://git.example/o/r/blob/main"]);
    assert_eq!(faults("lint", &all), Vec::<String>::new());
    let codes: BTreeSet<String> = all["ndjson"]
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["code"].to_string())
        .collect();
    assert!(codes.len() >= 8, "the tree is too dull: {codes:?}");
    harmless(&tree, &all);
    github(&all["github"], "error");
}

#[test]
fn nothing_of_a_merge_acts_in_any_format() {
    let tree = hostile();
    let rest = tree.path().join("rest");
    fs::create_dir_all(rest.join("apps")).expect("a folder");
    let kept = tree.path().join("repo/apps/secrets.yaml");
    fs::copy(&kept, rest.join("apps/secrets.yaml")).expect("a copy");
    fs::create_dir_all(rest.join("secrets")).expect("a folder");
    let all = merge(&tree.path().join("repo"), &rest, &["--links", "https://git.example/o/r/blob/main"]);
    assert_eq!(faults("diff", &all), Vec::<String>::new());
    harmless(&tree, &all);
    let rows = all["ndjson"].lines().filter(|line| line.contains("\"outcome\":\"")).count();
    assert!(rows > HOSTILE.len(), "the merge is too dull: {rows} rows");
}

/// Whether nothing of `tree` does anything in any of its reports.
fn harmless(tree: &TempDir, all: &Reports) {
    let root = tree.path().to_str().expect("UTF-8");
    for (format, report) in all {
        let acts = |c: char| {
            c != '\n'
                && (c.is_control()
                    || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'))
        };
        let bad: BTreeSet<char> = report.chars().filter(|&c| acts(c)).collect();
        assert!(bad.is_empty(), "{format} holds {bad:?}");
        assert!(!report.contains(root), "{format} holds an absolute path");
        for value in VALUES {
            let line = report.lines().find(|line| line.contains(value));
            assert_eq!(line, None, "{format} holds the value of a Secret");
        }
        let own: &[&str] = if *format == "github" { &["::error ", "::warning ", "::notice "] } else { &[] };
        for command in commands(report) {
            assert!(own.iter().any(|own| command.starts_with(own)), "{format} gives an order: {command}");
        }
    }
    sarif(&all["sarif"]);
    markdown_is_text(&all["markdown"]);
    own_html(&all["html"]);
    let address = all["html"].split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap_or(""));
    let strange: Vec<&str> = address
        .filter(|to| !["#", "https://git.example/o/r/blob/main/"].iter().any(|own| to.starts_with(own)))
        .filter(|to| !to.starts_with("https://") || to.contains("evil"))
        .collect();
    assert!(strange.is_empty(), "{strange:?}");
}

/// No more of a kind than GitHub shows, each on one line, with the properties that were meant.
fn github(report: &str, full: &str) {
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for command in commands(report) {
        let (head, _) = command[2..].split_once("::").expect("a command");
        let (kind, properties) = head.split_once(' ').expect("properties");
        *kinds.entry(kind.to_owned()).or_default() += 1;
        for property in properties.split(',') {
            let name = property.split('=').next().unwrap_or("");
            assert!(["file", "line", "endLine", "col", "endColumn", "title"].contains(&name), "{command}");
        }
        assert!(command.len() < 5_000);
    }
    assert!(kinds[full] == 10 && kinds.values().all(|count| *count <= 10), "{kinds:?}");
}

fn sarif(report: &str) {
    let log: Value = serde_json::from_str(report).expect("JSON");
    for result in log["runs"][0]["results"].as_array().expect("results") {
        let text = result["message"]["text"].as_str().expect("a message");
        assert!(!text.contains("]("), "a link: {text}");
        let uri =
            result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().expect("a place");
        assert!(uri.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/%".contains(&b)), "{uri}");
        assert!(!uri.starts_with('/'));
    }
}

fn markdown_is_text(report: &str) {
    assert!(report.chars().count() <= 65_536);
    let refers = regex::Regex::new(r"[@#!~$%^&][A-Za-z0-9]|www\.\w|://|\bGH-\d").expect("a pattern");
    for event in markdown(report) {
        match event {
            Event::Html(html) | Event::InlineHtml(html) => panic!("HTML that is not ours: {html}"),
            Event::Start(Tag::Link { dest_url, .. }) => {
                let rule = concat!(env!("CARGO_PKG_HOMEPAGE"), "/rules/BH");
                let own = ["https://git.example/o/r/blob/main/", rule];
                assert!(own.iter().any(|own| dest_url.starts_with(own)), "{dest_url}");
            }
            Event::Start(Tag::Image { dest_url, .. }) => panic!("an image: {dest_url}"),
            Event::Start(Tag::BlockQuote(_) | Tag::CodeBlock(_)) => {
                panic!("a block that is not ours");
            }
            Event::Text(text) => {
                assert!(!refers.is_match(&text), "it refers to something: {text}");
            }
            _ => (),
        }
    }
}
