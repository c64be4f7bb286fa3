//! One text into another with parameters: the two template engines, each text parsed once.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use serde_json::{Map as Object, Value as Json};

use crate::appset::FastTemplate;
use crate::appset::fail::{Fail, Kind, Spot};
use crate::appset::functions::functions;
use crate::appset::schema::Type;
use crate::gotemplate::{Budget, Fault, Limits, Map, Missing, Options, Template, Value, to_utf8};

/// What all texts of one set together may use up; one text may use what [`Limits::default`] says.
const LIMITS: Limits = Limits { steps: 20_000_000, output: 512 << 20, memory: 8 << 30, depth: usize::MAX };

/// The engine of one ApplicationSet.
pub(super) struct Engine {
    is_go: bool,
    options: Result<Options, String>,
    parsed: RefCell<HashMap<String, Rc<Parsed>>>,
    /// What all texts together may still use up.
    left: Cell<Limits>,
}

enum Parsed {
    Plain,
    Fast(FastTemplate),
    Go(Template),
    Broken(Fail),
}

impl Engine {
    /// The engine that `goTemplate` and `goTemplateOptions` ask for.
    pub fn new(go: bool, options: &[&str]) -> Engine {
        let mut parsed = Options { missing: Missing::Default, limits: Limits::default() };
        let set = options.iter().try_for_each(|option| parsed.set(option));
        Engine {
            is_go: go,
            options: set.map(|()| parsed),
            parsed: RefCell::default(),
            left: Cell::new(LIMITS),
        }
    }

    /// Whether this is Go's text/template.
    pub fn is_go(&self) -> bool {
        self.is_go
    }

    /// `Replace` of `applicationset/utils/utils.go`.
    pub fn replace(&self, text: &str, params: &Map) -> Result<String, Fail> {
        let missing = self.options.as_ref().map(|options| options.missing).unwrap_or_default();
        self.replace_with(text, params, missing)
    }

    /// As [`Engine::replace`], with a `missingkey` of its own.
    fn replace_with(&self, text: &str, params: &Map, missing: Missing) -> Result<String, Fail> {
        if let (Err(message), true) = (&self.options, self.is_go) {
            return Err(Fail::panic(message.clone()));
        }
        if !text.contains("{{") {
            return Ok(text.to_owned());
        }
        match &*self.parse(text) {
            Parsed::Plain => Ok(text.to_owned()),
            Parsed::Broken(fail) => Err(fail.clone()),
            Parsed::Fast(template) => self.fast(template, text, params),
            Parsed::Go(template) => self.go(template, text, params, missing),
        }
    }

    fn fast(&self, template: &FastTemplate, text: &str, params: &Map) -> Result<String, Fail> {
        let left = self.left.get();
        let Some(out) = template.render(params, left.output.min(Limits::default().output)) else {
            let spot = Some(Box::new(Spot { text: text.to_owned(), line: 1 }));
            return Err(Fail { spot, ..Fail::from(Fault::Limit("output")) });
        };
        self.left.set(Limits { output: left.output - out.len(), ..left });
        Ok(out)
    }

    fn go(&self, template: &Template, text: &str, params: &Map, missing: Missing) -> Result<String, Fail> {
        let (left, most) = (self.left.get(), Limits::default());
        let limits = Limits {
            steps: left.steps.min(most.steps),
            output: left.output.min(most.output),
            memory: left.memory.min(most.memory),
            depth: most.depth,
        };
        let mut budget = Budget::new(limits);
        let rendered = template.render_within(&Value::Map(params.clone()), missing, &mut budget);
        let rest = budget.left();
        self.left.set(Limits {
            steps: left.steps - (limits.steps - rest.steps),
            output: left.output - (limits.output - rest.output),
            memory: left.memory - (limits.memory - rest.memory),
            depth: left.depth,
        });
        rendered
            .map(|out| to_utf8(&out))
            .map_err(|error| Fail::of_template(error, text).during("failed to execute go template"))
    }

    fn parse(&self, text: &str) -> Rc<Parsed> {
        if let Some(parsed) = self.parsed.borrow().get(text) {
            return parsed.clone();
        }
        let parsed = Rc::new(self.parse_anew(text));
        self.parsed.borrow_mut().insert(text.to_owned(), parsed.clone());
        parsed
    }

