//! Settings that only ServiceNow knows.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret::SecretRef;

/// The settings of a connection that only ServiceNow has.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ServiceNowConnection")]
pub struct Config {
    /// How to authenticate. Secrets are given as `"$NAME"`, the name of an environment variable, or as
    /// `"@NAME"`, the name of a secret in the vault of `key_vault`.
    pub auth: ServiceNowAuth,
    /// What only ServiceNow knows.
    #[serde(default)]
    pub servicenow: ServiceNowSettings,
}

/// How to authenticate at a ServiceNow instance.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ServiceNowAuth {
    /// User name and password with every call. Newer releases begin to refuse it for users without the role
    /// `snc_basic_auth_api_access`.
    Basic {
        /// Integration user.
        username: String,
        /// Its password, `"$NAME"`.
        password: SecretRef,
    },
    /// OAuth password grant, kept alive by refresh tokens; as the old connector did.
    OauthPassword {
        /// OAuth application.
        client_id: String,
        /// Its secret, `"$NAME"`.
        client_secret: SecretRef,
        /// Integration user.
        username: String,
        /// Its password, `"$NAME"`.
        password: SecretRef,
    },
    /// OAuth client credentials; needs `glide.oauth.inbound.client.credential.grant_type.enabled` and an application user.
    ClientCredentials {
        /// OAuth application.
        client_id: String,
        /// Its secret, `"$NAME"`.
        client_secret: SecretRef,
    },
    /// API key in the header `x-sn-apikey`.
    ApiKey {
        /// The key, `"$NAME"`.
        key: SecretRef,
    },
}

/// What only ServiceNow knows.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ServiceNowSettings {
    /// How incidents are written: `table` (Table API, default) or `import_set` (staging table of Microsoft's store app).
    pub write: WriteMode,
    /// Staging table and columns of `import_set`.
    pub import_set: ImportSet,
    /// How events are sent: `em_event` (Table API, default: answers an id) or `jsonv2` (event web service: bulk, no business
    /// rules).
    pub events: EventMode,
    /// State value that a resolved incident gets.
    pub resolved_state: String,
    /// State value that a reopened incident gets.
    pub reopened_state: String,
    /// State values that are never touched.
    pub closed_states: Vec<String>,
    /// Table for configuration items that are created.
    pub ci_class: String,
    /// Field of `cmdb_ci` that holds the ARM id, when there is one (`correlation_id`, `object_id`, `u_azure_resource_id`).
    pub ci_resource_id_field: String,
    /// Whether field values of mapping and choices are display values ("Network") instead of actual ones ("network").
    pub input_display_value: bool,
    /// `source` of events and alerts.
    pub event_source: String,
}

impl Default for ServiceNowSettings {
    fn default() -> Self {
        Self {
            write: WriteMode::Table,
            import_set: ImportSet::default(),
            events: EventMode::EmEvent,
            resolved_state: "6".to_owned(),
            reopened_state: "2".to_owned(),
            closed_states: vec!["7".to_owned(), "8".to_owned()],
            ci_class: "cmdb_ci_computer".to_owned(),
            ci_resource_id_field: "correlation_id".to_owned(),
            input_display_value: false,
            event_source: "AzureMonitor".to_owned(),
        }
    }
}

/// How incidents are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WriteMode {
    /// Table API.
    Table,
    /// Import Set API; the record that comes of it is read back by the Table API.
    ImportSet,
}

/// How events are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventMode {
    /// Table API on `em_event`.
    EmEvent,
    /// `POST /api/global/em/jsonv2`.
    Jsonv2,
}

/// Staging table of the Import Set API.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ImportSet {
    /// Staging table.
    pub table: String,
    /// Incident field to staging column, where the names differ. Microsoft never published its columns: look them up in the
    /// instance.
    pub columns: BTreeMap<String, String>,
}

impl Default for ImportSet {
    fn default() -> Self {
        Self { table: "x_mioms_microsoft_oms_incident".to_owned(), columns: BTreeMap::new() }
    }
}
