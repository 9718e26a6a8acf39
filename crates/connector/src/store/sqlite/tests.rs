//! What only a database can do: outlive its process, be shared, be full, be damaged, and stay as large as it is.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use bytes::Bytes;
use rusqlite::Connection;
use rusqlite::ffi;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::error::explain;
use super::writer::Writer;
use super::{SqliteStore, queue, schema};
use crate::clock::{Clock, ManualClock};
use crate::correlation::Correlation;
use crate::delivery::Delivery;
use crate::settings::Retention;
use crate::store::retention::prune_once;
use crate::store::tests::{at, dead, delivery, done, id};
use crate::store::{DeliveryQueue, StateStore, Status, StoreError};

/// The n-th of many deliveries, with a payload of 2 KB.
fn large(number: u128, accepted_at: i64) -> Delivery {
    Delivery { id: id(number), accepted_at: at(accepted_at), payload: Bytes::from(vec![b'x'; 2048]), ..delivery(0) }
}

async fn enqueue_all(store: &Arc<SqliteStore>, deliveries: impl IntoIterator<Item = Delivery>) {
    let mut callers = JoinSet::new();
    for delivery in deliveries {
        let store = Arc::clone(store);
        callers.spawn(async move { store.enqueue(delivery).await.unwrap() });
    }
    callers.join_all().await;
}

fn is_unavailable(result: Result<(), StoreError>, says: &str) {
    let error = result.unwrap_err();
    assert!(matches!(&error, StoreError::Unavailable(text) if text.contains(says)), "{error}");
}

#[tokio::test]
async fn everything_is_there_when_opened_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("made/on/the/way/store.db");
    let store = SqliteStore::open(&path).unwrap();
    store.enqueue(delivery(1)).await.unwrap();
    store.enqueue(delivery(2)).await.unwrap();
    let leased = store.lease("snow", at(2), at(50), 2).await.unwrap();
    store.settle(&leased[0], &done(1, 0, 0), at(3)).await.unwrap();
    let version = store.put("cursor/a", None, Bytes::from_static(b"x"), at(1)).await.unwrap().unwrap();
    let counts = store.counts(None).await.unwrap();
    drop(store);
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.counts(None).await.unwrap(), counts);
    assert!(store.lease("snow", at(49), at(99), 2).await.unwrap().is_empty(), "the lease outlives the process");
    store.settle(&leased[1], &done(1, 0, 0), at(49)).await.unwrap();
    assert_eq!(store.show(id(2)).await.unwrap().unwrap().0.status, Status::Done);
    assert!(store.remove("cursor/a", &version).await.unwrap());
}