    fn parse_anew(&self, text: &str) -> Parsed {
        if !self.is_go {
            return match FastTemplate::parse(text) {
                Ok(template) if template.is_plain() => Parsed::Plain,
                Ok(template) => Parsed::Fast(template),
                Err(message) => {
                    let spot = Some(Box::new(Spot { text: text.to_owned(), line: 1 }));
                    Parsed::Broken(Fail { spot, ..Fail::error(message) })
                }
            };
        }
        match Template::parse("base", text, functions()) {
            Ok(template) => Parsed::Go(template),
            Err(error) => Parsed::Broken(Fail::of_template(error, text).during("failed to parse template")),
        }
    }

    /// Renders every text of a value of this type, the keys of maps included (`deeplyReplace`).
    pub fn deeply(&self, value: &Json, of: &Type, params: &Map) -> Result<Json, Fail> {
        Ok(match (of, value) {
            (Type::Json, value) => self.deeply_json(value, params)?,
            (_, Json::String(text)) => Json::String(self.replace(text, params)?),
            (Type::List(of), Json::Array(items)) => {
                let items: Result<Vec<_>, _> =
                    items.iter().map(|item| self.deeply(item, of, params)).collect();
                Json::Array(items?)
            }
            (Type::Map(of), Json::Object(fields)) => {
                let mut out = Object::new();
                for (key, item) in fields {
                    out.insert(self.replace(key, params)?, self.deeply(item, of, params)?);
                }
                Json::Object(out)
            }
            (Type::Struct(shape), Json::Object(fields)) => {
                let mut out = Object::new();
                for (name, item) in fields {
                    let of = shape.field(name).map_or(&Type::Json, |field| &field.of);
                    out.insert(name.clone(), self.deeply(item, of, params)?);
                }
                Json::Object(out)
            }
            (_, value) => value.clone(),
        })
    }

    /// A part that is JSON of its own: it goes through `float64`, and loses entries that are null.
    fn deeply_json(&self, value: &Json, params: &Map) -> Result<Json, Fail> {
        Ok(match value {
            Json::String(text) => Json::String(self.replace(text, params)?),
            Json::Number(number) => through_float(number),
            Json::Array(items) => {
                let items: Result<Vec<_>, _> =
                    items.iter().map(|item| self.deeply_json(item, params)).collect();
                Json::Array(items?)
            }
            Json::Object(fields) => {
                let mut out = Object::new();
                for (key, item) in fields.iter().filter(|(_, item)| !item.is_null()) {
                    let item = self.deeply_json(item, params)?;
                    out.insert(self.replace(key, params)?, item);
                }
                Json::Object(out)
            }
            other => other.clone(),
        })
    }

    /// `values` of a generator that has not run yet, rendered as far as the parameters go
    /// (`RenderGeneratorParams`): an entry that lacks one stays as it is.
    pub fn resolve_values(&self, values: &Json, params: &Map) -> Result<Json, Fail> {
        let Some(entries) = values.as_object() else {
            return Ok(values.clone());
        };
        let mut out = Object::new();
        for (key, value) in entries {
            let text = value.as_str().unwrap_or_default();
            let missing = if self.is_go { Missing::Error } else { Missing::Default };
            let resolved = match self.replace_with(text, params, missing) {
                Err(Fail { kind: Kind::Error, message, .. }) if lacks_a_key(&message) => text.to_owned(),
                resolved => resolved?,
            };
            out.insert(key.clone(), Json::String(resolved));
        }
        Ok(Json::Object(out))
    }
}

fn lacks_a_key(message: &str) -> bool {
    message.contains("map has no entry for key") || message.contains("can't evaluate field")
}

fn through_float(number: &serde_json::Number) -> Json {
    const WHOLE: f64 = 9_007_199_254_740_992.0;
    match number.as_f64() {
        Some(float) if float.fract() == 0.0 && float.abs() <= WHOLE * 512.0 => Json::from(float as i64),
        Some(float) => serde_json::Number::from_f64(float).map_or(Json::Null, Json::Number),
        None => Json::Null,
    }
}
