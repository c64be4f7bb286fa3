//! BH105. Meaning, rationale and examples: `rules/BH105-name-path-mismatch.md`.

use crate::finding::Severity;
use crate::inventory::{App, AppId, Inventory, Parent};
use crate::rules::{Check, Context, Naming, Rule};
use fancy_regex::Regex;
use hashbrown::{HashMap, HashSet};

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH105-name-path-mismatch.md"), check: Check::Inventory(check) };

fn check(cx: &mut Context<'_>) {
    let inventory = cx.inventory;
    let conventions: Vec<Configured<'_>> = cx.options.naming.iter().filter_map(Configured::new).collect();
    let mut open = Vec::new();
    for (id, app) in inventory.applications.iter().enumerate().filter(|(_, app)| is_known(app)) {
        if conventions.iter().any(|convention| convention.holds_for(app)) {
            continue;
        }
        match conventions.iter().find_map(|convention| convention.broken_by(app)) {
            Some((naming, path, expected)) => report_configured(app, naming, &path, expected, cx),
            None => open.push(id),
        }
    }
    learned(&open, cx);
}

/// Whether an Application's name and sources are what stands here.
fn is_known(app: &App) -> bool {
    app.is_written() && app.changed_by.is_none()
}

fn report_configured(app: &App, naming: &Naming, path: &str, expected: Option<String>, cx: &mut Context<'_>) {
    let name = &app.application.name;
    let (message, help) = match expected {
        Some(expected) => (
            format!("`{name}` reads `{path}`, which belongs to `{expected}`"),
            format!("name it `{expected}`, or let it read the folder that its name says"),
        ),
        None => (
            format!("`{name}` reads `{path}`, which does not fit its name"),
            "give it the name that the convention asks for".to_owned(),
        ),
    };
    let is_taken = is_taken(app, cx.inventory);
    let report = cx
        .report_app(app, &["metadata", "name"], message)
        .see(path_location(app), "what it reads")
        .because(format!("the convention is `{}` for `{}`: who reviews the name sees another workload than the one that is deployed", naming.application, naming.path))
        .help(help);
    if !is_taken {
        report.at_most(Severity::Warning);
    }
}

/// Whether another Application has this name already.
fn is_taken(app: &App, inventory: &Inventory) -> bool {
    let twice = inventory.named(app.instance, &app.id).len() > 1;
    let Parent::Application(parent) = app.parent else { return twice };
    let repeated = &inventory.applications[parent].targets.repeated;
    let mine = |key: &crate::model::ResourceKey| {
        key.is("argoproj.io", "Application")
            && key.name == app.application.name
            && key.namespace == app.application.namespace
    };
    twice || repeated.iter().any(|repeated| mine(&repeated.key))
}

fn path_location(app: &App) -> crate::files::Location {
    let field = if app.application.spec.has_multiple_sources() {
        &["spec", "sources"][..]
    } else {
        &["spec", "source", "path"]
    };
    app.application.manifest.location_at(field)
}

/// The folders that an Application reads.
fn paths(app: &App) -> Vec<String> {
    let sources = app.application.spec.effective_sources().into_iter();
    sources
        .filter(|source| source.chart.is_empty() && !source.path.is_empty())
        .map(|source| source.into_owned().path)
        .collect()
}

/// A configured convention, ready to be compared.
struct Configured<'a> {
    naming: &'a Naming,
    /// The path alone.
    path: Regex,
    /// Path, newline, name; placeholders of one name are equal.
    both: Regex,
}

impl<'a> Configured<'a> {
    /// None where a pattern is none; the configuration has said so.
    fn new(naming: &'a Naming) -> Option<Self> {
        let mut seen = HashSet::new();
        let path = pattern(&naming.path, &mut seen);
        let name = pattern(&naming.application, &mut seen);
        Some(Self {
            naming,
            path: Regex::new(&format!("^{path}$")).ok()?,
            both: Regex::new(&format!("^{path}\n{name}$")).ok()?,
        })
    }

    fn holds_for(&self, app: &App) -> bool {
        let name = &app.application.name;
        paths(app)
            .iter()
            .any(|path| self.both.is_match(&format!("{}\n{name}", path.trim_matches('/'))).unwrap_or(true))
    }

