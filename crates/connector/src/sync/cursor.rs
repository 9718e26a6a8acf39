//! How far the sync of one connection and kind of record has come: one document, the whole memory of the sync. What it means is
//! said here, and how it moves; when it may be saved is the ledger's business.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::FirstLoad;
use crate::clock::{between, earlier};
use crate::provider::records::Position;
use crate::rows::{RecordKind, RecordState, ServiceDeskRow};

/// Versions remembered for one track, of which the document has two. With ids of 32 and versions of a few characters a track stays
/// below 1.5 MB and the document below 3 MB; with the longest that are remembered it is twice that. Past the bound those changed
/// longest ago are forgotten: they are written once more by each increment that reads them again in the overlap, which ends when
/// they are settled. Nothing is lost by it.
pub const SEEN_MOST: usize = 20_000;
/// An id and version longer than this together are not remembered, so that the document's size has a bound.
const LONGEST_REMEMBERED: usize = 128;
/// The tool's clock may be behind ours by so much; only then could a change that becomes visible late be overlooked.
const CLOCKS_APART: Duration = Duration::from_secs(15 * 60);
/// Longest cause or remedy kept.
const LONGEST_TEXT: usize = 2_000;

/// Where the documents are: `sync/<connection>/<kind>`.
#[must_use]
pub fn key(connection: &str, kind: RecordKind) -> String {
    format!("sync/{connection}/{}", kind.key())
}

/// The document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// When the very first run began, or the last one that was told to begin anew.
    pub started: Timestamp,
    /// Changed records.
    pub increments: Track,
    /// Records that went.
    pub gone: Track,
    /// The oldest change that anybody wanted.
    pub wanted_from: Timestamp,
    /// Everything from here on is there or comes with the increments.
    pub loaded_from: Timestamp,
    /// The stretch that is being loaded.
    #[serde(default)]
    pub load: Option<Load>,
    /// Highest `TimeGenerated` given out.
    #[serde(default)]
    pub newest_row: Option<Timestamp>,
    /// Everything changed before this is surely there: the begin of the last increment that came to its end.
    #[serde(default)]
    pub current_to: Option<Timestamp>,
    /// Why the last run failed, if it did.
    #[serde(default)]
    pub failure: Option<Failure>,
    /// The run that works on it.
    #[serde(default)]
    pub lease: Option<Lease>,
}

/// A way through records in the order of their last change, each increment reading the overlap again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Track {
    /// The furthest that was read. An empty id: no record was.
    pub position: Position,
    /// Up to here nothing can become visible any more, so that it need not be read again.
    #[serde(default)]
    pub settled: Option<Position>,
    /// Versions written of records in the overlap, by id.
    #[serde(default)]
    seen: BTreeMap<String, Seen>,
}

/// Second of the last change, and version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Seen(i64, String);

/// A stretch of the first load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// Oldest change.
    pub from: Timestamp,
    /// The furthest that was read.
    pub position: Position,
    /// Newest change.
    pub until: Timestamp,
    /// Records read.
    pub records: u64,
    /// Whether the increments begin where it ends.
    #[serde(default)]
    pub meets_increments: bool,
}

/// Why runs fail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What happened the last time.
    pub cause: String,
    /// What to do; empty when nothing.
    pub remedy: String,
    /// Since when runs fail.
    pub since: Timestamp,
    /// When it failed last.
    pub at: Timestamp,
}

/// The right to change the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The run that has it.
    pub run_id: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when, without a further sign of life.
    pub until: Timestamp,
}

impl Cursor {
    /// Nothing was read yet, and a run begins `now`: increments begin an overlap earlier, the first load covers what is before.
    #[must_use]
    pub fn new(now: Timestamp, overlap: Duration, days: u16) -> Self {
        let edge = earlier(now, overlap);
        let mut cursor = Self {
            started: now,
            increments: Track::new(now),
            // What went before the first run is of no interest, but the tool's clock may be behind.
            gone: Track::new(earlier(now, CLOCKS_APART)),
            wanted_from: edge,
            loaded_from: edge,
            load: None,
            newest_row: None,
            current_to: None,
            failure: None,
            lease: None,
        };
        cursor.want(now, days);
        cursor.plan(true);
        cursor
    }

