//! A correlation under our lease: read, changed and written back by compare-and-set only. Whoever loses the lease finds out
//! before the next write, never after.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use crate::clock::{Clock, later};
use crate::correlation::{Correlation, Lock};
use crate::store::{StateStore, StoreError, Version};

/// Collection of the state store.
pub const COLLECTION: &str = "correlation";

/// Why a correlation could not be held.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HoldError {
    /// Somebody else works on it, until this instant at most.
    #[error("another worker holds the correlation until {0}")]
    Busy(Timestamp),
    /// The lease passed to somebody else while we worked.
    #[error("the lease on the correlation was lost")]
    Lost,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A correlation under our lease.
#[derive(Debug)]
pub struct Held {
    /// The document; changes are kept by [`Held::save`].
    pub correlation: Correlation,
    key: String,
    owner: String,
    version: Version,
    lease: Duration,
    state: Arc<dyn StateStore>,
    clock: Arc<dyn Clock>,
}

impl Held {
    /// Reads a correlation without taking it.
    pub async fn peek(state: &dyn StateStore, key: &str) -> Result<Option<(Correlation, Version)>, StoreError> {
        let Some(document) = state.get(key).await? else { return Ok(None) };
        let correlation =
            serde_json::from_slice(&document.bytes).map_err(|error| StoreError::Damaged(format!("document {key}: {error}")))?;
        Ok(Some((correlation, document.version)))
    }

    /// Takes the correlation that [`Held::peek`] just read.
    pub async fn take(
        state: Arc<dyn StateStore>,
        clock: Arc<dyn Clock>,
        key: String,
        owner: String,
        lease: Duration,
        seen: Option<(Correlation, Version)>,
    ) -> Result<Self, HoldError> {
        let now = clock.now();
        let (correlation, expected) =
            seen.map_or_else(|| (Correlation::default(), None), |(seen, version)| (seen, Some(version)));
        if let Some(until) = correlation.locked_by_other(&owner, now) {
            return Err(HoldError::Busy(until));
        }
        let mut correlation = correlation;
        correlation.lock = Some(Lock { owner: owner.clone(), until: later(now, lease) });
        correlation.changed_at = now;
        match state.put(&key, expected.as_ref(), encode(&correlation)?, now).await? {
            Some(version) => Ok(Self { correlation, key, owner, version, lease, state, clock }),
            // Somebody changed it between our look and our grasp; the lease is theirs for a moment.
            None => Err(HoldError::Busy(later(now, Duration::from_millis(20)))),
        }
    }

    /// Writes the document and renews the lease; do it before every write to the tool.
    pub async fn save(&mut self) -> Result<(), HoldError> {
        let until = later(self.clock.now(), self.lease);
        self.correlation.lock = Some(Lock { owner: self.owner.clone(), until });
        self.write().await
    }

    /// Writes the document and gives the lease back.
    pub async fn release(mut self) -> Result<(), HoldError> {
        self.correlation.lock = None;
        self.write().await
    }

    async fn write(&mut self) -> Result<(), HoldError> {
        let now = self.clock.now();
        self.correlation.changed_at = now;
        let written = self.state.put(&self.key, Some(&self.version), encode(&self.correlation)?, now).await?;
        self.version = written.ok_or(HoldError::Lost)?;
        Ok(())
    }
}

fn encode(correlation: &Correlation) -> Result<Bytes, StoreError> {
    serde_json::to_vec(correlation).map(Bytes::from).map_err(|error| StoreError::Damaged(error.to_string()))
}
