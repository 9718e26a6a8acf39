//! Rows kept in memory, for tests; it fails when told to.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{Sink, SinkError, Written};
use crate::rows::{LogRow, ServiceDeskRow};

/// Keeps everything.
#[derive(Debug, Default)]
pub struct MemorySink {
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    records: Vec<ServiceDeskRow>,
    log: Vec<LogRow>,
    failures: VecDeque<(SinkError, bool)>,
}

impl MemorySink {
    /// All rows of `ServiceDesk_CL`, oldest first.
    pub fn records(&self) -> Vec<ServiceDeskRow> {
        self.held().records.clone()
    }

    /// All rows of `ServiceDeskLog_CL`, oldest first.
    pub fn log(&self) -> Vec<LogRow> {
        self.held().log.clone()
    }

    /// The next write of records fails; with `taken` its rows are there all the same.
    pub fn fail_next(&self, error: SinkError, taken: bool) {
        self.held().failures.push_back((error, taken));
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn written(rows: usize) -> Written {
    Written { accepted: u64::try_from(rows).unwrap_or(u64::MAX), ..Written::default() }
}

#[async_trait]
impl Sink for MemorySink {
    async fn records(&self, rows: &[ServiceDeskRow]) -> Result<Written, SinkError> {
        let mut held = self.held();
        let failure = held.failures.pop_front();
        if failure.as_ref().is_none_or(|(_, taken)| *taken) {
            held.records.extend_from_slice(rows);
        }
        failure.map_or_else(|| Ok(written(rows.len())), |(error, _)| Err(error))
    }

    async fn log(&self, rows: &[LogRow]) -> Result<Written, SinkError> {
        self.held().log.extend_from_slice(rows);
        Ok(written(rows.len()))
    }

    fn describe(&self) -> String {
        "memory".to_owned()
    }
}
