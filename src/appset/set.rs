//! The ApplicationSet itself: what the API server makes of it and what it asks for.

use serde_json::Value as Json;

use crate::appset::admission::{check, metadata_problems, prune};
use crate::appset::functions::{TOO_DEEP, nests_too_deep};
use crate::appset::generators::kinds_of;
use crate::appset::schema::APPLICATION_SET;
use crate::model::ApplicationsSync;

/// An ApplicationSet as the API server would store it.
#[derive(Clone, Debug)]
pub struct ApplicationSet {
    pub(super) object: Json,
    /// The paths of fields that the schema does not know and the API server drops.
    pub dropped: Vec<String>,
}

/// Why the API server refuses an ApplicationSet: one message for each field, sorted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.messages.join("; "))]
pub struct Refused {
    /// What is wrong, each with the path of the field.
    pub messages: Vec<String>,
    /// The paths of fields that were dropped before.
    pub dropped: Vec<String>,
}

impl ApplicationSet {
    /// Reads an ApplicationSet as the API server takes it: unknown fields are dropped, the rest is checked
    /// against the schema. Without a namespace it lies in `namespace`.
    ///
    /// # Errors
    ///
    /// When the API server would refuse it.
    pub fn admit(object: &Json, namespace: &str) -> Result<ApplicationSet, Refused> {
        if nests_too_deep(object) {
            return Err(Refused { messages: vec![TOO_DEEP.to_owned()], dropped: Vec::new() });
        }
        let mut object = object.clone();
        if object["apiVersion"] != "argoproj.io/v1alpha1" || object["kind"] != "ApplicationSet" {
            let messages = vec!["not an ApplicationSet of argoproj.io/v1alpha1".to_owned()];
            return Err(Refused { messages, dropped: Vec::new() });
        }
        if let Some(metadata) = object.get_mut("metadata").and_then(Json::as_object_mut)
            && metadata.get("namespace").is_none_or(|there| there.as_str().is_none_or(str::is_empty))
        {
            metadata.insert("namespace".to_owned(), namespace.into());
        }
        let dropped = prune(&mut object, &APPLICATION_SET);
        let mut messages = metadata_problems(&object["metadata"]);
        messages.extend(check(&object, &APPLICATION_SET));
        if !messages.is_empty() {
            messages.sort();
            return Err(Refused { messages, dropped });
        }
        Ok(ApplicationSet { object, dropped })
    }

    /// `metadata.name`
    pub fn name(&self) -> &str {
        self.object["metadata"]["name"].as_str().unwrap_or_default()
    }

    /// `metadata.namespace`, which is also that of every Application.
    pub fn namespace(&self) -> &str {
        self.object["metadata"]["namespace"].as_str().unwrap_or_default()
    }

    /// The whole object as stored.
    pub fn object(&self) -> &Json {
        &self.object
    }

    pub(super) fn spec(&self) -> &Json {
        &self.object["spec"]
    }

    /// `spec.goTemplate`
    pub fn uses_go_template(&self) -> bool {
        self.spec()["goTemplate"].as_bool().unwrap_or(false)
    }

    /// `spec.goTemplateOptions`
    pub fn go_template_options(&self) -> Vec<&str> {
        self.spec()["goTemplateOptions"].as_array().into_iter().flatten().filter_map(Json::as_str).collect()
    }

    /// `spec.syncPolicy.preserveResourcesOnDeletion`
    pub fn preserves_resources(&self) -> bool {
        self.spec()["syncPolicy"]["preserveResourcesOnDeletion"].as_bool().unwrap_or(false)
    }

    /// `spec.syncPolicy.applicationsSync`, when it is given.
    pub fn applications_sync(&self) -> Option<ApplicationsSync> {
        self.spec()["syncPolicy"]["applicationsSync"].as_str().and_then(ApplicationsSync::named)
    }

    /// The entries of `spec.generators` that hold no generator that Argo CD knows; they give nothing, and that
    /// is no error.
    pub fn empty_generators(&self) -> Vec<usize> {
        let entries = self.spec()["generators"].as_array().into_iter().flatten().enumerate();
        entries.filter(|(_, entry)| kinds_of(entry).next().is_none()).map(|(index, _)| index).collect()
    }
}
