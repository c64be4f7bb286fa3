//! Charts: what `helm template` is told, and where in the chart its output comes from.

use super::path::{Folder, join};
use super::recipe::{Argument, Command, Place, Program};
use super::{Request, Trees};
use crate::model::{Problem, ProblemKind, Source};
use serde::Serialize;
use std::collections::BTreeMap;

mod origin;
mod values;

pub(super) use origin::{blamed, manifests};

/// A chart and everything that `helm template` is told about it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Chart {
    /// Its folder in the source's repository.
    pub folder: String,
    /// Name of the release.
    pub release: String,
    /// Namespace of the release; may be empty.
    pub namespace: String,
    /// Kubernetes version; may be empty.
    pub kube_version: String,
    /// `--set`.
    pub set: BTreeMap<String, String>,
    /// `--set-string`.
    pub set_string: BTreeMap<String, String>,
    /// `--set-file`.
    pub set_file: BTreeMap<String, Place>,
    /// Value files, in order.
    pub value_files: Vec<Place>,
    /// Values on top of them, as text.
    pub values: Option<String>,
    /// API versions.
    pub api_versions: Vec<String>,
    /// Leave out `crds/`.
    pub skip_crds: bool,
    /// Do not check values against the chart's schema.
    pub skip_schema_validation: bool,
    /// Leave out tests.
    pub skip_tests: bool,
}

/// Works out what Helm is told about a source; what Argo CD says nothing about goes into `problems`.
///
/// Follows `helmTemplate` in `reposerver/repository/repository.go`.
pub(super) fn chart(
    source: &Source,
    request: &Request<'_>,
    folder: &Folder,
    trees: &Trees<'_>,
    problems: &mut Vec<Problem>,
) -> Result<Chart, Problem> {
    let helm = source.helm.clone().unwrap_or_default();
    if !matches!(helm.version.as_str(), "" | "v3" | "v4") {
        let message = format!("`helm.version: {}` is not supported", helm.version);
        return Err(Problem::fails(ProblemKind::RenderFailed, message).help("remove the field"));
    }
    let environment = &request.environment;
    let files = values::Files { folder, request };
    let value_files = files.resolve(&helm, trees, problems)?;
    let mut set_file = BTreeMap::new();
    for parameter in &helm.file_parameters {
        set_file.insert(parameter.name.clone(), files.parameter(&parameter.path, trees)?);
    }
    let parameters = |force: bool| {
        let own = helm.parameters.iter().filter(move |parameter| parameter.force_string == force);
        own.map(|parameter| (parameter.name.clone(), environment.substitute(&parameter.value))).collect()
    };
    let values = match &helm.values_object {
        Some(object) => object.to_string(),
        None => helm.values.clone(),
    };
    let or = |own: &str, other: &str| if own.is_empty() { other.to_owned() } else { own.to_owned() };
    Ok(Chart {
        folder: folder.path.to_string(),
        release: or(&helm.release_name, request.application),
        namespace: or(&helm.namespace, request.destination.namespace),
        kube_version: kube_version(&or(&helm.kube_version, request.destination.kubernetes))?,
        set: parameters(false),
        set_string: parameters(true),
        set_file,
        value_files,
        values: (!values.is_empty()).then_some(values),
        api_versions: match helm.api_versions.is_empty() {
            true => request.destination.api_versions.to_vec(),
            false => helm.api_versions,
        },
        skip_crds: helm.skip_crds,
        skip_schema_validation: helm.skip_schema_validation,
        skip_tests: helm.skip_tests,
    })
}