#[tokio::test]
async fn what_was_answered_is_on_disk_though_the_process_never_closed() {
    let directory = tempfile::tempdir().unwrap();
    let (path, copy) = (directory.path().join("store.db"), directory.path().join("copy.db"));
    let store = SqliteStore::open(&path).unwrap();
    enqueue_all(&store, (0..50).map(|number| large(number, 0))).await;
    // What a killed process leaves: the file and the log beside it, as they are at this moment.
    std::fs::copy(&path, &copy).unwrap();
    std::fs::copy(directory.path().join("store.db-wal"), directory.path().join("copy.db-wal")).unwrap();
    let found = SqliteStore::open(&copy).unwrap();
    assert_eq!(found.lease("snow", at(0), at(1), 100).await.unwrap().len(), 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_one_database() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let both = [SqliteStore::open(&path).unwrap(), SqliteStore::open(&path).unwrap()];
    // Each enqueues everything; each writes the same document; each takes what it can.
    let mut callers = JoinSet::new();
    for store in &both {
        for number in 0..100 {
            let store = Arc::clone(store);
            callers.spawn(async move {
                store.enqueue(large(number, 0)).await.unwrap();
                store.put("correlation/a", None, Bytes::new(), at(0)).await.unwrap()
            });
        }
    }
    assert_eq!(callers.join_all().await.into_iter().flatten().count(), 1, "one wins the document");
    assert_eq!(both[0].counts(None).await.unwrap().accepted, 100);
    let mut workers = JoinSet::new();
    for store in both.iter().cycle().take(40) {
        let store = Arc::clone(store);
        workers.spawn(async move {
            let leased = store.lease("snow", at(1), at(100), 3).await.unwrap();
            for leased in &leased {
                store.settle(leased, &done(1, 0, 0), at(2)).await.unwrap();
            }
            leased.len()
        });
    }
    assert_eq!(workers.join_all().await.into_iter().sum::<usize>(), 100);
    assert_eq!(both[1].counts(None).await.unwrap().work_items, 100, "each was worked on once");
}

#[test]
fn many_may_open_a_new_database_at_the_same_moment() {
    let directory = tempfile::tempdir().unwrap();
    for round in 0..10 {
        let path = directory.path().join(format!("{round}.db"));
        std::thread::scope(|scope| {
            let opening: Vec<_> = (0..4).map(|_| scope.spawn(|| SqliteStore::open(&path).map(drop))).collect();
            for opened in opening {
                opened.join().unwrap().unwrap();
            }
        });
    }
}

#[test]
fn what_cannot_be_opened_says_which_file_and_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let open = |name: &str| SqliteStore::open(&directory.path().join(name)).unwrap_err().to_string();
    std::fs::write(directory.path().join("text.db"), "this is not a database, however long it may be".repeat(100)).unwrap();
    let text = open("text.db");
    assert!(text.starts_with("stored data cannot be read") && text.contains("text.db") && text.contains("backup"), "{text}");
    let below = open("text.db/store.db");
    assert!(below.contains("cannot make the directory") && below.contains("text.db"), "{below}");
    std::fs::create_dir(directory.path().join("folder")).unwrap();
    let folder = open("folder");
    assert!(folder.contains("folder cannot be opened; check"), "{folder}");
    let newer = Connection::open(directory.path().join("newer.db")).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    let newer = open("newer.db");
    assert!(newer.starts_with("stored data cannot be read") && newer.contains("newer version"), "{newer}");
}

#[test]
fn each_failure_of_the_disk_has_its_remedy() {
    let said = |code| {
        let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
        explain(Path::new("/data/store.db"), &error).to_string()
    };
    for (code, remedy) in [
        (ffi::SQLITE_FULL, "free some space"),
        (ffi::SQLITE_READONLY, "the right to write"),
        (ffi::SQLITE_BUSY, "locked by another process"),
        (ffi::SQLITE_IOERR, "check the disk"),
        (ffi::SQLITE_CORRUPT, "restore it from a backup"),
    ] {
        assert!(said(code).contains("/data/store.db") && said(code).contains(remedy), "{}", said(code));
    }
}

/// A store whose file may not grow past so many pages, as if the disk were full.
fn store_of(path: &Path, pages: u32) -> Arc<SqliteStore> {
    let connection = schema::open_writer(path).unwrap();
    connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
    let changed = Arc::new(Notify::new());
    let writer = Writer::start(connection, path.to_owned(), Arc::clone(&changed)).unwrap();
    Arc::new(SqliteStore { path: path.to_owned(), writer, readers: super::Readers::new(path), changed })
}

#[tokio::test]
async fn a_full_disk_refuses_and_goes_on_when_there_is_space_again() {
    let directory = tempfile::tempdir().unwrap();
    let store = store_of(&directory.path().join("store.db"), 40);
    let mut stored = 0;
    let refusal = loop {
        match store.enqueue(large(stored, 0)).await {
            Ok(()) => stored += 1,
            Err(refusal) => break refusal,
        }
    };
    assert!(refusal.to_string().contains("the disk is full"), "{refusal}");
    assert_eq!(store.counts(None).await.unwrap().accepted, u64::try_from(stored).unwrap(), "the refused one is not counted");
    for number in 0..6 {
        assert!(store.drop_delivery(id(number)).await.unwrap());
    }
    store.enqueue(large(1000, 0)).await.unwrap();
}

