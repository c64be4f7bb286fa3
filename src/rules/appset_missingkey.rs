//! BH505. Meaning, rationale and examples: `rules/BH505-appset-missingkey.md`.

use super::options;
use super::sets::{self, Text};
use super::{Check, Context, Rule};
use crate::appset::{ApplicationSet, functions};
use crate::finding::{FixKind, Severity};
use crate::gotemplate::{Cause, Missing, Options, Template};
use crate::inventory::Set;
use crate::yaml::{Node, edit};
use serde_json::json;

pub(super) const RULE: Rule = Rule {
    page: include_str!("../../rules/BH505-appset-missingkey.md"),
    check: Check::ApplicationSet(check),
};

const STRICT: &str = "missingkey=error";

fn check(set: &Set, admitted: &ApplicationSet, cx: &mut Context<'_>) {
    if !admitted.uses_go_template() {
        go_left_over(set, cx);
        return;
    }
    let fits = known_options(set, cx);
    if fits && sets::texts(set).iter().any(|text| text.value.contains("{{")) {
        tolerant(set, admitted, cx);
    }
    broken(set, cx);
}

/// Options that Go does not know. Whether all are good.
fn known_options(set: &Set, cx: &mut Context<'_>) -> bool {
    let mut all = true;
    let list = set.manifest.node().at(&["spec", "goTemplateOptions"]);
    for item in list.into_iter().flat_map(Node::items) {
        let Some(text) = item.as_str() else { continue };
        if Options::default().set(text).is_ok() {
            continue;
        }
        all = false;
        if sets::may_be_patched(cx.inventory, set, &["goTemplateOptions"]) {
            continue;
        }
        let edits = options::edits(&set.manifest, cx.inventory, || edit::replace(item, &STRICT.into()));
        cx.report_set(set, set.manifest.location_of(item), format!("`{text}` is no option of a Go template"))
            .because("the controller panics on it: nothing of the set is created, updated or deleted, and no condition says why")
            .help(format!("write `{STRICT}`"))
            .fix(FixKind::Unsafe, edits);
    }
    all
}

/// Keys that are missing are printed, rather than refused.
fn tolerant(set: &Set, admitted: &ApplicationSet, cx: &mut Context<'_>) {
    let mut options = Options::default();
    let set_all = admitted.go_template_options().iter().try_for_each(|option| options.set(option));
    if set_all.is_err() || options.missing == Missing::Error {
        return;
    }
    if sets::may_be_patched(cx.inventory, set, &["goTemplate"]) {
        return;
    }
    let spec = set.manifest.node().get("spec");
    let written = spec.and_then(|spec| spec.get("goTemplateOptions"));
    let edits = options::edits(&set.manifest, cx.inventory, || match written {
        Some(list) if list.is_seq() => edit::push(list, &json!(STRICT)),
        _ => spec.and_then(|spec| edit::set(spec, &["goTemplateOptions"], &json!([STRICT]))),
    });
    let printed = match options.missing {
        Missing::Zero => "nothing or `<no value>`",
        Missing::Default | Missing::Error => "`<no value>`",
    };
    let field = if written.is_some() { "goTemplateOptions" } else { "goTemplate" };
    let place = set.manifest.location_at(&["spec", field]);
    cx.report_set(set, place, format!("`{}` tolerates missing keys", set.manifest.name()))
        .because(format!("a key that an element lacks prints {printed} into names, paths and destinations: Applications change their name, so the old ones are deleted, or two get the same one"))
        .help(format!("add `goTemplateOptions: [\"{STRICT}\"]`: the set then stays as it is until the key is there"))
        .fix(FixKind::Unsafe, edits)
        .at_most(Severity::Warning);
}

/// Go's syntax where it is not switched on, in texts that say which Application it is and what it deploys.
fn go_left_over(set: &Set, cx: &mut Context<'_>) {
    let left =
        |text: &Text<'_>| text.identifies && !text.value.contains("${{") && tags(text.value).any(is_go);
    let found: Vec<_> = sets::texts(set).into_iter().filter(left).collect();
    if sets::may_be_patched(cx.inventory, set, &["goTemplate"]) {
        return;
    }
    for text in found {
        let tag = tags(text.value).find(|tag| is_go(tag)).unwrap_or_default();
        cx.report_set(set, set.manifest.location_of(text.node), format!("`{{{{{tag}}}}}` is a Go template, and `goTemplate` is not set"))
            .because("without `goTemplate: true` a tag is the name of a parameter; this one is none, and stays as it is, braces and all")
            .help("set `goTemplate: true`, or write the name without the dot");
    }
}

/// Texts that cannot be read as Go templates, as those written for the other engine.
fn broken(set: &Set, cx: &mut Context<'_>) {
    for text in sets::texts(set) {
        if !text.value.contains("{{") || text.value.contains("${{") {
            continue;
        }
        let Err(error) = Template::parse("base", text.value, functions()) else { continue };
        if error.cause != Cause::Syntax || sets::may_be_patched(cx.inventory, set, &["goTemplate"]) {
            continue;
        }
        let place = set.manifest.location_of(text.node);
        let because = "each text is read before anything is generated: the set fails as a whole, and nothing of it is created, updated or deleted";
        match tags(text.value).find(|tag| is_name(tag)) {
            Some(tag) => {
                let tag = tag.trim();
                cx.report_set(
                    set,
                    place,
                    format!("`{{{{{tag}}}}}` is no Go template, and `goTemplate` is set"),
                )
                .because(because)
                .help(format!("write `{{{{.{tag}}}}}`"));
            }
            None => {
                cx.report_set(set, place, format!("the template cannot be read: {}", error.message))
                    .because(because)
                    .help("repair it");
            }
        }
    }
}

/// What stands between double braces.
fn tags(text: &str) -> impl Iterator<Item = &str> {
    text.split("{{").skip(1).filter_map(|rest| Some(rest.split_once("}}")?.0))
}

/// Whether a tag can only be Go's: a field, or a function of one.
fn is_go(tag: &str) -> bool {
    let tag = tag.trim().trim_matches('-').trim();
    tag.starts_with('.') || tag.contains(" .") || tag.contains("(.")
}

/// Whether a tag is the name of a parameter, as the other engine has them, and no function of Go's.
fn is_name(tag: &str) -> bool {
    let tag = tag.trim();
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./[]".contains(&byte);
    tag.starts_with(|first: char| first.is_ascii_alphabetic())
        && tag.bytes().all(is_part)
        && Template::parse("base", &format!("{{{{{tag}}}}}"), functions()).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_tags() {
        for (tag, go, name) in [
            (".path.basename", true, false),
            (" .name ", true, false),
            ("- .name -", true, false),
            ("index .metadata.labels \"a\"", true, false),
            ("default (.a) \"b\"", true, false),
            ("name", false, true),
            ("path.basename", false, true),
            ("metadata.labels.app.kubernetes.io/name", false, true),
            ("path[0]", false, true),
            ("end", false, true),
            ("now", false, false),
            ("\"{{\"", false, false),
        ] {
            assert_eq!((is_go(tag), is_name(tag)), (go, name), "{tag}");
        }
    }
}
