//! Settings that matter on Azure: the storage account, the vault, and who the connector is towards them.

use url::Url;

use super::{Check, DAY, is_loopback};
use crate::secret::{Place, SecretRef};
use crate::settings::span::Span;
use crate::settings::storage::{LONGEST_QUEUE, is_storage_name};
use crate::settings::{AzureCredential, KeyVault, Storage};

/// Of a container or queue.
const LONGEST_NAME: usize = 63;
const LEAST_REFRESH: Span = Span::seconds(10);

impl Check<'_> {
    pub(super) fn storage(&mut self, storage: &Storage) {
        let mut loopback = true;
        for (setting, written) in [("blobs", &storage.blobs), ("queues", &storage.queues)] {
            let key = format!("storage.{setting}");
            if let Some(reference) = SecretRef::parse(written) {
                self.secret(&key, &reference);
            } else if let Ok(url) = Url::parse(written) {
                self.address(&key, &url);
                loopback &= is_loopback(&url);
            } else {
                let remedy = "write the endpoint, https://..., or \"$NAME\" or \"@NAME\" of a secret with endpoint and signature";
                self.wrong(&key, "is not a URL", remedy);
            }
        }
        self.storage_name("storage.state_container", &storage.state_container, LONGEST_NAME);
        self.storage_name("storage.deliveries_container", &storage.deliveries_container, LONGEST_NAME);
        self.storage_name("storage.queue", &storage.queue, LONGEST_QUEUE);
        if storage.state_container == storage.deliveries_container {
            self.wrong("storage.deliveries_container", "is the container of the state, too", "give each a container of its own");
        }
        self.positive("storage.timeout", storage.timeout);
        self.positive("storage.longest_delay", storage.longest_delay);
        self.at_most("storage.longest_delay", storage.longest_delay, 7 * DAY);
        self.credential("storage.credential", &storage.credential, loopback);
    }

    /// Azure's rule for the names of containers and queues.
    fn storage_name(&mut self, key: &str, name: &str, longest: usize) {
        if !is_storage_name(name) || name.len() > longest {
            let remedy = format!("use 3 to {longest} lower case letters, digits and single hyphens between them");
            self.wrong(key, format!("\"{name}\" is no name that Azure Storage takes"), remedy);
        }
    }

    pub(super) fn key_vault(&mut self, vault: &KeyVault) {
        self.address("key_vault.url", &vault.url);
        if !matches!(vault.url.path(), "" | "/") {
            self.wrong("key_vault.url", "must not have a path", "name the vault only: https://NAME.vault.azure.net");
        }
        if vault.url.scheme() == "http" && vault.is_loopback() {
            self.wrong("key_vault.url", "must begin with https, to loopback too", "a token is never sent in the clear");
        }
        if vault.refresh < LEAST_REFRESH {
            self.wrong("key_vault.refresh", format!("{} is too short", vault.refresh), format!("at least {LEAST_REFRESH}"));
        }
        self.at_most("key_vault.refresh", vault.refresh, DAY);
        if let AzureCredential::ClientSecret { secret, .. } | AzureCredential::Token { token: secret } = &vault.credential
            && matches!(secret.place(), Some(Place::KeyVault(_)))
        {
            let remedy = "write \"$NAME\" for an environment variable, or choose an identity, which needs no secret";
            self.wrong("key_vault.credential", "the key to the vault cannot lie in the vault", remedy);
        } else {
            self.credential("key_vault.credential", &vault.credential, vault.is_loopback());
        }
    }

    pub(super) fn credential(&mut self, key: &str, credential: &AzureCredential, loopback: bool) {
        let at = |setting: &str| format!("{key}.{setting}");
        match credential {
            AzureCredential::ManagedIdentity | AzureCredential::WorkloadIdentity | AzureCredential::DeveloperTools => {}
            AzureCredential::UserAssignedIdentity { client_id } => self.not_blank(&at("client_id"), Some(client_id)),
            AzureCredential::ClientSecret { tenant, client_id, secret } => {
                self.not_blank(&at("tenant"), Some(tenant));
                self.not_blank(&at("client_id"), Some(client_id));
                self.secret(&at("secret"), secret);
            }
            AzureCredential::Token { token } => {
                self.secret(&at("token"), token);
                // It is not renewed: after an hour nothing would flow.
                if !loopback {
                    let remedy = "choose managed_identity, client_secret, or developer_tools on your own machine";
                    self.wrong(&at("type"), "a token is allowed to an emulator on loopback only, for it is not renewed", remedy);
                }
            }
        }
    }
}
