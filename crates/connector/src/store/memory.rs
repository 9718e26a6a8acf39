//! A store that forgets everything when the process ends: for tests, and the plainest statement of what a store does. It is
//! bounded by nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::Notify;

use super::outcome::{Outcome, Totals, collection};
use super::{Claim, Counts, DeliveryQueue, Document, Filter, Leased, Listed, StateStore, Status, StoreError, Version};
use crate::delivery::{Delivery, DeliveryId, Summary, Verdict};

/// Both traits in memory.
#[derive(Default)]
pub struct MemoryStore {
    held: Mutex<Held>,
    changed: Notify,
}

#[derive(Default)]
struct Held {
    deliveries: BTreeMap<DeliveryId, Row>,
    totals: BTreeMap<String, Totals>,
    documents: BTreeMap<String, Stored>,
    /// Numbers that are given out once: order of arrival, receipts, versions.
    sequence: u64,
}

struct Row {
    delivery: Delivery,
    arrival: u64,
    status: Status,
    due: Timestamp,
    since: Timestamp,
    attempts: u32,
    receipt: String,
    cause: String,
    remedy: String,
    summary: Option<Summary>,
}

struct Stored {
    bytes: Bytes,
    version: u64,
    written: Timestamp,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryStore")
    }
}

impl Held {
    fn next(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    fn count(&mut self, connection: &str, totals: Totals) {
        self.totals.entry(connection.to_owned()).or_default().add(totals);
    }
}

impl Row {
    fn unfinished(&self) -> bool {
        matches!(self.status, Status::Waiting | Status::Working)
    }

    fn leased(&self) -> Leased {
        Leased { delivery: self.delivery.clone(), attempts: self.attempts, since: self.since, receipt: self.receipt.clone() }
    }

    fn listed(&self) -> Listed {
        Listed {
            id: self.delivery.id,
            connection: self.delivery.connection.clone(),
            work_item_type: self.delivery.work_item_type.name().to_owned(),
            status: self.status,
            accepted_at: self.delivery.accepted_at,
            due: self.due,
            attempts: self.attempts,
            cause: self.cause.clone(),
            remedy: self.remedy.clone(),
            summary: self.summary.clone(),
        }
    }
}

#[async_trait]
impl DeliveryQueue for MemoryStore {
    async fn enqueue(&self, delivery: Delivery) -> Result<(), StoreError> {
        let mut held = self.held();
        if held.deliveries.contains_key(&delivery.id) {
            return Ok(());
        }
        let arrival = held.next();
        held.count(&delivery.connection, Totals::ACCEPTED);
        let row = Row {
            arrival,
            status: Status::Waiting,
            due: delivery.accepted_at,
            since: delivery.accepted_at,
            attempts: 0,
            receipt: String::new(),
            cause: String::new(),
            remedy: String::new(),
            summary: None,
            delivery,
        };
        held.deliveries.insert(row.delivery.id, row);
        drop(held);
        self.changed.notify_waiters();
        Ok(())
    }

    async fn lease(&self, connection: &str, now: Timestamp, until: Timestamp, limit: usize) -> Result<Vec<Leased>, StoreError> {
        let mut held = self.held();
        let held = &mut *held;
        let mut due: Vec<&mut Row> = held
            .deliveries
            .values_mut()
            .filter(|row| row.unfinished() && row.delivery.connection == connection && row.due <= now)
            .collect();
        due.sort_by_key(|row| (row.due, row.delivery.accepted_at, row.arrival));
        due.truncate(limit);
        let leased = due.into_iter().map(|row| {
            held.sequence += 1;
            row.status = Status::Working;
            row.due = until;
            row.receipt = held.sequence.to_string();
            row.leased()
        });
        Ok(leased.collect())
    }

    async fn claim(&self, id: DeliveryId, now: Timestamp, until: Timestamp) -> Result<Claim, StoreError> {
        let mut held = self.held();
        let receipt = held.next().to_string();
        let Some(row) = held.deliveries.get_mut(&id).filter(|row| row.unfinished()) else { return Ok(Claim::Nothing) };
        if row.due > now {
            return Ok(Claim::NotYet(row.due));
        }
        row.status = Status::Working;
        row.due = until;
        row.receipt = receipt;
        Ok(Claim::Taken(Box::new(row.leased())))
    }

    async fn settle(&self, leased: &Leased, verdict: &Verdict, now: Timestamp) -> Result<(), StoreError> {
        let mut held = self.held();
        let Some(row) = held.deliveries.get_mut(&leased.delivery.id) else { return Ok(()) };
        if row.status != Status::Working || row.receipt != leased.receipt {
            return Ok(());
        }
        let outcome = Outcome::of(verdict, now);
        let totals = outcome.totals();
        if outcome.status == Status::Done {
            row.delivery.payload = Bytes::new();
        }
        row.status = outcome.status;
        row.due = outcome.due;
        row.attempts = row.attempts.saturating_add(outcome.counts.into());
        row.cause = outcome.cause;
        row.remedy = outcome.remedy;
        row.summary = outcome.summary;
        held.count(&leased.delivery.connection, totals);
        Ok(())
    }

