//! Deliveries that somebody else names, one attempt each.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use super::bench::{Bench, alert, bench, minute};
use super::tool::{Fate, Tool};
use crate::clock::{ManualClock, between};
use crate::delivery::on_call::{Dealt, OnCall};
use crate::delivery::{Delivery, DeliveryId, Verdict};
use crate::store::memory::MemoryStore;
use crate::store::{Claim, Counts, DeliveryQueue, Filter, Leased, Listed, Status, StoreError};

struct Called {
    on_call: Arc<OnCall>,
    queue: Arc<MemoryStore>,
    tool: Arc<Tool>,
    clock: Arc<ManualClock>,
    /// Deliveries of different rules.
    deliveries: Vec<Delivery>,
}

async fn called(seed: u64, settings: &str, deliveries: usize) -> Called {
    let bench = bench(seed, settings);
    let make = |number: usize| bench.delivery(&alert(&format!("rule{number}"), false, minute(0)));
    let deliveries: Vec<_> = (0..deliveries).map(make).collect();
    let Bench { engine, tool, clock, .. } = bench;
    let queue = MemoryStore::new();
    for delivery in &deliveries {
        queue.enqueue(delivery.clone()).await.unwrap();
    }
    Called { on_call: Arc::new(OnCall::new(Arc::new(engine), queue.clone(), 24)), queue, tool, clock, deliveries }
}

impl Called {
    async fn work(&self, number: usize) -> Dealt {
        self.on_call.work(self.deliveries[number].id, "snow").await.unwrap()
    }

    async fn listed(&self, number: usize) -> Listed {
        self.queue.show(self.deliveries[number].id).await.unwrap().unwrap().0
    }
}

#[tokio::test]
async fn one_call_is_one_attempt_and_what_is_finished_is_left() {
    let called = called(1, "", 1).await;
    assert_eq!(called.work(0).await, Dealt::Attempted);
    assert_eq!((called.listed(0).await.status, called.tool.records.lock().unwrap().len()), (Status::Done, 1));
    assert_eq!(called.work(0).await, Dealt::Nothing);
    let unknown = DeliveryId(uuid::Uuid::nil());
    assert_eq!(called.on_call.work(unknown, "snow").await.unwrap(), Dealt::Nothing);
}

#[tokio::test]
async fn a_call_before_the_time_does_nothing() {
    let called = called(2, "", 1).await;
    *called.tool.next.lock().unwrap() = vec![Fate::Retry];
    assert_eq!(called.work(0).await, Dealt::Attempted);
    let due = called.listed(0).await.due;
    assert_eq!(called.work(0).await, Dealt::NotYet(due));
    called.clock.advance(between(minute(0), due));
    assert_eq!(called.work(0).await, Dealt::Attempted);
    assert_eq!((called.listed(0).await.status, called.listed(0).await.attempts), (Status::Done, 2));
}

#[tokio::test]
async fn a_connection_that_hangs_takes_no_more_calls_than_its_share() {
    let called = Arc::new(called(3, "concurrency = 2", 5).await);
    *called.tool.next.lock().unwrap() = vec![Fate::DiesBefore; 4];
    let hanging: Vec<_> = (0..4)
        .map(|number| {
            let called = called.clone();
            tokio::spawn(async move { called.work(number).await })
        })
        .collect();
    while !called.tool.next.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    let fifth = called.work(4);
    let mut fifth = std::pin::pin!(fifth);
    tokio::select! {
        biased;
        _ = &mut fifth => panic!("there was no place for it"),
        () = tokio::task::yield_now() => {}
    }
    called.clock.advance(Duration::from_secs(5));
    assert_eq!(fifth.await, Dealt::Attempted);
    let listed = called.listed(4).await;
    assert_eq!((listed.status, listed.attempts), (Status::Waiting, 0));
    assert!(listed.cause.contains("in hand"), "{}", listed.cause);

    // A place that is free again is taken at once.
    for task in hanging {
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    }
    called.clock.advance(Duration::from_secs(4));
    assert_eq!(called.work(4).await, Dealt::Attempted);
    assert_eq!(called.listed(4).await.status, Status::Done);
}

