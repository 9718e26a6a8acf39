//! Secrets straight from Key Vault. The values of all names that the settings use are read ahead and again at intervals, so that a
//! rotation is picked up without a restart and nobody who needs a secret waits for the network. A value that was read once stays in
//! use until the vault gives another: an outage of the vault, or a role taken away by mistake, stops nothing that runs.

#[cfg(test)]
mod tests;
mod trouble;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use azure_security_keyvault_secrets::{SecretClient, SecretClientOptions};
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use tokio::sync::watch;

use super::{MissingSecret, Place, Secret, SecretRef, Secrets};
use crate::clock::{Clock, later};
use crate::settings::KeyVault;
use crate::sink::credential;
pub use trouble::Trouble;

/// Secrets that are read at the same time.
const AT_ONCE: usize = 8;
/// One secret, with the token for it, is given up after this long.
const PATIENCE: Duration = Duration::from_secs(12);
/// While a value was never read, it is asked for after this long,
const FIRST_WAIT: Duration = Duration::from_secs(5);
/// then less and less often, down to this: what needs it stands still meanwhile.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Secrets of one vault, and behind them those from elsewhere.
pub struct KeyVaultSecrets {
    vault: String,
    client: SecretClient,
    refresh: Duration,
    others: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
    held: RwLock<BTreeMap<String, Held>>,
}

/// What is known of one secret.
#[derive(Default)]
struct Held {
    value: Option<Secret>,
    /// Why it could not be read the last time, and since when that is so.
    trouble: Option<(Trouble, Timestamp)>,
}

/// A secret that could not be read again. The value known before stays in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    /// Its name in the vault.
    pub name: String,
    /// When reading it failed first.
    pub since: Timestamp,
    /// Why it failed last.
    pub trouble: Trouble,
}

impl KeyVaultSecrets {
    /// The vault that `settings` name, for those of `references` that are Key Vault secrets; every other reference is looked up in
    /// `others`, as is the secret of the vault's own credential. Asks nothing of the network: see [`KeyVaultSecrets::read_all`].
    pub fn open(
        settings: &KeyVault,
        references: &BTreeSet<SecretRef>,
        others: Arc<dyn Secrets>,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, Trouble> {
        let client = wire::client()?;
        let options = wire::credential_options(client.clone(), settings.cloud);
        let credential = credential::with_client(&settings.credential, others.clone(), clock.clone(), options)
            .map_err(|error| trouble::unusable(&error))?;
        Self::over(client, settings, references, credential, others, clock)
    }

    fn over(
        client: reqwest::Client,
        settings: &KeyVault,
        references: &BTreeSet<SecretRef>,
        credential: Arc<dyn TokenCredential>,
        others: Arc<dyn Secrets>,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, Trouble> {
        if settings.url.scheme() != "https" {
            return Err(Trouble::new("a token is never sent in the clear", "let key_vault.url begin with https://"));
        }
        let options = SecretClientOptions {
            client_options: wire::options(client),
            // Elsewhere the client sees to it that a token for Key Vault goes to a vault only. An emulator has no name to compare.
            verify_challenge_resource: Some(!settings.is_loopback()),
            ..SecretClientOptions::default()
        };
        let client =
            SecretClient::new(settings.url.as_str(), credential, Some(options)).map_err(|error| trouble::unusable(&error))?;
        let name = |reference: &SecretRef| match reference.place() {
            Some(Place::KeyVault(name)) => Some((name.to_owned(), Held::default())),
            _ => None,
        };
        Ok(Arc::new(Self {
            vault: settings.host(),
            client,
            refresh: settings.refresh.get(),
            others,
            clock,
            held: RwLock::new(references.iter().filter_map(name).collect()),
        }))
    }

    /// Reads every secret once, side by side, in bounded time. What could not be read is told by [`Secrets::get`].
    pub async fn read_all(&self) {
        let names = self.names(|_| true);
        self.read_these(names).await;
    }

    /// The same, for no longer than `limit`: for a start that others wait for. The rest is read by [`KeyVaultSecrets::keep`].
    pub async fn read_all_within(&self, limit: Duration) {
        tokio::select! {
            biased;
            () = self.read_all() => {}
            () = self.clock.sleep(limit) => {
                tracing::warn!(vault = self.vault, "Key Vault takes long to answer; starting without waiting for it any longer");
            }
        }
    }

    /// Reads all again every `refresh`, and values that were never read sooner, until `stop` says true (or nobody can say it any
    /// more).
    pub async fn keep(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => {}
            () = self.refreshing() => {}
        }
    }

    async fn refreshing(&self) {
        let mut all_at = later(self.clock.now(), self.refresh);
        let mut wait = FIRST_WAIT;
        loop {
            let missing = self.names(|held| held.value.is_none());
            if missing.is_empty() {
                wait = FIRST_WAIT;
                self.clock.sleep_until(all_at).await;
            } else {
                self.clock.sleep_until(later(self.clock.now(), wait).min(all_at)).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
            if self.clock.now() >= all_at {
                self.read_all().await;
                all_at = later(self.clock.now(), self.refresh);
            } else {
                self.read_these(missing).await;
            }
            self.warn();
        }
    }

    fn names(&self, of: impl Fn(&Held) -> bool) -> Vec<String> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.iter().filter(|(_, held)| of(held)).map(|(name, _)| name.clone()).collect()
    }

    async fn read_these(&self, names: Vec<String>) {
        stream::iter(names)
            .for_each_concurrent(AT_ONCE, async |name| {
                let read = self.read(&name).await;
                self.keep_value(&name, read);
            })
            .await;
    }

    /// The secrets that could not be read the last time.
    #[must_use]
    pub fn stale(&self) -> Vec<Stale> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let stale = |(name, held): (&String, &Held)| {
            let (trouble, since) = held.trouble.clone()?;
            Some(Stale { name: name.clone(), since, trouble })
        };
        held.iter().filter_map(stale).collect()
    }

