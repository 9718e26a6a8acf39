//! Settings that only Provance, or any other solution on Dataverse, knows. Which tables and columns it has stands in
//! [`super::profile`].

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::profile::Profile;
use crate::secret::SecretRef;

/// The settings of a connection that only Provance has.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ProvanceConnection")]
pub struct Config {
    /// How to authenticate at Microsoft Entra. Secrets are given as `"$NAME"`, the name of an environment variable, or as
    /// `"@NAME"`, the name of a secret in the vault of `key_vault`.
    pub auth: ProvanceAuth,
    /// What only Provance knows.
    #[serde(default)]
    pub provance: ProvanceSettings,
}

/// How to authenticate at Microsoft Entra.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ProvanceAuth {
    /// An app registration with a client secret, which is an application user of the environment.
    ClientCredentials {
        /// Application (client) id.
        client_id: String,
        /// Its secret, `"$NAME"`.
        client_secret: SecretRef,
    },
    /// An app registration with a certificate, which is an application user of the environment.
    ClientCertificate {
        /// Application (client) id.
        client_id: String,
        /// PEM file with the certificate, and with its RSA private key unless `private_key` names that.
        certificate: PathBuf,
        /// The private key in PEM, `"$NAME"`, where it is no part of the file.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        private_key: Option<SecretRef>,
    },
    /// User name and password (resource owner password grant), as the old connector did. Microsoft advises against it; it fails
    /// for users with multi-factor authentication and for federated ones.
    OauthPassword {
        /// Application (client) id.
        client_id: String,
        /// Its secret, `"$NAME"`; only when it is no public client.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client_secret: Option<SecretRef>,
        /// User principal name of the integration user.
        username: String,
        /// Its password, `"$NAME"`.
        password: SecretRef,
    },
}

impl ProvanceAuth {
    /// The app registration.
    #[must_use]
    pub fn client_id(&self) -> &str {
        match self {
            Self::ClientCredentials { client_id, .. }
            | Self::ClientCertificate { client_id, .. }
            | Self::OauthPassword { client_id, .. } => client_id,
        }
    }
}

/// What only Provance knows.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProvanceSettings {
    /// Tenant of the environment, an id or a domain; empty: the environment is asked.
    pub tenant: String,
    /// Sign-in service, for other clouds `https://login.microsoftonline.us` or `https://login.partner.microsoftonline.cn`; left
    /// out: the one that the environment names, with `tenant` `https://login.microsoftonline.com`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<Url>,
    /// What tokens are asked for; empty: the address that the environment names, else `url`.
    pub resource: String,
    /// Name of the account or contact that incidents are for, or `/accounts(GUID)`; the stock table asks for one.
    pub customer: String,
    /// Id of the model-driven app in which people open records; empty: their default app.
    pub app_id: String,
    /// Whether deleted records are looked for by change tracking. The table must have it on, and the user must be allowed to read
    /// all records of the organization.
    pub change_tracking: bool,
    /// Which tables and columns there are. The defaults are those of the stock table `incident`; `itsm-connector discover`
    /// proposes them for a solution.
    pub profile: Profile,
}
