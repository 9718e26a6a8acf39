//! How far the sync of one connection and kind of record has come: one document, the whole memory of the sync. What it means is
//! said here, and how it moves; when it may be saved is the ledger's business.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::FirstLoad;
use super::track::{CLOCKS_APART, Track, met, settled_before};
use crate::clock::{between, earlier};
use crate::provider::records::Position;
use crate::rows::RecordKind;

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
    /// When the first page was asked for on which a change may have been missing that becomes visible later; nothing while all
    /// that was read was settled.
    #[serde(default)]
    pub open: Option<Timestamp>,
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
        self.increments.forget_all();
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
                open: None,
            });
        }
    }

    /// What was changed since is remembered of rows that are written now: what an increment may read again, also when the load that
    /// is under way sends it back.
    #[must_use]
    pub fn floor(&self, overlap: Duration, now: Timestamp) -> Timestamp {
        let begin = self.increments.begin(overlap).at;
        let Some(load) = &self.load else { return begin };
        let settled = settled_before(load.open.unwrap_or(now), overlap);
        if self.follows(load) {
            begin.min(settled_before(load.position.at, overlap))
        } else if load.open.is_some() || load.until >= settled {
            begin.min(settled)
        } else {
            begin
        }
    }

    /// Whether the increments, when this load is done, go on behind the last record loaded: a tool that gave no increment yet
    /// may be idle, or its clock behind ours.
    fn follows(&self, load: &Load) -> bool {
        load.meets_increments && self.increments.position.id.is_empty() && load.position < self.increments.position
    }

    /// The load came to its end with a page that `came` then. What may have become visible behind its back is left to the
    /// increments.
    pub fn loaded(&mut self, came: Timestamp, overlap: Duration) {
        let Some(load) = self.load.take() else { return };
        self.loaded_from = self.loaded_from.min(load.from);
        let back = earlier(met(&load.position, load.open, came), overlap);
        if self.follows(&load) {
            self.increments.go_back(back, overlap);
        } else if let Some(open) = load.open {
            self.increments.go_back(back.max(settled_before(open, overlap)), overlap);
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

fn days_before(now: Timestamp, days: u16) -> Timestamp {
    earlier(now, Duration::from_secs(u64::from(days) * 86_400))
}
