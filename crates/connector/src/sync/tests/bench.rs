//! The work bench of the stories.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::Notify;

use super::tool::{LeapingClock, Tool};
use crate::clock::{Chance, Clock, earlier};
use crate::journal::{Entry, Journal, LogType};
use crate::provider::Provider;
use crate::rows::{LogRow, RecordKind, RecordState, ServiceDeskRow};
use crate::settings::SyncSettings;
use crate::sink::memory::MemorySink;
use crate::sink::{Sink, SinkError, Written};
use crate::store::tests::Store;
use crate::store::{Document, StateStore, StoreError, Version};
use crate::sync::cursor::Cursor;
use crate::sync::engine::{Engine, Source};
use crate::sync::{Order, Summary, Unwatched};
use crate::telemetry::Tracing;

pub(super) fn start() -> Timestamp {
    "2026-03-02T12:00:00.25Z".parse().unwrap()
}

pub(super) fn ago(length: Duration) -> Timestamp {
    Timestamp::from_second(earlier(start(), length).as_second()).unwrap()
}

pub(super) const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

pub(super) const fn days(days: u64) -> Duration {
    Duration::from_secs(days * 86_400)
}

#[derive(Debug, Default)]
pub(super) struct Notes(Mutex<Vec<Entry>>);

impl Notes {
    pub(super) fn all(&self) -> Vec<Entry> {
        self.0.lock().unwrap().clone()
    }

    pub(super) fn take(&self) -> Vec<(LogType, String)> {
        let all = std::mem::take(&mut *self.0.lock().unwrap());
        all.into_iter().map(|entry| (entry.log_type, entry.message)).collect()
    }
}

impl Journal for Notes {
    fn record(&self, entry: Entry) {
        assert_eq!(entry.operation, "sync");
        assert!(!entry.correlation_id.is_empty());
        self.0.lock().unwrap().push(entry);
    }
}

/// A sink and a store between which the power can fail, and that know which rows were confirmed by a save.
#[derive(Debug)]
pub(super) struct Yard {
    pub(super) sink: MemorySink,
    pub(super) store: Arc<dyn Store>,
    pub(super) state: Mutex<YardState>,
    pub(super) died: Notify,
}

#[derive(Debug, Default)]
pub(super) struct YardState {
    /// Rows in the order of writing: confirmed by a save, or may come again.
    pub(super) confirmed: Vec<bool>,
    waiting: Vec<usize>,
    /// The power fails at the step of this number: before or after what it does, or while the answer is on its way.
    pub(super) dies_at: Option<u64>,
    pub(super) steps: u64,
    pub(super) store_failures: u32,
    /// Nothing can be read.
    pub(super) store_gone: bool,
    /// Rows are not answered.
    pub(super) sink_hangs: bool,
    /// So many saves are done and fail all the same.
    pub(super) lost_answers: u32,
    /// What the next writes of rows end with, and whether the rows are there all the same.
    pub(super) sink_failures: VecDeque<(SinkError, bool)>,
    /// Rows with this title are refused.
    pub(super) refuses: Option<String>,
}