/// Keeps the writer's thread busy until the answer is dropped.
fn hold(store: &Arc<SqliteStore>) -> mpsc::Sender<()> {
    let (release, released) = mpsc::channel::<()>();
    let store = Arc::clone(store);
    tokio::spawn(async move {
        store.writer.submit(0, move |_, _| Ok(released.recv().is_ok())).await.unwrap();
    });
    release
}

#[tokio::test]
async fn one_that_fails_does_not_fail_its_neighbours() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&directory.path().join("store.db")).unwrap();
    let release = hold(&store);
    tokio::task::yield_now().await;
    let (one, two) = (store.enqueue(delivery(1)), store.enqueue(delivery(2)));
    let wrong = store.writer.submit(0, |database, _| database.execute("DELETE FROM missing", []).map(drop));
    let (one, wrong, two, ()) = tokio::join!(one, wrong, two, async { drop(release) });
    one.unwrap();
    two.unwrap();
    is_unavailable(wrong, "no such table");
    assert_eq!(store.counts(None).await.unwrap().accepted, 2);
}

#[tokio::test]
async fn when_too_much_waits_the_next_is_refused_and_none_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(&directory.path().join("store.db")).unwrap();
    Arc::get_mut(&mut store).unwrap().writer.admission = Duration::ZERO;
    let release = hold(&store);
    tokio::task::yield_now().await;
    let waiting = store.writer.submit(60 << 20, |_, _| Ok(()));
    let too_large = Delivery { payload: Bytes::from(vec![b'x'; 5 << 20]), ..delivery(1) };
    let (waiting, small, refused) = tokio::join!(waiting, store.enqueue(delivery(2)), async {
        let refused = store.enqueue(too_large).await;
        drop(release);
        refused
    });
    is_unavailable(refused, "more slowly than work comes in");
    waiting.unwrap();
    small.unwrap();
    assert!(store.show(id(1)).await.unwrap().is_none());
    assert!(store.show(id(2)).await.unwrap().is_some());
}

#[tokio::test]
async fn when_the_writer_dies_every_write_says_so_and_none_hangs() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&directory.path().join("store.db")).unwrap();
    let dying = store.writer.submit(0, |_, _| -> rusqlite::Result<()> { panic!("for the test") });
    let (dying, neighbour) = tokio::join!(dying, store.enqueue(delivery(1)));
    is_unavailable(dying, "has ended");
    is_unavailable(neighbour, "has ended");
    is_unavailable(store.enqueue(delivery(2)).await, "has ended");
}

#[tokio::test]
async fn a_delivery_that_cannot_be_read_does_not_stand_in_the_way() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = SqliteStore::open(&path).unwrap();
    store.enqueue(delivery(1)).await.unwrap();
    store.enqueue(delivery(2)).await.unwrap();
    Connection::open(&path)
        .unwrap()
        .execute("UPDATE delivery SET source = 'letter' WHERE accepted_at = ?1", [at(1).as_microsecond()])
        .unwrap();
    let leased = store.lease("snow", at(2), at(50), 10).await.unwrap();
    assert_eq!(leased.iter().map(|leased| leased.delivery.id).collect::<Vec<_>>(), [id(2)]);
    let (listed, payload) = store.show(id(1)).await.unwrap().unwrap();
    assert_eq!((listed.status, payload), (Status::DeadLetter, Some(delivery(1).payload)));
    assert!(listed.cause.contains("cannot be read") && listed.remedy.contains("redrive"));
}

