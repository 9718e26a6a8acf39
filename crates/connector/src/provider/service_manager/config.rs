//! Settings that only System Center Service Manager knows. It has no REST interface of its own, so a connection speaks to one of
//! two things that stand before it: this project's gateway, or the Cireson portal.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

pub use super::cireson::config::CiresonSettings;
use crate::secret::SecretRef;
use crate::settings::span::Span;

/// The settings of a connection that only Service Manager has.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ServiceManagerConnection")]
pub struct Config {
    /// How to authenticate. Secrets are given as `"$NAME"`, the name of an environment variable, or as
    /// `"@NAME"`, the name of a secret in the vault of `key_vault`.
    pub auth: ServiceManagerAuth,
    /// What only Service Manager knows.
    #[serde(default)]
    pub service_manager: ServiceManagerSettings,
}

impl Config {
    /// What stands before Service Manager: as set, else as `auth` tells.
    #[must_use]
    pub const fn adapter(&self) -> Adapter {
        match (self.service_manager.adapter, &self.auth) {
            (Some(adapter), _) => adapter,
            (None, ServiceManagerAuth::Password { .. } | ServiceManagerAuth::PortalToken { .. }) => Adapter::Cireson,
            (None, ServiceManagerAuth::SharedSecret { .. } | ServiceManagerAuth::ClientCredentials { .. }) => Adapter::Gateway,
        }
    }
}

/// How to authenticate at what stands before Service Manager.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ServiceManagerAuth {
    /// The SM gateway's shared secret.
    SharedSecret {
        /// The secret whose SHA-256 the gateway keeps, `"$NAME"`.
        secret: SecretRef,
    },
    /// Microsoft Entra ID client credentials, for an SM gateway that accepts its tokens.
    ClientCredentials {
        /// Tenant id, or a domain of the tenant.
        tenant: String,
        /// Application (client) id of this connector.
        client_id: String,
        /// Its secret, `"$NAME"`.
        client_secret: SecretRef,
        /// What tokens are asked for: the gateway's application id URI and `/.default` (`api://sm-gateway/.default`).
        scope: String,
        /// Address of the sign-in service; other clouds have their own.
        #[serde(default = "authority")]
        authority: Url,
    },
    /// User name and password for the Cireson portal, which must use forms or token authentication.
    Password {
        /// Integration user, `DOMAIN\user`.
        username: String,
        /// Its password, `"$NAME"`.
        password: SecretRef,
    },
    /// A token made in the administration of the Cireson portal; newer releases know them.
    PortalToken {
        /// The user for whom the token was made, `DOMAIN\user`.
        username: String,
        /// The token, `"$NAME"`.
        token: SecretRef,
    },
}

/// What stands before Service Manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Adapter {
    /// This project's SM gateway, reached directly or through Azure Relay.
    Gateway,
    /// The Cireson portal (API v3).
    Cireson,
}

/// What only Service Manager knows.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ServiceManagerSettings {
    /// What stands before Service Manager: `gateway` (this project's SM gateway) or `cireson` (the Cireson portal). Default: what
    /// `auth` belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adapter: Option<Adapter>,
    /// Gateway only: how Azure Relay is passed, when `url` is that of a hybrid connection
    /// (`https://NAMESPACE.servicebus.windows.net/HYBRID-CONNECTION`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relay: Option<Relay>,
    /// `Source` of incidents, by enumeration name; `""` leaves it to the template.
    pub source: String,
    /// Status names that mean resolved; names below them in the tree do, too. The portal writes the first one.
    pub resolved_states: Vec<String>,
    /// Status names that are never touched; names below them in the tree are not, either.
    pub closed_states: Vec<String>,
    /// Portal only: the status that a reopened incident gets. The gateway always sets `IncidentStatusEnum.Active`.
    pub reopened_state: String,
    /// Text property of incidents that holds the connector's key: `ContactMethod`, or better one of a class extension. The gateway
    /// has the same setting of its own, and both must agree.
    pub key_property: String,
    /// Address of an incident's page for people, with `{id}` in place of the id: `https://portal/Incident/Edit/{id}`. Default: none
    /// for the gateway (the console has no addresses), the portal's own for the portal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item_url: Option<String>,
    /// Portal only: how an incident is tied to its computer: `affected` (`System.WorkItemAboutConfigItem`, default) or `related`
    /// (`System.WorkItemRelatesToConfigItem`). The gateway always ties affected ones.
    pub computer_relation: ComputerRelation,
    /// Portal only: three-letter language in which lists are read (`ENU`).
    pub language: String,
    /// Portal only: what differs between portals.
    pub cireson: CiresonSettings,
}

impl Default for ServiceManagerSettings {
    fn default() -> Self {
        Self {
            adapter: None,
            relay: None,
            source: "IncidentSourceEnum.System".to_owned(),
            resolved_states: vec!["IncidentStatusEnum.Resolved".to_owned()],
            closed_states: vec!["IncidentStatusEnum.Closed".to_owned()],
            reopened_state: "IncidentStatusEnum.Active".to_owned(),
            key_property: "ContactMethod".to_owned(),
            item_url: None,
            computer_relation: ComputerRelation::Affected,
            language: "ENU".to_owned(),
            cireson: CiresonSettings::default(),
        }
    }
}

/// How Azure Relay is passed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Relay {
    /// Name of a shared access policy of the hybrid connection that has the right Send and no other.
    pub rule: String,
    /// Its primary or secondary key, `"$NAME"`.
    pub key: SecretRef,
    /// How long a token that is made of it is good; it is made anew in time.
    #[serde(default = "token_life")]
    pub token_life: Span,
}

/// How an incident is tied to its computer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ComputerRelation {
    /// `System.WorkItemAboutConfigItem`, "Affected items" in the console.
    Affected,
    /// `System.WorkItemRelatesToConfigItem`, "Related items".
    Related,
}

const fn token_life() -> Span {
    Span::hours(1)
}

#[expect(clippy::expect_used, reason = "a constant that a test covers")]
fn authority() -> Url {
    Url::parse("https://login.microsoftonline.com/").expect("a constant URL")
}
