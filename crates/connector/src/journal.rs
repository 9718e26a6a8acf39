//! What the connector says of itself: one entry per event an operator cares about, to the log and as rows of
//! `ServiceDeskLog_CL`.

pub mod details;
mod rows;

use std::fmt::Debug;

pub use rows::{GATHER, RowJournal};
use serde::{Deserialize, Serialize};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum LogType {
    /// Something went as it should.
    Info,
    /// Something needs watching; nothing is lost.
    Warning,
    /// Something needs a person.
    Error,
}

impl LogType {
    /// As in the column `LogType_s`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
        }
    }
}

/// One event. Empty strings mean "does not apply". No field may hold a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// How bad it is.
    pub log_type: LogType,
    /// The connection's name.
    pub connection: String,
    /// What was being done, as a fixed word: `create`, `update`, `resolve`, `sync`, `refresh`, ...; all stand at [`LogRow`](crate::rows::LogRow).
    pub operation: &'static str,
    /// What happened: a fixed sentence, values in the other fields.
    pub message: String,
    /// Why.
    pub cause: String,
    /// What to do.
    pub remedy: String,
    /// The work item's number.
    pub work_item: String,
    /// The alert's title.
    pub alert: String,
    /// What belongs together: the delivery's id, or the run's.
    pub correlation_id: String,
    /// What can be counted and charted, as JSON: see [`details`].
    pub details: String,
}

/// Takes entries. Must not block and must not fail: a journal that cannot write drops and counts.
pub trait Journal: Send + Sync + Debug {
    /// Takes one entry.
    fn record(&self, entry: Entry);
}

/// Writes entries to the process's log.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogJournal;

impl Journal for LogJournal {
    fn record(&self, entry: Entry) {
        macro_rules! log {
            ($level:ident) => {
                tracing::$level!(
                    connection = entry.connection,
                    operation = entry.operation,
                    cause = entry.cause,
                    remedy = entry.remedy,
                    work_item = entry.work_item,
                    alert = entry.alert,
                    correlation_id = entry.correlation_id,
                    details = entry.details,
                    "{}",
                    entry.message
                )
            };
        }
        match entry.log_type {
            LogType::Info => log!(info),
            LogType::Warning => log!(warn),
            LogType::Error => log!(error),
        }
    }
}