#[tokio::test]
async fn after_a_great_backlog_the_file_shrinks() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = SqliteStore::open(&path).unwrap();
    enqueue_all(&store, (0..4000).map(|number| large(number, 0))).await;
    let full = pages(&path);
    let ids: Vec<_> = (0..4000).map(id).collect();
    store
        .writer
        .submit(0, move |database, _| ids.iter().try_for_each(|id| queue::drop_delivery(database, *id).map(drop)))
        .await
        .unwrap();
    assert_eq!(pages(&path), full, "dropping alone gives nothing back");
    store.prune(at(0), at(0), 10).await.unwrap();
    assert!(pages(&path) < full / 2, "{} of {full}", pages(&path));
}

fn pages(path: &Path) -> i64 {
    schema::open_reader(path).unwrap().pragma_query_value(None, "page_count", |row| row.get(0)).unwrap()
}

/// Sixty days of a steady load: after the first days the file stays as large as it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_is_bounded_under_a_steady_load() {
    const A_DAY: u128 = 100;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = SqliteStore::open(&path).unwrap();
    let clock = ManualClock::new(at(0));
    // Everything kept is gone within the twenty days before the first look.
    let days = |days: u64| Duration::from_secs(days * 86_400).into();
    let retention = Retention { deliveries: days(3), dead_letters: days(10), correlations: days(10), ..Retention::default() };
    let mut size = Vec::new();
    for day in 1..=60 {
        let now = clock.now();
        enqueue_all(&store, (0..A_DAY).map(|number| Delivery { accepted_at: now, ..large(day * A_DAY + number, 0) })).await;
        let mut work = JoinSet::new();
        for (number, leased) in store.lease("snow", now, at(61 * 86_400), 1000).await.unwrap().into_iter().enumerate() {
            let store = Arc::clone(&store);
            work.spawn(async move {
                let correlation = Correlation { changed_at: now, ..Correlation::default() };
                let bytes = Bytes::from(serde_json::to_vec(&correlation).unwrap());
                store.put(&format!("correlation/{}", leased.delivery.id), None, bytes, now).await.unwrap().unwrap();
                let verdict = if number % 50 == 0 { dead() } else { done(1, 0, 0) };
                store.settle(&leased, &verdict, now).await.unwrap();
            });
        }
        work.join_all().await;
        clock.advance(Duration::from_secs(86_400));
        prune_once(&*store, &*store, &retention, clock.now()).await.unwrap();
        if day >= 20 {
            size.push(pages(&path));
        }
    }
    let (first, last, most) = (size[0], size[40], *size.iter().max().unwrap());
    assert!(last <= first + first / 20 && most <= first + first / 10, "{size:?}");
    assert_eq!(store.counts(None).await.unwrap().accepted, 60 * 100);
}

#[tokio::test]
async fn what_an_earlier_version_stored_has_no_trace_and_what_is_none_is_read_as_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = SqliteStore::open(&path).unwrap();
    for number in 1..=3 {
        store.enqueue(delivery(number)).await.unwrap();
    }
    drop(store);
    // As the version before had it, with two deliveries of it.
    let before = Connection::open(&path).unwrap();
    before.execute_batch("ALTER TABLE delivery DROP COLUMN trace; PRAGMA user_version = 2").unwrap();
    drop(before);
    drop(SqliteStore::open(&path).unwrap());
    let damaged = Connection::open(&path).unwrap();
    let garbage = "UPDATE delivery SET trace = CASE id WHEN ?1 THEN '00-no-trace' END";
    damaged.execute(garbage, [id(2).0.as_bytes()]).unwrap();
    drop(damaged);
    let store = SqliteStore::open(&path).unwrap();
    store.enqueue(delivery(4)).await.unwrap();
    let leased = store.lease("snow", at(10), at(100), 10).await.unwrap();
    let traces: Vec<_> = leased.iter().map(|leased| leased.delivery.trace.clone()).collect();
    assert_eq!(traces, [None, None, None, delivery(4).trace]);
    assert!(traces[3].is_some());
}
