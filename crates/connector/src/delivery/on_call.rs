//! Works on deliveries that are named to it, one attempt each: for where something outside watches the time and calls. It keeps the
//! rule of the lanes that a sick or slow connection never holds up another.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::engine::Engine;
use super::lanes::attempt;
use super::line::Line;
use super::{DeliveryId, Verdict};
use crate::clock::later;
use crate::store::{Claim, DeliveryQueue, StoreError};

/// Deliveries in hand per request that the tool may get at the same time: while one waits for the tool, another waits for storage.
const IN_HAND_PER_REQUEST: usize = 2;
/// How long a call waits until its connection has a place free. Calls are few, and all connections share them.
const PATIENCE: Duration = Duration::from_secs(5);
/// A delivery for which there was none comes again about then.
const NEXT_TRY: Duration = Duration::from_secs(2);
/// A delivery of a connection that left the settings is held for so long: nothing is asked, it only becomes a dead letter.
const STRAY: Duration = Duration::from_secs(60);

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dealt {
    /// An attempt was made, or had no place, and that is stored; when there is another, it has its own time.
    Attempted,
    /// The delivery is due at this time.
    NotYet(Timestamp),
    /// It is finished, or gone.
    Nothing,
}

/// Deliveries of all connections, when called.
#[derive(Debug)]
pub struct OnCall {
    engine: Arc<Engine>,
    queue: Arc<dyn DeliveryQueue>,
    places: BTreeMap<String, Semaphore>,
}

impl OnCall {
    /// Works with the lines of `engine` on what `queue` keeps, in at most `calls` calls at a time, of which no connection among
    /// others takes more than half.
    #[must_use]
    pub fn new(engine: Arc<Engine>, queue: Arc<dyn DeliveryQueue>, calls: usize) -> Self {
        let most = if engine.lines.len() > 1 { calls.div_ceil(2) } else { calls };
        let places = |line: &Line| line.settings.concurrency.max(1).saturating_mul(IN_HAND_PER_REQUEST).min(most.max(1));
        let places = engine.lines.iter().map(|(name, line)| (name.clone(), Semaphore::new(places(line)))).collect();
        Self { engine, queue, places }
    }

    /// Makes one attempt at the delivery `id` of `connection` and stores its outcome. An error says that the store could not be
    /// asked, or did not take the outcome: who called has to call again, or nobody would before the lease has run out.
    pub async fn work(&self, id: DeliveryId, connection: &str) -> Result<Dealt, StoreError> {
        let place = self.place(connection).await;
        let now = self.engine.clock.now();
        let lease = self.engine.lines.get(connection).map_or(STRAY, |line| line.lease());
        let leased = match self.queue.claim(id, now, later(now, lease)).await? {
            Claim::Taken(leased) => leased,
            Claim::NotYet(due) => return Ok(Dealt::NotYet(due)),
            Claim::Nothing => return Ok(Dealt::Nothing),
        };
        if place.is_some() {
            attempt(&self.engine, &*self.queue, &leased).await?;
            return Ok(Dealt::Attempted);
        }
        let due = later(later(now, NEXT_TRY), self.engine.chance.up_to(NEXT_TRY));
        let cause = "as many deliveries of this connection as it may have are in hand".to_owned();
        let put_off = Verdict::RetryAt { due, cause, counts: false };
        self.queue.settle(&leased, &put_off, now).await?;
        Ok(Dealt::Attempted)
    }

    /// A place among the deliveries in hand; `None` when there is none for too long.
    async fn place(&self, connection: &str) -> Option<Option<SemaphorePermit<'_>>> {
        let Some(places) = self.places.get(connection) else { return Some(None) };
        tokio::select! {
            biased;
            place = places.acquire() => Some(place.ok()),
            () = self.engine.clock.sleep(PATIENCE) => None,
        }
    }
}