#[tokio::test]
async fn a_connection_that_is_not_in_the_settings_is_waited_for_and_then_makes_dead_letters_that_say_so() {
    let bench = bench(4, "");
    let stray = Delivery { connection: "gone".to_owned(), ..bench.delivery(&alert("cpu", false, minute(0))) };
    let queue = MemoryStore::new();
    queue.enqueue(stray.clone()).await.unwrap();
    let clock = bench.clock.clone();
    let on_call = OnCall::new(Arc::new(bench.engine), queue.clone(), 24);
    assert_eq!(on_call.work(stray.id, "gone").await.unwrap(), Dealt::Attempted);
    // A process with newer settings may know it.
    let (waiting, _) = queue.show(stray.id).await.unwrap().unwrap();
    assert_eq!((waiting.status, waiting.attempts), (Status::Waiting, 0));
    clock.advance(Duration::from_secs(1800));
    assert_eq!(on_call.work(stray.id, "gone").await.unwrap(), Dealt::Attempted);
    let (listed, _) = queue.show(stray.id).await.unwrap().unwrap();
    assert_eq!(listed.status, Status::DeadLetter);
    assert!(listed.cause.contains("not in the settings"), "{}", listed.cause);
}

/// Gives deliveries out and takes no outcome.
#[derive(Debug)]
struct Deaf(Arc<MemoryStore>);

#[async_trait::async_trait]
impl DeliveryQueue for Deaf {
    async fn claim(&self, id: DeliveryId, now: Timestamp, until: Timestamp) -> Result<Claim, StoreError> {
        self.0.claim(id, now, until).await
    }
    async fn settle(&self, _: &Leased, _: &Verdict, _: Timestamp) -> Result<(), StoreError> {
        Err(StoreError::Unavailable("away".to_owned()))
    }
    async fn enqueue(&self, _: Delivery) -> Result<(), StoreError> {
        unimplemented!("not asked")
    }
    async fn lease(&self, _: &str, _: Timestamp, _: Timestamp, _: usize) -> Result<Vec<Leased>, StoreError> {
        unimplemented!("not asked")
    }
    async fn next_due(&self, _: &str) -> Result<Option<Timestamp>, StoreError> {
        unimplemented!("not asked")
    }
    async fn connections(&self) -> Result<Vec<String>, StoreError> {
        unimplemented!("not asked")
    }
    async fn changed(&self) {}
    async fn list(&self, _: &Filter) -> Result<Vec<Listed>, StoreError> {
        unimplemented!("not asked")
    }
    async fn show(&self, _: DeliveryId) -> Result<Option<(Listed, Option<Bytes>)>, StoreError> {
        unimplemented!("not asked")
    }
    async fn redrive(&self, _: DeliveryId, _: Timestamp) -> Result<bool, StoreError> {
        unimplemented!("not asked")
    }
    async fn drop_delivery(&self, _: DeliveryId) -> Result<bool, StoreError> {
        unimplemented!("not asked")
    }
    async fn counts(&self, _: Option<&str>) -> Result<Counts, StoreError> {
        unimplemented!("not asked")
    }
    async fn prune(&self, _: Timestamp, _: Timestamp, _: usize) -> Result<usize, StoreError> {
        unimplemented!("not asked")
    }
}

#[tokio::test]
async fn an_outcome_that_could_not_be_stored_is_an_error_so_that_the_caller_calls_again() {
    let bench = bench(5, "");
    let delivery = bench.delivery(&alert("cpu", false, minute(0)));
    let queue = MemoryStore::new();
    queue.enqueue(delivery.clone()).await.unwrap();
    let (clock, tool) = (bench.clock.clone(), bench.tool.clone());
    let engine = Arc::new(bench.engine);
    let deaf = OnCall::new(engine.clone(), Arc::new(Deaf(queue.clone())), 24);
    assert!(deaf.work(delivery.id, "snow").await.is_err());
    let again = OnCall::new(engine, queue.clone(), 24);
    let Dealt::NotYet(due) = again.work(delivery.id, "snow").await.unwrap() else { panic!("the lease runs on") };
    clock.advance(between(minute(0), due));
    assert_eq!(again.work(delivery.id, "snow").await.unwrap(), Dealt::Attempted);
    assert_eq!(queue.show(delivery.id).await.unwrap().unwrap().0.status, Status::Done);
    assert_eq!(tool.records.lock().unwrap().len(), 1, "nothing was done twice");
}
