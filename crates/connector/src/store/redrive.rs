//! Another chance for dead letters, for all of them at once.

use std::collections::BTreeSet;

use super::{DeliveryQueue, Filter, Status, StoreError};
use crate::clock::Clock;
use crate::delivery::DeliveryId;

/// Dead letters taken at a time.
const STEP: usize = 500;

/// What became of dead letters that were to have another chance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Redriven {
    /// Those that are due now.
    pub done: Vec<DeliveryId>,
    /// Those that cannot be read.
    pub left: Vec<DeliveryId>,
}

/// Makes every dead letter of `connection`, or of all, due now. One that somebody else takes meanwhile is in neither list.
pub async fn redrive_all(queue: &dyn DeliveryQueue, connection: Option<&str>, clock: &dyn Clock) -> Result<Redriven, StoreError> {
    let filter = Filter { connection: connection.map(str::to_owned), status: Some(Status::DeadLetter), limit: STEP };
    let mut seen = BTreeSet::new();
    let mut redriven = Redriven::default();
    loop {
        // One may be a dead letter again before we are through; it had its chance.
        let letters = queue.list(&filter).await?;
        let fresh: Vec<DeliveryId> = letters.iter().map(|letter| letter.id).filter(|id| seen.insert(*id)).collect();
        if fresh.is_empty() {
            return Ok(redriven);
        }
        for id in fresh {
            match queue.redrive(id, clock.now()).await {
                Ok(true) => redriven.done.push(id),
                Ok(false) => {}
                // The others are to have their chance.
                Err(StoreError::Damaged(_)) => redriven.left.push(id),
                Err(error) => return Err(error),
            }
        }
    }
}
