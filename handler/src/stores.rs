//! Where state, deliveries and rows are kept: an Azure storage account when the settings or the Functions host name one, else the
//! embedded database. Nothing else in the program knows which it is.

use std::path::Path;
use std::sync::Arc;

use anyhow::anyhow;
use connector::settings::{Settings, Storage};
use connector::sink::credential::credential;
use connector::store::azure::{AzureStore, Woken};
use connector::store::sqlite::SqliteStore;
use connector::store::{DeliveryQueue, RecordStore, StateStore};

use crate::host::Outside;

/// Name of the database file in the data directory.
pub const DATABASE: &str = "connector.db";

/// The stores of a process.
#[derive(Debug, Clone)]
pub struct Stores {
    /// Deliveries.
    pub queue: Arc<dyn DeliveryQueue>,
    /// Correlations, cursors, configuration.
    pub state: Arc<dyn StateStore>,
    /// Rows; nothing in a storage account, which keeps none.
    pub records: Option<Arc<dyn RecordStore>>,
    azure: Option<Arc<AzureStore>>,
}

impl Stores {
    /// The storage account of `[storage]`, or the database below `data`, which is made if it is not there: for a process that comes for
    /// its deliveries by itself. Asks nothing of the network.
    pub fn open(settings: &Settings, data: &Path, outside: &Outside) -> anyhow::Result<Self> {
        match &settings.storage {
            Some(storage) => Self::in_account(storage, outside, Woken::ByLooking),
            None => Self::database(data),
        }
    }

    /// The database below `data`.
    pub fn database(data: &Path) -> anyhow::Result<Self> {
        let store = SqliteStore::open(&data.join(DATABASE))?;
        Ok(Self { queue: store.clone(), state: store.clone(), records: Some(store), azure: None })
    }

    /// The account that `storage` names, where the Functions host comes for deliveries.
    pub fn account(storage: &Storage, outside: &Outside) -> anyhow::Result<Self> {
        Self::in_account(storage, outside, Woken::ByMessages)
    }

    /// The account itself, for what only an account has; nothing where the database is used.
    #[must_use]
    pub const fn azure(&self) -> Option<&Arc<AzureStore>> {
        self.azure.as_ref()
    }

    fn in_account(storage: &Storage, outside: &Outside, woken: Woken) -> anyhow::Result<Self> {
        let Outside { secrets, clock, chance } = outside.clone();
        let credential = if storage.wants_credential(&*secrets) {
            let credential = credential(&storage.credential, storage.cloud, secrets.clone(), clock.clone());
            Some(credential.map_err(|error| anyhow!("storage.credential: {} {}", error.cause, error.remedy))?)
        } else {
            None
        };
        let store = AzureStore::open(storage, credential.as_ref(), &secrets, clock, chance, woken)?;
        Ok(Self { queue: store.clone(), state: store.clone(), records: None, azure: Some(store) })
    }

    /// Makes containers and queue unless they are there. What cannot be made now is made by the first write that misses it.
    pub async fn prepare(&self) {
        if let Some(account) = &self.azure
            && let Err(error) = account.prepare().await
        {
            tracing::warn!(%error, "the containers and the queue could not be looked after; each is made when it is first missed");
        }
    }
}
