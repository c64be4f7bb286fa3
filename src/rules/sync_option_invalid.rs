//! BH501. Meaning, rationale and examples: `rules/BH501-sync-option-invalid.md`.

use super::document::{Document, all_of, each_map, what};
use super::{Check, Context, Rule};
use crate::finding::{Edit, FixKind, Severity};
use crate::model::{
    COMPARE_OPTIONS, Level, Manifest, Meaning, SYNC_OPTIONS, Version, group_of, meaning, sync_options,
    values_of,
};
use crate::yaml::{self, Node, Style};

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH501-sync-option-invalid.md"), check: Check::Document(check) };

const COMPARE: &str = "argocd.argoproj.io/compare-options";

/// What is wrong with one option.
struct Wrong {
    message: String,
    because: &'static str,
    help: String,
    /// At most a warning: nobody is left without a guard they rely on, or a later Argo CD may know it.
    mild: bool,
    /// What was meant: several where one text holds several.
    meant: Vec<&'static str>,
}

fn check<'a>(document: &Document<'a>, cx: &mut Context<'a>) {
    for object in &document.objects {
        if let Some(annotations) = object.node().at(&["metadata", "annotations"]) {
            annotated(document, object, annotations, is_application(object), cx);
        }
        negated(document, object, cx);
        if is_argo(object, "Application")
            && let Some(policy) = object.node().at(&["spec", "syncPolicy"])
        {
            listed(document, object, policy, cx);
        }
        if is_argo(object, "ApplicationSet")
            && let Some(spec) = object.node().get("spec")
        {
            templates(document, object, spec, cx);
        }
    }
    if document.is_kustomization() {
        added(document, document.root(), cx);
    }
}

fn is_argo(object: &Manifest, kind: &str) -> bool {
    object.kind() == kind && group_of(object.api_version()) == "argoproj.io"
}

fn is_application(object: &Manifest) -> bool {
    is_argo(object, "Application")
}

/// Every `template` of an ApplicationSet, its generators' too.
fn templates<'a>(document: &Document<'a>, set: &Manifest, spec: Node<'_>, cx: &mut Context<'a>) {
    each_map(spec, &mut |path, map| {
        if path.last().is_none_or(|step| step != ".template") {
            return;
        }
        if let Some(policy) = map.at(&["spec", "syncPolicy"]) {
            listed(document, set, policy, cx);
        }
        if let Some(annotations) = map.at(&["metadata", "annotations"]) {
            annotated(document, set, annotations, true, cx);
        }
    });
}

/// The annotations that a kustomization adds to what it makes.
fn added<'a>(document: &Document<'a>, root: Node<'_>, cx: &mut Context<'a>) {
    each_map(root, &mut |path, map| {
        let generated = [".generatorOptions", ".configMapGenerator", ".secretGenerator"];
        let adds = match path.last() {
            Some(".commonAnnotations") => path.len() == 1,
            Some(".annotations") => path.first().is_some_and(|step| generated.contains(&step)),
            _ => false,
        };
        if adds {
            annotated(document, &document.manifest, map, false, cx);
        }
    });
}

/// `syncOptions` of a sync policy: each entry is one option as a whole.
fn listed<'a>(document: &Document<'a>, object: &Manifest, policy: Node<'_>, cx: &mut Context<'a>) {
    let Some(list) = policy.get("syncOptions") else { return };
    let version = document.version(cx);
    let mut first: Vec<&str> = Vec::new();
    for item in list.items() {
        let Some(text) = item.as_str() else { continue };
        if let Some(wrong) = wrong(text, Level::Application, version) {
            let fix = split(document, list, item, &wrong.meant);
            report(document, object, item, wrong, fix, cx);
        } else if let Some(before) = beaten(text, &first) {
            report(document, object, item, shadowed(text, before), Vec::new(), cx);
        }
        first.push(text);
    }
}

