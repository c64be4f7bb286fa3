//! Generators that ask services: their answers are recorded, or the result is unknown
//! (`plugin.go`, `scm_provider.go`, `pull_request.go`, `duck_type.go`).

use std::any::Any;
use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value as Json;

use super::{By, Context, Params, Produced};
use crate::appset::fail::{Fail, Kind, Lack};
use crate::appset::functions::{branch_slug, normalize};
use crate::appset::selector::{Selector, flatten_into};
use crate::appset::world::{IN_CLUSTER, IN_CLUSTER_SERVER};
use crate::gotemplate::{Fault, Map, MapElem, Object, Value, print_value, regex_matches, to_utf8};

fn produced(path: &str, index: usize) -> Vec<Produced> {
    vec![Produced { generator: path.to_owned(), by: By::Answer(index) }]
}

fn text<'j>(json: &'j Json, key: &str) -> &'j str {
    json[key].as_str().unwrap_or_default()
}

fn items<'j>(json: &'j Json, key: &str) -> &'j [Json] {
    json[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

impl Context<'_> {
    fn answers(&self, generator: &str) -> Result<&Json, Fail> {
        let recorded = self.world.answers.map(|answers| &answers[generator]);
        recorded.filter(|recorded| !recorded.is_null()).ok_or_else(|| {
            Fail::unknown(Lack::Answers, format!("no answer of the {generator} service is recorded"))
        })
    }

    /// The answer recorded under `key`, or the one for everything.
    fn answer(&self, generator: &str, key: &str) -> Result<&Json, Fail> {
        let recorded = self.answers(generator)?;
        let answer = recorded.get(key).or_else(|| recorded.get("*")).ok_or_else(|| {
            Fail::unknown(
                Lack::Answers,
                format!("no answer of the {generator} service is recorded for {key}"),
            )
        })?;
        match answer["error"].as_str().filter(|error| !error.is_empty()) {
            Some(error) => Err(Fail::error(error.to_owned())),
            None => Ok(answer),
        }
    }

    pub(super) fn plugin(&self, generator: &Json, path: &str) -> Result<Vec<Params>, Fail> {
        let name = text(&generator["configMapRef"], "name");
        let recorded = self.answers("plugin")?;
        let Some(answers) = recorded[name].as_array() else {
            return Err(Fail::error(format!("error fetching ConfigMap: configmaps {name:?} not found")));
        };
        let empty = Json::Object(serde_json::Map::new());
        let input = generator["input"].get("parameters").unwrap_or(&empty);
        let answer = answers.iter().find(|answer| answer["input"].is_null() || answer["input"] == *input);
        let Some(answer) = answer else {
            return Err(Fail::error("error listing params: the service answers 404"));
        };
        if answer["status"].as_i64().is_some_and(|status| status != 0) {
            return Err(Fail::error(format!(
                "error listing params: the service answers {}",
                answer["status"]
            )));
        }
        let mut found = Vec::new();
        for (index, object) in items(answer, "parameters").iter().enumerate() {
            let object = Value::from_json(object).as_map().cloned().unwrap_or_default();
            let values = if self.engine.is_go() { object } else { flat(&object)? };
            values.insert_str("generator", plugin_input(input));
            self.append_values(generator, &values)?;
            found.push(Params { values, origin: produced(path, index) });
        }
        Ok(found)
    }

    pub(super) fn scm_provider(&self, generator: &Json, path: &str) -> Result<Vec<Params>, Fail> {
        const PROVIDERS: [(&str, &str); 7] = [
            ("github", "organization"),
            ("gitlab", "group"),
            ("gitea", "owner"),
            ("bitbucket", "owner"),
            ("bitbucketServer", "project"),
            ("azureDevOps", "organization"),
            ("awsCodeCommit", "region"),
        ];
        let provider = PROVIDERS.iter().find(|(name, _)| generator[name].is_object());
        let key = match provider {
            Some((name, field)) => format!("{name}/{}", text(&generator[name], field)),
            None => "*".to_owned(),
        };
        let filters: Vec<&Json> = items(generator, "filters").iter().collect();
        for filter in &filters {
            for name in ["repositoryMatch", "labelMatch", "branchMatch"] {
                if let Some(pattern) = filter[name].as_str() {
                    regex_matches(pattern, "")?;
                }
            }
        }
        let answer = self.answer("scmProvider", &key)?;
        let about_branches = |filter: &&Json| {
            ["pathsExist", "pathsDoNotExist", "branchMatch"].iter().any(|name| !filter[name].is_null())
        };
        let about_repositories = |filter: &&Json| {
            !about_branches(filter)
                && ["repositoryMatch", "labelMatch"].iter().any(|name| !filter[name].is_null())
        };
        let of_repositories: Vec<&Json> = filters.iter().copied().filter(about_repositories).collect();
        let of_branches: Vec<&Json> = filters.iter().copied().filter(about_branches).collect();
        let mut found = Vec::new();
        for repository in items(answer, "repos") {
            let first = &items(repository, "branches").first().cloned().unwrap_or_default();
            if !passes(&of_repositories, repository, first)? {
                continue;
            }
            for branch in items(repository, "branches") {
                if !passes(&of_branches, repository, branch)? {
                    continue;
                }
                let values = scm_parameters(repository, branch);
                self.append_values(generator, &values)?;
                found.push(Params { values, origin: produced(path, found.len()) });
            }
        }
        Ok(found)
    }

    pub(super) fn pull_request(&self, generator: &Json, path: &str) -> Result<Vec<Params>, Fail> {
        const PROVIDERS: [(&str, &str, &[&str]); 6] = [
            ("github", "github", &["owner", "repo"]),
            ("gitlab", "gitlab", &["project"]),
            ("gitea", "gitea", &["owner", "repo"]),
            ("bitbucket", "bitbucket", &["owner", "repo"]),
            ("bitbucketServer", "bitbucketServer", &["project", "repo"]),
            ("azuredevops", "azureDevOps", &["organization", "project", "repo"]),
        ];
        let provider = PROVIDERS.iter().find(|(name, _, _)| generator[name].is_object());
        let key = match provider {
            Some((name, shown, fields)) => {
                let parts = fields.iter().map(|field| text(&generator[name], field));
                std::iter::once(*shown).chain(parts).collect::<Vec<_>>().join("/")
            }
            None => "*".to_owned(),
        };
        let filters = items(generator, "filters");
        for filter in filters {
            for name in ["branchMatch", "targetBranchMatch", "titleMatch"] {
                if let Some(pattern) = filter[name].as_str() {
                    regex_matches(pattern, "")?;
                }
            }
        }
        let answer = match self.answer("pullRequest", &key) {
            Err(Fail { kind: Kind::Error, .. }) if self.forgives_missing_repository(generator, &key) => {
                return Ok(Vec::new());
            }
            answer => answer?,
        };
        let mut found = Vec::new();
        for pull in items(answer, "pulls") {
            if !filters.is_empty() && !any_filter_takes(filters, pull)? {
                continue;
            }
            let values = pull_parameters(pull);
            if self.engine.is_go() {
                let labels = items(pull, "labels").iter().filter_map(Json::as_str);
                values.insert_str("labels", Value::strings(labels));
            }
            self.append_values(generator, &values)?;
            found.push(Params { values, origin: produced(path, found.len()) });
        }
        Ok(found)
    }

    fn forgives_missing_repository(&self, generator: &Json, key: &str) -> bool {
        let recorded = self.answers("pullRequest").ok();
        let answer = recorded.and_then(|recorded| recorded.get(key).or_else(|| recorded.get("*")));
        generator["continueOnRepoNotFoundError"].as_bool() == Some(true)
            && answer.is_some_and(|answer| answer["notFound"].as_bool() == Some(true))
    }

    pub(super) fn decision(&self, generator: &Json, path: &str) -> Result<Vec<Params>, Fail> {
        if !self.world.clusters_complete {
            return Err(Fail::unknown(
                Lack::Clusters,
                "the list of clusters is open: there may be others".to_owned(),
            ));
        }
        let recorded = self.answers("clusterDecisionResource")?;
        let reference = text(generator, "configMapRef");
        let Some(config) = recorded["configMaps"].get(reference) else {
            return Err(Fail::error(format!(
                "error reading configMapRef: configmaps {reference:?} not found"
            )));
        };
        let group_end = text(config, "apiVersion").find('/').unwrap_or(0);
        if text(config, "kind").is_empty() || group_end < 1 {
            return Err(Fail::error("there is a problem with the apiVersion, kind or resourceName provided"));
        }
        let name = text(generator, "name");
        let selector = &generator["labelSelector"];
        let selects = selector.get("matchLabels").is_some() || selector.get("matchExpressions").is_some();
        if name.is_empty() != selects {
            return Err(Fail::error(
                "there is a problem with the definition of the ClusterDecisionResource generator",
            ));
        }
        let resources = decision_resources(recorded, name, selector)?;
        if resources.is_empty() {
            return Err(Fail::error("no clusterDecisionResources found"));
        }
        let match_key = text(config, "matchKey");
        if match_key.is_empty() {
            return Ok(Vec::new());
        }
        let list_key =
            Some(text(config, "statusListKey")).filter(|key| !key.is_empty()).unwrap_or("clusters");
        let mut found = Vec::new();
        for decision in decisions(&resources, list_key)? {
            let values = self.decided(decision, match_key)?;
            let Some(values) = values else {
                continue;
            };
            self.put_values_as_they_are(generator, &values)?;
            found.push(Params { values, origin: produced(path, found.len()) });
        }
        Ok(found)
    }

    /// The parameters of a decision whose cluster Argo CD knows.
    fn decided(&self, decision: &Json, match_key: &str) -> Result<Option<Map>, Fail> {
        let Some(fields) = decision.as_object() else {
            return Err(Fail::panic("interface conversion: a decision is no object".to_owned()));
        };
        let wanted = match fields.get(match_key) {
            None | Some(Json::Null) => return Ok(None),
            Some(value) => print_value(&decoded(value))?,
        };
        let mut known: Vec<(&str, &str)> = self
            .world
            .clusters
            .iter()
            .map(|cluster| (cluster.name.as_str(), cluster.server.trim_end_matches('/')))
            .collect();
        if !known.iter().any(|(_, server)| *server == IN_CLUSTER_SERVER) {
            known.push((IN_CLUSTER, IN_CLUSTER_SERVER));
        }
        let Some((name, server)) = known.iter().find(|(name, _)| !wanted.is_empty() && *name == wanted)
        else {
            return Ok(None);
        };
        let params = Map::new();
        params.insert_str("name", Value::text(name));
        params.insert_str("server", Value::text(server));
        for (key, value) in fields {
            params.insert_str(key, Value::text(print_value(&decoded(value))?));
        }
        Ok(Some(params))
    }

    /// `values` of this generator are not rendered (`collectParams`).
    fn put_values_as_they_are(&self, generator: &Json, params: &Map) -> Result<(), Fail> {
        for (key, value) in generator["values"].as_object().into_iter().flatten() {
            let value = Value::text(value.as_str().unwrap_or_default());
            if !self.engine.is_go() {
                params.insert_str(&format!("values.{key}"), value);
                continue;
            }
            let values = match params.get(b"values") {
                None | Some(Value::Nil) => Map::of_strings(),
                Some(Value::Map(values)) if values.elem() == MapElem::Str => values,
                Some(_) => {
                    return Err(Fail::panic("interface conversion: values is no map of text".to_owned()));
                }
            };
            values.insert_str(key, value);
            params.insert_str("values", Value::Map(values));
        }
        Ok(())
    }
}

