//! How the domain's values look in the database, both ways.

use bytes::Bytes;
use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Error, Result, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::delivery::{Delivery, DeliveryId, Source};
use crate::store::{Listed, Status};
use crate::telemetry::TraceContext;

/// The columns that [`delivery`] reads, in its order.
pub(super) const DELIVERY: &str = "id, connection, work_item_type, choices, source, accepted_at, payload, trace";
/// The columns that [`listed`] reads, in its order.
pub(super) const LISTED: &str = "id, connection, work_item_type, status, accepted_at, due, attempts, cause, remedy, summary";

pub(super) fn delivery(row: &Row<'_>) -> Result<Delivery> {
    Ok(Delivery {
        id: id(row, 0)?,
        connection: row.get(1)?,
        work_item_type: word(row, 2)?,
        choices: json(row, 3)?,
        source: word(row, 4)?,
        accepted_at: time(row, 5)?,
        payload: Bytes::from(row.get::<_, Option<Vec<u8>>>(6)?.unwrap_or_default()),
        // It must never keep a delivery from being made.
        trace: row.get_ref(7)?.as_str_or_null().ok().flatten().and_then(TraceContext::from_text),
    })
}

pub(super) fn listed(row: &Row<'_>) -> Result<Listed> {
    Ok(Listed {
        id: id(row, 0)?,
        connection: row.get(1)?,
        work_item_type: row.get(2)?,
        status: status(row, 3)?,
        accepted_at: time(row, 4)?,
        due: time(row, 5)?,
        attempts: row.get(6)?,
        cause: row.get(7)?,
        remedy: row.get(8)?,
        summary: if row.get_ref(9)?.data_type() == Type::Null { None } else { Some(json(row, 9)?) },
    })
}

/// Microseconds since 1970.
pub(super) fn micros(time: Timestamp) -> i64 {
    time.as_microsecond()
}

/// As SQLite takes it.
pub(super) fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// A number that is never below zero.
pub(super) fn count(row: &Row<'_>, column: usize) -> Result<u64> {
    let count: i64 = row.get(column)?;
    u64::try_from(count).map_err(|error| unreadable(column, error))
}

pub(super) fn time(row: &Row<'_>, column: usize) -> Result<Timestamp> {
    Timestamp::from_microsecond(row.get(column)?).map_err(|error| unreadable(column, error))
}

/// JSON text of a value that can always be written as such.
pub(super) fn to_json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::ToSqlConversionFailure(error.into()))
}

/// The one word that serde writes for a plain enum.
pub(super) fn source(source: Source) -> &'static str {
    match source {
        Source::Alert => "alert",
        Source::Request => "request",
    }
}

fn id(row: &Row<'_>, column: usize) -> Result<DeliveryId> {
    Ok(DeliveryId(Uuid::from_bytes(row.get(column)?)))
}

fn status(row: &Row<'_>, column: usize) -> Result<Status> {
    let number: u8 = row.get(column)?;
    Status::ALL.get(usize::from(number)).copied().ok_or_else(|| unreadable(column, format!("unknown status {number}")))
}

fn word<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T> {
    let word = row.get_ref(column)?.as_str()?.into();
    serde_json::from_value(serde_json::Value::String(word)).map_err(|error| unreadable(column, error))
}

fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T> {
    serde_json::from_str(row.get_ref(column)?.as_str()?).map_err(|error| unreadable(column, error))
}

fn unreadable(column: usize, why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::FromSqlConversionFailure(column, Type::Text, why.into())
}
