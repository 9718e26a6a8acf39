//! The document in the hands of one run: taken with a lease, saved by compare-and-set only, given back. Every save renews the
//! lease and proves that it is still ours.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::cursor::{self, Cursor, Lease};
use super::engine::{Engine, Source};
use super::trouble::{Limits, Patience, Stop};
use super::{Order, Summary};
use crate::clock::{earlier, later};
use crate::rows::RecordKind;
use crate::store::{StateStore, Version};

/// A run without a sign of life for this long is taken for dead. Should it live, it finds out at its next save: too short a lease
/// costs rows that come twice, too long a one delays rows after a crash.
pub(super) const LEASE: Duration = Duration::from_secs(20);
/// Others who take the lease in the same instant.
const RIVALS: u32 = 5;

/// The document, ours for now.
#[derive(Debug)]
pub(super) struct Ledger {
    store: Arc<dyn StateStore>,
    key: String,
    run_id: String,
    version: Option<Version>,
    pub(super) cursor: Cursor,
}

/// Reads the document at `key`.
pub(super) async fn read(store: &dyn StateStore, key: &str) -> Result<Option<(Cursor, Version)>, Stop> {
    let Some(document) = store.get(key).await? else { return Ok(None) };
    match Cursor::decode(&document.bytes) {
        Ok(cursor) => Ok(Some((cursor, document.version))),
        Err(error) => Err(Stop::Damaged { key: key.to_owned(), why: error.to_string() }),
    }
}

impl Ledger {
    /// Takes the lease for the run of `summary`.
    pub(super) async fn take(
        engine: &Engine,
        source: &Source,
        kind: RecordKind,
        order: &Order,
        limits: &Limits,
        summary: &mut Summary,
    ) -> Result<Self, Stop> {
        let key = cursor::key(&summary.connection, kind);
        let overlap = source.sync.overlap.get();
        let days = order.days.unwrap_or(source.sync.days);
        let mut patience = Patience::default();
        let mut rivals = 0;
        loop {
            let now = engine.clock.now();
            let (mut cursor, version) = match read(&*engine.store, &key).await {
                Ok(Some((cursor, version))) => (cursor, Some(version)),
                Ok(None) => (Cursor::new(now, overlap, days), None),
                // Whoever wants everything again needs nothing of what is damaged.
                Err(Stop::Damaged { .. }) if order.full => {
                    let version = engine.store.get(&key).await?.map(|document| document.version);
                    (Cursor::new(now, overlap, days), version)
                }
                Err(stop) => {
                    patience.wait(stop, limits, engine).await?;
                    continue;
                }
            };
            summary.lag_seconds = cursor.lag(now).map(|lag| lag.as_secs());
            summary.first_load = cursor.first_load();
            if let Some(lease) = cursor.held(now) {
                return Err(Stop::Busy(lease.clone()));
            }
            if order.full {
                cursor.begin_anew(now, days);
            } else {
                cursor.want(now, days);
                cursor.plan(false);
            }
            cursor.lease = Some(Lease { run_id: summary.run_id.clone(), since: now, until: now });
            let store = Arc::clone(&engine.store);
            let mut ledger = Self { store, key: key.clone(), run_id: summary.run_id.clone(), version, cursor };
            match ledger.save(engine, limits).await {
                Ok(()) => return Ok(ledger),
                Err(Stop::Lost(_)) if rivals < RIVALS => rivals += 1,
                Err(stop) => return Err(stop),
            }
        }
    }

    /// Saves what the cursor says, and renews the lease.
    pub(super) async fn save(&mut self, engine: &Engine, limits: &Limits) -> Result<(), Stop> {
        let mut patience = Patience::default();
        loop {
            let now = engine.clock.now();
            if let Some(lease) = &mut self.cursor.lease {
                lease.until = later(now, LEASE);
            }
            match self.put(now).await {
                Err(stop @ Stop::Store(_)) => {
                    patience.wait(stop, limits, engine).await?;
                }
                result => return result,
            }
        }
    }

    /// Gives signs of life while `work` goes on, however long it waits. What is saved meanwhile is what was true before it.
    pub(super) async fn alive<T>(&mut self, engine: &Engine, limits: &Limits, work: impl Future<Output = T>) -> Result<T, Stop> {
        // The work ends by itself when the budget is used up.
        let limits = Limits { deadline: None, stop: limits.stop.clone() };
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return Ok(done),
                () = engine.clock.sleep_until(self.old_at()) => self.save(engine, &limits).await?,
            }
        }
    }

    /// Renews the lease when it is getting old: called before rows are written, so that a run that was taken for dead finds
    /// out before it writes and not after.
    pub(super) async fn hold(&mut self, engine: &Engine, limits: &Limits) -> Result<(), Stop> {
        if engine.clock.now() < self.old_at() { Ok(()) } else { self.save(engine, limits).await }
    }

    /// When the lease is old enough to be renewed.
    fn old_at(&self) -> Timestamp {
        earlier(self.cursor.lease.as_ref().map_or(Timestamp::MIN, |lease| lease.until), LEASE * 2 / 3)
    }

    /// Saves for the last time and gives the lease back. Should that fail, the lease ends by itself.
    pub(super) async fn give_back(mut self, now: Timestamp) -> Result<Cursor, Stop> {
        self.cursor.lease = None;
        self.put(now).await.map(|()| self.cursor)
    }

    async fn put(&mut self, now: Timestamp) -> Result<(), Stop> {
        let encoded = self.cursor.encode().map_err(|error| Stop::Defect(error.to_string()))?;
        loop {
            if let Some(version) = self.store.put(&self.key, self.version.as_ref(), encoded.clone(), now).await? {
                self.version = Some(version);
                return Ok(());
            }
            // A save that was done and whose answer was lost looks like somebody else's, until one looks at what is there.
            let Some(document) = self.store.get(&self.key).await? else {
                return Err(Stop::Lost("the record of how far the sync has come was removed".to_owned()));
            };
            self.version = Some(document.version);
            if document.bytes == encoded {
                return Ok(());
            }
            match Cursor::decode(&document.bytes).ok().and_then(|cursor| cursor.lease) {
                Some(lease) if lease.run_id == self.run_id => {}
                Some(lease) => return Err(Stop::Lost(format!("run {} since {}", lease.run_id, lease.since))),
                None => return Err(Stop::Lost("a run that has ended by now".to_owned())),
            }
        }
    }
}
