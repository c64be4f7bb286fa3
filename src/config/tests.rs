use super::suppression::{
    Applied, Circumstances, Collected, ComplaintKind, Malformed, Owned, Written, apply, parse_annotation,
    parse_comment,
};
use super::*;
use crate::files::{Lines, Span};
use crate::finding::{Finding, Object, Severity};

const RULES: RuleNames<'static> = RuleNames(&[
    RuleName { code: "BH101", name: "duplicate-object" },
    RuleName { code: "BH301", name: "stateful-without-prune-protection" },
]);

const FULL: &str = r#"
clusters:
  - name: prod-eu
    server: https://prod-eu.example
    servers: [https://10.0.0.1:6443]
    kubernetes: "1.33"
    apiVersions: [monitoring.coreos.com/v1/ServiceMonitor]
    labels: {env: prod}
clustersComplete: false
argocd: {version: "3.5", namespace: argocd, trackingMethod: annotation, applicationSetPolicy: {flag: sync}}
repositories:
  - {url: https://git.example/org/gitops.git, path: ., branch: main}
known:
  - {path: known/argocd.yaml, complete: true}
  - {cluster: prod-eu, path: known/prod-eu/}
exclude: [fixtures/**]
protectedNamespaces: [argocd, kube-system]
naming: [{application: "{app}-{cluster}", path: "env/{cluster}/{app}/**"}]
rules:
  stateful-without-prune-protection: {severity: error, kinds: [{group: kafka.strimzi.io, kind: Kafka}]}
  BH101: {severity: off}
ignore:
  - {rules: [stateful-without-prune-protection], application: "loki-*", reason: "vendor chart, state is in S3", until: 2027-01-31}
diff: {failOn: [data-loss, outage, orphan, blocked], budget: {prune: 20, cascade: 0}, acknowledge: {label: "deletion-approved"}}
"#;

fn read(text: &str) -> Result<Loaded, Error> {
    Loaded::read("billhook.yaml", text.as_bytes(), RULES)
}

/// What is wrong, and where: `line:column message`, then help.
fn wrong(text: &str) -> (String, String) {
    match read(text) {
        Err(Error::Invalid { message, help, location, text }) => {
            let at = Lines::new(&text).position(&text, location.span.start);
            (format!("{}:{} {message}", at.line, at.column), help)
        }
        Err(other) => (other.to_string(), String::new()),
        Ok(_) => ("fine".to_owned(), String::new()),
    }
}

#[test]
fn everything_that_may_stand_there() {
    let config = read(FULL).unwrap().config;
    assert_eq!(config.clusters[0].kubernetes, "1.33");
    assert_eq!(config.argocd.written()[0].version.unwrap().to_string(), "3.5");
    assert_eq!(config.rules["BH101"].severity, Some(Level::Off));
    assert_eq!(config.ignore[0].until.unwrap().to_string(), "2027-01-31");
    assert_eq!(config.diff.budget.cascade, Some(0));
    for nothing in ["", "\n", "# nothing\n", "{}", "---\n"] {
        assert!(read(nothing).is_ok(), "{nothing:?}");
    }
    let many = read("argocd:\n- {roots: [a/**]}\n- {roots: [b/**], version: '2.14'}\n").unwrap().config;
    assert_eq!(many.argocd.written().len(), 2);
}

#[test]
fn what_is_wrong_is_said_at_its_place() {
    let mut differences = Vec::new();
    for (text, expected, help) in [
        ("repositores: []", "1:1 unknown key `repositores`; did you mean `repositories`?", ""),
        ("ignore:\n- {rules: [BH101]}\n", "2:3 `reason` is missing", "say why this may be ignored"),
        (
            "ignore:\n- {rules: [BH101], reason: ''}",
            "2:28 `reason` is empty: say why this may be ignored",
            "",
        ),
        (
            "ignore:\n- {rules: [], reason: x}",
            "2:4 `rules` is empty",
            "name the rules whose findings are ignored",
        ),
        (
            "ignore:\n- rules: [BH101, duplicate-objct]\n  reason: x\n",
            "2:18 there is no rule `duplicate-objct`; did you mean `duplicate-object`?",
            "`billhook explain` lists the rules",
        ),
        ("rules:\n  BH999: {}\n", "2:3 there is no rule `BH999`", "`billhook explain` lists the rules"),
        (
            "ignore:\n- {rules: [BH101], reason: x, until: 2027-02-30}",
            "2:38 `2027-02-30` is no date such as 2027-01-31",
            "",
        ),
        ("exclude: ['a[']", "1:11 `a[` is no glob: unclosed character class; missing ']'", ""),
        (
            "clusters: [{kubernetes: 1.30}]",
            "1:25 expected text, but YAML reads `1.30` as something else; put it in quotes",
            "",
        ),
        ("clusters: prod", "1:11 expected a list, found the text `prod`", ""),
        (
            "argocd: {version: '2.7'}",
            "1:19 Argo CD 2.7 is older than 2.8, the oldest that is known about",
            "",
        ),
        ("argocd: {version: three}", "1:19 `three` is no version of Argo CD such as 3.5", ""),
        ("argocd: [{roots: x}]", "1:18 expected a list, found the text `x`", ""),
        ("rules: {BH101: {severity: errr}}", "1:27 unknown value `errr`; did you mean `error`?", ""),
        ("diff: {failOn: [dataloss]}", "1:17 unknown value `dataloss`; did you mean `data-loss`?", ""),
        (
            "naming: [{application: '{app}-{zone}', path: 'env/{app}/**'}]",
            "1:11 `{zone}` does not occur in `path`",
            "use the same placeholders in both",
        ),
        ("argocd: 3.5", "1:9 expected a mapping, or a list of mappings, found the number 3.5", ""),
        ("- x", "1:1 expected a mapping, found a list", ""),
        ("diff: {budget: {prune: many}}", "1:24 expected a whole number, found the text `many`", ""),
        ("clusters: [{name: [a]}]", "1:19 expected text, found a list", ""),
        ("---\n---\na: 1", "fine", ""),
        ("a: [", "1:5 expected a value here", ""),
    ] {
        let (message, cure) = wrong(text);
        if (message.as_str(), cure.as_str()) != (expected, help) {
            differences
                .push(format!("{text}\n  expected {expected} ({help})\n  found    {message} ({cure})"));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn a_configuration_inside_a_tree_names_nothing_outside() {
    let find = |config: &str, start: &str| {
        let files = [(".github/billhook.yaml", config), ("known/a.yaml", "a: 1"), ("apps/web/x.yaml", "")];
        let tree = Tree::memory(files.map(|(path, text)| (path, text.as_bytes())));
        Loaded::find(&tree, start, RULES).map(|found| found.map(|loaded| loaded.path))
    };
    for (config, expected) in [
        ("known: [{path: ../known/a.yaml}]", None),
        ("known: [{path: ../known}]", None),
        ("known: [{path: ../../known}]", Some("`../../known` is outside the repository")),
        ("known: [{path: /etc/passwd}]", Some("`/etc/passwd` is outside the repository")),
        ("known: [{path: ../nothing}]", Some("there is no `../nothing` in the repository")),
        ("repositories: [{url: u, path: ..}]", Some("`..` is outside the repository")),
        ("repositories: [{url: u, path: apps/../known}]", None),
    ] {
        for start in ["", "apps/web"] {
            match (find(config, start), expected) {
                (Ok(found), None) => assert_eq!(found.as_deref(), Some(".github/billhook.yaml"), "{config}"),
                (Err(Error::Invalid { message, .. }), Some(expected)) => assert_eq!(message, expected),
                (other, _) => panic!("{config}: {other:?}"),
            }
        }
    }
}

#[test]
fn the_nearest_configuration_holds() {
    let files = ["billhook.yaml", "a/.billhook.yaml", "a/b/billhook.yaml", "a/b/.billhook.yaml"];
    let tree = Tree::memory(files.map(|path| (path, &b""[..])));
    for (start, expected) in [
        ("", "billhook.yaml"),
        ("x", "billhook.yaml"),
        ("a", "a/.billhook.yaml"),
        ("a/c", "a/.billhook.yaml"),
        ("a/b", "a/b/billhook.yaml"),
    ] {
        let found = Loaded::find(&tree, start, RULES).unwrap().unwrap();
        assert_eq!(&*found.path, expected, "{start}");
    }
    assert!(Loaded::find(&Tree::memory([("x.yaml", &b""[..])]), "", RULES).unwrap().is_none());
}

#[test]
fn comments() {
    let written = |rules: &[&str], reason: &str, file| {
        let rules = rules.iter().map(|rule| (*rule).to_owned()).collect();
        Some(Ok(Written { rules, reason: reason.to_owned(), file }))
    };
    for (text, expected) in [
        ("# billhook: ignore[BH101] a reason", written(&["BH101"], "a reason", false)),
        (
            "#billhook:ignore[BH101,duplicate-object]  why ",
            written(&["BH101", "duplicate-object"], "why", false),
        ),
        ("## billhook: ignore-file[ BH101 ] why", written(&["BH101"], "why", true)),
        ("# billhook: ignore[BH101]", written(&["BH101"], "", false)),
        ("# billhook: ignore[BH101] # BH903: mark", written(&["BH101"], "", false)),
        ("# billhook: ignore[BH101] see #12", written(&["BH101"], "see #12", false)),
        ("# billhook: ignore[BH101] why] not", written(&["BH101"], "why] not", false)),
        ("# see billhook: ignore[BH101]", None),
        ("# billhook is a tool", None),
        ("", None),
        ("# billhook: ignore", Some(Err(Malformed::NoRules("ignore".into())))),
        ("# billhook: ignore BH101 why", Some(Err(Malformed::NoRules("ignore".into())))),
        ("# billhook: ignore[BH101", Some(Err(Malformed::NotClosed))),
        ("# billhook: ignore[]", Some(Err(Malformed::EmptyRule))),
        ("# billhook: ignore[BH101,]", Some(Err(Malformed::EmptyRule))),
        ("# billhook: ignor[BH101] why", Some(Err(Malformed::Verb("ignor".into())))),
        ("# billhook: ", Some(Err(Malformed::Verb(String::new())))),
    ] {
        assert_eq!(parse_comment(text), expected, "{text}");
    }
}

#[test]
fn annotations() {
    for (text, expected) in [
        ("BH101 why", vec![("BH101", "why")]),
        ("BH101 why; BH301 and why this", vec![("BH101", "why"), ("BH301", "and why this")]),
        ("BH101, BH301 both; ", vec![("BH101+BH301", "both")]),
        ("BH101,BH301", vec![("BH101+BH301", "")]),
        ("", vec![]),
        (" ; ", vec![]),
    ] {
        let read: Vec<(String, String)> = parse_annotation(text)
            .into_iter()
            .map(|written| (written.rules.join("+"), written.reason))
            .collect();
        let expected: Vec<(String, String)> =
            expected.into_iter().map(|(rules, reason)| (rules.to_owned(), reason.to_owned())).collect();
        assert_eq!(read, expected, "{text}");
    }
}

const MANIFESTS: &str = "\
# billhook: ignore[BH101] the whole object
apiVersion: v1
kind: ConfigMap
metadata:
  name: first
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: second # billhook: ignore[BH101] this line
  namespace: x
---
apiVersion: v1
kind: List
items:
  # billhook: ignore[BH101] this item

  - kind: ConfigMap
    metadata: {name: third}
  - kind: ConfigMap
    metadata: {name: fourth}
";

fn finding_at(text: &str, needle: &str) -> Finding {
    let start = text.find(needle).unwrap();
    Finding {
        code: "BH101",
        name: "duplicate-object",
        severity: Severity::Error,
        message: needle.to_owned(),
        because: String::new(),
        help: String::new(),
        location: Location::new("a.yaml".into(), Span::new(start, start + needle.len())),
        application: Some("argocd/loki-a".into()),
        cluster: Some("prod".into()),
        object: Some(Object {
            group: "".into(),
            kind: "ConfigMap".into(),
            namespace: "x".into(),
            name: "second".into(),
        }),
        related: Vec::new(),
        fix: None,
        group: String::new(),
    }
}

fn applied(findings: Vec<Finding>, collected: Collected, complete: bool) -> Applied {
    let today = "2026-06-01".parse().unwrap();
    apply(findings, collected, &Circumstances { today, ran: &|_| true, complete })
}

fn complaints(applied: &Applied) -> Vec<ComplaintKind> {
    applied.complaints.iter().map(|complaint| complaint.kind).collect()
}

#[test]
fn a_comment_covers_its_line_or_the_object_that_begins_there() {
    for (needle, hidden) in [
        ("kind: ConfigMap\nmetadata:\n  name: first", true),
        ("name: first", true),
        ("name: second", true),
        ("namespace: x", false),
        ("{name: third}", true),
        ("{name: fourth}", false),
        ("kind: List", false),
    ] {
        let file = File::stream(MANIFESTS.into());
        let mut collected = Collected::default();
        collected.add_comments(&"a.yaml".into(), &file, RULES);
        assert_eq!(collected.suppressions.len(), 3);
        let applied = applied(vec![finding_at(MANIFESTS, needle)], collected, true);
        assert_eq!(applied.suppressed.len(), usize::from(hidden), "{needle}");
        assert_eq!(complaints(&applied).len(), 3 - usize::from(hidden), "{needle}");
    }
}

#[test]
fn comments_are_found_in_templates() {
    let text = "{{- if .Values.on }}\nname: web # billhook: ignore[BH101] why\nx: {{ .y }}#billhook: ignore[BH101] no\n  # billhook: ignore-file[BH301] why\n{{- end }}\n";
    let mut collected = Collected::default();
    collected.add_comments(&"a.yaml".into(), &File::stream(text.into()), RULES);
    assert_eq!(collected.suppressions.len(), 2);
    let applied = applied(vec![finding_at(text, "name: web")], collected, true);
    assert_eq!((applied.suppressed.len(), applied.complaints.len()), (1, 1));
}

#[test]
fn selectors_hide_what_all_of_them_match() {
    for (selector, hidden) in [
        ("application: 'loki-*'", true),
        ("application: 'argocd/*'", true),
        ("application: other", false),
        ("cluster: prod, kind: ConfigMap", true),
        ("cluster: prod, kind: Secret", false),
        ("group: ''", true),
        ("namespace: x, name: s*", true),
        ("path: '*.yaml'", true),
        ("path: b.yaml", false),
        ("until: 2026-06-01", true),
        ("until: 2026-05-31", false),
    ] {
        let loaded = read(&format!("ignore: [{{rules: [BH101], reason: x, {selector}}}]")).unwrap();
        let mut collected = Collected::default();
        collected.add_selectors(&loaded, RULES);
        let applied = applied(vec![finding_at(MANIFESTS, "name: second")], collected, true);
        assert_eq!(applied.suppressed.len(), usize::from(hidden), "{selector}");
        let expected = match (hidden, selector.starts_with("until")) {
            (true, _) => None,
            (false, true) => Some(ComplaintKind::Expired),
            (false, false) => Some(ComplaintKind::Unused),
        };
        assert_eq!(complaints(&applied).first().copied(), expected, "{selector}");
    }
}

#[test]
fn annotations_follow_their_object() {
    let object = |name: &str| Object {
        group: "".into(),
        kind: "ConfigMap".into(),
        namespace: "x".into(),
        name: name.into(),
    };
    let place = Location::head("chart/templates/x.yaml");
    for (application, name, complete, suppressed, complained) in [
        (Some("argocd/loki-a"), "second", true, 1, 0),
        (None, "second", true, 1, 0),
        (Some("argocd/other"), "second", true, 0, 1),
        (Some("argocd/loki-a"), "other", true, 0, 1),
        (Some("argocd/loki-a"), "other", false, 0, 0),
    ] {
        let owned = Owned { application: application.map(Into::into), object: object(name), piece: None };
        let mut collected = Collected::default();
        collected.add_annotation("BH101 why", &[owned], &place, RULES);
        let applied = applied(vec![finding_at(MANIFESTS, "name: second")], collected, complete);
        assert_eq!(
            (applied.suppressed.len(), applied.complaints.len()),
            (suppressed, complained),
            "{application:?} {name}"
        );
    }
}

#[test]
fn what_is_wrong_with_suppressions() {
    for (comment, expected) in [
        ("ignore[BH101]", vec![ComplaintKind::Reasonless]),
        ("ignore[BH101] fine", vec![]),
        ("ignore[BH101, BH301] why", vec![ComplaintKind::Unused]),
        ("ignore[nothing-such] why", vec![ComplaintKind::UnknownRule]),
        ("ignore", vec![ComplaintKind::Malformed]),
    ] {
        let text = format!("a: 1 # billhook: {comment}\n");
        let mut collected = Collected::default();
        collected.add_comments(&"a.yaml".into(), &File::stream(text.as_str().into()), RULES);
        let applied = applied(vec![finding_at(&text, "a")], collected, true);
        assert_eq!(complaints(&applied), expected, "{comment}");
    }
}

#[test]
fn the_schema_takes_what_is_taken() {
    let validator = jsonschema::validator_for(&serde_json::to_value(schema()).unwrap()).unwrap();
    let file = File::single(FULL.replace("severity: off", "severity: 'off'").into());
    let root = file.documents()[0].root().unwrap();
    if let Err(error) = validator.validate(&file.node(root).to_json()) {
        panic!("{error}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_is_too_odd(text in "(# ?)?(billhook: ?)?(ignore(-file)?)?[\\[\\]A-Za-z0-9,; #äß\n:-]{0,40}") {
        let _ = parse_comment(&text);
        let _ = parse_annotation(&text);
        let mut collected = Collected::default();
        collected.add_comments(&"a.yaml".into(), &File::stream(format!("a: 1 {text}\nb:\n{text}\n  c: d\n").into()), RULES);
        let _ = read(&text);
    }

    #[test]
    fn no_configuration_is_too_odd(
        key in "(clusters|argocd|known|ignore|rules|naming|exclude|diff|repositories)",
        value in "[\\[\\]{}a-zA-Z0-9,: *\"'\n-]{0,40}",
    ) {
        let _ = read(&format!("{key}: {value}"));
        let _ = read(&format!("{key}:\n- {value}"));
    }
}
