//! Reading records: pages in the order of their last change, for a sync. What a statement looks like is the provider's
//! business; how far a sync has come, what it has seen and where rows go is not.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::rows::{RecordKind, ServiceDeskRow};

/// A place in the order of (last change, id).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// Last change, as exact as the tool tells it.
    pub at: Timestamp,
    /// The record's id; empty stands before the first record of that instant.
    pub id: String,
}

impl Position {
    /// Before everything that was changed at `at` or later.
    #[must_use]
    pub const fn before(at: Timestamp) -> Self {
        Self { at, id: String::new() }
    }

    /// Where a tool goes on by a mark of its own: `token`, given at `at`. An overlap means nothing to it.
    #[must_use]
    pub fn marked(at: Timestamp, token: &str) -> Self {
        Self { at, id: format!("{MARK}{token}") }
    }

    /// The tool's own mark, if this is one.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.id.strip_prefix(MARK)
    }
}

/// Begins the id of a position that is a tool's own mark.
const MARK: &str = "mark:";

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// Which records.
    pub kind: RecordKind,
    /// Only what stands behind this place.
    pub after: &'a Position,
    /// Only what was changed at this instant or earlier.
    pub until: Option<Timestamp>,
    /// Records on a page, about.
    pub limit: u32,
}

/// Part of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Rows without connection, run and time, in the order of [`Position`]. May be empty though more follow.
    pub rows: Vec<ServiceDeskRow>,
    /// Where to go on.
    pub next: Position,
    /// Whether more may follow behind `next` right now.
    pub more: bool,
    /// How many records follow, as far as the tool says; records that may not be read are counted too.
    pub remaining: Option<u64>,
    /// What a person should know: columns that may not be read, values that are no dates.
    pub remarks: Vec<Remark>,
}

/// Something that the tool did not give though it answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// What is missing.
    pub cause: String,
    /// What a person can do.
    pub remedy: String,
}

/// Records that are no longer in their table, in the order in which they went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    /// Rows that say so (`Deleted`, `Archived`), without connection, run and time.
    pub rows: Vec<ServiceDeskRow>,
    /// Where to go on.
    pub next: Position,
    /// Whether more may follow behind `next` right now.
    pub more: bool,
}
