//! Judgement. A rule is one page under `rules/` and one file here.
//!
//! Rules are pure: an inventory in, findings out. They ask `model` and `inventory` what is so, and judge it.

use crate::appset::ApplicationSet;
use crate::config::{Budget, RuleName, RuleNames};
use crate::files::{Location, Path};
use crate::finding::{Edit, Finding, Fix, FixKind, Label, Object, Severity};
use crate::forecast::Row;
use crate::inventory::{App, AppId, Inventory, Parent, ResourceId, Set};
use crate::model::{GroupKind, Manifest, ResourceKey, group_of};
use crate::render::{Parsed, Target};
use hashbrown::HashMap;
use rayon::prelude::*;
use std::sync::{Arc, LazyLock};

mod acknowledgements;
mod allow_empty_with_prune;
mod api_removed;
mod app_destination_changed;
mod app_destination_namespace_changed;
mod app_in_default_project;
mod app_of_apps_escalation;
mod app_source_repointed;
mod application_identity_hijack;
mod application_name_collision;
mod application_removed_cascade;
mod application_removed_orphans;
mod application_renamed;
mod applicationset_removed;
mod appproject_wildcard;
mod appset_duplicate_name;
mod appset_generated_app_removed;
mod appset_generator_narrowed;
mod appset_missingkey;
mod appset_name_template_changed;
mod appset_policy_without_finalizer;
mod appset_preserve_contradiction;
mod appset_templated_project;
mod appset_unknown_or_empty_generator;
mod argocd_rbac_wide;
mod blast_radius;
mod change;
mod claims_deleted_by_scaling;
mod cluster_scope_wildcard;
mod cluster_secret_changed;
mod cmp_unsafe_pipeline;
mod committed_live_metadata;
mod crd_removed;
mod data_bearing_cr_removed;
mod delete_data_switch;
mod destination_ambiguous;
mod destination_unknown_cluster;
mod document;
mod duplicate_object;
mod duplicate_object_api_alias;
mod duplicate_yaml_key;
mod engine_config_removed;
mod engine_self_unprotected;
mod env_mismatch;
mod excluded_kind_in_git;
mod field_misplaced;
mod fold;
mod force_replace_on_stateful;
mod generated;
mod glued_separator;
mod helm_keep_is_not_prune_false;
mod hidden_source_override;
mod hook_on_persistent_object;
mod hook_or_wave_invalid;
mod immutable_field_changed;
mod instance_label_conflict;
mod kustomize_duplicate_id;
mod kustomize_namespace_changed;
mod loadbalancer_recreated;
mod managed_namespace_tracked;
mod manifest_not_picked_up;
mod manifest_unparseable;
mod manifest_unreferenced;
mod merged_documents;
mod name_path_mismatch;
mod namespace_missing;
mod namespace_object_removed;
mod namespace_of_protected_unprotected;
mod namespace_to_createnamespace_migration;
mod namespace_two_owners;
mod non_string_map_value;
mod nondeterministic_render;
mod null_value_override;
mod object_moved_between_apps;
mod object_moved_namespace;
mod operator_inherits_tracking_label;
mod options;
mod owners;
mod page;
mod partial_foreign_object;
mod patches;
mod pods;
mod priorityclass_preempts;
mod problems;
mod prod_tracks_mutable_ref;
mod project_narrowed;
mod project_reaches_argocd;
mod project_removed_with_apps;
mod projects;
mod protected_namespace_managed;
mod protection_removed;
mod protection_too_late;
mod prune_without_delete_protection;
mod pvc_removed;
mod rbac_subject_namespace;
mod reclaim_delete;
mod reclaim_switched_to_delete;
mod render_empty;
mod rendered_into_default_namespace;
mod replicas_with_autoscaler;
mod root_app_finalizer;
mod sets;
mod several_objects_in_one_file;
mod shared_object_two_owners;
mod shared_resource_not_guarded;
mod skip_marker;
mod source_namespaces_privileged;
mod stateful_without_prune_protection;
mod statefulset_renamed;
mod sts_pvc_retention_delete;
mod suppressions;
mod sync_option_invalid;
mod template_residue;
mod tracking_key_changed;
mod tracking_label_too_long;
mod unscoped_cluster_generator;
mod values_file_missing;
mod volumes;
mod wave_inversion;
mod webhook_fail_closed;
mod wellknown_label_removed;
mod yaml_numeric_coercion;