/// A value of an unstructured object: whole numbers are integers there.
fn decoded(value: &Json) -> Value {
    match value.as_i64() {
        Some(number) => Value::Int64(number),
        None => Value::from_json(value),
    }
}

fn flat(object: &Map) -> Result<Map, Fail> {
    let mut texts = BTreeMap::new();
    for (key, value) in object.entries().iter() {
        flatten_into(&mut texts, &to_utf8(key), value, false)?;
    }
    let params = Map::new();
    texts.iter().for_each(|(key, value)| params.insert_str(key, Value::text(value)));
    Ok(params)
}

/// A parameter that a plugin was given: raw JSON, which prints as the bytes it is made of.
#[derive(Debug)]
struct RawJson(String);

impl Object for RawJson {
    fn type_name(&self) -> &'static str {
        "v1.JSON"
    }

    fn print(&self) -> String {
        let bytes: Vec<String> = self.0.bytes().map(|byte| byte.to_string()).collect();
        format!("{{[{}]}}", bytes.join(" "))
    }

    fn json(&self) -> String {
        self.0.clone()
    }

    fn member(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, Fault>> {
        let raw = name == "Raw" && arguments.is_empty();
        raw.then(|| Ok(crate::gotemplate::bytes(self.0.as_bytes())))
    }

    fn equals(&self, other: &dyn Object) -> bool {
        other.as_any().downcast_ref::<RawJson>().is_some_and(|other| other.0 == self.0)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn plugin_input(input: &Json) -> Value {
    const PARAMETERS: MapElem = MapElem::Other("v1alpha1.PluginParameters");
    const INPUT: MapElem = MapElem::Other("map[string]v1alpha1.PluginParameters");
    let parameters = Map::from_entries(PARAMETERS, BTreeMap::new());
    for (key, value) in input.as_object().into_iter().flatten() {
        parameters.insert_str(key, Value::Object(Rc::new(RawJson(value.to_string()))));
    }
    let inner = Map::from_entries(INPUT, BTreeMap::new());
    inner.insert_str("parameters", Value::Map(parameters));
    let outer = Map::new();
    outer.insert_str("input", Value::Map(inner));
    Value::Map(outer)
}

/// Whether one of the filters takes the branch, or there is none.
fn passes(filters: &[&Json], repository: &Json, branch: &Json) -> Result<bool, Fail> {
    for filter in filters {
        if scm_filter_takes(filter, repository, branch)? {
            return Ok(true);
        }
    }
    Ok(filters.is_empty())
}

fn scm_filter_takes(filter: &Json, repository: &Json, branch: &Json) -> Result<bool, Fail> {
    if let Some(pattern) = filter["repositoryMatch"].as_str()
        && !regex_matches(pattern, text(repository, "repository"))?
    {
        return Ok(false);
    }
    if let Some(pattern) = filter["branchMatch"].as_str()
        && !regex_matches(pattern, text(branch, "branch"))?
    {
        return Ok(false);
    }
    if let Some(pattern) = filter["labelMatch"].as_str() {
        let mut labels = items(repository, "labels").iter().filter_map(Json::as_str);
        if !labels.any(|label| regex_matches(pattern, label) == Ok(true)) {
            return Ok(false);
        }
    }
    let has = |path: &Json| {
        let path = path.as_str().unwrap_or_default().trim_end_matches('/');
        let mut there = items(branch, "paths").iter().filter_map(Json::as_str);
        there.any(|found| found == path || found.strip_prefix(path).is_some_and(|rest| rest.starts_with('/')))
    };
    Ok(items(filter, "pathsExist").iter().all(has) && !items(filter, "pathsDoNotExist").iter().any(has))
}

fn short(sha: &str, length: usize) -> &str {
    sha.get(..length).unwrap_or(sha)
}

fn scm_parameters(repository: &Json, branch: &Json) -> Map {
    let params = Map::new();
    let (name, sha) = (text(branch, "branch"), text(branch, "sha"));
    let labels: Vec<&str> = items(repository, "labels").iter().filter_map(Json::as_str).collect();
    for (key, value) in [
        ("organization", text(repository, "organization")),
        ("repository", text(repository, "repository")),
        ("url", text(repository, "url")),
        ("branch", name),
        ("sha", sha),
        ("short_sha", short(sha, 8)),
        ("short_sha_7", short(sha, 7)),
        ("labels", &labels.join(",")),
        ("branchNormalized", &normalize(name)),
    ] {
        params.insert_str(key, Value::text(value));
    }
    params.insert_str("repository_id", Value::from_json(&repository["repositoryId"]));
    params
}

fn any_filter_takes(filters: &[Json], pull: &Json) -> Result<bool, Fail> {
    for filter in filters {
        let mut takes = true;
        for (name, field) in
            [("branchMatch", "branch"), ("targetBranchMatch", "targetBranch"), ("titleMatch", "title")]
        {
            if let Some(pattern) = filter[name].as_str() {
                takes &= regex_matches(pattern, text(pull, field))?;
            }
        }
        if takes {
            return Ok(true);
        }
    }
    Ok(false)
}

fn pull_parameters(pull: &Json) -> Map {
    let params = Map::new();
    let sha = text(pull, "headSHA");
    let (branch, target) = (text(pull, "branch"), text(pull, "targetBranch"));
    for (key, value) in [
        ("number", pull["number"].as_i64().unwrap_or_default().to_string().as_str()),
        ("title", text(pull, "title")),
        ("branch", branch),
        ("branch_slug", &branch_slug(branch)),
        ("target_branch", target),
        ("target_branch_slug", &branch_slug(target)),
        ("head_sha", sha),
        ("head_short_sha", short(sha, 8)),
        ("head_short_sha_7", short(sha, 7)),
        ("author", text(pull, "author")),
    ] {
        params.insert_str(key, Value::text(value));
    }
    params
}

fn decision_resources<'j>(recorded: &'j Json, name: &str, selector: &Json) -> Result<Vec<&'j Json>, Fail> {
    let selector = Selector::parse(selector, true)?;
    let chosen = items(recorded, "resources").iter().filter(|resource| {
        let metadata = &resource["metadata"];
        if !name.is_empty() {
            return text(metadata, "name") == name;
        }
        let labels = metadata["labels"].as_object().into_iter().flatten();
        let labels = labels.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
        selector.matches(&labels.collect())
    });
    Ok(chosen.collect())
}

fn decisions<'j>(resources: &[&'j Json], list_key: &str) -> Result<Vec<&'j Json>, Fail> {
    let mut all = Vec::new();
    for resource in resources {
        let Some(status) = resource["status"].as_object().filter(|status| !status.is_empty()) else {
            continue;
        };
        match status.get(list_key) {
            Some(Json::Array(items)) => all.extend(items),
            _ => {
                return Err(Fail::panic(format!(
                    "interface conversion: {list_key} of the status is no list"
                )));
            }
        }
    }
    Ok(all)
}
