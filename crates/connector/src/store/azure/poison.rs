//! The poison queue as a person sees it: what the Functions host gave up, and a second chance for it at once. The sweep takes the same
//! messages out by itself, but not so soon.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::AzureStore;
use super::messages::{DueMessage, Taken};
use super::record::Place;
use crate::delivery::DeliveryId;
use crate::store::{DeliveryQueue, Listed, StoreError};

/// A message that was taken is hidden from others for so long.
const HIDDEN: Duration = Duration::from_secs(60);

/// A message that the Functions host gave up.
#[derive(Debug, Clone, Serialize)]
pub struct GivenUp {
    /// Since when it is in the poison queue.
    pub since: Option<Timestamp>,
    /// What it says; nothing when it is no message of ours.
    pub message: Option<DueMessage>,
    /// Its delivery as it stands; nothing when that is gone, or cannot be read.
    pub delivery: Option<Listed>,
}

/// What became of the messages of the poison queue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Redriven {
    /// Deliveries that are due now.
    pub redriven: Vec<DeliveryId>,
    /// Deliveries that are finished or gone, whose messages were only removed.
    pub finished: Vec<DeliveryId>,
    /// Deliveries that are being worked on, or cannot be read. Their messages stay.
    pub left: Vec<DeliveryId>,
    /// Messages that are not the connector's. They stay.
    pub strangers: usize,
}

/// What became of one message.
enum Came {
    Due,
    Finished,
    Left,
}

impl AzureStore {
    /// The first messages of the poison queue, 32 at most; how many there are in all, about, is said by [`AzureStore::messages`].
    pub async fn poison(&self) -> Result<Vec<GivenUp>, StoreError> {
        let mut found = Vec::new();
        for (text, since) in self.poison.peek().await? {
            let message = DueMessage::parse(&text);
            let delivery = match &message {
                Some(message) => match self.show(message.delivery_id).await {
                    Ok(shown) => shown.map(|(listed, _)| listed),
                    Err(StoreError::Damaged(_)) => None,
                    Err(error) => return Err(error),
                },
                None => None,
            };
            found.push(GivenUp { since, message, delivery });
        }
        Ok(found)
    }

    /// Takes the connector's messages out of the poison queue and makes their deliveries due now, with their attempts forgotten.
    pub async fn redrive_poison(&self, now: Timestamp) -> Result<Redriven, StoreError> {
        let (mut sum, mut seen) = (Redriven::default(), BTreeSet::new());
        loop {
            let mut fresh = false;
            for taken in self.poison.take(HIDDEN).await? {
                // What stays comes again when it is hidden no more.
                if !seen.insert(taken.id.clone()) {
                    continue;
                }
                fresh = true;
                let Some(DueMessage { delivery_id: id, .. }) = DueMessage::parse(&taken.text) else {
                    sum.strangers += 1;
                    continue;
                };
                match self.again(&taken, id, now).await? {
                    Came::Due if sum.redriven.contains(&id) => {}
                    Came::Due => sum.redriven.push(id),
                    Came::Finished => sum.finished.push(id),
                    Came::Left => sum.left.push(id),
                }
            }
            if !fresh {
                return Ok(sum);
            }
        }
    }

    /// The delivery first, then the message: killed in between, it comes twice, which does no harm.
    async fn again(&self, taken: &Taken, id: DeliveryId, now: Timestamp) -> Result<Came, StoreError> {
        let came = match self.try_again(id, now).await {
            Ok(true) => Came::Due,
            Ok(false) if self.deliveries.exists(&Place::Open.name(id)).await? => Came::Left,
            Ok(false) => Came::Finished,
            Err(StoreError::Damaged(_)) => Came::Left,
            Err(error) => return Err(error),
        };
        if !matches!(came, Came::Left) {
            self.poison.remove(taken).await?;
        }
        Ok(came)
    }
}
