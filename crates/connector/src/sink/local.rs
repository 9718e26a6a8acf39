//! Rows into the embedded database: the tables of a machine without a workspace. They are durable when the write returns.

use std::sync::Arc;

use async_trait::async_trait;
use serde::Serialize;

use super::{Sink, SinkError, Written};
use crate::rows::{LogRow, Row, ServiceDeskRow};
use crate::store::{Record, RecordStore, RecordTable, StoreError};

/// Writes to a record store.
#[derive(Debug, Clone)]
pub struct LocalSink(pub Arc<dyn RecordStore>);

#[async_trait]
impl Sink for LocalSink {
    async fn records(&self, rows: &[ServiceDeskRow]) -> Result<Written, SinkError> {
        let record = |row: &ServiceDeskRow| {
            Ok(Record {
                time_generated: row.time_generated,
                connection: row.connection.to_string(),
                kind: row.work_item_type.as_str().to_owned(),
                source_id: row.source_id.clone(),
                number: row.number.clone(),
                json: json(row)?,
            })
        };
        self.write(RecordTable::ServiceDesk, rows, record).await
    }

    async fn log(&self, rows: &[LogRow]) -> Result<Written, SinkError> {
        let record = |row: &LogRow| {
            Ok(Record {
                time_generated: row.time_generated,
                connection: row.connection.clone(),
                kind: row.log_type.as_str().to_owned(),
                source_id: row.correlation_id.clone(),
                number: row.work_item.clone(),
                json: json(row)?,
            })
        };
        self.write(RecordTable::Log, rows, record).await
    }

    fn describe(&self) -> String {
        format!("tables {} and {} of the embedded database", ServiceDeskRow::TABLE, LogRow::TABLE)
    }
}

impl LocalSink {
    async fn write<R>(
        &self,
        table: RecordTable,
        rows: &[R],
        record: impl Fn(&R) -> Result<Record, String>,
    ) -> Result<Written, SinkError> {
        let mut written = Written::default();
        let mut records = Vec::with_capacity(rows.len());
        for (place, row) in rows.iter().enumerate() {
            match record(row) {
                Ok(record) => records.push(record),
                Err(why) => written.refused.push((place, why)),
            }
        }
        written.accepted = u64::try_from(records.len()).unwrap_or(u64::MAX);
        self.0.write(table, records).await.map_err(explained)?;
        Ok(written)
    }
}

fn json(row: &impl Serialize) -> Result<String, String> {
    serde_json::to_string(row).map_err(|error| format!("the row cannot be written as JSON: {error}"))
}

fn explained(error: StoreError) -> SinkError {
    let (cause, remedy) = match error {
        // What is said holds the remedy already, and the next run tries again.
        StoreError::Unavailable(said) => (format!("The embedded database cannot take rows: {said}."), ""),
        StoreError::Damaged(said) => (
            format!("The embedded database is damaged and takes no rows: {said}."),
            "Stop the connector, then restore the database from a backup, or move it away to begin with an empty one.",
        ),
    };
    // They are written in one transaction: none of them is there.
    SinkError { cause, remedy: remedy.to_owned(), retry_after: None, maybe_there: 0 }
}
