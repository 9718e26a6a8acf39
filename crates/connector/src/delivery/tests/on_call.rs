//! Deliveries that somebody else names, one attempt each.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::bench::{Bench, alert, bench, line, minute};
use super::deaf::Deaf;
use super::tool::{Fate, Tool};
use crate::clock::{ManualClock, between};
use crate::delivery::on_call::{Dealt, OnCall};
use crate::delivery::{Delivery, DeliveryId};
use crate::store::tests::Store;
use crate::store::{Listed, Status};

struct Called {
    on_call: Arc<OnCall>,
    queue: Arc<dyn Store>,
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
    let queue = super::store();
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

/// As the Functions host does: takes deliveries in order, so many at a time, and calls for each.
async fn host(on_call: Arc<OnCall>, deliveries: Vec<Delivery>, calls: usize) {
    let free = Arc::new(Semaphore::new(calls));
    let mut called = JoinSet::new();
    for delivery in deliveries {
        let call = free.clone().acquire_owned().await.unwrap();
        let on_call = on_call.clone();
        called.spawn(async move {
            on_call.work(delivery.id, &delivery.connection).await.unwrap();
            drop(call);
        });
    }
    called.join_all().await;
}

#[tokio::test]
async fn a_hundred_deliveries_of_a_connection_that_hangs_do_not_hold_up_another() {
    let mut bench = bench(6, "");
    let other = Tool::new(bench.chance.clone(), bench.clock.clone());
    bench.engine.lines.insert("other".to_owned(), Arc::new(line("other", "", &other)));
    *bench.tool.next.lock().unwrap() = vec![Fate::DiesBefore; 100];
    let mut deliveries: Vec<_> =
        (0..100).map(|number| bench.delivery(&alert(&format!("rule{number}"), false, minute(0)))).collect();
    let prompt = Delivery { connection: "other".to_owned(), ..bench.delivery(&alert("cpu", false, minute(0))) };
    deliveries.push(prompt.clone());
    let queue = super::store();
    for delivery in &deliveries {
        queue.enqueue(delivery.clone()).await.unwrap();
    }
    let on_call = Arc::new(OnCall::new(Arc::new(bench.engine), queue.clone(), 24));
    let calling = tokio::spawn(host(on_call, deliveries.clone(), 24));
    // The clock stands still: nothing waits for anything before the other connection has its work item.
    let done = async {
        while queue.show(prompt.id).await.unwrap().unwrap().0.status != Status::Done {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), done).await.expect("it is not held up");
    let mut due = Vec::new();
    for delivery in &deliveries[..100] {
        let listed = queue.show(delivery.id).await.unwrap().unwrap().0;
        due.extend((listed.status == Status::Waiting && listed.cause.contains("in hand")).then_some(listed.due));
    }
    // The last ones may be on their way to be put off.
    assert!(due.len() >= 70, "no more than half of the calls are taken by one that hangs: {}", due.len());
    let (first, last) = (between(minute(0), due[0]), between(minute(0), *due.last().unwrap()));
    assert!(first < Duration::from_secs(5) && last >= Duration::from_secs(6), "they come later and later: {first:?}, {last:?}");
    calling.abort();
}

#[tokio::test]
async fn a_connection_that_is_not_in_the_settings_is_waited_for_and_then_makes_dead_letters_that_say_so() {
    let bench = bench(4, "");
    let stray = Delivery { connection: "gone".to_owned(), ..bench.delivery(&alert("cpu", false, minute(0))) };
    let queue = super::store();
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

#[tokio::test]
async fn an_outcome_that_could_not_be_stored_is_an_error_so_that_the_caller_calls_again() {
    let bench = bench(5, "");
    let delivery = bench.delivery(&alert("cpu", false, minute(0)));
    let queue = super::store();
    queue.enqueue(delivery.clone()).await.unwrap();
    let (clock, tool) = (bench.clock.clone(), bench.tool.clone());
    let engine = Arc::new(bench.engine);
    let deaf = OnCall::new(engine.clone(), Arc::new(Deaf::new(queue.clone())), 24);
    assert!(deaf.work(delivery.id, "snow").await.is_err());
    let again = OnCall::new(engine, queue.clone(), 24);
    let Dealt::NotYet(due) = again.work(delivery.id, "snow").await.unwrap() else { panic!("the lease runs on") };
    clock.advance(between(minute(0), due));
    assert_eq!(again.work(delivery.id, "snow").await.unwrap(), Dealt::Attempted);
    assert_eq!(queue.show(delivery.id).await.unwrap().unwrap().0.status, Status::Done);
    assert_eq!(tool.records.lock().unwrap().len(), 1, "nothing was done twice");
}
