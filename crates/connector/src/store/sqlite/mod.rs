//! The store of one machine: an embedded SQLite database. Writes go through one thread that groups them, reads through a few
//! connections of their own; several processes may use one database at the same time. Times are kept to the microsecond.

mod error;
mod queue;
mod reader;
mod records;
mod row;
mod schema;
mod state;
#[cfg(test)]
mod tests;
mod writer;

use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::Notify;

use self::reader::Readers;
use self::writer::Writer;
use super::{
    Claim, Counts, DeliveryQueue, Document, Filter, Leased, Listed, Record, RecordFilter, RecordPage, RecordPlace, RecordStore,
    RecordTable, RecordsHeld, StateStore, StoreError, Version,
};
use crate::delivery::{Delivery, DeliveryId, Verdict};

/// Pages given back to the file system in one go: some milliseconds.
const SHRINK_PAGES: u32 = 256;
/// How many times at most after one pruning.
const SHRINK_STEPS: usize = 8;
/// Rows written or forgotten in one go: some milliseconds, so that an alert that comes in meanwhile hardly waits for them.
const ROWS_AT_ONCE: usize = 256;

/// All three traits over one database file.
pub struct SqliteStore {
    path: PathBuf,
    writer: Writer,
    readers: Readers,
    changed: Arc<Notify>,
}

impl SqliteStore {
    /// Opens the database at `path`, making its directory and the file if need be, and brings its schema up to date.
    ///
    /// Blocks while it does. Must be used within a tokio runtime afterwards.
    pub fn open(path: &Path) -> Result<Arc<Self>, StoreError> {
        let connection = schema::open_writer(path)?;
        let changed = Arc::new(Notify::new());
        let writer = Writer::start(connection, path.to_owned(), Arc::clone(&changed))?;
        Ok(Arc::new(Self { path: path.to_owned(), writer, readers: Readers::new(path), changed }))
    }

    /// Gives free pages back to the file system, step by step, so that alerts that come in meanwhile are written in between.
    async fn shrink(&self) -> Result<(), StoreError> {
        for _ in 0..SHRINK_STEPS {
            if !self.writer.submit(0, |database, _| queue::shrink(database, SHRINK_PAGES)).await? {
                break;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path).finish_non_exhaustive()
    }
}

#[async_trait]
impl DeliveryQueue for SqliteStore {
    async fn enqueue(&self, delivery: Delivery) -> Result<(), StoreError> {
        let choices = row::to_json(&delivery.choices).map_err(|error| error::explain(&self.path, &error))?;
        let bytes = delivery.payload.len();
        self.writer.submit(bytes, move |database, batch| queue::enqueue(database, batch, &delivery, &choices)).await
    }

    async fn lease(&self, connection: &str, now: Timestamp, until: Timestamp, limit: usize) -> Result<Vec<Leased>, StoreError> {
        let connection = connection.to_owned();
        self.writer.submit(0, move |database, _| queue::lease(database, &connection, now, until, limit)).await
    }

    async fn claim(&self, id: DeliveryId, now: Timestamp, until: Timestamp) -> Result<Claim, StoreError> {
        self.writer.submit(0, move |database, _| queue::claim(database, id, now, until)).await
    }

    async fn settle(&self, leased: &Leased, verdict: &Verdict, now: Timestamp) -> Result<(), StoreError> {
        let id = leased.delivery.id;
        let (connection, receipt) = (leased.delivery.connection.clone(), leased.receipt.clone());
        let verdict = verdict.clone();
        self.writer
            .submit(0, move |database, batch| queue::settle(database, batch, (id, &connection, &receipt), &verdict, now))
            .await
    }

    async fn next_due(&self, connection: &str) -> Result<Option<Timestamp>, StoreError> {
        let connection = connection.to_owned();
        self.readers.read(move |database| queue::next_due(database, &connection)).await
    }

    async fn connections(&self) -> Result<Vec<String>, StoreError> {
        self.readers.read(queue::connections).await
    }

    // Spelt out because an `async fn` would begin to listen only when first polled; this one listens from the call.
    fn changed<'a, 'b>(&'a self) -> Pin<Box<dyn Future<Output = ()> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(self.changed.notified())
    }

