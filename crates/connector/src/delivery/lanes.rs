//! Takes due deliveries from the queue and hands them to the engine, one lane for each connection, so that a sick or slow
//! connection never holds up another. Used where no Functions host does it. Memory is bounded by the deliveries in hand.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::Verdict;
use super::engine::Engine;
use super::line::Line;
use crate::clock::later;
use crate::store::{DeliveryQueue, Leased};

/// Work of other processes is looked for this often.
const LOOK: Duration = Duration::from_secs(1);

/// Runs all lanes until `stop` says so, then lets the deliveries in hand finish.
pub async fn run(engine: Arc<Engine>, queue: Arc<dyn DeliveryQueue>, stop: watch::Receiver<bool>) {
    let mut lanes = JoinSet::new();
    for line in engine.lines.values() {
        lanes.spawn(lane(engine.clone(), line.clone(), queue.clone(), stop.clone()));
    }
    while lanes.join_next().await.is_some() {}
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
                Vec::new()
            }
        };
        if leased.is_empty() {
            drop(first);
            let due = queue.next_due(&line.name).await.ok().flatten();
            let look = later(now, LOOK);
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
                attempt(&engine, &*queue, &leased).await;
            });
        }
    }
    while in_hand.join_next().await.is_some() {}
}

/// One attempt and its settlement. Should the store not take the verdict, the lease runs out and the delivery comes again;
/// its correlation knows what was done.
pub async fn attempt(engine: &Engine, queue: &dyn DeliveryQueue, leased: &Leased) {
    let verdict = engine.deliver(&leased.delivery, leased.attempts).await;
    if let Verdict::RetryAt { due, cause, .. } = &verdict {
        tracing::debug!(delivery_id = %leased.delivery.id, %due, cause, "the delivery is put off");
    }
    if let Err(error) = queue.settle(leased, &verdict, engine.clock.now()).await {
        tracing::warn!(delivery_id = %leased.delivery.id, %error, "the outcome of a delivery could not be stored; it will be looked up when the lease has run out");
    }
}
