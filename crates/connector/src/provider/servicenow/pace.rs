//! What reading a table taught about it: how long its pages may be, and what its answers can be believed to say.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::keyset::LARGEST;
use crate::provider::pace;

/// What was learnt about tables: how long pages may be, whether anything was ever read, and whether hidden records are counted.
#[derive(Debug)]
pub(super) struct Pace {
    length: pace::Pace,
    readable: Mutex<BTreeSet<&'static str>>,
    counted: Mutex<BTreeSet<&'static str>>,
}

impl Default for Pace {
    fn default() -> Self {
        Self { length: pace::Pace::new(LARGEST), readable: Mutex::default(), counted: Mutex::default() }
    }
}

impl Pace {
    /// How long pages may be at the moment.
    pub(super) const fn length(&self) -> &pace::Pace {
        &self.length
    }

    /// Whether a record of the table was ever read.
    pub(super) fn readable(&self, table: &'static str) -> bool {
        self.readable.lock().unwrap_or_else(PoisonError::into_inner).contains(table)
    }

    pub(super) fn counts_hidden(&self, table: &'static str) -> bool {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner).contains(table)
    }

    pub(super) fn saw_hidden_counted(&self, table: &'static str) {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner).insert(table);
    }

    /// A page came whole; `read` when there was a record on it.
    pub(super) fn whole(&self, table: &'static str, read: bool) {
        if read {
            self.readable.lock().unwrap_or_else(PoisonError::into_inner).insert(table);
        }
        self.length.whole(table);
    }
}