    async fn list(&self, filter: &Filter) -> Result<Vec<Listed>, StoreError> {
        let filter = filter.clone();
        self.readers.read(move |database| queue::list(database, &filter)).await
    }

    async fn show(&self, id: DeliveryId) -> Result<Option<(Listed, Option<Bytes>)>, StoreError> {
        self.readers.read(move |database| queue::show(database, id)).await
    }

    async fn redrive(&self, id: DeliveryId, now: Timestamp) -> Result<bool, StoreError> {
        self.writer.submit(0, move |database, batch| queue::redrive(database, batch, id, now)).await
    }

    async fn drop_delivery(&self, id: DeliveryId) -> Result<bool, StoreError> {
        self.writer.submit(0, move |database, _| queue::drop_delivery(database, id)).await
    }

    async fn counts(&self, connection: Option<&str>) -> Result<Counts, StoreError> {
        let connection = connection.map(str::to_owned);
        self.readers.read(move |database| queue::counts(database, connection.as_deref())).await
    }

    async fn prune(&self, done_before: Timestamp, dead_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let gone = self.writer.submit(0, move |database, _| queue::prune(database, done_before, dead_before, limit)).await?;
        self.shrink().await?;
        Ok(gone)
    }
}

#[async_trait]
impl RecordStore for SqliteStore {
    async fn write(&self, table: RecordTable, records: Vec<Record>) -> Result<(), StoreError> {
        let mut rest = records.into_iter().peekable();
        while rest.peek().is_some() {
            let some: Vec<_> = rest.by_ref().take(ROWS_AT_ONCE).collect();
            let bytes = some.iter().map(|record| record.json.len()).sum();
            self.writer.submit(bytes, move |database, _| records::write(database, table, &some)).await?;
        }
        Ok(())
    }

    async fn page(&self, filter: &RecordFilter, place: Option<RecordPlace>) -> Result<RecordPage, StoreError> {
        let filter = filter.clone();
        self.readers.read(move |database| records::page(database, &filter, place)).await
    }

    async fn held(&self, filter: &RecordFilter) -> Result<RecordsHeld, StoreError> {
        let filter = filter.clone();
        self.readers.read(move |database| records::held(database, &filter)).await
    }

    async fn prune_records(&self, table: RecordTable, before: Timestamp, newest_before: Timestamp) -> Result<u64, StoreError> {
        let (mut gone, mut look) = (0, Some((i64::MIN, 0)));
        while let Some(looked) = look {
            // Looked for by a reader, so that the writer is free for alerts while there is much to look through.
            let ends = (before, newest_before);
            let found = self.readers.read(move |database| records::outdated(database, table, ends, looked, ROWS_AT_ONCE)).await?;
            look = found.1;
            if !found.0.is_empty() {
                gone += self.writer.submit(0, move |database, _| records::forget(database, table, &found.0)).await?;
            }
        }
        if gone > 0 {
            self.shrink().await?;
        }
        Ok(gone)
    }
}

#[async_trait]
impl StateStore for SqliteStore {
    async fn get(&self, key: &str) -> Result<Option<Document>, StoreError> {
        let key = key.to_owned();
        self.readers.read(move |database| state::get(database, &key)).await
    }

    async fn put(
        &self,
        key: &str,
        expected: Option<&Version>,
        bytes: Bytes,
        now: Timestamp,
    ) -> Result<Option<Version>, StoreError> {
        let (key, expected) = (key.to_owned(), expected.cloned());
        self.writer.submit(bytes.len(), move |database, _| state::put(database, &key, expected.as_ref(), &bytes, now)).await
    }

    async fn remove(&self, key: &str, version: &Version) -> Result<bool, StoreError> {
        let (key, version) = (key.to_owned(), version.clone());
        self.writer.submit(0, move |database, _| state::remove(database, &key, &version)).await
    }

    async fn stale(&self, collection: &str, before: Timestamp, limit: usize) -> Result<Vec<String>, StoreError> {
        let collection = collection.to_owned();
        self.readers.read(move |database| state::stale(database, &collection, before, limit)).await
    }
}
