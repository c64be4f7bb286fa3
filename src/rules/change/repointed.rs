//! Applications that read other manifests under the same name.

use super::{Change, Losses, Pair};
use crate::inventory::{App, Outcome};
use crate::model::{ResourceKey, Source, same_repository};
use hashbrown::HashSet;
use std::borrow::Cow;
use std::sync::Arc;

/// An Application of base that reads another folder, chart or repository in head; both sides render.
pub struct Repointed<'a> {
    /// As base has it.
    pub base: &'a App,
    /// As head has it.
    pub head: &'a App,
    /// What it reads in base and does not in head, and the other way round: folders and charts.
    pub from: String,
    /// See `from`.
    pub to: String,
    /// How many objects base renders.
    pub objects: usize,
    /// How many of these head renders too, whatever namespace they are in.
    pub remain: usize,
    /// What is deleted.
    pub lost: Losses<'a>,
    /// What is not rendered any more and stays, because nothing prunes it.
    pub left: Losses<'a>,
}

impl Repointed<'_> {
    /// Whether less than half of what it deployed is still there: the name stands for another workload now.
    pub fn is_another_workload(&self) -> bool {
        self.remain * 2 < self.objects
    }
}

/// Every Application that is pointed at something else, in order of base.
pub(super) fn repointed<'a>(change: &Change<'a>) -> Vec<Repointed<'a>> {
    change.apps.iter().filter_map(|pair| one(change, pair)).collect()
}

fn one<'a>(change: &Change<'a>, pair: &Pair<'a>) -> Option<Repointed<'a>> {
    let (base, head) = (pair.base?, pair.head?);
    let renders = |app: &App| app.outcome == Outcome::Rendered && app.is_written();
    if !renders(base) || !renders(head) || base.targets.list.is_empty() {
        return None;
    }
    let (old, new) = (sources(base), sources(head));
    let same = |one: &Source, other: &Source| {
        one.path == other.path && one.chart == other.chart && same_repository(&one.repo_url, &other.repo_url)
    };
    let only = |these: &[Cow<'_, Source>], those: &[Cow<'_, Source>]| -> Vec<String> {
        let alone = these.iter().filter(|one| !those.iter().any(|other| same(one, other)));
        alone.map(|source| told(source, these, those)).collect()
    };
    let (from, to) = (only(&old, &new), only(&new, &old));
    if from.is_empty() {
        return None; // What is only added takes nothing away.
    }
    let after: HashSet<_> = head.targets.list.iter().map(|target| identity(&target.key)).collect();
    let remain = base.targets.list.iter().filter(|target| after.contains(&identity(&target.key))).count();
    let gone = |key: &ResourceKey| !after.contains(&identity(key));
    Some(Repointed {
        base,
        head,
        from: from.join(", "),
        to: to.join(", "),
        objects: base.targets.list.len(),
        remain,
        lost: Losses::of(change.rows_of(&base.id).filter(|row| gone(&row.key))),
        left: Losses::all(
            change
                .rows_of(&base.id)
                .filter(|row| row.outcome == crate::forecast::Outcome::Kept && gone(&row.key)),
        ),
    })
}

fn sources(app: &App) -> Vec<Cow<'_, Source>> {
    app.application.spec.effective_sources()
}

/// A source as a message names it: its folder or chart, and its repository where that is what changes.
fn told(source: &Source, these: &[Cow<'_, Source>], those: &[Cow<'_, Source>]) -> String {
    let what = if source.chart.is_empty() { &source.path } else { &source.chart };
    let repositories = these.iter().chain(those);
    match repositories.clone().all(|other| same_repository(&source.repo_url, &other.repo_url))
        && !what.is_empty()
    {
        true => format!("`{what}`"),
        false if what.is_empty() => format!("`{}`", source.repo_url),
        false => format!("`{what}` of `{}`", source.repo_url),
    }
}

/// What an object is beside its namespace. A generated ConfigMap or Secret is the same one under another hash.
fn identity(key: &ResourceKey) -> (Arc<str>, Arc<str>, String) {
    (Arc::clone(&key.group), Arc::clone(&key.kind), plain_name(key).to_owned())
}

/// The name without the hash that Kustomize's generators put behind it.
pub fn plain_name(key: &ResourceKey) -> &str {
    let hash = |tail: &str| tail.len() == 10 && tail.bytes().all(|byte| b"bcdfghkmt2456789".contains(&byte));
    match key.name.rsplit_once('-') {
        Some((name, tail))
            if key.group.is_empty() && matches!(&*key.kind, "ConfigMap" | "Secret") && hash(tail) =>
        {
            name
        }
        _ => &key.name,
    }
}
