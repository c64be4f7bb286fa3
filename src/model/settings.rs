use super::exclusions::Exclusions;
use super::set_policy::SetPolicy;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// A version of Argo CD: major and minor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version {
    /// Major.
    pub major: u32,
    /// Minor.
    pub minor: u32,
}

impl Version {
    /// What is assumed where nobody says.
    pub const DEFAULT: Self = Self { major: 3, minor: 5 };
    /// The oldest that is known about.
    pub const OLDEST: Self = Self { major: 2, minor: 8 };
}

/// The Helm and the Kustomize that a version of Argo CD ships (`hack/tool-versions.sh`).
const SHIPPED: &[(u32, u32, &str, &str)] = &[
    (3, 5, "4.2.1", "5.8.1"),
    (3, 4, "3.19.4", "5.8.1"),
    (3, 3, "3.19.4", "5.8.0"),
    (3, 2, "3.18.4", "5.7.0"),
    (3, 1, "3.18.4", "5.7.0"),
    (3, 0, "3.17.1", "5.6.0"),
    (2, 14, "3.16.3", "5.4.3"),
];

impl Version {
    /// The Helm that it ships; None where that is not known.
    pub fn helm(self) -> Option<&'static str> {
        self.shipped().map(|(_, _, helm, _)| *helm)
    }

    /// The Kustomize that it ships; None where that is not known.
    pub fn kustomize(self) -> Option<&'static str> {
        self.shipped().map(|(.., kustomize)| *kustomize)
    }

    fn shipped(self) -> Option<&'static (u32, u32, &'static str, &'static str)> {
        SHIPPED.iter().find(|(major, minor, ..)| (*major, *minor) == (self.major, self.minor))
    }
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no version of Argo CD such as 3.5");
        let mut parts = text.trim_start_matches('v').split('.');
        let mut number = || parts.next().and_then(|part| part.parse().ok()).ok_or_else(wrong);
        let version = Self { major: number()?, minor: number()? };
        match version < Self::OLDEST {
            true => Err(format!(
                "Argo CD {version} is older than {}, the oldest that is known about",
                Self::OLDEST
            )),
            false => Ok(version),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// How Argo CD ties live objects to Applications (`application.resourceTrackingMethod`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tracking {
    /// By the annotation `argocd.argoproj.io/tracking-id`.
    Annotation,
    /// By that annotation, with a label for information.
    AnnotationAndLabel,
    /// By a label.
    Label,
}

impl Tracking {
    /// The method of this name; an unknown one is the default of the version (`GetTrackingMethod`).
    pub fn named(name: &str, version: Version) -> Self {
        match name {
            "annotation" => Self::Annotation,
            "annotation+label" => Self::AnnotationAndLabel,
            "label" => Self::Label,
            _ if version.major >= 3 => Self::Annotation,
            _ => Self::Label,
        }
    }
}

/// How one Argo CD instance is set up: argocd-cm and argocd-cmd-params-cm, key by key, over what it ships.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its version.
    pub version: Version,
    /// The namespace of its control plane.
    pub namespace: String,
    /// Whether somebody said which namespace that is.
    pub is_namespace_said: bool,
    /// `application.resourceTrackingMethod`.
    pub tracking: Tracking,
    /// `resource.exclusions` and `resource.inclusions`.
    pub exclusions: Exclusions,
    /// Keys of argocd-cm as written.
    pub cm: BTreeMap<String, String>,
    /// Keys of argocd-cmd-params-cm as written.
    pub params: BTreeMap<String, String>,
    /// The flags of the ApplicationSet controller; see [`Settings::applications_sync`].
    pub set_policy: SetPolicy,
    /// Nothing was added to what Argo CD ships but what is said here: no config management plugins.
    pub as_shipped: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            version: Version::DEFAULT,
            namespace: "argocd".to_owned(),
            is_namespace_said: false,
            tracking: Tracking::Annotation,
            exclusions: Exclusions::shipped(),
            cm: BTreeMap::new(),
            params: BTreeMap::new(),
            set_policy: SetPolicy::default(),
            as_shipped: false,
        }
    }
}

impl Settings {
    /// Takes over the keys of an argocd-cm. A list of exclusions that cannot be read is an error.
    pub fn apply_cm(&mut self, cm: BTreeMap<String, String>) -> Result<(), crate::yaml::de::Error> {
        if let Some(method) = cm.get("application.resourceTrackingMethod") {
            self.tracking = Tracking::named(method, self.version);
        }
        if let Some(text) = cm.get("resource.exclusions") {
            self.exclusions.exclude(text)?;
        }
        if let Some(text) = cm.get("resource.inclusions") {
            self.exclusions.include(text)?;
        }
        self.cm.extend(cm);
        Ok(())
    }

    /// Whether a tool is on: `kustomize.enable`, `helm.enable`, `jsonnet.enable`.
    pub fn enables(&self, tool: &str) -> bool {
        self.cm.get(&format!("{tool}.enable")).is_none_or(|value| value != "false")
    }

    /// The label that tells the instance (`application.instanceLabelKey`).
    pub fn instance_label(&self) -> &str {
        self.cm.get("application.instanceLabelKey").map_or("app.kubernetes.io/instance", String::as_str)
    }

    /// Upper limit, in bytes, of the YAML and JSON files of one plain folder; None where there is none.
    pub fn combined_size_limit(&self) -> Option<u64> {
        let text = self.params.get("reposerver.max.combined.directory.manifests.size");
        let limit = text.map_or(Some(10_000_000), |text| quantity(text))?;
        (limit > 0).then_some(limit)
    }

    /// Whether value files may come from addresses of this scheme (`helm.valuesFileSchemes`; http and https by default).
    pub fn allows_value_files_from(&self, scheme: &str) -> bool {
        let schemes = self.cm.get("helm.valuesFileSchemes").map_or("https,http", String::as_str);
        schemes.split(',').map(str::trim).any(|own| own.eq_ignore_ascii_case(scheme))
    }

    /// `reposerver.allow.oob.symlinks`.
    pub fn allows_links_out(&self) -> bool {
        self.params.get("reposerver.allow.oob.symlinks").is_some_and(|value| value == "true")
    }
}

/// A Kubernetes quantity such as `10M` or `1Gi`, in units; None where it is none.
fn quantity(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, suffix) = text.split_at(digits);
    let factor: u64 = match suffix {
        "" => 1,
        "k" => 1000,
        "M" => 1000 * 1000,
        "G" => 1000 * 1000 * 1000,
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}
