//! Generators: an entry of `spec.generators` into sets of parameters (`applicationset/generators`).

mod clusters;
mod combine;
mod git;
mod services;

use serde_json::Value as Json;

pub(super) use git::Trees;

use crate::appset::engine::Engine;
use crate::appset::fail::{Fail, Lack};
use crate::appset::functions::read_yaml_json;
use crate::appset::schema::{GENERATOR, Type};
use crate::appset::selector::{Selector, flatten};
use crate::appset::world::World;
use crate::gotemplate::{Map, Value};

/// Where a set of parameters comes from: one step for a plain generator, one for each child of a combined one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Produced {
    /// The path of the generator in the set, such as `spec.generators[0].git`.
    pub generator: String,
    /// What of it made these parameters.
    pub by: By,
}

/// What of a generator made a set of parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// The element of a list, counted from 0; those of `elementsYaml` come behind the others.
    Element(usize),
    /// A folder of a repository.
    Folder(String),
    /// A file of a repository, and which of the objects in it, counted from 0.
    File(String, usize),
    /// A cluster, by name.
    Cluster(String),
    /// All clusters at once (`flatList`).
    Clusters,
    /// An answer of a service, counted from 0.
    Answer(usize),
}

/// One set of parameters and where it comes from.
#[derive(Clone)]
pub(super) struct Params {
    pub values: Map,
    pub origin: Vec<Produced>,
}

/// What one generator of an entry gave.
pub(super) struct Transformed {
    /// The name of the generator's field, such as `git`.
    pub kind: &'static str,
    pub params: Vec<Params>,
}

/// How many sets of parameters one set may have before it is too many to follow.
const MOST: usize = 200_000;

/// Everything a generator needs to run.
pub(super) struct Context<'a> {
    pub engine: &'a Engine,
    pub world: &'a World<'a>,
    /// `spec.template.spec.project`, as written.
    pub project: &'a str,
    /// What was read of repositories.
    pub trees: Trees,
}

/// The generators of an entry, in the order in which Argo CD asks them.
pub(super) fn kinds_of(entry: &Json) -> impl Iterator<Item = &'static str> {
    let fields = GENERATOR.fields.iter().map(|field| field.name);
    fields.filter(|name| *name != "selector" && entry.get(name).is_some_and(|value| !value.is_null()))
}

