//! BH524. Meaning, rationale and examples: `rules/BH524-nondeterministic-render.md`.

use crate::files::{EntryKind, Location, Span};
use crate::inventory::App;
use crate::render::{Recipe, join};
use crate::rules::{Check, Context, Rule};
use std::collections::BTreeSet;

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH524-nondeterministic-render.md"),
    check: Check::Inventory(check),
};

/// Functions of sprig that answer differently each time.
const RANDOM: &[&str] = &[
    "randAlphaNum",
    "randAlpha",
    "randAscii",
    "randNumeric",
    "randBytes",
    "randInt",
    "uuidv4",
    "genCA",
    "genCAWithKey",
    "genSelfSignedCert",
    "genSelfSignedCertWithKey",
    "genSignedCert",
    "genSignedCertWithKey",
    "genPrivateKey",
    "bcrypt",
    "htpasswd",
    "now",
];
/// Functions that may pass the random text over.
const CHOICES: &[&str] =
    &["default", "coalesce", "ternary", "or", "and", "get", "dig", "hasKey", "lookup", "fail"];
/// Words that open a block, which may not be reached.
const BLOCKS: &[&str] = &["if", "range", "with", "define", "block"];
/// Texts by which a template keeps its objects from being compared, or its secrets across renders.
const GUARDS: &[&str] = &["lookup", "helm.sh/hook", "argocd.argoproj.io/hook", "compare-options"];

fn check(cx: &mut Context<'_>) {
    let inventory = cx.inventory;
    let mut told = BTreeSet::new();
    for app in inventory.applications.iter().filter(|app| app.changed_by.is_none()) {
        if !app.application.spec.ignore_differences.is_empty() {
            continue;
        }
        for (index, recipe) in app.recipes.iter().enumerate() {
            let Some(Recipe::Helm(chart)) = recipe else { continue };
            if app.here.get(index) != Some(&true) {
                continue;
            }
            let folder = join(&chart.folder, "templates");
            for entry in inventory.documents.tree().below(&folder) {
                let name = entry.path.rsplit('/').next().unwrap_or(&entry.path);
                let manifest = [".yaml", ".yml", ".tpl", ".json"].iter().any(|end| name.ends_with(end));
                let is_file = matches!(entry.kind, EntryKind::File(_));
                if is_file && manifest && !name.starts_with('_') && told.insert(entry.path.clone()) {
                    template(app, &entry.path, cx);
                }
            }
        }
    }
}

fn template(app: &App, path: &crate::files::Path, cx: &mut Context<'_>) {
    let Some(text) = cx.inventory.text(path) else { return };
    if GUARDS.iter().any(|guard| text.contains(guard)) {
        return;
    }
    for (span, function) in random(&text) {
        cx.report(Location::new(path.clone(), span), format!("`{function}` gives another text on every render"))
            .application(app)
            .because("Argo CD renders again at every refresh and sync: the object is never in sync, and each sync replaces the text")
            .help("give the text by a value or an existing Secret, so that the template makes none");
    }
}