    /// The path to which the name does not belong, and the name that would.
    fn broken_by(&self, app: &App) -> Option<(&'a Naming, String, Option<String>)> {
        paths(app).into_iter().find_map(|path| {
            let captures = self.path.captures(path.trim_matches('/')).ok()??;
            let mut name = self.naming.application.clone();
            for group in self.path.capture_names().flatten() {
                let value = captures.name(group).map_or("", |found| found.as_str());
                name = name.replace(&format!("{{{group}}}"), value);
            }
            Some((self.naming, path, (!name.contains(['{', '*'])).then_some(name)))
        })
    }
}

/// A pattern as a regular expression: `{name}` is a part without slashes, the same wherever it stands again; `*` stays
/// inside a folder, `**` does not, and `/**` at the end may be nothing.
fn pattern<'p>(text: &'p str, seen: &mut HashSet<&'p str>) -> String {
    let (text, tail) = match text.strip_suffix("/**") {
        Some(text) => (text, "(?:/.*)?"),
        None => (text, ""),
    };
    let mut regex = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '*']) {
        regex.push_str(&fancy_regex::escape(&rest[..at]));
        rest = &rest[at..];
        let name = rest.strip_prefix('{').and_then(|rest| rest.split_once('}'));
        if let Some((name, after)) = name {
            regex.push_str(&if seen.insert(name) {
                format!("(?<{name}>[^/\n]+)")
            } else {
                format!("\\k<{name}>")
            });
            rest = after;
        } else if let Some(after) = rest.strip_prefix("**") {
            regex.push_str("[^\n]*");
            rest = after;
        } else {
            regex.push_str(if rest.starts_with('*') { "[^/\n]*" } else { "\\{" });
            rest = &rest[1..];
        }
    }
    regex + &fancy_regex::escape(rest) + tail
}

/// An Application that reads one folder.
struct Sample<'a> {
    app: AppId,
    name: &'a str,
    path: &'a str,
    parts: Vec<&'a str>,
}

/// How many Applications must keep a convention before it is one.
const ENOUGH: usize = 10;
/// How many folder names may make up one name.
const MOST_PARTS: usize = 3;
/// Paths deeper than this teach nothing.
const DEEPEST: usize = 10;

/// A convention that Applications keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Convention {
    /// As a configuration would have it.
    pub naming: Naming,
    /// How many Applications keep it.
    pub keep: usize,
    /// How many read a folder that it speaks of.
    pub of: usize,
}

/// The conventions that enough Applications keep almost everywhere, those of most Applications first.
///
/// Each Application counts for one of them: that which most Applications keep.
pub fn conventions(inventory: &Inventory) -> Vec<Convention> {
    let all: Vec<AppId> =
        (0..inventory.applications.len()).filter(|id| is_known(&inventory.applications[*id])).collect();
    let owned = owned(&all, inventory);
    let samples = samples(&owned, inventory);
    let fits: Vec<_> = samples.iter().map(|sample| made_of(sample.name, &sample.parts)).collect();
    let mut open: Vec<(String, Learned)> = learn(&samples, &fits).into_iter().collect();
    open.sort_by(|(a, one), (b, other)| (other.fitting, a.len(), a).cmp(&(one.fitting, b.len(), b)));
    let mut kept: HashSet<AppId> = HashSet::new();
    let mut found = Vec::new();
    for (template, learned) in open {
        let own = |(sample, orders): &(&Sample<'_>, &Vec<Vec<usize>>)| {
            orders.iter().any(|order| self::template(&sample.parts, order) == template)
        };
        let own: Vec<AppId> = samples.iter().zip(&fits).filter(own).map(|(sample, _)| sample.app).collect();
        if own.iter().all(|app| kept.contains(app)) {
            continue;
        }
        kept.extend(own);
        let naming = named(&template, &learned.order, &samples, inventory);
        let naming_only = |app: &App| Configured::new(&naming).and_then(|one| one.broken_by(app)).is_some();
        let holds = |app: &App| Configured::new(&naming).is_some_and(|one| one.holds_for(app));
        let known = || inventory.applications.iter().filter(|app| is_known(app));
        let keep = known().filter(|app| holds(app)).count();
        let broken = known().filter(|app| !holds(app) && naming_only(app)).count();
        found.push(Convention { naming, keep, of: keep + broken });
    }
    found
}