impl Context<'_> {
    /// Runs an entry (`Transform`). With `outer`, the parameters of the first child of a matrix, the entry is
    /// rendered first, all but its selector.
    pub fn transform(&self, entry: &Json, path: &str, outer: Option<&Map>) -> Result<Vec<Transformed>, Fail> {
        let selector = match entry.get("selector").filter(|selector| !selector.is_null()) {
            Some(selector) => Some(Selector::parse(selector, false)?),
            None => None,
        };
        let rendered = match outer.filter(|outer| !outer.is_empty()) {
            Some(outer) => self.interpolate(entry, outer),
            None => Ok(entry.clone()),
        };
        let mut results = Vec::new();
        let mut failed: Option<Fail> = None;
        for kind in kinds_of(entry) {
            let generated = match &rendered {
                Ok(rendered) => self.generate(kind, &rendered[kind], &format!("{path}.{kind}")),
                Err(fail) => Err(fail.clone().during("failed to replace parameters in generator")),
            };
            match generated.and_then(|params| select(params, selector.as_ref())) {
                Ok(params) => results.push(Transformed { kind, params }),
                Err(fail) if failed.as_ref().is_none_or(|before| fail.outweighs(before)) => {
                    failed = Some(fail);
                }
                Err(_) => (),
            }
        }
        match failed {
            Some(fail) => Err(fail),
            None => Ok(results),
        }
    }

    fn generate(&self, kind: &str, generator: &Json, path: &str) -> Result<Vec<Params>, Fail> {
        match kind {
            "list" => self.list(generator, path),
            "clusters" => self.clusters(generator, path),
            "git" => self.git(generator, path),
            "matrix" => self.matrix(generator, path),
            "merge" => self.merge(generator, path),
            "plugin" => self.plugin(generator, path),
            "scmProvider" => self.scm_provider(generator, path),
            "pullRequest" => self.pull_request(generator, path),
            _ => self.decision(generator, path),
        }
    }

    /// An entry rendered with the parameters of another (`RenderGeneratorParams`).
    fn interpolate(&self, entry: &Json, params: &Map) -> Result<Json, Fail> {
        let mut out = entry.clone();
        let Some(fields) = out.as_object_mut() else {
            return Ok(out);
        };
        for (kind, generator) in fields.iter_mut() {
            *generator = match kind.as_str() {
                "matrix" | "merge" => self.interpolate_children(kind, generator, params)?,
                _ => self.interpolate_one(kind, generator, params)?,
            };
        }
        Ok(out)
    }

    fn interpolate_children(&self, kind: &str, generator: &Json, params: &Map) -> Result<Json, Fail> {
        let mut out = generator.clone();
        let Some(fields) = out.as_object_mut() else {
            return Ok(out);
        };
        let children = fields.remove("generators");
        let mut rendered = self.interpolate_one(kind, &Json::Object(std::mem::take(fields)), params)?;
        if let Some(Json::Array(children)) = children {
            let children: Result<Vec<_>, _> =
                children.iter().map(|child| self.interpolate(child, params)).collect();
            rendered["generators"] = Json::Array(children?);
        }
        Ok(rendered)
    }

    fn interpolate_one(&self, kind: &str, generator: &Json, params: &Map) -> Result<Json, Fail> {
        let of = GENERATOR.field(kind).map_or(&Type::Json, |field| &field.of);
        let mut plain = generator.clone();
        let values = plain.as_object_mut().and_then(|fields| fields.remove("values"));
        let mut rendered = self.engine.deeply(&plain, of, params)?;
        if let Some(values) = values {
            rendered["values"] = self.engine.resolve_values(&values, params)?;
        }
        Ok(rendered)
    }

    /// Adds the `values` of a generator to its parameters (`appendTemplatedValues`).
    fn append_values(&self, generator: &Json, params: &Map) -> Result<(), Fail> {
        let Some(values) = generator["values"].as_object().filter(|values| !values.is_empty()) else {
            return Ok(());
        };
        let rendered = Map::of_strings();
        for (key, value) in values {
            let value = self.engine.replace(value.as_str().unwrap_or_default(), params)?;
            rendered.insert_str(key, Value::text(value));
        }
        if self.engine.is_go() {
            params.insert_str("values", Value::Map(rendered));
            return Ok(());
        }
        for (key, value) in rendered.entries().iter() {
            params.insert([b"values.", &**key].concat(), value.clone());
        }
        Ok(())
    }

    fn list(&self, generator: &Json, path: &str) -> Result<Vec<Params>, Fail> {
        let mut found = Vec::new();
        for element in generator["elements"].as_array().into_iter().flatten() {
            found.push(self.element(element)?);
        }
        if let Some(text) = generator["elementsYaml"].as_str().filter(|text| !text.is_empty()) {
            let wrong = |fail: Fail| fail.during("error unmarshling decoded ElementsYaml");
            let elements = read_yaml_json(text).map_err(|fault| wrong(Fail::from(fault)))?;
            found.extend(maps_of(&elements).map_err(|error| wrong(Fail::error(error)))?);
        }
        let produced = |index| Produced { generator: path.to_owned(), by: By::Element(index) };
        let params = found.into_iter().enumerate();
        Ok(params.map(|(index, values)| Params { values, origin: vec![produced(index)] }).collect())
    }

    fn element(&self, element: &Json) -> Result<Map, Fail> {
        let fields = match element {
            Json::Object(fields) => fields,
            Json::Null => return Ok(Map::new()),
            _ => return Err(Fail::error("error unmarshling list element: it is no object")),
        };
        if self.engine.is_go() {
            return Ok(Value::from_json(element).as_map().cloned().unwrap_or_default());
        }
        let params = Map::new();
        let text = |value: &Json| -> Result<Value, Fail> {
            value.as_str().map(Value::text).ok_or_else(|| Fail::error("error parsing value as string"))
        };
        for (key, value) in fields {
            if key != "values" {
                params.insert_str(key, text(value)?);
                continue;
            }
            let Some(values) = value.as_object() else {
                return Err(Fail::error("error parsing values map"));
            };
            for (key, value) in values {
                params.insert_str(&format!("values.{key}"), text(value)?);
            }
        }
        Ok(params)
    }
}

/// A list of maps, as `[]map[string]interface {}` takes it.
fn maps_of(json: &Json) -> Result<Vec<Map>, String> {
    let items = match json {
        Json::Null => return Ok(Vec::new()),
        Json::Array(items) => items,
        _ => return Err("it is no list".to_owned()),
    };
    items
        .iter()
        .map(|item| match item {
            Json::Null => Ok(Map::new()),
            Json::Object(_) => Ok(Value::from_json(item).as_map().cloned().unwrap_or_default()),
            _ => Err("an item is no object".to_owned()),
        })
        .collect()
}

fn select(params: Vec<Params>, selector: Option<&Selector>) -> Result<Vec<Params>, Fail> {
    if params.len() > MOST {
        return Err(Fail::unknown(Lack::Limit, format!("the limit of {MOST} sets of parameters is reached")));
    }
    let Some(selector) = selector else {
        return Ok(params);
    };
    let mut kept = Vec::new();
    for one in params {
        if selector.matches(&flatten(&one.values)?) {
            kept.push(one);
        }
    }
    Ok(kept)
}
