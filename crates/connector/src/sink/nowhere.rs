//! No table at all: a storage account without a workspace. The connector's log is then the log of the process alone, and records
//! are not synced.

use async_trait::async_trait;

use super::{Sink, SinkError, Written};
use crate::rows::{LogRow, ServiceDeskRow};

/// Keeps no rows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nowhere;

#[async_trait]
impl Sink for Nowhere {
    async fn records(&self, _: &[ServiceDeskRow]) -> Result<Written, SinkError> {
        Err(SinkError {
            cause: "There is no place for rows of records.".to_owned(),
            remedy: "Add the section [workspace] to the settings.".to_owned(),
            retry_after: None,
            maybe_there: 0,
        })
    }

    async fn log(&self, _: &[LogRow]) -> Result<Written, SinkError> {
        // Each stands in the log of the process already.
        Ok(Written::default())
    }

    fn describe(&self) -> String {
        "nowhere".to_owned()
    }
}
