//! BH205. Meaning, rationale and examples: `rules/BH205-env-mismatch.md`.

use super::sets;
use super::{Check, Context, Rule};
use crate::files::Location;
use crate::finding::Severity;
use crate::inventory::App;
use hashbrown::HashMap;

pub(super) const RULE: Rule =
    Rule { page: include_str!("../../rules/BH205-env-mismatch.md"), check: Check::Inventory(check) };

/// Words for environments, and the one that each of them means.
const WORDS: &[(&str, &str)] = &[
    ("prod", "prod"),
    ("production", "prod"),
    ("prd", "prod"),
    ("staging", "staging"),
    ("stage", "staging"),
    ("stg", "staging"),
    ("preprod", "preprod"),
    ("preproduction", "preprod"),
    ("uat", "uat"),
    ("qa", "qa"),
    ("test", "test"),
    ("testing", "test"),
    ("dev", "dev"),
    ("development", "dev"),
    ("sandbox", "sandbox"),
];
/// Words that turn the next one around.
const NEGATIONS: &[&str] = &["non", "not", "no", "pre", "post"];
/// So many Applications that go together alike are a convention, and no slip.
const CONVENTION: usize = 3;

/// A field of an Application that says which environment it is for.
#[derive(Clone, Debug)]
struct Says {
    /// What kind of field it is.
    field: Field,
    /// How a message calls it.
    what: String,
    environment: &'static str,
    place: Location,
}

/// Where an environment is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Field {
    /// The path of a source.
    Path,
    /// A value file.
    Values,
    /// The cluster of the destination.
    Cluster,
    /// The namespace of the destination.
    Namespace,
    /// The name of the Application.
    Name,
    /// The file the Application stands in.
    File,
}

/// Two fields that say different things.
type Pair = (Field, &'static str, Field, &'static str);

fn check(cx: &mut Context<'_>) {
    let inventory = cx.inventory;
    let apps = inventory.applications.iter().filter(|app| sets::is_judged_itself(app));
    let told: Vec<(&App, Vec<Says>)> = apps.map(|app| (app, says(app))).collect();
    let mut usual: HashMap<(usize, Pair), usize> = HashMap::new();
    for (app, says) in &told {
        for pair in pairs(says) {
            *usual.entry((app.instance, pair)).or_default() += 1;
        }
    }
    for (app, says) in &told {
        let Some((odd, others)) = odd_one(says) else { continue };
        let is_usual = |pair: &Pair| {
            let concerns = (pair.0 == odd.field) != (pair.2 == odd.field);
            concerns && usual.get(&(app.instance, *pair)).is_some_and(|count| *count >= CONVENTION)
        };
        if !pairs(says).any(|pair| is_usual(&pair)) {
            report(app, odd, &others, cx);
        }
    }
}

/// Whether the fields of an Application name production, and nothing else.
pub(super) fn is_production(app: &App) -> bool {
    let says = says(app);
    !says.is_empty() && says.iter().all(|says| says.environment == "prod")
}

fn report(app: &App, odd: &Says, others: &[&Says], cx: &mut Context<'_>) {
    let Some(first) = others.first() else { return };
    let message =
        format!("{} is `{}`, and {} is `{}`", odd.what, odd.environment, first.what, first.environment);
    let mut report = cx
        .report(odd.place.clone(), message)
        .application(app)
        .because("a copy of which one field was forgotten deploys one environment over another")
        .help("correct the field that was forgotten");
    for other in others.iter().filter(|other| other.place != odd.place) {
        report = report.see(other.place.clone(), format!("{} is `{}`", other.what, other.environment));
    }
    if odd.environment != "prod" && first.environment != "prod" {
        report.at_most(Severity::Warning);
    }
}

/// Everything that names exactly one environment.
fn says(app: &App) -> Vec<Says> {
    let manifest = &app.application.manifest;
    let spec = &app.application.spec;
    let mut found = Vec::new();
    let mut add = |field: Field, what: String, text: &str, place: Location| {
        if let Some(environment) = environment(text, field == Field::Cluster) {
            found.push(Says { field, what, environment, place });
        }
    };
    let several = spec.has_multiple_sources();
    for (index, source) in spec.effective_sources().iter().enumerate() {
        let way: &[&str] = if several { &["spec", "sources"] } else { &["spec", "source"] };
        let at = |keys: &[&str]| match several {
            false => manifest.location_at(&[way, keys].concat()),
            true => {
                let node = manifest.node().at(way).and_then(|list| list.items().nth(index));
                node.map_or_else(|| manifest.location_at(way), |node| manifest.location_of(node))
            }
        };
        add(Field::Path, format!("the path `{}`", source.path), &source.path, at(&["path"]));
        for file in source.helm.iter().flat_map(|helm| &helm.value_files) {
            let name = file.rsplit('/').next().unwrap_or(file);
            add(Field::Values, format!("the value file `{file}`"), name, at(&["helm", "valueFiles"]));
        }
    }
    let to = &spec.destination;
    let (cluster, key) = if to.name.is_empty() { (&to.server, "server") } else { (&to.name, "name") };
    add(
        Field::Cluster,
        format!("the cluster `{cluster}`"),
        cluster,
        manifest.location_at(&["spec", "destination", key]),
    );
    add(
        Field::Namespace,
        format!("the namespace `{}`", to.namespace),
        &to.namespace,
        manifest.location_at(&["spec", "destination", "namespace"]),
    );
    let name = &app.application.name;
    add(Field::Name, format!("the name `{name}`"), name, manifest.location());
    if manifest.is_written() {
        let path = manifest.path();
        add(Field::File, format!("the file `{path}`"), path, manifest.location());
    }
    found
}

