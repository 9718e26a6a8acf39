//! Records that were deleted or archived, as far as the instance tells: deletions stand in `sys_audit_delete` (kept for a time,
//! written for audited tables, under the record's own class), archived records in `sys_archive_log`. Both are for administrators
//! unless a read ACL opens them, so a table that is missing or may not be read is no failure.
//!
//! A record that is in its table again is not gone, whatever the two tables hold: undeleting inserts it anew, and the page
//! that it then comes on says the rest. (Should an instance restore the old date of change, too, and the row that says `Deleted`
//! be there already, only a full load brings the record back: no table is known that tells of it in time.)

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use super::ServiceNow;
use super::cells::Cell;
use super::client::fits_query;
use super::keyset::{self, Source, Step};
use super::records::{date, table};
use crate::provider::ProviderError;
use crate::provider::order::Placed;
use crate::provider::records::{Gone, Position};
use crate::rows::{RecordKind, RecordState, ServiceDeskRow};

/// Ids in one question, so that the address stays short.
const IDS: usize = 50;

/// An entry of either table.
#[derive(Debug)]
struct Entry {
    /// The entry's own.
    id: String,
    at: Option<Timestamp>,
    /// The record's table.
    table: String,
    /// The record's `sys_id`.
    record: String,
    number: String,
    restored: bool,
    state: RecordState,
}

impl Placed for Entry {
    fn id(&self) -> &str {
        &self.id
    }
    fn at(&self) -> Option<Timestamp> {
        self.at
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Columns<'a> {
            #[serde(borrow, default)]
            sys_id: Cell<'a>,
            #[serde(borrow, default)]
            sys_created_on: Cell<'a>,
            #[serde(borrow, default)]
            display_value: Cell<'a>,
            #[serde(borrow, default)]
            tablename: Option<Cell<'a>>,
            #[serde(borrow, default)]
            documentkey: Option<Cell<'a>>,
            #[serde(borrow, default)]
            from_table: Option<Cell<'a>>,
            #[serde(borrow, default)]
            id: Option<Cell<'a>>,
            #[serde(borrow, default)]
            restored: Cell<'a>,
        }
        let columns = Columns::deserialize(value)?;
        let state = if columns.tablename.is_some() { RecordState::Deleted } else { RecordState::Archived };
        let stored = |cell: Option<Cell<'_>>| cell.map(|cell| cell.value.into_owned()).unwrap_or_default();
        Ok(Self {
            id: columns.sys_id.value.into_owned(),
            at: date(&columns.sys_created_on.value),
            table: stored(columns.tablename.or(columns.from_table)),
            record: stored(columns.documentkey.or(columns.id)),
            number: columns.display_value.value.into_owned(),
            restored: !columns.restored.value.is_empty(),
            state,
        })
    }
}

pub(super) async fn gone(
    tool: &ServiceNow,
    kind: RecordKind,
    after: &Position,
    limit: u32,
) -> Result<Option<Gone>, ProviderError> {
    let (deleted, archived) = (format!("tablename={}", table(kind)), format!("from_table={}", table(kind)));
    let deletions = Source {
        table: "sys_audit_delete",
        stamp: "sys_created_on",
        base: &deleted,
        setting: "",
        fields: "sys_id,sys_created_on,tablename,documentkey,display_value",
        search_hidden: false,
    };
    let archive = Source {
        table: "sys_archive_log",
        base: &archived,
        fields: "sys_id,sys_created_on,from_table,id,display_value,restored",
        ..deletions
    };
    let (deleted, archived) = tokio::join!(entries(tool, &deletions, after, limit), entries(tool, &archive, after, limit));
    let told: Vec<Step<Entry>> = [deleted?, archived?].into_iter().flatten().collect();
    if told.is_empty() {
        return Ok(None);
    }
    // Only as far as both were read.
    let horizon = told.iter().filter(|step| step.more).map(|step| step.next.clone()).min();
    let mut entries: Vec<Entry> = told.into_iter().flat_map(|step| step.items).collect();
    entries.retain(|entry| entry.place().is_some_and(|place| horizon.as_ref().is_none_or(|horizon| place <= *horizon)));
    entries.sort_by_key(Placed::place);
    let last = entries.last().and_then(Placed::place);
    let (next, more) = match horizon {
        Some(horizon) => (horizon, true),
        None => (last.unwrap_or_else(|| after.clone()), false),
    };
    let rows = rows(tool, kind, entries).await?;
    Ok(Some(Gone { rows, next, more }))
}

/// The next entries of a table; nothing when there is none, or none for us.
async fn entries(
    tool: &ServiceNow,
    source: &Source<'_>,
    after: &Position,
    limit: u32,
) -> Result<Option<Step<Entry>>, ProviderError> {
    match keyset::step::<Entry>(&tool.client, source, after, None, limit, tool.clock.now()).await {
        Ok(step) if step.items.is_empty() && step.unreadable > 0 => Ok(None),
        Ok(step) => Ok(Some(step)),
        Err(ProviderError::Refused { cause, .. }) => {
            tracing::debug!(connection = tool.name, table = source.table, cause, "the instance does not tell which records went");
            Ok(None)
        }
        Err(other) => Err(other),
    }
}

async fn rows(tool: &ServiceNow, kind: RecordKind, mut entries: Vec<Entry>) -> Result<Vec<ServiceDeskRow>, ProviderError> {
    entries.retain(|entry| entry.table == table(kind) && fits_query(&entry.record) && !entry.restored);
    let archived: BTreeSet<String> =
        entries.iter().filter(|entry| entry.state == RecordState::Archived).map(|entry| entry.record.clone()).collect();
    // The archiver takes a record out of its table, which may be noted as a deletion, too.
    entries.retain(|entry| entry.state == RecordState::Archived || !archived.contains(&entry.record));
    let back = present(tool, kind, &entries).await?;
    let row = |entry: Entry| ServiceDeskRow {
        work_item_type: kind,
        number: entry.number,
        last_modified: entry.at,
        source_id: entry.record,
        record_state: entry.state,
        ..ServiceDeskRow::default()
    };
    Ok(entries.into_iter().filter(|entry| !back.contains(&entry.record)).map(row).collect())
}

/// Those of the records that are in their table.
async fn present(tool: &ServiceNow, kind: RecordKind, entries: &[Entry]) -> Result<BTreeSet<String>, ProviderError> {
    let mut present = BTreeSet::new();
    for some in entries.chunks(IDS) {
        let ids: Vec<&str> = some.iter().map(|entry| entry.record.as_str()).collect();
        let query = format!("sys_idIN{}", ids.join(","));
        let rows = tool.client.rows(table(kind), &query, "sys_id", IDS.try_into().unwrap_or(u32::MAX)).await?;
        present.extend(rows.iter().map(|row| row.value("sys_id").to_owned()));
    }
    Ok(present)
}
