//! What must outlive the process: queued deliveries, state documents, and rows where there is no workspace. A store knows nothing of alerts: it keeps bytes,
//! due times and versions. SQLite on one machine, Azure Storage on Azure, memory in tests: one behaviour.

pub mod azure;
pub mod memory;
mod outcome;
mod records;
mod redrive;
pub mod retention;
pub mod sqlite;
#[cfg(test)]
pub(crate) mod tests;

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::records::{Reading, Record, RecordFilter, RecordPage, RecordPlace, RecordStore, RecordTable, RecordsHeld};
pub use self::redrive::{Redriven, redrive_all};
use crate::delivery::{Delivery, DeliveryId, Summary, Verdict};

/// Why a store could not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Cannot be done now: disk full, database busy, storage unreachable. Nothing was stored, unless an answer got lost on the way.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// What is stored cannot be read: damaged, or written by a newer version.
    #[error("stored data cannot be read: {0}")]
    Damaged(String),
}

/// A version of a document; opaque (row version, entity tag).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(pub String);

/// A document and its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The content.
    pub bytes: Bytes,
    /// Its version.
    pub version: Version,
}

/// Documents by key, changed only by compare-and-set. Keys are `<collection>/<name>`, at most 200 characters of
/// `[A-Za-z0-9._/-]`.
#[async_trait]
pub trait StateStore: Send + Sync + Debug {
    /// The document at `key`.
    async fn get(&self, key: &str) -> Result<Option<Document>, StoreError>;

    /// Writes `bytes` if the document still has `expected` version (`None`: if there is none yet), durably. Answers the new
    /// version, or `None` when somebody else was faster.
    async fn put(
        &self,
        key: &str,
        expected: Option<&Version>,
        bytes: Bytes,
        now: Timestamp,
    ) -> Result<Option<Version>, StoreError>;

    /// Removes the document if it still has this version; false when somebody else was faster.
    async fn remove(&self, key: &str, version: &Version) -> Result<bool, StoreError>;

    /// Up to `limit` keys of `collection` last written before `before`, oldest first: for pruning.
    async fn stale(&self, collection: &str, before: Timestamp, limit: usize) -> Result<Vec<String>, StoreError>;
}

/// A delivery taken from the queue, invisible to others until `until`.
#[derive(Debug, Clone)]
pub struct Leased {
    /// The job.
    pub delivery: Delivery,
    /// Attempts that counted before this one.
    pub attempts: u32,
    /// Since when it is tried: when it was accepted, or when a person last had it tried again.
    pub since: Timestamp,
    /// Proves that we still hold it.
    pub receipt: String,
}

/// What became of asking for one delivery by name.
#[derive(Debug, Clone)]
pub enum Claim {
    /// It is ours.
    Taken(Box<Leased>),
    /// It is due, or its present lease ends, at this time. A store that wakes the Functions host by messages has sent one for then.
    NotYet(Timestamp),
    /// There is nothing to do: it is finished, or gone.
    Nothing,
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Waits for its due time or for a worker.
    Waiting,
    /// A worker has it.
    Working,
    /// Finished well.
    Done,
    /// Needs a person.
    DeadLetter,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Working, Self::Done, Self::DeadLetter];
}

/// A delivery as `deliveries list` and `deliveries show` print it.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    /// Its name.
    pub id: DeliveryId,
    /// The connection's name.
    pub connection: String,
    /// What it makes.
    pub work_item_type: String,
    /// Where it stands.
    pub status: Status,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// When it is next due; for finished ones, when they finished.
    pub due: Timestamp,
    /// Attempts that counted.
    pub attempts: u32,
    /// Why the last attempt did not succeed; empty when it did.
    pub cause: String,
    /// What to do; empty when nothing.
    pub remedy: String,
    /// What it did, once done.
    pub summary: Option<Summary>,
}

/// One delivery with what came, as `deliveries show --json` prints it.
#[derive(Debug, Clone, Serialize)]
pub struct Shown {
    /// Where it stands.
    pub delivery: Listed,
    /// The payload, as JSON or else as text; nothing once it is forgotten.
    pub payload: Option<Value>,
}

