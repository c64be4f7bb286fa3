//! An ApplicationSet into Applications (`controllers/template/template.go`, `utils.RenderTemplateParams`,
//! `validateGeneratedApplications`).

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map as Object, Value as Json, json};

use crate::appset::admission::{check, metadata_problems};
use crate::appset::engine::Engine;
use crate::appset::fail::{Fail, Kind, Lack, Spot};
use crate::appset::generators::{Context, Params, Produced, Trees};
use crate::appset::patch;
use crate::appset::schema::{APPLICATION, Presence, Struct, TEMPLATE, Type};
use crate::appset::set::ApplicationSet;
use crate::appset::typed::{round_trip, write};
use crate::appset::world::{IN_CLUSTER, IN_CLUSTER_SERVER, World};

/// The finalizer that makes an Application take its objects with it.
pub const RESOURCES_FINALIZER: &str = "resources-finalizer.argocd.argoproj.io";

/// An Application that an ApplicationSet generates.
#[derive(Clone, Debug, PartialEq)]
pub struct Generated {
    /// The whole object as it comes out of the controller, without owner references.
    pub application: Json,
    /// The index of the entry of `spec.generators` that it comes from.
    pub generator: usize,
    /// What produced its parameters, outermost and first child first.
    pub origin: Vec<Produced>,
    /// Why the controller or the API server leaves it aside, if they do.
    pub problem: Option<Problem>,
}

impl Generated {
    /// `metadata.name`
    pub fn name(&self) -> &str {
        self.application["metadata"]["name"].as_str().unwrap_or_default()
    }
}

/// Why a generated Application is left aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The name is generated more than once: the controller neither creates, updates nor deletes any of them.
    Twice,
    /// The controller neither creates, updates nor deletes it: the AppProject does not exist or the destination does
    /// not resolve.
    Invalid(String),
    /// The API server refuses it; all others are applied, and nothing is deleted in that round.
    Rejected(String),
}

/// At which step generation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// A generator (`ApplicationGenerationFromParamsError`).
    Generator,
    /// A template or patch (`RenderTemplateParamsError`).
    Template,
    /// A panic, which the controller recovers from without writing a condition.
    Panic,
}

/// What an ApplicationSet generates.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// These Applications, in the order of generators and parameters.
    Applications(Vec<Generated>),
    /// An error: the controller creates, updates and deletes nothing.
    Failed {
        /// At which step.
        step: Step,
        /// What Argo CD would say.
        message: String,
        /// The index of the entry of `spec.generators`.
        generator: usize,
        /// What produced the parameters that a template fails on.
        origin: Vec<Produced>,
        /// The text that could not be rendered, where it is one.
        spot: Option<Spot>,
    },
    /// The repository alone does not tell; nothing of the set is known to be there or gone.
    Unknown {
        /// What is missing.
        lack: Lack,
        /// Why not.
        reason: String,
        /// The index of the entry of `spec.generators`.
        generator: usize,
        /// The text that could not be rendered, where it is one.
        spot: Option<Spot>,
    },
}

impl ApplicationSet {
    /// The Applications that Argo CD's controller would generate in this world.
    pub fn generate(&self, world: &World<'_>) -> Outcome {
        let engine = Engine::new(self.uses_go_template(), &self.go_template_options());
        let spec = self.spec();
        let project = spec["template"]["spec"]["project"].as_str().unwrap_or_default();
        let context = Context { engine: &engine, world, project, trees: Trees::default() };
        let mut applications = Vec::new();
        let mut failed: Option<Failure> = None;
        for (index, entry) in spec["generators"].as_array().into_iter().flatten().enumerate() {
            let transformed = context.transform(entry, &format!("spec.generators[{index}]"), None);
            match transformed {
                Err(fail) => {
                    let (step, generator) = (Step::Generator, index);
                    keep_first(&mut failed, Failure { step, generator, origin: Vec::new(), fail });
                }
                Ok(results) => {
                    for result in results {
                        let template = self.template_for(&entry[result.kind]["template"]);
                        for params in result.params {
                            match self.render(&engine, &template, &params) {
                                Ok(application) => applications.push(Generated {
                                    application,
                                    generator: index,
                                    origin: params.origin,
                                    problem: None,
                                }),
                                Err(fail) => {
                                    let (step, generator, origin) = (Step::Template, index, params.origin);
                                    keep_first(&mut failed, Failure { step, generator, origin, fail });
                                }
                            }
                        }
                    }
                }
            }
            if failed.as_ref().is_some_and(|failure| failure.fail.kind == Kind::Panic) {
                break;
            }
        }
        match failed {
            None => {
                validate(&mut applications, world);
                Outcome::Applications(applications)
            }
            Some(failure) => failure.outcome(),
        }
    }

    /// The template of the set under that of a generator (`mergeGeneratorTemplate`), as an Application.
    fn template_for(&self, of_generator: &Json) -> Json {
        let own = &self.spec()["template"];
        let mut template = own.clone();
        if of_generator.is_object() {
            template = of_generator.clone();
            fill(&mut template, own, &Type::Struct(&TEMPLATE));
        }
        let mut application = Object::new();
        application.insert("metadata".to_owned(), template["metadata"].clone());
        application.insert("spec".to_owned(), template["spec"].clone());
        // The schema has seen the set already, so this cannot fail.
        round_trip(&Json::Object(application.clone()), &APPLICATION).unwrap_or(Json::Object(application))
    }

