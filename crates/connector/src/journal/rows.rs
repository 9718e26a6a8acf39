//! Entries as rows of `ServiceDeskLog_CL`: queued in bounded memory, written in batches. What the sink does wrong is said in the
//! process's log only, never in the journal itself, so that a sink that fails does not feed itself.

mod aside;

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::{Entry, Journal, LogJournal, LogType};
use crate::clock::Clock;
use crate::rows::LogRow;
use crate::sink::{Sink, SinkError};

/// Most rows of one write.
const BATCH: usize = 200;
/// Most rows that wait; with the texts of real failures some megabytes.
const WAITING: usize = 2000;
/// How long rows for a workspace wait for others: a call for each would be slow, and they can be queried minutes later anyway.
pub const GATHER: Duration = Duration::from_secs(5);
/// The first wait after a failure; doubled each time.
const FIRST_WAIT: Duration = Duration::from_secs(5);
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

    /// Writes rows as they come until `shutdown` is ready, then what is left. While the sink fails it is tried again, at most every
    /// five minutes.
    pub async fn run(&self, shutdown: impl Future<Output = ()> + Send) {
        tokio::select! {
            () = self.keep_writing() => {}
            () = shutdown => {}
        }
        self.flush().await;
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

    async fn keep_writing(&self) {
        let mut wait = FIRST_WAIT;
        loop {
            self.gathered().await;
            match self.write_batch().await {
                Ok(()) => wait = FIRST_WAIT,
                Err(error) => {
                    self.clock.sleep(error.retry_after.unwrap_or(wait).min(LONGEST_WAIT)).await;
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
        match self.sink.log(&batch).await {
            Ok(written) => {
                for (place, why) in written.refused {
                    let message = batch.get(place).map(|row| row.message.as_str()).unwrap_or_default();
                    tracing::warn!(why, message, "a row of the connector's log was refused");
                }
                let mut queue = self.queue();
                // Some may have been dropped at the front meanwhile, and were written after all.
                let dropped_meanwhile = queue.gone - first;
                let overlap = dropped_meanwhile.min(u64::try_from(taken).unwrap_or(u64::MAX));
                queue.dropped = queue.dropped.saturating_sub(dropped + overlap);
                for _ in dropped_meanwhile..u64::try_from(taken).unwrap_or(u64::MAX) {
                    queue.rows.pop_front();
                    queue.gone += 1;
                }
                if std::mem::take(&mut queue.failing) {
                    tracing::info!("rows of the connector's log can be written again");
                }
                Ok(())
            }
            Err(error) => {
                if !std::mem::replace(&mut self.queue().failing, true) {
                    let (cause, remedy) = (&error.cause, &error.remedy);
                    tracing::warn!(%cause, %remedy, sink = self.sink.describe(), "rows of the connector's log cannot be written yet");
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;
    use jiff::Timestamp;
    use tokio::sync::{Semaphore, oneshot};

    use super::*;
    use crate::clock::ManualClock;
    use crate::rows::ServiceDeskRow;
    use crate::sink::Written;
    use crate::sink::memory::MemorySink;
    use crate::store::memory::MemoryStore;

    fn entry(number: usize) -> Entry {
        Entry {
            log_type: LogType::Info,
            connection: "snow".to_owned(),
            operation: "sync",
            message: format!("{number}"),
            cause: String::new(),
            remedy: String::new(),
            work_item: String::new(),
            alert: String::new(),
            correlation_id: String::new(),
        }
    }

    fn clock() -> Arc<ManualClock> {
        Arc::new(ManualClock::new(Timestamp::constant(1_800_000_000, 0)))
    }

    /// Takes rows as often as it is allowed to; fails when told to.
    #[derive(Debug)]
    struct Gated {
        taken: MemorySink,
        allowed: Semaphore,
        failures: AtomicUsize,
        calls: AtomicUsize,
    }

    impl Gated {
        fn new(allowed: usize, failures: usize) -> Arc<Self> {
            Arc::new(Self {
                taken: MemorySink::default(),
                allowed: Semaphore::new(allowed),
                failures: AtomicUsize::new(failures),
                calls: AtomicUsize::default(),
            })
        }

        fn messages(&self) -> Vec<String> {
            self.taken.log().into_iter().map(|row| row.message).collect()
        }
    }

    #[async_trait]
    impl Sink for Gated {
        async fn records(&self, _: &[ServiceDeskRow]) -> Result<Written, SinkError> {
            unreachable!("a journal writes no records")
        }

        async fn log(&self, rows: &[LogRow]) -> Result<Written, SinkError> {
            self.calls.fetch_add(1, Ordering::SeqCst);
            self.allowed.acquire().await.unwrap().forget();
            let left = self.failures.load(Ordering::SeqCst);
            if left > 0 {
                self.failures.store(left - 1, Ordering::SeqCst);
                return Err(SinkError { cause: "The workspace is away.".to_owned(), remedy: String::new(), retry_after: None });
            }
            Sink::log(&self.taken, rows).await
        }

        fn describe(&self) -> String {
            "gated".to_owned()
        }
    }

    async fn until(ready: impl Fn() -> bool) {
        while !ready() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_flush_writes_everything_in_batches_and_in_order() {
        let sink = Gated::new(1000, 0);
        let journal = RowJournal::new(sink.clone(), clock(), GATHER);
        (0..=BATCH * 2).for_each(|number| journal.record(entry(number)));
        assert!(journal.flush().await);
        assert_eq!(sink.messages(), (0..=BATCH * 2).map(|number| number.to_string()).collect::<Vec<_>>());
        assert_eq!((sink.calls.load(Ordering::SeqCst), journal.waiting()), (3, 0));
        assert!(journal.flush().await);
        assert_eq!(sink.calls.load(Ordering::SeqCst), 3, "nothing is not written");
    }

    #[tokio::test]
    async fn recording_never_waits_the_oldest_go_and_a_row_says_how_many() {
        let sink = Gated::new(0, 0);
        let journal = RowJournal::new(sink.clone(), clock(), GATHER);
        (0..WAITING + 30).for_each(|number| journal.record(entry(number)));
        assert_eq!(journal.waiting(), WAITING);
        sink.allowed.add_permits(1000);
        assert!(journal.flush().await);
        let rows = sink.taken.log();
        let (drops, others): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.operation == "journal");
        assert_eq!(others.len(), WAITING);
        assert_eq!(others[0].message, "30");
        assert_eq!(drops.len(), 1);
        assert!(drops[0].cause.starts_with("30 rows"), "{}", drops[0].cause);
    }

    #[tokio::test]
    async fn what_is_dropped_while_it_is_being_written_is_not_counted_as_lost() {
        let sink = Gated::new(0, 0);
        let journal = Arc::new(RowJournal::new(sink.clone(), clock(), GATHER));
        (0..WAITING).for_each(|number| journal.record(entry(number)));
        let flush = tokio::spawn({
            let journal = journal.clone();
            async move { journal.flush().await }
        });
        until(|| sink.calls.load(Ordering::SeqCst) == 1).await;
        // The first 50 are on their way already.
        (WAITING..WAITING + 50).for_each(|number| journal.record(entry(number)));
        sink.allowed.add_permits(1000);
        assert!(flush.await.unwrap() && journal.flush().await);
        assert_eq!(sink.messages(), (0..WAITING + 50).map(|number| number.to_string()).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_failing_sink_is_tried_again_after_a_wait_and_adds_no_rows_of_its_own() {
        let (sink, clock) = (Gated::new(1000, 2), clock());
        let journal = Arc::new(RowJournal::new(sink.clone(), clock.clone(), GATHER));
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn({
            let journal = journal.clone();
            async move { journal.run(async { drop(stopped.await) }).await }
        });
        journal.record(entry(1));
        until(|| {
            clock.advance(Duration::from_secs(1));
            journal.waiting() == 0
        })
        .await;
        assert_eq!(sink.calls.load(Ordering::SeqCst), 3);
        assert_eq!(sink.messages(), ["1"]);
        stop.send(()).unwrap();
        running.await.unwrap();
    }

    #[tokio::test]
    async fn a_flush_does_not_wait_for_a_sink_that_fails() {
        let sink = Gated::new(1000, 1);
        let journal = RowJournal::new(sink.clone(), clock(), GATHER);
        journal.record(entry(1));
        assert!(!journal.flush().await);
        assert_eq!(journal.waiting(), 1);
        assert!(journal.flush().await);
        assert_eq!(sink.messages(), ["1"]);
    }

    #[tokio::test]
    async fn an_embedded_database_has_its_rows_at_once_and_the_end_writes_the_rest() {
        let sink = Gated::new(1000, 0);
        let journal = Arc::new(RowJournal::new(sink.clone(), clock(), Duration::ZERO));
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn({
            let journal = journal.clone();
            async move { journal.run(async { drop(stopped.await) }).await }
        });
        journal.record(entry(1));
        // The clock does not move.
        until(|| sink.messages() == ["1"]).await;
        journal.record(entry(2));
        stop.send(()).unwrap();
        running.await.unwrap();
        assert_eq!(sink.messages(), ["1", "2"]);
    }

    #[tokio::test]
    async fn what_could_not_be_written_before_the_end_comes_first_in_the_next_process_and_once() {
        let (store, away) = (MemoryStore::new(), || Gated::new(1000, 1));
        for number in [1, 2] {
            let journal = RowJournal::new(away(), clock(), GATHER);
            journal.record(entry(number));
            assert!(!journal.flush().await);
            journal.put_aside(&*store).await;
            assert_eq!(journal.waiting(), 0);
        }
        let sink = Gated::new(1000, 0);
        let journal = RowJournal::new(sink.clone(), clock(), GATHER);
        journal.record(entry(3));
        for _ in 0..2 {
            journal.take_up(&*store).await;
            assert!(journal.flush().await);
        }
        assert_eq!(sink.messages(), ["1", "2", "3"]);
    }

    #[tokio::test]
    async fn what_is_put_aside_is_bounded_and_the_oldest_go() {
        let store = MemoryStore::new();
        for half in [0, WAITING] {
            let journal = RowJournal::new(Gated::new(0, 0), clock(), GATHER);
            (half..half + WAITING).for_each(|number| journal.record(entry(number)));
            journal.put_aside(&*store).await;
        }
        let journal = RowJournal::new(Gated::new(1000, 0), clock(), GATHER);
        journal.take_up(&*store).await;
        assert_eq!(journal.waiting(), WAITING);
        assert_eq!(journal.queue().rows[0].message, WAITING.to_string());
    }

    #[tokio::test]
    async fn a_write_that_is_given_up_loses_nothing() {
        let sink = Gated::new(0, 0);
        let journal = RowJournal::new(sink.clone(), clock(), GATHER);
        journal.record(entry(1));
        tokio::select! {
            _ = journal.flush() => unreachable!("the sink does not answer"),
            () = until(|| sink.calls.load(Ordering::SeqCst) == 1) => {}
        }
        sink.allowed.add_permits(1000);
        assert!(journal.flush().await);
        assert_eq!(sink.messages(), ["1"]);
    }
}
