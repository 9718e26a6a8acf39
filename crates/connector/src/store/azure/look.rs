//! Questions about deliveries, answered from listings, and the trait's methods. A listing of open deliveries ends after some thousands:
//! beyond that the answers say at least so many.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::try_join_all;
use jiff::Timestamp;

use super::AzureStore;
use super::record::{Entry, Place, Record};
use crate::delivery::{Delivery, DeliveryId, Verdict};
use crate::store::{Claim, Counts, DeliveryQueue, Filter, Leased, Listed, Status, StoreError};

/// Pages of 5,000 that one question reads.
pub(super) const FEW_PAGES: usize = 4;
/// Each look of a lane is two listings, and each listing is paid for.
const LOOK: Duration = Duration::from_secs(10);
/// Documents read at the same time.
pub(super) const TOGETHER: usize = 16;

impl AzureStore {
    /// Entries at `place` that `wanted` likes, until there are `most`; whether those were all.
    pub(super) async fn entries(
        &self,
        place: Place,
        pages: usize,
        most: usize,
        mut wanted: impl FnMut(&Entry) -> bool + Send,
    ) -> Result<(Vec<Entry>, bool), StoreError> {
        let mut found = Vec::new();
        let all = self
            .deliveries
            .list(place.prefix(), pages, |name, shown| {
                found.extend(Entry::read(place, name, shown).filter(|entry| wanted(entry)));
                found.len() < most
            })
            .await?;
        Ok((found, all))
    }

    /// Unfinished deliveries of one connection or all; whether those are all.
    async fn unfinished(&self, connection: Option<&str>) -> Result<(Vec<Entry>, bool), StoreError> {
        let wanted = |entry: &Entry| entry.unfinished() && connection.is_none_or(|wanted| wanted == entry.connection);
        self.entries(Place::Open, FEW_PAGES, usize::MAX, wanted).await
    }

