//! Rows of the two tables on a machine without a workspace. A store keeps them as the JSON that they are, with what is needed to
//! find them, and gives them back oldest first, a bounded page at a time.

use std::fmt::Debug;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;

use super::StoreError;

/// One of the two tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RecordTable {
    /// `ServiceDesk_CL`.
    #[default]
    ServiceDesk,
    /// `ServiceDeskLog_CL`.
    Log,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// `TimeGenerated`.
    pub time_generated: Timestamp,
    /// The connection's name.
    pub connection: String,
    /// `ServiceDeskWorkItemType_s`; of the log `LogType_s`.
    pub kind: String,
    /// `SourceId_s`; of the log `CorrelationId_s`.
    pub source_id: String,
    /// `ServiceDeskId_s`.
    pub number: String,
    /// The whole row, a JSON object.
    pub json: String,
}

/// Which rows; all of the table when nothing narrows it.
#[derive(Debug, Clone, Default)]
pub struct RecordFilter {
    /// The table.
    pub table: RecordTable,
    /// Only of this connection.
    pub connection: Option<String>,
    /// Only of this kind, as in [`Record::kind`].
    pub kind: Option<String>,
    /// Only of the work item with this number.
    pub number: Option<String>,
    /// Only with a `TimeGenerated` at or after this.
    pub since: Option<Timestamp>,
    /// Of `ServiceDesk_CL` only the newest row of each work item (same connection, kind and source id). The log has no such thing.
    pub latest: bool,
    /// At most so many, the newest ones; given oldest first all the same.
    pub limit: Option<u32>,
}

/// How far a reading has come. It sees the rows that were there when it began, and none that came since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordPlace {
    pub(super) time: i64,
    pub(super) row: i64,
    pub(super) end: i64,
}

/// Some rows, and where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordPage {
    /// Rows as JSON, oldest `TimeGenerated` first, then in the order they were written.
    pub rows: Vec<String>,
    /// Where the next page begins; nothing when this was the last.
    pub next: Option<RecordPlace>,
}

/// What a table holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct RecordsHeld {
    /// Rows.
    pub count: u64,
    /// The earliest `TimeGenerated`.
    pub oldest: Option<Timestamp>,
    /// The latest `TimeGenerated`.
    pub newest: Option<Timestamp>,
}

/// Keeps rows.
#[async_trait]
pub trait RecordStore: Send + Sync + Debug {
    /// Adds rows, durably. After a failure some may be there; all have to be written again.
    async fn write(&self, table: RecordTable, records: Vec<Record>) -> Result<(), StoreError>;

    /// The page after `place`; the first without one. The filter must be the same for all pages.
    async fn page(&self, filter: &RecordFilter, place: Option<RecordPlace>) -> Result<RecordPage, StoreError>;

    /// How many rows there are and from when to when; `limit` means nothing here.
    async fn held(&self, filter: &RecordFilter) -> Result<RecordsHeld, StoreError>;

    /// Forgets rows from before `before`, but keeps the newest row of a work item until it is from before `newest_before`. Small
    /// steps; may be dropped between any two. Answers how many went.
    async fn prune_records(&self, table: RecordTable, before: Timestamp, newest_before: Timestamp) -> Result<u64, StoreError>;
}

/// Reads page after page.
#[derive(Debug)]
pub struct Reading<'a> {
    store: &'a dyn RecordStore,
    filter: RecordFilter,
    place: Option<RecordPlace>,
    done: bool,
}

impl<'a> Reading<'a> {
    /// From the oldest row of the filter on.
    #[must_use]
    pub fn new(store: &'a dyn RecordStore, filter: RecordFilter) -> Self {
        Self { store, filter, place: None, done: false }
    }

    /// The next rows; nothing at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<String>>, StoreError> {
        if self.done {
            return Ok(None);
        }
        let page = self.store.page(&self.filter, self.place).await?;
        self.place = page.next;
        self.done = page.next.is_none();
        Ok(Some(page.rows))
    }
}
