//! What people are told when a sync fails, and what the sync does about it.

use std::sync::Arc;
use std::time::Duration;

use super::bench::{Bench, bench, minutes};
use crate::journal::LogType;
use crate::provider::records::Remark;
use crate::provider::{ProviderError, WaitReason};
use crate::rows::RecordKind;
use crate::sink::SinkError;
use crate::sink::local::LocalSink;
use crate::store::StateStore;
use crate::store::sqlite::SqliteStore;
use crate::sync::Order;

fn wait(reason: WaitReason, after: Option<u64>) -> ProviderError {
    let (cause, remedy) = ("reading incidents: rate limit (StatusCode=429)".to_owned(), "look".to_owned());
    ProviderError::Wait { reason, after: after.map(Duration::from_secs), cause, remedy }
}

fn fail(bench: &Bench, failure: &ProviderError, times: usize) {
    bench.tool.inside().failures.extend(std::iter::repeat_n(failure.clone(), times));
}

#[tokio::test]
async fn short_waits_are_waited_for_and_not_told() {
    let bench = bench(1);
    bench.fill(30, 30);
    fail(&bench, &wait(WaitReason::RateLimit, Some(20)), 2);
    let busy =
        SinkError { cause: "busy".to_owned(), remedy: String::new(), retry_after: Some(Duration::from_secs(5)), maybe_there: 30 };
    bench.yard.state.lock().unwrap().sink_failures.push_back((busy, true));
    assert_eq!(bench.good().await.maybe_twice, 30);
    bench.assert_exact();
    assert_eq!(bench.explained_duplicates(), 30);
    assert!(bench.notes.take().is_empty());
}

#[tokio::test]
async fn rows_are_counted_as_maybe_twice_when_a_failed_write_may_have_left_them_and_once_each() {
    for (failures, maybe_twice) in [(vec![0, 0], 0), (vec![0, 10], 10), (vec![10, 7], 17), (vec![30, 30, 30], 30)] {
        let bench = bench(10);
        bench.fill(30, 30);
        let failure = |maybe_there| SinkError { cause: "busy".to_owned(), remedy: String::new(), retry_after: None, maybe_there };
        let errors = failures.iter().map(|maybe_there| (failure(*maybe_there), *maybe_there == 30));
        bench.yard.state.lock().unwrap().sink_failures.extend(errors);
        assert_eq!(bench.good().await.maybe_twice, maybe_twice, "{failures:?}");
    }
}

#[tokio::test]
async fn a_run_that_cannot_write_counts_what_the_next_may_write_again() {
    let bench = bench(11);
    bench.fill(30, 30);
    let error = SinkError { cause: "403".to_owned(), remedy: "give the role".to_owned(), retry_after: None, maybe_there: 12 };
    bench.yard.state.lock().unwrap().sink_failures.push_back((error, false));
    assert_eq!(bench.run(&Order::default()).await.maybe_twice, 12);
    assert_eq!(bench.good().await.maybe_twice, 0);
}

#[tokio::test]
async fn a_long_wait_ends_the_run_with_cause_and_remedy_and_its_end_is_told_once() {
    let bench = bench(2);
    bench.fill(30, 30);
    bench.good().await;
    fail(&bench, &wait(WaitReason::RateLimit, Some(1740)), 1);
    let summary = bench.run(&Order::default()).await;
    assert!(summary.cause.contains("StatusCode=429") && summary.remedy == "look" && summary.more, "{summary:?}");
    let told = bench.notes.all().pop().unwrap();
    assert_eq!((told.log_type, told.cause.as_str(), told.remedy.as_str()), (LogType::Warning, &*summary.cause, "look"));
    assert_eq!(told.correlation_id, summary.run_id);
    bench.notes.take();
    let state = bench.engine.state("snow", RecordKind::Incident).await.unwrap();
    assert_eq!(state.failure.unwrap().cause, summary.cause);
    // An hour later the same is worth a person's time.
    bench.clock.advance(minutes(61));
    fail(&bench, &wait(WaitReason::Outage, Some(1740)), 1);
    bench.run(&Order::default()).await;
    assert_eq!(bench.notes.take(), [(LogType::Error, "records could not be synced".to_owned())]);
    bench.good().await;
    assert_eq!(bench.notes.take(), [(LogType::Info, "records are synced again".to_owned())]);
    bench.good().await;
    assert!(bench.notes.take().is_empty());
}

#[tokio::test]
async fn what_needs_a_person_is_an_error_at_once() {
    let refused = ProviderError::Refused { cause: "User Not Authenticated".to_owned(), remedy: "give the role".to_owned() };
    for (failure, log_type) in [
        (wait(WaitReason::Credentials, None), LogType::Error),
        (refused, LogType::Error),
        (wait(WaitReason::Hibernating, None), LogType::Warning),
    ] {
        let bench = bench(3);
        bench.fill(30, 30);
        fail(&bench, &failure, 1);
        let summary = bench.run(&Order::default()).await;
        assert!(!summary.cause.is_empty() && !summary.remedy.is_empty());
        assert_eq!(bench.notes.take(), [(log_type, "records could not be synced".to_owned())], "{failure:?}");
        bench.good().await;
        bench.assert_exact();
    }
}

