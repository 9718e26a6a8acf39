//! Records flow out of the ITSM tool into the workspace: increments from where the last run ended, and a first load that never
//! holds them up. This half only reads.
//!
//! One document for each connection and kind of record holds the cursor, what was seen lately, and the lease of the run that
//! works on it; every step is a compare-and-set on it, so that two runs never interleave.

pub mod cursor;
pub mod engine;
mod ledger;
mod run;
pub mod schedule;
#[cfg(test)]
mod tests;
pub mod track;
mod trouble;

use std::fmt::Debug;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::watch;

use self::cursor::Lease;
use crate::rows::RecordKind;

/// What a run is asked to do.
#[derive(Debug, Clone, Default)]
pub struct Order {
    /// Load the records of so many days (1 to 120) unless that was done; nothing: as the settings say.
    pub days: Option<u16>,
    /// Load the whole window again, also what was loaded before.
    pub full: bool,
    /// Stop after this long, at the next place where nothing is lost, and go on in the next run.
    pub budget: Option<Duration>,
    /// Stop in the same way when this says true.
    pub stop: Option<watch::Receiver<bool>>,
}

/// What a run did with one kind of record of one connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Name of the connection.
    pub connection: String,
    /// Which records.
    pub kind: RecordKind,
    /// The run.
    pub run_id: String,
    /// Records read.
    pub read: u64,
    /// Rows written.
    pub written: u64,
    /// Records read again in the overlap and not written again: the same version.
    pub unchanged: u64,
    /// Rows that may be there twice, at most: those of repeated writes that may have been taken, also when the next run repeats them.
    pub maybe_twice: u64,
    /// Texts cut at the limit of a column.
    pub cut_fields: u64,
    /// Rows that cannot be taken.
    pub refused: u64,
    /// Records that the tool says were deleted or archived.
    pub gone: u64,
    /// Seconds between the last change that is surely there and now; nothing until the first increment is done.
    pub lag_seconds: Option<u64>,
    /// How far the first load is; nothing when it is done.
    pub first_load: Option<FirstLoad>,
    /// Whether the run stopped for its time budget; the next one goes on.
    pub more: bool,
    /// The other run that is at work, for which this one did nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub busy: Option<Lease>,
    /// Why it ended early; empty when it did not.
    pub cause: String,
    /// What to do; empty when nothing.
    pub remedy: String,
}

/// How far a first load is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FirstLoad {
    /// Oldest change that it loads.
    pub from: Timestamp,
    /// Everything before this is there.
    pub reached: Timestamp,
    /// Newest change that it loads; the increments have the rest.
    pub until: Timestamp,
    /// Records loaded.
    pub records: u64,
}

/// Told while a run goes on. Must not block.
pub trait Progress: Send + Sync + Debug {
    /// `records` more have been written; `remaining` follow as far as the tool says; `lag` as in [`Summary::lag_seconds`].
    fn step(&self, connection: &str, kind: RecordKind, records: u64, remaining: Option<u64>, lag: Option<Duration>);
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Progress for Unwatched {
    fn step(&self, _: &str, _: RecordKind, _: u64, _: Option<u64>, _: Option<Duration>) {}
}
