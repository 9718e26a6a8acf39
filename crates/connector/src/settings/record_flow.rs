//! Settings of the way back: which records flow, when, and where to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::is_loopback;
use super::span::Span;
use crate::rows::{LogRow, Row, ServiceDeskRow};
use crate::secret::{SecretRef, Secrets};

/// App setting with the logs ingestion endpoint, for a function app whose template makes the data collection rule.
pub const WORKSPACE_ENDPOINT: &str = "ITSM_WORKSPACE_ENDPOINT";
/// App setting with the immutable id of the data collection rule.
pub const WORKSPACE_RULE: &str = "ITSM_WORKSPACE_RULE";

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

impl Workspace {
    /// The workspace that the app settings name, for settings without `[workspace]`: a template knows the data collection rule only when it
    /// is made, and the package is made before. Nothing when they name none. The error says what to set.
    pub fn of_app(variables: &dyn Secrets) -> Result<Option<Self>, String> {
        let variable = |name: &str| {
            let value = variables.get(&SecretRef::variable(name)).ok()?;
            Some(value.expose().to_owned()).filter(|value| !value.is_empty())
        };
        let (endpoint, rule) = match (variable(WORKSPACE_ENDPOINT), variable(WORKSPACE_RULE)) {
            (Some(endpoint), Some(rule)) => (endpoint, rule),
            (None, None) => return Ok(None),
            (None, _) => return Err(format!("{WORKSPACE_ENDPOINT} is not set, and {WORKSPACE_RULE} is; set both or neither")),
            (_, None) => return Err(format!("{WORKSPACE_RULE} is not set, and {WORKSPACE_ENDPOINT} is; set both or neither")),
        };
        let endpoint = Url::parse(&endpoint).ok().filter(|url| url.scheme() == "https" || is_loopback(url));
        let endpoint = endpoint.ok_or_else(|| {
            format!("{WORKSPACE_ENDPOINT} is not an address; set it to https://NAME.REGION.ingest.monitor.azure.com")
        })?;
        if !is_immutable_id(&rule) {
            return Err(format!("{WORKSPACE_RULE} is not an immutable id; set it to dcr- and 32 hexadecimal digits"));
        }
        let client_id = ["AZURE_CLIENT_ID", "AzureWebJobsStorage__clientId"].into_iter().find_map(variable);
        let credential = match client_id {
            Some(client_id) => AzureCredential::UserAssignedIdentity { client_id },
            None => AzureCredential::ManagedIdentity,
        };
        let (service_desk_stream, log_stream) = (service_desk_stream(), log_stream());
        Ok(Some(Self { endpoint, rule, service_desk_stream, log_stream, cloud: Cloud::default(), credential }))
    }
}

/// Whether this can be the immutable id of a data collection rule.
pub(super) fn is_immutable_id(rule: &str) -> bool {
    let digits = rule.strip_prefix("dcr-").unwrap_or_default();
    digits.len() == 32 && digits.chars().all(|c| c.is_ascii_hexdigit())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::FixedSecrets;

    const ENDPOINT: &str = "https://itsm-ab12.westeurope-1.ingest.monitor.azure.com";
    const RULE: &str = "dcr-0123456789abcdef0123456789abcdef";

    fn app(settings: &[(&str, &str)]) -> Result<Option<Workspace>, String> {
        Workspace::of_app(&settings.iter().fold(FixedSecrets::default(), |all, (name, value)| all.with(name, value)))
    }

    #[test]
    fn the_rule_of_the_app_settings_is_written_to_with_the_identity_of_the_app() {
        let both = [(WORKSPACE_ENDPOINT, ENDPOINT), (WORKSPACE_RULE, RULE)];
        let workspace = app(&both).unwrap().unwrap();
        assert_eq!((workspace.endpoint.host_str(), workspace.rule.as_str()), (ENDPOINT.strip_prefix("https://"), RULE));
        assert_eq!(workspace.service_desk_stream, "Custom-ServiceDesk");
        assert_eq!(workspace.log_stream, "Custom-ServiceDeskLog");
        assert!(matches!(workspace.credential, AzureCredential::ManagedIdentity));
        for name in ["AZURE_CLIENT_ID", "AzureWebJobsStorage__clientId"] {
            let workspace = app(&[both[0], both[1], (name, "1234")]).unwrap().unwrap();
            assert!(matches!(workspace.credential, AzureCredential::UserAssignedIdentity { client_id } if client_id == "1234"));
        }
    }

    #[test]
    fn no_workspace_is_no_error_and_half_of_one_is() {
        assert!(app(&[]).unwrap().is_none());
        assert!(app(&[(WORKSPACE_ENDPOINT, ""), (WORKSPACE_RULE, "")]).unwrap().is_none());
        assert!(app(&[(WORKSPACE_ENDPOINT, ENDPOINT)]).unwrap_err().starts_with("ITSM_WORKSPACE_RULE is not set"));
        assert!(app(&[(WORKSPACE_RULE, RULE)]).unwrap_err().starts_with("ITSM_WORKSPACE_ENDPOINT is not set"));
        for wrong in ["itsm", "http://itsm.example"] {
            let told = app(&[(WORKSPACE_ENDPOINT, wrong), (WORKSPACE_RULE, RULE)]).unwrap_err();
            assert!(told.contains("not an address"), "{told}");
        }
        let named = app(&[(WORKSPACE_ENDPOINT, ENDPOINT), (WORKSPACE_RULE, "itsm")]).unwrap_err();
        assert!(named.contains("not an immutable id"), "{named}");
    }
}
