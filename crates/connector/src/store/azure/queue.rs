//! What happens to a delivery: accepted, taken, settled, tried again by a person, dropped. Each step is one compare-and-set of its blob in
//! `open/`; what follows from it (a message, the move to `done/` or `dead/`) may be repeated by anybody who finds it undone.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use super::AzureStore;
use super::blobs::{If, Shown};
use super::messages::DueMessage;
use super::record::{PAYLOADS, Payload, Place, Record};
use crate::clock::between;
use crate::delivery::{Delivery, DeliveryId, Verdict};
use crate::store::outcome::{Outcome, Totals};
use crate::store::{Claim, Leased, Status, StoreError};

/// A larger payload has a blob of its own.
const LARGE: usize = 32 << 10;
/// How often a step is tried when others are faster.
const TRIES: usize = 10;

impl AzureStore {
    /// Blob first, then the message. Killed in between, the delivery is found by a sweep half an hour later; whoever posted it got no
    /// 202 and posts again, which the correlation recognises.
    pub(super) async fn accept(&self, delivery: &Delivery) -> Result<(), StoreError> {
        let id = delivery.id;
        let payload = self.store_payload(delivery).await?;
        let record = Record::new(delivery, payload);
        let message = message(&record);
        let made = self.deliveries.put(&Place::Open.name(id), If::Missing, record.bytes()?, record.shown()).await?;
        let (sent, finished) = tokio::join!(self.due.send(&message, Duration::ZERO), self.finished_before(id));
        sent?;
        // Where it is not clear beyond doubt that nothing refers to the payload, a sweep finds out a day later.
        if let Some(tag) = made {
            if !finished? {
                self.tally.note(&record.connection, Totals::ACCEPTED);
            } else if self.deliveries.remove(&Place::Open.name(id), Some(&tag)).await? {
                self.forget_payload(&record.payload).await?;
            }
        }
        self.changed.notify_waiters();
        Ok(())
    }

    /// Asked after the blob in `open/` was made: a delivery leaves `open/` only after it came to its last place.
    async fn finished_before(&self, id: DeliveryId) -> Result<bool, StoreError> {
        let (done, dead) = (Place::Done.name(id), Place::Dead.name(id));
        let (done, dead) = tokio::try_join!(self.deliveries.exists(&done), self.deliveries.exists(&dead))?;
        Ok(done || dead)
    }

    async fn store_payload(&self, delivery: &Delivery) -> Result<Payload, StoreError> {
        if delivery.payload.len() <= LARGE
            && let Ok(text) = std::str::from_utf8(&delivery.payload)
        {
            return Ok(Payload::Text(text.to_owned()));
        }
        // Never the same name twice: a delivery that was dropped and came again must not share it.
        let name = format!("{PAYLOADS}{}.{}", delivery.id, self.unique());
        let shown = Shown::from([("accepted".to_owned(), delivery.accepted_at.to_string())]);
        self.deliveries.put(&name, If::Any, delivery.payload.clone(), shown).await?;
        Ok(Payload::Blob(name))
    }

    pub(super) async fn load_payload(&self, record: &Record) -> Result<Bytes, StoreError> {
        match &record.payload {
            Payload::None => Ok(Bytes::new()),
            Payload::Text(text) => Ok(Bytes::from(text.clone())),
            Payload::Blob(name) => match self.deliveries.get(name).await? {
                Some((bytes, _)) => Ok(bytes),
                None => Err(StoreError::Damaged(format!("the payload of delivery {} is gone; drop the delivery", record.id))),
            },
        }
    }

    async fn forget_payload(&self, payload: &Payload) -> Result<(), StoreError> {
        if let Payload::Blob(name) = payload {
            self.deliveries.remove(name, None).await?;
        }
        Ok(())
    }

    /// The delivery at one place, with its entity tag.
    pub(super) async fn at(&self, place: Place, id: DeliveryId) -> Result<Option<(Record, String)>, StoreError> {
        match self.deliveries.get(&place.name(id)).await? {
            Some((bytes, tag)) => Ok(Some((Record::read(&bytes)?, tag))),
            None => Ok(None),
        }
    }

    /// Writes what changed in `open/`; `None` when somebody else was faster.
    pub(super) async fn change(&self, record: &Record, tag: &str) -> Result<Option<String>, StoreError> {
        self.deliveries.put(&Place::Open.name(record.id), If::Tag(tag), record.bytes()?, record.shown()).await
    }

    /// Takes the delivery until `until` if it is due.
    pub(super) async fn take(&self, id: DeliveryId, now: Timestamp, until: Timestamp) -> Result<Claim, StoreError> {
        for _ in 0..TRIES {
            let Some((mut record, tag)) = self.at(Place::Open, id).await? else { return Ok(Claim::Nothing) };
            if !record.unfinished() {
                self.finish(&record, &tag).await?;
                return Ok(Claim::Nothing);
            }
            if record.due > now {
                return Ok(Claim::NotYet(record.due));
            }
            let payload = self.load_payload(&record).await?;
            record.status = Status::Working;
            record.due = until;
            record.receipt = self.unique();
            if self.change(&record, &tag).await?.is_some() {
                return Ok(Claim::Taken(Box::new(record.leased(payload))));
            }
        }
        Err(busy(id))
    }

