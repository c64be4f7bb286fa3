use super::settings::Settings;
use schemars::JsonSchema;
use serde::Deserialize;

/// `spec.syncPolicy.applicationsSync`: what an ApplicationSet does to its Applications.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ApplicationsSync {
    /// Creates, changes and deletes them.
    #[default]
    Sync,
    /// Creates them.
    CreateOnly,
    /// Creates and changes them.
    CreateUpdate,
    /// Creates and deletes them.
    CreateDelete,
}

impl ApplicationsSync {
    /// The policy of this name, as the field and the controller's flag `--policy` have it.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "sync" => Self::Sync,
            "create-only" => Self::CreateOnly,
            "create-update" => Self::CreateUpdate,
            "create-delete" => Self::CreateDelete,
            _ => return None,
        })
    }

    /// Whether an existing Application follows its template.
    pub fn updates(self) -> bool {
        matches!(self, Self::Sync | Self::CreateUpdate)
    }

    /// Whether an Application that is no longer generated is deleted.
    pub fn deletes(self) -> bool {
        matches!(self, Self::Sync | Self::CreateDelete)
    }
}

/// The flags of the ApplicationSet controller that bound `applicationsSync`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct SetPolicy {
    /// `--policy`.
    pub flag: Option<ApplicationsSync>,
    /// `--enable-policy-override`: whether a set may say otherwise.
    pub allow_override: Option<bool>,
}

const POLICY: &str = "applicationsetcontroller.policy";
const OVERRIDE: &str = "applicationsetcontroller.enable.policy.override";

impl Settings {
    /// What the controller does to the Applications of a set that asks for `own` (`DefaultPolicy` in
    /// `applicationset/utils/policy.go`).
    ///
    /// A set may overrule the controller unless `--enable-policy-override` says no. That flag is off by default only
    /// where the policy comes from the environment, that is from argocd-cmd-params-cm: its default is computed before
    /// flags are read.
    pub fn applications_sync(&self, own: Option<ApplicationsSync>) -> ApplicationsSync {
        let set = self.params.get(POLICY).filter(|policy| !policy.is_empty());
        let controller = match set {
            Some(name) => ApplicationsSync::named(name),
            None => self.set_policy.flag,
        };
        let switched = self.switch(OVERRIDE).or(self.set_policy.allow_override);
        let overrides = switched.unwrap_or(set.is_none());
        own.filter(|_| overrides).or(controller).unwrap_or_default()
    }

    /// A key of argocd-cmd-params-cm that is a truth value (`strconv.ParseBool`); None where it is none.
    pub fn switch(&self, key: &str) -> Option<bool> {
        match self.params.get(key)?.as_str() {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ApplicationsSync::{CreateOnly, CreateUpdate, Sync};
    use super::*;

    #[test]
    fn who_decides() {
        let flag = |flag, allow_override| SetPolicy { flag, allow_override };
        for (flags, params, own, expected) in [
            (flag(None, None), &[][..], None, Sync),
            (flag(None, None), &[], Some(CreateOnly), CreateOnly),
            (flag(Some(CreateOnly), None), &[], None, CreateOnly),
            // merges/controller-create-only-set-says-sync
            (flag(Some(CreateOnly), None), &[], Some(Sync), Sync),
            (flag(Some(CreateOnly), Some(false)), &[], Some(Sync), CreateOnly),
            // merges/setting-create-only-set-says-sync
            (flag(None, None), &[(POLICY, "create-only")], Some(Sync), CreateOnly),
            (flag(None, None), &[(POLICY, "create-only"), (OVERRIDE, "true")], Some(Sync), Sync),
            (flag(None, Some(true)), &[(POLICY, "create-only")], Some(Sync), Sync),
            (flag(Some(CreateUpdate), None), &[(POLICY, "create-only")], None, CreateOnly),
            (flag(None, None), &[(POLICY, "")], Some(CreateOnly), CreateOnly),
        ] {
            let settings = Settings {
                set_policy: flags,
                params: params.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
                ..Settings::default()
            };
            assert_eq!(settings.applications_sync(own), expected, "{flags:?} {params:?} {own:?}");
        }
    }
}
