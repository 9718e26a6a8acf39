//! State has an end: finished deliveries, dead letters, correlations nobody touched for long and old rows are forgotten, a few at a time,
//! so that a store under a steady load stays as large as it is. A late alert always wins: what it touched is not removed.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;

use super::{DeliveryQueue, RecordStore, RecordTable, StateStore, StoreError};
use crate::clock::{Clock, earlier};
use crate::correlation::Correlation;
use crate::settings::Retention;

/// The collection that correlations are kept in.
pub const CORRELATIONS: &str = "correlation";
/// Time between two prunings.
pub const INTERVAL: Duration = Duration::from_secs(600);
/// How many go in one step.
const STEP: usize = 500;

/// The newest row of a work item is kept at least as long as the longest window of a sync: it is not read again until the work
/// item changes.
const NEWEST_ROW: Duration = Duration::from_secs(120 * 86_400);
/// How many correlations are removed at the same time, so that they share disk writes.
const TOGETHER: usize = 32;

/// What one pruning forgot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Deliveries that nobody would have come for and that are looked after now.
    pub swept: usize,
    /// Finished deliveries and dead letters.
    pub deliveries: usize,
    /// Correlations.
    pub correlations: usize,
    /// Old correlations that were left: being worked on, half done, unreadable, or just changed.
    pub left: usize,
    /// Rows of `ServiceDesk_CL`.
    pub records: u64,
    /// Rows of `ServiceDeskLog_CL`.
    pub log: u64,
}

/// Looks after what nobody would come for, then forgets, step by step, everything that is older than `retention` at `now`. May be dropped
/// between any two steps. What cannot be looked after is told in the log and keeps nothing from being forgotten.
pub async fn prune_once(
    queue: &dyn DeliveryQueue,
    state: &dyn StateStore,
    retention: &Retention,
    now: Timestamp,
) -> Result<Pruned, StoreError> {
    let swept = queue.sweep(now).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "not every delivery that waits in vain could be looked after; the next time tries again");
        0
    });
    let mut pruned = Pruned { swept, ..Pruned::default() };
    let done_before = earlier(now, retention.deliveries.get());
    let dead_before = earlier(now, retention.dead_letters.get());
    loop {
        let gone = queue.prune(done_before, dead_before, STEP).await?;
        pruned.deliveries += gone;
        if gone < STEP {
            break;
        }
    }
    let untouched_since = earlier(now, retention.correlations.get());
    // Those left stay the oldest; asking for that many more looks past them.
    let mut left = HashSet::new();
    loop {
        let limit = STEP + left.len();
        let old = state.stale(CORRELATIONS, untouched_since, limit).await?;
        let last = old.len() < limit;
        let fresh: Vec<_> = old.into_iter().filter(|key| !left.contains(key)).collect();
        for keys in fresh.chunks(TOGETHER) {
            let gone = join_all(keys.iter().map(|key| forget(state, key, untouched_since, now))).await;
            for (key, gone) in keys.iter().zip(gone) {
                if gone? {
                    pruned.correlations += 1;
                } else {
                    left.insert(key.clone());
                }
            }
        }
        if last {
            pruned.left = left.len();
            return Ok(pruned);
        }
    }
}

/// Removes one correlation unless something is going on with it, or somebody changes it at this moment.
async fn forget(state: &dyn StateStore, key: &str, untouched_since: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
    let Some(document) = state.get(key).await? else { return Ok(false) };
    let Ok(correlation) = serde_json::from_slice::<Correlation>(&document.bytes) else {
        tracing::warn!(key, "an old correlation cannot be read and is kept; a newer version may have written it");
        return Ok(false);
    };
    // It was old when it was listed; a late alert may have come since. One that comes from here on makes the removal fail.
    let touched = correlation.changed_at >= untouched_since;
    let locked = correlation.lock.is_some_and(|lock| lock.until > now);
    // An intent this old tells nothing any more: whoever comes now asks the tool first anyway.
    if touched || locked {
        return Ok(false);
    }
    state.remove(key, &document.version).await
}

/// Forgets the rows that are older than `retention` at `now`, step by step. A workspace does so itself.
pub async fn prune_records(records: &dyn RecordStore, retention: &Retention, now: Timestamp) -> Result<Pruned, StoreError> {
    let kept = retention.records.get();
    let (before, newest_before) = (earlier(now, kept), earlier(now, kept.max(NEWEST_ROW)));
    let log_before = earlier(now, retention.log.get());
    Ok(Pruned {
        records: records.prune_records(RecordTable::ServiceDesk, before, newest_before).await?,
        log: records.prune_records(RecordTable::Log, log_before, log_before).await?,
        ..Pruned::default()
    })
}

/// Prunes every ten minutes until `shutdown` is ready; `records` are the rows, unless a workspace has them. A failure is logged and tried again the next time.
pub async fn run(
    queue: Arc<dyn DeliveryQueue>,
    state: Arc<dyn StateStore>,
    records: Option<Arc<dyn RecordStore>>,
    retention: Retention,
    clock: Arc<dyn Clock>,
    shutdown: impl Future<Output = ()> + Send,
) {
    let prune = async {
        loop {
            match prune_once(&*queue, &*state, &retention, clock.now()).await {
                Ok(Pruned { deliveries, correlations, left, .. }) => {
                    tracing::debug!(deliveries, correlations, left, "old state was forgotten");
                }
                Err(error) => tracing::warn!(%error, "old state could not be forgotten; trying again in ten minutes"),
            }
            if let Some(store) = &records {
                match prune_records(&**store, &retention, clock.now()).await {
                    Ok(Pruned { records, log, .. }) => tracing::debug!(records, log, "old rows were forgotten"),
                    Err(error) => tracing::warn!(%error, "old rows could not be forgotten; trying again in ten minutes"),
                }
            }
            clock.sleep(INTERVAL).await;
        }
    };
    tokio::select! {
        () = prune => {}
        () = shutdown => {}
    }
}
