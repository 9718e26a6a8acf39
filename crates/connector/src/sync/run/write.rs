//! Writing: a group goes to the sink, which is given a little patience, and less of it when the process shall end.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tracing::Instrument;

use super::{Run, count};
use crate::rows::ServiceDeskRow;
use crate::sink::{SinkError, Written};
use crate::sync::trouble::{Patience, Stop};
use crate::telemetry::still_in_trace;

/// How long rows that are being written get when the process shall end.
const LAST_WRITE: Duration = Duration::from_secs(5);

/// What the sink made of a group.
#[derive(Debug, Default)]
pub(super) struct Handed {
    pub(super) written: Written,
    /// Rows that attempts that failed may have left there.
    pub(super) maybe_there: u64,
    /// Why it was given up.
    pub(super) stop: Option<Stop>,
}

impl Run<'_> {
    /// Gives rows to the sink, with a little patience.
    pub(super) async fn hand_over(&self, rows: &Arc<Vec<ServiceDeskRow>>) -> Handed {
        let mut handed = Handed::default();
        if rows.is_empty() {
            return handed;
        }
        let mut patience = Patience::default();
        loop {
            let written = tokio::select! {
                biased;
                written = self.records(rows) => written,
                () = self.cut_off() => Err(not_taken(rows)),
            };
            match written {
                Ok(written) => {
                    handed.written = written;
                    return handed;
                }
                Err(error) => {
                    handed.maybe_there += error.maybe_there;
                    if let Err(stop) = patience.wait(error.into(), &self.limits, self.engine).await {
                        handed.stop = Some(stop);
                        return handed;
                    }
                }
            }
        }
    }

    /// On a task of its own: rows are made into calls while the next pages are taken apart.
    async fn records(&self, rows: &Arc<Vec<ServiceDeskRow>>) -> Result<Written, SinkError> {
        let (sink, written) = (Arc::clone(&self.engine.sink), Arc::clone(rows));
        // A set, since it ends its task when it is dropped.
        let mut task = JoinSet::new();
        task.spawn(still_in_trace(async move { sink.records(&written).await }.in_current_span()));
        match task.join_next().await {
            Some(Ok(written)) => written,
            Some(Err(error)) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            _ => Err(not_taken(rows)),
        }
    }

    /// Returns a little after the process was told to end.
    async fn cut_off(&self) {
        self.limits.stopped().await;
        self.engine.clock.sleep(LAST_WRITE).await;
    }
}

/// Nobody knows what became of them.
fn not_taken(rows: &[ServiceDeskRow]) -> SinkError {
    let cause = "The process ended before they were taken.".to_owned();
    SinkError { cause, remedy: String::new(), retry_after: None, maybe_there: count(rows.len()) }
}