use change::{Gone, Subject};
use document::Document;

pub use acknowledgements::Said;
pub use change::{Change, advice};
pub use name_path_mismatch::{Convention, conventions};
pub use page::{Example, Family, Mark, Page, examples};
pub use suppressions::{Judged, judge_all, judge_head, judge_known, judge_merge};

/// One rule.
pub struct Rule {
    /// Its page.
    page: &'static str,
    /// What it looks at.
    check: Check,
}

/// The subject of a rule. A rule may look at everything, but reports on the subject it was handed.
enum Check {
    /// A file of plain YAML or JSON.
    File(fn(&Path, &Parsed, &mut Context<'_>)),
    /// A document of YAML or JSON, written or rendered.
    Document(for<'a> fn(&Document<'a>, &mut Context<'a>)),
    /// An Application.
    Application(fn(AppId, &App, &mut Context<'_>)),
    /// An ApplicationSet, and what the API server makes of it.
    ApplicationSet(fn(&Set, &ApplicationSet, &mut Context<'_>)),
    /// One object of an Application.
    Resource(fn(ResourceId, &App, &Target, &mut Context<'_>)),
    /// Everything at once.
    Inventory(fn(&mut Context<'_>)),
    /// A merge: base against head, and what becomes of every object. The context's inventory is head's.
    Change(fn(&Change<'_>, &mut Context<'_>)),
}

/// One line a rule, in order of code; those of BH0xx and BH9xx are in tables of their own.
const RULES: &[&Rule] = &[
    &duplicate_object::RULE,
    &duplicate_object_api_alias::RULE,
    &application_name_collision::RULE,
    &appset_duplicate_name::RULE,
    &name_path_mismatch::RULE,
    &shared_object_two_owners::RULE,
    &namespace_two_owners::RULE,
    &several_objects_in_one_file::RULE,
    &kustomize_duplicate_id::RULE,
    &instance_label_conflict::RULE,
    &tracking_label_too_long::RULE,
    &committed_live_metadata::RULE,
    &operator_inherits_tracking_label::RULE,
    &protected_namespace_managed::RULE,
    &rendered_into_default_namespace::RULE,
    &destination_ambiguous::RULE,
    &destination_unknown_cluster::RULE,
    &env_mismatch::RULE,
    &app_in_default_project::RULE,
    &appset_templated_project::RULE,
    &unscoped_cluster_generator::RULE,
    &rbac_subject_namespace::RULE,
    &source_namespaces_privileged::RULE,
    &cluster_scope_wildcard::RULE,
    &argocd_rbac_wide::RULE,
    &prod_tracks_mutable_ref::RULE,
    &namespace_missing::RULE,
    &project_reaches_argocd::RULE,
    &appproject_wildcard::RULE,
    &app_of_apps_escalation::RULE,
    &stateful_without_prune_protection::RULE,
    &namespace_of_protected_unprotected::RULE,
    &prune_without_delete_protection::RULE,
    &helm_keep_is_not_prune_false::RULE,
    &shared_resource_not_guarded::RULE,
    &reclaim_delete::RULE,
    &sts_pvc_retention_delete::RULE,
    &delete_data_switch::RULE,
    &force_replace_on_stateful::RULE,
    &engine_self_unprotected::RULE,
    &allow_empty_with_prune::RULE,
    &managed_namespace_tracked::RULE,
    &root_app_finalizer::RULE,
    &partial_foreign_object::RULE,
    &application_identity_hijack::RULE,
    &application_removed_cascade::RULE,
    &application_removed_orphans::RULE,
    &application_renamed::RULE,
    &object_moved_between_apps::RULE,
    &app_source_repointed::RULE,
    &app_destination_changed::RULE,
    &app_destination_namespace_changed::RULE,
    &namespace_object_removed::RULE,
    &namespace_to_createnamespace_migration::RULE,
    &protection_too_late::RULE,
    &protection_removed::RULE,
    &blast_radius::RULE,
    &render_empty::RULE,
    &appset_generated_app_removed::RULE,
    &appset_generator_narrowed::RULE,
    &appset_name_template_changed::RULE,
    &applicationset_removed::RULE,
    &project_removed_with_apps::RULE,
    &project_narrowed::RULE,
    &cluster_secret_changed::RULE,
    &manifest_unreferenced::RULE,
    &manifest_not_picked_up::RULE,
    &skip_marker::RULE,
    &object_moved_namespace::RULE,
    &kustomize_namespace_changed::RULE,
    &crd_removed::RULE,
    &data_bearing_cr_removed::RULE,
    &pvc_removed::RULE,
    &statefulset_renamed::RULE,
    &immutable_field_changed::RULE,
    &reclaim_switched_to_delete::RULE,
    &claims_deleted_by_scaling::RULE,
    &loadbalancer_recreated::RULE,
    &tracking_key_changed::RULE,
    &engine_config_removed::RULE,
    &sync_option_invalid::RULE,
    &hook_or_wave_invalid::RULE,
    &field_misplaced::RULE,
    &appset_unknown_or_empty_generator::RULE,
    &appset_missingkey::RULE,
    &appset_preserve_contradiction::RULE,
    &appset_policy_without_finalizer::RULE,
    &hook_on_persistent_object::RULE,
    &wave_inversion::RULE,
    &replicas_with_autoscaler::RULE,
    &cmp_unsafe_pipeline::RULE,
    &webhook_fail_closed::RULE,
    &priorityclass_preempts::RULE,
    &excluded_kind_in_git::RULE,
    &values_file_missing::RULE,
    &hidden_source_override::RULE,
    &null_value_override::RULE,
    &nondeterministic_render::RULE,
    &template_residue::RULE,
    &api_removed::RULE,
    &wellknown_label_removed::RULE,
    &duplicate_yaml_key::RULE,
    &glued_separator::RULE,
    &merged_documents::RULE,
    &manifest_unparseable::RULE,
    &non_string_map_value::RULE,
    &yaml_numeric_coercion::RULE,
];

/// Every rule, in order of code.
static ALL: LazyLock<Vec<(Page, &'static Rule)>> = LazyLock::new(|| {
    let mut all: Vec<_> = RULES
        .iter()
        .chain(problems::RULES)
        .chain(suppressions::RULES)
        .chain(acknowledgements::RULES)
        .map(|rule| (Page::parse(rule.page).expect("tests/rules.rs reads every page"), *rule))
        .collect();
    all.sort_by_key(|(page, _)| page.code);
    all
});

/// The page of every rule, in order of code.
pub fn pages() -> impl Iterator<Item = &'static Page> {
    ALL.iter().map(|(page, _)| page)
}

/// Code and name of every rule, as configurations and suppressions may call it.
pub fn names() -> RuleNames<'static> {
    static NAMES: LazyLock<Vec<RuleName>> =
        LazyLock::new(|| pages().map(|page| RuleName { code: page.code, name: page.name }).collect());
    RuleNames(&NAMES)
}

/// The page with this code or name.
pub fn find(code_or_name: &str) -> Option<&'static Page> {
    pages().find(|page| page.code.eq_ignore_ascii_case(code_or_name) || page.name == code_or_name)
}

impl Page {
    /// Whether the rule is about a merge: its examples are pairs of trees, and a single tree never breaks it.
    pub fn is_about_change(&self) -> bool {
        ALL.iter().any(|(page, rule)| page.code == self.code && matches!(rule.check, Check::Change(_)))
    }
}

/// What the configuration says about rules.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Severity by code; None switches a rule off.
    pub severities: HashMap<&'static str, Option<Severity>>,
    /// Only these codes; None is every one.
    pub only: Option<Vec<&'static str>>,
    /// Kinds that hold data beyond the built-in ones.
    pub stateful: Vec<GroupKind>,
    /// Namespaces that no Application of a workload should manage; None is the built-in list.
    pub protected_namespaces: Option<Vec<String>>,
    /// How names of Applications and paths of their sources belong together.
    pub naming: Vec<Naming>,
    /// How many objects a merge may delete.
    pub budget: Budget,
}

/// One convention: patterns with the same `{placeholders}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naming {
    /// Of the Application's name.
    pub application: String,
    /// Of the source's path.
    pub path: String,
}

/// What a rule sees, and where it reports.
pub struct Context<'a> {
    /// What would be deployed.
    pub inventory: &'a Inventory,
    /// What the configuration says.
    pub options: &'a Options,
    page: &'static Page,
    severity: Severity,
    /// Whether the configuration says the severity.
    configured: bool,
    findings: Vec<Finding>,
    /// For each finding the objects that it tells of beside its own, where a merge takes several away.
    subjects: Vec<Vec<Subject>>,
}

/// A rule that is on.
#[derive(Clone, Copy)]
struct On {
    page: &'static Page,
    check: &'static Check,
    severity: Severity,
    /// Whether the configuration says the severity.
    configured: bool,
}

/// The rules that are on.
fn switched_on(options: &Options) -> Vec<On> {
    let on = |(page, rule): &'static (Page, &'static Rule)| {
        let configured = options.severities.contains_key(page.code);
        Some(On { page, check: &rule.check, severity: severity(page, options)?, configured })
    };
    ALL.iter().filter_map(on).collect()
}

/// Judges a merge: the findings of every rule about merges that is on, in order of path, place and code.
///
/// What the head breaks by itself is for [`judge`] to say.
pub fn judge_change(change: &Change<'_>, options: &Options) -> Vec<Finding> {
    let on = switched_on(options);
    let run = |rule: &On| {
        let Check::Change(check) = rule.check else { return Vec::<(Finding, Vec<Subject>)>::new() };
        let mut context = Context::new(change.head, options, rule);
        check(change, &mut context);
        context.findings.into_iter().zip(context.subjects).collect()
    };
    let mut findings = change::settle(on.par_iter().flat_map_iter(run).collect());
    change.settle(&mut findings);
    sort(&mut findings);
    findings
}

/// Judges an inventory: the findings of every rule that is on, in order of path, place and code.
pub fn judge<'a>(inventory: &'a Inventory, options: &'a Options) -> Vec<Finding> {
    inventory.prepare();
    let on = switched_on(options);
    // Of each subject there may be a million, and most rules look at another kind of subject.
    let of = |wanted: fn(&Check) -> bool| -> Vec<On> {
        on.iter().filter(|rule| wanted(rule.check)).copied().collect()
    };
    let of_files = of(|check| matches!(check, Check::File(_)));
    let of_documents = of(|check| matches!(check, Check::Document(_)));
    let of_applications = of(|check| matches!(check, Check::Application(_) | Check::Resource(_)));
    let of_sets = of(|check| matches!(check, Check::ApplicationSet(_)));
    let of_all = of(|check| matches!(check, Check::Inventory(_)));
    let run = |rules: &[On], judge: &dyn Fn(&Check, &mut Context<'a>)| {
        let mut findings = Vec::new();
        for rule in rules {
            let mut context = Context::new(inventory, options, rule);
            judge(rule.check, &mut context);
            findings.append(&mut context.findings);
        }
        findings
    };
    let files = inventory.files.par_iter().flat_map_iter(|(path, parsed)| {
        run(&of_files, &|check, context| {
            if let Check::File(check) = check {
                check(path, parsed, context);
            }
        })
    });
    let documents = inventory.files.par_iter().chain(&inventory.parts).flat_map_iter(|(path, parsed)| {
        let documents = document::of_file(inventory, path, parsed);
        run(&of_documents, &|check, context| judge_documents(&documents, check, context))
    });
    let made = inventory.applications.par_iter().flat_map_iter(|app| {
        let documents: Vec<_> = document::made_by(app).collect();
        run(&of_documents, &|check, context| judge_documents(&documents, check, context))
    });
    let as_written =
        inventory.applications.par_iter().enumerate().filter(|(_, app)| app.changed_by.is_none());
    let applications = as_written.flat_map_iter(|(id, app)| {
        run(&of_applications, &|check, context| match check {
            Check::Application(check) => check(id, app, context),
            Check::Resource(check) => {
                for (target, resource) in app.targets.list.iter().enumerate() {
                    check(ResourceId { app: id as u32, target: target as u32 }, app, resource, context);
                }
            }
            _ => (),
        })
    });
    let sets = sets::judged(inventory).into_par_iter().flat_map_iter(|set| {
        // Of a set that a kustomization changes the inventory knows nothing; its text can be judged all the same.
        let as_written = || ApplicationSet::admit(&set.manifest.node().to_json(), &set.namespace).ok();
        let own = if set.changed_by.is_some() { as_written() } else { None };
        let admitted = set.admitted.as_deref().or(own.as_ref());
        run(&of_sets, &|check, context| {
            if let (Check::ApplicationSet(check), Some(admitted)) = (check, admitted) {
                check(set, admitted, context);
            }
        })
    });
    let whole = of_all.par_iter().flat_map_iter(|rule| {
        run(std::slice::from_ref(rule), &|check, context| {
            if let Check::Inventory(check) = check {
                check(context);
            }
        })
    });
    let all = files.chain(documents).chain(made).chain(applications).chain(sets).chain(whole);
    let mut findings: Vec<Finding> = all.collect();
    sort(&mut findings);
    findings
}

fn judge_documents<'a>(documents: &[Document<'a>], check: &Check, context: &mut Context<'a>) {
    if let Check::Document(check) = check {
        documents.iter().for_each(|document| check(document, context));
    }
}

