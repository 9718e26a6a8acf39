//! `connector.toml`: connections, mapping, policies. The types here are the one source of the JSON Schema and of the commented
//! sample. Durations are texts like `"30s"`, `"5m"`, `"7d"`.

pub mod key_vault;
pub mod problem;
mod read;
pub mod record_flow;
mod schema;
mod secrets;
mod shape;
pub mod source;
pub mod span;
pub mod storage;
pub mod telemetry;
pub mod validate;

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::alert::Severity;
use crate::provider::product::Product;
use crate::route::Route;
use crate::secret::SecretRef;
use crate::work_item::WorkItemType;
pub use key_vault::KeyVault;
pub use read::Document;
pub use record_flow::{AzureCredential, Cloud, Schedule, SyncSettings, Workspace};
pub use schema::schema;
pub use source::Source;
use span::Span;
pub use storage::Storage;
pub use telemetry::Telemetry;

/// The whole file.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// ITSM instances by name: letters, digits, `-` and `_`.
    pub connections: BTreeMap<String, Connection>,
    /// Named choices for `POST /api/alerts/{route}`. A route may not have the name of a connection.
    #[serde(default)]
    pub route: BTreeMap<String, Route>,
    /// Who may post alerts.
    #[serde(default)]
    pub intake: Intake,
    /// How deliveries are retried.
    #[serde(default)]
    pub delivery: DeliverySettings,
    /// How long finished things are kept.
    #[serde(default)]
    pub retention: Retention,
    /// When records are synced and configuration is refreshed.
    #[serde(default)]
    pub schedule: Schedule,
    /// The Log Analytics workspace that rows go to; without it they are kept in the embedded database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<Workspace>,
    /// The storage account that state and deliveries are kept in; without it, on one machine, the embedded database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<Box<Storage>>,
    /// The Key Vault that secrets come from which are written `"@NAME"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_vault: Option<Box<KeyVault>>,
    /// The collector that traces and metrics go to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telemetry: Option<Box<Telemetry>>,
}

/// One configured ITSM instance.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("unevaluatedProperties" = false))]
pub struct Connection {
    /// Which ITSM product, and what only it knows; how to authenticate is part of that.
    #[serde(flatten)]
    pub product: Product,
    /// Address of the instance, `https://NAME.service-now.com`. Plain http is allowed to loopback only.
    pub url: Url,
    /// Reads only: look-ups are done, writes are logged and not done.
    #[serde(default)]
    pub dry_run: bool,
    /// Requests at the same time, at most.
    #[serde(default = "defaults::concurrency")]
    pub concurrency: usize,
    /// A call that takes longer is given up.
    #[serde(default = "defaults::timeout")]
    pub timeout: Span,
    /// After a create whose outcome is unknown and whose record cannot be found, this long passes before it is tried again, so
    /// that a transaction still running in the ITSM tool cannot make a second record. ServiceNow cancels its transactions
    /// after 60 s.
    #[serde(default = "defaults::ambiguous_wait")]
    pub ambiguous_wait: Span,
    /// PEM file of an additional certificate authority to trust (a private CA before the instance).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_certificate: Option<PathBuf>,
    /// What happens to work items over time.
    #[serde(default)]
    pub policy: Policy,
    /// Incidents.
    #[serde(default)]
    pub incident: Mapping,
    /// Events.
    #[serde(default)]
    pub event: Mapping,
    /// Alert records.
    #[serde(default)]
    pub alert: Mapping,
    /// Azure severity to impact and urgency: `Sev0 = { impact = "1", urgency = "1" }`. Severities not named keep their default.
    #[serde(default)]
    #[schemars(schema_with = "schema::by_severity")]
    pub severity: BTreeMap<Severity, SeverityMap>,
    /// Severity of an alert that has none (budgets, unknown payloads).
    #[serde(default = "defaults::severity")]
    pub default_severity: Severity,
    /// Configuration items.
    #[serde(default)]
    pub configuration_item: ConfigurationItemSettings,
    /// Which records flow back.
    #[serde(default)]
    pub sync: SyncSettings,
}

impl Connection {
    /// The mapping of one work item type.
    #[must_use]
    pub const fn mapping(&self, kind: WorkItemType) -> &Mapping {
        match kind {
            WorkItemType::Incident => &self.incident,
            WorkItemType::Event => &self.event,
            WorkItemType::Alert => &self.alert,
        }
    }

    /// Fields, by the tool's own names, that follow the alert when it fires again.
    #[must_use]
    pub fn following(&self) -> Vec<String> {
        self.policy.update_fields.clone().unwrap_or_else(|| self.product.words().following)
    }
}

/// Impact and urgency by the ITSM tool's own values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeverityMap {
    /// Impact.
    pub impact: String,
    /// Urgency.
    pub urgency: String,
}

/// How one work item type is filled. Everything is optional: without any of it the defaults are good.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Template of the title (minijinja over `alert`); default the alert's title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Template of the description; default the alert's body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Templates by the tool's own field names; an empty result leaves the field out.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// Name of a template kept in the ITSM tool, used when the route or URL names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
}

