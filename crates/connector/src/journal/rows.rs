//! Entries as rows of `ServiceDeskLog_CL`: queued in bounded memory, written in batches. What the sink does wrong is said in the
//! process's log only, never in the journal itself, so that a sink that fails does not feed itself.

mod aside;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::{Entry, Journal, LogJournal, LogType};
use crate::clock::Clock;
use crate::rows::LogRow;
use crate::sink::{Sink, SinkError};
use crate::store::StateStore;

/// Most rows of one write.
const BATCH: usize = 200;
/// Most rows that wait; with the texts of real failures some megabytes.
const WAITING: usize = 2000;
/// How long rows for a workspace wait for others: a call for each would be slow, and they can be queried minutes later anyway.
pub const GATHER: Duration = Duration::from_secs(5);
/// The first wait after a failure; doubled each time.
const FIRST_WAIT: Duration = Duration::from_secs(5);
/// How long a sink gets that does not answer when the process shall end.
const LAST_WRITE: Duration = Duration::from_secs(5);
/// The longest wait after a failure.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// Writes entries to the process's log and, as rows, to a sink.
#[derive(Debug)]
pub struct RowJournal {
    sink: Arc<dyn Sink>,
    clock: Arc<dyn Clock>,
    gather: Duration,
    queue: Mutex<Queue>,
    /// Told of each entry.
    more: Notify,
    /// Held while rows are written, so that they are written once and in order.
    writing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Queue {
    rows: VecDeque<LogRow>,
    /// How many rows left the queue at its front, ever.
    gone: u64,
    /// How many were dropped since a row last said so.
    dropped: u64,
    failing: bool,
}

impl RowJournal {
    /// `gather` is how long rows wait for others: [`GATHER`] for a workspace, nothing for an embedded database. Rows are written by
    /// [`run`](Self::run) and [`flush`](Self::flush).
    #[must_use]
    pub fn new(sink: Arc<dyn Sink>, clock: Arc<dyn Clock>, gather: Duration) -> Self {
        Self { sink, clock, gather, queue: Mutex::default(), more: Notify::new(), writing: tokio::sync::Mutex::default() }
    }

    /// Writes the rows that an earlier process left in `store`, then those that come, until `shutdown` is ready; what waits then is
    /// for [`close`](Self::close). While the sink fails it is tried again, at most every five minutes.
    pub async fn run(&self, store: &dyn StateStore, shutdown: impl Future<Output = ()> + Send) {
        tokio::select! {
            () = self.keep_writing(store) => {}
            () = shutdown => {}
        }
    }

    /// The end: writes what waits, and leaves to the next process, in `store`, what the sink does not take at once. Who ends a
    /// process does not wait for long before he kills it.
    pub async fn close(&self, store: &dyn StateStore) {
        tokio::select! {
            biased;
            _ = self.flush() => {}
            () = self.clock.sleep(LAST_WRITE) => {}
        }
        self.put_aside(store).await;
    }

    /// Writes all rows recorded so far: for the end of a command or of an invocation. False when the sink failed; the rows then wait
    /// on.
    pub async fn flush(&self) -> bool {
        // As many rounds as there are batches, so that entries that go on coming in do not keep the caller here.
        let rounds = self.queue().rows.len().div_ceil(BATCH).max(1);
        for _ in 0..rounds {
            if self.write_batch().await.is_err() {
                return false;
            }
        }
        true
    }

    /// Rows that wait to be written.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue().rows.len()
    }

    async fn keep_writing(&self, store: &dyn StateStore) {
        let mut wait = FIRST_WAIT;
        let mut left_by_others = true;
        loop {
            let written = if left_by_others {
                self.write_left(store).await
            } else {
                self.gathered().await;
                self.write_batch().await
            };
            match written {
                Ok(()) => (wait, left_by_others) = (FIRST_WAIT, false),
                Err(error) => {
                    // Who asks for no wait at all would be called all the faster.
                    self.clock.sleep(error.retry_after.unwrap_or_default().max(wait).min(LONGEST_WAIT)).await;
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
            }
        }
    }

    /// Returns when there is a full batch, or anything at all for as long as rows are gathered.
    async fn gathered(&self) {
        while self.waiting() == 0 {
            self.more.notified().await;
        }
        let full = async {
            while self.waiting() < BATCH {
                self.more.notified().await;
            }
        };
        tokio::select! {
            () = full => {}
            () = self.clock.sleep(self.gather) => {}
        }
    }

    /// Writes up to a batch from the front of the queue. They leave it only when they are written, so nothing is lost when this is
    /// dropped half-way.
    async fn write_batch(&self) -> Result<(), SinkError> {
        let _writing = self.writing.lock().await;
        let (first, dropped, mut batch) = {
            let queue = self.queue();
            (queue.gone, queue.dropped, queue.rows.iter().take(BATCH).cloned().collect::<Vec<_>>())
        };
        let taken = batch.len();
        if dropped > 0 {
            batch.push(self.drops(dropped));
        }
        if batch.is_empty() {
            return Ok(());
        }
        self.send(&batch).await?;
        // What was dropped at the front meanwhile was written after all.
        let overlap = self.leave(first, taken);
        let mut queue = self.queue();
        queue.dropped = queue.dropped.saturating_sub(dropped + overlap);
        Ok(())
    }

    /// The rows that were the first `taken` when `first` had gone leave the queue; how many of them have been dropped since.
    fn leave(&self, first: u64, taken: usize) -> u64 {
        let mut queue = self.queue();
        let taken = u64::try_from(taken).unwrap_or(u64::MAX);
        let dropped = (queue.gone - first).min(taken);
        for _ in dropped..taken {
            queue.rows.pop_front();
            queue.gone += 1;
        }
        dropped
    }

    /// One call to the sink. Only the first failure and its end are told.
    async fn send(&self, batch: &[LogRow]) -> Result<(), SinkError> {
        match self.sink.log(batch).await {
            Ok(written) => {
                for (place, why) in written.refused {
                    let message = batch.get(place).map(|row| row.message.as_str()).unwrap_or_default();
                    tracing::warn!(why, message, "a row of the connector's log was refused");
                }
                if std::mem::take(&mut self.queue().failing) {
                    tracing::info!("rows of the connector's log can be written again");
                }
                Ok(())
            }
            Err(error) => {
                if !std::mem::replace(&mut self.queue().failing, true) {
                    let (cause, remedy) = (&error.cause, &error.remedy);
                    tracing::warn!(%cause, %remedy, sink = self.sink.describe(), "rows of the connector's log cannot be written and wait");
                }
                Err(error)
            }
        }
    }

    fn drops(&self, dropped: u64) -> LogRow {
        let entry = Entry {
            log_type: LogType::Warning,
            connection: String::new(),
            operation: "journal",
            message: "rows of this table were dropped".to_owned(),
            cause: format!("{dropped} rows came in while none could be written, and no more than {WAITING} can wait"),
            remedy: "look into the log of the process, where they are all the same".to_owned(),
            work_item: String::new(),
            alert: String::new(),
            correlation_id: String::new(),
            details: String::new(),
        };
        LogRow::new(entry, self.clock.now())
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal for RowJournal {
    fn record(&self, entry: Entry) {
        LogJournal.record(entry.clone());
        let row = LogRow::new(entry, self.clock.now());
        let mut queue = self.queue();
        if queue.rows.len() >= WAITING {
            queue.rows.pop_front();
            queue.gone += 1;
            queue.dropped += 1;
        }
        queue.rows.push_back(row);
        drop(queue);
        self.more.notify_one();
    }
}
