//! What the Functions host and the platform before it have checked when a request reaches us: function keys, by `authLevel` of each
//! function.json, and App Service authentication. Read once at start, from the folders beside host.json.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use axum::Extension;
use axum::routing::MethodRouter;
use serde::Deserialize;

use crate::edge::Edge;
use crate::refusals;

/// A function with an HTTP trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HttpFunction {
    /// `alert_intake`.
    AlertIntake,
    /// `work_item_create`.
    WorkItemCreate,
    /// `sync_now`.
    SyncNow,
    /// `status`.
    Status,
}

impl HttpFunction {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::AlertIntake, Self::WorkItemCreate, Self::SyncNow, Self::Status];

    /// Its folder, which is the name that the host knows it by.
    #[must_use]
    pub const fn folder(self) -> &'static str {
        match self {
            Self::AlertIntake => "alert_intake",
            Self::WorkItemCreate => "work_item_create",
            Self::SyncNow => "sync_now",
            Self::Status => "status",
        }
    }

    /// Whether a request that it refuses is work that is lost.
    #[must_use]
    pub const fn brings_work(self) -> bool {
        matches!(self, Self::AlertIntake | Self::WorkItemCreate)
    }

    /// The handlers of `route`, knowing which function they belong to. What they refuse is told.
    pub(crate) fn serves(self, edge: &Arc<Edge>, route: MethodRouter<Arc<Edge>>) -> MethodRouter<Arc<Edge>> {
        refusals::told_of(edge, self.brings_work(), route).layer(Extension(self))
    }
}

/// What stands before us. The default is nothing: every caller is asked by ourselves.
#[derive(Debug, Clone, Default)]
pub struct Host {
    keyed: BTreeSet<HttpFunction>,
    platform: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Binding {
    #[serde(rename = "type")]
    kind: String,
    /// Without it the host asks for a function key.
    auth_level: Option<String>,
}

#[derive(Deserialize)]
struct FunctionJson {
    bindings: Vec<Binding>,
}

impl Host {
    /// Reads the function.json files below `app_root`. `platform` says that App Service authentication stands before the host, so that
    /// no caller can write `X-MS-CLIENT-PRINCIPAL` himself. A function whose file cannot be read
    /// is taken for one that the host lets everybody call.
    #[must_use]
    pub fn read(app_root: &Path, platform: bool) -> Self {
        let keyed = |function: &HttpFunction| {
            let path = app_root.join(function.folder()).join("function.json");
            let file = fs::read(&path).ok().and_then(|text| serde_json::from_slice::<FunctionJson>(&text).ok());
            let Some(file) = file else {
                tracing::warn!(path = %path.display(), "function.json cannot be read: callers of this function are asked for a key of [intake]");
                return false;
            };
            let mut triggers = file.bindings.iter().filter(|binding| binding.kind.eq_ignore_ascii_case("httpTrigger"));
            triggers.next().is_some_and(|trigger| {
                let level = trigger.auth_level.as_deref().unwrap_or("function");
                level.eq_ignore_ascii_case("function") || level.eq_ignore_ascii_case("admin")
            })
        };
        Self { keyed: HttpFunction::ALL.into_iter().filter(keyed).collect(), platform }
    }

    /// Whether the host lets only those call `function` who have a key of its.
    #[must_use]
    pub fn asks_for_key(&self, function: HttpFunction) -> bool {
        self.keyed.contains(&function)
    }

    /// Whether `X-MS-CLIENT-PRINCIPAL` is the platform's word.
    #[must_use]
    pub const fn names_callers(&self) -> bool {
        self.platform
    }
}