    /// The delivery, wherever it is.
    async fn find(&self, id: DeliveryId) -> Result<Option<Record>, StoreError> {
        // It may move from place to place while it is looked for.
        for place in [Place::Open, Place::Dead, Place::Done, Place::Open] {
            if let Some((record, _)) = self.at(place, id).await? {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    async fn newest(&self, filter: &Filter) -> Result<Vec<Listed>, StoreError> {
        let likes = |status: Status, connection: &str| {
            filter.status.is_none_or(|wanted| wanted == status)
                && filter.connection.as_deref().is_none_or(|wanted| wanted == connection)
        };
        let wanted = |entry: &Entry| likes(entry.status, &entry.connection);
        let mut found = self.entries(Place::Open, usize::MAX, usize::MAX, wanted).await?.0;
        let open: BTreeSet<_> = found.iter().map(|entry| entry.id).collect();
        for (place, status) in [(Place::Dead, Status::DeadLetter), (Place::Done, Status::Done)] {
            if filter.limit > 0 && filter.status.is_none_or(|wanted| wanted == status) {
                let wanted = |entry: &Entry| wanted(entry) && !open.contains(&entry.id);
                found.extend(self.entries(place, usize::MAX, filter.limit, wanted).await?.0);
            }
        }
        found.sort_by_key(|entry| Reverse(entry.id));
        found.dedup_by_key(|entry| entry.id);
        found.truncate(filter.limit);
        let mut listed = Vec::with_capacity(found.len());
        for some in found.chunks(TOGETHER) {
            listed.extend(try_join_all(some.iter().map(|entry| self.told(entry))).await?.into_iter().flatten());
        }
        listed.retain(|listed: &Listed| likes(listed.status, &listed.connection));
        Ok(listed)
    }

    /// The delivery as it is; one that cannot be read as far as the listing shows it.
    async fn told(&self, entry: &Entry) -> Result<Option<Listed>, StoreError> {
        match self.find(entry.id).await {
            Ok(record) => Ok(record.map(|record| record.listed())),
            Err(StoreError::Damaged(why)) => Ok(Some(entry.unreadable(&why))),
            Err(error) => Err(error),
        }
    }

    async fn count(&self, connection: Option<&str>) -> Result<Counts, StoreError> {
        let of = |entry: &Entry| connection.is_none_or(|wanted| wanted == entry.connection);
        let mut counts = Counts::default();
        self.tally.sum(connection, &mut counts).await?;
        let (open, all) = self.entries(Place::Open, FEW_PAGES, usize::MAX, of).await?;
        let (dead, _) = self.entries(Place::Dead, FEW_PAGES, usize::MAX, of).await?;
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        counts.backlog = number(open.iter().filter(|entry| entry.unfinished()).count());
        counts.oldest = open.iter().filter(|entry| entry.unfinished()).map(|entry| entry.accepted_at).min();
        let dead = dead.iter().chain(open.iter().filter(|entry| entry.status == Status::DeadLetter)).map(|entry| entry.id);
        let waiting: BTreeSet<_> = open.iter().filter(|entry| entry.unfinished()).map(|entry| entry.id).collect();
        counts.dead_letters = number(dead.filter(|id| !waiting.contains(id)).collect::<BTreeSet<_>>().len());
        if !all && connection.is_none() {
            counts.backlog = counts.backlog.max(self.due.count().await?);
        }
        Ok(counts)
    }
}

#[async_trait]
impl DeliveryQueue for AzureStore {
    async fn enqueue(&self, delivery: Delivery) -> Result<(), StoreError> {
        // The action group waits ten seconds; what is stored after that is a delivery nobody was told of.
        tokio::select! {
            stored = self.accept(&delivery) => stored,
            () = self.clock.sleep(self.patience) => Err(StoreError::Unavailable(
                "the delivery could not be stored in time; check that the storage account can be reached from here".to_owned(),
            )),
        }
    }

    async fn lease(&self, connection: &str, now: Timestamp, until: Timestamp, limit: usize) -> Result<Vec<Leased>, StoreError> {
        let _one = self.leasing.lock().await;
        let (mut due, _) = self.unfinished(Some(connection)).await?;
        due.retain(|entry| entry.due <= now);
        due.sort_by_key(|entry| (entry.due, entry.accepted_at, entry.id));
        let mut leased = Vec::new();
        for entry in due {
            if leased.len() >= limit {
                break;
            }
            match self.take(entry.id, now, until).await {
                Ok(Claim::Taken(taken)) => leased.push(*taken),
                Ok(Claim::NotYet(_) | Claim::Nothing) => {}
                // One that cannot be read must not stand in the way of the others.
                Err(StoreError::Damaged(why)) => tracing::warn!(delivery_id = %entry.id, why, "a delivery cannot be read"),
                // Those in hand are ours by now.
                Err(error) if leased.is_empty() => return Err(error),
                Err(error) => {
                    tracing::debug!(%error, "not all due deliveries could be taken");
                    break;
                }
            }
        }
        Ok(leased)
    }

    async fn claim(&self, id: DeliveryId, now: Timestamp, until: Timestamp) -> Result<Claim, StoreError> {
        self.answer_message(id, now, until).await
    }

    async fn settle(&self, leased: &Leased, verdict: &Verdict, now: Timestamp) -> Result<(), StoreError> {
        self.record_outcome(leased, verdict, now).await
    }

    async fn next_due(&self, connection: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.unfinished(Some(connection)).await?.0.iter().map(|entry| entry.due).min())
    }

    async fn connections(&self) -> Result<Vec<String>, StoreError> {
        let names = self.unfinished(None).await?.0.into_iter().map(|entry| entry.connection);
        Ok(names.collect::<BTreeSet<_>>().into_iter().collect())
    }

    // Spelt out because an `async fn` would begin to listen only when first polled; this one listens from the call.
    fn changed<'a, 'b>(&'a self) -> Pin<Box<dyn Future<Output = ()> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(self.changed.notified())
    }

    fn look_every(&self) -> Duration {
        LOOK
    }

    async fn list(&self, filter: &Filter) -> Result<Vec<Listed>, StoreError> {
        self.newest(filter).await
    }

    async fn show(&self, id: DeliveryId) -> Result<Option<(Listed, Option<Bytes>)>, StoreError> {
        let Some(record) = self.find(id).await? else { return Ok(None) };
        if record.status == Status::Done {
            return Ok(Some((record.listed(), None)));
        }
        let payload = self.load_payload(&record).await?;
        Ok(Some((record.listed(), Some(payload))))
    }

    async fn redrive(&self, id: DeliveryId, now: Timestamp) -> Result<bool, StoreError> {
        self.try_again(id, now).await
    }

    async fn drop_delivery(&self, id: DeliveryId) -> Result<bool, StoreError> {
        self.drop_it(id).await
    }

    async fn counts(&self, connection: Option<&str>) -> Result<Counts, StoreError> {
        self.count(connection).await
    }

    async fn prune(&self, done_before: Timestamp, dead_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let done = self.forget(Place::Done, done_before, limit).await?;
        Ok(done + self.forget(Place::Dead, dead_before, limit - done).await?)
    }

    async fn sweep(&self, now: Timestamp) -> Result<usize, StoreError> {
        self.sweep_all(now).await
    }
}
