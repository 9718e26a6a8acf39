//! Lanes with nothing to do, or with a queue that gives nothing out. Told over memory alone: what they ask does not depend on the store.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;

use super::bench::{alert, bench, minute};
use super::deaf::{Deaf, LOOK};
use crate::delivery::lanes;

#[tokio::test]
async fn an_idle_lane_looks_no_more_often_than_the_store_wants() {
    let bench = bench(1, "");
    let queue = Arc::new(Deaf::new(super::store()));
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(lanes::run(Arc::new(bench.engine), queue.clone(), stopped));
    for _ in 0..3 * LOOK.as_secs() {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        bench.clock.advance(Duration::from_secs(1));
    }
    let looked = queue.looked.load(Ordering::SeqCst);
    assert!((3..=4).contains(&looked), "in thirty seconds: {looked}");
    stop.send(true).unwrap();
    running.await.unwrap();
}

#[tokio::test]
async fn a_queue_that_cannot_be_written_is_not_asked_all_the_time() {
    let bench = bench(1, "");
    let store = super::store();
    // Due, and so read at once: what cannot be had is that it is given out.
    store.enqueue(bench.delivery(&alert("cpu", false, minute(0)))).await.unwrap();
    let queue = Arc::new(Deaf::new(store));
    queue.shut.store(true, Ordering::SeqCst);
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(lanes::run(Arc::new(bench.engine), queue.clone(), stopped));
    for _ in 0..300 {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        bench.clock.advance(Duration::from_millis(100));
    }
    let looked = queue.looked.load(Ordering::SeqCst);
    assert!((2..=8).contains(&looked), "in thirty seconds: {looked}");
    stop.send(true).unwrap();
    running.await.unwrap();
}