impl Shown {
    /// Of what [`DeliveryQueue::show`] answered.
    #[must_use]
    pub fn of(delivery: Listed, payload: Option<&[u8]>) -> Self {
        let readable = |bytes: &[u8]| serde_json::from_slice(bytes).unwrap_or_else(|_| String::from_utf8_lossy(bytes).into());
        Self { delivery, payload: payload.map(readable) }
    }
}

/// Which deliveries to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only of this connection.
    pub connection: Option<String>,
    /// Only in this status.
    pub status: Option<Status>,
    /// At most this many; newest first.
    pub limit: usize,
}

/// Counts since the store was made (they survive pruning), and of what it holds now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Deliveries accepted, ever.
    pub accepted: u64,
    /// Work items created, ever.
    pub work_items: u64,
    /// Work items changed, ever.
    pub updates: u64,
    /// Parts found already reflected, ever.
    pub duplicates_suppressed: u64,
    /// Attempts that were put off, ever.
    pub retried: u64,
    /// Dead letters now.
    pub dead_letters: u64,
    /// Deliveries not finished now.
    pub backlog: u64,
    /// When the oldest unfinished delivery was accepted.
    pub oldest: Option<Timestamp>,
}

/// The queue of deliveries.
#[async_trait]
pub trait DeliveryQueue: Send + Sync + Debug {
    /// Stores a delivery, durably, due at once.
    async fn enqueue(&self, delivery: Delivery) -> Result<(), StoreError>;

    /// Takes up to `limit` due deliveries of `connection`, earliest due first, invisible to others until `until`. Those whose
    /// earlier lease ran out are due again.
    async fn lease(&self, connection: &str, now: Timestamp, until: Timestamp, limit: usize) -> Result<Vec<Leased>, StoreError>;

    /// Takes the delivery `id` if it is due, invisible to others until `until`: where the Functions host takes messages from the queue
    /// and calls us. [`Claim::NotYet`] and [`Claim::Nothing`] mean that the message is dealt with.
    async fn claim(&self, id: DeliveryId, now: Timestamp, until: Timestamp) -> Result<Claim, StoreError>;

    /// Records what became of an attempt, durably. A delivery that is put off is due again by itself, also where messages wake us. Does nothing when the lease has passed to somebody else.
    async fn settle(&self, leased: &Leased, verdict: &Verdict, now: Timestamp) -> Result<(), StoreError>;

    /// When the next delivery of `connection` is due (a leased one: when its lease ends).
    async fn next_due(&self, connection: &str) -> Result<Option<Timestamp>, StoreError>;

    /// Names of the connections that have unfinished deliveries.
    async fn connections(&self) -> Result<Vec<String>, StoreError>;

    /// Returns when something may have become due that was not before: an enqueue or redrive in this process. Spurious
    /// returns are allowed; work of other processes may be missed, so callers also look from time to time.
    async fn changed(&self);

    /// How often it is looked for what other processes brought.
    fn look_every(&self) -> Duration {
        Duration::from_secs(1)
    }

    /// Deliveries for a person to read.
    async fn list(&self, filter: &Filter) -> Result<Vec<Listed>, StoreError>;

    /// One delivery with its payload (`None` payload once it is done).
    async fn show(&self, id: DeliveryId) -> Result<Option<(Listed, Option<Bytes>)>, StoreError>;

    /// Makes a dead letter (or a waiting delivery) due now, with its attempts forgotten. False when there is none such.
    async fn redrive(&self, id: DeliveryId, now: Timestamp) -> Result<bool, StoreError>;

    /// Removes a delivery that is not being worked on. False when there is none such.
    async fn drop_delivery(&self, id: DeliveryId) -> Result<bool, StoreError>;

    /// Counts, in all or of one connection's backlog and dead letters.
    async fn counts(&self, connection: Option<&str>) -> Result<Counts, StoreError>;

    /// Forgets up to `limit` deliveries finished before `done_before` and dead letters from before `dead_before`. Answers how
    /// many went.
    async fn prune(&self, done_before: Timestamp, dead_before: Timestamp, limit: usize) -> Result<usize, StoreError>;

    /// Completes what a killed process left half done and looks after deliveries that nobody would come for (a lost message, one that
    /// the Functions host gave up). Answers how many were found. Nothing to do where one transaction does everything.
    async fn sweep(&self, now: Timestamp) -> Result<usize, StoreError> {
        let _ = now;
        Ok(0)
    }
}
