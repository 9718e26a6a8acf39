//! Which storage account a binding's `connection` names.

use anyhow::{Context, bail, ensure};

use super::queue::StorageQueue;
use super::settings::AppSettings;

/// The queues of a storage account, opened by a shared access signature.
#[derive(Clone)]
pub struct StorageAccount {
    queues: String,
    signature: String,
}

impl std::fmt::Debug for StorageAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StorageAccount").field("queues", &self.queues).finish_non_exhaustive()
    }
}

impl StorageAccount {
    /// Reads a connection string: `QueueEndpoint=https://..;SharedAccessSignature=sv=..`.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let part = |name: &str| {
            let found = text.split(';').filter_map(|part| part.split_once('=')).find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.to_owned()).with_context(|| format!("the connection string has no {name}"))
        };
        let (queues, signature) = (part("QueueEndpoint")?, part("SharedAccessSignature")?);
        Ok(Self { queues: queues.trim_end_matches('/').to_owned(), signature: signature.trim_start_matches('?').to_owned() })
    }

    /// The account that the app setting names.
    pub(super) fn of(setting: &str, settings: &AppSettings) -> anyhow::Result<Self> {
        if let Some(text) = settings.get(setting) {
            ensure!(!text.is_empty(), "the app setting {setting} is empty");
            return Self::parse(text).with_context(|| format!("app setting {setting}"));
        }
        if settings.keys().any(|name| name.starts_with(&format!("{setting}__"))) {
            bail!("{setting}__..: the stand-in opens storage by a connection string with a signature only");
        }
        bail!("storage account connection string '{setting}' does not exist; make it an app setting")
    }

    /// One of its queues.
    pub fn queue(&self, name: &str) -> anyhow::Result<StorageQueue> {
        StorageQueue::new(&format!("{}/{name}", self.queues), &self.signature)
    }
}