    fn render(&self, engine: &Engine, template: &Json, params: &Params) -> Result<Json, Fail> {
        let mut application = template.clone();
        if !params.values.is_empty() {
            let rendered = engine.deeply(template, &Type::Struct(&APPLICATION), &params.values)?;
            application = write(&rendered, &Type::Struct(&APPLICATION));
            let finalizers = &mut application["metadata"]["finalizers"];
            if !self.preserves_resources() && finalizers.as_array().is_none_or(Vec::is_empty) {
                *finalizers = json!([RESOURCES_FINALIZER]);
            } else if finalizers.is_null()
                && let Some(metadata) = application["metadata"].as_object_mut()
            {
                metadata.remove("finalizers");
            }
        }
        if let Some(text) = self.spec()["templatePatch"].as_str() {
            let text = engine.replace(text, &params.values)?;
            application = patch::apply(&application, &text)?;
        }
        application["apiVersion"] = json!("argoproj.io/v1alpha1");
        application["kind"] = json!("Application");
        application["metadata"]["namespace"] = json!(self.namespace());
        Ok(application)
    }
}

/// A failure and where it was met.
struct Failure {
    step: Step,
    generator: usize,
    origin: Vec<Produced>,
    fail: Fail,
}

impl Failure {
    fn outcome(self) -> Outcome {
        let Failure { step, generator, origin, fail } = self;
        let spot = fail.spot.map(|spot| *spot);
        let (step, message) = match fail.kind {
            Kind::Unknown(lack) => return Outcome::Unknown { lack, reason: fail.message, generator, spot },
            Kind::Error => (step, fail.message),
            Kind::Panic => (Step::Panic, fail.message),
        };
        Outcome::Failed { step, message, generator, origin, spot }
    }
}

fn keep_first(failed: &mut Option<Failure>, failure: Failure) {
    if failed.as_ref().is_none_or(|before| failure.fail.outweighs(&before.fail)) {
        *failed = Some(failure);
    }
}

/// Fills what is empty in `into` from `from`, as mergo does without override: lists are not joined, and false,
/// zero and empty text count as empty.
fn fill(into: &mut Json, from: &Json, of: &Type) {
    match (of, &mut *into, from) {
        (_, _, Json::Null) => (),
        (Type::Struct(shape), Json::Object(fields), Json::Object(others)) => {
            fill_fields(fields, others, shape)
        }
        (Type::Map(of), Json::Object(fields), Json::Object(others)) => {
            for (key, other) in others {
                fill(fields.entry(key.clone()).or_insert(Json::Null), other, of);
            }
        }
        (Type::Json, Json::Null, from) => *into = from.clone(),
        (Type::Json, _, _) => (),
        (_, there, from) if is_zero(there) => *into = from.clone(),
        _ => (),
    }
}

fn fill_fields(fields: &mut Object<String, Json>, others: &Object<String, Json>, shape: &Struct) {
    for field in shape.fields {
        let Some(other) = others.get(field.name) else {
            continue;
        };
        let there = fields.entry(field.name).or_insert(Json::Null);
        // A pointer to false that is filled with a pointer to false stays; with one to true it becomes true.
        let pointer = field.presence == Presence::Kept;
        if pointer && !there.is_null() && is_zero(other) {
            continue;
        }
        fill(there, other, &field.of);
    }
}

fn is_zero(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Bool(flag) => !flag,
        Json::Number(number) => number.as_f64() == Some(0.0),
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(fields) => fields.is_empty(),
    }
}

/// Finds out which Applications the controller or the API server leaves aside.
fn validate(applications: &mut [Generated], world: &World<'_>) {
    let mut seen = HashSet::new();
    let mut invalid: BTreeMap<String, Problem> = BTreeMap::new();
    for generated in applications.iter() {
        let name = generated.name().to_owned();
        let problem = if seen.contains(&name) {
            Some(Problem::Twice)
        } else {
            project_problem(&generated.application, world)
                .or_else(|| destination_problem(&generated.application["spec"]["destination"], world))
                .map(Problem::Invalid)
        };
        seen.insert(name.clone());
        if let Some(problem) = problem {
            invalid.insert(name, problem);
        }
    }
    for generated in applications.iter_mut() {
        generated.problem = match invalid.get(generated.name()) {
            Some(problem) => Some(problem.clone()),
            None => refusal(&generated.application).map(Problem::Rejected),
        };
    }
}

fn project_problem(application: &Json, world: &World<'_>) -> Option<String> {
    let project = application["spec"]["project"].as_str().unwrap_or_default();
    let known = world.projects.names.iter().any(|name| name == project);
    let missing = world.projects.complete && !known;
    missing.then(|| format!("application references project {project} which does not exist"))
}

/// Why the destination does not resolve; with an open list of clusters only what no cluster could mend.
fn destination_problem(destination: &Json, world: &World<'_>) -> Option<String> {
    let text = |key: &str| destination[key].as_str().unwrap_or_default();
    let (name, server) = (text("name"), text("server"));
    let clusters = || world.clusters.iter();
    match (name, server) {
        ("", "") => Some("Destination server missing from app spec".to_owned()),
        ("", server) => {
            let server = server.trim_end_matches('/');
            let known = server == IN_CLUSTER_SERVER
                || clusters().any(|cluster| cluster.server.trim_end_matches('/') == server);
            (!known && world.clusters_complete).then(|| format!("cluster {server:?} not found"))
        }
        (name, "") => match clusters().filter(|cluster| cluster.name == name).count() {
            1 => None,
            0 if name == IN_CLUSTER || !world.clusters_complete => None,
            0 => Some(format!("there are no clusters with this name: {name}")),
            count => Some(format!("there are {count} clusters with the same name: {name}")),
        },
        _ => Some("application destination can't have both name and server defined".to_owned()),
    }
}

/// Why the API server refuses an Application.
fn refusal(application: &Json) -> Option<String> {
    let mut problems = metadata_problems(&application["metadata"]);
    problems.extend(check(application, &APPLICATION));
    (!problems.is_empty()).then(|| problems.join("; "))
}