/// The annotations with options: comma lists, each item trimmed.
fn annotated<'a>(
    document: &Document<'a>,
    object: &Manifest,
    annotations: Node<'_>,
    application: bool,
    cx: &mut Context<'a>,
) {
    let version = document.version(cx);
    for entry in annotations.entries() {
        let Some(text) = entry.value.as_str() else { continue };
        let judge: &dyn Fn(&str) -> Option<Wrong> = match &*entry.key {
            SYNC_OPTIONS => &|item| wrong(item, Level::Object, version),
            COMPARE => &|item| wrong_comparison(item, application),
            _ => continue,
        };
        let mut first: Vec<&str> = Vec::new();
        for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            if let Some(wrong) = judge(item) {
                let fix = match wrong.meant.is_empty() {
                    true => Vec::new(),
                    false => document.reword(entry.value, item, &wrong.meant.join(",")),
                };
                report(document, object, entry.value, wrong, fix, cx);
            } else if let Some(before) = beaten(item, &first) {
                report(document, object, entry.value, shadowed(item, before), Vec::new(), cx);
            }
            first.push(item);
        }
    }
}

/// An option of an object that is meant to switch off what its Application says, and cannot.
fn negated<'a>(document: &Document<'a>, object: &Manifest, cx: &mut Context<'a>) {
    let Some(annotations) = object.node().at(&["metadata", "annotations"]) else { return };
    let Some(value) = annotations.get(SYNC_OPTIONS) else { return };
    let negations = [
        ("Replace=false", "Replace=true"),
        ("Validate=true", "Validate=false"),
        ("PruneLast=false", "PruneLast=true"),
        ("SkipDryRunOnMissingResource=false", "SkipDryRunOnMissingResource=true"),
    ];
    let items: Vec<&str> = value.as_str().unwrap_or("").split(',').map(str::trim).collect();
    for (off, on) in negations.into_iter().filter(|(off, _)| items.contains(off)) {
        let apps = document.applications(cx, object);
        let Some(app) = apps.iter().find(|app| app.application.spec.sync_options().has(on)) else { continue };
        let wrong = Wrong {
            message: format!(
                "`{off}` on {} does not switch off the `{on}` of `{}`",
                what(object),
                app.application.name
            ),
            because: "Argo CD looks for the one that switches it on, at either place, and for nothing else",
            help: format!("take `{on}` from the Application and put it on the objects that need it"),
            mild: true,
            meant: Vec::new(),
        };
        report(document, object, value, wrong, Vec::new(), cx);
    }
}

fn report<'a>(
    document: &Document<'a>,
    object: &Manifest,
    node: Node<'_>,
    wrong: Wrong,
    fix: Vec<Edit>,
    cx: &mut Context<'a>,
) {
    let report =
        document.report_on(cx, object, node.span(), wrong.message).because(wrong.because).help(wrong.help);
    let report = if wrong.mild { report.at_most(Severity::Warning) } else { report };
    report.fix(FixKind::Safe, fix);
}

const EXACT: &str = "Argo CD compares sync options as a whole, letter by letter, and passes over what it does not know without a word";

/// What is wrong with the text of one sync option; None where nothing is, or where a template will fill it in.
fn wrong(text: &str, level: Level, version: Version) -> Option<Wrong> {
    if text.contains("{{") || text.contains("${") {
        return None;
    }
    match meaning(text, level, version) {
        Meaning::Works | Meaning::Default => None,
        Meaning::From(since) => Some(too_early(text, level, version, since)),
        Meaning::OtherLevel => Some(elsewhere(text, level)),
        Meaning::None => Some(unknown(text)),
    }
}

fn too_early(text: &str, level: Level, version: Version, since: Version) -> Wrong {
    let place = match level {
        Level::Application => "as an option of an Application",
        Level::Object => "on an object",
    };
    let guards = text.starts_with("Prune=") || text.starts_with("Delete=");
    Wrong {
        message: format!("`{text}` {place} does nothing before Argo CD {since}, and this one is {version}"),
        because: EXACT,
        help: match (guards, level) {
            (true, Level::Application) => {
                "put it on each object that needs it, in the annotation `argocd.argoproj.io/sync-options`"
                    .into()
            }
            _ => format!("update Argo CD to {since}, or take it out"),
        },
        mild: !guards,
        meant: Vec::new(),
    }
}

