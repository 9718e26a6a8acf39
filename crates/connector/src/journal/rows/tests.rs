//! Stories of the rows of the connector's log: bounded, in order, once.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::{Semaphore, oneshot};

use super::*;
use crate::clock::{ManualClock, between};
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
        details: String::new(),
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
    retry_after: Option<Duration>,
    calls: AtomicUsize,
}

impl Gated {
    fn new(allowed: usize, failures: usize) -> Arc<Self> {
        Self::asking(allowed, failures, None)
    }

    /// Its failures ask for a wait.
    fn asking(allowed: usize, failures: usize, retry_after: Option<Duration>) -> Arc<Self> {
        Arc::new(Self {
            taken: MemorySink::default(),
            allowed: Semaphore::new(allowed),
            failures: AtomicUsize::new(failures),
            retry_after,
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
            return Err(SinkError {
                cause: "The workspace is away.".to_owned(),
                remedy: String::new(),
                retry_after: self.retry_after,
                maybe_there: 0,
            });
        }
        Sink::log(&self.taken, rows).await
    }

    fn describe(&self) -> String {
        "gated".to_owned()
    }
}

/// Everything here runs on one thread: what is not ready after so many turns never will be.
async fn until(ready: impl Fn() -> bool) {
    for _ in 0..100_000 {
        if ready() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("what the story waits for does not come");
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
        async move { journal.run(&*MemoryStore::new(), async { drop(stopped.await) }).await }
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
async fn a_sink_that_asks_for_no_wait_is_still_left_alone_longer_each_time() {
    for (asked, least) in [(0, 5 + 10 + 20), (12, 12 + 12 + 20)] {
        let (sink, clock) = (Gated::asking(1000, 3, Some(Duration::from_secs(asked))), clock());
        let begun = clock.now();
        let journal = RowJournal::new(sink.clone(), clock.clone(), Duration::ZERO);
        journal.record(entry(1));
        let written = until(|| {
            clock.advance(Duration::from_secs(1));
            journal.waiting() == 0
        });
        journal.run(&*MemoryStore::new(), written).await;
        let took = between(begun, clock.now());
        assert!(took >= Duration::from_secs(least), "{asked}: {took:?}");
        assert_eq!(sink.messages(), ["1"]);
    }
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
        async move { journal.run(&*MemoryStore::new(), async { drop(stopped.await) }).await }
    });
    journal.record(entry(1));
    // The clock does not move.
    until(|| sink.messages() == ["1"]).await;
    journal.record(entry(2));
    stop.send(()).unwrap();
    running.await.unwrap();
    journal.close(&*MemoryStore::new()).await;
    assert_eq!((sink.messages(), journal.waiting()), (vec!["1".to_owned(), "2".to_owned()], 0));
}

#[tokio::test]
async fn a_sink_that_never_answers_holds_up_the_end_for_seconds_only_and_the_next_process_has_the_rows() {
    let (sink, clock, store) = (Gated::new(0, 0), clock(), MemoryStore::new());
    let journal = RowJournal::new(sink.clone(), clock.clone(), Duration::ZERO);
    journal.record(entry(1));
    let begun = clock.now();
    let life = async {
        journal.run(&*store, until(|| sink.calls.load(Ordering::SeqCst) == 1)).await;
        journal.close(&*store).await;
    };
    let an_hour = async {
        for _ in 0..3600 {
            clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        () = life => {}
        () = an_hour => panic!("it waits and waits"),
    }
    assert!(between(begun, clock.now()) <= Duration::from_secs(10), "{}", clock.now());
    assert_eq!((journal.waiting(), sink.calls.load(Ordering::SeqCst)), (0, 2), "one more try and no other");

    let next = Gated::new(1000, 0);
    RowJournal::new(next.clone(), clock, GATHER).run(&*store, until(|| next.messages() == ["1"])).await;
}

/// A process begins, writes so many rows, and is killed.
async fn writes(sink: Arc<Gated>, store: &MemoryStore, more: &[usize], count: usize) {
    let journal = RowJournal::new(sink.clone(), clock(), Duration::ZERO);
    for number in more {
        journal.record(entry(*number));
    }
    journal.run(store, until(|| sink.taken.log().len() >= count)).await;
}

/// A process that cannot write ends.
async fn leaves(store: &MemoryStore, numbers: impl Iterator<Item = usize>) {
    let journal = RowJournal::new(Gated::new(1000, 1), clock(), GATHER);
    numbers.for_each(|number| journal.record(entry(number)));
    journal.close(store).await;
    assert_eq!(journal.waiting(), 0);
}

#[tokio::test]
async fn what_could_not_be_written_before_the_end_comes_first_in_the_next_process_and_once() {
    let (store, sink) = (MemoryStore::new(), Gated::new(1000, 0));
    leaves(&store, 1..2).await;
    leaves(&store, 2..3).await;
    writes(sink.clone(), &store, &[3], 3).await;
    writes(sink.clone(), &store, &[4], 4).await;
    assert_eq!(sink.messages(), ["1", "2", "3", "4"]);
}

#[tokio::test]
async fn what_was_left_is_kept_until_it_is_written_though_the_process_is_killed_again_and_again() {
    let store = MemoryStore::new();
    leaves(&store, 0..BATCH * 2 + 5).await;
    let mut all = Vec::new();
    // The sink takes so many batches, and the process is killed while it waits for the next answer.
    for (taken, calls) in [(0, 1), (1, 2), (0, 1), (2, 2)] {
        let sink = Gated::new(taken, 0);
        let journal = RowJournal::new(sink.clone(), clock(), GATHER);
        journal.run(&*store, until(|| sink.calls.load(Ordering::SeqCst) == calls)).await;
        all.extend(sink.messages());
    }
    assert_eq!(all, (0..BATCH * 2 + 5).map(|number| number.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_is_put_aside_is_bounded_and_the_oldest_go() {
    let (store, sink) = (MemoryStore::new(), Gated::new(1000, 0));
    leaves(&store, 0..WAITING).await;
    leaves(&store, WAITING..WAITING + 30).await;
    writes(sink.clone(), &store, &[], WAITING).await;
    assert_eq!(sink.messages(), (30..WAITING + 30).map(|number| number.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_was_left_takes_no_room_from_what_comes() {
    let store = MemoryStore::new();
    leaves(&store, 0..WAITING).await;
    let sink = Gated::new(0, 0);
    let journal = RowJournal::new(sink.clone(), clock(), Duration::ZERO);
    journal.run(&*store, until(|| sink.calls.load(Ordering::SeqCst) == 1)).await;
    (0..WAITING).for_each(|number| journal.record(entry(number)));
    assert_eq!((journal.waiting(), journal.queue().dropped), (WAITING, 0));
}

#[tokio::test]
async fn what_was_left_and_cannot_be_read_holds_nothing_up_and_is_told_once() {
    let (store, sink) = (MemoryStore::new(), Gated::new(1000, 0));
    store.put("journal/waiting", None, "[{".into(), clock().now()).await.unwrap();
    writes(sink.clone(), &store, &[1], 1).await;
    assert_eq!(sink.messages(), ["1"]);
    assert_eq!(store.get("journal/waiting").await.unwrap(), None);
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