    async fn read(&self, name: &str) -> Result<Secret, Trouble> {
        let answer = async { self.client.get_secret(name, None).await?.into_model() };
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(Ok(secret)) => secret.value.as_deref().and_then(Secret::written).ok_or_else(trouble::empty),
            Ok(Err(error)) => Err(trouble::explain(&error)),
            Err(_) => Err(trouble::silent()),
        }
    }

    fn keep_value(&self, name: &str, read: Result<Secret, Trouble>) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let Some(held) = held.get_mut(name) else { return };
        match read {
            Ok(value) => {
                match &held.value {
                    Some(before) if *before != value => {
                        tracing::info!(
                            vault = self.vault,
                            secret = name,
                            "a secret was rotated; the new value is used from now on"
                        );
                    }
                    None if held.trouble.is_some() => {
                        tracing::info!(
                            vault = self.vault,
                            secret = name,
                            "a secret that was missing is there; what waited for it goes on"
                        );
                    }
                    _ => {}
                }
                *held = Held { value: Some(value), trouble: None };
            }
            Err(trouble) => {
                let since = held.trouble.as_ref().map_or_else(|| self.clock.now(), |(_, since)| *since);
                held.trouble = Some((trouble, since));
            }
        }
    }

    /// One line for all secrets that failed alike.
    fn warn(&self) {
        let missing = self.names(|held| held.value.is_none());
        let mut alike: BTreeMap<(Trouble, Timestamp, bool), Vec<String>> = BTreeMap::new();
        for Stale { name, since, trouble } in self.stale() {
            alike.entry((trouble, since, missing.contains(&name))).or_default().push(name);
        }
        for ((Trouble { cause, remedy }, since, missing), names) in alike {
            let secrets = names.join(", ");
            if missing {
                tracing::warn!(vault = self.vault, secrets, %since, cause, remedy, "secrets cannot be read; what needs them waits");
            } else {
                tracing::warn!(
                    vault = self.vault, secrets, %since, cause, remedy,
                    "secrets cannot be read again; the values known before stay in use"
                );
            }
        }
    }
}

impl Secrets for KeyVaultSecrets {
    fn get(&self, reference: &SecretRef) -> Result<Secret, MissingSecret> {
        let Some(Place::KeyVault(name)) = reference.place() else { return self.others.get(reference) };
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let held = held.get(name);
        if let Some(value) = held.and_then(|held| held.value.clone()) {
            return Ok(value);
        }
        let trouble = held.and_then(|held| held.trouble.clone()).map_or_else(trouble::unread, |(trouble, _)| trouble);
        Err(MissingSecret {
            cause: format!("secret {name} of Key Vault {} cannot be read: {}", self.vault, trouble.cause),
            remedy: trouble.remedy,
        })
    }
}

impl fmt::Debug for KeyVaultSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let names: Vec<&String> = held.keys().collect();
        f.debug_struct("KeyVaultSecrets").field("vault", &self.vault).field("names", &names).finish_non_exhaustive()
    }
}