fn elsewhere(text: &str, level: Level) -> Wrong {
    let (message, help) = match level {
        Level::Application => (
            format!("`{text}` does nothing as an option of an Application"),
            "put it on each object that needs it, in the annotation `argocd.argoproj.io/sync-options`",
        ),
        Level::Object => (
            format!("`{text}` does nothing on an object"),
            "put it in `spec.syncPolicy.syncOptions` of the Application",
        ),
    };
    let mild = !text.starts_with("FailOnSharedResource");
    Wrong { message, because: EXACT, help: help.into(), mild, meant: Vec::new() }
}

fn unknown(text: &str) -> Wrong {
    if COMPARE_OPTIONS.iter().any(|(known, _)| *known == text) {
        return Wrong {
            message: format!("`{text}` is a compare option, and does nothing among sync options"),
            because: EXACT,
            help: format!("put it in the annotation `{COMPARE}`"),
            mild: true,
            meant: Vec::new(),
        };
    }
    let parts: Vec<&str> = text.split([',', ';']).map(str::trim).filter(|part| !part.is_empty()).collect();
    if parts.len() > 1 {
        let meant: Option<Vec<&str>> = parts.iter().map(|part| canonical(part)).collect();
        if let Some(meant) = meant {
            return Wrong {
                message: format!("`{text}` is one option to Argo CD, and it knows none of that name"),
                because: EXACT,
                help: format!("write {}, each as an item of its own", all_of(&meant)),
                mild: false,
                meant,
            };
        }
    }
    if let Some(meant) = canonical(text) {
        return Wrong {
            message: format!("`{text}` is no sync option; `{meant}` is"),
            because: EXACT,
            help: format!("write `{meant}`"),
            mild: false,
            meant: vec![meant],
        };
    }
    let name = text.split(['=', ':']).next().unwrap_or(text).trim();
    let values = values_of(name);
    if values.is_empty() {
        return Wrong {
            message: format!("`{text}` is no sync option that Argo CD knows"),
            because: EXACT,
            help: "take it out, or look up its name".into(),
            mild: true,
            meant: Vec::new(),
        };
    }
    Wrong {
        message: format!("`{text}` is no sync option: `{name}` can be {}", all_of(&values)),
        because: EXACT,
        help: format!("write `{name}={}`", values[0]),
        mild: false,
        meant: Vec::new(),
    }
}

/// The option that a text was surely meant to be.
fn canonical(text: &str) -> Option<&'static str> {
    let bare: String = text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\'')).collect();
    let bare = bare.replacen(':', "=", 1).replace("==", "=");
    let same = sync_options().find(|known| known.eq_ignore_ascii_case(&bare));
    same.or_else(|| match bare.split_once('=') {
        Some((name, value)) => near(&bare, name, value),
        None => named(&bare),
    })
}

/// The option of a name without a value: the one that switches something on, where only one does.
fn named(name: &str) -> Option<&'static str> {
    let of_name =
        |known: &&str| known.split_once('=').is_some_and(|(other, _)| other.eq_ignore_ascii_case(name));
    let mut candidates = sync_options().filter(|known| of_name(known) && !known.ends_with("=false"));
    candidates.next().filter(|_| candidates.next().is_none())
}

/// The option that differs by a letter or two. `Prune=no` may have been meant as either of two, `Prune=fasle` only as one.
fn near(text: &str, name: &str, value: &str) -> Option<&'static str> {
    let all: Vec<&'static str> = sync_options().collect();
    let near = yaml::nearest(text, &all)?;
    let (near_name, near_value) = near.split_once('=')?;
    let other_value = near_name == name && near_value != value;
    let limit = if other_value { 2.min(near_value.len() / 2) } else { 2 };
    let distance = strsim::damerau_levenshtein(&near.to_lowercase(), &text.to_lowercase());
    (distance <= limit).then_some(near)
}

