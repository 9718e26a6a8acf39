//! Where rows go: a Log Analytics workspace, or a table of the embedded database. A sink knows nothing of ITSM tools.

pub mod credential;
pub mod local;
pub mod memory;
pub mod nowhere;
#[cfg(test)]
mod tests;
pub mod traced;
pub mod workspace;

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;

use crate::rows::{LogRow, ServiceDeskRow};

/// What became of rows that were written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// Rows that are there now.
    pub accepted: u64,
    /// Of these, rows that may be there twice: a call with them ended without an answer and was repeated.
    pub maybe_twice: u64,
    /// Texts that were cut because they were over the limit of a column.
    pub cut_fields: u64,
    /// Rows that can never be taken: which (place in the slice) and why.
    pub refused: Vec<(usize, String)>,
}

/// Why rows could not be written. Some may have been; all have to be written again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct SinkError {
    /// What happened, whole sentence, no secret.
    pub cause: String,
    /// What a person can do; empty when waiting is enough.
    pub remedy: String,
    /// What the sink asked for, if it did.
    pub retry_after: Option<Duration>,
    /// Rows of this write that are there or may be: at most so many will be there twice when all are written again.
    pub maybe_there: u64,
}

/// Takes rows. `Ok` means durable: everything was taken or is named in `refused`.
#[async_trait]
pub trait Sink: Send + Sync + Debug {
    /// Writes rows of `ServiceDesk_CL`.
    async fn records(&self, rows: &[ServiceDeskRow]) -> Result<Written, SinkError>;

    /// Writes rows of `ServiceDeskLog_CL`.
    async fn log(&self, rows: &[LogRow]) -> Result<Written, SinkError>;

    /// Where rows go, for people: `table of ./data/connector.db`, `dcr-... at https://...`.
    fn describe(&self) -> String;
}
