//! The store on Azure: documents and deliveries are blobs changed by compare-and-set, and a queue wakes the Functions host for each
//! delivery that is due. The blob says what is true, the message only that it is time to look; so a message that is lost, late or
//! doubled costs time and never an alert. Counts are near the truth, everything else is exact.

mod blobs;
mod look;
mod messages;
mod poison;
mod queue;
mod record;
mod state;
mod sweep;
#[cfg(test)]
mod tests;
mod totals;
mod wire;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use tokio::sync::Notify;

use self::blobs::Blobs;
pub use self::messages::DueMessage;
use self::messages::Messages;
pub use self::poison::{GivenUp, Redriven};
use self::totals::Tally;
use self::wire::Endpoint;
use super::StoreError;
use crate::clock::{Chance, Clock};
use crate::secret::Secrets;
use crate::settings::Storage;
use crate::settings::storage::POISON;

/// Who comes for a delivery that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woken {
    /// The Functions host: each has a message in the queue.
    ByMessages,
    /// The lanes of this process, which look by themselves. No message is sent, since nobody would ever take it out of the queue.
    ByLooking,
}

/// Both traits over a storage account.
pub struct AzureStore {
    state: Blobs,
    deliveries: Arc<Blobs>,
    due: Messages,
    poison: Messages,
    tally: Arc<Tally>,
    changed: Notify,
    /// Ids of messages in the poison queue that are not ours: each is told of once.
    strangers: Mutex<BTreeSet<String>>,
    /// Our own lanes take one after the other; workers of other processes are kept off by compare-and-set.
    leasing: tokio::sync::Mutex<()>,
    chance: Arc<Chance>,
    clock: Arc<dyn Clock>,
    patience: Duration,
}

impl AzureStore {
    /// The store that `settings` name. `credential` is for addresses without a signature (see
    /// [`crate::sink::credential::credential`]); `secrets` hold those with one, which are looked up at every use. Asks nothing of the
    /// network: containers and queue are made by [`AzureStore::prepare`], or by the first write that misses them.
    pub fn open(
        settings: &Storage,
        credential: Option<&Arc<dyn TokenCredential>>,
        secrets: &Arc<dyn Secrets>,
        clock: Arc<dyn Clock>,
        chance: Arc<Chance>,
        woken: Woken,
    ) -> Result<Arc<Self>, StoreError> {
        let client = wire::client(settings.timeout.get())?;
        Self::over(&client, settings, credential, secrets, clock, chance, woken)
    }

    fn over(
        client: &reqwest::Client,
        settings: &Storage,
        credential: Option<&Arc<dyn TokenCredential>>,
        secrets: &Arc<dyn Secrets>,
        clock: Arc<dyn Clock>,
        chance: Arc<Chance>,
        woken: Woken,
    ) -> Result<Arc<Self>, StoreError> {
        let blobs = Endpoint::new(&settings.blobs, "blobs", credential, secrets)?;
        let queues = Endpoint::new(&settings.queues, "queues", credential, secrets)?;
        let options = || wire::options(client.clone(), settings.timeout.get());
        let container = |name: &str| Blobs::new(&blobs, name, options(), chance.clone(), clock.clone());
        let queue = |name: String| Messages::new(&queues, name, options(), settings.longest_delay.get());
        let deliveries = Arc::new(container(&settings.deliveries_container)?);
        Ok(Arc::new(Self {
            state: container(&settings.state_container)?,
            tally: Tally::new(deliveries.clone(), chance.fraction()),
            deliveries,
            due: queue(settings.queue.clone())?.silent(woken == Woken::ByLooking),
            poison: queue(format!("{}{POISON}", settings.queue))?,
            changed: Notify::new(),
            strangers: Mutex::default(),
            leasing: tokio::sync::Mutex::default(),
            chance,
            clock,
            patience: settings.timeout.get() * 2,
        }))
    }

    /// Makes the containers and the queue unless they are there. The host listens to a queue only once it exists.
    pub async fn prepare(&self) -> Result<(), StoreError> {
        let (state, deliveries, due) = tokio::join!(self.state.create(), self.deliveries.create(), self.due.create());
        state.and(deliveries).and(due)
    }

    /// About how many messages wait in the queue, and how many the Functions host gave up.
    pub async fn messages(&self) -> Result<(u64, u64), StoreError> {
        tokio::try_join!(self.due.count(), self.poison.count())
    }

    /// A name that no other has.
    fn unique(&self) -> String {
        self.chance.id(self.clock.now()).simple().to_string()
    }
}

impl fmt::Debug for AzureStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AzureStore").finish_non_exhaustive()
    }
}
