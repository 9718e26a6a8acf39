//! How many deliveries of 2 KB one machine stores durably per second, and how long one takes.
//!
//! `cargo run --release -p connector --example store_throughput [-- DIRECTORY]`: the directory should be on the disk that
//! will hold the database; by default a temporary one in the present directory.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use connector::clock::{Chance, Clock, SystemClock, later};
use connector::delivery::{Delivery, DeliveryId, Source, Summary, Verdict};
use connector::route::Choices;
use connector::store::sqlite::SqliteStore;
use connector::store::{DeliveryQueue, StateStore};
use connector::work_item::WorkItemType;
use tokio::task::JoinSet;

const DELIVERIES: u64 = 200_000;
const PAYLOAD_BYTES: usize = 2048;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error>> {
    let temporary;
    let directory = if let Some(directory) = std::env::args().nth(1) {
        directory.into()
    } else {
        temporary = tempfile::tempdir_in(".")?;
        temporary.path().to_owned()
    };
    println!("{DELIVERIES} deliveries of {PAYLOAD_BYTES} bytes each:");
    for in_flight in [1, 16, 64, 256] {
        enqueue(
            &directory.join(format!("enqueue-{in_flight}.db")),
            in_flight,
            if in_flight == 1 { DELIVERIES / 50 } else { DELIVERIES },
        )
        .await?;
    }
    work_off(&directory.join("enqueue-64.db")).await
}

async fn enqueue(path: &Path, in_flight: u64, deliveries: u64) -> Result<(), Box<dyn Error>> {
    let store = SqliteStore::open(path)?;
    let (chance, next) = (Arc::new(Chance::seeded(in_flight)), Arc::new(AtomicU64::new(0)));
    let payload = Bytes::from(vec![b'x'; PAYLOAD_BYTES]);
    let begun = Instant::now();
    let mut callers = JoinSet::new();
    for _ in 0..in_flight {
        let (store, chance, next, payload) = (Arc::clone(&store), Arc::clone(&chance), Arc::clone(&next), payload.clone());
        callers.spawn(async move {
            let mut took = Vec::new();
            while next.fetch_add(1, Ordering::Relaxed) < deliveries {
                let now = SystemClock.now();
                let delivery = Delivery {
                    id: DeliveryId(chance.id(now)),
                    connection: "snow".to_owned(),
                    work_item_type: WorkItemType::Incident,
                    choices: Choices::default(),
                    source: Source::Alert,
                    accepted_at: now,
                    trace: None,
                    payload: payload.clone(),
                };
                let begun = Instant::now();
                store.enqueue(delivery).await.map_err(|error| error.to_string())?;
                took.push(begun.elapsed());
            }
            Ok::<_, String>(took)
        });
    }
    let mut took = Vec::new();
    while let Some(caller) = callers.join_next().await {
        took.extend(caller??);
    }
    let rate = rate(deliveries, begun.elapsed());
    took.sort_unstable();
    let at = |percent: usize| took.get(took.len() * percent / 100).copied().unwrap_or_default();
    println!("  enqueue, {in_flight:3} in flight: {rate:6}/s, median {:?}, p99 {:?}", at(50), at(99));
    Ok(())
}

/// Takes 64 at a time, as a worker does, and finishes each on its own.
async fn work_off(path: &Path) -> Result<(), Box<dyn Error>> {
    let store = SqliteStore::open(path)?;
    let begun = Instant::now();
    let (mut settled, now) = (0, SystemClock.now());
    while settled < 20_000 {
        let leased = store.lease("snow", now, later(now, Duration::from_secs(60)), 64).await?;
        let mut settling = JoinSet::new();
        for leased in leased {
            let store = Arc::clone(&store);
            settled += 1;
            settling.spawn(async move {
                let key = format!("correlation/{}", leased.delivery.id);
                store.get(&key).await?;
                store.put(&key, None, Bytes::from_static(b"{}"), now).await?;
                store.settle(&leased, &Verdict::Done(Summary::default()), now).await
            });
        }
        while let Some(result) = settling.join_next().await {
            result??;
        }
    }
    println!("  lease 64, get and put a document, settle: {:6}/s", rate(settled, begun.elapsed()));
    let begun = Instant::now();
    store.counts(None).await?;
    println!("  counts over {} unfinished: {:?}", DELIVERIES - settled, begun.elapsed());
    Ok(())
}

fn rate(count: u64, took: Duration) -> u128 {
    u128::from(count) * 1_000_000 / took.as_micros().max(1)
}
