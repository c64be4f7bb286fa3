//! BH101. Meaning, rationale and examples: `rules/BH101-duplicate-object.md`.

use crate::finding::Severity;
use crate::inventory::{App, AppId, Parent, Place};
use crate::model::{Application, Manifest, Protection, ResourceKey, holds_data, protections};
use crate::render::{Repeated, Target};
use crate::rules::{Check, Context, Rule};

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH101-duplicate-object.md"), check: Check::Application(check) };

/// How many of the objects that go are named.
const NAMED: usize = 1;

fn check(_: AppId, app: &App, cx: &mut Context<'_>) {
    for repeated in &app.targets.repeated {
        let excluded = app.targets.excluded.iter().any(|target| target.key == repeated.key);
        if !excluded {
            report(repeated, app, cx);
        }
    }
}

fn report(repeated: &Repeated, app: &App, cx: &mut Context<'_>) {
    let Some(((source, winner), losers)) = repeated.objects.split_last() else { return };
    let equal = losers.iter().all(|(_, loser)| loser.node().to_json() == winner.node().to_json());
    let across_sources = losers.iter().all(|(own, _)| own != source);
    let message = format!("{} objects are `{}`", number(repeated.objects.len()), repeated.key);
    let (because, help) = match (equal, across_sources) {
        (true, _) => (same_body(), "keep one of them"),
        (false, true) => (other_source(), "leave it to one of the sources, unless the override is meant"),
        (false, false) => (consequence(&repeated.key, losers, winner, cx), "rename one of them"),
    };
    let mut report = cx.report(winner.location(), message).application(app).object(&repeated.key);
    if winner.is_written() {
        report = report.see(winner.location(), "the last one wins");
    }
    let what = match losers.len() {
        _ if equal => "an equal copy",
        1 => "the first one, which loses",
        _ => "this one loses",
    };
    for (_, loser) in losers.iter().filter(|(_, loser)| loser.location() != winner.location()) {
        report = report.see(loser.location(), what);
    }
    let alternatives =
        app.parent == Parent::Folder && losers.iter().any(|(_, loser)| loser.path() != winner.path());
    if equal || alternatives {
        report = report.at_most(Severity::Warning);
    }
    if across_sources && !equal {
        report = report.at_most(if is_argo(&repeated.key) { Severity::Warning } else { Severity::Note });
    }
    report.because(because).help(help);
}

fn number(count: usize) -> String {
    match count {
        2 => "two".to_owned(),
        3 => "three".to_owned(),
        many => many.to_string(),
    }
}

fn is_argo(key: &ResourceKey) -> bool {
    *key.group == *"argoproj.io"
}

fn same_body() -> String {
    "Argo CD warns (RepeatedResourceWarning) and deploys it once; the next edit of a copy that is not the last one does nothing"
        .to_owned()
}

fn other_source() -> String {
    "Argo CD warns (RepeatedResourceWarning) and takes the object of the last source that has it".to_owned()
}

/// What it means that the last one wins.
fn consequence(
    key: &ResourceKey,
    losers: &[(usize, Manifest)],
    winner: &Manifest,
    cx: &Context<'_>,
) -> String {
    const KEEPS: &str = "Argo CD only warns (RepeatedResourceWarning) and keeps the last one";
    let argo = |kind| key.is("argoproj.io", kind);
    if argo("Application") {
        let loser = losers.iter().rev().find_map(|(_, loser)| taken_over(loser, winner, cx));
        return match loser {
            Some(what) => format!("{KEEPS}{what}"),
            None => format!("{KEEPS}; what the others say of syncing never takes effect"),
        };
    }
    let then = match () {
        () if argo("ApplicationSet") => "the Applications that only the first one generates are deleted",
        () if argo("AppProject") => "Applications that need what only the first one permits are refused",
        () => "what the first one says never reaches the cluster",
    };
    format!("{KEEPS}; {then}")
}

/// What becomes of the objects that `loser` deployed; None where both deploy the same to the same cluster.
fn taken_over(loser: &Manifest, winner: &Manifest, cx: &Context<'_>) -> Option<String> {
    let loser = Application::read(loser.clone(), "").ok()?;
    let winner = Application::read(winner.clone(), "").ok()?;
    let cluster = |app: &Application| cx.inventory.clusters.identity(&app.spec.destination).ok();
    let (old, new) = (cluster(&loser), cluster(&winner));
    if old != new {
        let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
        return Some(format!(
            ", which deploys to `{new}`; what the first one had deployed to `{old}` stays there without an owner"
        ));
    }
    let (old, new) = (origin(&loser), origin(&winner));
    if old == new {
        return None;
    }
    let sync = match winner.prunes_automatically() {
        true => "the sync",
        false => "the next sync that prunes",
    };
    let what = prunable(&loser, cx).map_or(String::new(), |names| format!(": {names}"));
    Some(format!(", which reads {new}; {sync} prunes what the first one had deployed from {old}{what}"))
}

/// The objects that go with an Application that another one replaces, those that hold data first; None where they are
/// not known or none goes. What is protected or rendered by others stays.
fn prunable(loser: &Application, cx: &Context<'_>) -> Option<String> {
    let inventory = cx.inventory;
    let place = |manifest: &Manifest| (manifest.path().clone(), manifest.node().span());
    let is_loser = |app: &&App| place(&app.application.manifest) == place(&loser.manifest);
    let replaced = inventory.replaced.iter().find(is_loser)?;
    let (options, version) = (loser.spec.sync_options(), inventory.settings(replaced).version);
    let goes = |target: &&Target| {
        let (instance, cluster, key) = (replaced.instance, replaced.cluster.clone(), target.key.clone());
        target.hooks.is_none()
            && protections(&target.manifest, &options, version).prune == Protection::None
            && inventory.at(&Place { instance, cluster, key }).is_empty()
    };
    let mut targets: Vec<&Target> = replaced.targets.list.iter().filter(goes).collect();
    let data = |target: &Target| holds_data(&target.key.group, &target.manifest, &cx.options.stateful);
    targets.sort_by_key(|target| (!data(target), &target.key));
    let names: Vec<String> = targets.iter().take(NAMED).map(|target| format!("`{}`", target.key)).collect();
    match targets.len() - names.len() {
        _ if names.is_empty() => None,
        0 => Some(names.join(", ")),
        rest => Some(format!("{} and {rest} more", names.join(", "))),
    }
}

/// What an Application reads, for people.
fn origin(app: &Application) -> String {
    let sources = app.spec.effective_sources();
    let names =
        sources.iter().filter(|source| !source.only_reference()).map(|source| match source.chart.as_str() {
            "" => format!("`{}`", source.path),
            chart => format!("chart `{chart}`"),
        });
    names.collect::<Vec<_>>().join(" and ")
}