/// What happens to work items over time.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// What a resolved alert does.
    pub on_resolve: OnResolve,
    /// Close code of the resolution; default: the first of the instance's own list that fits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub close_code: Option<String>,
    /// Template of the close notes.
    pub close_notes: String,
    /// A new firing this long after the resolution reopens the work item; later, it makes a new one that names the old.
    pub reopen_window: Span,
    /// At least this long between two work notes about repeats; those between are counted. `"0s"` notes each.
    pub repeat_note_interval: Span,
    /// Fields (by the tool's own names) that follow the alert when it fires again, unless a person changed them. Default: those
    /// that carry its severity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_fields: Option<Vec<String>>,
    /// Work items that one alert may make at most (`per = "ci"` and `per = "row"`); the rest is named in the last one.
    pub max_work_items: usize,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            on_resolve: OnResolve::Resolve,
            close_code: None,
            close_notes: "Azure Monitor reports that the condition is over{% if alert.resolved_at %} since {{ alert.resolved_at }}{% endif %}.".to_owned(),
            reopen_window: Span::hours(24),
            repeat_note_interval: Span::seconds(0),
            update_fields: None,
            max_work_items: 100,
        }
    }
}

/// What a resolved alert does to its work item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnResolve {
    /// Resolves it.
    Resolve,
    /// Appends a work note.
    Note,
    /// Nothing.
    Ignore,
}

/// How configuration items are found.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConfigurationItemSettings {
    /// Whether to look for one at all.
    pub link: bool,
    /// Creates a missing one. Default off, as in the old connector.
    pub create: bool,
    /// When several fit equally: `none` (default) or `first`.
    pub ambiguous: Ambiguous,
}

impl Default for ConfigurationItemSettings {
    fn default() -> Self {
        Self { link: true, create: false, ambiguous: Ambiguous::None }
    }
}

/// What to do when several configuration items fit equally.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Ambiguous {
    /// Link none and say so.
    None,
    /// Link the one updated last.
    First,
}

/// Who may post alerts.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Intake {
    /// Accepted keys, each `"$NAME"` or `"@NAME"`; several allow rotation. Sent in the header `x-functions-key` or as query parameter `code`.
    pub api_keys: Vec<SecretRef>,
    /// Entra bearer tokens, as a secure webhook sends them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entra: Option<Entra>,
    /// Largest accepted body in bytes; Azure's alerts stay below 256 KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_body_bytes: Option<usize>,
}

/// Which Entra tokens are accepted.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entra {
    /// Tenant id.
    pub tenant: String,
    /// Accepted audiences: our app's client id and its identifier URI.
    pub audiences: Vec<String>,
    /// Accepted callers: application ids. Default: Azure Monitor's own (`461e8683-5575-4561-ac7f-899cc907d62a`).
    #[serde(default = "defaults::callers")]
    pub callers: Vec<String>,
    /// A role the token must hold. Default `ActionGroupsSecureWebhook`; empty: none.
    #[serde(default = "defaults::role")]
    pub role: String,
    /// Address of the sign-in service; other clouds have their own.
    #[serde(default = "defaults::authority")]
    pub authority: Url,
}

/// How deliveries are retried.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeliverySettings {
    /// A delivery that could not be made for this long becomes a dead letter.
    pub retry_for: Span,
    /// First wait between attempts; each further one doubles, with full jitter.
    pub first_wait: Span,
    /// Longest wait between attempts.
    pub longest_wait: Span,
}

impl Default for DeliverySettings {
    fn default() -> Self {
        Self { retry_for: Span::hours(7 * 24), first_wait: Span::seconds(2), longest_wait: Span::seconds(600) }
    }
}

/// How long finished things are kept.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Finished deliveries (without their payload).
    pub deliveries: Span,
    /// Dead letters.
    pub dead_letters: Span,
    /// Correlations whose work item was not touched for this long.
    pub correlations: Span,
    /// Rows of `ServiceDesk_CL` kept in the embedded database; a workspace has its own retention.
    pub records: Span,
    /// Rows of `ServiceDeskLog_CL` kept in the embedded database.
    pub log: Span,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            deliveries: Span::hours(3 * 24),
            dead_letters: Span::hours(90 * 24),
            correlations: Span::hours(90 * 24),
            records: Span::hours(120 * 24),
            log: Span::hours(30 * 24),
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

mod defaults {
    use super::{Severity, Span, Url};

    pub(super) const fn concurrency() -> usize {
        4
    }
    pub(super) const fn timeout() -> Span {
        Span::seconds(30)
    }
    pub(super) const fn ambiguous_wait() -> Span {
        Span::seconds(65)
    }
    pub(super) const fn severity() -> Severity {
        Severity::Sev3
    }
    pub(super) fn callers() -> Vec<String> {
        vec!["461e8683-5575-4561-ac7f-899cc907d62a".to_owned()]
    }
    pub(super) fn role() -> String {
        "ActionGroupsSecureWebhook".to_owned()
    }
    #[expect(clippy::expect_used, reason = "a constant that a test covers")]
    pub(super) fn authority() -> Url {
        Url::parse("https://login.microsoftonline.com/").expect("a constant URL")
    }
}