/// A learned template in the words of a configuration: what names a cluster is `{cluster}`, the first of the others `{app}`.
fn named(template: &str, order: &[usize], samples: &[Sample<'_>], inventory: &Inventory) -> Naming {
    let own: Vec<&Sample<'_>> =
        samples.iter().filter(|sample| self::template(&sample.parts, order) == template).collect();
    let is_cluster =
        |at: usize| own.iter().all(|sample| sample.parts[at] == &*inventory.applications[sample.app].cluster);
    let mut others = ["app", "group", "part"].into_iter();
    let mut cluster = Some("cluster");
    let names: Vec<&str> = order
        .iter()
        .map(|at| {
            if is_cluster(*at) { cluster.take() } else { None }.or_else(|| others.next()).unwrap_or("more")
        })
        .collect();
    let application = names.iter().map(|name| format!("{{{name}}}")).collect::<Vec<_>>().join("-");
    let path = names.iter().enumerate().fold(template.to_owned(), |path, (at, name)| {
        path.replace(&format!("{{{}}}", at + 1), &format!("{{{name}}}"))
    });
    Naming { application, path }
}

/// The Applications that read one folder, and which.
fn owned(open: &[AppId], inventory: &Inventory) -> Vec<(AppId, String)> {
    open.iter().filter_map(|&id| Some((id, single(&inventory.applications[id])?))).collect()
}

fn samples<'a>(owned: &'a [(AppId, String)], inventory: &'a Inventory) -> Vec<Sample<'a>> {
    let sample = |(app, path): &'a (AppId, String)| Sample {
        app: *app,
        name: &inventory.applications[*app].application.name,
        path,
        parts: path.split('/').collect(),
    };
    owned.iter().map(sample).filter(|sample| sample.parts.len() <= DEEPEST).collect()
}

/// Of Applications that no configured convention speaks of: names that are made of folder names almost everywhere, and
/// say another folder here.
///
/// Only where the folder that the name says exists too.
fn learned(open: &[AppId], cx: &mut Context<'_>) {
    let inventory = cx.inventory;
    let owned = owned(open, inventory);
    let samples = samples(&owned, inventory);
    let fits: Vec<Vec<Vec<usize>>> =
        samples.iter().map(|sample| made_of(sample.name, &sample.parts)).collect();
    let conventions = learn(&samples, &fits);
    for (sample, fits) in samples.iter().zip(&fits) {
        let keeps_one = fits.iter().any(|order| conventions.contains_key(&template(&sample.parts, order)));
        if keeps_one {
            continue;
        }
        let meant = conventions.iter().find_map(|(template, convention)| {
            let order = &convention.order;
            (*template == self::template(&sample.parts, order))
                .then(|| meant(sample, order, inventory))
                .flatten()
                .map(|path| (path, convention))
        });
        if let Some((path, convention)) = meant {
            report_learned(&inventory.applications[sample.app], sample.path, &path, convention, cx);
        }
    }
}

/// The folder of an Application that reads one, and no chart.
fn single(app: &App) -> Option<String> {
    match paths(app).as_slice() {
        [path] if app.application.spec.effective_sources().len() == 1 => {
            Some(path.trim_matches('/').to_owned())
        }
        _ => None,
    }
}

/// Which folder names, joined by dashes, make up a name: every way, as positions in the path.
fn made_of(name: &str, parts: &[&str]) -> Vec<Vec<usize>> {
    let mut found = Vec::new();
    let mut open = vec![(name, Vec::new())];
    while let Some((rest, order)) = open.pop() {
        for (at, part) in parts.iter().enumerate().filter(|(_, part)| !part.is_empty()) {
            if order.contains(&at) {
                continue;
            }
            let Some(after) = rest.strip_prefix(part) else { continue };
            let longer: Vec<usize> = order.iter().copied().chain([at]).collect();
            match after.strip_prefix('-') {
                None if after.is_empty() => found.push(longer),
                Some(after) if longer.len() < MOST_PARTS => open.push((after, longer)),
                _ => (),
            }
        }
    }
    found
}

/// A path with the positions of `order` left open, numbered: `env/{2}/{1}/yml`.
fn template(parts: &[&str], order: &[usize]) -> String {
    let part = |(at, part): (usize, &&str)| match order.iter().position(|own| *own == at) {
        Some(number) => format!("{{{}}}", number + 1),
        None => (*part).to_owned(),
    };
    parts.iter().enumerate().map(part).collect::<Vec<_>>().join("/")
}

struct Learned {
    /// Positions in the path, in the order of the name.
    order: Vec<usize>,
    fitting: usize,
    all: usize,
}