impl Chart {
    /// The command line (`template` in `util/helm/cmd.go`). Argo CD passes parameters in no order; here they are sorted.
    pub(super) fn command(&self) -> Command {
        let mut arguments: Vec<Argument> =
            ["template", ".", "--name-template", &self.release].map(Argument::text).into();
        let mut add = |flag: &str, value: Argument| arguments.extend([Argument::text(flag), value]);
        if !self.namespace.is_empty() {
            add("--namespace", Argument::text(&self.namespace));
        }
        if !self.kube_version.is_empty() {
            add("--kube-version", Argument::text(&self.kube_version));
        }
        for (flag, values) in [("--set", &self.set), ("--set-string", &self.set_string)] {
            for (name, value) in values {
                add(flag, Argument::Text(format!("{name}={}", escaped(value))));
            }
        }
        for (name, place) in &self.set_file {
            add("--set-file", Argument::SetFile(name.clone(), place.clone()));
        }
        for place in &self.value_files {
            add("--values", Argument::File(place.clone()));
        }
        if self.values.is_some() {
            add("--values", Argument::Values);
        }
        for version in &self.api_versions {
            add("--api-versions", Argument::text(version));
        }
        let flags = [
            (!self.skip_crds, "--include-crds"),
            (self.skip_schema_validation, "--skip-schema-validation"),
            (self.skip_tests, "--skip-tests"),
        ];
        arguments.extend(flags.iter().filter(|(on, _)| *on).map(|(_, flag)| Argument::text(*flag)));
        Command { program: Program::Helm, folder: Place::own(&self.folder), arguments }
    }

    /// The command that fetches the charts that are not in `charts/`.
    pub(super) fn dependency_build(&self) -> Command {
        let arguments = ["dependency", "build"].map(Argument::text).into();
        Command { program: Program::Helm, folder: Place::own(&self.folder), arguments }
    }

    /// Where the chart says what it is.
    pub(super) fn file(&self) -> String {
        join(&self.folder, "Chart.yaml")
    }
}

/// Commas would separate parameters: they are escaped, unless they are already or the value is a list `{…}`
/// (`cleanSetParameters` in `util/helm/cmd.go`).
pub(super) fn escaped(value: &str) -> String {
    if value.starts_with('{') && value.ends_with('}') {
        return value.to_owned();
    }
    let mut out = String::with_capacity(value.len());
    let mut before = '\0';
    for c in value.chars() {
        if c == ',' && before != '\\' {
            out.push('\\');
        }
        out.push(c);
        before = c;
    }
    out
}

/// The numbers of a Kubernetes version, without what vendors add (`parseKubeVersion` in `repository.go`, `ParseGeneric` of
/// apimachinery).
pub(super) fn kube_version(text: &str) -> Result<String, Problem> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let start = text.trim_start();
    let start = start.strip_prefix('v').unwrap_or(start);
    let mut numbers: Vec<&str> = Vec::new();
    let mut rest = start;
    loop {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        if end == 0 {
            break;
        }
        numbers.push(&rest[..end]);
        match rest[end..].strip_prefix('.') {
            Some(next) => rest = next,
            None => break,
        }
    }
    let padded = |number: &&str| number.len() > 1 && number.starts_with('0');
    if numbers.len() < 2 || numbers.iter().any(padded) {
        let message = format!("`{text}` is no Kubernetes version");
        return Err(Problem::fails(ProblemKind::RenderFailed, message).help("write it like 1.33.0"));
    }
    Ok(numbers.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas() {
        for (value, expected) in [
            ("a,b", r"a\,b"),
            (r"a\,b", r"a\,b"),
            ("{a,b}", "{a,b}"),
            ("{a,b", r"{a\,b"),
            ("", ""),
            ("{", "{"),
        ] {
            assert_eq!(escaped(value), expected, "{value}");
        }
    }

    #[test]
    fn kube_versions() {
        for (text, expected) in [
            ("v1.36.1", Some("1.36.1")),
            ("1.30", Some("1.30")),
            ("v1.30.5-eks-1552ad0", Some("1.30.5")),
            ("v1.29.3+k3s1", Some("1.29.3")),
            ("", Some("")),
            ("1.02.3", None),
            ("1", None),
            ("new", None),
        ] {
            assert_eq!(kube_version(text).ok().as_deref(), expected, "{text}");
        }
    }
}