impl Yard {
    async fn step(&self) {
        let dies = {
            let mut state = self.state.lock().unwrap();
            state.steps += 1;
            state.dies_at == Some(state.steps)
        };
        if dies {
            self.died.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait]
impl Sink for Yard {
    async fn records(&self, rows: &[ServiceDeskRow]) -> Result<Written, SinkError> {
        self.step().await;
        if self.state.lock().unwrap().sink_hangs {
            self.died.notify_one();
            std::future::pending::<()>().await;
        }
        let fails = self.state.lock().unwrap().sink_failures.pop_front();
        if fails.as_ref().is_none_or(|(_, taken)| *taken) {
            Sink::records(&self.sink, rows).await?;
            let mut state = self.state.lock().unwrap();
            let before = state.confirmed.len();
            state.confirmed.extend(rows.iter().map(|_| false));
            if fails.is_none() {
                state.waiting.extend(before..before + rows.len());
            }
        }
        self.step().await;
        if let Some((error, _)) = fails {
            return Err(error);
        }
        let refuses = self.state.lock().unwrap().refuses.clone();
        let mut written = Written { accepted: rows.len() as u64, ..Written::default() };
        for (index, row) in rows.iter().enumerate() {
            if refuses.as_ref() == Some(&row.title) {
                written.accepted -= 1;
                written.refused.push((index, "it is over 900000 bytes".to_owned()));
            }
        }
        Ok(written)
    }

    async fn log(&self, rows: &[LogRow]) -> Result<Written, SinkError> {
        Sink::log(&self.sink, rows).await
    }

    fn describe(&self) -> String {
        "a yard".to_owned()
    }
}

#[async_trait]
impl StateStore for Yard {
    async fn get(&self, key: &str) -> Result<Option<Document>, StoreError> {
        if self.state.lock().unwrap().store_gone {
            return Err(StoreError::Unavailable("no store".to_owned()));
        }
        self.store.get(key).await
    }

    async fn put(&self, key: &str, old: Option<&Version>, bytes: Bytes, now: Timestamp) -> Result<Option<Version>, StoreError> {
        self.step().await;
        {
            let mut state = self.state.lock().unwrap();
            if state.store_failures > 0 {
                state.store_failures -= 1;
                return Err(StoreError::Unavailable("disk full".to_owned()));
            }
        }
        // A save that only renews the lease says nothing about rows that are on their way.
        let way = |bytes: &[u8]| Cursor::decode(bytes).map(|cursor| (cursor.increments, cursor.gone, cursor.load)).ok();
        let came_forward = self.store.get(key).await?.is_none_or(|before| way(&before.bytes) != way(&bytes));
        let version = self.store.put(key, old, bytes.clone(), now).await?;
        if version.is_some() && came_forward {
            let mut state = self.state.lock().unwrap();
            let state = &mut *state;
            for index in state.waiting.drain(..) {
                state.confirmed[index] = true;
            }
        }
        self.step().await;
        let lost = {
            let mut state = self.state.lock().unwrap();
            let lost = version.is_some() && state.lost_answers > 0;
            state.lost_answers -= u32::from(lost);
            lost
        };
        if lost { Err(StoreError::Unavailable("no answer".to_owned())) } else { Ok(version) }
    }

    async fn remove(&self, key: &str, version: &Version) -> Result<bool, StoreError> {
        self.store.remove(key, version).await
    }

    async fn stale(&self, collection: &str, before: Timestamp, limit: usize) -> Result<Vec<String>, StoreError> {
        self.store.stale(collection, before, limit).await
    }
}

pub(super) struct Bench {
    pub(super) engine: Engine,
    pub(super) tool: Arc<Tool>,
    pub(super) yard: Arc<Yard>,
    pub(super) clock: Arc<LeapingClock>,
    pub(super) notes: Arc<Notes>,
}

pub(super) fn bench(seed: u64) -> Bench {
    bench_of(seed, |_| {})
}

/// A bench with a tool of one's own making.
pub(super) fn bench_of(seed: u64, make: impl FnOnce(&mut Tool)) -> Bench {
    let clock = Arc::new(LeapingClock::new(start()));
    let chance = Arc::new(Chance::seeded(seed));
    let mut tool = Tool::new(clock.clone(), chance.clone());
    make(&mut tool);
    let tool = Arc::new(tool);
    let store = super::store();
    let yard = Arc::new(Yard { sink: MemorySink::default(), store, state: Mutex::default(), died: Notify::new() });
    let notes = Arc::new(Notes::default());
    let sync = SyncSettings { changes: false, page_size: 10, ..SyncSettings::default() };
    let provider: Arc<dyn Provider> = tool.clone();
    let engine = Engine {
        store: yard.clone(),
        sink: yard.clone(),
        journal: notes.clone(),
        clock: clock.clone(),
        tracing: Tracing::off(clock.clone(), chance.clone()),
        chance,
        progress: Arc::new(Unwatched),
        sources: BTreeMap::from([("snow".to_owned(), Source { provider, sync })]),
        metrics: crate::metrics::Metrics::default(),
    };
    Bench { engine, tool, yard, clock, notes }
}

impl Bench {
    pub(super) async fn run(&self, order: &Order) -> Summary {
        // What a run that died had not saved, no later save confirms.
        self.yard.state.lock().unwrap().waiting.clear();
        self.engine.run("snow", RecordKind::Incident, order).await
    }

    /// A run that nothing may stop.
    pub(super) async fn good(&self) -> Summary {
        let summary = self.run(&Order::default()).await;
        assert_eq!((summary.cause.as_str(), summary.more), ("", false));
        summary
    }

    pub(super) fn sync(&mut self, change: impl FnOnce(&mut SyncSettings)) {
        change(&mut self.engine.sources.get_mut("snow").unwrap().sync);
    }

    /// Records changed in the last `from` days, `count` of them, evenly.
    pub(super) fn fill(&self, count: u32, from: u64) {
        for index in 0..count {
            self.tool.put(&format!("r{index:05}"), 0, ago(minutes(from * 24 * 60 - 60) * (count - index) / count));
        }
    }

    pub(super) fn rows(&self) -> Vec<ServiceDeskRow> {
        self.yard.sink.records()
    }

    /// The newest row of each record says what the tool says; nothing is missing.
    pub(super) fn assert_exact(&self) {
        let rows = self.rows();
        let mut newest: BTreeMap<&str, &ServiceDeskRow> = BTreeMap::new();
        let mut last = Timestamp::MIN;
        for row in &rows {
            assert_eq!((&*row.connection, row.work_item_type), ("snow", RecordKind::Incident));
            assert!(row.time_generated <= self.clock.now() + Duration::from_millis(1));
            last = last.max(row.time_generated);
            let best = newest.entry(&row.source_id).or_insert(row);
            if best.time_generated <= row.time_generated {
                *best = row;
            }
        }
        let inside = self.tool.inside();
        for (id, record) in inside.records.iter().filter(|(_, record)| !record.hidden) {
            let row = newest.get(id.as_str()).unwrap_or_else(|| panic!("{id} is missing: {record:?}"));
            let found = (row.record_state, row.source_version.as_str(), row.last_modified);
            assert_eq!(found, (RecordState::Present, record.version.to_string().as_str(), Some(record.at)), "{id}");
        }
        for (id, row) in newest.iter().filter(|(id, _)| !inside.records.contains_key(**id)) {
            assert_eq!(row.record_state, RecordState::Deleted, "{id} went");
        }
    }

    /// Rows that are there more than once, all of which must have been written by a step that was not confirmed.
    pub(super) fn explained_duplicates(&self) -> usize {
        let rows = self.rows();
        let confirmed = self.yard.state.lock().unwrap().confirmed.clone();
        let mut times: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (index, row) in rows.iter().enumerate() {
            let key = (&row.source_id, &row.source_version, format!("{:?} {:?}", row.record_state, row.last_modified));
            times.entry(key).or_default().push(index);
        }
        let mut twice = 0;
        for (key, indexes) in times {
            for index in indexes.iter().take(indexes.len() - 1) {
                assert!(!confirmed[*index], "written again without need: {key:?}");
                twice += 1;
            }
        }
        twice
    }
}
