//! What to do about a row, where no rule has more to say about it.

use super::{Change, steps};
use crate::forecast::{Danger, Outcome, Row};
use crate::model::Manifest;

/// The safe order of steps around what happens to one object, in the names and files of this repository; empty where
/// nothing is in danger.
pub fn advice(change: &Change<'_>, row: &Row) -> String {
    if row.danger < Danger::Blocked {
        return String::new();
    }
    let app = row.application.as_deref();
    let file =
        row.base.as_ref().map_or_else(String::new, |manifest| format!(" in {}", steps::file(manifest)));
    let meant = || steps::acknowledge(&row.key);
    match row.cause.code {
        "prune" if row.to_application.is_some() => format!(
            "in three merges: {}",
            steps::plan([
                format!("put `{}` on {}{file} and {}", steps::KEEP, row.key, steps::until_synced(app)),
                format!("then move it to `{}`", row.to_application.as_deref().unwrap_or_default()),
                "then take the option off again".to_owned(),
            ])
        ),
        "prune" | "owner-deleted" => format!(
            "if it is to stay, put it back{}, or let go of it in two merges: {}; if it is to go, {}",
            brought_back(change, row),
            steps::plan([
                format!("put `{}` on {}{file} and {}", steps::KEEP, row.key, steps::until_synced(app)),
                "then take it away: it stays, and nobody owns it".to_owned(),
            ]),
            meant()
        ),
        "application-deleted" | "not-generated" | "namespace-deleted" | "definition-deleted" => {
            format!("keep what it goes with, or {}", meant())
        }
        "force" | "replace-force" => format!(
            "take the option that replaces {} off{file} and merge that first; then change what can be changed in place",
            row.key
        ),
        "role-ref-changed" => format!(
            "make a binding of another name beside {} and wait until it is applied; remove this one in a second merge",
            row.key
        ),
        "hook-policy" => "give the object a name that changes with it, or make it no hook".to_owned(),
        "destination-changed" => format!(
            "in two merges: {}",
            steps::plan([
                format!(
                    "add an Application of another name for the new cluster, and {}",
                    steps::until_synced(None)
                ),
                format!(
                    "then remove {}, with its finalizer on",
                    app.map_or_else(|| row.key.to_string(), |app| format!("`{app}`"))
                ),
            ])
        ),
        "definition-untracked" => format!(
            "nothing needs to be done now; when no object of its kind is left, delete {} by hand",
            row.key
        ),
        "application-gone" | "not-listed" => {
            format!("let another Application have {}, or delete it by hand when nobody needs it", row.key)
        }
        "render-fails" | "spec-refused" | "sync-refused" | "apply-fails" | "application-missing" => {
            "mend that first: until then its Application does nothing of this commit".to_owned()
        }
        "project-missing" => {
            "remove the Applications first, and the AppProject when they are gone".to_owned()
        }
        "claim-in-use" | "volume-bound" | "namespace-not-empty" | "object-stuck" => {
            "take away in this order, one merge after the other: what uses it, then it".to_owned()
        }
        "finalizer" | "skip-reconcile" | "not-watched" => {
            format!("take what holds {} off in a merge before this", row.key)
        }
        "prune-confirm" | "delete-confirm" => {
            "approve it in Argo CD once this is merged, or put the manifest back".to_owned()
        }
        _ if row.outcome == Outcome::Blocked => "mend that, and sync again".to_owned(),
        _ => meant(),
    }
}

/// Where the manifest still stands in head, though nobody deploys it from there.
fn brought_back(change: &Change<'_>, row: &Row) -> String {
    let written: Option<&Manifest> = change.written(row);
    written.map_or_else(String::new, |manifest| format!(" (it still stands in `{}`)", manifest.path()))
}
