//! Settings of the way back: which records flow, when, and where to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::span::Span;
use crate::rows::{LogRow, Row, ServiceDeskRow};
use crate::secret::SecretRef;

/// Which records of a connection flow into the workspace.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SyncSettings {
    /// Whether incidents are synced.
    pub incidents: bool,
    /// Whether change requests are synced.
    pub changes: bool,
    /// The first load reads records changed in so many days, 1 to 120.
    pub days: u16,
    /// Records on a page, 10 to 10000.
    pub page_size: u32,
    /// Each increment reads this far back again, for changes that became visible later than their time stamp says.
    pub overlap: Span,
    /// Narrows incidents by the tool's own query (ServiceNow: an encoded query without ^NQ and ORDERBY).
    pub incident_query: String,
    /// Narrows change requests in the same way.
    pub change_query: String,
    /// Whether deleted and archived records are looked for, where the tool tells.
    pub gone: bool,
}

impl Default for SyncSettings {
    fn default() -> Self {
        Self {
            incidents: true,
            changes: true,
            days: 30,
            page_size: 1000,
            overlap: Span::seconds(300),
            incident_query: String::new(),
            change_query: String::new(),
            gone: true,
        }
    }
}

/// When things happen by themselves: six-field NCRONTAB expressions (second, minute, hour, day, month, day of week), UTC, as the
/// Functions host reads them. An empty text: never.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Schedule {
    /// Records of all connections are synced.
    pub sync: String,
    /// A sync stops after this long and goes on the next time.
    pub sync_budget: Span,
    /// Templates, choices, groups and field lengths are read again.
    pub configuration_refresh: String,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            sync: "0 */5 * * * *".to_owned(),
            sync_budget: Span::seconds(240),
            configuration_refresh: "0 0 3 * * *".to_owned(),
        }
    }
}

/// A Log Analytics workspace behind a data collection rule.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Workspace {
    /// The rule's own logs ingestion endpoint, or that of a data collection endpoint.
    pub endpoint: Url,
    /// The rule's immutable id, `dcr-` and 32 digits.
    pub rule: String,
    /// Stream of `ServiceDesk_CL`.
    #[serde(default = "service_desk_stream")]
    pub service_desk_stream: String,
    /// Stream of `ServiceDeskLog_CL`.
    #[serde(default = "log_stream")]
    pub log_stream: String,
    /// The cloud: decides what tokens are asked for.
    #[serde(default)]
    pub cloud: Cloud,
    /// Who the connector is towards Azure.
    #[serde(default)]
    pub credential: AzureCredential,
}

/// An Azure cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cloud {
    /// Azure.
    #[default]
    Public,
    /// Azure Government.
    UsGovernment,
    /// Azure operated by 21Vianet.
    China,
}

/// Who the connector is towards Azure.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum AzureCredential {
    /// The managed identity of the machine or function app.
    #[default]
    ManagedIdentity,
    /// A user-assigned managed identity.
    UserAssignedIdentity {
        /// Its client id.
        client_id: String,
    },
    /// Workload identity of a Kubernetes pod, from its environment.
    WorkloadIdentity,
    /// An app registration with a secret.
    ClientSecret {
        /// Tenant id.
        tenant: String,
        /// Client id of the app registration.
        client_id: String,
        /// Its secret, `"$NAME"` or `"@NAME"`.
        secret: SecretRef,
    },
    /// Whoever is signed in with the Azure CLI or the Azure Developer CLI.
    DeveloperTools,
    /// A bearer token as it stands; it is not renewed. For trials and tests.
    Token {
        /// The token, `"$NAME"` or `"@NAME"`.
        token: SecretRef,
    },
}

fn service_desk_stream() -> String {
    ServiceDeskRow::STREAM.to_owned()
}

fn log_stream() -> String {
    LogRow::STREAM.to_owned()
}
