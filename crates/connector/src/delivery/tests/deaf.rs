//! A queue that gives deliveries out, unless it is shut, and takes no outcome; it counts how often it is looked into.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use crate::delivery::{Delivery, DeliveryId, Verdict};
use crate::store::tests::Store;
use crate::store::{Claim, Counts, DeliveryQueue, Filter, Leased, Listed, StoreError};

/// How often it wants to be looked into.
pub(super) const LOOK: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Deaf {
    queue: Arc<dyn Store>,
    pub(super) looked: AtomicUsize,
    /// Nothing is given out, as by a database on a full disk; what is due can still be read.
    pub(super) shut: AtomicBool,
}

impl Deaf {
    pub(super) fn new(queue: Arc<dyn Store>) -> Self {
        Self { queue, looked: AtomicUsize::new(0), shut: AtomicBool::new(false) }
    }
}

#[async_trait::async_trait]
impl DeliveryQueue for Deaf {
    async fn claim(&self, id: DeliveryId, now: Timestamp, until: Timestamp) -> Result<Claim, StoreError> {
        self.queue.claim(id, now, until).await
    }
    async fn settle(&self, _: &Leased, _: &Verdict, _: Timestamp) -> Result<(), StoreError> {
        Err(StoreError::Unavailable("away".to_owned()))
    }
    async fn lease(&self, connection: &str, now: Timestamp, until: Timestamp, limit: usize) -> Result<Vec<Leased>, StoreError> {
        self.looked.fetch_add(1, Ordering::SeqCst);
        if self.shut.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("the disk is full".to_owned()));
        }
        self.queue.lease(connection, now, until, limit).await
    }
    async fn next_due(&self, connection: &str) -> Result<Option<Timestamp>, StoreError> {
        self.queue.next_due(connection).await
    }
    async fn connections(&self) -> Result<Vec<String>, StoreError> {
        self.queue.connections().await
    }
    async fn changed(&self) {
        self.queue.changed().await;
    }
    fn look_every(&self) -> Duration {
        LOOK
    }
    async fn enqueue(&self, _: Delivery) -> Result<(), StoreError> {
        unimplemented!("not asked")
    }
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
