//! What a verdict does to a queued delivery and to the counts: said once here, so that every store does the same.

use jiff::Timestamp;

use super::{Counts, Status};
use crate::delivery::{Summary, Verdict};

/// The new standing of a delivery after an attempt.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) status: Status,
    /// When it is next due, or when it finished.
    pub(crate) due: Timestamp,
    /// Whether the attempt counts. One that finished the delivery always does.
    pub(crate) counts: bool,
    pub(crate) cause: String,
    pub(crate) remedy: String,
    /// Present when it is done; the payload is forgotten then.
    pub(crate) summary: Option<Summary>,
}

impl Outcome {
    pub(crate) fn of(verdict: &Verdict, now: Timestamp) -> Self {
        match verdict.clone() {
            Verdict::Done(summary) => Self {
                status: Status::Done,
                due: now,
                counts: true,
                cause: String::new(),
                remedy: String::new(),
                summary: Some(summary),
            },
            Verdict::RetryAt { due, cause, counts } => {
                Self { status: Status::Waiting, due, counts, cause, remedy: String::new(), summary: None }
            }
            Verdict::DeadLetter { cause, remedy } => {
                Self { status: Status::DeadLetter, due: now, counts: true, cause, remedy, summary: None }
            }
        }
    }

    /// What it adds to the counts.
    pub(crate) fn totals(&self) -> Totals {
        let mut totals = Totals { retried: u64::from(self.status == Status::Waiting), ..Totals::default() };
        if let Some(summary) = &self.summary {
            totals.work_items = summary.created.into();
            totals.updates = summary.updated.into();
            totals.duplicates_suppressed = summary.duplicates.into();
        }
        totals
    }
}

/// Counts of what ever happened on one connection. They survive pruning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) accepted: u64,
    pub(crate) work_items: u64,
    pub(crate) updates: u64,
    pub(crate) duplicates_suppressed: u64,
    pub(crate) retried: u64,
}

impl Totals {
    /// One delivery accepted.
    pub(crate) const ACCEPTED: Self = Self { accepted: 1, work_items: 0, updates: 0, duplicates_suppressed: 0, retried: 0 };

    pub(crate) fn add(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.work_items += other.work_items;
        self.updates += other.updates;
        self.duplicates_suppressed += other.duplicates_suppressed;
        self.retried += other.retried;
    }

    /// Adds these to counts for a person.
    pub(crate) fn add_to(self, counts: &mut Counts) {
        counts.accepted += self.accepted;
        counts.work_items += self.work_items;
        counts.updates += self.updates;
        counts.duplicates_suppressed += self.duplicates_suppressed;
        counts.retried += self.retried;
    }
}

/// The collection that a key of a document belongs to: what stands before its first slash.
pub(crate) fn collection(key: &str) -> &str {
    key.split_once('/').map_or(key, |(collection, _)| collection)
}
