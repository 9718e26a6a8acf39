//! How fast rows of `ServiceDesk_CL` go into the embedded database, what that does to alerts that come in meanwhile, and what it
//! takes to print a million of them.
//!
//! `cargo run --release -p connector --example records_throughput [-- DIRECTORY]`: the directory should be on the disk that will
//! hold the database; by default a temporary one in the present directory.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use connector::clock::{Chance, Clock, SystemClock};
use connector::delivery::{Delivery, DeliveryId, Source};
use connector::route::Choices;
use connector::rows::{RecordKind, ServiceDeskRow};
use connector::sink::Sink;
use connector::sink::local::LocalSink;
use connector::store::sqlite::SqliteStore;
use connector::store::{DeliveryQueue, Reading, RecordFilter, RecordStore, RecordTable, StoreError};
use connector::work_item::WorkItemType;

const ROWS: usize = 1_000_000;
/// Every tenth row is a later version of an item.
const ITEMS: usize = 900_000;
const PAGE: usize = 1000;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error>> {
    let temporary;
    let directory = if let Some(directory) = std::env::args().nth(1) {
        directory.into()
    } else {
        temporary = tempfile::tempdir_in(".")?;
        temporary.path().to_owned()
    };
    let store = SqliteStore::open(&directory.join("records.db"))?;
    println!("alerts, alone: {}", alerts(&store, Duration::from_secs(5)).await?);

    let (done, sink) = (Arc::new(AtomicBool::new(false)), LocalSink(store.clone()));
    let meanwhile = tokio::spawn({
        let (store, done) = (store.clone(), done.clone());
        async move {
            let mut lines = Vec::new();
            while !done.load(Ordering::Relaxed) {
                lines.push(alerts(&store, Duration::from_secs(5)).await.unwrap_or_else(|error| error.to_string()));
            }
            lines
        }
    });
    let begun = Instant::now();
    for page in 0..ROWS / PAGE {
        let now = SystemClock.now();
        let rows: Vec<_> = (page * PAGE..(page + 1) * PAGE).map(|number| row(number, now)).collect();
        sink.records(&rows).await?;
        if page == ROWS / PAGE / 2 {
            println!("half written, resident {} MiB", resident());
        }
    }
    println!("written: {:.0} rows/s, resident {} MiB", rate(begun), resident());
    done.store(true, Ordering::Relaxed);
    for line in meanwhile.await? {
        println!("alerts, meanwhile: {line}");
    }

    for latest in [false, true] {
        let begun = Instant::now();
        let mut reading = Reading::new(&*store, RecordFilter { latest, ..RecordFilter::default() });
        let (mut rows, mut bytes) = (0, 0);
        while let Some(page) = reading.next().await? {
            rows += page.len();
            bytes += page.iter().map(String::len).sum::<usize>();
        }
        println!(
            "read, latest {latest}: {rows} rows, {} bytes each, in {:.1?}, resident {} MiB",
            bytes / rows.max(1),
            begun.elapsed(),
            resident()
        );
    }
    let begun = Instant::now();
    let held = store.held(&RecordFilter::default()).await?;
    println!("counted: {} in {:.1?}", held.count, begun.elapsed());
    let (begun, end) = (Instant::now(), SystemClock.now());
    let gone = store.prune_records(RecordTable::ServiceDesk, end, jiff::Timestamp::MIN).await?;
    println!("pruned all but the newest: {gone} rows in {:.1?}, resident {} MiB", begun.elapsed(), resident());
    Ok(())
}

/// One alert after the other for `length`: how many, and how long one takes.
async fn alerts(store: &SqliteStore, length: Duration) -> Result<String, StoreError> {
    let (chance, begun, mut took) = (Chance::from_system(), Instant::now(), Vec::new());
    while begun.elapsed() < length {
        let now = SystemClock.now();
        let delivery = Delivery {
            id: DeliveryId(chance.id(now)),
            connection: "snow".to_owned(),
            work_item_type: WorkItemType::Incident,
            choices: Choices::default(),
            source: Source::Alert,
            accepted_at: now,
            trace: None,
            payload: Bytes::from_static(&[b'x'; 2048]),
        };
        let one = Instant::now();
        store.enqueue(delivery).await?;
        took.push(one.elapsed());
        tokio::task::yield_now().await;
    }
    took.sort();
    let at = |share: usize| took.get(took.len() * share / 1000).copied().unwrap_or_default();
    Ok(format!("{} alerts, median {:.1?}, p99 {:.1?}, worst {:.1?}", took.len(), at(500), at(990), at(999)))
}

fn row(number: usize, now: jiff::Timestamp) -> ServiceDeskRow {
    let item = number % ITEMS;
    ServiceDeskRow {
        time_generated: now,
        work_item_type: RecordKind::Incident,
        connection: "snow".into(),
        number: format!("INC{item:07}"),
        incident_state: "In Progress".to_owned(),
        priority: "3 - Moderate".to_owned(),
        created_by: "Azure Monitor".to_owned(),
        assigned_to: "Beth Anglin".to_owned(),
        title: format!("Processor over 90 % on server-{item}"),
        description: "The average of five minutes was over the threshold. ".repeat(8),
        created: Some(now),
        last_modified: Some(now),
        computer: format!("server-{item}"),
        // Scattered, as ids are.
        source_id: format!("{:032x}", (item as u128).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835)),
        source_version: "1".to_owned(),
        source_url: format!("https://acme.service-now.com/incident.do?sysparm_query=number={item}"),
        run_id: "0199d0a0-0000-7000-8000-000000000000".into(),
        ..ServiceDeskRow::default()
    }
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn rate(begun: Instant) -> f64 {
    ROWS as f64 / begun.elapsed().as_secs_f64()
}

/// MiB of this process in memory, as Linux tells.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0) / 1024
}
