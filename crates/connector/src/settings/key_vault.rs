//! Which vault secrets come from that are written `"@NAME"`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::is_loopback;
use super::record_flow::{AzureCredential, Cloud};
use super::span::Span;

/// A Key Vault. Its secrets are read at the start and again at intervals; a rotated one is used without a restart.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyVault {
    /// Address of the vault, `https://NAME.vault.azure.net`.
    pub url: Url,
    /// All secrets are read again this often, so that a rotation is picked up; 10s to 1d.
    #[serde(default = "refresh")]
    pub refresh: Span,
    /// The cloud: decides where tokens come from.
    #[serde(default)]
    pub cloud: Cloud,
    /// Who the connector is towards Azure; it needs the role Key Vault Secrets User. A secret of its own must be `"$NAME"`.
    #[serde(default)]
    pub credential: AzureCredential,
}

impl KeyVault {
    /// The vault's host, for people.
    #[must_use]
    pub fn host(&self) -> String {
        self.url.host_str().unwrap_or_default().to_owned()
    }

    /// Whether this is an emulator on the same machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.url)
    }
}

const fn refresh() -> Span {
    Span::seconds(300)
}