/// The templates that at least 80 % of the Applications below them keep, and enough of them.
fn learn(samples: &[Sample<'_>], fits: &[Vec<Vec<usize>>]) -> std::collections::BTreeMap<String, Learned> {
    let mut learned: HashMap<String, Learned> = HashMap::new();
    for (sample, orders) in samples.iter().zip(fits) {
        for order in orders {
            let entry = learned.entry(template(&sample.parts, order));
            entry.or_insert_with(|| Learned { order: order.clone(), fitting: 0, all: 0 }).fitting += 1;
        }
    }
    learned.retain(|_, convention| convention.fitting >= ENOUGH);
    let shapes: HashSet<(usize, Vec<usize>)> = learned
        .iter()
        .map(|(template, convention)| (template.split('/').count(), convention.order.clone()))
        .collect();
    for sample in samples {
        for (_, order) in shapes.iter().filter(|(depth, _)| *depth == sample.parts.len()) {
            if let Some(convention) = learned.get_mut(&template(&sample.parts, order)) {
                convention.all += 1;
            }
        }
    }
    learned.into_iter().filter(|(_, convention)| convention.fitting * 100 >= convention.all * 80).collect()
}

/// The folder that the name of a sample says, where it exists beside the one that is read.
fn meant(sample: &Sample<'_>, order: &[usize], inventory: &Inventory) -> Option<String> {
    let tree = inventory.documents.tree();
    if !tree.is_dir(sample.path) {
        return None;
    }
    splits(sample.name, order.len()).into_iter().find_map(|values| {
        let mut parts = sample.parts.clone();
        for (at, value) in order.iter().zip(values) {
            parts[*at] = value;
        }
        let path = parts.join("/");
        (path != sample.path && tree.is_dir(&path)).then_some(path)
    })
}

/// Every way to cut a name at dashes into so many parts.
fn splits(name: &str, count: usize) -> Vec<Vec<&str>> {
    if count <= 1 {
        return vec![vec![name]];
    }
    let cuts = name.match_indices('-').filter(|(at, _)| *at > 0 && at + 1 < name.len());
    cuts.flat_map(|(at, _)| {
        let rest = splits(&name[at + 1..], count - 1).into_iter();
        rest.map(move |rest| [vec![&name[..at]], rest].concat())
    })
    .collect()
}

fn report_learned(app: &App, read: &str, said: &str, convention: &Learned, cx: &mut Context<'_>) {
    let name = &app.application.name;
    cx.report_app(app, &["metadata", "name"], format!("`{name}` reads `{read}`, and not `{said}`"))
        .see(path_location(app), "what it reads")
        .because(format!("{} of {} Applications here are named after the folder they read; who reviews the name sees another workload than the one that is deployed", convention.fitting, convention.all))
        .help(format!("let it read `{said}`, or name it after `{read}`"))
        .at_most(Severity::Warning);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configured() {
        for (application, path, name, read, expected) in [
            ("{app}-{cluster}", "env/{cluster}/{app}/**", "web-eu", "env/eu/web/yml", true),
            ("{app}-{cluster}", "env/{cluster}/{app}/**", "web-eu", "env/eu/web", true),
            ("{app}-{cluster}", "env/{cluster}/{app}/**", "web-eu", "env/us/web", false),
            ("{app}-{cluster}", "env/{cluster}/{app}/**", "web-eu", "env/eu/webs", false),
            ("{app}-*", "apps/{app}", "a.b-prod", "apps/a.b", true),
            ("{app}-*", "apps/{app}", "axb-prod", "apps/a.b", false),
            ("{app}", "**/{app}", "web", "a/b/web", true),
        ] {
            let naming = Naming { application: application.into(), path: path.into() };
            let convention = Configured::new(&naming).expect("a pattern");
            let found = convention.both.is_match(&format!("{read}\n{name}")).expect("a match");
            assert_eq!(found, expected, "{application} {path} {name} {read}");
        }
    }

    #[test]
    fn made_of_folders() {
        for (name, path, expected) in [
            ("web-eu", "env/eu/web/yml", vec![vec![2, 1]]),
            ("web", "apps/web", vec![vec![1]]),
            ("web", "web/web", vec![vec![0], vec![1]]),
            ("web-api", "apps/web-api", vec![vec![1]]),
            ("other", "apps/web", vec![]),
        ] {
            let parts: Vec<&str> = path.split('/').collect();
            let mut found = made_of(name, &parts);
            found.sort();
            assert_eq!(found, expected, "{name} {path}");
        }
        assert_eq!(template(&["env", "eu", "web"], &[2, 1]), "env/{2}/{1}");
        assert_eq!(splits("a-b-c", 2), [vec!["a", "b-c"], vec!["a-b", "c"]]);
    }
}
