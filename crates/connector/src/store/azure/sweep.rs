//! What keeps the account tidy: old deliveries are forgotten, half-made moves completed, deliveries whose message went missing woken,
//! what the Functions host gave up taken out of its poison queue, and payloads nobody refers to removed.

use std::sync::PoisonError;
use std::time::Duration;

use futures_util::future::{join_all, try_join_all};
use jiff::Timestamp;
use uuid::Uuid;

use super::AzureStore;
use super::blobs::{PAGES, Shown};
use super::look::{FEW_PAGES, TOGETHER};
use super::messages::{DueMessage, Taken};
use super::queue::message;
use super::record::{Entry, PAYLOADS, Place};
use crate::clock::{earlier, later};
use crate::delivery::DeliveryId;
use crate::store::{Status, StoreError};

/// A delivery that is overdue for so long has probably lost its message.
const OVERDUE: Duration = Duration::from_secs(30 * 60);
/// How many are looked after in one sweep.
const AT_ONCE: usize = 500;
/// A payload without a delivery is kept so long: its delivery may be on its way.
pub(super) const ORPHAN: Duration = Duration::from_secs(86_400);
/// What the host gave up is tried again after this long,
const AFTER_POISON: Duration = Duration::from_secs(600);
/// so many times; then a person has to look.
const GIVEN_UP: u32 = 3;
/// A message taken from the poison queue is hidden from other sweeps for so long.
const HIDDEN: Duration = Duration::from_secs(300);

impl AzureStore {
    /// Forgets up to `limit` that finished before `before`, the oldest first.
    pub(super) async fn forget(&self, place: Place, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        if limit == 0 {
            return Ok(0);
        }
        let (mut old, _) = self.entries(place, PAGES, usize::MAX, |entry: &Entry| entry.due < before).await?;
        old.sort_unstable_by_key(|entry| (entry.due, entry.id));
        old.truncate(limit);
        let mut gone = 0;
        for some in old.chunks(TOGETHER) {
            let names: Vec<_> = some.iter().map(|entry| place.name(entry.id)).collect();
            let removed = try_join_all(names.iter().map(|name| self.deliveries.remove(name, None))).await?;
            gone += removed.into_iter().filter(|removed| *removed).count();
        }
        Ok(gone)
    }

    /// One step that fails keeps the others from nothing.
    pub(super) async fn sweep_all(&self, now: Timestamp) -> Result<usize, StoreError> {
        let woken = self.wake(now).await;
        let taken = self.empty_poison(now).await;
        self.forget_payloads(now).await?;
        Ok(woken? + taken?)
    }

    async fn wake(&self, now: Timestamp) -> Result<usize, StoreError> {
        let overdue = earlier(now, OVERDUE);
        let needs = |entry: &Entry| !entry.unfinished() || entry.due <= overdue;
        let (entries, _) = self.entries(Place::Open, FEW_PAGES, AT_ONCE, needs).await?;
        let mut woken = 0;
        for some in entries.chunks(TOGETHER) {
            let each = join_all(some.iter().map(|entry| self.look_after(entry.id, overdue, now))).await;
            for (entry, looked_after) in some.iter().zip(each) {
                woken += usize::from(readable(entry.id, looked_after)?.unwrap_or_default());
            }
        }
        Ok(woken)
    }

    async fn look_after(&self, id: DeliveryId, overdue: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
        let Some((mut record, tag)) = self.at(Place::Open, id).await? else { return Ok(false) };
        if !record.unfinished() {
            self.finish(&record, &tag).await?;
            return Ok(false);
        }
        if record.due > overdue {
            return Ok(false);
        }
        // Due anew, so that a long backlog is not woken again and again.
        record.due = now;
        if self.change(&record, &tag).await?.is_none() {
            return Ok(false);
        }
        self.due.send(&message(&record), Duration::ZERO).await?;
        Ok(true)
    }

    async fn empty_poison(&self, now: Timestamp) -> Result<usize, StoreError> {
        let mut done = 0;
        while done < AT_ONCE {
            let taken = self.poison.take(HIDDEN).await?;
            if taken.is_empty() {
                break;
            }
            for taken in &taken {
                if let Some(message) = self.ours(taken) {
                    self.given_up(taken, message, now).await?;
                }
            }
            done += taken.len();
        }
        Ok(done)
    }

    /// What the message says; a stranger's stays where it is.
    fn ours(&self, taken: &Taken) -> Option<DueMessage> {
        let message = DueMessage::parse(&taken.text);
        if message.is_none() && self.strangers.lock().unwrap_or_else(PoisonError::into_inner).insert(taken.id.clone()) {
            tracing::warn!(
                message_id = taken.id,
                "the poison queue holds a message that is not the connector's; `deliveries poison` shows it; remove it by hand"
            );
        }
        message
    }

    /// A delivery that the host gave up: again in a while, or a dead letter.
    async fn given_up(&self, taken: &Taken, due: DueMessage, now: Timestamp) -> Result<(), StoreError> {
        let DueMessage { delivery_id, connection } = due;
        let Some(found) = readable(delivery_id, self.at(Place::Open, delivery_id).await)? else {
            // Whoever can read it wakes it: the message says nothing that its blob does not.
            return self.poison.remove(taken).await;
        };
        let Some((mut record, tag)) = found else { return self.poison.remove(taken).await };
        if record.unfinished() {
            record.given_up += 1;
            record.receipt.clear();
            let last = record.given_up > GIVEN_UP;
            record.status = if last { Status::DeadLetter } else { Status::Waiting };
            record.due = if last { now } else { later(now, AFTER_POISON) };
            "the Functions host gave this delivery up: the function failed or ended too often".clone_into(&mut record.cause);
            let remedy = if last { "look for the delivery's id in the log of the function app, then redrive it" } else { "" };
            remedy.clone_into(&mut record.remedy);
            tracing::warn!(%delivery_id, connection, again = !last, "the host gave a delivery up");
            let Some(tag) = self.change(&record, &tag).await? else { return Ok(()) };
            if last {
                self.finish(&record, &tag).await?;
            } else {
                self.due.send(&message(&record), AFTER_POISON).await?;
            }
        }
        self.poison.remove(taken).await
    }

    async fn forget_payloads(&self, now: Timestamp) -> Result<(), StoreError> {
        let before = earlier(now, ORPHAN);
        let mut old = Vec::new();
        let looked = |name: &str, shown: &Shown| {
            let accepted = shown.get("accepted").and_then(|accepted| accepted.parse::<Timestamp>().ok());
            let id = name.strip_prefix(PAYLOADS).and_then(|rest| rest.split('.').next()).and_then(|id| id.parse::<Uuid>().ok());
            if let Some(id) = id.filter(|_| accepted.is_some_and(|accepted| accepted < before)) {
                old.push((name.to_owned(), DeliveryId(id)));
            }
            true
        };
        self.deliveries.list(PAYLOADS, FEW_PAGES, looked).await?;
        for (name, id) in old {
            let (open, dead) = (Place::Open.name(id), Place::Dead.name(id));
            // It may be moving one way or the other: it is at its new place before it leaves the old one.
            let mut there = false;
            for place in [&dead, &open, &dead] {
                there = there || self.deliveries.exists(place).await?;
            }
            if !there {
                self.deliveries.remove(&name, None).await?;
            }
        }
        Ok(())
    }
}

/// What was found, or nothing of a delivery that cannot be read: it must not stand in the way of the others.
fn readable<T>(id: DeliveryId, found: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(StoreError::Damaged(why)) => {
            tracing::warn!(delivery_id = %id, why, "a delivery cannot be looked after");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