/// The actions of a template that surely print something random: where, and by which function.
fn random(text: &str) -> Vec<(Span, &'static str)> {
    let actions = actions(text);
    let mut depth = 0_usize;
    let mut tainted: Vec<(String, &'static str)> = Vec::new();
    let mut found = Vec::new();
    for (span, action) in &actions {
        let words = words(action);
        let Some(first) = words.first() else { continue };
        match first.as_str() {
            word if BLOCKS.contains(&word) => depth += 1,
            "end" => depth = depth.saturating_sub(1),
            "else" => (),
            _ if depth > 0 => (),
            _ => {
                let chooses = words.iter().any(|word| CHOICES.contains(&word.as_str()));
                let made = RANDOM.iter().find(|function| words.iter().any(|word| word == *function));
                let uses =
                    tainted.iter().find(|(name, _)| words.iter().any(|word| variable(word) == Some(name)));
                let Some(function) = made.copied().or(uses.map(|(_, function)| *function)) else { continue };
                match assigned(action) {
                    _ if chooses => (),
                    Some(name) if !is_changed(&actions, name) => tainted.push((name.to_owned(), function)),
                    Some(_) => (),
                    // A pipe may end in a measure or a comparison that is always the same.
                    None if prints(&words) => found.push((*span, function)),
                    None => (),
                }
            }
        }
    }
    found
}

/// Whether the action shows the text, rather than something about it.
fn prints(words: &[String]) -> bool {
    const ABOUT: &[&str] = &[
        "len", "kindOf", "typeOf", "eq", "ne", "lt", "gt", "empty", "not", "template", "include", "set",
        "unset",
    ];
    !words.iter().any(|word| ABOUT.contains(&word.as_str()))
}

/// `{{ … }}` without comments, each with its place.
fn actions(text: &str) -> Vec<(Span, &str)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find("{{").map(|found| at + found) {
        let inside = &text[start + 2..];
        let trimmed = inside.strip_prefix('-').unwrap_or(inside).trim_start();
        let close = match trimmed.starts_with("/*") {
            true => inside.find("*/").and_then(|end| Some(end + inside[end..].find("}}")?)),
            false => inside.find("}}"),
        };
        let Some(close) = close else { break };
        let end = start + 2 + close;
        if !trimmed.starts_with("/*") {
            let action = inside[..close].trim_start_matches('-').trim_end_matches('-').trim();
            found.push((Span::new(start, end + 2), action));
        }
        at = end + 2;
    }
    found
}

/// The words of an action outside quotes: names of functions, and variables and fields with their first sign.
fn words(action: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    let mut escaped = false;
    for sign in action.chars().chain([' ']) {
        match quote {
            Some(_) if escaped => escaped = false,
            Some('"') if sign == '\\' => escaped = true,
            Some(open) if open == sign => quote = None,
            Some(_) => (),
            None if matches!(sign, '"' | '`' | '\'') => quote = Some(sign),
            None if sign.is_alphanumeric() || matches!(sign, '_' | '.' | '$') => {
                word.push(sign);
                continue;
            }
            None => (),
        }
        if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
    }
    words
}

/// `$name` of `$name.Field`.
fn variable(word: &str) -> Option<&str> {
    word.starts_with('$').then(|| word.split('.').next().unwrap_or(word))
}

/// The variable that an action assigns to.
fn assigned(action: &str) -> Option<&str> {
    let (name, rest) = action.split_once(['=', ':'])?;
    let is_name =
        name.starts_with('$') && name.trim_end()[1..].chars().all(|c| c.is_alphanumeric() || c == '_');
    let assigns = rest.starts_with('=') || action.as_bytes().get(name.len()) == Some(&b'=');
    (is_name && assigns).then(|| name.trim_end())
}

/// Whether a variable is assigned to more than once.
fn is_changed(actions: &[(Span, &str)], name: &str) -> bool {
    actions.iter().filter(|(_, action)| assigned(action) == Some(name)).count() > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_surely_random() {
        for (text, expected) in [
            ("a: {{ randAlphaNum 8 | quote }}", vec!["randAlphaNum"]),
            ("a: {{- uuidv4 -}}", vec!["uuidv4"]),
            ("a: {{ .Values.now }}", vec![]),
            ("a: {{ \"now\" | quote }}", vec![]),
            ("a: {{ default (randAlphaNum 8) .Values.a }}", vec![]),
            ("a: {{ .Values.a | default (randAlphaNum 8) }}", vec![]),
            ("{{ if .Values.a }}a: {{ randAlphaNum 8 }}{{ end }}", vec![]),
            ("{{ if .Values.a }}x{{ else }}y{{ end }}{{ now }}", vec!["now"]),
            ("{{/* randAlphaNum }} */}}", vec![]),
            ("{{ $a := genCA \"x\" 3 }}a: {{ $a.Cert | b64enc }}", vec!["genCA"]),
            ("{{ $a := genCA \"x\" 3 }}{{ if .x }}{{ $a = .y }}{{ end }}a: {{ $a.Cert }}", vec![]),
            ("{{ $a := genCA \"x\" 3 }}b: {{ $ab.Cert }}", vec![]),
            ("{{ define \"a\" }}{{ now }}{{ end }}", vec![]),
            ("{{ now", vec![]),
        ] {
            let found: Vec<&str> = random(text).into_iter().map(|(_, function)| function).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