    async fn next_due(&self, connection: &str) -> Result<Option<Timestamp>, StoreError> {
        let held = self.held();
        let rows = held.deliveries.values().filter(|row| row.unfinished() && row.delivery.connection == connection);
        Ok(rows.map(|row| row.due).min())
    }

    async fn connections(&self) -> Result<Vec<String>, StoreError> {
        let held = self.held();
        let names = held.deliveries.values().filter(|row| row.unfinished()).map(|row| row.delivery.connection.clone());
        Ok(names.collect::<std::collections::BTreeSet<_>>().into_iter().collect())
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
        let held = self.held();
        let wanted = held.deliveries.values().rev().filter(|row| {
            filter.connection.as_ref().is_none_or(|connection| *connection == row.delivery.connection)
                && filter.status.is_none_or(|status| status == row.status)
        });
        Ok(wanted.take(filter.limit).map(Row::listed).collect())
    }

    async fn show(&self, id: DeliveryId) -> Result<Option<(Listed, Option<Bytes>)>, StoreError> {
        let held = self.held();
        let row = held.deliveries.get(&id);
        Ok(row.map(|row| (row.listed(), (row.status != Status::Done).then(|| row.delivery.payload.clone()))))
    }

    async fn redrive(&self, id: DeliveryId, now: Timestamp) -> Result<bool, StoreError> {
        let mut held = self.held();
        let Some(row) = held.deliveries.get_mut(&id) else { return Ok(false) };
        let held_by_a_worker = row.status == Status::Working && row.due > now;
        if row.status == Status::Done || held_by_a_worker {
            return Ok(false);
        }
        row.status = Status::Waiting;
        row.due = now;
        row.since = now;
        row.attempts = 0;
        row.cause.clear();
        row.remedy.clear();
        drop(held);
        self.changed.notify_waiters();
        Ok(true)
    }

    async fn drop_delivery(&self, id: DeliveryId) -> Result<bool, StoreError> {
        let mut held = self.held();
        let idle = held.deliveries.get(&id).is_some_and(|row| row.status != Status::Working);
        Ok(idle && held.deliveries.remove(&id).is_some())
    }

    async fn counts(&self, connection: Option<&str>) -> Result<Counts, StoreError> {
        let held = self.held();
        let mut counts = Counts::default();
        for (_, totals) in held.totals.iter().filter(|(name, _)| connection.is_none_or(|wanted| wanted == *name)) {
            totals.add_to(&mut counts);
        }
        for row in held.deliveries.values().filter(|row| connection.is_none_or(|wanted| wanted == row.delivery.connection)) {
            if row.unfinished() {
                counts.backlog += 1;
                let accepted_at = row.delivery.accepted_at;
                counts.oldest = Some(counts.oldest.map_or(accepted_at, |oldest| oldest.min(accepted_at)));
            }
            counts.dead_letters += u64::from(row.status == Status::DeadLetter);
        }
        Ok(counts)
    }

    async fn prune(&self, done_before: Timestamp, dead_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let mut held = self.held();
        let old = |row: &Row| match row.status {
            Status::Done => row.due < done_before,
            Status::DeadLetter => row.due < dead_before,
            Status::Waiting | Status::Working => false,
        };
        let mut gone: Vec<_> =
            held.deliveries.values().filter(|row| old(row)).map(|row| (row.status as u8, row.due, row.delivery.id)).collect();
        gone.sort_unstable();
        gone.truncate(limit);
        for (_, _, id) in &gone {
            held.deliveries.remove(id);
        }
        Ok(gone.len())
    }
}

#[async_trait]
impl StateStore for MemoryStore {
    async fn get(&self, key: &str) -> Result<Option<Document>, StoreError> {
        let held = self.held();
        let document = held.documents.get(key);
        Ok(document.map(|stored| Document { bytes: stored.bytes.clone(), version: Version(stored.version.to_string()) }))
    }

    async fn put(
        &self,
        key: &str,
        expected: Option<&Version>,
        bytes: Bytes,
        now: Timestamp,
    ) -> Result<Option<Version>, StoreError> {
        let mut held = self.held();
        let present = held.documents.get(key).map(|stored| Version(stored.version.to_string()));
        if present.as_ref() != expected {
            return Ok(None);
        }
        let version = held.next();
        held.documents.insert(key.to_owned(), Stored { bytes, version, written: now });
        Ok(Some(Version(version.to_string())))
    }

    async fn remove(&self, key: &str, version: &Version) -> Result<bool, StoreError> {
        let mut held = self.held();
        let same = held.documents.get(key).is_some_and(|stored| stored.version.to_string() == version.0);
        Ok(same && held.documents.remove(key).is_some())
    }

    async fn stale(&self, wanted: &str, before: Timestamp, limit: usize) -> Result<Vec<String>, StoreError> {
        let held = self.held();
        let documents = held.documents.iter();
        let mut old: Vec<_> = documents
            .filter(|(key, stored)| collection(key) == wanted && stored.written < before)
            .map(|(key, stored)| (stored.written, key.clone()))
            .collect();
        old.sort_unstable();
        Ok(old.into_iter().take(limit).map(|(_, key)| key).collect())
    }
}