#[tokio::test]
async fn a_sink_that_refuses_keeps_the_cursor_where_it_was() {
    let bench = bench(4);
    bench.fill(30, 30);
    let error = SinkError {
        cause: "403".to_owned(),
        remedy: "give Monitoring Metrics Publisher".to_owned(),
        retry_after: None,
        maybe_there: 0,
    };
    bench.yard.state.lock().unwrap().sink_failures.push_back((error, false));
    let summary = bench.run(&Order::default()).await;
    assert_eq!((summary.written, summary.remedy.as_str()), (0, "give Monitoring Metrics Publisher"));
    assert_eq!(bench.notes.take(), [(LogType::Error, "records could not be synced".to_owned())]);
    bench.good().await;
    bench.assert_exact();
    assert_eq!(bench.explained_duplicates(), 0);
}

#[tokio::test]
async fn a_refused_row_and_a_remark_are_told_and_do_not_stop_the_run() {
    let bench = bench(5);
    bench.fill(30, 30);
    bench.yard.state.lock().unwrap().refuses = Some("r00012 0".to_owned());
    bench.tool.inside().remarks =
        vec![Remark { cause: "column urgency may not be read".to_owned(), remedy: "let it be read".to_owned() }];
    let summary = bench.good().await;
    assert_eq!((summary.refused, summary.written), (1, 29));
    let notes = bench.notes.all();
    assert_eq!(notes.iter().filter(|note| note.cause == "column urgency may not be read").count(), 1);
    let refused: Vec<_> = notes.iter().filter(|note| note.work_item == "INCr00012").collect();
    assert_eq!(refused.len(), 1);
    assert_eq!((refused[0].log_type, refused[0].cause.as_str()), (LogType::Warning, "it is over 900000 bytes"));
}

#[tokio::test]
async fn a_damaged_embedded_database_is_an_error_at_once() {
    let mut bench = bench(13);
    bench.fill(30, 30);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    bench.engine.sink = Arc::new(LocalSink(SqliteStore::open(&path).unwrap()));
    let damage = "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'damaged'; PRAGMA schema_version = 1000";
    rusqlite::Connection::open(&path).unwrap().execute_batch(damage).unwrap();
    let summary = bench.run(&Order::default()).await;
    assert!(summary.cause.contains("is damaged") && summary.remedy.contains("restore"), "{summary:?}");
    assert_eq!(bench.notes.take(), [(LogType::Error, "records could not be synced".to_owned())]);
}

#[tokio::test]
async fn a_store_that_fails_for_a_moment_is_waited_for_and_for_longer_ends_the_run() {
    let bench = bench(6);
    bench.fill(30, 30);
    bench.yard.state.lock().unwrap().store_failures = 2;
    bench.good().await;
    bench.yard.state.lock().unwrap().store_failures = 100;
    let summary = bench.run(&Order::default()).await;
    assert!(summary.cause.contains("disk full"), "{}", summary.cause);
    bench.yard.state.lock().unwrap().store_failures = 0;
    bench.clock.advance(minutes(5));
    bench.good().await;
    bench.assert_exact();
}

#[tokio::test]
async fn a_run_that_cannot_take_its_document_is_an_error_when_rows_are_late_or_nobody_knows() {
    let bench = bench(12);
    bench.fill(30, 30);
    let fails = async |unwritable: u32, gone: bool| {
        {
            let mut state = bench.yard.state.lock().unwrap();
            (state.store_failures, state.store_gone) = (unwritable, gone);
        }
        let summary = bench.run(&Order::default()).await;
        assert!(!summary.cause.is_empty());
        let mut state = bench.yard.state.lock().unwrap();
        (state.store_failures, state.store_gone) = (0, false);
        bench.notes.take()
    };
    let told = |log_type| vec![(log_type, "records could not be synced".to_owned())];
    assert_eq!(fails(100, false).await, told(LogType::Error), "not even the first run could begin");
    bench.good().await;
    assert_eq!(fails(100, false).await, told(LogType::Warning));
    assert_eq!(fails(0, true).await, told(LogType::Error));
    bench.clock.advance(minutes(61));
    assert_eq!(fails(100, false).await, told(LogType::Error));
    bench.good().await;
    bench.assert_exact();
}

#[tokio::test]
async fn a_damaged_document_says_what_to_do_and_full_does_it() {
    let bench = bench(7);
    bench.fill(30, 30);
    bench.yard.put("sync/snow/incident", None, "{\"started\":".into(), super::bench::start()).await.unwrap();
    let summary = bench.run(&Order::default()).await;
    assert!(summary.cause.contains("sync/snow/incident") && summary.remedy.contains("--full"), "{summary:?}");
    assert!(bench.engine.state("snow", RecordKind::Incident).await.is_err());
    assert_eq!(bench.run(&Order { full: true, ..Order::default() }).await.cause, "");
    bench.assert_exact();
}

#[tokio::test]
async fn a_defect_in_one_connection_does_not_stop_another() {
    let mut sick = bench(8);
    let well = bench(9);
    well.fill(30, 30);
    sick.tool.inside().panics = true;
    let source = well.engine.sources["snow"].clone();
    sick.engine.sources.insert("well".to_owned(), source);
    let summaries = sick.engine.run_all(&Order::default()).await;
    assert!(summaries[0].cause.contains("a defect"), "{}", summaries[0].cause);
    assert_eq!((summaries[1].cause.as_str(), summaries[1].written), ("", 30));
}