/// The severity of a rule after configuration; None when it is off.
fn severity(page: &Page, options: &Options) -> Option<Severity> {
    if options.only.as_ref().is_some_and(|only| !only.contains(&page.code)) {
        return None;
    }
    match options.severities.get(page.code) {
        Some(configured) => *configured,
        None if page.off && options.only.is_none() => None,
        None => Some(page.severity),
    }
}

fn sort(findings: &mut Vec<Finding>) {
    findings.par_sort_by(|a, b| order(a).cmp(&order(b)));
    findings.dedup();
}

type Order<'a> = (&'a Location, &'a str, &'a str, &'a Option<Arc<str>>, &'a Option<Object>);

fn order(finding: &Finding) -> Order<'_> {
    (&finding.location, finding.code, &finding.message, &finding.application, &finding.object)
}

impl<'a> Context<'a> {
    fn new(inventory: &'a Inventory, options: &'a Options, rule: &On) -> Self {
        let On { page, severity, configured, .. } = *rule;
        Self { inventory, options, page, severity, configured, findings: Vec::new(), subjects: Vec::new() }
    }

    /// Reports at a place; what the report is about is added to what comes back.
    pub fn report(&mut self, location: Location, message: impl Into<String>) -> Report<'_> {
        self.findings.push(Finding {
            code: self.page.code,
            name: self.page.name,
            severity: self.severity,
            message: message.into(),
            because: String::new(),
            help: String::new(),
            location,
            application: None,
            cluster: None,
            object: None,
            related: Vec::new(),
            fix: None,
            group: String::new(),
        });
        self.subjects.push(Vec::new());
        let finding = self.findings.last_mut().expect("a finding was pushed");
        let subjects = self.subjects.last_mut().expect("the same");
        Report { finding, subjects, configured: self.configured }
    }

    /// Reports on an object of an Application, at its name.
    pub fn report_target(&mut self, app: &App, target: &Target, message: impl Into<String>) -> Report<'_> {
        self.report(target.manifest.location(), message).about(app, target)
    }

    /// Reports on an ApplicationSet, at a place of it.
    pub fn report_set(&mut self, set: &Set, location: Location, message: impl Into<String>) -> Report<'_> {
        let inventory = self.inventory;
        let report = self.report(location, message).object(&set.key());
        match set.parent {
            Parent::Application(parent) => report.application(&inventory.applications[parent]),
            Parent::Root | Parent::Folder | Parent::Set { .. } => report,
        }
    }

    /// Reports on what a merge does to an object: at its place in head, else at that of the Application that does not
    /// have it any more, and, where nothing is left in head, at its place in base.
    pub fn report_row(&mut self, row: &Row, message: impl Into<String>) -> Report<'_> {
        let base = row.base.as_ref().map(|manifest| manifest.location().in_base());
        let head = row.head.as_ref().map(Manifest::location);
        let (location, before) = match (head, base) {
            (Some(head), base) => (head, base),
            (None, Some(base)) => (base, None),
            (None, None) => (Location::head(""), None),
        };
        let report = self.report(location, message).row(row);
        match before {
            Some(before) => report.see(before, "what base has"),
            None => report,
        }
    }

    /// Reports on an Application that head does not have: where its maker is in head, else where it is in base.
    fn report_gone(&mut self, change: &Change<'_>, gone: &Gone<'_>, message: String) -> Report<'_> {
        let before = gone.app.application.manifest.location().in_base();
        match change.maker(gone) {
            Some(maker) => self.report(maker, message).see(before, "what base has"),
            None => self.report(before, message),
        }
        .application_object(gone.app)
    }

    /// Reports on an Application, at the field of this path.
    pub fn report_app(&mut self, app: &App, path: &[&str], message: impl Into<String>) -> Report<'_> {
        self.report(app.application.manifest.location_at(path), message).application(app)
    }
}