fn wrong_comparison(text: &str, application: bool) -> Option<Wrong> {
    if text.contains("{{") || text.contains("${") {
        return None;
    }
    const BECAUSE: &str = "Argo CD compares these options as a whole, letter by letter, and passes over what it does not know without a word";
    if let Some((_, only)) = COMPARE_OPTIONS.iter().find(|(known, _)| *known == text) {
        return (*only && !application).then(|| Wrong {
            message: format!("the compare option `{text}` does nothing on an object"),
            because: BECAUSE,
            help: "put the annotation on the Application".into(),
            mild: true,
            meant: Vec::new(),
        });
    }
    if meaning(text, Level::Object, Version::DEFAULT) == Meaning::Works {
        return Some(Wrong {
            message: format!("`{text}` is a sync option, and does nothing among compare options"),
            because: BECAUSE,
            help: format!("put it in the annotation `{SYNC_OPTIONS}`"),
            mild: false,
            meant: Vec::new(),
        });
    }
    let bare: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let known: Vec<&'static str> = COMPARE_OPTIONS.iter().map(|(known, _)| *known).collect();
    let meant = match bare.to_lowercase().as_str() {
        "ignoreextraneous=true" => Some("IgnoreExtraneous"),
        _ => yaml::nearest(&bare, &known)
            .filter(|near| strsim::damerau_levenshtein(&near.to_lowercase(), &bare.to_lowercase()) <= 2),
    };
    Some(match meant {
        Some(meant) => Wrong {
            message: format!("`{text}` is no compare option; `{meant}` is"),
            because: BECAUSE,
            help: format!("write `{meant}`"),
            mild: false,
            meant: vec![meant],
        },
        None => Wrong {
            message: format!("`{text}` is no compare option that Argo CD knows"),
            because: BECAUSE,
            help: "take it out, or look up its name".into(),
            mild: true,
            meant: Vec::new(),
        },
    })
}

/// The earlier option of the same name that counts instead of this one.
fn beaten<'t>(text: &str, before: &[&'t str]) -> Option<&'t str> {
    let (name, value) = text.split_once('=').filter(|(name, _)| matches!(*name, "Prune" | "Delete"))?;
    let first = before.iter().find(|item| item.split_once('=').is_some_and(|(other, _)| other == name))?;
    (first.split_once('=')?.1 != value).then_some(first)
}

fn shadowed(text: &str, before: &str) -> Wrong {
    Wrong {
        message: format!("`{text}` does nothing, because `{before}` stands before it"),
        because: "of several options of one name Argo CD takes the first",
        help: "keep the one that is meant".into(),
        mild: false,
        meant: Vec::new(),
    }
}

/// An entry of a list with what was meant in its place: one entry, or several.
fn split(document: &Document<'_>, list: Node<'_>, item: Node<'_>, meant: &[&str]) -> Vec<Edit> {
    match (meant, list.style()) {
        ([], _) => Vec::new(),
        ([one], _) => document.rewrite(item, one),
        (_, Style::Flow) => document.edit(item.span(), meant.join(", ")),
        (_, _) => {
            let text = item.file().text();
            let start = text[..item.span().start as usize].rfind('\n').map_or(0, |at| at + 1);
            let lead = &text[start..item.span().start as usize];
            document.edit(item.span(), meant.join(&format!("\n{lead}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant() {
        for (text, expected) in [
            ("Prune=False", Some("Prune=false")),
            ("prune=false", Some("Prune=false")),
            ("Prune = false", Some("Prune=false")),
            ("Prune: false", Some("Prune=false")),
            ("Prune=fasle", Some("Prune=false")),
            ("Prune=no", None),
            ("Prune", None),
            ("CreateNamespace", Some("CreateNamespace=true")),
            ("CreateNamepace=true", Some("CreateNamespace=true")),
            ("ServerSideApply=ture", Some("ServerSideApply=true")),
            ("Retry=true", None),
            ("PrunePropagationPolicy=Foreground", Some("PrunePropagationPolicy=foreground")),
        ] {
            assert_eq!(canonical(text), expected, "{text}");
        }
    }
}
