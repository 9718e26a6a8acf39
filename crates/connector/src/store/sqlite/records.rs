//! Statements of the rows. Both tables have the same shape, so that one set of statements serves both.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Result, params, params_from_iter};

use super::row::{self, micros};
use crate::store::{Record, RecordFilter, RecordPage, RecordPlace, RecordTable, RecordsHeld};

/// Most rows of a page.
const PAGE_ROWS: usize = 1000;
/// A page ends with the row that reaches so many bytes.
const PAGE_BYTES: usize = 4 << 20;

const fn name(table: RecordTable) -> &'static str {
    match table {
        RecordTable::ServiceDesk => "service_desk",
        RecordTable::Log => "service_desk_log",
    }
}

/// The same work item has a later row.
const SUPERSEDED: &str = "EXISTS (SELECT 1 FROM service_desk later WHERE later.source_id = here.source_id
    AND later.connection = here.connection AND later.kind = here.kind
    AND (later.time_generated, later.row) > (here.time_generated, here.row)";

pub(super) fn write(database: &Connection, table: RecordTable, records: &[Record]) -> Result<()> {
    let mut insert = database.prepare_cached(&format!(
        "INSERT INTO {} (time_generated, connection, kind, source_id, number, json) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        name(table)
    ))?;
    for record in records {
        insert.execute(params![
            micros(record.time_generated),
            record.connection,
            record.kind,
            record.source_id,
            record.number,
            record.json
        ])?;
    }
    Ok(())
}

/// What `filter` says of a row, and its values.
fn conditions(filter: &RecordFilter, end: i64) -> (String, Vec<Value>) {
    let mut text = "here.row <= ?".to_owned();
    let mut values = vec![Value::Integer(end)];
    let mut add = |condition: &str, value: Value| {
        text.push_str(condition);
        values.push(value);
    };
    if let Some(connection) = &filter.connection {
        add(" AND here.connection = ?", connection.clone().into());
    }
    if let Some(kind) = &filter.kind {
        add(" AND here.kind = ?", kind.clone().into());
    }
    if let Some(number) = &filter.number {
        add(" AND here.number = ?", number.clone().into());
    }
    if let Some(since) = filter.since {
        add(" AND here.time_generated >= ?", micros(since).into());
    }
    if filter.latest && filter.table == RecordTable::ServiceDesk {
        add(&format!(" AND NOT {SUPERSEDED} AND later.row <= ?)"), end.into());
    }
    (text, values)
}

/// The table and the index that gives its rows in order of time. Chosen here because SQLite cannot know how few rows one number has.
fn source(filter: &RecordFilter) -> String {
    let table = name(filter.table);
    let index = if filter.number.is_some() { "number" } else { "time" };
    format!("{table} here INDEXED BY {table}_{index}")
}

fn last_row(database: &Connection, table: RecordTable) -> Result<i64> {
    database.prepare_cached(&format!("SELECT ifnull(max(row), 0) FROM {}", name(table)))?.query_row([], |found| found.get(0))
}

/// Where a reading begins: before everything, or before the newest so many rows.
fn begin(database: &Connection, filter: &RecordFilter) -> Result<RecordPlace> {
    let all = RecordPlace { time: i64::MIN, row: 0, end: last_row(database, filter.table)? };
    let Some(limit) = filter.limit else { return Ok(all) };
    let (conditions, mut values) = conditions(filter, all.end);
    values.push(limit.into());
    let newer = database
        .prepare_cached(&format!(
            "SELECT here.time_generated, here.row FROM {} WHERE {conditions}
             ORDER BY here.time_generated DESC, here.row DESC LIMIT 1 OFFSET ?",
            source(filter)
        ))?
        .query_row(params_from_iter(values), |found| Ok(RecordPlace { time: found.get(0)?, row: found.get(1)?, ..all }))
        .optional()?;
    Ok(newer.unwrap_or(all))
}

pub(super) fn page(database: &Connection, filter: &RecordFilter, place: Option<RecordPlace>) -> Result<RecordPage> {
    let mut place = place.map_or_else(|| begin(database, filter), Ok)?;
    let (conditions, mut values) = conditions(filter, place.end);
    values.extend([place.time.into(), place.row.into()]);
    let mut select = database.prepare_cached(&format!(
        "SELECT here.time_generated, here.row, here.json FROM {} WHERE {conditions}
         AND (here.time_generated, here.row) > (?, ?) ORDER BY here.time_generated, here.row LIMIT {PAGE_ROWS}",
        source(filter)
    ))?;
    let mut found = select.query(params_from_iter(values))?;
    let (mut rows, mut bytes) = (Vec::new(), 0);
    while bytes < PAGE_BYTES
        && let Some(row) = found.next()?
    {
        let json: String = row.get(2)?;
        (place.time, place.row) = (row.get(0)?, row.get(1)?);
        bytes += json.len();
        rows.push(json);
    }
    let more = rows.len() == PAGE_ROWS || bytes >= PAGE_BYTES;
    Ok(RecordPage { rows, next: more.then_some(place) })
}

pub(super) fn held(database: &Connection, filter: &RecordFilter) -> Result<RecordsHeld> {
    let (conditions, values) = conditions(filter, i64::MAX);
    database
        .prepare_cached(&format!(
            "SELECT count(*), min(here.time_generated), max(here.time_generated) FROM {} WHERE {conditions}",
            source(filter)
        ))?
        .query_row(params_from_iter(values), |found| {
            let count = row::count(found, 0)?;
            let (oldest, newest) =
                if count == 0 { (None, None) } else { (Some(row::time(found, 1)?), Some(row::time(found, 2)?)) };
            Ok(RecordsHeld { count, oldest, newest })
        })
}

/// Where pruning has come to, as microseconds and row.
pub(super) type Looked = (i64, i64);

/// Up to `most` rows after `looked` that may go, and where to look on; nothing when all were looked at.
pub(super) fn outdated(
    database: &Connection,
    table: RecordTable,
    (before, newest_before): (Timestamp, Timestamp),
    looked: Looked,
    most: usize,
) -> Result<(Vec<i64>, Option<Looked>)> {
    let may_go = match table {
        RecordTable::ServiceDesk => format!("AND (here.time_generated < ?2 OR {SUPERSEDED}))"),
        RecordTable::Log => "AND ?2 = ?2".to_owned(),
    };
    let table = name(table);
    let mut select = database.prepare_cached(&format!(
        "SELECT here.row, here.time_generated FROM {table} here INDEXED BY {table}_time WHERE here.time_generated < ?1 {may_go}
         AND (here.time_generated, here.row) > (?3, ?4) ORDER BY here.time_generated, here.row LIMIT ?5"
    ))?;
    let found: Vec<(i64, i64)> = select
        .query_map(params![micros(before), micros(newest_before), looked.0, looked.1, row::limit(most)], |found| {
            Ok((found.get(0)?, found.get(1)?))
        })?
        .collect::<Result<_>>()?;
    let next = found.last().filter(|_| found.len() == most).map(|(row, time)| (*time, *row));
    Ok((found.into_iter().map(|(row, _)| row).collect(), next))
}

pub(super) fn forget(database: &Connection, table: RecordTable, rows: &[i64]) -> Result<u64> {
    let mut delete = database.prepare_cached(&format!("DELETE FROM {} WHERE row = ?1", name(table)))?;
    let mut gone = 0;
    for row in rows {
        gone += delete.execute([row])?;
    }
    Ok(u64::try_from(gone).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