/// The one environment that a text names: by a whole step of a path, else by the last part of one, as `shop-test` does and
/// `test-runner` does not. In the name of a cluster any part counts.
fn environment(text: &str, anywhere: bool) -> Option<&'static str> {
    let lower = text.to_ascii_lowercase();
    let steps = || {
        lower.split('/').map(|step| step.strip_suffix(".yaml").or(step.strip_suffix(".yml")).unwrap_or(step))
    };
    let whole: Vec<&str> = steps().filter_map(meaning).collect();
    if !whole.is_empty() {
        return only(&whole);
    }
    let parts = |step| str::split(step, |letter: char| !letter.is_ascii_alphanumeric());
    if steps().flat_map(parts).any(|part| NEGATIONS.contains(&part)) {
        return None;
    }
    let is_number = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
    let mut named = Vec::new();
    for step in steps() {
        let parts: Vec<&str> = parts(step).filter(|part| !is_number(part)).collect();
        let is_named = anywhere || parts.last().is_some_and(|last| meaning(last).is_some());
        named.extend(parts.into_iter().filter(|_| is_named).filter_map(meaning));
    }
    only(&named)
}

fn meaning(word: &str) -> Option<&'static str> {
    WORDS.iter().find(|(own, _)| *own == word).map(|(_, means)| *means)
}

/// The one thing that all say.
fn only(found: &[&'static str]) -> Option<&'static str> {
    let first = found.first()?;
    found.iter().all(|other| other == first).then_some(*first)
}

/// The pairs of fields that say different things.
fn pairs(says: &[Says]) -> impl Iterator<Item = Pair> + '_ {
    says.iter().enumerate().flat_map(move |(index, a)| {
        let others = says[index + 1..].iter().filter(|b| b.environment != a.environment);
        others.map(|b| (a.field, a.environment, b.field, b.environment))
    })
}

/// The field that says something else than all others, and these. Of two only the cluster against the path or a value
/// file counts.
fn odd_one(says: &[Says]) -> Option<(&Says, Vec<&Says>)> {
    if let [a, b] = says {
        let what = |says: &Says| matches!(says.field, Field::Path | Field::Values);
        let (odd, other) = if a.field == Field::Cluster { (a, b) } else { (b, a) };
        let counts = odd.field == Field::Cluster && what(other) && odd.environment != other.environment;
        return counts.then(|| (odd, vec![other]));
    }
    let mut odd = says.iter().filter(|one| {
        let mut others =
            says.iter().filter(|other| !std::ptr::eq(*other, *one)).map(|other| other.environment);
        let first = others.next();
        first.is_some_and(|first| first != one.environment && others.all(|other| other == first))
    });
    let found = odd.next()?;
    Some((found, says.iter().filter(|other| !std::ptr::eq(*other, found)).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environments() {
        for (text, expected) in [
            ("envs/prod/shop", Some("prod")),
            ("envs/production/test-runner", Some("prod")),
            ("envs/prod/dev", None),
            ("shop-prod", Some("prod")),
            ("staging-1", Some("staging")),
            ("prod-eu", None),
            ("test-runner", None),
            ("overlays/shop-test/web", Some("test")),
            ("non-prod", None),
            ("pre-prod", None),
            ("preprod", Some("preprod")),
            ("dev-and-test", None),
            ("products", None),
            ("values-prd.yaml", Some("prod")),
            ("", None),
        ] {
            assert_eq!(environment(text, false), expected, "{text}");
        }
    }

    #[test]
    fn environments_of_clusters() {
        for (text, expected) in [
            ("https://api.prod-eu.example:6443", Some("prod")),
            ("https://kubernetes.default.svc", None),
            ("dev-prod", None),
            ("nonprod", None),
            ("non-prod-1", None),
        ] {
            assert_eq!(environment(text, true), expected, "{text}");
        }
    }
}