    /// Reads a document.
    pub fn decode(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// The document's bytes.
    pub fn encode(&self) -> Result<Bytes, serde_json::Error> {
        serde_json::to_vec(self).map(Bytes::from)
    }

    /// Somebody wants the changes of the last `days` too.
    pub fn want(&mut self, now: Timestamp, days: u16) {
        self.wanted_from = self.wanted_from.min(days_before(now, days));
    }

    /// Everything of the last `days` is to be loaded again, also what was written before.
    pub fn begin_anew(&mut self, now: Timestamp, days: u16) {
        self.started = now;
        self.wanted_from = days_before(now, days);
        self.loaded_from = now;
        self.increments.seen.clear();
        self.load = None;
        self.plan(true);
    }

    /// Begins the stretch that is wanted and not loaded, if there is one and none is being loaded.
    pub fn plan(&mut self, meets_increments: bool) {
        if self.load.is_none() && self.wanted_from < self.loaded_from {
            self.load = Some(Load {
                from: self.wanted_from,
                position: Position::before(self.wanted_from),
                // What begins here is loaded.
                until: earlier(self.loaded_from, Duration::from_nanos(1)),
                records: 0,
                meets_increments,
            });
        }
    }

    /// What was changed since is remembered of rows that the load wrote: what an increment may read again.
    #[must_use]
    pub fn load_floor(&self, overlap: Duration) -> Timestamp {
        let begin = self.increments.begin(overlap).at;
        match &self.load {
            Some(load) if self.follows(load) => begin.min(earlier(load.position.at, overlap)),
            _ => begin,
        }
    }

    /// Whether the increments, when this load is done, go on behind the last record loaded: a tool that gave no increment yet
    /// may be idle, or its clock behind ours.
    fn follows(&self, load: &Load) -> bool {
        load.meets_increments && self.increments.position.id.is_empty() && load.position < self.increments.position
    }

    /// The load came to its end.
    pub fn loaded(&mut self) {
        let Some(load) = self.load.take() else { return };
        self.loaded_from = self.loaded_from.min(load.from);
        if self.follows(&load) {
            self.increments.position = load.position;
            self.increments.settled = None;
        }
        self.plan(false);
    }

    /// For people.
    #[must_use]
    pub fn first_load(&self) -> Option<FirstLoad> {
        let load = self.load.as_ref()?;
        Some(FirstLoad { from: load.from, reached: load.position.at, until: load.until, records: load.records })
    }

    /// How far behind the tool the rows may be; nothing until the first increment came to its end.
    #[must_use]
    pub fn lag(&self, now: Timestamp) -> Option<Duration> {
        self.current_to.map(|current| between(current, now))
    }

    /// The run that works on it `now`.
    #[must_use]
    pub fn held(&self, now: Timestamp) -> Option<&Lease> {
        self.lease.as_ref().filter(|lease| lease.until > now)
    }

    /// A run failed `now`.
    pub fn failed(&mut self, cause: &str, remedy: &str, now: Timestamp) {
        let since = self.failure.as_ref().map_or(now, |failure| failure.since);
        let cut = |text: &str| text.chars().take(LONGEST_TEXT).collect();
        self.failure = Some(Failure { cause: cut(cause), remedy: cut(remedy), since, at: now });
    }
}

impl Track {
    fn new(now: Timestamp) -> Self {
        Self { position: Position::before(now), settled: None, seen: BTreeMap::new() }
    }

    /// Where the next increment begins: an overlap before the position, but nothing that is settled is read again.
    #[must_use]
    pub fn begin(&self, overlap: Duration) -> Position {
        if self.position.token().is_some() {
            return self.position.clone();
        }
        let back = Position::before(earlier(self.position.at, overlap));
        self.settled.clone().map_or(back.clone(), |settled| settled.max(back))
    }

    /// Whether this version of the record was written. One without a version never is known, and one of another time is another:
    /// a record that was deleted and made anew counts from the beginning.
    #[must_use]
    pub fn knows(&self, row: &ServiceDeskRow) -> bool {
        let same_time = |seen: &Seen| row.last_modified.is_none_or(|at| at.as_second() == seen.0);
        self.seen.get(&row.source_id).is_some_and(|seen| same_time(seen) && version(row).as_ref() == Some(&seen.1))
    }

    /// Everything up to `next` was read, by questions of which the first was `asked` then. A record that is dated later than that
    /// does not carry the position there: others may still be changed before it.
    pub fn advance(&mut self, next: &Position, asked: Timestamp, overlap: Duration) {
        let reached = Position { at: next.at.min(asked), id: next.id.clone() };
        if reached > self.position {
            self.position = reached;
        }
        let sure = Position::before(earlier(earlier(asked, overlap), CLOCKS_APART)).min(next.clone());
        if self.settled.as_ref().is_none_or(|settled| *settled < sure) {
            self.settled = Some(sure);
        }
    }

    /// These rows were written; those changed since `floor` are remembered, older ones forgotten. A row that does not say when
    /// its record was changed was changed at `otherwise`.
    pub fn remember(&mut self, rows: &[ServiceDeskRow], otherwise: Timestamp, floor: Timestamp) {
        let floor = floor.as_second();
        self.seen.retain(|_, seen| seen.0 >= floor);
        for row in rows {
            let at = row.last_modified.unwrap_or(otherwise).as_second();
            match version(row) {
                Some(version) if at >= floor && row.source_id.len() + version.len() <= LONGEST_REMEMBERED => {
                    self.seen.insert(row.source_id.clone(), Seen(at, version));
                }
                _ => {
                    self.seen.remove(&row.source_id);
                }
            }
        }
        let over = self.seen.len().saturating_sub(SEEN_MOST);
        if over > 0 {
            let mut oldest: Vec<_> = self.seen.iter().map(|(id, seen)| (seen.0, id.clone())).collect();
            oldest.sort_unstable();
            for (_, id) in oldest.into_iter().take(over) {
                self.seen.remove(&id);
            }
        }
    }

    /// Another row was written of these records since: should one come as it was before, it is written again.
    pub fn forget(&mut self, rows: &[ServiceDeskRow]) {
        for row in rows {
            self.seen.remove(&row.source_id);
        }
    }
}

/// What tells versions of a record apart, beside the time of its last change; nothing when the record does not say.
fn version(row: &ServiceDeskRow) -> Option<String> {
    match row.record_state {
        RecordState::Present => (!row.source_version.is_empty()).then(|| row.source_version.clone()),
        state => Some(format!("{state:?} {}", row.source_version)),
    }
}

fn days_before(now: Timestamp, days: u16) -> Timestamp {
    earlier(now, Duration::from_secs(u64::from(days) * 86_400))
}
