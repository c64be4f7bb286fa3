//! Label selectors: over cluster Secrets as Kubernetes judges them, and over parameters as Argo CD does
//! (`applicationset/utils/selector.go`), where any text may be a value.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::appset::admission::{label_value_problem, qualified_name_problem};
use crate::appset::fail::Fail;
use crate::gotemplate::{Elem, Map, MapElem, Value, print_value, to_utf8};

/// A parsed selector: all of its requirements must hold.
pub(super) struct Selector(Vec<Requirement>);

struct Requirement {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

#[derive(Clone, Copy, PartialEq)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

impl Selector {
    /// Whether a selector asks for anything.
    pub fn is_empty(selector: &Json) -> bool {
        let none = |key: &str| match &selector[key] {
            Json::Array(items) => items.is_empty(),
            Json::Object(fields) => fields.is_empty(),
            _ => true,
        };
        none("matchLabels") && none("matchExpressions")
    }

    /// Parses a selector; `strict` checks values as labels too.
    pub fn parse(selector: &Json, strict: bool) -> Result<Selector, Fail> {
        let mut requirements = Vec::new();
        for (key, value) in selector["matchLabels"].as_object().into_iter().flatten() {
            let values = vec![value.as_str().unwrap_or_default().to_owned()];
            requirements.push(Requirement { key: key.clone(), operator: Operator::In, values });
        }
        for expression in selector["matchExpressions"].as_array().into_iter().flatten() {
            let values = expression["values"].as_array().into_iter().flatten();
            requirements.push(Requirement {
                key: expression["key"].as_str().unwrap_or_default().to_owned(),
                operator: operator(expression["operator"].as_str().unwrap_or_default())?,
                values: values.filter_map(Json::as_str).map(str::to_owned).collect(),
            });
        }
        for requirement in &requirements {
            if let Some(problem) = requirement.problem(strict) {
                return Err(Fail::error(format!("error parsing label selector: {problem}")));
            }
        }
        Ok(Selector(requirements))
    }

    /// Whether all requirements hold for these labels.
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.0.iter().all(|requirement| requirement.holds(labels.get(&requirement.key)))
    }
}

fn operator(name: &str) -> Result<Operator, Fail> {
    Ok(match name {
        "In" => Operator::In,
        "NotIn" => Operator::NotIn,
        "Exists" => Operator::Exists,
        "DoesNotExist" => Operator::DoesNotExist,
        _ => return Err(Fail::error(format!("{name:?} is not a valid label selector operator"))),
    })
}

impl Requirement {
    fn problem(&self, strict: bool) -> Option<String> {
        let listed = matches!(self.operator, Operator::In | Operator::NotIn);
        if listed && self.values.is_empty() {
            return Some("for 'in', 'notin' operators, values set can't be empty".to_owned());
        }
        if !listed && !self.values.is_empty() {
            return Some("values set must be empty for exists and does not exist".to_owned());
        }
        let values = self.values.iter().filter(|_| strict).find_map(|value| label_value_problem(value));
        qualified_name_problem(&self.key).or(values)
    }

    fn holds(&self, value: Option<&String>) -> bool {
        match self.operator {
            Operator::In => value.is_some_and(|value| self.values.contains(value)),
            Operator::NotIn => value.is_none_or(|value| !self.values.contains(value)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    }
}

/// Parameters under dotted names, as texts (`flattenParameters`): maps and untyped lists are taken apart, all
/// other lists are one text.
pub(super) fn flatten(params: &Map) -> Result<BTreeMap<String, String>, Fail> {
    let mut flat = BTreeMap::new();
    for (key, value) in params.entries().iter() {
        flatten_into(&mut flat, &to_utf8(key), value, true)?;
    }
    Ok(flat)
}

/// The content of a file under dotted names: the same, but for maps of strings, which it does not have.
pub(super) fn flatten_into(
    flat: &mut BTreeMap<String, String>,
    name: &str,
    value: &Value,
    through_maps: bool,
) -> Result<(), Fail> {
    match value {
        Value::Map(map) if map.is_untyped() || through_maps && map.elem() == MapElem::Str => {
            for (key, item) in map.entries().iter() {
                flatten_into(flat, &format!("{name}.{}", to_utf8(key)), item, through_maps)?;
            }
        }
        Value::List(list) if list.elem() == Elem::Any => {
            for (index, item) in list.items().iter().enumerate() {
                flatten_into(flat, &format!("{name}.{index}"), item, false)?;
            }
        }
        other => {
            flat.insert(name.to_owned(), print_value(other)?);
        }
    }
    Ok(())
}
