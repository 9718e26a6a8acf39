//! Works on deliveries that are named to it, one attempt each: for where something outside watches the time and calls. It keeps the
//! rule of the lanes that a sick or slow connection never holds up another.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
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
/// How long a call waits until its connection has a place free,
const PATIENCE: Duration = Duration::from_secs(5);
/// and how long where there are other connections: calls are few, and all share them.
const PATIENCE_AMONG_OTHERS: Duration = Duration::from_secs(1);
/// A delivery for which there was none comes again after this long at least, and later the more were put off,
const NEXT_TRY: Duration = Duration::from_secs(2);
/// but not later than about this.
const LATEST_TRY: Duration = Duration::from_secs(60);
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
    places: BTreeMap<String, Places>,
    patience: Duration,
}

/// The calls that one connection may have: those that work, and those that wait until one has done.
#[derive(Debug)]
struct Places {
    free: Semaphore,
    all: u32,
    waiting: Semaphore,
    /// How many were put off lately: halved whenever one gets a place.
    put_off: AtomicU32,
}

impl OnCall {
    /// Works with the lines of `engine` on what `queue` keeps, in at most `calls` calls at a time, of which no connection among
    /// others takes more than half, those that wait for a place included.
    #[must_use]
    pub fn new(engine: Arc<Engine>, queue: Arc<dyn DeliveryQueue>, calls: usize) -> Self {
        let alone = engine.lines.len() <= 1;
        let most = if alone { calls } else { calls.div_ceil(2) };
        let places = engine.lines.iter().map(|(name, line)| (name.clone(), Places::new(line, most.max(1)))).collect();
        let patience = if alone { PATIENCE } else { PATIENCE_AMONG_OTHERS };
        Self { engine, queue, places, patience }
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
        let delay = self.places.get(connection).map_or(NEXT_TRY, Places::delay);
        let due = later(later(now, delay), self.engine.chance.up_to(delay));
        let cause = "as many deliveries of this connection as it may have are in hand".to_owned();
        let put_off = Verdict::RetryAt { due, cause, counts: false };
        self.queue.settle(&leased, &put_off, now).await?;
        Ok(Dealt::Attempted)
    }

    /// A place among the deliveries in hand; `None` when there is none, and as many wait already as may, or for too long.
    async fn place(&self, connection: &str) -> Option<Option<SemaphorePermit<'_>>> {
        let Some(places) = self.places.get(connection) else { return Some(None) };
        let place = if let Ok(place) = places.free.try_acquire() {
            Some(place)
        } else {
            let _waits = places.waiting.try_acquire().ok()?;
            tokio::select! {
                biased;
                place = places.free.acquire() => place.ok(),
                () = self.engine.clock.sleep(self.patience) => return None,
            }
        };
        places.got_one();
        Some(place)
    }
}

impl Places {
    /// Of at most `most` calls.
    fn new(line: &Line, most: usize) -> Self {
        let places = line.settings.concurrency.max(1).saturating_mul(IN_HAND_PER_REQUEST).min(most);
        let waiting = places.min(most - places);
        Self {
            free: Semaphore::new(places),
            all: u32::try_from(places).unwrap_or(u32::MAX),
            waiting: Semaphore::new(waiting),
            put_off: AtomicU32::new(0),
        }
    }

    fn got_one(&self) {
        // A count that others change at the same time need not be exact.
        self.put_off.store(self.put_off.load(Ordering::Relaxed) / 2, Ordering::Relaxed);
    }

    /// When one that has no place comes again: the more were put off, the later, so that a connection that hangs costs few calls
    /// however much waits for it.
    fn delay(&self) -> Duration {
        let before = self.put_off.load(Ordering::Relaxed);
        self.put_off.store(before.saturating_add(1), Ordering::Relaxed);
        let rounds = before / self.all.saturating_mul(4).max(1);
        NEXT_TRY.saturating_mul(rounds.saturating_add(1)).min(LATEST_TRY)
    }
}