    /// A message said it is time: takes the delivery, or has the message come again when it is.
    pub(super) async fn answer_message(&self, id: DeliveryId, now: Timestamp, until: Timestamp) -> Result<Claim, StoreError> {
        let claim = self.take(id, now, until).await?;
        if let Claim::NotYet(due) = claim
            && let Some((record, _)) = self.at(Place::Open, id).await?
        {
            self.due.send(&message(&record), between(now, due)).await?;
        }
        Ok(claim)
    }

    pub(super) async fn record_outcome(&self, leased: &Leased, verdict: &Verdict, now: Timestamp) -> Result<(), StoreError> {
        let Some((mut record, tag)) = self.at(Place::Open, leased.delivery.id).await? else { return Ok(()) };
        if record.status != Status::Working || record.receipt != leased.receipt {
            return Ok(());
        }
        let outcome = Outcome::of(verdict, now);
        let totals = outcome.totals();
        record.apply(outcome);
        let Some(tag) = self.change(&record, &tag).await? else { return Ok(()) };
        self.tally.note(&record.connection, totals);
        if record.unfinished() {
            // The host still has the message that brought it here: should this one not go out, that one comes again.
            return self.due.send(&message(&record), between(now, record.due)).await;
        }
        if let Err(error) = self.finish(&record, &tag).await {
            tracing::debug!(delivery_id = %record.id, %error, "a finished delivery stays among the open ones until the next sweep");
        }
        Ok(())
    }

    /// Moves what is finished from `open/` to its last place. May be done twice, and by several at the same time.
    pub(super) async fn finish(&self, record: &Record, tag: &str) -> Result<(), StoreError> {
        let mut last = record.clone();
        let place = if record.status == Status::Done { Place::Done } else { Place::Dead };
        if place == Place::Done {
            last.payload = Payload::None;
        }
        self.deliveries.put(&place.name(record.id), If::Any, last.bytes()?, last.shown()).await?;
        if place == Place::Done {
            if record.redriven {
                self.deliveries.remove(&Place::Dead.name(record.id), None).await?;
            }
            self.forget_payload(&record.payload).await?;
        }
        self.deliveries.remove(&Place::Open.name(record.id), Some(tag)).await?;
        Ok(())
    }

    pub(super) async fn try_again(&self, id: DeliveryId, now: Timestamp) -> Result<bool, StoreError> {
        for _ in 0..TRIES {
            let mut record = if let Some((mut record, tag)) = self.at(Place::Open, id).await? {
                if !record.unfinished() {
                    self.finish(&record, &tag).await?;
                    continue;
                }
                if record.status == Status::Working && record.due > now {
                    return Ok(false);
                }
                record.renew(now);
                if self.change(&record, &tag).await?.is_none() {
                    continue;
                }
                record
            } else if let Some((mut record, tag)) = self.at(Place::Dead, id).await? {
                record.renew(now);
                let open = Place::Open.name(id);
                let Some(made) = self.deliveries.put(&open, If::Missing, record.bytes()?, record.shown()).await? else {
                    continue;
                };
                if self.deliveries.exists(&Place::Done.name(id)).await? {
                    self.deliveries.remove(&open, Some(&made)).await?;
                    return Ok(false);
                }
                self.deliveries.remove(&Place::Dead.name(id), Some(&tag)).await?;
                record
            } else {
                return Ok(false);
            };
            record.receipt.clear();
            self.due.send(&message(&record), Duration::ZERO).await?;
            self.changed.notify_waiters();
            return Ok(true);
        }
        Err(busy(id))
    }

    pub(super) async fn drop_it(&self, id: DeliveryId) -> Result<bool, StoreError> {
        for _ in 0..TRIES {
            if let Some((bytes, tag)) = self.deliveries.get(&Place::Open.name(id)).await? {
                let record = match Record::read(&bytes) {
                    Ok(record) if !record.unfinished() => {
                        self.finish(&record, &tag).await?;
                        continue;
                    }
                    Ok(record) if record.status == Status::Working => return Ok(false),
                    Ok(record) => Some(record),
                    // It goes by its name. Its payload, if it has one, goes with a sweep.
                    Err(_) => None,
                };
                if !self.deliveries.remove(&Place::Open.name(id), Some(&tag)).await? {
                    continue;
                }
                self.deliveries.remove(&Place::Dead.name(id), None).await?;
                if let Some(record) = record {
                    self.forget_payload(&record.payload).await?;
                }
                return Ok(true);
            }
            // The payload of a dead letter goes with the next sweep: a person may be redriving it at this moment.
            let (done, dead) = (Place::Done.name(id), Place::Dead.name(id));
            let gone = tokio::try_join!(self.deliveries.remove(&done, None), self.deliveries.remove(&dead, None))?;
            return Ok(gone.0 || gone.1);
        }
        Err(busy(id))
    }
}

/// The message that wakes the host for it.
pub(super) fn message(record: &Record) -> DueMessage {
    DueMessage { delivery_id: record.id, connection: record.connection.clone() }
}

fn busy(id: DeliveryId) -> StoreError {
    StoreError::Unavailable(format!("delivery {id} is changed by others all the time; it is tried again"))
}
