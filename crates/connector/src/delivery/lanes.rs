//! Takes due deliveries from the queue and hands them to the engine, one lane for each connection, so that a sick or slow
//! connection never holds up another. Used where no Functions host does it. Memory is bounded by the deliveries in hand.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::engine::Engine;
use super::line::Line;
use super::{Verdict, traced};
use crate::clock::later;
use crate::store::{DeliveryQueue, Leased, StoreError};
use crate::telemetry::Started;

/// Deliveries of connections that are no longer in the settings are looked for this often.
const LOOK_FOR_STRAYS: Duration = Duration::from_secs(60);
/// After the queue could not be asked, it is left alone for so long: a full disk does not empty itself for being asked more often.
const AFTER_TROUBLE: Duration = Duration::from_secs(5);
/// How many strays are taken at a time.
const STRAYS: usize = 50;

/// Runs all lanes until `stop` says so, then lets the deliveries in hand finish.
pub async fn run(engine: Arc<Engine>, queue: Arc<dyn DeliveryQueue>, stop: watch::Receiver<bool>) {
    let mut lanes = JoinSet::new();
    for line in engine.lines.values() {
        lanes.spawn(lane(engine.clone(), line.clone(), queue.clone(), stop.clone()));
    }
    lanes.spawn(strays(engine, queue, stop));
    while lanes.join_next().await.is_some() {}
}

/// No lane takes the deliveries of a connection that left the settings; the engine makes dead letters of them, which say so.
async fn strays(engine: Arc<Engine>, queue: Arc<dyn DeliveryQueue>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        if let Err(error) = settle_strays(&engine, &*queue).await {
            tracing::warn!(%error, "deliveries of connections that left the settings could not be looked for");
        }
        tokio::select! {
            () = engine.clock.sleep(LOOK_FOR_STRAYS) => {}
            _ = stop.changed() => break,
        }
    }
}

async fn settle_strays(engine: &Engine, queue: &dyn DeliveryQueue) -> Result<(), StoreError> {
    for name in queue.connections().await?.iter().filter(|name| !engine.lines.contains_key(*name)) {
        loop {
            let now = engine.clock.now();
            let leased = queue.lease(name, now, later(now, LOOK_FOR_STRAYS), STRAYS).await?;
            for leased in &leased {
                // What could not be stored has been said, and comes again.
                let _ = attempt(engine, queue, leased).await;
            }
            if leased.len() < STRAYS {
                break;
            }
        }
    }
    Ok(())
}

async fn lane(engine: Arc<Engine>, line: Arc<Line>, queue: Arc<dyn DeliveryQueue>, mut stop: watch::Receiver<bool>) {
    let clock = engine.clock.clone();
    let slots = Arc::new(Semaphore::new(line.in_hand()));
    let mut in_hand = JoinSet::new();
    while !*stop.borrow() {
        while in_hand.try_join_next().is_some() {}
        // Wait for a free slot first: nothing is leased that cannot be begun.
        let free = tokio::select! {
            permit = slots.clone().acquire_owned() => permit,
            _ = stop.changed() => break,
        };
        let Ok(first) = free else { break };
        let now = clock.now();
        if let Some(until) = line.gate.closed_until(now) {
            drop(first);
            tokio::select! {
                () = clock.sleep_until(until) => {}
                _ = stop.changed() => break,
            }
            continue;
        }
        // After a wait one goes first; see `Gate`.
        let limit = if line.gate.closed().is_some() { 1 } else { 1 + slots.available_permits() };
        let changed = queue.changed();
        let leased = match queue.lease(&line.name, now, later(now, line.lease()), limit).await {
            Ok(leased) => leased,
            Err(error) => {
                tracing::warn!(connection = line.name, %error, "deliveries could not be taken from the queue");
                drop(first);
                tokio::select! {
                    () = clock.sleep(AFTER_TROUBLE) => {}
                    _ = stop.changed() => break,
                }
                continue;
            }
        };
        if leased.is_empty() {
            drop(first);
            let due = queue.next_due(&line.name).await.ok().flatten();
            let look = later(now, queue.look_every());
            let until = due.map_or(look, |due| due.clamp(later(now, Duration::from_millis(5)), look));
            tokio::select! {
                () = changed => {}
                () = clock.sleep_until(until) => {}
                _ = stop.changed() => break,
            }
            continue;
        }
        let mut first = Some(first);
        for leased in leased {
            let permit = match first.take() {
                Some(permit) => Ok(permit),
                None => slots.clone().acquire_owned().await,
            };
            let (engine, queue) = (engine.clone(), queue.clone());
            in_hand.spawn(async move {
                let _permit = permit;
                // What could not be stored has been said, and comes again.
                let _ = attempt(&engine, &*queue, &leased).await;
            });
        }
    }
    while in_hand.join_next().await.is_some() {}
}

/// An attempt that meets a defect of ours ends as a dead letter, not as an endless loop.
async fn guarded(engine: &Engine, leased: &Leased) -> Verdict {
    AssertUnwindSafe(engine.deliver(leased)).catch_unwind().await.unwrap_or_else(|_| Verdict::DeadLetter {
        cause: "the connector met a defect of its own while delivering this".to_owned(),
        remedy: "report it with the log and the payload (`deliveries show`); redrive the delivery after an update".to_owned(),
    })
}

/// One attempt and its settlement. Should the store not take the verdict, the lease runs out and the delivery comes again;
/// its correlation knows what was done.
pub(super) async fn attempt(engine: &Engine, queue: &dyn DeliveryQueue, leased: &Leased) -> Result<(), StoreError> {
    let span = traced::attempt(&engine.tracing, leased);
    span.within(made(engine, queue, leased, &span)).await
}

async fn made(engine: &Engine, queue: &dyn DeliveryQueue, leased: &Leased, span: &Started) -> Result<(), StoreError> {
    let verdict = guarded(engine, leased).await;
    traced::outcome(span, &verdict);
    if let Verdict::RetryAt { due, cause, .. } = &verdict {
        tracing::debug!(delivery_id = %leased.delivery.id, %due, cause, "the delivery is put off");
    }
    engine.count_attempt(leased, &verdict);
    let settled = queue.settle(leased, &verdict, engine.clock.now()).await;
    if settled.is_ok() {
        engine.count_ending(leased, &verdict);
    }
    if let Err(error) = &settled {
        tracing::warn!(delivery_id = %leased.delivery.id, %error, "the outcome of a delivery could not be stored; it will be looked up when the lease has run out");
    }
    settled
}
