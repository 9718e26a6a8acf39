//! State has an end, and a late alert wins.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::oneshot;

use super::{Store, at, azurite, dead, delivery, done, id, lease};
use crate::clock::{Clock, ManualClock};
use crate::correlation::{Correlation, Lock};
use crate::settings::Retention;
use crate::store::memory::MemoryStore;
use crate::store::retention::{INTERVAL, Pruned, prune_once, run};
use crate::store::{Document, StateStore, StoreError, Version};

const DAY: i64 = 86_400;

fn correlation(changed_at: i64) -> Correlation {
    Correlation { changed_at: at(changed_at), ..Correlation::default() }
}

async fn keep(state: &dyn StateStore, key: &str, correlation: &Correlation) {
    let bytes = Bytes::from(serde_json::to_vec(correlation).unwrap());
    let seen = state.get(key).await.unwrap().map(|document| document.version);
    state.put(key, seen.as_ref(), bytes, correlation.changed_at).await.unwrap().unwrap();
}

async fn prune(store: &Arc<dyn Store>, now: i64) -> Pruned {
    prune_once(&**store, &**store, &Retention::default(), at(now)).await.unwrap()
}

#[tokio::test]
async fn done_goes_after_three_days_and_a_dead_letter_after_ninety() {
    done_goes_first(MemoryStore::new()).await;
}

#[tokio::test]
async fn done_goes_after_three_days_and_a_dead_letter_after_ninety_on_azure() {
    if let Some(store) = azurite::store() {
        done_goes_first(store).await;
    }
}

async fn done_goes_first(store: Arc<dyn Store>) {
    store.enqueue(delivery(1)).await.unwrap();
    store.enqueue(delivery(2)).await.unwrap();
    let leased = lease(&store, 2, 2).await;
    store.settle(&leased[0], &done(1, 0, 0), at(10)).await.unwrap();
    store.settle(&leased[1], &dead(), at(10)).await.unwrap();
    assert_eq!(prune(&store, 3 * DAY + 10).await, Pruned::default());
    assert_eq!(prune(&store, 3 * DAY + 11).await.deliveries, 1);
    assert!(store.show(id(2)).await.unwrap().is_some());
    assert_eq!(prune(&store, 90 * DAY + 11).await.deliveries, 1);
}

#[tokio::test]
async fn more_than_one_step_is_pruned_and_what_is_left_does_not_stand_in_the_way() {
    let store: Arc<dyn Store> = MemoryStore::new();
    for number in 0..1300 {
        let mut correlation = correlation(number);
        if number < 600 {
            correlation.lock = Some(Lock { owner: "worker".to_owned(), until: at(92 * DAY) });
        }
        keep(&*store, &format!("correlation/{number}"), &correlation).await;
    }
    assert_eq!(prune(&store, 91 * DAY).await, Pruned { correlations: 700, left: 600, ..Pruned::default() });
    assert_eq!(prune(&store, 91 * DAY).await, Pruned { left: 600, ..Pruned::default() });
}

#[tokio::test]
async fn what_is_locked_unreadable_or_recent_stays() {
    some_stay(MemoryStore::new()).await;
}

#[tokio::test]
async fn what_is_locked_unreadable_or_recent_stays_on_azure() {
    if let Some(store) = azurite::store() {
        some_stay(store).await;
    }
}

async fn some_stay(store: Arc<dyn Store>) {
    let lock = |until| Some(Lock { owner: "worker".to_owned(), until: at(until) });
    keep(&*store, "correlation/old", &correlation(1)).await;
    keep(&*store, "correlation/lock-ran-out", &Correlation { lock: lock(91 * DAY), ..correlation(1) }).await;
    keep(&*store, "correlation/locked", &Correlation { lock: lock(91 * DAY + 1), ..correlation(1) }).await;
    keep(&*store, "correlation/recent", &correlation(2 * DAY)).await;
    keep(&*store, "cursor/old", &correlation(1)).await;
    store.put("correlation/unreadable", None, Bytes::from_static(b"{"), at(1)).await.unwrap();
    assert_eq!(prune(&store, 91 * DAY).await, Pruned { correlations: 2, left: 2, ..Pruned::default() });
    for key in ["correlation/locked", "correlation/recent", "correlation/unreadable", "cursor/old"] {
        assert!(store.get(key).await.unwrap().is_some(), "{key}");
    }
}

/// A late alert that changes the document at a chosen moment of its pruning.
#[derive(Debug)]
struct LateAlert {
    store: Arc<MemoryStore>,
    before_get: bool,
}

impl LateAlert {
    async fn comes(&self) {
        keep(&*self.store, "correlation/a", &correlation(91 * DAY)).await;
    }
}

#[async_trait]
impl StateStore for LateAlert {
    async fn get(&self, key: &str) -> Result<Option<Document>, StoreError> {
        if self.before_get {
            self.comes().await;
        }
        self.store.get(key).await
    }
    async fn put(&self, _: &str, _: Option<&Version>, _: Bytes, _: Timestamp) -> Result<Option<Version>, StoreError> {
        unreachable!("pruning writes nothing")
    }
    async fn remove(&self, key: &str, version: &Version) -> Result<bool, StoreError> {
        if !self.before_get {
            self.comes().await;
        }
        self.store.remove(key, version).await
    }
    async fn stale(&self, collection: &str, before: Timestamp, limit: usize) -> Result<Vec<String>, StoreError> {
        self.store.stale(collection, before, limit).await
    }
}

#[tokio::test]
async fn a_late_alert_wins_whenever_it_comes() {
    for before_get in [true, false] {
        let store = MemoryStore::new();
        keep(&*store, "correlation/a", &correlation(1)).await;
        let late = LateAlert { store: Arc::clone(&store), before_get };
        let pruned = prune_once(&*store, &late, &Retention::default(), at(91 * DAY)).await.unwrap();
        assert_eq!(pruned, Pruned { left: 1, ..Pruned::default() });
        assert!(store.get("correlation/a").await.unwrap().is_some());
    }
}

#[tokio::test]
async fn the_loop_prunes_every_ten_minutes_until_shutdown() {
    let store = MemoryStore::new();
    let clock = Arc::new(ManualClock::new(at(90 * DAY)));
    let (stop, stopped) = oneshot::channel::<()>();
    keep(&*store, "correlation/a", &correlation(300)).await;
    let (queue, state, time): (Arc<MemoryStore>, _, Arc<dyn Clock>) = (store.clone(), store.clone(), clock.clone());
    let running = tokio::spawn(run(queue, state, None, Retention::default(), time, async move { drop(stopped.await) }));
    // The first pruning comes too early for this document; the second, ten minutes later, takes it.
    while store.get("correlation/a").await.unwrap().is_some() {
        tokio::task::yield_now().await;
        if store.get("correlation/a").await.unwrap().is_some() && clock.now() < at(90 * DAY + 600) {
            clock.advance(INTERVAL + Duration::from_secs(1));
        }
    }
    stop.send(()).unwrap();
    running.await.unwrap();
}