/// A finding on its way.
pub struct Report<'a> {
    finding: &'a mut Finding,
    subjects: &'a mut Vec<Subject>,
    configured: bool,
}

impl Report<'_> {
    /// Why it matters: the mechanism in one sentence.
    pub fn because(self, text: impl Into<String>) -> Self {
        self.finding.because = text.into();
        self
    }

    /// What to do.
    pub fn help(self, text: impl Into<String>) -> Self {
        self.finding.help = text.into();
        self
    }

    /// A further place.
    pub fn see(self, location: Location, message: impl Into<String>) -> Self {
        self.finding.related.push(Label { location, message: message.into() });
        self
    }

    /// The object it is about.
    pub fn about(self, app: &App, target: &Target) -> Self {
        self.finding.object = Some(object(&target.key));
        self.application(app)
    }

    /// The object it is about, where there is no target.
    pub fn object(self, key: &ResourceKey) -> Self {
        self.named(object(key))
    }

    /// The object it is about, as it stands in a namespace.
    pub fn named_as(self, manifest: &Manifest, namespace: &Arc<str>) -> Self {
        self.named(Object {
            group: group_of(manifest.api_version()).into(),
            kind: manifest.kind().into(),
            namespace: Arc::clone(namespace),
            name: manifest.name().into(),
        })
    }

    /// The object it is about, as its text names it.
    fn named(self, object: Object) -> Self {
        self.finding.object = Some(object);
        self
    }

    /// The Application object itself, where a merge does something to it.
    pub fn application_object(self, app: &App) -> Self {
        self.object(&app.application.key()).application(app)
    }

    /// The Application that makes the object.
    pub fn application(self, app: &App) -> Self {
        self.finding.application = app.reported();
        self.finding.cluster = (!app.cluster.is_empty()).then(|| Arc::clone(&app.cluster));
        self
    }

    /// The object that a merge does something to, and the Application that had it.
    pub fn row(self, row: &Row) -> Self {
        self.finding.object = Some(object(&row.key));
        self.finding.application.clone_from(&row.application);
        self.finding.cluster = (!row.cluster.is_empty()).then(|| Arc::clone(&row.cluster));
        self
    }

    /// What else it tells of: each object that a merge takes away for this one reason.
    pub fn telling(self, rows: &[&Row]) -> Self {
        self.subjects.extend(rows.iter().map(|row| change::subject(row)));
        self
    }

    /// Not worse than this, where the page says worse; a configured severity stays.
    pub fn at_most(self, severity: Severity) -> Self {
        if !self.configured {
            self.finding.severity = self.finding.severity.min(severity);
        }
        self
    }

    /// Told together with findings of the same text here.
    pub fn group(self, text: impl Into<String>) -> Self {
        self.finding.group = text.into();
        self
    }

    /// A mechanical cure.
    pub fn fix(self, kind: FixKind, edits: Vec<Edit>) -> Self {
        self.finding.fix = (!edits.is_empty()).then_some(Fix { kind, edits });
        self
    }
}

/// A key as findings name it.
pub fn object(key: &ResourceKey) -> Object {
    Object {
        group: Arc::clone(&key.group),
        kind: Arc::clone(&key.kind),
        namespace: Arc::clone(&key.namespace),
        name: Arc::clone(&key.name),
    }
}
